/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "base/foreign-text.h"

/* A message is shown in one line, and on terminals. */
static inline void
assert_is_line (const char *message)
{
  g_test_message ("%s", message);
  g_assert_true (g_utf8_validate (message, -1, NULL));
  for (const char *p = message; *p != '\0'; p = g_utf8_next_char (p))
    g_assert_false (ibb_foreign_text_is_misleading (g_utf8_get_char (p)));
}
