/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The connection of a host: the reference to it, whether it takes stanzas, and why it failed. */

#pragma once

#include "base/weak.h"
#include "connection/ibb-connection-private.h"

/* Protected by the lock of the host unless a field says otherwise. */
typedef struct
{
  IBBConnection *connection;      /* (owned) (nullable): NULL while it is let go, and after */
  IBBWeak       *weak_connection; /* (owned) (nullable): to the connection, also while it is let go;
                                     immutable */
  gboolean congested;             /* its last answer */
  int      n_drained;             /* atomic: how often it called ibb_connection_drained () */
  gboolean is_returning;          /* while it is lost: it makes a new XML stream by itself */
  char    *lost_reason;           /* (owned) (nullable): why it was lost */
  char    *refusal_reason;        /* (owned) (nullable): why it last did not take a stanza */
} IBBUplink;

/* An answer of the connection about its congestion. */
typedef struct
{
  gboolean congested;
  int      n_drained; /* when it was asked */
} IBBUplinkAnswer;

/* connection: (nullable) */
void ibb_uplink_init (IBBUplink *self, IBBConnection *connection);
/* After the connection was let go. */
void ibb_uplink_clear (IBBUplink *self);

/* Asks the connection, without the lock, whether it is congested. */
static inline IBBUplinkAnswer
ibb_uplink_ask (IBBUplink *self, IBBConnection *connection)
{
  int n_drained = g_atomic_int_get (&self->n_drained);

  return (IBBUplinkAnswer){ ibb_connection_is_congested (connection), n_drained };
}

/* Notes the answer, unless ibb_connection_drained () was called since. */
static inline void
ibb_uplink_heed_locked (IBBUplink *self, const IBBUplinkAnswer *answer, gboolean is_lost)
{
  self->congested =
      !is_lost && answer->congested && answer->n_drained == g_atomic_int_get (&self->n_drained);
}

/* Returns whether the connection was congested. */
gboolean ibb_uplink_drained_locked (IBBUplink *self);
