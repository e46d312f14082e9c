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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tool/text/duration", test_duration);
  g_test_add_func ("/tool/text/shorten", test_shorten);
  return g_test_run ();
}
