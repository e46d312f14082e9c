/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/words/text.h"

static void
test_duration (void)
{
  const struct
  {
    double      seconds;
    const char *text;
    const char *whole;
  } tests[] = {
    { 0, "0.00 s", "1 s" },
    { 0.824, "0.82 s", "1 s" },
    { 1.5, "1.50 s", "2 s" },
    { 9.994, "9.99 s", "10 s" },
    { 9.996, "10.0 s", "10 s" },
    { 59.4, "59.4 s", "59 s" },
    { 59.5, "59.5 s", "1:00 min" },
    { 59.96, "1:00 min", "1:00 min" },
    { 65, "1:05 min", "1:05 min" },
    { 3599.4, "59:59 min", "59:59 min" },
    { 3599.5, "1:00:00 h", "1:00:00 h" },
    { 7384, "2:03:04 h", "2:03:04 h" },
    { G_MAXUINT, "1193046:28:15 h", "1193046:28:15 h" },
    { G_MAXUINT + 1.0, "1193046:28:15 h", "1193046:28:15 h" }, /* no longer times are told apart */
    { 0x1p62, "1193046:28:15 h", "1193046:28:15 h" },
    { 0x1p70, "1193046:28:15 h", "1193046:28:15 h" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *text = tool_text_format_duration (tests[i].seconds);
      g_autofree char *whole = tool_text_format_whole_duration (tests[i].seconds);

      g_assert_cmpstr (text, ==, tests[i].text);
      g_assert_cmpstr (whole, ==, tests[i].whole);
    }
}

/* The sign that something is missing has a column; a wide letter has two. */
static void
test_shorten (void)
{
  const struct
  {
    const char *text;
    gsize       columns;
    const char *shortened;
  } tests[] = {
    { "name", 4, "name" },  { "name", 3, "na…" },          { "name", 1, "…" },
    { "name", 0, "" },      { "日本語", 6, "日本語" },     { "日本語", 5, "日本…" },
    { "日本語", 4, "日…" }, { "e\u0301e", 2, "e\u0301e" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *shortened = tool_text_shorten (tests[i].text, tests[i].columns);

      g_assert_cmpstr (shortened, ==, tests[i].shortened);
    }
}

static void
test_rate (void)
{
  const struct
  {
    guint64     bytes;
    double      seconds;
    const char *text;
  } tests[] = {
    { 1000, 0, "0 bytes/s" },
    { 1000, 2, "500 bytes/s" },
    { 4096, 0.5, "8.0\u00a0KiB/s" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *text = tool_text_format_rate (tests[i].bytes, tests[i].seconds);

      g_assert_cmpstr (text, ==, tests[i].text);
    }
}

/* Signs without a picture of their own, which are part of a text. */
#define SIGNS                                                                                      \
  "\u200c\u200d\u0600\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd\U000e0030\U000e0039"

/* What would mislead a person, and what is part of a name. */
static void
test_printable (void)
{
  const struct
  {
    const char *text;
    const char *printable;
    const char *json;
  } tests[] = {
    { "a \"b\"\\", "a \"b\"\\", "a \\\"b\\\"\\\\" },
    { "a\nb\x7f", "a b ", "a\\u000ab\\u007f" },
    { "a\u2028\u202e\xc2\x85", "a \ufffd ", "a\\u2028\\u202e\\u0085" },
    { "\U000e0061\U000e007a", "\U000e0061\U000e007a", "\U000e0061\U000e007a" },
    { "\U000e0041\U000e007b\U000e007f", "\ufffd\ufffd\U000e007f",
      "\\udb40\\udc41\\udb40\\udc7b\U000e007f" },
    { SIGNS, SIGNS, SIGNS },
    { "a\xff", "a\ufffd", "a\ufffd" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *printable = tool_text_make_printable (tests[i].text);
      g_autofree char *json = tool_text_escape_json (tests[i].text);

      g_assert_cmpstr (printable, ==, tests[i].printable);
      g_assert_cmpstr (json, ==, tests[i].json);
    }
}

/* Without UTF-8. */
static void
test_locale (void)
{
  g_autofree char *local = tool_text_to_locale ("““a”…\u00a0’日\U0001f600");
  g_autofree char *shown = tool_text_as_shown ("„ä–→");

  g_assert_cmpstr (local, ==, "\"\"a\"... '\\u65e5\\U0001f600");
  g_assert_cmpstr (shown, ==, "\"\\u00e4-->");
}

static void
test_wrapped (void)
{
  const struct
  {
    const char *text;
    gsize       column;
    gsize       indent;
    gsize       width;
    const char *wrapped;
  } tests[] = {
    { "", 0, 0, 8, "\n" },
    { "one  two", 0, 0, 8, "one  two\n" },
    { "one two three", 0, 0, 7, "one two\nthree\n" },
    { "one two three", 0, 0, 6, "one\ntwo\nthree\n" },
    { "one two", 3, 2, 8, "one\n  two\n" },
    { "one two", 2, 2, 4, "one\n  two\n" }, /* no line is empty */
    { "日本語。字", 0, 0, 6, "日本\n語。字\n" },
    { "AA:BB:CC:DD", 0, 0, 7, "AA:BB:\nCC:DD\n" },
    { "AA:BB:CC:DD", 0, 0, 8, "AA:BB:\nCC:DD\n" },
    { "AA:BB:CC:DD", 0, 0, 9, "AA:BB:CC:\nDD\n" },
    { "AA:BB:CC:DD", 0, 0, 11, "AA:BB:CC:DD\n" },
    { "AA:BB:CC:DD", 2, 2, 8, "AA:BB:\n  CC:DD\n" },
    { "ABCDEFGH", 0, 0, 5, "ABCDEFGH\n" },
    { "AB:CD", 0, 0, 2, "AB:CD\n" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autoptr (GString) wrapped = g_string_new (NULL);

      tool_text_append_wrapped (wrapped, tests[i].text, tests[i].column, tests[i].indent,
                                tests[i].width);
      g_assert_cmpstr (wrapped->str, ==, tests[i].wrapped);
    }
}

#define PAIRS15 "0A:1B:2C:3D:4E:5F:60:71:82:93:A4:B5:C6:D7:E8:"

static void
test_fingerprint (void)
{
  const struct
  {
    const char *text;
    const char *normal; /* NULL: it is none */
  } tests[] = {
    { PAIRS15 "F9:" PAIRS15 "F9", PAIRS15 "F9:" PAIRS15 "F9" },
    { "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9",
      PAIRS15 "F9:" PAIRS15 "F9" },
    { PAIRS15 "F9:" PAIRS15 "F", NULL },
    { PAIRS15 "F9:" PAIRS15 "F99", NULL },
    { PAIRS15 "F9:" PAIRS15 "G9", NULL },
    { "", NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *fingerprint = g_strdup (tests[i].text);

      g_assert_cmpint (tool_text_normalize_fingerprint (&fingerprint), ==, tests[i].normal != NULL);
      if (tests[i].normal != NULL)
        g_assert_cmpstr (fingerprint, ==, tests[i].normal);
    }
}

/* Which word a person has meant: at most two mistakes, and not more than in every second letter. */
static void
test_meant (void)
{
  static const char *const words[] = {
    "cart", "cat", "receive", "ab", "abcdefghijklmnopqrstuvwxyzabcdef", NULL
  };
  const struct
  {
    const char *typed;
    const char *meant;
  } tests[] = {
    { "act", "cat" },  /* two letters have changed places */
    { "crt", "cart" }, /* an abbreviation, as good as one mistake */
    { "ccat", "cat" },
    { "recieve", "receive" },
    { "recxivy", "receive" },
    { "rxcxivy", NULL },
    { "rexceivxe", "receive" },
    { "rcv", "receive" },
    { "rcx", NULL },
    { "rc", NULL },
    { "xb", "ab" },
    { "xy", NULL },
    { "a", NULL },
    { "", NULL },
    { "xbcdefghijklmnopqrstuvwxyzabcdex", "abcdefghijklmnopqrstuvwxyzabcdef" },
    { "abcdefghijklmnopqrstuvwxyzabcdefg", NULL }, /* longer than any */
  };

  for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
    g_assert_cmpstr (tool_text_find_meant (tests[i].typed, words), ==, tests[i].meant);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tool/text/duration", test_duration);
  g_test_add_func ("/tool/text/shorten", test_shorten);
  g_test_add_func ("/tool/text/rate", test_rate);
  g_test_add_func ("/tool/text/printable", test_printable);
  g_test_add_func ("/tool/text/locale", test_locale);
  g_test_add_func ("/tool/text/wrapped", test_wrapped);
  g_test_add_func ("/tool/text/fingerprint", test_fingerprint);
  g_test_add_func ("/tool/text/meant", test_meant);
  return g_test_run ();
}
