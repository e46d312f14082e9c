/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Where a connection is plugged into the hub: its address, and what waits there for the rate.
 * Protected by the hub's lock, but for the reference count. */

#pragma once

#include "ibb-connection.h"

G_BEGIN_DECLS

typedef struct _IBBPort IBBPort;

IBBPort *ibb_port_new (IBBConnection *connection, const char *jid, const char *normal_jid);
IBBPort *ibb_port_ref (IBBPort *self);
void     ibb_port_unref (IBBPort *self);

/* Both never change. */
const char   *ibb_port_get_jid (IBBPort *self);
GRefString   *ibb_port_get_normal_jid (IBBPort *self);
GMainContext *ibb_port_get_signal_context (IBBPort *self);
/* (transfer full) (nullable): NULL once it is disposed. */
IBBConnection *ibb_port_dup_connection (IBBPort *self);

/* Closes the port: another connection has the address now, or this one is gone. */
void     ibb_port_close (IBBPort *self);
gboolean ibb_port_is_closed (IBBPort *self);

/* Takes size bytes for sending: when the last of them arrives. rate is in bytes per second, 0
 * for no limit; latency and the times are in microseconds. */
gint64 ibb_port_send (IBBPort *self, gsize size, guint64 rate, gint64 latency, gint64 now);
/* So many of the bytes that waited for the rate are sent. TRUE if the port was congested and
 * is no longer. */
gboolean ibb_port_sent (IBBPort *self, gsize size);
gboolean ibb_port_is_congested (IBBPort *self);

G_END_DECLS
