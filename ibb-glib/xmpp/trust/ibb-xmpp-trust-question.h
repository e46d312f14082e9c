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

#define IBB_XMPP_TYPE_TRUST_QUESTION (ibb_xmpp_trust_question_get_type ())

IBB_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (
    IBBXmppTrustQuestion, ibb_xmpp_trust_question, IBB_XMPP, TRUST_QUESTION, IBBXmppQuestion)

IBB_AVAILABLE_IN_1_0
const char *ibb_xmpp_trust_question_get_name (IBBXmppTrustQuestion *self);

IBB_AVAILABLE_IN_1_0
GTlsCertificate *ibb_xmpp_trust_question_get_certificate (IBBXmppTrustQuestion *self);

IBB_AVAILABLE_IN_1_0
GTlsCertificateFlags ibb_xmpp_trust_question_get_errors (IBBXmppTrustQuestion *self);

IBB_AVAILABLE_IN_1_0
char *ibb_xmpp_trust_question_dup_reason (IBBXmppTrustQuestion *self);

IBB_AVAILABLE_IN_1_0
const char *ibb_xmpp_trust_question_get_fingerprint (IBBXmppTrustQuestion *self);

IBB_AVAILABLE_IN_1_0
gboolean ibb_xmpp_trust_question_get_changed (IBBXmppTrustQuestion *self);

IBB_AVAILABLE_IN_1_0
const char *ibb_xmpp_trust_question_get_code (IBBXmppTrustQuestion *self);

IBB_AVAILABLE_IN_1_0
void ibb_xmpp_trust_question_accept (IBBXmppTrustQuestion *self, IBBXmppAnswerFlags flags);

G_END_DECLS
