/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/words/help.h"

#define N10 "aaaaaaaaaa"

/* What g_print () was given between begin () and end (). */
static GString *printed;

static void
print_cb (const char *text)
{
  g_string_append (printed, text);
}

static GPrintFunc
begin (void)
{
  printed = g_string_new (NULL);
  return g_set_print_handler (print_cb);
}

static char *
end (GPrintFunc usual)
{
  g_set_print_handler (usual);
  return g_string_free (g_steal_pointer (&printed), FALSE);
}

static const GOptionEntry entries[] = {
  { "count", 'n', 0, G_OPTION_ARG_STRING, NULL, "How many", "N" },
  { "folder", 0, 0, G_OPTION_ARG_FILENAME, NULL, "Where", "DIR" },
  { "from-file", 0, 0, G_OPTION_ARG_FILENAME, NULL, "What", "FILE" },
  { "kind", 0, 0, G_OPTION_ARG_STRING, NULL, "Which", "KIND" },
  { "quiet", 0, 0, G_OPTION_ARG_NONE, NULL, "Not much", NULL },
  { NULL },
};

static ToolHelp *
make_help (void)
{
  ToolHelp *help = tool_help_new ();

  tool_help_add_title (help, "Usage:");
  tool_help_add_row (help, "do it", "");
  tool_help_add_paragraph (help, N10 N10 N10 N10 N10 N10 N10 " 12345678");
  tool_help_add_paragraph (help, N10 N10 N10 N10 N10 N10 N10 " 123456789");
  tool_help_add_options (help, "Options:", entries);
  tool_help_add_title (help, "Rows:");
  tool_help_add_row (help, N10 N10 "aa", "It fits beside the label, and goes on in its own column");
  tool_help_add_row (help, N10 N10 "aaa", "It does not");
  return help;
}

/* To the column: the text of a row begins at 26, and a line has 79 at most. */
static const char whole[] = "Usage:\n"
                            "  do it\n"
                            "\n" N10 N10 N10 N10 N10 N10 N10 " 12345678\n"
                            "\n" N10 N10 N10 N10 N10 N10 N10 "\n"
                            "123456789\n"
                            "\n"
                            "Options:\n"
                            "  -n, --count=N           How many\n"
                            "      --folder=DIR        Where\n"
                            "      --from-file=FILE    What\n"
                            "      --kind=KIND         Which\n"
                            "      --quiet             Not much\n"
                            "\n"
                            "Rows:\n"
                            "  " N10 N10 "aa  It fits beside the label, and goes on in its own\n"
                            "                          column\n"
                            "  " N10 N10 "aaa\n"
                            "                          It does not\n";

static void
test_print (void)
{
  g_autoptr (ToolHelp) help = make_help ();
  GPrintFunc           usual = begin ();
  g_autofree char     *text = NULL;

  tool_help_print (help);
  text = end (usual);
  g_assert_cmpstr (text, ==, whole);
}

static void
test_options (void)
{
  static const ToolHelpChoice choices[] = { { "other", "x" }, { "kind", "good bad" } };
  g_autoptr (ToolHelp)        help = make_help ();
  GPrintFunc                  usual = begin ();
  g_autofree char            *text = NULL;

  tool_help_print_options (help, choices, G_N_ELEMENTS (choices));
  text = end (usual);
  g_assert_cmpstr (text, ==,
                   "--count\ttext\tHow many\n"
                   "--folder\tdirectory\tWhere\n"
                   "--from-file\tfile\tWhat\n"
                   "--kind\tgood bad\tWhich\n"
                   "--quiet\t-\tNot much\n");
}

/* Of several arguments the first one that is like an option, and is none. */
static void
test_meant (void)
{
  const struct
  {
    const char *first;
    const char *second;
    const char *meant;
  } tests[] = {
    { "--cuont", NULL, "count" },
    { "--quiet", "--fodler=x", "folder" },
    { "--kind=king", "--folder", NULL },
    { "-quiet", NULL, "quiet" }, /* not two letters of their own */
    { "kidn", NULL, NULL },
    { "--kidn", "--quite", "kind" },
    { "--zzz", "--quite", "quiet" },
  };
  g_autoptr (ToolHelp) help = make_help ();

  for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      char *arguments[] = { (char *) tests[i].first, (char *) tests[i].second, NULL };

      g_assert_cmpstr (tool_help_find_meant (help, arguments), ==, tests[i].meant);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tool/help/print", test_print);
  g_test_add_func ("/tool/help/options", test_options);
  g_test_add_func ("/tool/help/meant", test_meant);
  return g_test_run ();
}
