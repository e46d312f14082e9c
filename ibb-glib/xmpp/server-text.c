/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/server-text.h"

#define MAX_LENGTH 200 /* characters */

char *
ibb_server_text_dup (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  g_autofree char *start = g_utf8_substring (valid, 0, MIN (g_utf8_strlen (valid, -1), MAX_LENGTH));
  GString         *line = g_string_new (NULL);

  for (const char *at = g_strstrip (start); *at != '\0'; at = g_utf8_next_char (at))
    g_string_append_unichar (line,
                             g_unichar_iscntrl (g_utf8_get_char (at)) ? ' ' : g_utf8_get_char (at));
  return g_string_free (line, FALSE);
}
