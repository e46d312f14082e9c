/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "xmpp/trust/ibb-xmpp-password-question.h"
#include "xmpp/trust/ibb-xmpp-question-private.h"

IBBXmppPasswordQuestion *ibb_xmpp_password_question_new (const char   *jid,
                                                         gboolean      was_refused,
                                                         gboolean      uses_keyring,
                                                         const GError *keyring_error);
/* Once, after an answer: (transfer full). */
char *
ibb_xmpp_password_question_take_password (IBBXmppPasswordQuestion *self, IBBXmppAnswerFlags *flags);
