/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/words/output.h"
#include "tool/words/terminal.h"
#include "tool/words/text.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* Protects the terminal, which one question has at a time. */
static GMutex lock;

/* The signal that ended the wait for an answer, 0: none. A byte in the pipe wakes the wait, as the
 * kernel may choose any thread for the handler. */
static volatile sig_atomic_t prompt_signal;
static int                   prompt_pipe[2];

static void
prompt_signal_cb (int number)
{
  int    saved_errno = errno;
  gssize written;

  prompt_signal = number;
  written = write (prompt_pipe[1], "", 1);
  (void) written;
  errno = saved_errno;
}

char *
tool_terminal_read_line (int fd)
{
  /* Large enough from the start: a buffer that grows leaves copies in memory. */
  GString *line = g_string_sized_new (TOOL_LINE_MAX + 2);
  gboolean is_bad = FALSE;
  char     c = '\0';
  gssize   n;

  while (!is_bad && (n = read (fd, &c, 1)) == 1 && c != '\n')
    {
      is_bad = c == '\0' || line->len == TOOL_LINE_MAX;
      g_string_append_c (line, c);
    }
  explicit_bzero (&c, sizeof c);
  if (is_bad || n < 0 || (n == 0 && line->len == 0))
    {
      explicit_bzero (line->str, line->len);
      g_string_free (line, TRUE);
      if (is_bad)
        errno = EBADMSG;
      return NULL;
    }
  if (line->len > 0 && line->str[line->len - 1] == '\r')
    g_string_truncate (line, line->len - 1);
  return g_string_free (line, FALSE);
}

static const int prompt_signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };

/* The lines of a question, without words that the terminal would break. */
static char *
wrap (const char *question, int fd)
{
  guint          columns = tool_output_get_width (fd);
  g_auto (GStrv) lines = g_strsplit (question, "\n", -1);
  GString       *wrapped = g_string_new (NULL);

  for (char **line = lines; *line != NULL; line++)
    tool_text_append_wrapped (wrapped, *line, 0, 0, columns > 0 ? columns - 1 : G_MAXUINT);
  g_string_truncate (wrapped, wrapped->len - 1);
  return g_string_free (wrapped, FALSE);
}

/* Writes question and waits until a line was typed. FALSE with errno, which is EINTR after a
 * signal, and ECANCELED after cancellable. */
static gboolean
wait_for_line (int fd, const char *question, GCancellable *cancellable)
{
  GPollFD          cancelled = { .fd = -1 };
  g_autofree char *wrapped = wrap (question, fd);
  g_autofree char *shown = tool_text_to_locale (wrapped);
  struct pollfd    fds[] = { { .fd = fd, .events = POLLIN },
                             { .fd = prompt_pipe[0], .events = POLLIN },
                             { .events = POLLIN } };
  int              n;

  if (write (fd, shown, strlen (shown)) < 0)
    return FALSE;
  if (cancellable != NULL)
    g_cancellable_make_pollfd (cancellable, &cancelled);
  fds[2].fd = cancelled.fd;
  do
    n = poll (fds, G_N_ELEMENTS (fds), -1);
  while (n < 0 && errno == EINTR && prompt_signal == 0);
  if (fds[2].fd >= 0)
    g_cancellable_release_fd (cancellable);
  if (n < 0 || fds[1].revents != 0)
    {
      errno = n < 0 ? errno : EINTR;
      return FALSE;
    }
  if (fds[2].revents != 0)
    {
      errno = ECANCELED;
      return FALSE;
    }
  return TRUE;
}

/* A program that a shell has put into the background is stopped, with all its threads, when it
 * changes the settings of the terminal or reads from it. Whether it is there may change at any
 * time. */
static gboolean
is_in_foreground (int fd)
{
  return tcgetpgrp (fd) == getpgrp ();
}

/* The main loop of tool_run () takes these signals, later than raise () returns. Without the wait
 * the command could fail first, as nobody has answered. */
static void
wait_for_end (GCancellable *cancellable)
{
  GPollFD cancelled;

  if (prompt_signal != SIGINT && prompt_signal != SIGTERM && prompt_signal != SIGHUP)
    return;
  if (!g_cancellable_make_pollfd (cancellable, &cancelled))
    return;
  g_poll (&cancelled, 1, -1);
  g_cancellable_release_fd (cancellable);
}

/* Asks on fd, a terminal, and restores its settings in any case. A signal has its usual effect once
 * they are restored. Returns NULL with errno, which is EINTR where the process goes on after a
 * signal. */
static char *
ask (int fd, const char *question, gboolean echo, GCancellable *cancellable)
{
  struct sigaction action = { .sa_handler = prompt_signal_cb };
  struct sigaction old_actions[G_N_ELEMENTS (prompt_signals)];
  struct termios   old_terminal;
  struct termios   terminal;
  char            *answer = NULL;
  int              failure;

  if (tcgetattr (fd, &old_terminal) != 0)
    return NULL;
  if (!g_unix_open_pipe (prompt_pipe, FD_CLOEXEC, NULL))
    return NULL;
  prompt_signal = 0;
  for (gsize i = 0; i < G_N_ELEMENTS (prompt_signals); i++)
    sigaction (prompt_signals[i], &action, &old_actions[i]);
  terminal = old_terminal;
  if (!echo)
    terminal.c_lflag &= ~(tcflag_t) ECHO;

  tool_output_begin_question ();
  errno = 0;
  /* A password is not asked for where it would be shown. */
  if (tcsetattr (fd, TCSAFLUSH, &terminal) == 0 && wait_for_line (fd, question, cancellable))
    answer = tool_terminal_read_line (fd);
  failure = errno;

  tcsetattr (fd, TCSAFLUSH, &old_terminal);
  /* The person may not have ended the line. */
  if ((!echo || answer == NULL) && write (fd, "\n", 1) < 0 && failure == 0)
    failure = errno;
  tool_output_end_question ();
  for (gsize i = 0; i < G_N_ELEMENTS (prompt_signals); i++)
    sigaction (prompt_signals[i], &old_actions[i], NULL);
  close (prompt_pipe[0]);
  close (prompt_pipe[1]);
  if (prompt_signal != 0)
    {
      raise (prompt_signal);
      wait_for_end (cancellable);
    }
  errno = failure;
  return answer;
}

gboolean
tool_terminal_exists (void)
{
  int fd = open ("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

  if (fd >= 0)
    close (fd);
  return fd >= 0;
}

char *
tool_terminal_ask (const char *question, gboolean echo, GCancellable *cancellable, GError **error)
{
  char    *answer = NULL;
  int      fd = open ("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
  int      failure = 0;
  gboolean is_ours;

  g_mutex_lock (&lock);
  /* After a suspension the question is asked again. */
  do
    {
      is_ours = fd >= 0 && is_in_foreground (fd);
      if (!is_ours || g_cancellable_is_cancelled (cancellable))
        break;
      answer = ask (fd, question, echo, cancellable);
      failure = errno;
    }
  while (answer == NULL && failure == EINTR && prompt_signal == SIGTSTP);
  g_mutex_unlock (&lock);
  if (fd >= 0)
    close (fd);
  if (!is_ours)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, _ ("There is no terminal"));
  else if (answer == NULL)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, _ ("No answer was typed"));
  return answer;
}

gboolean
tool_terminal_confirm (const char *question, GCancellable *cancellable)
{
  g_autofree char *answer = tool_terminal_ask (question, TRUE, cancellable, NULL);

  /* Translators: the answer that the questions for trust name */
  return g_strcmp0 (answer, "yes") == 0 || g_strcmp0 (answer, _ ("yes")) == 0;
}
