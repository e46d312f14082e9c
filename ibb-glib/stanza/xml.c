/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "stanza/xml.h"

#include <string.h>

void
ibb_xml_append (GByteArray *out, const char *text)
{
  g_byte_array_append (out, (const guint8 *) text, (guint) strlen (text));
}

static gboolean
is_plain (guchar c)
{
  return c >= 0x20 && c < 0x7F && c != '<' && c != '>' && c != '&' && c != '\'' && c != '"';
}

static gboolean
is_xml_character (gunichar c)
{
  return c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c < 0xD800) ||
         (c >= 0xE000 && c < 0xFFFE) || (c >= 0x10000 && c <= 0x10FFFF);
}

/* Returns FALSE if c stands for itself, or is not ASCII. */
static gboolean
append_entity (GByteArray *out, char c, gboolean is_attribute)
{
  switch (c)
    {
    case '<':
      IBB_XML_APPEND (out, "&lt;");
      return TRUE;
    case '>':
      IBB_XML_APPEND (out, "&gt;");
      return TRUE;
    case '&':
      IBB_XML_APPEND (out, "&amp;");
      return TRUE;
    case '\'':
      IBB_XML_APPEND (out, "&apos;");
      return TRUE;
    case '"':
      IBB_XML_APPEND (out, "&quot;");
      return TRUE;
    case '\r':
      IBB_XML_APPEND (out, "&#13;");
      return TRUE;
    case '\n':
      if (is_attribute)
        IBB_XML_APPEND (out, "&#10;");
      return is_attribute;
    case '\t':
      if (is_attribute)
        IBB_XML_APPEND (out, "&#9;");
      return is_attribute;
    default:
      return FALSE;
    }
}

/* The character at text, or U+FFFD for it; returns how many bytes of text that were. */
static gsize
append_character (GByteArray *out, const char *text, gsize length)
{
  gunichar c = g_utf8_get_char_validated (text, (gssize) length);
  gsize    n;

  /* NUL, too, is -2 to older GLib and 0 to newer. */
  if (c == (gunichar) -1 || c == (gunichar) -2)
    {
      IBB_XML_APPEND (out, "\xEF\xBF\xBD");
      return 1;
    }

  n = (gsize) g_unichar_to_utf8 (c, NULL);
  if (is_xml_character (c))
    g_byte_array_append (out, (const guint8 *) text, (guint) n);
  else
    IBB_XML_APPEND (out, "\xEF\xBF\xBD");
  return n;
}

void
ibb_xml_append_escaped (GByteArray *out, const char *text, gsize length, gboolean is_attribute)
{
  const char *end = text + length;

  while (text < end)
    {
      const char *start = text;

      while (text < end && is_plain ((guchar) *text))
        text++;

      if (text > start)
        g_byte_array_append (out, (const guint8 *) start, (guint) (text - start));
      if (text == end)
        break;

      if (append_entity (out, *text, is_attribute))
        text++;
      else
        text += append_character (out, text, (gsize) (end - text));
    }
}

void
ibb_xml_append_attribute (GByteArray *out, const char *start, const char *value)
{
  if (value == NULL)
    return;

  ibb_xml_append (out, start);
  ibb_xml_append_escaped (out, value, strlen (value), TRUE);
  IBB_XML_APPEND (out, "'");
}

void
ibb_xml_append_number (GByteArray *out, const char *start, guint value)
{
  char digits[16];

  g_snprintf (digits, sizeof digits, "%u", value);
  ibb_xml_append_attribute (out, start, digits);
}
