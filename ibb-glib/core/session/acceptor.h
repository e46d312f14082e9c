/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Acceptance of the opens of peers: expected ones, and those that the application listens for,
 * within the limits.
 */

#pragma once

#include <glib.h>

#include "core/base/claim.h"
#include "core/base/stanza.h"
#include "core/peer/parameters.h"
#include "core/session/event.h"

/* Handling of unexpected opens (D-08). */
typedef enum
{
  IBB_LISTEN_NONE,   /* refuse them */
  IBB_LISTEN_ACCEPT, /* accept at once: IBB_EVENT_ACCEPTED */
  IBB_LISTEN_ASK,    /* IBB_EVENT_REQUESTED; ibb_lifecycle_accept or _refuse answers */
} IBBListen;

/* An expected session (D-09). */
typedef struct
{
  char    *key;        /* "sid\npeer\nlocal" */
  gboolean is_for_any; /* of our addresses */
  guint    block_size; /* 0: any */
  gboolean is_agreed;  /* a session with the other stanza type is refused with not-acceptable */
  gboolean by_message;
  gpointer data;
} IBBExpectation;

typedef struct
{
  IBBContext *context;      /* (unowned) */
  GQueue     *events;       /* (unowned) (element-type IBBEvent) */
  GHashTable *expectations; /* (element-type utf8 IBBExpectation): owned */
  IBBListen   listen;
  gboolean    is_stopped; /* nothing is accepted */
} IBBAcceptor;

void ibb_acceptor_init (IBBAcceptor *self, IBBContext *context, GQueue *events);
/* Returns NULL if the same session is expected already. */
IBBExpectation *ibb_acceptor_expect (IBBAcceptor *self, const IBBOpen *open, gpointer data);
void            ibb_acceptor_remove (IBBAcceptor *self, IBBExpectation *expectation);
/* What to do with unexpected opens. */
void ibb_acceptor_listen (IBBAcceptor *self, IBBListen listen);
/* Accepts nothing any more. */
void ibb_acceptor_stop (IBBAcceptor *self);
/* Ends all expectations. */
void     ibb_acceptor_fail_all (IBBAcceptor *self, IBBFailureKind kind);
gboolean ibb_acceptor_can_accept (const IBBAcceptor *self);
/* local, peer: normalised, (nullable). FALSE: the open is left to others, as it does not concern
 * the service as much as least. */
gboolean ibb_acceptor_receive (IBBAcceptor *self,
                               IBBStanza   *open,
                               const char  *local,
                               const char  *peer,
                               IBBClaim     least,
                               gint64       now);
