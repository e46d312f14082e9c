/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/words/exit-status.h"
#include "tool/words/output.h"
#include "tool/words/text.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

static GMutex   lock;
static gboolean quiet;        /* immutable after tool_output_init */
static gboolean json;         /* immutable after tool_output_init */
static gboolean status_shown; /* protected by lock */
static GString *held; /* protected by lock; (nullable): lines that follow the open question */
static int      output_failure; /* protected by lock; errno of standard output, 0: none */

/* Prints to standard output, at once, a text for programs, in UTF-8. */
void
tool_output_write (const char *text)
{
  g_mutex_lock (&lock);
  if ((fputs (text, stdout) < 0 || fflush (stdout) != 0) && output_failure == 0)
    output_failure = errno;
  g_mutex_unlock (&lock);
}

/* The same of a text for people, in the encoding of the locale. */
void
tool_output_print (const char *text)
{
  g_autofree char *line = tool_text_to_locale (text);

  tool_output_write (line);
}

guint
tool_output_get_width (int fd)
{
  struct winsize size;

  return ioctl (fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

static void
clear_status_locked (void)
{
  if (status_shown)
    fputs ("\r\033[K", stderr);
  status_shown = FALSE;
}

/* A terminal would break the words of a long line. */
static char *
wrap (const char *prefix, const char *text)
{
  g_autofree char *printable = tool_text_make_printable (text);
  g_autofree char *line = g_strconcat (prefix, printable, NULL);
  g_autofree char *shown = tool_text_as_shown (line);
  GString         *wrapped = g_string_new (NULL);
  guint            width = tool_output_get_width (STDERR_FILENO);

  tool_text_append_wrapped (wrapped, shown, 0, 0, width > 0 ? width - 1 : G_MAXUINT);
  return g_string_free (wrapped, FALSE);
}

/* Prints a line, in place of the one that shows the progress. */
void
tool_output_line (const char *prefix, const char *text)
{
  g_autofree char *wrapped = wrap (prefix, text);
  g_autofree char *lines = tool_text_to_locale (wrapped);

  g_mutex_lock (&lock);
  if (held != NULL)
    g_string_append (held, lines);
  else
    {
      clear_status_locked ();
      fputs (lines, stderr);
    }
  g_mutex_unlock (&lock);
}

/* Until the question has ended lines wait, so that none lands in it. Lines that go to a file, or to
 * another program, do not wait. */
void
tool_output_begin_question (void)
{
  if (!isatty (STDERR_FILENO))
    return;
  g_mutex_lock (&lock);
  clear_status_locked ();
  held = g_string_new (NULL);
  g_mutex_unlock (&lock);
}

void
tool_output_end_question (void)
{
  g_mutex_lock (&lock);
  if (held != NULL)
    {
      fputs (held->str, stderr);
      g_string_free (g_steal_pointer (&held), TRUE);
    }
  g_mutex_unlock (&lock);
}

gboolean
tool_output_has_question (void)
{
  gboolean has_question;

  g_mutex_lock (&lock);
  has_question = held != NULL;
  g_mutex_unlock (&lock);
  return has_question;
}

/* Called before the process ends. An open question gets no answer any more, and if standard output
 * has failed, so has the command. */
void
tool_output_check (void)
{
  g_autofree char *line = NULL;

  if (tool_output_has_question ())
    {
      fputc ('\n', stderr);
      tool_output_end_question ();
    }
  if (output_failure == 0)
    return;
  /* Translators: the first %s is “standard output”, the second says why */
  line = g_strdup_printf (_ ("Cannot write %s: %s"), _ ("standard output"),
                          g_strerror (output_failure));
  tool_output_line ("ibb: ", line);
  _exit (TOOL_EXIT_FAILED);
}

void
tool_output_init (gboolean be_quiet, gboolean speak_json)
{
  quiet = be_quiet;
  json = speak_json;
}

gboolean
tool_output_is_json (void)
{
  return json;
}

/* Whether to show a line that changes in place: not where the terminal cannot do that. */
gboolean
tool_output_shows_status (void)
{
  return !quiet && !json && isatty (STDERR_FILENO) && g_strcmp0 (g_getenv ("TERM"), "dumb") != 0;
}

/* Returns the exit status, for the caller to return. */
int
tool_output_usage_error (const char *command, const char *format, ...)
{
  g_autofree char *text = NULL;
  g_autofree char *line = NULL;
  va_list          arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  if (command != NULL)
    /* Translators: the first and the last %s name a command, the other says what is wrong */
    line = g_strdup_printf (_ ("%s: %s (see “ibb %s --help”)"), command, text, command);
  else
    line = g_strdup_printf (_ ("%s (see “ibb --help”)"), text);
  tool_output_line ("ibb: ", line);
  return TOOL_EXIT_USAGE;
}

/* Prints something that --quiet leaves out. */
void
tool_output_note (const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list          arguments;

  if (quiet)
    return;
  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  tool_output_line ("", text);
}

/* Shows text on the line that changes in place; NULL clears it. */
void
tool_output_status (const char *text)
{
  g_autofree char *printable = text != NULL ? tool_text_make_printable (text) : NULL;
  g_autofree char *line = printable != NULL ? tool_text_to_locale (printable) : NULL;

  g_mutex_lock (&lock);
  if (line == NULL)
    clear_status_locked ();
  else if (held == NULL)
    fprintf (stderr, "\r%s\033[K", line);
  status_shown = line != NULL && held == NULL;
  g_mutex_unlock (&lock);
}
