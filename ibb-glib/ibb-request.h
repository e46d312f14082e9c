/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(IBB_GLIB_INSIDE) && !defined(IBB_GLIB_COMPILATION)
#error "Only <ibb-glib/ibb-glib.h> can be included directly."
#endif

#include <gio/gio.h>

#include <ibb-glib/ibb-error.h>
#include <ibb-glib/ibb-transport.h>
#include <ibb-glib/ibb-types.h>
#include <ibb-glib/ibb-version.h>

G_BEGIN_DECLS

#define IBB_TYPE_REQUEST (ibb_request_get_type ())

IBB_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (IBBRequest, ibb_request, IBB, REQUEST, GObject)

IBB_AVAILABLE_IN_1_0
const char *ibb_request_get_peer_jid (IBBRequest *self);

IBB_AVAILABLE_IN_1_0
gboolean ibb_request_is_from (IBBRequest *self, const char *jid);

IBB_AVAILABLE_IN_1_0
const char *ibb_request_get_local_jid (IBBRequest *self);

IBB_AVAILABLE_IN_1_0
const char *ibb_request_get_sid (IBBRequest *self);

IBB_AVAILABLE_IN_1_0
guint ibb_request_get_block_size (IBBRequest *self);

IBB_AVAILABLE_IN_1_0
IBBStanzaType ibb_request_get_stanza_type (IBBRequest *self);

IBB_AVAILABLE_IN_1_0
gboolean ibb_request_is_pending (IBBRequest *self);

IBB_AVAILABLE_IN_1_0
IBBTransport *ibb_request_accept (IBBRequest *self, GError **error);

IBB_AVAILABLE_IN_1_0
void ibb_request_refuse (IBBRequest *self, IBBStanzaCondition condition, const char *text);

G_END_DECLS
