/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The words of a script of client-script.c. */

#include "config.h"

#include <string.h>

#include "../lib/certificate.h"
#include "../lib/fake-monitor.h"
#include "../lib/open.h"
#include "../lib/process.h"
#include "../lib/script-error.h"
#include "client-application.h"
#include "client-fixture.h"
#include "client-online.h"
#include "client-surroundings.h"
#include "client-words.h"
#include "connection/ibb-connection-private.h"
#include "http-proxy.h"
#include "script-login.h"
#include "xmpp/ibb-xmpp-component.h"

#define JID "user@fake.test"

struct _ClientRun
{
  ScriptServer  *servers;
  Surroundings  *surroundings;
  Online        *online;
  Application   *application;
  HttpProxy     *proxy; /* (nullable) */
  IBBXmppEntity *client;
  IBBService    *service; /* (nullable) */
  GCancellable  *cancellable;
  GAsyncResult  *login;
  gboolean       is_logging_in;
  GAsyncResult  *accepted;
  GAsyncResult  *expected;
  GAsyncResult  *opened;
  GAsyncResult  *query;
  IBBTransport  *transport; /* (nullable): that was opened */
  GSocket       *silent[4]; /* (nullable): the first listens */
  GString       *received;  /* names or ids of stanzas, and changes of resources */
  guint          n_notified;
  guint          n_handled; /* stanzas */
  guint          n_nested;  /* for so many the handler of the first one waits */
};

typedef struct _ClientRun Run;

/* ---- the client ---- */

/* One that logs in to the server without TLS. */
static void
create_client (Run *self, const char *jid)
{
  g_clear_object (&self->client);
  self->client = g_object_new (IBB_XMPP_TYPE_CLIENT, "jid", jid, "host", "127.0.0.1", "port",
                               self->servers->server->acceptor.port, "password", "secret",
                               "tls-mode", IBB_XMPP_TLS_MODE_NONE, "password-policy",
                               IBB_XMPP_PASSWORD_POLICY_READABLE, NULL);
  application_attach (self->application);
}

static void
start_client (Run *self, Words *words)
{
  create_client (self, words_take_rest (words));
}

static void
start_component (Run *self, Words *words)
{
  const char *domain = words_take_rest (words);
  g_clear_object (&self->client);
  self->client = g_object_new (IBB_XMPP_TYPE_COMPONENT, "domain", domain, "secret", "test", "host",
                               "127.0.0.1", "port", self->servers->server->acceptor.port, NULL);
}

static void
set_property (Run *self, Words *words)
{
  const char     *name = words_take (words);
  const char     *text = words_take_rest (words);
  GParamSpec     *pspec = g_object_class_find_property (G_OBJECT_GET_CLASS (self->client), name);
  g_auto (GValue) value = G_VALUE_INIT;

  if (pspec == NULL)
    script_fail ("no property %s", name);
  g_value_init (&value, pspec->value_type);
  if (G_VALUE_HOLDS_STRING (&value))
    g_value_set_string (&value, g_str_equal (text, "none") ? NULL : text);
  else if (G_VALUE_HOLDS_BOOLEAN (&value))
    g_value_set_boolean (&value, g_str_equal (text, "on"));
  else if (G_VALUE_HOLDS_ENUM (&value))
    g_value_set_enum (&value, script_find_nick (pspec->value_type, text));
  else if (G_VALUE_HOLDS_INT (&value))
    g_value_set_int (&value, atoi (text));
  else
    g_value_set_uint (&value, (guint) script_evaluate (text));
  g_object_set_property (G_OBJECT (self->client), name, &value);
}

/* "NAME VALUE" */
static void
check_property (Run *self, Words *words)
{
  const char     *name = words_take (words);
  const char     *text = words_take_rest (words);
  g_auto (GValue) value = G_VALUE_INIT;
  g_auto (GValue) as_text = G_VALUE_INIT;

  g_value_init (&as_text, G_TYPE_STRING);
  g_object_get_property (G_OBJECT (self->client), name, &value);
  g_assert_true (g_value_transform (&value, &as_text));
  if (g_strcmp0 (g_value_get_string (&as_text), g_str_equal (text, "none") ? NULL : text) != 0)
    script_fail ("it is %s", g_value_get_string (&as_text));
}

static void
log_in (Run *self, Words *words)
{
  g_clear_object (&self->login);
  self->is_logging_in = TRUE;
  if (IBB_XMPP_IS_COMPONENT (self->client))
    ibb_xmpp_component_login_async (IBB_XMPP_COMPONENT (self->client), self->cancellable,
                                    store_result_cb, &self->login);
  else
    ibb_xmpp_client_login_async (IBB_XMPP_CLIENT (self->client), self->cancellable, store_result_cb,
                                 &self->login);
}

/* words: (nullable): of the error */
static void
finish_login (Run *self, Words *words)
{
  g_autoptr (GAsyncResult) result = wait_for_result (&self->login);
  g_autoptr (GError)       error = NULL;

  self->is_logging_in = FALSE;
  if (IBB_XMPP_IS_COMPONENT (self->client))
    ibb_xmpp_component_login_finish (IBB_XMPP_COMPONENT (self->client), result, &error);
  else
    ibb_xmpp_client_login_finish (IBB_XMPP_CLIENT (self->client), result, &error);
  if (words != NULL)
    script_check_error (error, words);
  else
    g_assert_no_error (error);
  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PENDING))
    g_assert_cmpint (ibb_xmpp_entity_get_state (self->client), ==,
                     error == NULL ? IBB_CONNECTION_STATE_ONLINE : IBB_CONNECTION_STATE_OFFLINE);
}

static void
log_out (Run *self, Words *words)
{
  if (IBB_XMPP_IS_COMPONENT (self->client))
    assert_succeeds (ibb_xmpp_component_logout, IBB_XMPP_COMPONENT (self->client), NULL);
  else
    assert_succeeds (ibb_xmpp_client_logout, IBB_XMPP_CLIENT (self->client), NULL);
  g_assert_cmpint (ibb_xmpp_entity_get_state (self->client), ==, IBB_CONNECTION_STATE_OFFLINE);
}

static void
cancel (Run *self, Words *words)
{
  g_cancellable_cancel (self->cancellable);
}

static void
wait_for (Run *self, Words *words)
{
  int state = script_find_nick (IBB_TYPE_CONNECTION_STATE, words_take_rest (words));

  while ((int) ibb_xmpp_entity_get_state (self->client) != state)
    wait_a_moment ();
}

/* By the login that was begun, or by itself. */
static void
expect_online (Run *self, Words *words)
{
  if (self->login != NULL || self->is_logging_in)
    finish_login (self, NULL);
  while (ibb_xmpp_entity_get_state (self->client) != IBB_CONNECTION_STATE_ONLINE)
    wait_a_moment ();
}

/* Drops the last reference: the thread of the client ends, and nobody watches the network. */
static void
drop (Run *self, Words *words)
{
  drop_client (g_steal_pointer (&self->client));
  while (process_count_threads ("ibb-client") > 0 || fake_monitor_has_handlers ())
    wait_a_moment ();
}

/* When the logout has returned, the thread of the client has let go of all that belongs to the
 * application: were it to drop that later, it could do so while the interpreter of the
 * application's language is being finalized. */
static void
check_gone (Run *self, Words *words)
{
  if (self->service != NULL)
    g_assert_finalize_object (g_steal_pointer (&self->service));
  g_assert_finalize_object (g_steal_pointer (&self->client));
  application_drop_objects (self->application);
}

static void
check_state (Run *self, Words *words)
{
  g_assert_cmpint (ibb_xmpp_entity_get_state (self->client), ==,
                   script_find_nick (IBB_TYPE_CONNECTION_STATE, words_take_rest (words)));
}

static void
check_disconnect_error (Run *self, Words *words)
{
  g_autoptr (GError) error = ibb_xmpp_entity_dup_disconnect_error (self->client);
  g_autoptr (GError) property = NULL;

  g_object_get (self->client, "disconnect-error", &property, NULL);
  script_check_error (error, words);
  g_assert_cmpstr (error != NULL ? error->message : NULL, ==,
                   property != NULL ? property->message : NULL);
}

static void
notify_cb (Run *self)
{
  self->n_notified++;
}

/* The client trusts the authority of the tests. */
static void
trust_authority (Run *self, Words *words)
{
  g_autofree char         *path = get_certificate_path ("authority.crt");
  g_autoptr (GTlsDatabase) database = assert_succeeds (g_tls_file_database_new, path);

  ibb_xmpp_client_set_tls_database (IBB_XMPP_CLIENT (self->client), database);
}

/* "own-certificate NAME|PATH|none" */
static void
set_own_certificate (Run *self, Words *words)
{
  const char                 *name = words_take (words);
  g_autoptr (GTlsCertificate) certificate = NULL;
  g_autoptr (GTlsCertificate) again = NULL;

  if (g_path_is_absolute (name))
    certificate = assert_succeeds (g_tls_certificate_new_from_file, name);
  else if (!g_str_equal (name, "none"))
    certificate = load_certificate (name);
  ibb_xmpp_client_set_certificate (IBB_XMPP_CLIENT (self->client), certificate);
  again = ibb_xmpp_client_dup_certificate (IBB_XMPP_CLIENT (self->client));
  g_assert_true (again == certificate);
}

/* Only this certificate of the server counts. */
static void
set_pin (Run *self, Words *words)
{
  g_autoptr (GTlsCertificate) certificate = load_certificate (words_take_rest (words));
  g_autofree char *fingerprint = ibb_xmpp_known_certificates_dup_fingerprint (certificate);

  ibb_xmpp_client_set_fingerprint (IBB_XMPP_CLIENT (self->client), fingerprint);
}

/* "token MECHANISM [expired]" */
static void
set_token (Run *self, Words *words)
{
  const char              *mechanism = words_take (words);
  g_autoptr (GDateTime)    past = g_date_time_new_from_unix_utc (1);
  g_autoptr (IBBXmppToken) token = ibb_xmpp_token_new (
      "secret-token", mechanism, g_str_equal (words_take_rest (words), "expired") ? past : NULL);

  ibb_xmpp_client_set_token (IBB_XMPP_CLIENT (self->client), token);
}

/* "token-is SECRET [MECHANISM]", or "none" */
static void
check_token (Run *self, Words *words)
{
  g_autoptr (IBBXmppToken) token = ibb_xmpp_client_dup_token (IBB_XMPP_CLIENT (self->client));

  g_assert_cmpstr (token != NULL ? ibb_xmpp_token_get_secret (token) : "none", ==,
                   words_take (words));
  if (words_peek (words) != NULL)
    g_assert_cmpstr (ibb_xmpp_token_get_mechanism (token), ==, words_take (words));
}

/* "watch PROPERTY"; "notified N" waits for so many changes. */
static void
watch (Run *self, Words *words)
{
  g_autofree char *signal = g_strconcat ("notify::", words_take_rest (words), NULL);

  g_signal_connect_swapped (self->client, signal, G_CALLBACK (notify_cb), self);
}

static void
check_notified (Run *self, Words *words)
{
  guint n = words_take_number (words);

  wait_until (self->n_notified >= n);
  run_pending ();
  g_assert_cmpuint (self->n_notified, ==, n);
}

static void
check_local_jid (Run *self, Words *words)
{
  const char      *text = words_take_rest (words);
  g_autofree char *jid = ibb_connection_dup_local_jid (IBB_CONNECTION (self->client));

  g_assert_cmpstr (jid, ==, g_str_equal (text, "none") ? NULL : text);
}

static void
check_limit (Run *self, Words *words)
{
  g_assert_cmpuint (ibb_connection_get_stanza_limit (IBB_CONNECTION (self->client)), ==,
                    words_take_number (words));
}

static void
check_confirms (Run *self, Words *words)
{
  g_assert_cmpint (ibb_connection_confirms (IBB_CONNECTION (self->client)), ==,
                   g_str_equal (words_take_rest (words), "yes"));
}

static void
send_stanza (Run *self, Words *words)
{
  g_autoptr (IBBStanza) stanza =
      assert_succeeds (ibb_stanza_new_from_xml, words_take_rest (words), -1);

  assert_succeeds (ibb_connection_send, IBB_CONNECTION (self->client), stanza);
}

static gboolean
stanza_cb (Run *self, IBBStanza *stanza)
{
  const char *id = ibb_stanza_get_id (stanza);

  g_assert_true (g_main_context_is_owner (NULL));
  g_string_append_printf (self->received, "%s ", id != NULL ? id : ibb_stanza_get_kind (stanza));
  self->n_handled++;
  while (self->n_handled < self->n_nested)
    g_main_context_iteration (NULL, TRUE);
  return id == NULL || !g_str_has_prefix (id, "leave");
}

/* From now on the application handles stanzas, but those whose ids begin with "leave". "N": the
 * handler runs a main loop, as a modal dialogue does, until so many have come. */
static void
handle_stanzas (Run *self, Words *words)
{
  if (words_peek (words) != NULL)
    self->n_nested = words_take_number (words);
  g_signal_connect_swapped (self->client, "stanza-received", G_CALLBACK (stanza_cb), self);
}

static void
check_handled (Run *self, Words *words)
{
  guint n = words_take_number (words);

  wait_until (self->n_handled >= n);
  run_pending ();
  g_assert_cmpuint (self->n_handled, ==, n);
}

static void
resource_cb (Run *self, const char *jid, gboolean available)
{
  g_string_append_printf (self->received, "%s%s ", available ? "+" : "-", jid);
}

static void
watch_resources (Run *self, Words *words)
{
  g_signal_connect_swapped (self->client, "resource-changed", G_CALLBACK (resource_cb), self);
}

/* Waits for so much, and nothing else comes before it. */
static void
check_received (Run *self, Words *words)
{
  g_autofree char *all = g_strconcat (words_take_rest (words), " ", NULL);

  wait_until (self->received->len >= strlen (all));
  run_pending ();
  g_assert_cmpstr (self->received->str, ==, all);
  g_string_truncate (self->received, 0);
}

static void
add_feature (Run *self, Words *words)
{
  ibb_connection_add_feature (IBB_CONNECTION (self->client), words_take_rest (words));
}

static void
add_address (Run *self, Words *words)
{
  assert_succeeds (ibb_xmpp_component_add_address, IBB_XMPP_COMPONENT (self->client),
                   words_take_rest (words));
}

/* ---- a service ---- */

static void
start_service (Run *self, Words *words)
{
  self->service = ibb_service_new (IBB_CONNECTION (self->client));
  ibb_service_set_session_limit (self->service, 1);
}

static void
accept (Run *self, Words *words)
{
  ibb_service_accept_async (self->service, NULL, store_result_cb, &self->accepted);
}

/* The accept from before lets a session in, which the server asks for under that address. */
static void
accepted (Run *self, Words *words)
{
  const char      *local_jid = words_take_rest (words);
  g_autofree char *open =
      g_strdup_printf ("<iq type='set' id='open' from='p@d/r' to='%s'><open "
                       "xmlns='http://jabber.org/protocol/ibb' block-size='4096' sid='s'/></iq>",
                       local_jid);
  g_autoptr (IBBTransport) transport = NULL;

  fake_server_send (self->servers->server, open, -1);
  transport = assert_result (ibb_service_accept_finish, self->service, &self->accepted);
  assert_local_jid (transport, local_jid);
  fake_server_expect (self->servers->server, "id='open'");
  ibb_transport_abort (transport);
}

static void
accept_fails (Run *self, Words *words)
{
  g_autoptr (GAsyncResult) result = wait_for_result (&self->accepted);
  g_autoptr (GError)       error = NULL;

  g_assert_null (ibb_service_accept_finish (self->service, result, &error));
  script_check_error (error, words);
}

static void
accept_waits (Run *self, Words *words)
{
  g_assert_null (self->accepted);
}

static void
expect_session (Run *self, Words *words)
{
  ibb_service_expect_session_async (self->service, "a@b/c", "sid", NULL, NULL, store_result_cb,
                                    &self->expected);
}

static void
expect_fails (Run *self, Words *words)
{
  g_autoptr (GAsyncResult) result = wait_for_result (&self->expected);
  g_autoptr (GError)       error = NULL;

  g_assert_null (ibb_service_expect_session_finish (self->service, result, &error));
  script_check_error (error, words);
}

/* By messages, with that peer. */
static void
open_session (Run *self, Words *words)
{
  open_with_async (self->service, words_take_rest (words), IBB_STANZA_TYPE_MESSAGE, 0, NULL,
                   store_result_cb, &self->opened);
}

static void
write_bytes (Run *self, Words *words)
{
  const char *text = words_take_rest (words);
  self->transport = assert_result (ibb_service_open_session_finish, self->service, &self->opened);
  assert_succeeds (g_output_stream_write,
                   g_io_stream_get_output_stream (G_IO_STREAM (self->transport)), text,
                   strlen (text), NULL);
}

/* The session that has written. */
static void
abort_session (Run *self, Words *words)
{
  ibb_transport_abort (self->transport);
}

static void
query (Run *self, Words *words)
{
  ibb_connection_query_features_async (IBB_CONNECTION (self->client), words_take_rest (words), NULL,
                                       store_result_cb, &self->query);
}

/* "none": the peer has answered. */
static void
end_query (Run *self, Words *words)
{
  g_autoptr (GAsyncResult) result = wait_for_result (&self->query);
  g_autoptr (GError)       error = NULL;

  g_strfreev (ibb_connection_query_features_finish (IBB_CONNECTION (self->client), result, &error));
  script_check_error (error, words);
}

/* ---- the server ---- */

/* "tls [CERTIFICATE]": the first connection to a server that is not trusted ends with the question
 * about it. */
static void
use_tls (Run *self, Words *words)
{
  g_free (fake_server_free (self->servers->server));
  script_server_start (self->servers,
                       words_peek (words) != NULL ? words_take_rest (words) : "alone-1.pem");
  create_client (self, JID);
  ibb_xmpp_client_set_tls_mode (IBB_XMPP_CLIENT (self->client), IBB_XMPP_TLS_MODE_DIRECT);
}

/* "websocket [CERTIFICATE]": the client goes over WebSocket. */
static void
use_websocket (Run *self, Words *words)
{
  g_autofree char *uri = NULL;

  g_free (fake_server_free (self->servers->server));
  script_server_start (self->servers,
                       words_peek (words) != NULL ? words_take (words) : "juliet.pem");
  self->servers->server->is_websocket = TRUE;
  create_client (self, "romeo@juliet.example");
  uri = g_strdup_printf ("wss://127.0.0.1:%u/ws?a=b", self->servers->server->acceptor.port);
  g_object_set (self->client, "tls-mode", IBB_XMPP_TLS_MODE_STARTTLS, "websocket-mode",
                IBB_XMPP_WEBSOCKET_MODE_ALWAYS, "websocket-uri", uri, NULL);
}

/* "proxy [URI|https]": the client goes by a proxy of HTTP, %PROXY, or only for HTTPS, unless its
 * proxy resolver says URI. */
static void
start_proxy (Run *self, Words *words)
{
  const char                *text = words_take_rest (words);
  g_autoptr (GProxyResolver) resolver =
      g_simple_proxy_resolver_new (strchr (text, ':') != NULL ? text : NULL, NULL);
  char *uri;

  if (self->proxy == NULL)
    self->proxy = http_proxy_new (self->servers->server->acceptor.port);
  uri = g_strdup_printf ("http://127.0.0.1:%u", http_proxy_get_port (self->proxy));
  if (*text == '\0')
    g_simple_proxy_resolver_set_uri_proxy (G_SIMPLE_PROXY_RESOLVER (resolver), "xmpp-client", uri);
  if (strchr (text, ':') == NULL)
    g_simple_proxy_resolver_set_uri_proxy (G_SIMPLE_PROXY_RESOLVER (resolver), "https", uri);
  ibb_xmpp_client_set_proxy_resolver (IBB_XMPP_CLIENT (self->client), resolver);
  script_define (g_strdup ("PROXY"), uri);
}

/* The host of the client takes as many connections as its backlog holds, and answers none. */
static void
use_silent_host (Run *self, Words *words)
{
  g_autoptr (GInetAddress)   loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) address = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (self->silent); i++)
    self->silent[i] = assert_succeeds (g_socket_new, G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM,
                                       G_SOCKET_PROTOCOL_TCP);
  g_socket_set_listen_backlog (self->silent[0], 0);
  assert_succeeds (g_socket_bind, self->silent[0], any, TRUE);
  assert_succeeds (g_socket_listen, self->silent[0]);
  address = assert_succeeds (g_socket_get_local_address, self->silent[0]);
  for (gsize i = 1; i < G_N_ELEMENTS (self->silent); i++)
    {
      g_socket_set_blocking (self->silent[i], FALSE);
      g_socket_connect (self->silent[i], address, NULL, NULL);
    }
  g_object_set (self->client, "host", "127.0.0.1", "port",
                (guint) g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address)), NULL);
}

/* What the proxy was asked for so far. */
static void
check_proxy_asked (Run *self, Words *words)
{
  g_autofree char *asked = g_strstrip (http_proxy_dup_asked (self->proxy));

  g_assert_cmpstr (asked, ==, words_take_rest (words));
}

static const ScriptWord calls[] = {
  SCRIPT_WORD ("abort", abort_session),
  SCRIPT_WORD ("accept", accept),
  SCRIPT_WORD ("accept-fails", accept_fails),
  SCRIPT_WORD ("accept-waits", accept_waits),
  SCRIPT_WORD ("accepted", accepted),
  SCRIPT_WORD ("add-address", add_address),
  SCRIPT_WORD ("add-feature", add_feature),
  SCRIPT_WORD ("authority", trust_authority),
  SCRIPT_WORD ("cancel", cancel),
  SCRIPT_WORD ("client", start_client),
  SCRIPT_WORD ("component", start_component),
  SCRIPT_WORD ("confirms", check_confirms),
  SCRIPT_WORD ("drop", drop),
  SCRIPT_WORD ("error", check_disconnect_error),
  SCRIPT_WORD ("expect", expect_session),
  SCRIPT_WORD ("expect-fails", expect_fails),
  SCRIPT_WORD ("fails", finish_login),
  SCRIPT_WORD ("gone", check_gone),
  SCRIPT_WORD ("handle-stanzas", handle_stanzas),
  SCRIPT_WORD ("handled", check_handled),
  SCRIPT_WORD ("limit", check_limit),
  SCRIPT_WORD ("local-jid", check_local_jid),
  SCRIPT_WORD ("log-in", log_in),
  SCRIPT_WORD ("log-out", log_out),
  SCRIPT_WORD ("notified", check_notified),
  SCRIPT_WORD ("online", expect_online),
  SCRIPT_WORD ("open", open_session),
  SCRIPT_WORD ("own-certificate", set_own_certificate),
  SCRIPT_WORD ("pin", set_pin),
  SCRIPT_WORD ("property", check_property),
  SCRIPT_WORD ("proxy", start_proxy),
  SCRIPT_WORD ("proxy-asked", check_proxy_asked),
  SCRIPT_WORD ("query", query),
  SCRIPT_WORD ("query-ends", end_query),
  SCRIPT_WORD ("received", check_received),
  SCRIPT_WORD ("send", send_stanza),
  SCRIPT_WORD ("service", start_service),
  SCRIPT_WORD ("set", set_property),
  SCRIPT_WORD ("silent-host", use_silent_host),
  SCRIPT_WORD ("state", check_state),
  SCRIPT_WORD ("tls", use_tls),
  SCRIPT_WORD ("token", set_token),
  SCRIPT_WORD ("token-is", check_token),
  SCRIPT_WORD ("until", wait_for),
  SCRIPT_WORD ("watch", watch),
  SCRIPT_WORD ("watch-resources", watch_resources),
  SCRIPT_WORD ("websocket", use_websocket),
  SCRIPT_WORD ("write", write_bytes),
};

gboolean
client_run_call (ClientRun *self, const char *name, Words *words)
{
  return SCRIPT_CALL (calls, self, name, words) ||
         script_server_call (self->servers, name, words) ||
         script_login_call (self->servers, name, words) ||
         online_call (self->online, name, words) ||
         application_call (self->application, name, words) ||
         surroundings_call (self->surroundings, name, words);
}

ClientRun *
client_run_new (void)
{
  ClientRun *self = g_new0 (ClientRun, 1);

  self->servers = script_server_new ();
  script_define (g_strdup ("INVALID"), g_strdup ("\xff"));
  script_define (g_strdup ("HANDSHAKE"), g_strdup ("\x16\x03"));
  script_define (g_strdup ("PING-FRAME"), g_strdup ("\x89\x04ping"));
  self->surroundings = surroundings_new ();
  self->online = online_new (&self->client);
  self->application = application_new (&self->client);
  self->cancellable = g_cancellable_new ();
  self->received = g_string_new (NULL);
  create_client (self, JID);
  return self;
}

void
client_run_describe (const ClientRun *self)
{
  const FakeServer *server = self->servers->server;
  GEnumClass       *states = g_type_class_ref (IBB_TYPE_CONNECTION_STATE);

  /* Without the lock, which a thread that hangs may hold. */
  g_printerr ("# the server has had %u clients, %s, and has received:\n%s\n", server->n_clients,
              server->ended  ? "the last of them has gone"
              : server->done ? "the last of them was let in"
                             : "the last of them was not let in",
              server->received->str);
  if (self->client != NULL)
    g_printerr ("# the client is %s, its login has %s result, and it has received:\n%s\n",
                g_enum_get_value (states, ibb_xmpp_entity_get_state (self->client))->value_nick,
                self->login != NULL ? "a" : "no", self->received->str);
}

void
client_run_free (ClientRun *self)
{
  surroundings_free (self->surroundings);
  online_free (self->online);
  g_clear_object (&self->transport);
  g_clear_object (&self->service);
  if (self->client != NULL)
    {
      log_out (self, NULL);
      run_pending ();
      g_clear_object (&self->login);
      g_clear_object (&self->accepted);
      g_signal_handlers_disconnect_by_data (self->client, self);
      drop_client (self->client);
    }
  application_free (self->application);
  for (gsize i = 0; i < G_N_ELEMENTS (self->silent); i++)
    g_clear_object (&self->silent[i]);
  g_clear_pointer (&self->proxy, http_proxy_free);
  script_server_free (self->servers);
  g_string_free (self->received, TRUE);
  g_object_unref (self->cancellable);
  g_free (self);
}
