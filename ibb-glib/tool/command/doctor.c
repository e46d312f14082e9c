/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* ibb doctor: what is between an account and its peer, step by step. */

#include "config.h"

#include "tool/account/login.h"
#include "tool/account/run.h"
#include "tool/command/commands.h"
#include "tool/session/probe.h"
#include "tool/session/server.h"
#include "tool/session/throttle.h"
#include "tool/words/event.h"
#include "tool/words/jid.h"
#include "tool/words/output.h"
#include "tool/words/text.h"

#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

#define TEXT_COLUMN 19       /* of the table: behind the verdict and the step */
#define STEP_TIMEOUT 30      /* s */
#define EXPIRY_WARNING 14    /* days */
#define ROUND_TRIP_SLOW 1000 /* ms */
#define SMALL_STANZA 16384   /* bytes: blocks would be shorter than the default of 8192 */

#define IBB_NAMESPACE "http://jabber.org/protocol/ibb"
#define JINGLE_FILES_NAMESPACE "urn:xmpp:jingle:apps:file-transfer:5"
#define SI_FILES_NAMESPACE "http://jabber.org/protocol/si/profile/file-transfer"

typedef enum
{
  VERDICT_OK,
  VERDICT_WARN,
  VERDICT_FAIL,
  VERDICT_SKIP,
} Verdict;

typedef struct
{
  char          *peer;   /* (nullable): with a resource */
  char          *bare;   /* of the account */
  char          *domain; /* of the account, as DNS has it */
  ToolAccount   *account;
  IBBXmppClient *client; /* (owned): until it logs in, the settings of the account */
  ToolRun       *run;
  gboolean       failed;

  /* of the login, as far as it has come */
  gboolean         waits_for_keyring;
  gboolean         lacks_password;
  char            *found;       /* (nullable): how */
  char            *place;       /* (nullable): where the server was reached */
  gboolean         is_answered; /* with the ways to log in */
  GTlsCertificate *certificate; /* (owned) (nullable): of the server, by then */
} Doctor;

/* Prints the outcome of a step. advice (nullable): what to change. */
static void
tell (Doctor *self, const char *step, Verdict verdict, const char *text, const char *advice)
{
  static const char *const names[] = { "ok", "warn", "fail", "skip" };

  if (verdict == VERDICT_FAIL)
    self->failed = TRUE;
  if (tool_output_is_json ())
    {
      g_autoptr (GString) event = tool_event_new ("check");

      tool_event_string (event, "step", step);
      tool_event_string (event, "verdict", names[verdict]);
      tool_event_string (event, "message", text);
      if (advice != NULL)
        tool_event_string (event, "advice", advice);
      tool_event_emit (event);
    }
  else
    {
      g_autofree char    *line = tool_text_make_printable (text);
      guint               columns = tool_output_get_width (STDOUT_FILENO);
      guint               width = columns > 0 ? columns - 1 : G_MAXUINT;
      g_autoptr (GString) row = g_string_new (NULL);

      g_string_append_printf (row, "%-4s  %-11s  ", names[verdict], step);
      tool_text_append_wrapped (row, line, TEXT_COLUMN, TEXT_COLUMN, width);
      if (advice != NULL)
        {
          g_string_append_printf (row, "%*s→ ", TEXT_COLUMN, "");
          tool_text_append_wrapped (row, advice, TEXT_COLUMN + 2, TEXT_COLUMN + 2, width);
        }
      g_print ("%s", row->str);
    }
}

static void
skip (Doctor *self, const char *step, const char *reason)
{
  tell (self, step, VERDICT_SKIP, reason, NULL);
}

/* Takes error. */
static void
tell_error (Doctor *self, const char *step, GError *error, const char *advice)
{
  tell (self, step, VERDICT_FAIL, error->message, advice);
  g_error_free (error);
}

/* The login, step by step */

/* In the thread of the login. After a question, and at another server, the steps begin again. */
static void
step_cb (IBBXmppClient   *client,
         IBBXmppLoginStep step,
         const char      *text,
         GTlsCertificate *certificate,
         Doctor          *self)
{
  self->waits_for_keyring = step == IBB_XMPP_LOGIN_STEP_KEYRING;
  self->is_answered = step == IBB_XMPP_LOGIN_STEP_AUTHENTICATE;
  g_set_object (&self->certificate, certificate);
  if (self->is_answered)
    return;
  g_clear_pointer (&self->place, g_free);
  if (step == IBB_XMPP_LOGIN_STEP_NEGOTIATE)
    {
      self->place = g_strdup (text);
      return;
    }
  g_free (self->found);
  self->found = g_strdup (text);
}

static gboolean
log_in (Doctor *self, GError **error)
{
  GCancellable *cancellable = tool_run_get_cancellable (self->run);

  tool_account_begin_login (self->account, self->run, self->client);
  if (ibb_xmpp_client_login (self->client, cancellable, error))
    return TRUE;
  self->lacks_password = tool_account_go_without_password (self->account, self->client);
  if (!self->lacks_password)
    return FALSE;
  g_clear_error (error);
  tool_account_begin_login (self->account, self->run, self->client);
  return ibb_xmpp_client_login (self->client, cancellable, error);
}

/* error (nullable): of the login. FALSE: it has to do with the way to the server. */
static gboolean
tell_way (Doctor *self, const GError *error)
{
  if (error != NULL && self->found == NULL && !self->waits_for_keyring &&
      (error->domain == G_RESOLVER_ERROR || error->domain == G_IO_ERROR))
    {
      tell (self, "dns", VERDICT_FAIL, error->message,
            _ ("Check the spelling of the domain, and the network; --server names a host where "
               "DNS does not."));
      skip (self, "connection", _ ("not tried, as the server was not found"));
      return FALSE;
    }
  if (self->found == NULL)
    {
      skip (self, "dns", _ ("not tried: see login"));
      skip (self, "connection", _ ("not tried: see login"));
      return TRUE;
    }
  tell (self, "dns", VERDICT_OK, self->found, NULL);
  if (self->place == NULL)
    {
      tell (self, "connection", VERDICT_FAIL, error->message,
            _ ("Is the server running? Where a firewall lets only the web out, try --websocket "
               "fallback."));
      return FALSE;
    }
  tell (self, "connection", VERDICT_OK, self->place, NULL);
  return TRUE;
}

static void
tell_certificate (Doctor *self)
{
  const ToolOptions    *options = tool_run_get_options (self->run);
  GTlsCertificate      *certificate = self->certificate;
  g_autoptr (GDateTime) expiry = NULL;
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char      *issuer = NULL;
  g_autofree char      *until = NULL;
  g_autofree char      *fingerprint = NULL;
  g_autofree char      *text = NULL;

  if (certificate == NULL)
    {
      tell (self, "certificate", VERDICT_WARN, _ ("none: the connection is not encrypted"),
            _ ("Leave out --tls none."));
      return;
    }
  fingerprint = ibb_xmpp_known_certificates_dup_fingerprint (certificate);
  issuer = g_tls_certificate_get_issuer_name (certificate);
  expiry = g_tls_certificate_get_not_valid_after (certificate);
  until = expiry != NULL ? g_date_time_format (expiry, "%F") : g_strdup ("?");
  /* Translators: who signed a certificate, the last day that it is valid, its SHA-256 fingerprint
   */
  text = g_strdup_printf (_ ("signed by “%s”, valid until %s, SHA-256 %s"),
                          issuer != NULL ? issuer : "?", until, fingerprint);
  if (expiry != NULL && g_date_time_compare (expiry, now) < 0)
    tell (self, "certificate", VERDICT_WARN, text,
          _ ("It has expired: tell the administrator of the server."));
  else if (expiry != NULL &&
           g_date_time_difference (expiry, now) < EXPIRY_WARNING * G_TIME_SPAN_DAY)
    tell (self, "certificate", VERDICT_WARN, text,
          _ ("It ends soon: tell the administrator of the server."));
  else if (options->fingerprint != NULL)
    tell (self, "certificate", VERDICT_OK, text, _ ("Trusted by --fingerprint."));
  else
    tell (self, "certificate", VERDICT_OK, text, NULL);
}

static void
tell_login (Doctor *self)
{
  g_autofree char *local_jid = ibb_connection_dup_local_jid (IBB_CONNECTION (self->client));
  g_autofree char *mechanism = ibb_xmpp_client_dup_mechanism (self->client);
  g_autofree char *text = NULL;

  if (local_jid == NULL || mechanism == NULL)
    {
      /* The next steps fail. */
      text = g_strdup_printf (_ ("as %s; the connection was lost at once"), self->bare);
      tell (self, "login", VERDICT_OK, text, NULL);
      return;
    }
  if (g_str_has_suffix (mechanism, "-PLUS"))
    /* Translators: an address, and the name of a way to log in */
    text = g_strdup_printf (_ ("as %s by %s, bound to the TLS channel"), local_jid, mechanism);
  else
    /* Translators: an address, and the name of a way to log in */
    text = g_strdup_printf (_ ("as %s by %s, not bound to the TLS channel"), local_jid, mechanism);
  if (g_str_equal (mechanism, "PLAIN"))
    tell (self, "login", VERDICT_WARN, text,
          _ ("The server sees the password: its administrator can store it hashed and offer "
             "SCRAM."));
  else
    tell (self, "login", VERDICT_OK, text, NULL);
}

static const char *
get_certificate_advice (Doctor *self)
{
  if (tool_run_get_options (self->run)->fingerprint != NULL)
    return _ ("Ask the owner of the server whether the certificate is new, then change "
              "--fingerprint.");
  if (tool_account_needs_authority (self->account))
    return _ ("No authority that is trusted here has signed it: verify it, then use --fingerprint "
              "or --ca-file.");
  if (tool_account_has_expired (self->account))
    return _ ("Ask the administrator to renew it, or verify it and use --fingerprint.");
  return _ ("Tell the administrator of the server, or verify it and use --fingerprint.");
}

static const char *
get_login_advice (const GError *error)
{
  if (g_error_matches (error, IBB_ERROR, IBB_ERROR_AUTHENTICATION))
    return _ ("Check --jid and the password.");
  if (g_error_matches (error, IBB_ERROR, IBB_ERROR_ITEM_NOT_FOUND) ||
      g_error_matches (error, IBB_ERROR, IBB_ERROR_PROTOCOL))
    return _ ("Is this the XMPP server of the domain? Check --jid and --server.");
  if (g_error_matches (error, G_TLS_ERROR, G_TLS_ERROR_UNAVAILABLE))
    return _ ("Leave out --tls none, or ask the administrator of the server to offer TLS.");
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    return _ ("The network or the server is slow or busy.");
  return _ ("The administrator of the server can look for the reason in its log, and check "
            "its certificate and its key.");
}

/* Takes error. */
static void
tell_refused_login (Doctor *self, GError *error)
{
  if (g_error_matches (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE))
    {
      tell_error (self, "certificate", error, get_certificate_advice (self));
      skip (self, "login", _ ("not tried, as the certificate is not trusted"));
      return;
    }
  if (self->is_answered)
    tell_certificate (self);
  else
    skip (self, "certificate", _ ("not seen before the login ended"));
  if (g_error_matches (error, IBB_ERROR, IBB_ERROR_AUTHENTICATION) && self->lacks_password)
    {
      g_autofree char *text = g_strdup (error->message);

      tool_account_explain_password (self->account, &error);
      tell (self, "login", VERDICT_SKIP, text, error->message);
      g_error_free (error);
    }
  else
    tell_error (self, "login", error, get_login_advice (error));
}

static gboolean
check_login (Doctor *self)
{
  GError  *error = NULL;
  gboolean is_online;

  /* Presence of the peer comes only to those who send theirs. */
  ibb_xmpp_client_set_send_presence (self->client, self->peer != NULL);
  is_online = log_in (self, &error);
  if (!tell_way (self, error))
    {
      skip (self, "certificate", _ ("not seen, as there is no connection"));
      skip (self, "login", _ ("not tried, as there is no connection"));
      g_error_free (error);
    }
  else if (!is_online)
    tell_refused_login (self, error);
  else
    {
      tell_certificate (self);
      tell_login (self);
    }
  return is_online;
}

/* The server */

static void
check_resumption (Doctor *self)
{
  if (ibb_connection_confirms (IBB_CONNECTION (self->client)))
    tell (self, "resumption", VERDICT_OK, _ ("a broken connection is resumed (XEP-0198)"), NULL);
  else
    tell (self, "resumption", VERDICT_WARN,
          _ ("the server does not resume broken connections (XEP-0198)"),
          _ ("Its administrator can enable “smacks” (Prosody) or “mod_stream_mgmt” (ejabberd)."));
}

static void
check_limits (Doctor *self)
{
  guint            limit = ibb_connection_get_stanza_limit (IBB_CONNECTION (self->client));
  g_autofree char *text = NULL;

  if (limit == 0)
    {
      tell (self, "limits", VERDICT_OK, _ ("the server announces none (XEP-0478)"), NULL);
      return;
    }
  text = g_strdup_printf (ngettext ("the server takes stanzas of %u byte (XEP-0478)",
                                    "the server takes stanzas of %u bytes (XEP-0478)", limit),
                          limit);
  if (limit < SMALL_STANZA)
    tell (self, "limits", VERDICT_WARN, text,
          _ ("Small blocks are slow: its administrator can raise the limit."));
  else
    tell (self, "limits", VERDICT_OK, text, NULL);
}

static void
check_software (Doctor *self)
{
  g_autofree char *software = tool_server_dup_software (IBB_CONNECTION (self->client), self->domain,
                                                        tool_run_get_cancellable (self->run));

  tell (self, "software", VERDICT_OK,
        software != NULL ? software : _ ("the server does not tell what it runs"), NULL);
}

static void
check_round_trip (Doctor *self)
{
  g_autofree char *text = NULL;
  GError          *error = NULL;
  gint64 best = tool_server_measure_round_trip (IBB_CONNECTION (self->client), self->domain,
                                                tool_run_get_cancellable (self->run), &error);

  if (best < 0)
    {
      tell_error (self, "round-trip", error, NULL);
      return;
    }
  /* Translators: a number of milliseconds */
  text = g_strdup_printf (_ ("the server answers in %.1f ms"), (double) best / 1000);
  if (best > ROUND_TRIP_SLOW * 1000)
    tell (self, "round-trip", VERDICT_WARN, text, _ ("The network or the server is slow or busy."));
  else
    tell (self, "round-trip", VERDICT_OK, text, NULL);
}

static void
check_rate (Doctor *self)
{
  g_autoptr (IBBXmppClient) second = NULL;
  g_autofree char          *rate_text = NULL;
  g_autofree char          *text = NULL;
  GError                   *error = NULL;
  guint64                   rate = 0;

  second = tool_account_new_client (self->account, self->bare);
  ibb_xmpp_client_set_send_presence (second, FALSE);
  tool_account_begin_login (self->account, self->run, second);
  if (ibb_xmpp_client_login (second, tool_run_get_cancellable (self->run), &error))
    {
      tool_run_begin_phase (self->run, _ ("measuring"), STEP_TIMEOUT);
      tool_probe_rate (self->run, self->client, second, &rate, &error);
    }
  if (error != NULL)
    {
      tell_error (self, "rate", error, NULL);
      return;
    }
  ibb_xmpp_client_logout (second, NULL, NULL);
  rate_text = tool_text_format_rate (rate, 1);
  /* Translators: a number of bytes per second */
  text =
      g_strdup_printf (_ ("%s between two programs of the account, through the server"), rate_text);
  if (rate < TOOL_THROTTLE_RATE)
    tell (self, "rate", VERDICT_WARN, text, TOOL_SERVER_CLIENTS_ADVICE);
  else
    tell (self, "rate", VERDICT_OK, text, NULL);
}

/* The peer */

static void
tell_absent (Doctor *self, const GError *reason)
{
  g_autofree char *text = tool_jid_explain_absence (self->client, self->peer);
  g_autofree char *domain = NULL;

  if (text != NULL)
    {
      tell (self, "peer", VERDICT_FAIL, text,
            _ ("Name one of these resources, or start “ibb receive” there."));
      return;
    }
  if (g_error_matches (reason, IBB_ERROR, IBB_ERROR_REMOTE_SERVER_NOT_FOUND) ||
      g_error_matches (reason, IBB_ERROR, IBB_ERROR_REMOTE_SERVER_TIMEOUT))
    {
      domain = tool_jid_dup_domain (self->peer);
      text = g_strdup_printf (_ ("the server of “%s” cannot be reached"), domain);
      tell (self, "peer", VERDICT_FAIL, text,
            _ ("Check the domain of the address. If it is right, its server is away: try later."));
      return;
    }
  if (reason->domain == IBB_ERROR)
    text = g_strdup_printf (_ ("“%s” is not online"), self->peer);
  tell (self, "peer", VERDICT_FAIL, text != NULL ? text : reason->message,
        _ ("Start “ibb receive” there first. Is the address right?"));
}

static void
check_peer (Doctor *self)
{
  g_autoptr (GError)  error = NULL;
  g_auto (GStrv)      features = NULL;
  g_autoptr (GString) text = g_string_new (self->peer);
  gint64              start = g_get_monotonic_time ();
  double              time;
  gboolean            has_sessions;
  gboolean            has_files;

  if (self->peer == NULL)
    {
      skip (self, "peer", _ ("none was named"));
      return;
    }
  features = ibb_connection_query_features (IBB_CONNECTION (self->client), self->peer,
                                            tool_run_get_cancellable (self->run), &error);
  time = (double) (g_get_monotonic_time () - start) / 1000;
  if (features == NULL)
    {
      tell_absent (self, error);
      return;
    }
  has_sessions = g_strv_contains ((const char *const *) features, IBB_NAMESPACE);
  has_files = g_strv_contains ((const char *const *) features, JINGLE_FILES_NAMESPACE) ||
              g_strv_contains ((const char *const *) features, SI_FILES_NAMESPACE);
  if (has_sessions && has_files)
    /* Translators: an address, and a number of milliseconds */
    g_string_printf (text, _ ("“%s” takes sessions and files, and answers in %.0f ms"), self->peer,
                     time);
  else if (has_sessions)
    g_string_printf (text, _ ("“%s” takes sessions, and answers in %.0f ms"), self->peer, time);
  else if (has_files)
    g_string_printf (text, _ ("“%s” takes files, and answers in %.0f ms"), self->peer, time);
  else
    {
      g_string_printf (text, _ ("“%s” is online, but takes no sessions and no files"), self->peer);
      tell (self, "peer", VERDICT_FAIL, text->str, _ ("Start “ibb receive” there."));
      return;
    }
  tell (self, "peer", VERDICT_OK, text->str, NULL);
}

static gboolean
doctor_run (ToolRun *run, gpointer data, GError **error)
{
  static const char *const later[] = { "resumption", "limits", "software",
                                       "round-trip", "rate",   "peer" };
  Doctor                  *self = data;

  self->run = run;
  self->client = tool_account_new_client (self->account, self->bare);
  g_signal_connect (self->client, "login-step", G_CALLBACK (step_cb), self);
  if (!check_login (self))
    for (gsize i = 0; i < G_N_ELEMENTS (later); i++)
      skip (self, later[i], _ ("not tried, as there was no login"));
  else
    {
      check_resumption (self);
      check_limits (self);
      check_software (self);
      check_round_trip (self);
      check_rate (self);
      check_peer (self);
      ibb_xmpp_client_logout (self->client, tool_run_get_cancellable (run), NULL);
    }
  if (g_cancellable_set_error_if_cancelled (tool_run_get_cancellable (run), error))
    return FALSE;
  if (self->failed)
    g_set_error (error, IBB_ERROR, IBB_ERROR_FAILED,
                 _ ("There is something to change: see the lines with “fail”"));
  return !self->failed;
}

int
tool_doctor (int argc, char **argv)
{
  g_auto (ToolOptions) options = { 0 };
  g_auto (ToolAccount) account = { NULL };
  Doctor               self = { .account = &account };
  int                  status = TOOL_EXIT_FAILED;

  if (!tool_options_parse (
          &options,
          TOOL_OPTIONS_ACCOUNT | TOOL_OPTIONS_PEER | TOOL_OPTIONS_TIMEOUT | TOOL_OPTIONS_JSON, NULL,
          _ ("[PEER]"), _ ("Looks for what stands between an account and a peer, step by step."),
          _ ("Each line has a verdict: ok, warn, fail or skip, and where something can be changed, "
             "what. To measure the rate, the account logs in a second time. With PEER, the "
             "contacts of the account see it online meanwhile."),
          &argc, &argv))
    return TOOL_EXIT_USAGE;
  if (argc > 2)
    return tool_output_usage_error ("doctor", _ ("too many arguments"));
  if (argc == 2)
    {
      self.peer = tool_options_parse_peer ("doctor", argv[1]);
      if (self.peer == NULL)
        return TOOL_EXIT_USAGE;
    }
  self.bare = tool_jid_dup_bare (options.jid);
  self.domain = tool_jid_dup_domain (self.bare);
  if (tool_account_prepare (&account, &options))
    status = tool_run (&options, doctor_run, &self);

  g_clear_object (&self.client);
  g_free (self.found);
  g_free (self.place);
  g_clear_object (&self.certificate);
  g_free (self.peer);
  g_free (self.bare);
  g_free (self.domain);
  return status;
}
