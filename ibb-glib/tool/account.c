/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "account.h"
#include "output.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

/* Far more than any password has. A mistaken --password-file is not read into memory. */
#define PASSWORD_MAX 4096

/* The signal that ended the wait for an answer, 0: none. */
static volatile sig_atomic_t prompt_signal;

static void
prompt_signal_cb (int number)
{
  prompt_signal = number;
}

static void
free_password (char *password)
{
  if (password == NULL)
    return;
  explicit_bzero (password, strlen (password));
  g_free (password);
}

/* Reads up to the end of the line. Returns NULL with errno: at the end of input, or EBADMSG for a
 * line that is too long or has a NUL, so that the password would be only a part of it. */
static char *
read_line (int fd)
{
  /* Large enough from the start: a buffer that grows leaves copies in memory. */
  GString *line = g_string_sized_new (PASSWORD_MAX + 2);
  gboolean is_bad = FALSE;
  char     c = '\0';
  gssize   n;

  while (!is_bad && (n = read (fd, &c, 1)) == 1 && c != '\n')
    {
      is_bad = c == '\0' || line->len == PASSWORD_MAX;
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

/* Asks on fd, a terminal, and restores its settings in any case. A signal has its usual effect once
 * they are restored. Returns NULL with errno, which is EINTR where the process goes on after a
 * signal. */
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
  /* A signal gets through during the wait only. */
  prompt_signal = 0;
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
  if (prompt_signal != 0)
    raise (prompt_signal);
  errno = failure;
  return answer;
}

/* Asks on the terminal itself: standard input may be the data. */
static char *
prompt (const char *jid, GError **error)
{
  g_autofree char *shown = tool_text_make_printable (jid);
  g_autofree char *question = g_strdup_printf (_ ("Password of %s: "), shown);
  char            *password;
  int              fd = open ("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
  int              failure;

  if (fd < 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                   _ ("No password for “%s”: use --password-file or IBB_PASSWORD"), jid);
      return NULL;
    }
  do
    {
      password = ask_without_echo (fd, question);
      failure = errno;
    }
  while (password == NULL && failure == EINTR);
  close (fd);
  if (password == NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, _ ("No password for “%s” was typed"), jid);
  return password;
}

static char *
read_password_file (const char *path, GError **error)
{
  int              fd = open (path, O_RDONLY | O_CLOEXEC);
  int              failure = fd < 0 ? errno : 0;
  g_autofree char *password = NULL;
  struct stat      info;

  errno = 0;
  if (fd >= 0)
    {
      password = read_line (fd);
      failure = errno;
    }
  if (fd >= 0 && fstat (fd, &info) == 0 && S_ISREG (info.st_mode) && (info.st_mode & S_IROTH) != 0)
    tool_output_note (_ ("Everybody on this machine can read the password file “%s”: chmod 600 %s"),
                      path, path);
  if (fd >= 0)
    close (fd);
  if (password == NULL && failure == EBADMSG)
    g_set_error (
        error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
        _ ("The first line of “%s” is not a valid password: it has a NUL or more than %d bytes"),
        path, PASSWORD_MAX);
  else if (fd < 0 || (password == NULL && failure != 0))
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

/* Removes the password from the environment, where programs of the same user could read it for as
 * long as the command runs. NULL if it is not there. */
static char *
take_from_environment (void)
{
  char *value = getenv ("IBB_PASSWORD");
  char *password;

  if (value == NULL || *value == '\0')
    return NULL;
  password = g_strdup (value);
  explicit_bzero (value, strlen (value));
  return password;
}

/* Gets the password from the file, the environment or a person, in this order. No option has it:
 * everybody on the machine can read the command line. */
static char *
get_password (const ToolOptions *options, GError **error)
{
  char *password;

  if (options->password_file != NULL)
    return read_password_file (options->password_file, error);
  password = take_from_environment ();
  if (password != NULL || options->certificate_file != NULL)
    return password;
  return prompt (options->jid, error);
}

static GTlsDatabase *
read_ca_file (const char *path, GError **error)
{
  /* GTlsFileDatabase takes absolute paths only. */
  g_autofree char *absolute = g_canonicalize_filename (path, NULL);
  GTlsDatabase    *database = g_tls_file_database_new (absolute, error);

  if (database == NULL)
    g_prefix_error (error, _ ("Cannot read the certificates “%s”: "), path);
  return database;
}

static GTlsCertificate *
read_certificate (const ToolOptions *options, GError **error)
{
  const char                 *key_file = options->key_file;
  g_autoptr (GTlsCertificate) certificate = NULL;

  if (key_file == NULL)
    key_file = options->certificate_file;
  certificate = g_tls_certificate_new_from_files (options->certificate_file, key_file, error);
  if (certificate == NULL)
    {
      g_prefix_error (error, _ ("Cannot read the certificate “%s” and its key “%s”: "),
                      options->certificate_file, key_file);
      return NULL;
    }
  return g_steal_pointer (&certificate);
}

gboolean
tool_account_prepare (ToolAccount *self, const ToolOptions *options, GError **error)
{
  g_autoptr (GError) local_error = NULL;

  if (options->ca_file != NULL)
    {
      self->tls_database = read_ca_file (options->ca_file, error);
      if (self->tls_database == NULL)
        return FALSE;
    }
  if (options->certificate_file != NULL)
    {
      self->certificate = read_certificate (options, error);
      if (self->certificate == NULL)
        return FALSE;
    }
  self->password = get_password (options, &local_error);
  if (local_error == NULL)
    return TRUE;

  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

void
tool_account_clear (ToolAccount *self)
{
  g_clear_pointer (&self->password, free_password);
  g_clear_object (&self->tls_database);
  g_clear_object (&self->certificate);
}

static gboolean
accept_certificate_cb (IBBClient           *client,
                       GTlsCertificate     *certificate,
                       GTlsCertificateFlags errors,
                       gpointer             data)
{
  const ToolOptions     *options = data;
  g_autoptr (GByteArray) der = NULL;
  g_autofree char       *fingerprint = NULL;

  g_object_get (certificate, "certificate", &der, NULL);
  fingerprint = g_compute_checksum_for_data (G_CHECKSUM_SHA256, der->data, der->len);
  return g_str_equal (fingerprint, options->fingerprint);
}

/* A client that can log in as jid. options must outlive it. */
IBBClient *
tool_account_new_client (const ToolAccount *self, const ToolOptions *options, const char *jid)
{
  IBBClient *client = ibb_client_new (jid);

  ibb_client_set_password (client, self->password);
  ibb_client_set_tls_mode (client, options->tls_mode);
  ibb_client_set_websocket_mode (client, options->websocket_mode);
  ibb_client_set_websocket_uri (client, options->websocket_uri);
  ibb_client_set_password_policy (client, options->no_plain ? IBB_PASSWORD_POLICY_HASHED
                                          : options->allow_plain_text
                                              ? IBB_PASSWORD_POLICY_READABLE
                                              : IBB_PASSWORD_POLICY_ENCRYPTED);
  ibb_client_set_resumable (client, options->resume_timeout > 0);
  if (options->host != NULL)
    {
      ibb_xmpp_connection_set_host (IBB_XMPP_CONNECTION (client), options->host);
      ibb_xmpp_connection_set_port (IBB_XMPP_CONNECTION (client), options->port);
    }
  if (options->proxy != NULL)
    {
      g_autoptr (GProxyResolver) resolver = g_simple_proxy_resolver_new (options->proxy, NULL);

      ibb_client_set_proxy_resolver (client, resolver);
    }
  if (self->tls_database != NULL)
    ibb_client_set_tls_database (client, self->tls_database);
  if (self->certificate != NULL)
    ibb_client_set_certificate (client, self->certificate);
  if (options->fingerprint != NULL)
    g_signal_connect (client, "accept-certificate", G_CALLBACK (accept_certificate_cb),
                      (gpointer) options);
  return client;
}
