/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "base/foreign-text.h"

#define TEXT_MAX 4096     /* bytes */
#define LINE_MAX_SIZE 256 /* bytes */

#define QUOTE_BEGIN 0x201c
#define QUOTE_END 0x201d

char *
ibb_foreign_text_dup (const char *text)
{
  g_autofree char *start = NULL;

  if (text == NULL || *text == '\0')
    return NULL;
  start = g_strndup (text, TEXT_MAX);
  return g_utf8_make_valid (start, -1);
}

char *
ibb_foreign_text_dup_line (const char *text)
{
  g_autofree char *valid = text != NULL ? g_utf8_make_valid (text, -1) : NULL;
  GString         *line;

  if (valid == NULL)
    return NULL;
  line = g_string_sized_new (LINE_MAX_SIZE);
  for (const char *p = g_strstrip (valid); *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (c == QUOTE_BEGIN || c == QUOTE_END)
        c = '"';
      else if (ibb_foreign_text_is_misleading (c))
        c = ' ';
      if (line->len + (gsize) g_unichar_to_utf8 (c, NULL) > LINE_MAX_SIZE)
        break;
      g_string_append_unichar (line, c);
    }
  return g_string_free (line, FALSE);
}

char *
ibb_foreign_text_dup_quotation (const char *text)
{
  g_autofree char *line = ibb_foreign_text_dup_line (text);

  /* The marks are not translated: they are those that the text cannot have. */
  return line != NULL ? g_strconcat ("“", line, "”", NULL) : NULL;
}

gboolean
ibb_foreign_text_is_joiner (gunichar c)
{
  return c == 0x200c || c == 0x200d || (c >= 0xe0030 && c <= 0xe0039) ||
         (c >= 0xe0061 && c <= 0xe007a) || c == 0xe007f;
}

/* Unicode counts as format characters also what joins letters and pictures (Persian, Hindi, emoji),
 * what flags are made of, and signs before numbers. */
static gboolean
is_part_of_text (gunichar c)
{
  return ibb_foreign_text_is_joiner (c) || (c >= 0x600 && c <= 0x605) || c == 0x6dd || c == 0x70f ||
         c == 0x890 || c == 0x891 || c == 0x8e2 || c == 0x110bd || c == 0x110cd;
}

gboolean
ibb_foreign_text_is_misleading (gunichar c)
{
  switch (g_unichar_type (c))
    {
    case G_UNICODE_FORMAT:
      return !is_part_of_text (c);
    case G_UNICODE_CONTROL:
    case G_UNICODE_LINE_SEPARATOR:
    case G_UNICODE_PARAGRAPH_SEPARATOR:
      return TRUE;
    default:
      return FALSE;
    }
}
