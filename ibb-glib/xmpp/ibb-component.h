/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(IBB_GLIB_INSIDE) && !defined(IBB_GLIB_COMPILATION)
#error "Only <ibb-glib/ibb-glib.h> can be included directly."
#endif

#include <gio/gio.h>

#include <ibb-glib/ibb-types.h>
#include <ibb-glib/ibb-version.h>

G_BEGIN_DECLS

#define IBB_TYPE_COMPONENT (ibb_component_get_type ())

IBB_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (IBBComponent, ibb_component, IBB, COMPONENT, GObject)

IBB_AVAILABLE_IN_1_0
IBBComponent *ibb_component_new (const char *domain);

IBB_AVAILABLE_IN_1_0
const char *ibb_component_get_domain (IBBComponent *self);

IBB_AVAILABLE_IN_1_0
void ibb_component_set_secret (IBBComponent *self, const char *secret);

IBB_AVAILABLE_IN_1_0
char *ibb_component_dup_host (IBBComponent *self);

IBB_AVAILABLE_IN_1_0
void ibb_component_set_host (IBBComponent *self, const char *host);

IBB_AVAILABLE_IN_1_0
guint ibb_component_get_port (IBBComponent *self);

IBB_AVAILABLE_IN_1_0
void ibb_component_set_port (IBBComponent *self, guint port);

IBB_AVAILABLE_IN_1_0
gboolean ibb_component_get_any_address (IBBComponent *self);

IBB_AVAILABLE_IN_1_0
void ibb_component_set_any_address (IBBComponent *self, gboolean any_address);

IBB_AVAILABLE_IN_1_0
gboolean ibb_component_get_auto_reconnect (IBBComponent *self);

IBB_AVAILABLE_IN_1_0
void ibb_component_set_auto_reconnect (IBBComponent *self, gboolean auto_reconnect);

IBB_AVAILABLE_IN_1_0
guint ibb_component_get_keepalive_interval (IBBComponent *self);

IBB_AVAILABLE_IN_1_0
void ibb_component_set_keepalive_interval (IBBComponent *self, guint keepalive_interval);

IBB_AVAILABLE_IN_1_0
guint ibb_component_get_keepalive_timeout (IBBComponent *self);

IBB_AVAILABLE_IN_1_0
void ibb_component_set_keepalive_timeout (IBBComponent *self, guint keepalive_timeout);

IBB_AVAILABLE_IN_1_0
IBBClientState ibb_component_get_state (IBBComponent *self);

IBB_AVAILABLE_IN_1_0
GError *ibb_component_dup_disconnect_error (IBBComponent *self);

IBB_AVAILABLE_IN_1_0
gboolean ibb_component_add_address (IBBComponent *self, const char *jid, GError **error);

IBB_AVAILABLE_IN_1_0
gboolean ibb_component_remove_address (IBBComponent *self, const char *jid);

IBB_AVAILABLE_IN_1_0
gboolean ibb_component_has_address (IBBComponent *self, const char *jid);

IBB_AVAILABLE_IN_1_0
void ibb_component_login_async (IBBComponent       *self,
                                GCancellable       *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer            user_data);

IBB_AVAILABLE_IN_1_0
gboolean ibb_component_login_finish (IBBComponent *self, GAsyncResult *result, GError **error);

IBB_AVAILABLE_IN_1_0
gboolean ibb_component_login (IBBComponent *self, GCancellable *cancellable, GError **error);

IBB_AVAILABLE_IN_1_0
void ibb_component_logout_async (IBBComponent       *self,
                                 GCancellable       *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer            user_data);

IBB_AVAILABLE_IN_1_0
gboolean ibb_component_logout_finish (IBBComponent *self, GAsyncResult *result, GError **error);

IBB_AVAILABLE_IN_1_0
gboolean ibb_component_logout (IBBComponent *self, GCancellable *cancellable, GError **error);

G_END_DECLS
