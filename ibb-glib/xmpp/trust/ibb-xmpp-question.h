/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(IBB_XMPP_INSIDE) && !defined(IBB_GLIB_COMPILATION)
#error "Only <ibb-glib/xmpp/ibb-xmpp.h> can be included directly."
#endif

#include <gio/gio.h>

#include <ibb-glib/ibb-glib.h>

G_BEGIN_DECLS

#define IBB_XMPP_TYPE_QUESTION (ibb_xmpp_question_get_type ())

IBB_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (IBBXmppQuestion, ibb_xmpp_question, IBB_XMPP, QUESTION, GObject)

IBB_AVAILABLE_IN_1_0
gboolean ibb_xmpp_question_is_pending (IBBXmppQuestion *self);

IBB_AVAILABLE_IN_1_0
void ibb_xmpp_question_refuse (IBBXmppQuestion *self);

G_END_DECLS
