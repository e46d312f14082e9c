/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(IBB_XMPP_INSIDE) && !defined(IBB_GLIB_COMPILATION)
#error "Only <ibb-glib/xmpp/ibb-xmpp.h> can be included directly."
#endif

#include <ibb-glib/ibb-glib.h>
#include <ibb-glib/xmpp/ibb-xmpp-entity.h>

G_BEGIN_DECLS

#define IBB_XMPP_TYPE_COMPONENT (ibb_xmpp_component_get_type ())

IBB_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (IBBXmppComponent, ibb_xmpp_component, IBB_XMPP, COMPONENT, IBBXmppEntity)

IBB_AVAILABLE_IN_1_0
IBBXmppComponent *ibb_xmpp_component_new (const char *domain);

IBB_AVAILABLE_IN_1_0
void ibb_xmpp_component_login_async (IBBXmppComponent   *self,
                                     GCancellable       *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer            user_data);

IBB_AVAILABLE_IN_1_0
gboolean
ibb_xmpp_component_login_finish (IBBXmppComponent *self, GAsyncResult *result, GError **error);

IBB_AVAILABLE_IN_1_0
gboolean
ibb_xmpp_component_login (IBBXmppComponent *self, GCancellable *cancellable, GError **error);

IBB_AVAILABLE_IN_1_0
void ibb_xmpp_component_logout_async (IBBXmppComponent   *self,
                                      GCancellable       *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer            user_data);

IBB_AVAILABLE_IN_1_0
gboolean
ibb_xmpp_component_logout_finish (IBBXmppComponent *self, GAsyncResult *result, GError **error);

IBB_AVAILABLE_IN_1_0
gboolean
ibb_xmpp_component_logout (IBBXmppComponent *self, GCancellable *cancellable, GError **error);

IBB_AVAILABLE_IN_1_0
const char *ibb_xmpp_component_get_domain (IBBXmppComponent *self);

IBB_AVAILABLE_IN_1_0
void ibb_xmpp_component_set_secret (IBBXmppComponent *self, const char *secret);

IBB_AVAILABLE_IN_1_0
gboolean ibb_xmpp_component_get_any_address (IBBXmppComponent *self);

IBB_AVAILABLE_IN_1_0
void ibb_xmpp_component_set_any_address (IBBXmppComponent *self, gboolean any_address);

IBB_AVAILABLE_IN_1_0
gboolean ibb_xmpp_component_add_address (IBBXmppComponent *self, const char *jid, GError **error);

IBB_AVAILABLE_IN_1_0
gboolean ibb_xmpp_component_remove_address (IBBXmppComponent *self, const char *jid);

IBB_AVAILABLE_IN_1_0
gboolean ibb_xmpp_component_has_address (IBBXmppComponent *self, const char *jid);

G_END_DECLS
