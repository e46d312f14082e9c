/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(IBB_XMPP_INSIDE) && !defined(IBB_GLIB_COMPILATION)
#error "Only <ibb-glib/xmpp/ibb-xmpp.h> can be included directly."
#endif

#include <gio/gio.h>

#include <ibb-glib/ibb-glib.h>
#include <ibb-glib/xmpp/ibb-xmpp-types.h>
#include <ibb-glib/xmpp/trust/ibb-xmpp-question.h>

G_BEGIN_DECLS

#define IBB_XMPP_TYPE_PASSWORD_QUESTION (ibb_xmpp_password_question_get_type ())

IBB_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (IBBXmppPasswordQuestion,
                      ibb_xmpp_password_question,
                      IBB_XMPP,
                      PASSWORD_QUESTION,
                      IBBXmppQuestion)

IBB_AVAILABLE_IN_1_0
const char *ibb_xmpp_password_question_get_jid (IBBXmppPasswordQuestion *self);

IBB_AVAILABLE_IN_1_0
gboolean ibb_xmpp_password_question_get_was_refused (IBBXmppPasswordQuestion *self);

IBB_AVAILABLE_IN_1_0
gboolean ibb_xmpp_password_question_get_can_remember (IBBXmppPasswordQuestion *self);

IBB_AVAILABLE_IN_1_0
GError *ibb_xmpp_password_question_dup_keyring_error (IBBXmppPasswordQuestion *self);

IBB_AVAILABLE_IN_1_0
void ibb_xmpp_password_question_answer (IBBXmppPasswordQuestion *self,
                                        const char              *password,
                                        IBBXmppAnswerFlags       flags);

G_END_DECLS
