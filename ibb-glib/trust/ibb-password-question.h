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

#define IBB_TYPE_PASSWORD_QUESTION (ibb_password_question_get_type ())

IBB_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (
    IBBPasswordQuestion, ibb_password_question, IBB, PASSWORD_QUESTION, IBBQuestion)

IBB_AVAILABLE_IN_1_0
const char *ibb_password_question_get_jid (IBBPasswordQuestion *self);

IBB_AVAILABLE_IN_1_0
gboolean ibb_password_question_get_was_refused (IBBPasswordQuestion *self);

IBB_AVAILABLE_IN_1_0
gboolean ibb_password_question_get_can_remember (IBBPasswordQuestion *self);

IBB_AVAILABLE_IN_1_0
GError *ibb_password_question_dup_keyring_error (IBBPasswordQuestion *self);

IBB_AVAILABLE_IN_1_0
void ibb_password_question_answer (IBBPasswordQuestion *self,
                                   const char          *password,
                                   IBBAnswerFlags       flags);

G_END_DECLS
