/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/account/account.h"
#include "tool/words/output.h"
#include "tool/words/report.h"
#include "tool/words/terminal.h"
#include "tool/words/text.h"

#include <glib/gi18n.h>
#include <stdlib.h>
#include <string.h>

#define LOGIN_TIMEOUT 30 /* s */

static void
free_password (char *password)
{
  if (password == NULL)
    return;
  explicit_bzero (password, strlen (password));
  g_free (password);
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
ask_for_password (ToolAccount *self, IBBXmppPasswordQuestion *question, GError **error)
{
  const char        *jid = ibb_xmpp_password_question_get_jid (question);
  g_autoptr (GError) keyring_error = ibb_xmpp_password_question_dup_keyring_error (question);
  g_autoptr (GError) local_error = NULL;
  g_autofree char   *shown = tool_text_make_printable (jid);
  g_autofree char   *reason =
      keyring_error != NULL ? tool_text_make_printable (keyring_error->message) : NULL;
  g_autofree char *text = reason != NULL
                              ? g_strdup_printf (_ ("%s.\nPassword of %s: "), reason, shown)
                              : g_strdup_printf (_ ("Password of %s: "), shown);
  char            *password =
      tool_terminal_ask (text, FALSE, tool_run_get_cancellable (self->run), &local_error);

  if (password == NULL && g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                 _ ("No password for “%s”: use --password-file, IBB_PASSWORD, or the key "
                    "password-file in the file of accounts"),
                 jid);
  else if (password == NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, _ ("No password for “%s” was typed"), jid);
  if (password == NULL && reason != NULL)
    g_prefix_error (error, "%s. ", reason);
  return password;
}

/* Takes the password from the file or the environment, in this order. No option has it: everybody
 * on the machine can read the command line. If it is missing, the login asks for it. */
static gboolean
take_password (ToolAccount *self, const ToolOptions *options, GError **error)
{
  char *password = take_from_environment ();

  if (password != NULL && options->password_file == NULL)
    ibb_xmpp_client_set_password (self->client, password);
  free_password (password);
  return options->password_file == NULL ||
         ibb_xmpp_client_load_password (self->client, options->password_file, error);
}

/* What an option names counts more than the file of accounts, and than a certificate that was
 * accepted before. */
static gboolean
apply (IBBXmppClient *client, const ToolOptions *options, GError **error)
{
  const struct
  {
    const char *key;
    const char *text; /* (nullable): was checked with the options */
  } settings[] = {
    { "server", options->server },
    { "tls", options->tls },
    { "proxy", options->proxy },
    { "websocket", options->websocket },
    { "password-policy", options->password_policy },
  };

  if (options->ca_file != NULL &&
      !ibb_xmpp_client_load_authorities (client, options->ca_file, error))
    return FALSE;
  if (options->certificate_file != NULL &&
      !ibb_xmpp_client_load_certificate (client, options->certificate_file, options->key_file,
                                         error))
    return FALSE;
  ibb_xmpp_client_set_fingerprint (client, options->fingerprint);
  ibb_xmpp_client_set_resumable (client, options->resume_timeout > 0);
  for (gsize i = 0; i < G_N_ELEMENTS (settings); i++)
    if (settings[i].text != NULL)
      ibb_xmpp_client_parse_setting (client, settings[i].key, settings[i].text);
  return TRUE;
}

static IBBXmppClient *
create_client (const ToolOptions *options)
{
  g_autoptr (IBBXmppKnownCertificates) known = NULL;
  IBBXmppClient                       *client;

  if (options->client != NULL)
    return ibb_xmpp_client_new_like (options->client, options->jid);
  known = ibb_xmpp_known_certificates_new (NULL);
  client = ibb_xmpp_client_new (options->jid);
  ibb_xmpp_client_set_known_certificates (client, known);
  return client;
}

gboolean
tool_account_prepare (ToolAccount *self, const ToolOptions *options)
{
  g_autoptr (GError) error = NULL;

  self->client = create_client (options);
  if (apply (self->client, options, &error) && take_password (self, options, &error))
    return TRUE;
  tool_report_error (error);
  return FALSE;
}

void
tool_account_clear (ToolAccount *self)
{
  g_clear_pointer (&self->password, free_password);
  g_clear_object (&self->client);
  g_clear_error (&self->no_password);
}

void
tool_account_begin_login (ToolAccount *self, ToolRun *run, IBBXmppClient *client)
{
  g_autofree char *phase =
      g_strdup_printf (_ ("logging in as “%s”"), ibb_xmpp_client_get_jid (client));

  self->run = run;
  tool_run_begin_phase (run, phase, LOGIN_TIMEOUT);
}

/* Nobody is asked about a certificate that has changed: as with ssh, the user has to remove the
 * old one, and to think about the reason meanwhile. */
static void
ask_for_trust (ToolAccount *self, IBBXmppTrustQuestion *question)
{
  g_autoptr (IBBXmppKnownCertificates) known =
      ibb_xmpp_client_dup_known_certificates (self->client);
  g_autofree char *shown = tool_text_make_printable (ibb_xmpp_trust_question_get_name (question));
  g_autofree char *reason = ibb_xmpp_trust_question_dup_reason (question);
  g_autofree char *text = g_strdup_printf (
      /* Translators: a domain, what is wrong with its certificate, its fingerprint, a question */
      _ ("The certificate of %s cannot be verified: %s.\n"
         "SHA-256 %s\n"
         "Its owner can tell you whether these are the right digits.\n"
         "%s (yes/no) "),
      shown, reason, ibb_xmpp_trust_question_get_fingerprint (question),
      known != NULL ? _ ("Trust this certificate from now on?")
                    : _ ("Trust this certificate this time?"));

  tool_run_begin_phase (self->run, _ ("waiting for an answer"), TOOL_RUN_UNLIMITED);
  if (tool_terminal_confirm (text, tool_run_get_cancellable (self->run)))
    ibb_xmpp_trust_question_accept (question, IBB_XMPP_ANSWER_FLAGS_REMEMBER);
}

/* In the thread of the login, as the next one. */
static gboolean
trust_cb (IBBXmppClient *client, IBBXmppTrustQuestion *question, ToolAccount *self)
{
  self->is_changed = ibb_xmpp_trust_question_get_changed (question);
  self->errors = ibb_xmpp_trust_question_get_errors (question);
  if (!self->is_changed)
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

gboolean
tool_account_has_expired (const ToolAccount *self)
{
  return (self->errors & G_TLS_CERTIFICATE_EXPIRED) != 0;
}

GError *
tool_account_explain_certificate (ToolAccount *self, IBBXmppClient *client, const GError *reason)
{
  if (tool_run_get_options (self->run)->fingerprint != NULL)
    return g_error_new (reason->domain, reason->code,
                        /* Translators: %s is a sentence about a certificate that is not trusted */
                        _ ("%s: ask the owner of the server whether the certificate is new, then "
                           "change --fingerprint"),
                        reason->message);
  if (self->is_changed)
    {
      g_autoptr (IBBXmppKnownCertificates) known = ibb_xmpp_client_dup_known_certificates (client);

      return g_error_new (reason->domain, reason->code,
                          /* Translators: a sentence about a certificate, and the name of a file */
                          _ ("%s: ask the owner of the server, then remove the old line from “%s”"),
                          reason->message, ibb_xmpp_known_certificates_get_path (known));
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
password_cb (IBBXmppClient *client, IBBXmppPasswordQuestion *question, ToolAccount *self)
{
  IBBXmppAnswerFlags flags = IBB_XMPP_ANSWER_FLAGS_NONE;

  if (self->password == NULL)
    {
      tool_run_begin_phase (self->run, _ ("waiting for an answer"), TOOL_RUN_UNLIMITED);
      g_clear_error (&self->no_password);
      self->password = ask_for_password (self, question, &self->no_password);
      if (self->password != NULL && ibb_xmpp_password_question_get_can_remember (question) &&
          tool_terminal_confirm (
              _ ("Keep the password in the keyring, if the server accepts it? (yes/no) "),
              tool_run_get_cancellable (self->run)))
        flags = IBB_XMPP_ANSWER_FLAGS_REMEMBER;
    }
  if (self->password != NULL)
    ibb_xmpp_password_question_answer (question, self->password, flags);
  tool_account_begin_login (self, self->run, client);
  return TRUE;
}

/* Where nobody answers the keyring's own question the phase says what was waited for. */
static void
step_cb (IBBXmppClient   *client,
         IBBXmppLoginStep step,
         const char      *text,
         GTlsCertificate *certificate,
         ToolAccount     *self)
{
  g_autofree char *phase = NULL;

  if (step != IBB_XMPP_LOGIN_STEP_KEYRING)
    {
      tool_account_begin_login (self, self->run, client);
      return;
    }
  phase = g_strdup_printf (_ ("waiting for the keyring to give the password of “%s”"),
                           ibb_xmpp_client_get_jid (client));
  tool_run_begin_wait (self->run, phase, LOGIN_TIMEOUT);
}

IBBXmppClient *
tool_account_new_client (ToolAccount *self, const char *jid)
{
  IBBXmppClient *client = ibb_xmpp_client_new_like (self->client, jid);

  g_signal_connect (client, "trust-requested", G_CALLBACK (trust_cb), self);
  g_signal_connect (client, "password-requested", G_CALLBACK (password_cb), self);
  g_signal_connect (client, "login-step", G_CALLBACK (step_cb), self);
  return client;
}

gboolean
tool_account_go_without_password (ToolAccount *self, IBBXmppClient *client)
{
  if (self->no_password == NULL)
    return FALSE;
  ibb_xmpp_client_set_keyring (client, FALSE);
  g_signal_handlers_disconnect_by_func (client, password_cb, self);
  return TRUE;
}
