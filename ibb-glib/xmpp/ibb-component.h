/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(IBB_GLIB_INSIDE) && !defined(IBB_GLIB_COMPILATION)
#error "Only <ibb-glib/ibb-glib.h> can be included directly."
#endif

#include <ibb-glib/ibb-version.h>
#include <ibb-glib/xmpp/ibb-xmpp-connection.h>

G_BEGIN_DECLS

#define IBB_TYPE_COMPONENT (ibb_component_get_type ())

IBB_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (IBBComponent, ibb_component, IBB, COMPONENT, IBBXmppConnection)

IBB_AVAILABLE_IN_1_0
IBBComponent *ibb_component_new (const char *domain);

IBB_AVAILABLE_IN_1_0
const char *ibb_component_get_domain (IBBComponent *self);

IBB_AVAILABLE_IN_1_0
void ibb_component_set_secret (IBBComponent *self, const char *secret);

IBB_AVAILABLE_IN_1_0
gboolean ibb_component_get_any_address (IBBComponent *self);

IBB_AVAILABLE_IN_1_0
void ibb_component_set_any_address (IBBComponent *self, gboolean any_address);

IBB_AVAILABLE_IN_1_0
gboolean ibb_component_add_address (IBBComponent *self, const char *jid, GError **error);

IBB_AVAILABLE_IN_1_0
gboolean ibb_component_remove_address (IBBComponent *self, const char *jid);

IBB_AVAILABLE_IN_1_0
gboolean ibb_component_has_address (IBBComponent *self, const char *jid);

G_END_DECLS
