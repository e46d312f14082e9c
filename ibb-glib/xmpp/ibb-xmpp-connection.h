/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(IBB_GLIB_INSIDE) && !defined(IBB_GLIB_COMPILATION)
#error "Only <ibb-glib/ibb-glib.h> can be included directly."
#endif

#include <gio/gio.h>

#include <ibb-glib/ibb-types.h>
#include <ibb-glib/ibb-version.h>

G_BEGIN_DECLS

#define IBB_TYPE_XMPP_CONNECTION (ibb_xmpp_connection_get_type ())

IBB_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (IBBXmppConnection, ibb_xmpp_connection, IBB, XMPP_CONNECTION, GObject)

IBB_AVAILABLE_IN_1_0
char *ibb_xmpp_connection_dup_host (IBBXmppConnection *self);

IBB_AVAILABLE_IN_1_0
void ibb_xmpp_connection_set_host (IBBXmppConnection *self, const char *host);

IBB_AVAILABLE_IN_1_0
guint ibb_xmpp_connection_get_port (IBBXmppConnection *self);

IBB_AVAILABLE_IN_1_0
void ibb_xmpp_connection_set_port (IBBXmppConnection *self, guint port);

IBB_AVAILABLE_IN_1_0
gboolean ibb_xmpp_connection_get_auto_reconnect (IBBXmppConnection *self);

IBB_AVAILABLE_IN_1_0
void ibb_xmpp_connection_set_auto_reconnect (IBBXmppConnection *self, gboolean auto_reconnect);

IBB_AVAILABLE_IN_1_0
guint ibb_xmpp_connection_get_keepalive_interval (IBBXmppConnection *self);

IBB_AVAILABLE_IN_1_0
void ibb_xmpp_connection_set_keepalive_interval (IBBXmppConnection *self, guint keepalive_interval);

IBB_AVAILABLE_IN_1_0
guint ibb_xmpp_connection_get_keepalive_timeout (IBBXmppConnection *self);

IBB_AVAILABLE_IN_1_0
void ibb_xmpp_connection_set_keepalive_timeout (IBBXmppConnection *self, guint keepalive_timeout);

IBB_AVAILABLE_IN_1_0
IBBConnectionState ibb_xmpp_connection_get_state (IBBXmppConnection *self);

IBB_AVAILABLE_IN_1_0
GError *ibb_xmpp_connection_dup_disconnect_error (IBBXmppConnection *self);

IBB_AVAILABLE_IN_1_0
void ibb_xmpp_connection_login_async (IBBXmppConnection  *self,
                                      GCancellable       *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer            user_data);

IBB_AVAILABLE_IN_1_0
gboolean
ibb_xmpp_connection_login_finish (IBBXmppConnection *self, GAsyncResult *result, GError **error);

IBB_AVAILABLE_IN_1_0
gboolean
ibb_xmpp_connection_login (IBBXmppConnection *self, GCancellable *cancellable, GError **error);

IBB_AVAILABLE_IN_1_0
void ibb_xmpp_connection_logout_async (IBBXmppConnection  *self,
                                       GCancellable       *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer            user_data);

IBB_AVAILABLE_IN_1_0
gboolean
ibb_xmpp_connection_logout_finish (IBBXmppConnection *self, GAsyncResult *result, GError **error);

IBB_AVAILABLE_IN_1_0
gboolean
ibb_xmpp_connection_logout (IBBXmppConnection *self, GCancellable *cancellable, GError **error);

G_END_DECLS
