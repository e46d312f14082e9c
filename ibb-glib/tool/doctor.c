/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* ibb doctor: what is between an account and its peer, step by step. */

#include "config.h"

#include "event.h"
#include "jid.h"
#include "login.h"
#include "output.h"
#include "probe.h"
#include "run.h"
#include "text.h"
#include "throttle.h"
#include "tool.h"

#include <glib/gi18n.h>
#include <string.h>

#define DEFAULT_PORT 5222
#define CONNECT_TIMEOUT 10   /* s */
#define STEP_TIMEOUT 30      /* s */
#define QUERY_TIMEOUT 10000  /* ms */
#define EXPIRY_WARNING 14    /* days */
#define ROUND_TRIP_SLOW 1000 /* ms */
#define SMALL_STANZA 16384   /* bytes: blocks would be shorter than the default of 8192 */

#define VERSION_NAMESPACE "jabber:iq:version"
#define PING_NAMESPACE "urn:xmpp:ping"
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
  char        *peer;   /* (nullable): with a resource */
  char        *bare;   /* of the account */
  char        *domain; /* of the account, as DNS has it */
  ToolAccount *account;
  IBBClient   *client; /* (owned): until it logs in, the settings of the account */
  char        *host;   /* (owned) (nullable): where the account says that the server is */
  ToolRun     *run;
  gboolean     failed;
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
      g_autofree char *line = tool_text_make_printable (text);

      g_print ("%-4s  %-11s  %s\n", names[verdict], step, line);
      if (advice != NULL)
        g_print ("%19s→ %s\n", "", advice);
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

/* DNS */

static void
add_targets (Doctor *self, GResolver *resolver, const char *service, GString *found)
{
  GList *targets = g_resolver_lookup_service (resolver, service, "tcp", self->domain,
                                              tool_run_get_cancellable (self->run), NULL);

  for (GList *l = targets; l != NULL; l = l->next)
    {
      GSrvTarget *target = l->data;

      if (found->len > 0)
        g_string_append (found, ", ");
      g_string_append_printf (found, "%s:%u (%s)", g_srv_target_get_hostname (target),
                              g_srv_target_get_port (target), service);
    }
  g_resolver_free_targets (targets);
}

/* Whether a proxy, or the URL of a WebSocket, finds the server in place of DNS. */
static gboolean
goes_round_dns (Doctor *self)
{
  g_autoptr (GProxyResolver) resolver = ibb_client_dup_proxy_resolver (self->client);
  g_autofree char           *websocket = ibb_client_dup_websocket_uri (self->client);
  g_autofree char           *proxy = NULL;

  if (G_IS_SIMPLE_PROXY_RESOLVER (resolver))
    g_object_get (resolver, "default-proxy", &proxy, NULL);
  return websocket != NULL || (proxy != NULL && !g_str_equal (proxy, "direct://"));
}

static gboolean
check_dns (Doctor *self)
{
  g_autoptr (GResolver) resolver = g_resolver_get_default ();
  g_autoptr (GString)   found = g_string_new (NULL);
  g_autoptr (GString)   text = g_string_new (NULL);
  const char           *host = self->host != NULL ? self->host : self->domain;
  GList                *addresses;
  GError               *error = NULL;

  if (goes_round_dns (self))
    {
      skip (self, "dns", _ ("goes by a proxy or a WebSocket: see login"));
      return TRUE;
    }
  tool_run_begin_phase (self->run, _ ("looking up the server"), STEP_TIMEOUT);
  if (self->host == NULL)
    {
      add_targets (self, resolver, "xmpps-client", found);
      add_targets (self, resolver, "xmpp-client", found);
      if (found->len > 0)
        {
          /* Translators: %s is a list of hosts and ports */
          g_string_printf (text, _ ("SRV records: %s"), found->str);
          tell (self, "dns", VERDICT_OK, text->str, NULL);
          return TRUE;
        }
    }
  else if (g_hostname_is_ip_address (host))
    {
      /* Translators: the name of a step comes before this, as before the next ones that begin with
       * a small letter: “ok    dns          not needed for an address” */
      tell (self, "dns", VERDICT_OK, _ ("not needed for an address"), NULL);
      return TRUE;
    }
  addresses =
      g_resolver_lookup_by_name (resolver, host, tool_run_get_cancellable (self->run), &error);
  if (addresses == NULL)
    {
      tell_error (self, "dns", error,
                  _ ("Check the spelling of the domain, and the network; --server names a host "
                     "where DNS does not."));
      return FALSE;
    }
  for (GList *l = addresses; l != NULL; l = l->next)
    {
      g_autofree char *address = g_inet_address_to_string (l->data);

      if (found->len > 0)
        g_string_append (found, ", ");
      g_string_append (found, address);
    }
  g_resolver_free_addresses (addresses);
  if (self->host == NULL)
    /* Translators: a host and a list of addresses */
    g_string_printf (text, _ ("%s is %s; there is no SRV record, so the port is 5222"), host,
                     found->str);
  else
    /* Translators: a host and a list of addresses */
    g_string_printf (text, _ ("%s is %s"), host, found->str);
  tell (self, "dns", VERDICT_OK, text->str, NULL);
  return TRUE;
}

/* The connection */

/* Only of TCP without a proxy; the login tries the rest. */
static gboolean
check_connection (Doctor *self)
{
  guint         port = ibb_xmpp_connection_get_port (IBB_XMPP_CONNECTION (self->client));
  GCancellable *cancellable = tool_run_get_cancellable (self->run);
  g_autoptr (GSocketClient)     client = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection = NULL;
  g_autoptr (GSocketAddress)    address = NULL;
  g_autofree char              *shown = NULL;
  g_autofree char              *text = NULL;
  gint64                        start = g_get_monotonic_time ();
  GError                       *error = NULL;

  if (goes_round_dns (self) ||
      ibb_client_get_websocket_mode (self->client) != IBB_WEBSOCKET_MODE_NEVER)
    {
      skip (self, "connection", _ ("goes by a proxy or a WebSocket: see login"));
      return TRUE;
    }
  tool_run_begin_phase (self->run, _ ("connecting to the server"), STEP_TIMEOUT);
  g_socket_client_set_timeout (client, CONNECT_TIMEOUT);
  g_socket_client_set_enable_proxy (client, FALSE);
  if (self->host != NULL)
    connection = g_socket_client_connect_to_host (
        client, self->host, port != 0 ? (guint16) port : DEFAULT_PORT, cancellable, &error);
  else
    connection = g_socket_client_connect_to_service (client, self->domain, "xmpp-client",
                                                     cancellable, &error);
  if (connection == NULL && self->host == NULL)
    {
      g_clear_error (&error);
      connection =
          g_socket_client_connect_to_host (client, self->domain, DEFAULT_PORT, cancellable, &error);
    }
  if (connection == NULL)
    {
      tell_error (self, "connection", error,
                  _ ("Is the server running? Where a firewall lets only the web out, try "
                     "--websocket fallback."));
      return FALSE;
    }
  address = g_socket_connection_get_remote_address (connection, NULL);
  shown = address != NULL ? g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (address)) : NULL;
  /* Translators: an address, and a number of milliseconds */
  text = g_strdup_printf (_ ("%s answers in %.0f ms"), shown != NULL ? shown : self->domain,
                          (double) (g_get_monotonic_time () - start) / 1000);
  tell (self, "connection", VERDICT_OK, text, NULL);
  return TRUE;
}

/* The login, and what it shows */

static void
tell_certificate (Doctor *self)
{
  const ToolOptions          *options = tool_run_get_options (self->run);
  g_autoptr (GTlsCertificate) certificate = ibb_client_dup_peer_certificate (self->client);
  g_autoptr (GDateTime)       expiry = NULL;
  g_autoptr (GDateTime)       now = g_date_time_new_now_utc ();
  g_autofree char            *issuer = NULL;
  g_autofree char            *until = NULL;
  g_autofree char            *fingerprint = NULL;
  g_autofree char            *text = NULL;

  if (certificate == NULL)
    {
      tell (self, "certificate", VERDICT_WARN, _ ("none: the connection is not encrypted"),
            _ ("Leave out --tls none."));
      return;
    }
  fingerprint = ibb_known_certificates_dup_fingerprint (certificate);
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
  g_autofree char *mechanism = ibb_client_dup_mechanism (self->client);
  g_autofree char *text = NULL;

  if (local_jid == NULL || mechanism == NULL) /* lost already: the next steps say so */
    return;
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

/* Takes error. */
static void
tell_refused_login (Doctor *self, GError *error)
{
  if (g_error_matches (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE))
    {
      tell_error (self, "certificate", error,
                  tool_account_needs_authority (self->account)
                      ? _ ("Ask the administrator to renew it, or verify it and use --fingerprint "
                           "or --ca-file.")
                      : _ ("Ask the administrator to renew it, or verify it and use "
                           "--fingerprint."));
      skip (self, "login", _ ("not tried, as the certificate is not trusted"));
      return;
    }
  skip (self, "certificate", _ ("known only after a login"));
  if (g_error_matches (error, IBB_ERROR, IBB_ERROR_AUTHENTICATION))
    tell_error (self, "login", error, _ ("Check --jid and the password."));
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED) ||
           g_error_matches (error, IBB_ERROR, IBB_ERROR_POLICY_VIOLATION))
    tell_error (self, "login", error,
                _ ("The administrator of the server can look for the reason in its log, and check "
                   "its certificate and its key."));
  else
    tell_error (self, "login", error, NULL);
}

static gboolean
check_login (Doctor *self)
{
  GError *error = NULL;

  tool_account_begin_login (self->account, self->run, self->client);
  /* Presence of the peer comes only to those who send theirs. */
  ibb_client_set_send_presence (self->client, self->peer != NULL);
  if (!ibb_xmpp_connection_login (IBB_XMPP_CONNECTION (self->client),
                                  tool_run_get_cancellable (self->run), &error))
    {
      tool_account_explain_password (self->account, &error);
      tell_refused_login (self, error);
      return FALSE;
    }
  tell_certificate (self);
  tell_login (self);
  return TRUE;
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

static IBBStanza *
query (Doctor *self, const char *to, const char *name, const char *xmlns, GError **error)
{
  g_autofree char *xml =
      g_markup_printf_escaped ("<iq type='get' to='%s'><%s xmlns='%s'/></iq>", to, name, xmlns);
  g_autoptr (IBBStanza) stanza = ibb_stanza_new_from_xml (xml, -1, error);

  if (stanza == NULL)
    return NULL;
  return ibb_connection_query (IBB_CONNECTION (self->client), stanza, QUERY_TIMEOUT,
                               tool_run_get_cancellable (self->run), error);
}

static const char *
get_text (const IBBElement *element, const char *name)
{
  const IBBElement *child = ibb_element_get_child (element, name, VERSION_NAMESPACE);

  return child != NULL ? ibb_element_get_text (child) : "";
}

static void
check_software (Doctor *self)
{
  g_autoptr (GError)     error = NULL;
  g_autoptr (IBBStanza)  answer = query (self, self->domain, "query", VERSION_NAMESPACE, &error);
  g_autoptr (IBBElement) element = answer != NULL ? ibb_stanza_dup_element (answer) : NULL;
  const IBBElement      *version =
      element != NULL ? ibb_element_get_child (element, "query", VERSION_NAMESPACE) : NULL;
  g_autofree char *text = NULL;

  if (version == NULL)
    {
      tell (self, "software", VERDICT_OK, _ ("the server does not tell what it runs"), NULL);
      return;
    }
  text = g_strdup_printf ("%s %s", get_text (version, "name"), get_text (version, "version"));
  tell (self, "software", VERDICT_OK, g_strstrip (text), NULL);
}

static void
check_round_trip (Doctor *self)
{
  g_autofree char *text = NULL;
  GError          *error = NULL;
  gint64           best = G_MAXINT64;

  for (int i = 0; i < 3; i++)
    {
      gint64                start = g_get_monotonic_time ();
      g_autoptr (GError)    refusal = NULL;
      g_autoptr (IBBStanza) answer = query (self, self->domain, "ping", PING_NAMESPACE, &refusal);

      /* A server without XEP-0199 answers with an error, in the same time. */
      if (answer == NULL && refusal->domain != IBB_ERROR)
        {
          error = g_steal_pointer (&refusal);
          break;
        }
      best = MIN (best, g_get_monotonic_time () - start);
    }
  if (error != NULL)
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
  g_autoptr (IBBClient) second = NULL;
  g_autofree char      *rate_text = NULL;
  g_autofree char      *text = NULL;
  GError               *error = NULL;
  guint64               rate = 0;

  second = tool_account_new_client (self->account, self->bare);
  ibb_client_set_send_presence (second, FALSE);
  tool_account_begin_login (self->account, self->run, second);
  if (ibb_xmpp_connection_login (IBB_XMPP_CONNECTION (second), tool_run_get_cancellable (self->run),
                                 &error))
    {
      tool_run_begin_phase (self->run, _ ("measuring"), STEP_TIMEOUT);
      tool_probe_rate (self->run, self->client, second, &rate, &error);
    }
  if (error != NULL)
    {
      tell_error (self, "rate", error, NULL);
      return;
    }
  ibb_xmpp_connection_logout (IBB_XMPP_CONNECTION (second), NULL, NULL);
  rate_text = tool_text_format_rate (rate, 1);
  /* Translators: a number of bytes per second */
  text =
      g_strdup_printf (_ ("%s between two programs of the account, through the server"), rate_text);
  if (rate < TOOL_THROTTLE_RATE)
    tell (self, "rate", VERDICT_WARN, text,
          _ ("The server limits clients: its administrator can raise “limits” (Prosody) or "
             "“shaper” (ejabberd)."));
  else
    tell (self, "rate", VERDICT_OK, text, NULL);
}

/* The peer */

static void
tell_absent (Doctor *self, const GError *reason)
{
  g_autofree char *text = tool_jid_explain_absence (self->client, self->peer);

  if (text != NULL)
    {
      tell (self, "peer", VERDICT_FAIL, text,
            _ ("Name one of these resources, or start “ibb receive” there."));
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
  gboolean                 is_reached;

  self->run = run;
  self->client = tool_account_new_client (self->account, self->bare);
  self->host = ibb_xmpp_connection_dup_host (IBB_XMPP_CONNECTION (self->client));
  is_reached = check_dns (self);
  if (!is_reached)
    skip (self, "connection", _ ("not tried, as the server was not found"));
  is_reached = is_reached && check_connection (self);
  if (!is_reached)
    {
      skip (self, "certificate", _ ("not seen, as there is no connection"));
      skip (self, "login", _ ("not tried, as there is no connection"));
    }
  if (!is_reached || !check_login (self))
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
      ibb_xmpp_connection_logout (IBB_XMPP_CONNECTION (self->client),
                                  tool_run_get_cancellable (run), NULL);
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
  const char          *domain;
  int                  status = TOOL_EXIT_FAILED;

  if (!tool_options_parse (
          &options, TOOL_OPTIONS_ACCOUNT | TOOL_OPTIONS_TIMEOUT | TOOL_OPTIONS_JSON, NULL,
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
  domain = strchr (self.bare, '@') != NULL ? strchr (self.bare, '@') + 1 : self.bare;
  self.domain = g_hostname_to_ascii (domain);
  if (self.domain == NULL)
    self.domain = g_strdup (domain);
  if (tool_account_prepare (&account, &options))
    status = tool_run (&options, doctor_run, &self);

  g_clear_object (&self.client);
  g_free (self.host);
  g_free (self.peer);
  g_free (self.bare);
  g_free (self.domain);
  return status;
}
