/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(IBB_XMPP_INSIDE) && !defined(IBB_GLIB_COMPILATION)
#error "Only <ibb-glib/xmpp/ibb-xmpp.h> can be included directly."
#endif

#include <gio/gio.h>

#include <ibb-glib/ibb-glib.h>

G_BEGIN_DECLS

#define IBB_XMPP_TYPE_ENTITY (ibb_xmpp_entity_get_type ())

IBB_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (IBBXmppEntity, ibb_xmpp_entity, IBB_XMPP, ENTITY, GObject)

IBB_AVAILABLE_IN_1_0
char *ibb_xmpp_entity_dup_host (IBBXmppEntity *self);

IBB_AVAILABLE_IN_1_0
void ibb_xmpp_entity_set_host (IBBXmppEntity *self, const char *host);

IBB_AVAILABLE_IN_1_0
guint ibb_xmpp_entity_get_port (IBBXmppEntity *self);

IBB_AVAILABLE_IN_1_0
void ibb_xmpp_entity_set_port (IBBXmppEntity *self, guint port);

IBB_AVAILABLE_IN_1_0
gboolean ibb_xmpp_entity_get_auto_reconnect (IBBXmppEntity *self);

IBB_AVAILABLE_IN_1_0
void ibb_xmpp_entity_set_auto_reconnect (IBBXmppEntity *self, gboolean auto_reconnect);

IBB_AVAILABLE_IN_1_0
IBBConnectionState ibb_xmpp_entity_get_state (IBBXmppEntity *self);

IBB_AVAILABLE_IN_1_0
GError *ibb_xmpp_entity_dup_disconnect_error (IBBXmppEntity *self);

IBB_AVAILABLE_IN_1_1
gboolean ibb_xmpp_entity_is_refusal (const GError *error);

G_END_DECLS
