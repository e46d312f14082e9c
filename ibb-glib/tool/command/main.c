/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* ibb: byte streams between XMPP accounts on the command line. */

#include "config.h"

#include "tool/account/run.h"
#include "tool/command/commands.h"
#include "tool/words/help.h"
#include "tool/words/output.h"
#include "tool/words/text.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <locale.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NO_HOME "/nonexistent" /* as Debian writes it in /etc/passwd */

static const struct
{
  const char *name;
  int (*run) (int argc, char **argv);
  const char *parameters;
  const char *summary;
} commands[] = {
  { "send", tool_send, N_ ("FILE…|- PEER"),
    N_ ("Send files, folders or standard input to a peer") },
  { "receive", tool_receive, "", N_ ("Take files and folders, or one stream of bytes") },
  { "cat", tool_cat, N_ ("PEER"), N_ ("Join standard input and output to a peer") },
  { "listen", tool_listen, "", N_ ("Wait for one session: the other end of cat") },
  { "forward", tool_forward, N_ ("PEER"), N_ ("Listen on a TCP port that leads to a peer") },
  { "expose", tool_expose, "", N_ ("Connect sessions to a TCP service: the other end of forward") },
  { "key", tool_key, "", N_ ("Print the key of --encrypt, or list those of others") },
  { "doctor", tool_doctor, N_ ("[PEER]"), N_ ("Look for what stands in the way of a session") },
  { "demo", tool_demo, "", N_ ("Send a file between two ends in this process") },
};

/* Which status a command ends with; the same as in tool.h. */
static const struct
{
  const char *status;
  const char *meaning;
} statuses[] = {
  { G_STRINGIFY (TOOL_EXIT_DONE), N_ ("Every byte was delivered") },
  { G_STRINGIFY (TOOL_EXIT_FAILED), N_ ("Failed; a line on standard error says why") },
  { G_STRINGIFY (TOOL_EXIT_USAGE), N_ ("The command line is wrong") },
  { G_STRINGIFY (TOOL_EXIT_REFUSED),
    N_ ("The server refuses the login, and will do so until you change something") },
  { G_STRINGIFY (TOOL_EXIT_SIGNAL) "+N", N_ ("Ended by signal N") },
};

/* What the library says to the person: of files that others can read, or that cannot be written. */
static void
warning_cb (const char *domain, GLogLevelFlags level, const char *message, gpointer data)
{
  tool_output_note ("%s", message);
}

static const GOptionEntry options[] = {
  { "help", 'h', 0, G_OPTION_ARG_NONE, NULL, N_ ("Print these lines"), NULL },
  { "version", 0, 0, G_OPTION_ARG_NONE, NULL, N_ ("Print the version"), NULL },
  { NULL },
};

static void
print_help (void)
{
  g_autoptr (ToolHelp) help = tool_help_new ();
  g_autofree char *synopsis = g_strdup_printf ("ibb %s", _ ("COMMAND [OPTION…] [ARGUMENT…]"));

  tool_help_add_title (help, _ ("Usage:"));
  tool_help_add_row (help, synopsis, "");
  tool_help_add_paragraph (help, _ ("Byte streams between XMPP accounts, in-band (XEP-0047)."));
  tool_help_add_title (help, _ ("Commands:"));
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      const char      *parameters = commands[i].parameters;
      g_autofree char *label =
          g_strjoin (" ", commands[i].name, *parameters != '\0' ? _ (parameters) : NULL, NULL);

      tool_help_add_row (help, label, _ (commands[i].summary));
    }
  tool_help_add_options (help, _ ("Options:"), options);
  tool_help_add_title (help, _ ("Exit status:"));
  for (gsize i = 0; i < G_N_ELEMENTS (statuses); i++)
    tool_help_add_row (help, statuses[i].status, _ (statuses[i].meaning));
  tool_help_add_paragraph (help, _ ("“ibb COMMAND --help” lists the options of a command. A peer "
                                    "without a resource, user@host, means user@host/ibb."));
  tool_help_print (help);
}

/* For the scripts in completions/. */
static void
print_commands (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    g_print ("%s\t%s\n", commands[i].name, _ (commands[i].summary));
}

static int
unknown_command (const char *typed)
{
  const char *names[G_N_ELEMENTS (commands) + 1] = { NULL };
  const char *meant;

  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    names[i] = commands[i].name;
  meant = tool_text_find_meant (typed, names);
  if (meant == NULL)
    return tool_output_usage_error (NULL, _ ("unknown command “%s”"), typed);
  return tool_output_usage_error (NULL, _ ("unknown command “%s”: did you mean “%s”?"), typed,
                                  meant);
}

/* A file or a socket that gets the number of a missing standard descriptor would also get what is
 * written to that. So the null device takes the number. It is opened the other way round, so that
 * reading input or writing output fails with EBADF, as without it. */
static void
open_missing_descriptors (void)
{
  static const int modes[] = { O_WRONLY, O_RDONLY, O_RDONLY };

  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    if (fcntl (fd, F_GETFD) < 0 && errno == EBADF && open ("/dev/null", modes[fd]) != fd)
      _exit (TOOL_EXIT_FAILED);
}

/* To find a proxy, GIO reads the settings of the desktop. dconf, which keeps them, makes a
 * directory for itself, in ~/.cache where there is no session of a desktop, and complains about
 * each read if that fails. A user without such a session, such as that of a service, has no
 * settings. The empty ones in memory are the same. */
static void
do_without_dconf (void)
{
  const char      *session = g_getenv ("XDG_RUNTIME_DIR");
  g_autofree char *directory = g_build_filename (session != NULL ? session : "", "dconf", NULL);

  if (g_getenv ("GSETTINGS_BACKEND") == NULL &&
      (!g_path_is_absolute (directory) || g_mkdir_with_parents (directory, 0700) != 0))
    g_setenv ("GSETTINGS_BACKEND", "memory", TRUE);
}

/* As the XDG Base Directory Specification says, a path that is not absolute counts as absent: files
 * with keys would lie in whatever folder the command works in. A user without a name has no folder,
 * of which GLib would warn. */
static void
do_without_relative_folders (void)
{
  static const char *const variables[] = { "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME",
                                           "XDG_RUNTIME_DIR", "XDG_STATE_HOME" };
  const char              *home = g_getenv ("HOME");

  for (gsize i = 0; i < G_N_ELEMENTS (variables); i++)
    {
      const char *path = g_getenv (variables[i]);

      if (path != NULL && !g_path_is_absolute (path))
        g_unsetenv (variables[i]);
    }
  if (home == NULL || !g_path_is_absolute (home))
    {
      const struct passwd *user = getpwuid (getuid ());

      home = user != NULL ? user->pw_dir : NULL;
      g_setenv ("HOME", home != NULL && g_path_is_absolute (home) ? home : NO_HOME, TRUE);
    }
}

int
main (int argc, char **argv)
{
  const char *folder =
      g_getenv ("TEXTDOMAINDIR"); /* "meson devenv" has the catalogues of the build */

  open_missing_descriptors ();
  do_without_relative_folders ();
  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, folder != NULL ? folder : LOCALE_DIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  g_set_print_handler (tool_output_print);
  /* GOption prints the help and exits without returning here. */
  atexit (tool_output_check);
  /* Standard output is for bytes and events only, even with G_MESSAGES_DEBUG. */
  g_log_writer_default_set_use_stderr (TRUE);
  g_log_set_handler ("ibb-glib", G_LOG_LEVEL_WARNING | G_LOG_LEVEL_MESSAGE, warning_cb, NULL);
  /* Writing to a reader that is gone is an error like any other, and so is a file that may not
   * grow (RLIMIT_FSIZE). */
  signal (SIGPIPE, SIG_IGN);
  signal (SIGXFSZ, SIG_IGN);

  if (argc < 2)
    return tool_output_usage_error (NULL, _ ("a command is missing"));
  if (g_str_equal (argv[1], "--help") || g_str_equal (argv[1], "-h"))
    {
      print_help ();
      return TOOL_EXIT_DONE;
    }
  if (g_str_equal (argv[1], "--complete"))
    {
      print_commands ();
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
        int              status;

        g_set_prgname (name);
        do_without_dconf ();
        status = commands[i].run (argc - 1, argv + 1);
        if (status > TOOL_EXIT_SIGNAL)
          tool_run_exit_by_signal (status);
        return status;
      }
  if (argv[1][0] == '-')
    return tool_output_usage_error (NULL, _ ("unknown option “%s”"), argv[1]);
  return unknown_command (argv[1]);
}
