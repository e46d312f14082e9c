/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Where a connection is plugged into the hub: its address, and what waits there for the rate. */

#pragma once

#include "base/weak.h"
#include "ibb-connection.h"

typedef struct
{
  gatomicrefcount ref_count;

  /* immutable after construction */
  char         *jid;            /* (owned) */
  GRefString   *normal_jid;     /* (owned) */
  GMainContext *signal_context; /* (owned) */
  IBBWeak      *connection;     /* (owned) */

  /* protected by the hub's lock */
  gboolean closed;     /* another connection has the address now, or this one is gone */
  gint64   busy_until; /* when the rate lets the next stanza go */
  gint64   last_due;   /* when the last stanza so far arrives */
  gsize    queued;     /* bytes that wait for the rate */
  gboolean congested;
} IBBPort;

IBBPort *ibb_port_new (IBBConnection *connection, const char *jid, const char *normal_jid);
IBBPort *ibb_port_ref (IBBPort *self);
void     ibb_port_unref (IBBPort *self);

/* With the hub's lock. */

/* Takes size bytes for sending: when the last of them arrives. rate is in bytes per second, 0
 * for no limit; the times are in microseconds. */
gint64 ibb_port_send (IBBPort *self, gsize size, guint64 rate, gint64 now);
/* So many of the bytes that waited for the rate are sent. TRUE if the port was congested and
 * is no longer. */
gboolean ibb_port_sent (IBBPort *self, gsize size);
