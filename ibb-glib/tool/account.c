/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "account.h"
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>
#include <termios.h>
#include <unistd.h>

/* Far more than any password; keeps a mistaken --password-file out of memory. */
#define PASSWORD_MAX 4096

#define LOGIN_TIMEOUT 30 /* s */
#define LOGOUT_TIMEOUT 2 /* s */

static void
prompt_signal_cb (int number)
{
  /* It is enough that the waiting ends. */
}

/* Reads up to the end of the line; NULL with errno at the end of input. */
static char *
read_line (int fd)
{
  g_autoptr (GString) line = g_string_new (NULL);
  char                c;
  gssize              n;

  while ((n = read (fd, &c, 1)) == 1 && c != '\n')
    if (line->len < PASSWORD_MAX)
      g_string_append_c (line, c);
  if (n < 0 || (n == 0 && line->len == 0))
    return NULL;
  if (line->len > 0 && line->str[line->len - 1] == '\r')
    g_string_truncate (line, line->len - 1);
  return g_string_free (g_steal_pointer (&line), FALSE);
}

static const int prompt_signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };

/* Asks on fd, a terminal, and gives it back as it was, whatever happens. NULL
 * with errno, EINTR for a signal. */
static char *
ask_without_echo (int fd, const char *question)
{
  struct sigaction action = { .sa_handler = prompt_signal_cb };
  struct sigaction old_actions[G_N_ELEMENTS (prompt_signals)];
  sigset_t         signals;
  sigset_t         old_signals;
  struct termios   old_terminal;
  struct termios   terminal;
  fd_set           fds;
  char            *answer = NULL;
  int              failure = 0;

  if (tcgetattr (fd, &old_terminal) != 0)
    return NULL;
  /* A signal gets through while we wait, and at no other moment. */
  sigemptyset (&signals);
  for (gsize i = 0; i < G_N_ELEMENTS (prompt_signals); i++)
    {
      sigaddset (&signals, prompt_signals[i]);
      sigaction (prompt_signals[i], &action, &old_actions[i]);
    }
  sigprocmask (SIG_BLOCK, &signals, &old_signals);
  terminal = old_terminal;
  terminal.c_lflag &= ~(tcflag_t) ECHO;
  tcsetattr (fd, TCSAFLUSH, &terminal);

  FD_ZERO (&fds);
  FD_SET (fd, &fds);
  if (write (fd, question, strlen (question)) < 0 ||
      pselect (fd + 1, &fds, NULL, NULL, NULL, &old_signals) < 0)
    failure = errno;
  else
    {
      errno = 0;
      answer = read_line (fd);
      failure = errno;
    }

  tcsetattr (fd, TCSAFLUSH, &old_terminal);
  if (write (fd, "\n", 1) < 0 && failure == 0)
    failure = errno;
  for (gsize i = 0; i < G_N_ELEMENTS (prompt_signals); i++)
    sigaction (prompt_signals[i], &old_actions[i], NULL);
  sigprocmask (SIG_SETMASK, &old_signals, NULL);
  errno = failure;
  return answer;
}

/* Asks on the terminal itself: standard input may be the data. */
static char *
prompt (const char *jid, GError **error)
{
  g_autofree char *question = g_strdup_printf (_ ("Password of %s: "), jid);
  char            *password;
  int              fd = open ("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
  int              failure;

  if (fd < 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                   _ ("No password for “%s”: use --password-file or IBB_PASSWORD"), jid);
      return NULL;
    }
  password = ask_without_echo (fd, question);
  failure = errno;
  close (fd);
  if (password != NULL)
    return password;
  if (failure == EINTR)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, _ ("Interrupted"));
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, _ ("No password for “%s” was typed"), jid);
  return NULL;
}

static char *
read_password_file (const char *path, GError **error)
{
  int              fd = open (path, O_RDONLY | O_CLOEXEC);
  int              failure = fd < 0 ? errno : 0;
  g_autofree char *password = NULL;

  errno = 0;
  if (fd >= 0)
    {
      password = read_line (fd);
      failure = errno;
    }
  if (fd >= 0)
    close (fd);
  if (fd < 0 || (password == NULL && failure != 0))
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (failure),
                 _ ("Cannot read the password file “%s”: %s"), path, g_strerror (failure));
  else if (password == NULL || *password == '\0')
    {
      g_clear_pointer (&password, g_free);
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   _ ("The password file “%s” is empty"), path);
    }
  return g_steal_pointer (&password);
}

/* The password from the file, the environment or a person, in this order;
 * never from the command line, which everybody on the machine can read. */
static char *
get_password (const ToolOptions *options, GError **error)
{
  const char *password = g_getenv ("IBB_PASSWORD");

  if (options->password_file != NULL)
    return read_password_file (options->password_file, error);
  if (password != NULL && *password != '\0')
    return g_strdup (password);
  return prompt (options->jid, error);
}

gboolean
tool_account_prepare (ToolAccount *self, const ToolOptions *options, GError **error)
{
  if (options->ca_file != NULL)
    {
      self->tls_database = g_tls_file_database_new (options->ca_file, error);
      if (self->tls_database == NULL)
        {
          g_prefix_error (error, _ ("Cannot read the certificates “%s”: "), options->ca_file);
          return FALSE;
        }
    }
  self->password = get_password (options, error);
  return self->password != NULL;
}

void
tool_account_clear (ToolAccount *self)
{
  g_clear_pointer (&self->password, g_free);
  g_clear_object (&self->tls_database);
}

static void
state_cb (IBBClient *client, GParamSpec *pspec, gpointer data)
{
  IBBClientState state = ibb_client_get_state (client);
  gboolean       was_told = g_object_get_data (G_OBJECT (client), "suspended") != NULL;

  if (state == IBB_CLIENT_STATE_SUSPENDED && !was_told)
    tool_suspended (ibb_client_get_jid (client));
  else if (state == IBB_CLIENT_STATE_ONLINE && was_told)
    tool_resumed (ibb_client_get_jid (client));
  g_object_set_data (G_OBJECT (client), "suspended",
                     GINT_TO_POINTER (state == IBB_CLIENT_STATE_SUSPENDED));
}

IBBClient *
tool_account_new_client (const ToolAccount *self, const ToolOptions *options, const char *jid)
{
  IBBClient *client = ibb_client_new (jid);

  ibb_client_set_password (client, self->password);
  ibb_client_set_tls_mode (client, options->tls_mode);
  ibb_client_set_allow_plain_text (client, options->allow_plain_text);
  if (options->host != NULL)
    {
      ibb_client_set_host (client, options->host);
      ibb_client_set_port (client, options->port);
    }
  if (self->tls_database != NULL)
    ibb_client_set_tls_database (client, self->tls_database);
  g_signal_connect (client, "notify::state", G_CALLBACK (state_cb), NULL);
  return client;
}

gboolean
tool_account_login (ToolRun *run, IBBClient *client, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autofree char *phase = g_strdup_printf (_ ("logging in as “%s”"), ibb_client_get_jid (client));

  tool_run_begin_phase (run, phase, LOGIN_TIMEOUT);
  if (ibb_client_login (client, tool_run_get_cancellable (run), &local_error))
    return TRUE;
  /* What the network says does not tell whose server it is about. */
  if (local_error->domain == G_RESOLVER_ERROR ||
      (local_error->domain == G_IO_ERROR && local_error->code != G_IO_ERROR_INVALID_ARGUMENT))
    g_prefix_error (&local_error, _ ("Cannot log in as “%s”: "), ibb_client_get_jid (client));
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

static gboolean
logout_timeout_cb (gpointer data)
{
  g_cancellable_cancel (data);
  return G_SOURCE_REMOVE;
}

/* Says good-bye, so that the server lets what was sent last pass and nobody
 * takes us for present; never for long, never an error. Not on the main thread. */
void
tool_account_logout (IBBClient *client)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GSource)      source = NULL;

  if (ibb_client_get_state (client) != IBB_CLIENT_STATE_ONLINE)
    return;
  source = g_timeout_source_new_seconds (LOGOUT_TIMEOUT);
  g_source_set_callback (source, logout_timeout_cb, g_object_ref (cancellable), g_object_unref);
  g_source_attach (source, NULL);
  ibb_client_logout (client, cancellable, NULL);
  g_source_destroy (source);
}
