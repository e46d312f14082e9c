/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "account.h"
#include "output.h"
#include "terminal.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOGIN_TIMEOUT 30 /* s */

static void
free_password (char *password)
{
  if (password == NULL)
    return;
  explicit_bzero (password, strlen (password));
  g_free (password);
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
      password = tool_terminal_read_line (fd);
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
        path, TOOL_LINE_MAX);
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

static char *
ask_for_password (const char *jid, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autofree char   *shown = tool_text_make_printable (jid);
  g_autofree char   *question = g_strdup_printf (_ ("Password of %s: "), shown);
  char              *password = tool_terminal_ask (question, FALSE, NULL, &local_error);

  if (password == NULL && g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                 _ ("No password for “%s”: use --password-file, IBB_PASSWORD, or the key "
                    "password-file in the file of accounts"),
                 jid);
  else if (password == NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, _ ("No password for “%s” was typed"), jid);
  return password;
}

/* Gets the password from the file, the environment or a person, in this order. No option has it:
 * everybody on the machine can read the command line. NULL without an error: a certificate is
 * enough, or the account names another source. */
static char *
get_password (const ToolOptions *options, GError **error)
{
  char *password;

  if (options->password_file != NULL)
    return read_password_file (options->password_file, error);
  password = take_from_environment ();
  if (password != NULL || options->certificate_file != NULL || options->account != NULL)
    return password;
  return ask_for_password (options->jid, error);
}

static GTlsDatabase *
read_ca_file (const char *path, GError **error)
{
  /* GTlsFileDatabase takes absolute paths only. */
  g_autofree char   *absolute = g_canonicalize_filename (path, NULL);
  g_autoptr (GError) reason = NULL;
  GTlsDatabase      *database = g_tls_file_database_new (absolute, &reason);

  if (database == NULL)
    g_set_error (error, reason->domain, reason->code,
                 _ ("Cannot read certificates from “%s”: name a file that has them in PEM, and "
                    "that this user can read"),
                 path);
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
      g_prefix_error (error, /* Translators: a reason follows */
                      _ ("Cannot read the certificate “%s” and its key “%s”: "),
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
  g_clear_error (&self->no_password);
}

void
tool_account_begin_login (ToolAccount *self, ToolRun *run, IBBClient *client)
{
  g_autofree char *phase = g_strdup_printf (_ ("logging in as “%s”"), ibb_client_get_jid (client));

  self->run = run;
  tool_run_begin_phase (run, phase, LOGIN_TIMEOUT);
}

/* Nobody is asked about a certificate that has changed: as with ssh, the user has to remove the
 * old one, and to think about the reason meanwhile. */
static void
ask_for_trust (ToolAccount *self, IBBTrustQuestion *question)
{
  g_autofree char *shown = tool_text_make_printable (ibb_trust_question_get_name (question));
  g_autofree char *text =
      g_strdup_printf (_ ("No trusted authority has signed the certificate of %s.\n"
                          "SHA-256 %s\n"
                          "Its owner can tell you whether these are the right digits.\n"
                          "Trust this certificate from now on? (yes/no) "),
                       shown, ibb_trust_question_get_fingerprint (question));

  tool_run_begin_phase (self->run, _ ("waiting for an answer"), TOOL_RUN_UNLIMITED);
  if (tool_terminal_confirm (text, NULL))
    ibb_trust_question_accept (question, TRUE);
}

/* In the thread of the login, as the next one. */
static gboolean
trust_cb (IBBClient *client, IBBTrustQuestion *question, ToolAccount *self)
{
  const char *fingerprint = tool_run_get_options (self->run)->fingerprint;

  self->is_changed = ibb_trust_question_get_changed (question);
  self->errors = ibb_trust_question_get_errors (question);
  if (g_strcmp0 (ibb_trust_question_get_fingerprint (question), fingerprint) == 0)
    ibb_trust_question_accept (question, FALSE);
  else if (fingerprint == NULL && !self->is_changed)
    ask_for_trust (self, question);
  tool_account_begin_login (self, self->run, client);
  return TRUE;
}

void
tool_account_explain_password (const ToolAccount *self, GError **error)
{
  if (self->no_password == NULL)
    return;
  g_error_free (*error);
  *error = g_error_copy (self->no_password);
}

gboolean
tool_account_needs_authority (const ToolAccount *self)
{
  return self->errors == G_TLS_CERTIFICATE_UNKNOWN_CA;
}

GError *
tool_account_explain_certificate (ToolAccount *self, IBBClient *client, const GError *reason)
{
  if (tool_run_get_options (self->run)->fingerprint != NULL)
    return g_error_new (reason->domain, reason->code,
                        /* Translators: %s is a sentence about a certificate that is not trusted */
                        _ ("%s: it is another certificate than --fingerprint names, so ask the "
                           "owner of the server whether it is a new one"),
                        reason->message);
  if (self->is_changed)
    {
      g_autoptr (IBBKnownCertificates) known = ibb_client_dup_known_certificates (client);

      return g_error_new (reason->domain, reason->code,
                          /* Translators: a sentence about a certificate, and the name of a file */
                          _ ("%s: ask the owner of the server, then remove the old line from “%s”"),
                          reason->message, ibb_known_certificates_get_path (known));
    }
  if (tool_account_needs_authority (self))
    return g_error_new (reason->domain, reason->code,
                        /* Translators: %s is a sentence about a certificate that is not trusted */
                        _ ("%s: verify it, then use --fingerprint or --ca-file"), reason->message);
  return g_error_new (reason->domain, reason->code,
                      /* Translators: %s is a sentence about a certificate that is not trusted */
                      _ ("%s: tell the administrator of the server, or verify it and use "
                         "--fingerprint"),
                      reason->message);
}

static gboolean
password_cb (IBBClient *client, IBBPasswordQuestion *question, ToolAccount *self)
{
  gboolean remember = FALSE;

  if (self->password == NULL)
    {
      tool_run_begin_phase (self->run, _ ("waiting for an answer"), TOOL_RUN_UNLIMITED);
      g_clear_error (&self->no_password);
      self->password =
          ask_for_password (ibb_password_question_get_jid (question), &self->no_password);
      remember =
          self->password != NULL && ibb_password_question_get_can_remember (question) &&
          tool_terminal_confirm (
              _ ("Keep the password in the keyring, if the server accepts it? (yes/no) "), NULL);
    }
  if (self->password != NULL)
    ibb_password_question_answer (question, self->password, remember);
  tool_account_begin_login (self, self->run, client);
  return TRUE;
}

IBBClient *
tool_account_new_client (ToolAccount *self, const ToolOptions *options, const char *jid)
{
  IBBXmppConnection *connection;
  IBBClient         *client;

  if (options->account != NULL)
    {
      const char *slash = strchr (jid, '/');

      /* It was there when the options were read. */
      client = ibb_client_new_from_account (options->account, slash != NULL ? slash + 1 : "", NULL);
      if (client == NULL)
        client = ibb_client_new (jid);
    }
  else
    {
      g_autoptr (IBBKnownCertificates) known = ibb_known_certificates_new (NULL);

      client = ibb_client_new (jid);
      ibb_client_set_known_certificates (client, known);
    }

  /* What an option names counts more than the file of accounts, and than a certificate that was
   * accepted before. */
  connection = IBB_XMPP_CONNECTION (client);
  if (options->fingerprint != NULL)
    ibb_client_set_known_certificates (client, NULL);
  if (self->password != NULL)
    ibb_client_set_password (client, self->password);
  if (options->tls_mode != IBB_TLS_MODE_AUTOMATIC)
    ibb_client_set_tls_mode (client, options->tls_mode);
  if (options->websocket_mode != IBB_WEBSOCKET_MODE_NEVER)
    {
      ibb_client_set_websocket_mode (client, options->websocket_mode);
      ibb_client_set_websocket_uri (client, options->websocket_uri);
    }
  if (options->no_plain)
    ibb_client_set_password_policy (client, IBB_PASSWORD_POLICY_HASHED);
  else if (options->allow_plain_text)
    ibb_client_set_password_policy (client, IBB_PASSWORD_POLICY_READABLE);
  ibb_client_set_resumable (client, options->resume_timeout > 0);
  if (options->host != NULL)
    {
      ibb_xmpp_connection_set_host (connection, options->host);
      ibb_xmpp_connection_set_port (connection, options->port);
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
  g_signal_connect (client, "trust-requested", G_CALLBACK (trust_cb), self);
  g_signal_connect (client, "password-requested", G_CALLBACK (password_cb), self);
  return client;
}
