/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How a client finds the WebSocket of its domain (XEP-0156), beside a real server, in a network
 * that has nothing but a proxy for HTTPS; and what it does over it. See tests/lib/private_server.py
 * for IBB_TEST_*.
 */

#include "config.h"

#include <string.h>

#include "../lib/account.h"
#include "../lib/fast-timers.h"
#include "acceptor.h"
#include "party.h"

#define TRANSFER (1 << 20)

/* The proxy resolver of the process. */
#define TEST_TYPE_RESOLVER (test_resolver_get_type ())
G_DECLARE_FINAL_TYPE (TestResolver, test_resolver, TEST, RESOLVER, GObject)

struct _TestResolver
{
  GObject parent;
};

static CutProxy *proxy; /* the port of HTTPS is ours */

static void resolver_init (GProxyResolverInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (TestResolver,
                               test_resolver,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_PROXY_RESOLVER, resolver_init))

/* Not for XMPP over TCP, about which GIO asks with the scheme "none". */
static char **
look_up (GProxyResolver *resolver, const char *uri, GCancellable *cancellable, GError **error)
{
  g_autofree char *way = g_str_has_prefix (uri, "https:")
                             ? g_strdup_printf ("http://127.0.0.1:%u", cut_proxy_get_port (proxy))
                             : g_strdup ("direct://");

  return g_strsplit (way, " ", 1);
}

static void
look_up_async (GProxyResolver     *resolver,
               const char         *uri,
               GCancellable       *cancellable,
               GAsyncReadyCallback callback,
               gpointer            user_data)
{
  g_autoptr (GTask) task = g_task_new (resolver, cancellable, callback, user_data);

  g_task_return_pointer (task, look_up (resolver, uri, NULL, NULL), (GDestroyNotify) g_strfreev);
}

static char **
look_up_finish (GProxyResolver *resolver, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static gboolean
is_supported (GProxyResolver *resolver)
{
  return TRUE;
}

static void
resolver_init (GProxyResolverInterface *iface)
{
  iface->is_supported = is_supported;
  iface->lookup = look_up;
  iface->lookup_async = look_up_async;
  iface->lookup_finish = look_up_finish;
}

static void
test_resolver_class_init (TestResolverClass *klass)
{
}

static void
test_resolver_init (TestResolver *self)
{
}

static void
install_resolver (void)
{
  GIOExtensionPoint *point = g_io_extension_point_register (G_PROXY_RESOLVER_EXTENSION_POINT_NAME);

  g_io_extension_point_set_required_type (point, G_TYPE_PROXY_RESOLVER);
  g_io_extension_point_implement (G_PROXY_RESOLVER_EXTENSION_POINT_NAME, TEST_TYPE_RESOLVER, "test",
                                  1000);
  g_setenv ("GIO_USE_PROXY_RESOLVER", "test", TRUE);
  g_assert_true (TEST_IS_RESOLVER (g_proxy_resolver_get_default ()));
}

/* The server of HTTPS, with the certificate of the other one. */

typedef enum
{
  KIND_PLAIN,
  KIND_CHUNKED,
  KIND_INTERIM, /* interim answers come without end */
  KIND_SILENT,  /* no answer comes */
} Kind;

typedef struct
{
  const char *name;
  guint       status;
  const char *location; /* (nullable) */
  const char *document; /* (nullable): %s is the WebSocket */
  gsize       padding;
  GQuark (*domain) (void); /* of the error; NULL: the login succeeds */
  int  code;
  Kind kind;
} Case;

#define LINK "<Link rel='urn:xmpp:alt-connections:websocket' href='%s'/>"
#define XRD(inner) "<XRD xmlns='http://docs.oasis-open.org/ns/xri/xrd-1.0'>" inner "</XRD>"

static const Case cases[] = {
  { "found", 200, NULL, XRD (LINK), 60000, NULL, 0 },
  { "redirected", 301, "/.well-known/other", XRD (LINK), 0, NULL, 0 },
  { "redirected-for-ever", 302, "/.well-known/host-meta", NULL, 0, g_io_error_quark,
    G_IO_ERROR_FAILED },
  { "redirected-to-http", 302, "http://localhost/", NULL, 0, g_io_error_quark, G_IO_ERROR_FAILED },
  { "not-there", 404, NULL, XRD (LINK), 0, g_io_error_quark, G_IO_ERROR_NOT_FOUND },
  { "none-named", 200, NULL, XRD (), 0, g_io_error_quark, G_IO_ERROR_NOT_FOUND },
  { "too-long", 200, NULL, XRD (LINK), 65536, g_io_error_quark, G_IO_ERROR_INVALID_DATA },
  { "chunked", 200, NULL, XRD (LINK), 60000, NULL, 0, KIND_CHUNKED },
  { "too-long-chunked", 200, NULL, XRD (LINK), 65536, g_io_error_quark, G_IO_ERROR_INVALID_DATA,
    KIND_CHUNKED },
  { "interim", 200, NULL, NULL, 0, g_io_error_quark, G_IO_ERROR_INVALID_DATA, KIND_INTERIM },
  { "silent", 200, NULL, NULL, 0, g_io_error_quark, G_IO_ERROR_TIMED_OUT, KIND_SILENT },
};

static const Case *current;

static char *
create_answer (const char *request)
{
  gboolean         is_other = g_str_has_prefix (request, "GET /.well-known/other ");
  g_autofree char *padding = g_strnfill (current->padding, ' ');
  g_auto (GStrv)   parts = g_strsplit (current->document != NULL ? current->document : "", "%s", 2);
  g_autofree char *document = g_strjoinv (account_get ("IBB_TEST_WEBSOCKET_URI"), parts);
  g_autofree char *location = current->location == NULL || is_other
                                  ? g_strdup ("")
                                  : g_strdup_printf ("Location: %s\r\n", current->location);

  if (current->kind == KIND_CHUNKED)
    return g_strdup_printf ("HTTP/1.1 103 X\r\n\r\nHTTP/1.1 200 X\r\nTransfer-Encoding: chunked"
                            "\r\n\r\n%zx\r\n%s\r\n%zx\r\n%s\r\n0\r\n\r\n",
                            strlen (document), document, strlen (padding), padding);
  return g_strdup_printf ("HTTP/1.1 %u X\r\nContent-Length: %" G_GSIZE_FORMAT
                          "\r\nConnection: close\r\n%s\r\n%s%s",
                          is_other ? 200 : current->status, strlen (document) + strlen (padding),
                          location, document, padding);
}

/* Until the client hangs up. */
static void
misbehave (GIOStream *tls)
{
  const char *interim = "HTTP/1.1 100 Continue\r\n\r\n";
  char        byte;

  if (current->kind == KIND_INTERIM)
    while (g_output_stream_write_all (g_io_stream_get_output_stream (tls), interim,
                                      strlen (interim), NULL, NULL, NULL))
      ;
  else
    fast_timers_fire ();
  while (g_input_stream_read (g_io_stream_get_input_stream (tls), &byte, 1, NULL, NULL) > 0)
    ;
}

static void
https_cb (GSocketConnection *connection, gpointer certificate)
{
  g_autoptr (GIOStream) tls =
      assert_succeeds (g_tls_server_connection_new, G_IO_STREAM (connection), certificate);
  g_autoptr (GDataInputStream) input = g_data_input_stream_new (g_io_stream_get_input_stream (tls));
  g_autofree char             *request = NULL;
  g_autofree char             *answer = NULL;

  fast_timers_stop (); /* TCP has been given up, or was never tried */
  g_tls_connection_set_require_close_notify (G_TLS_CONNECTION (tls), FALSE);
  g_data_input_stream_set_newline_type (input, G_DATA_STREAM_NEWLINE_TYPE_CR_LF);
  request = g_data_input_stream_read_line (input, NULL, NULL, NULL);
  if (request == NULL) /* the client does not trust us */
    return;
  for (gsize length = 1; length > 0;)
    g_free (g_data_input_stream_read_line (input, &length, NULL, NULL));

  if (current->kind == KIND_INTERIM || current->kind == KIND_SILENT)
    misbehave (tls);
  answer = create_answer (request);
  g_output_stream_write_all (g_io_stream_get_output_stream (tls), answer, strlen (answer), NULL,
                             NULL, NULL);
  g_io_stream_close (tls, NULL, NULL);
}

typedef struct
{
  gboolean accept;
  guint    n_asked;
} Judge;

static gboolean
judge_cb (IBBClient *client, IBBTrustQuestion *question, Judge *judge)
{
  judge->n_asked++;
  g_assert_cmpuint (ibb_trust_question_get_errors (question), ==, G_TLS_CERTIFICATE_UNKNOWN_CA);
  if (judge->accept)
    ibb_trust_question_accept (question, FALSE);
  return TRUE;
}

static void
state_cb (IBBClient *client, GParamSpec *pspec, Party *party)
{
}

static void
set_up (Parties *self, gconstpointer data)
{
  party_init (&self->alice, "alice", NULL, G_CALLBACK (state_cb));
  party_init (&self->bob, "bob", NULL, G_CALLBACK (state_cb));
  party_use_websocket (&self->alice);
  party_use_websocket (&self->bob);
}

static void
test_transfer (Parties *self, gconstpointer data)
{
  g_autoptr (IBBTransport) alice = NULL;
  g_autoptr (IBBTransport) bob = NULL;
  End                      ends[2] = { { { NULL } } };

  assert_login (self->alice.client);
  assert_login (self->bob.client);
  parties_open_session (self, IBB_STANZA_TYPE_IQ, &alice, &bob);
  end_start (&ends[0], alice, TRANSFER);
  end_start (&ends[1], bob, TRANSFER);
  ends_finish (ends);
  g_assert_cmpuint (cut_proxy_get_n_connections (self->alice.proxy), ==, 1);
}

static IBBClient *
create_client (IBBWebsocketMode mode)
{
  IBBClient *client = account_create_client ("alice", NULL);

  ibb_client_set_websocket_mode (client, mode);
  return client;
}

static void
end_client (IBBClient *client)
{
  if (ibb_xmpp_connection_get_state (IBB_XMPP_CONNECTION (client)) == IBB_CONNECTION_STATE_ONLINE)
    assert_succeeds (ibb_xmpp_connection_logout, IBB_XMPP_CONNECTION (client), NULL);
  drop_client (client);
}

static void
test_case (gconstpointer data)
{
  IBBClient *client = create_client (IBB_WEBSOCKET_MODE_ALWAYS);
  guint      before = cut_proxy_get_n_connections (proxy);

  current = data;
  if (current->kind == KIND_SILENT)
    fast_timers_hold (12000); /* the time for host-meta */
  if (current->domain == NULL)
    assert_login (client);
  else
    assert_login_fails (client, current->domain (), current->code);
  g_assert_cmpuint (cut_proxy_get_n_connections (proxy), >, before);
  end_client (client);
}

static IBBClient *
create_distrustful_client (void)
{
  IBBClient               *client = create_client (IBB_WEBSOCKET_MODE_ALWAYS);
  g_autoptr (GTlsDatabase) database = account_open_database ("IBB_TEST_OTHER_CA_FILE");

  current = &cases[0];
  ibb_client_set_tls_database (client, database);
  return client;
}

/* The error has what a person needs to judge the certificate. */
static void
test_untrusted (void)
{
  IBBClient         *client = create_distrustful_client ();
  g_autoptr (GError) error = NULL;

  g_assert_false (ibb_xmpp_connection_login (IBB_XMPP_CONNECTION (client), NULL, &error));
  g_assert_error (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, "“localhost”"));
  g_assert_nonnull (strstr (error->message, "(SHA-256 "));
  end_client (client);
}

/* The question names the domain of the account: it is not asked about another host, to which the
 * web server redirects. */
static void
test_redirected_elsewhere (void)
{
  static const Case elsewhere = {
    "elsewhere", 302, "https://elsewhere.example/", NULL, 0, NULL, 0
  };
  IBBClient *client = create_client (IBB_WEBSOCKET_MODE_ALWAYS);
  Judge      judge = { TRUE, 0 };

  current = &elsewhere;
  g_signal_connect (client, "trust-requested", G_CALLBACK (judge_cb), &judge);
  assert_login_fails (client, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);
  g_assert_cmpuint (judge.n_asked, ==, 0);
  end_client (client);
}

/* Who is asked about the certificate of host-meta is not asked again: the WebSocket has it, too. */
static void
test_judged (gconstpointer data)
{
  IBBClient *client = create_distrustful_client ();
  Judge      judge = { GPOINTER_TO_INT (data), 0 };

  g_signal_connect (client, "trust-requested", G_CALLBACK (judge_cb), &judge);
  if (judge.accept)
    assert_login (client);
  else
    assert_login_fails (client, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);
  g_assert_cmpuint (judge.n_asked, ==, 1);
  end_client (client);
}

/* If TCP works, no WebSocket is looked for. */
static void
test_fallback_unused (void)
{
  IBBClient *client = create_client (IBB_WEBSOCKET_MODE_FALLBACK);
  guint      before = cut_proxy_get_n_connections (proxy);

  assert_login (client);
  g_assert_cmpuint (cut_proxy_get_n_connections (proxy), ==, before);
  end_client (client);
}

static void
test_fallback (void)
{
  IBBClient                  *client = create_client (IBB_WEBSOCKET_MODE_FALLBACK);
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();
  guint port = assert_succeeds (g_socket_listener_add_any_inet_port, listener, NULL);

  current = &cases[0];
  g_socket_listener_close (listener);
  ibb_xmpp_connection_set_port (IBB_XMPP_CONNECTION (client), port);
  assert_login (client);
  end_client (client);
}

static gboolean
cancel_cb (gpointer data)
{
  g_cancellable_cancel (data);
  return G_SOURCE_REMOVE;
}

/* A network that drops what is for TCP: as many connect as the backlog holds, and nobody
 * accepts. */
static void
test_fallback_silent (void)
{
  IBBClient                 *client = create_client (IBB_WEBSOCKET_MODE_FALLBACK);
  g_autoptr (GSocket)        listener = assert_succeeds (g_socket_new, G_SOCKET_FAMILY_IPV4,
                                                         G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP);
  g_autoptr (GInetAddress)   loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (GCancellable)   cancellable = g_cancellable_new ();
  g_autoptr (GError)         error = NULL;
  GSocket                   *others[3];

  g_socket_set_listen_backlog (listener, 0);
  assert_succeeds (g_socket_bind, listener, any, TRUE);
  assert_succeeds (g_socket_listen, listener);
  address = assert_succeeds (g_socket_get_local_address, listener);
  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    {
      others[i] = assert_succeeds (g_socket_new, G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM,
                                   G_SOCKET_PROTOCOL_TCP);
      g_socket_set_blocking (others[i], FALSE);
      g_socket_connect (others[i], address, NULL, NULL);
    }

  current = &cases[0];
  ibb_xmpp_connection_set_port (IBB_XMPP_CONNECTION (client),
                                g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address)));
  fast_timers_start (8000, 8000, 0); /* the time that TCP has */
  assert_login (client);
  assert_succeeds (ibb_xmpp_connection_logout, IBB_XMPP_CONNECTION (client), NULL);

  /* Meanwhile the login can be cancelled. */
  g_timeout_add (100, cancel_cb, cancellable);
  {
    GAsyncResult *result = NULL;

    ibb_xmpp_connection_login_async (IBB_XMPP_CONNECTION (client), cancellable, store_result_cb,
                                     &result);
    assert_result_fails (G_IO_ERROR, G_IO_ERROR_CANCELLED, ibb_xmpp_connection_login_finish,
                         IBB_XMPP_CONNECTION (client), &result);
  }
  end_client (client);
  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    g_object_unref (others[i]);
}

int
main (int argc, char **argv)
{
  g_autofree char            *folder = g_path_get_dirname (account_get ("IBB_TEST_CA_FILE"));
  g_autofree char            *path = g_build_filename (folder, "server.pem", NULL);
  g_autoptr (GTlsCertificate) certificate = assert_succeeds (g_tls_certificate_new_from_file, path);
  Acceptor                    https;
  int                         result;

  g_test_init (&argc, &argv, NULL);
  start_watchdog ();
  acceptor_start (&https, https_cb, certificate);
  proxy = cut_proxy_new_asked (https.port);
  install_resolver ();

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *name = g_strconcat ("/ibb/websocket/host-meta/", cases[i].name, NULL);

      g_test_add_data_func (name, &cases[i], test_case);
    }
  g_test_add ("/ibb/websocket/transfer", Parties, NULL, set_up, test_transfer, parties_tear_down);
  g_test_add_func ("/ibb/websocket/host-meta/untrusted", test_untrusted);
  g_test_add_func ("/ibb/websocket/host-meta/redirected-elsewhere", test_redirected_elsewhere);
  g_test_add_data_func ("/ibb/websocket/host-meta/accepted", GINT_TO_POINTER (TRUE), test_judged);
  g_test_add_data_func ("/ibb/websocket/host-meta/refused", GINT_TO_POINTER (FALSE), test_judged);
  g_test_add_func ("/ibb/websocket/fallback/unused", test_fallback_unused);
  g_test_add_func ("/ibb/websocket/fallback/used", test_fallback);
  g_test_add_func ("/ibb/websocket/fallback/silent", test_fallback_silent);
  result = g_test_run ();
  cut_proxy_free (proxy);
  acceptor_stop (&https);
  return result;
}
