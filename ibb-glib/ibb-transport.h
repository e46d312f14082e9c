/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(IBB_GLIB_INSIDE) && !defined(IBB_GLIB_COMPILATION)
#error "Only <ibb-glib/ibb-glib.h> can be included directly."
#endif

#include <gio/gio.h>

#include <ibb-glib/ibb-error.h>
#include <ibb-glib/ibb-statistics.h>
#include <ibb-glib/ibb-types.h>
#include <ibb-glib/ibb-version.h>

G_BEGIN_DECLS

#define IBB_TYPE_TRANSPORT (ibb_transport_get_type ())

IBB_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (IBBTransport, ibb_transport, IBB, TRANSPORT, GIOStream)

IBB_AVAILABLE_IN_1_0
const char *ibb_transport_get_sid (IBBTransport *self);

IBB_AVAILABLE_IN_1_0
guint ibb_transport_get_block_size (IBBTransport *self);

IBB_AVAILABLE_IN_1_0
char *ibb_transport_dup_peer_jid (IBBTransport *self);

IBB_AVAILABLE_IN_1_0
char *ibb_transport_dup_local_jid (IBBTransport *self);

IBB_AVAILABLE_IN_1_0
gboolean ibb_transport_is_incoming (IBBTransport *self);

IBB_AVAILABLE_IN_1_0
IBBStanzaType ibb_transport_get_stanza_type (IBBTransport *self);

IBB_AVAILABLE_IN_1_0
IBBWait ibb_transport_get_waiting (IBBTransport *self);

IBB_AVAILABLE_IN_1_0
guint64 ibb_transport_get_bytes_acknowledged (IBBTransport *self);

IBB_AVAILABLE_IN_1_0
guint64 ibb_transport_get_bytes_received (IBBTransport *self);

IBB_AVAILABLE_IN_1_0
guint64 ibb_transport_get_bytes_queued (IBBTransport *self);

IBB_AVAILABLE_IN_1_0
guint64 ibb_transport_get_bytes_in_flight (IBBTransport *self);

IBB_AVAILABLE_IN_1_0
guint64 ibb_transport_get_send_rate (IBBTransport *self);

IBB_AVAILABLE_IN_1_0
guint64 ibb_transport_get_receive_rate (IBBTransport *self);

IBB_AVAILABLE_IN_1_0
IBBStatistics *ibb_transport_dup_statistics (IBBTransport *self);

IBB_AVAILABLE_IN_1_0
gboolean ibb_transport_has_ended (IBBTransport *self);

IBB_AVAILABLE_IN_1_0
GError *ibb_transport_dup_error (IBBTransport *self);

IBB_AVAILABLE_IN_1_0
void ibb_transport_drain_async (IBBTransport       *self,
                                GCancellable       *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer            user_data);

IBB_AVAILABLE_IN_1_0
gboolean ibb_transport_drain_finish (IBBTransport *self, GAsyncResult *result, GError **error);

IBB_AVAILABLE_IN_1_0
gboolean ibb_transport_drain (IBBTransport *self, GCancellable *cancellable, GError **error);

IBB_AVAILABLE_IN_1_0
void ibb_transport_shutdown_output_async (IBBTransport       *self,
                                          GCancellable       *cancellable,
                                          GAsyncReadyCallback callback,
                                          gpointer            user_data);

IBB_AVAILABLE_IN_1_0
gboolean
ibb_transport_shutdown_output_finish (IBBTransport *self, GAsyncResult *result, GError **error);

IBB_AVAILABLE_IN_1_0
gboolean
ibb_transport_shutdown_output (IBBTransport *self, GCancellable *cancellable, GError **error);

IBB_AVAILABLE_IN_1_0
void ibb_transport_abort (IBBTransport *self);

IBB_AVAILABLE_IN_1_0
void ibb_transport_abort_with_reason (IBBTransport      *self,
                                      IBBStanzaCondition condition,
                                      const char        *text);

G_END_DECLS
