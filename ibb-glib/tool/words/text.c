/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/words/text.h"

#include <glib/gi18n.h>
#include <string.h>

#define TOLERATED_MISTAKES 2 /* in a word that a person types */
#define LONGEST_WORD 32      /* bytes of such a word */
#define SHORTEST_ABBREVIATION 3

/* Unicode counts as format characters also what joins letters and pictures (Persian, Hindi, emoji),
 * what flags are made of, and signs before numbers. */
static gboolean
is_part_of_text (gunichar c)
{
  return c == 0x200c || c == 0x200d || (c >= 0xe0030 && c <= 0xe0039) ||
         (c >= 0xe0061 && c <= 0xe007a) || c == 0xe007f || (c >= 0x600 && c <= 0x605) ||
         c == 0x6dd || c == 0x70f || c == 0x890 || c == 0x891 || c == 0x8e2 || c == 0x110bd ||
         c == 0x110cd;
}

/* Whether the character could end the line, or change the direction of the text: marks of the
 * direction can make “exe.txt” of “txt.exe”. */
static gboolean
is_misleading (gunichar c)
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

/* The text as one line of printable characters: it may have a file name, a JID or words of a
 * peer. */
char *
tool_text_make_printable (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  GString         *line = g_string_new (NULL);

  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (is_misleading (c))
        c = g_unichar_type (c) == G_UNICODE_FORMAT ? 0xfffd : ' ';
      g_string_append_unichar (line, c);
    }
  return g_string_free (line, FALSE);
}

/* The signs of messages, for locales that lack them. */
static const struct
{
  const char *sign;
  const char *plain;
} plain_signs[] = {
  { "“", "\"" },  { "”", "\"" }, { "„", "\"" }, { "’", "'" },
  { "…", "..." }, { "–", "-" },  { "→", "->" }, { "\u00a0", " " },
};

/* What the locale cannot show becomes \uXXXX or \UXXXXXXXX, so that names stay apart. */
char *
tool_text_to_locale (const char *text)
{
  const char         *charset;
  char               *result = NULL;
  g_autoptr (GString) plain = NULL;

  if (g_get_console_charset (&charset))
    return g_strdup (text);
  plain = g_string_new (text);
  for (gsize i = 0; i < G_N_ELEMENTS (plain_signs); i++)
    g_string_replace (plain, plain_signs[i].sign, plain_signs[i].plain, 0);
  result = g_convert_with_fallback (plain->str, -1, charset, "UTF-8", NULL, NULL, NULL, NULL);
  return result != NULL ? result : g_string_free (g_steal_pointer (&plain), FALSE);
}

/* What tool_text_to_locale () makes of the text, in UTF-8. */
char *
tool_text_as_shown (const char *text)
{
  g_autofree char *local = tool_text_to_locale (text);
  char            *shown = g_locale_to_utf8 (local, -1, NULL, NULL, NULL);

  return shown != NULL ? shown : g_strdup (text);
}

/* The columns that text takes on a terminal. */
gsize
tool_text_get_width (const char *text)
{
  gsize width = 0;

  for (; *text != '\0'; text = g_utf8_next_char (text))
    {
      gunichar c = g_utf8_get_char (text);

      if (!g_unichar_iszerowidth (c))
        width += g_unichar_iswide (c) ? 2 : 1;
    }
  return width;
}

/* The text, or its beginning and “…” if it takes more columns. */
char *
tool_text_shorten (const char *text, gsize columns)
{
  g_autoptr (GString) line = g_string_new (text);

  if (tool_text_get_width (text) <= columns)
    return g_strdup (text);
  while (line->len > 0 && tool_text_get_width (line->str) + 1 > columns)
    g_string_truncate (line, (gsize) (g_utf8_prev_char (line->str + line->len) - line->str));
  if (columns > 0)
    g_string_append (line, "…");
  return g_string_free (g_steal_pointer (&line), FALSE);
}

static gboolean
may_end_line (gunichar c)
{
  switch (g_unichar_break_type (c))
    {
    case G_UNICODE_BREAK_IDEOGRAPHIC:
    case G_UNICODE_BREAK_ALPHABETIC:
    case G_UNICODE_BREAK_NUMERIC:
    case G_UNICODE_BREAK_NON_STARTER:
    case G_UNICODE_BREAK_CONDITIONAL_JAPANESE_STARTER:
    case G_UNICODE_BREAK_CLOSE_PUNCTUATION:
    case G_UNICODE_BREAK_CLOSE_PARANTHESIS:
      return TRUE;
    default:
      return FALSE;
    }
}

static gboolean
may_begin_line (gunichar c)
{
  switch (g_unichar_break_type (c))
    {
    case G_UNICODE_BREAK_IDEOGRAPHIC:
    case G_UNICODE_BREAK_ALPHABETIC:
    case G_UNICODE_BREAK_NUMERIC:
    case G_UNICODE_BREAK_OPEN_PUNCTUATION:
      return TRUE;
    default:
      return FALSE;
    }
}

/* Chinese and Japanese have no spaces: a line may end between two letters, but a full stop, a
 * closing bracket, a small kana or a sign of a long vowel does not begin one (UAX #14). */
static gboolean
may_break (gunichar before, gunichar after)
{
  return (g_unichar_iswide (before) || g_unichar_iswide (after)) && may_end_line (before) &&
         may_begin_line (after);
}

/* The end of the piece at text that no line end divides. */
static const char *
find_piece_end (const char *text)
{
  const char *next;

  for (; *text != '\0' && *text != ' '; text = next)
    {
      next = g_utf8_next_char (text);
      if (may_break (g_utf8_get_char (text), g_utf8_get_char (next)))
        return next;
    }
  return text;
}

/* A fingerprint may be longer than room columns. The last colon that ends such a line, if any. */
static const char *
find_last_pair (const char *start, const char *end, gsize room)
{
  if ((gsize) (end - start) <= room || room < 3)
    return end;
  for (const char *p = start + room - 1; p >= start + room - 3; p--)
    if (*p == ':')
      return p + 1;
  return end;
}

/* Appends text in lines of width columns at most, and an end of line. The first line begins at
 * column, the others behind so many spaces as indent says. */
void
tool_text_append_wrapped (GString *out, const char *text, gsize column, gsize indent, gsize width)
{
  while (*text != '\0')
    {
      const char      *start = text + strspn (text, " ");
      const char      *end = find_last_pair (start, find_piece_end (start), width - indent);
      g_autofree char *piece = g_strndup (start, (gsize) (end - start));
      gsize            n_spaces = (gsize) (start - text);
      gsize            columns = tool_text_get_width (piece);

      if (column > indent && column + n_spaces + columns > width)
        {
          g_string_append_printf (out, "\n%*s", (int) indent, "");
          column = indent;
          n_spaces = 0;
        }
      g_string_append_printf (out, "%*s%s", (int) n_spaces, "", piece);
      column += n_spaces + columns;
      text = end;
    }
  g_string_append_c (out, '\n');
}

/* The same text for a program, as the content of a JSON string, without characters that a terminal
 * would obey. It may be a file name, which need not be UTF-8. */
char *
tool_text_escape_json (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  GString         *escaped = g_string_new (NULL);

  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (c == '"' || c == '\\')
        g_string_append_printf (escaped, "\\%c", (char) c);
      else if (!is_misleading (c))
        g_string_append_unichar (escaped, c);
      else if (c <= 0xffff)
        g_string_append_printf (escaped, "\\u%04x", c);
      else
        g_string_append_printf (escaped, "\\u%04x\\u%04x", 0xd7c0 + (c >> 10),
                                0xdc00 + (c & 0x3ff));
    }
  return g_string_free (escaped, FALSE);
}

/* Rounded, and G_MAXUINT, which is 136 years, for longer times. */
static guint
to_whole_seconds (double seconds)
{
  return (guint) MIN (seconds + 0.5, G_MAXUINT);
}

/* “0.82 s”, “12.4 s”, “1:05 min”, “2:03:04 h”. */
char *
tool_text_format_duration (double seconds)
{
  guint whole = to_whole_seconds (seconds);

  if (seconds < 9.995)
    return g_strdup_printf (_ ("%.2f s"), seconds);
  if (seconds < 59.95)
    return g_strdup_printf (_ ("%.1f s"), seconds);
  if (whole < 3600)
    return g_strdup_printf (_ ("%u:%02u min"), whole / 60, whole % 60);
  return g_strdup_printf (_ ("%u:%02u:%02u h"), whole / 3600, whole / 60 % 60, whole % 60);
}

/* The same of an estimate: “5 s”, at least one second. */
char *
tool_text_format_whole_duration (double seconds)
{
  guint whole = to_whole_seconds (seconds);

  if (whole < 60)
    return g_strdup_printf (_ ("%u s"), MAX (whole, 1));
  return tool_text_format_duration ((double) whole);
}

char *
tool_text_format_rate (guint64 bytes, double seconds)
{
  double           rate = seconds > 0 ? (double) bytes / seconds : 0;
  g_autofree char *size = g_format_size_full ((guint64) rate, G_FORMAT_SIZE_IEC_UNITS);

  return g_strdup_printf (_ ("%s/s"), size);
}

/* Makes of a fingerprint what openssl prints: capital pairs with colons. FALSE if it is not one by
 * SHA-256. */
gboolean
tool_text_normalize_fingerprint (char **fingerprint)
{
  const char         *text = *fingerprint;
  g_autoptr (GString) pairs = g_string_new (NULL);

  for (; *text != '\0'; text++)
    {
      if (*text == ':')
        continue;
      if (!g_ascii_isxdigit (*text))
        return FALSE;
      if (pairs->len % 3 == 2)
        g_string_append_c (pairs, ':');
      g_string_append_c (pairs, g_ascii_toupper (*text));
    }
  if (pairs->len != 32 * 3 - 1)
    return FALSE;
  g_free (*fingerprint);
  *fingerprint = g_string_free (g_steal_pointer (&pairs), FALSE);
  return TRUE;
}

/* How many letters are missing, too many, wrong, or in the place of the one beside them. */
static gsize
count_mistakes (const char *typed, const char *meant)
{
  gsize n_typed = strlen (typed);
  gsize n_meant = strlen (meant);
  gsize counts[LONGEST_WORD + 1][LONGEST_WORD + 1];

  if (n_typed > LONGEST_WORD || n_meant > LONGEST_WORD)
    return LONGEST_WORD;
  for (gsize i = 0; i <= n_typed; i++)
    for (gsize j = 0; j <= n_meant; j++)
      {
        if (i == 0 || j == 0)
          {
            counts[i][j] = i + j;
            continue;
          }
        counts[i][j] = MIN (counts[i - 1][j], counts[i][j - 1]) + 1;
        counts[i][j] =
            MIN (counts[i][j], counts[i - 1][j - 1] + (typed[i - 1] == meant[j - 1] ? 0 : 1));
        if (i > 1 && j > 1 && typed[i - 1] == meant[j - 2] && typed[i - 2] == meant[j - 1])
          counts[i][j] = MIN (counts[i][j], counts[i - 2][j - 2] + 1);
      }
  return counts[n_typed][n_meant];
}

/* Whether typed has letters of the word alone, in their order, from the first one on. */
static gboolean
is_short_for (const char *typed, const char *word)
{
  if (strlen (typed) < SHORTEST_ABBREVIATION || *typed != *word)
    return FALSE;
  for (; *typed != '\0' && *word != '\0'; word++)
    typed += *typed == *word ? 1 : 0;
  return *typed == '\0';
}

/* Of words the one that was probably meant, or NULL. */
const char *
tool_text_find_meant (const char *typed, const char *const *words)
{
  const char *best = NULL;
  gsize       least = MIN (TOLERATED_MISTAKES, strlen (typed) / 2) + 1;

  for (; *words != NULL; words++)
    {
      gsize n = is_short_for (typed, *words) ? 1 : count_mistakes (typed, *words);

      if (n < least)
        {
          best = *words;
          least = n;
        }
    }
  return best;
}
