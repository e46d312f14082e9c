/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A host's connection: the reference to it, whether it takes stanzas, and what it said when
 * it failed. A part of the host, protected by the host's lock. */

#pragma once

#include "core/base/failure.h"
#include "ibb-connection.h"
#include "runtime/weak.h"

G_BEGIN_DECLS

typedef struct
{
  IBBConnection *connection;      /* (owned) (nullable): NULL while it is let go, and after */
  IBBWeak       *weak_connection; /* (owned) (nullable): the same, also while it is let go; read
                                   * without the lock */
  gboolean congested;             /* what it last answered */
  int      n_drained;             /* atomic: how often it called ibb_connection_drained () */
  gboolean is_returning;          /* while it is lost: it makes a new XML stream by itself */
  char    *lost_reason;           /* (owned) (nullable): why it was lost */
  char    *refusal_reason;        /* (owned) (nullable): why it last did not take a stanza */
} IBBUplink;

void ibb_uplink_init (IBBUplink *self, IBBConnection *connection); /* (nullable): connection */
void ibb_uplink_clear (IBBUplink *self);

/* An answer of the connection about its congestion, for which it is asked without the lock. */
typedef struct
{
  gboolean congested;
  int      n_drained; /* when it was asked */
} IBBUplinkAnswer;

IBBUplinkAnswer ibb_uplink_ask (const IBBUplink *self, IBBConnection *connection);
void            ibb_uplink_heed (IBBUplink *self, const IBBUplinkAnswer *answer);

gboolean ibb_uplink_drained (IBBUplink *self); /* FALSE if it was not congested */

/* The first reason stays, unless the connection was to return: then it has given up. */
void ibb_uplink_set_lost (IBBUplink *self, const GError *error, gboolean is_returning);
void ibb_uplink_set_restored (IBBUplink *self);
void ibb_uplink_set_refusal_reason (IBBUplink *self, const GError *error);
/* The reason that the connection gave for the failure; NULL if it gave none. */
const char *ibb_uplink_get_reason (const IBBUplink *self, const IBBFailure *failure);

G_END_DECLS
