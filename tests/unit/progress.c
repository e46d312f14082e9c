/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/words/output.h"
#include "tool/words/progress.h"

#define N10 "aaaaaaaaaa"
#define REST "  250 bytes of 1000 bytes  50 bytes/s  15 s left"

/* Without a terminal a line has up to 80 columns. Three of them stay free, as there is no UTF-8. */
static const struct
{
  const char *label;
  const char *position;
  guint64     total;
  guint64     bytes;
  guint64     rate;
  const char *line;
} tests[] = {
  { "name", NULL, 1000, 250, 50, "name   25 % [###............]" REST },
  /* The shortest bar fits, or just does not. */
  { N10 "aaaa", NULL, 1000, 250, 50, N10 "aaaa   25 % [#....]" REST },
  { N10 "aaaaa", NULL, 1000, 250, 50, N10 "aaaaa   25 %" REST },
  /* A long name loses its end, but for eight columns, and then the sizes go. */
  { N10 N10 "aa", NULL, 1000, 250, 50, N10 N10 "aa   25 %" REST },
  { N10 N10 "aaa", NULL, 1000, 250, 50, N10 N10 "a...   25 %" REST },
  { N10, "1 of 1000000", 1000, 250, 50, "1 of 1000000  aaaaaaa...   25 %" REST },
  { N10, "1 of 10000000", 1000, 250, 50,
    "1 of 10000000  " N10 "   25 % [####...............]  50 bytes/s  15 s left" },
  { N10 N10, N10 N10 N10 N10 N10 N10, 1000, 250, 50,
    N10 N10 N10 N10 N10 N10 "  aaaaaaa...   25 ..." },
  /* All has moved, nothing moves, and nobody knows how much there is. */
  { "name", NULL, 1000, 1000, 50,
    "name  100 % [####################]  1000 bytes of 1000 bytes  50 bytes/s" },
  { "name", NULL, 1000, 2000, 1,
    "name  100 % [####################]  2.0 KiB of 1000 bytes  1 byte/s" },
  { "name", NULL, 1000, 0, 0,
    "name    0 % [....................]  0 bytes of 1000 bytes  0 bytes/s" },
  { "name", NULL, 1000, 250, 1,
    "name   25 % [###.........]  250 bytes of 1000 bytes  1 byte/s  12:30 min left" },
  { "name", NULL, 0, 250, 50, "name  250 bytes  50 bytes/s" },
};

/* Each is replaced by the next one, and nothing is left of the last one. */
static void
test_line (void)
{
  g_autoptr (GString) shown = g_string_new (NULL);

  if (g_test_subprocess ())
    {
      for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
        {
          ToolProgress *progress =
              tool_progress_new (tests[i].label, tests[i].position, NULL, tests[i].total);

          tool_progress_update (progress, tests[i].bytes, tests[i].rate);
          tool_progress_free (progress);
        }
      tool_output_line ("", "end");
      return;
    }
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
  for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
    g_string_append_printf (shown, "\r%s\033[K\r\033[K", tests[i].line);
  g_string_append (shown, "end\n");
  g_test_trap_assert_stderr (shown->str);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tool/progress/line", test_line);
  return g_test_run ();
}
