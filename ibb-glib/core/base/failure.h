/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reason for the end of an open, an expectation or a direction of a session. ibb-error.c makes a
 * GError of it: the core knows no error domain and no translation.
 */

#pragma once

#include <glib.h>

#include "core/base/condition.h"

typedef enum
{
  IBB_FAILURE_NONE,
  IBB_FAILURE_CLOSED,            /* our own close of this half or of the whole */
  IBB_FAILURE_ABORTED,           /* our own abort */
  IBB_FAILURE_STOPPED,           /* the service was stopped before the session opened */
  IBB_FAILURE_CONNECTION_LOST,   /* the XML stream is gone */
  IBB_FAILURE_REFUSED,           /* the peer answered our open with .condition */
  IBB_FAILURE_CONDITION,         /* the peer answered a block with .condition, which is final */
  IBB_FAILURE_PROTOCOL,          /* the peer broke the protocol; .condition is what we answered */
  IBB_FAILURE_OPEN_TIMEOUT,      /* no answer to our open */
  IBB_FAILURE_ACCEPT_TIMEOUT,    /* our application did not answer a request */
  IBB_FAILURE_WITHDRAWN,         /* the peer closed a session that it had only asked for */
  IBB_FAILURE_RETRIES,           /* a block was refused max-retries times, last with .condition */
  IBB_FAILURE_PEER_CLOSED,       /* the peer closed; what we had not yet sent was not delivered */
  IBB_FAILURE_PEER_ABORTED,      /* the peer's close was not orderly (D-45) */
  IBB_FAILURE_PEER_GONE,         /* the probe of D-27 found nobody, or silence */
  IBB_FAILURE_CLOSE_UNCONFIRMED, /* our close was not confirmed by a result, see D-37 */
  IBB_FAILURE_OVERFLOW,          /* more messages came than the reader took (D-23) */
  IBB_FAILURE_IN_USE,            /* the key of an open or expectation is in use */
  IBB_FAILURE_NO_ROOM,           /* a stanza that the server takes has no room for data (D-16) */
  IBB_FAILURE_SEND_FAILED,       /* the connection refused a stanza of the session for good */
} IBBFailureKind;

typedef struct
{
  IBBFailureKind kind;
  gboolean       has_condition;
  IBBCondition   condition;
  char          *text; /* (nullable): the peer's words, UTF-8, at most 256 bytes */
} IBBFailure;

/* A failure with a kind only, which needs no clearing. */
#define IBB_FAILURE_OF(kind)                                                                       \
  {                                                                                                \
    (kind), FALSE, 0, NULL                                                                         \
  }
#define IBB_FAILURE_INIT IBB_FAILURE_OF (IBB_FAILURE_NONE)

void ibb_failure_set (IBBFailure *self, IBBFailureKind kind);
void ibb_failure_set_condition (IBBFailure    *self,
                                IBBFailureKind kind,
                                IBBCondition   condition,
                                const char    *text);
void ibb_failure_copy (IBBFailure *self, const IBBFailure *from);
void ibb_failure_clear (IBBFailure *self);
