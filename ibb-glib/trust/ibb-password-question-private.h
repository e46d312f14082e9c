/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "trust/ibb-password-question.h"
#include "trust/ibb-question-private.h"

IBBPasswordQuestion *ibb_password_question_new (const char   *jid,
                                                gboolean      was_refused,
                                                gboolean      uses_keyring,
                                                const GError *keyring_error);
/* Once, after an answer: (transfer full). */
char *ibb_password_question_take_password (IBBPasswordQuestion *self, IBBAnswerFlags *flags);
