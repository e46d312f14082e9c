/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(IBB_GLIB_INSIDE) && !defined(IBB_GLIB_COMPILATION)
#error "Only <ibb-glib/ibb-glib.h> can be included directly."
#endif

#include <gio/gio.h>

#include <ibb-glib/ibb-types.h>
#include <ibb-glib/ibb-version.h>
#include <ibb-glib/trust/ibb-question.h>

G_BEGIN_DECLS

#define IBB_TYPE_TRUST_QUESTION (ibb_trust_question_get_type ())

IBB_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (IBBTrustQuestion, ibb_trust_question, IBB, TRUST_QUESTION, IBBQuestion)

IBB_AVAILABLE_IN_1_0
const char *ibb_trust_question_get_name (IBBTrustQuestion *self);

IBB_AVAILABLE_IN_1_0
GTlsCertificate *ibb_trust_question_get_certificate (IBBTrustQuestion *self);

IBB_AVAILABLE_IN_1_0
GTlsCertificateFlags ibb_trust_question_get_errors (IBBTrustQuestion *self);

IBB_AVAILABLE_IN_1_0
char *ibb_trust_question_dup_reason (IBBTrustQuestion *self);

IBB_AVAILABLE_IN_1_0
const char *ibb_trust_question_get_fingerprint (IBBTrustQuestion *self);

IBB_AVAILABLE_IN_1_0
gboolean ibb_trust_question_get_changed (IBBTrustQuestion *self);

IBB_AVAILABLE_IN_1_0
const char *ibb_trust_question_get_code (IBBTrustQuestion *self);

IBB_AVAILABLE_IN_1_0
void ibb_trust_question_accept (IBBTrustQuestion *self, IBBAnswerFlags flags);

G_END_DECLS
