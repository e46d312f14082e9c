/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* ibb: byte streams between XMPP accounts on the command line. */

#include "config.h"

#include "output.h"
#include "tool.h"

#include <glib/gi18n.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static const struct
{
  const char *name;
  int (*run) (int argc, char **argv);
  const char *parameters;
  const char *summary;
} commands[] = {
  { "send", tool_send, "FILE|- PEER", N_ ("Send a file or standard input to a peer") },
  { "receive", tool_receive, "", N_ ("Wait for one session and store what it brings") },
  { "cat", tool_cat, "PEER", N_ ("Join standard input and output to a peer") },
  { "listen", tool_listen, "", N_ ("Wait for one session: the other end of cat") },
  { "forward", tool_forward, "PEER", N_ ("Listen on a TCP port that leads to a peer") },
  { "expose", tool_expose, "", N_ ("Lead sessions to a TCP service: the other end of forward") },
  { "demo", tool_demo, "", N_ ("Two ends in this process, a file, equal hashes") },
  { "bench", tool_bench, "", N_ ("Measure speed, processor time and memory") },
};

static void
print_raw (const char *text)
{
  /* GLib would replace what the locale cannot show, quotes in the C locale
   * among it; terminals speak UTF-8 all the same. */
  fputs (text, stdout);
  fflush (stdout);
}

static void
print_help (void)
{
  g_print ("%s\n  ibb %s\n\n", _ ("Usage:"), _ ("COMMAND [OPTION…] [ARGUMENT…]"));
  g_print ("%s\n\n", _ ("Byte streams between XMPP accounts, in-band (XEP-0047)."));
  g_print ("%s\n", _ ("Commands:"));
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      g_autofree char *synopsis = g_strjoin (" ", commands[i].name, commands[i].parameters, NULL);

      g_print ("  %-18s  %s\n", synopsis, _ (commands[i].summary));
    }
  g_print ("\n%s\n", _ ("“ibb COMMAND --help” tells the options of each."));
  g_print ("%s\n", _ ("A peer without a resource, user@host, means user@host/ibb."));
  g_print ("%s\n", _ ("Exit status: 0 every byte delivered, 1 failed, 2 usage."));
}

int
main (int argc, char **argv)
{
  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, LOCALE_DIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  g_set_print_handler (print_raw);
  /* Standard output is for bytes and events, whatever G_MESSAGES_DEBUG asks for. */
  g_log_writer_default_set_use_stderr (TRUE);
  /* A reader that went away is an error like any other. */
  signal (SIGPIPE, SIG_IGN);

  if (argc < 2)
    return tool_usage_error (NULL, _ ("a command is missing"));
  if (g_str_equal (argv[1], "--help") || g_str_equal (argv[1], "-h"))
    {
      print_help ();
      return TOOL_EXIT_DONE;
    }
  if (g_str_equal (argv[1], "--version"))
    {
      g_print ("ibb %s\n", PACKAGE_VERSION);
      return TOOL_EXIT_DONE;
    }
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    if (g_str_equal (argv[1], commands[i].name))
      {
        g_autofree char *name = g_strconcat ("ibb ", argv[1], NULL);

        g_set_prgname (name);
        return commands[i].run (argc - 1, argv + 1);
      }
  if (argv[1][0] == '-')
    return tool_usage_error (NULL, _ ("unknown option “%s”"), argv[1]);
  return tool_usage_error (NULL, _ ("unknown command “%s”"), argv[1]);
}
