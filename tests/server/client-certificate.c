/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which server gets the client's certificate, and what comes of a stream whose server shows
 * another certificate. The servers of the first speak TLS only: they ask for a certificate, and
 * hang up after the handshake. IBB_TEST_CERTIFICATES is a folder that tests/lib/certificates.py
 * filled. */

#include "config.h"

#include <string.h>

#include "../lib/certificate.h"
#include "../lib/fake-random.h"
#include "acceptor.h"
#include "client-fixture.h"
#include "fake-server.h"
#include "xmpp/reconnection.h"

#define MAX_CONNECTIONS 3

typedef struct
{
  Acceptor    acceptor;
  const char *names[MAX_CONNECTIONS]; /* of its certificates, one a connection */

  /* of the thread until it has ended */
  guint n_connections;
  guint n_certificates[MAX_CONNECTIONS]; /* of the client, by connection */
} Server;

/* GIO asks a server about every certificate. */
static gboolean
count_certificate_cb (GTlsConnection      *tls,
                      GTlsCertificate     *certificate,
                      GTlsCertificateFlags errors,
                      gpointer             user_data)
{
  guint *n_certificates = user_data;

  (*n_certificates)++;
  return TRUE;
}

static void
serve_cb (GSocketConnection *connection, gpointer data)
{
  Server                     *self = data;
  guint                       i = self->n_connections++;
  g_autoptr (GTlsCertificate) certificate = NULL;
  g_autoptr (GIOStream)       tls = NULL;

  g_assert_cmpuint (i, <, MAX_CONNECTIONS);
  g_assert_nonnull (self->names[i]);
  certificate = load_certificate (self->names[i]);
  tls = assert_succeeds (g_tls_server_connection_new, G_IO_STREAM (connection), certificate);
  g_object_set (tls, "authentication-mode", G_TLS_AUTHENTICATION_REQUESTED, NULL);
  g_signal_connect (tls, "accept-certificate", G_CALLBACK (count_certificate_cb),
                    &self->n_certificates[i]);
  /* The handshake fails where the client stops it. */
  g_tls_connection_handshake (G_TLS_CONNECTION (tls), NULL, NULL);
  g_io_stream_close (tls, NULL, NULL);
}

typedef struct
{
  gboolean accept;
  guint    n_calls;
} Judge;

static gboolean
judge_cb (IBBClient *client, IBBTrustQuestion *question, gpointer user_data)
{
  Judge *judge = user_data;

  judge->n_calls++;
  g_assert_cmpint (ibb_trust_question_get_errors (question), !=, 0);
  if (judge->accept)
    ibb_trust_question_accept (question, FALSE);
  return TRUE;
}

static IBBClient *
create_client (Server *server)
{
  IBBClient                  *client = ibb_client_new ("romeo@juliet.example");
  g_autofree char            *path = get_certificate_path ("authority.crt");
  g_autoptr (GError)          error = NULL;
  g_autoptr (GTlsDatabase)    database = g_tls_file_database_new (path, &error);
  g_autoptr (GTlsCertificate) certificate = load_certificate ("romeo.pem");

  g_assert_no_error (error);
  ibb_xmpp_connection_set_host (IBB_XMPP_CONNECTION (client), "127.0.0.1");
  ibb_xmpp_connection_set_port (IBB_XMPP_CONNECTION (client), server->acceptor.port);
  ibb_client_set_tls_mode (client, IBB_TLS_MODE_DIRECT);
  ibb_client_set_tls_database (client, database);
  ibb_client_set_certificate (client, certificate);
  return client;
}

typedef struct
{
  const char *names[MAX_CONNECTIONS]; /* the server's certificates */
  gboolean    has_handler;
  gboolean    accept;
  guint       n_calls; /* of the handler */
  /* What the server counts. */
  guint n_connections;
  guint n_certificates[MAX_CONNECTIONS];
  /* Whether the login ends with an error of the certificate, or as the server hangs up. */
  gboolean is_refused;
} Case;

static void
test_case (gconstpointer data)
{
  const Case        *test = data;
  Server             server = { .names = { test->names[0], test->names[1], test->names[2] } };
  Judge              judge = { test->accept, 0 };
  IBBClient         *client;
  g_autoptr (GError) error = NULL;

  acceptor_start (&server.acceptor, serve_cb, &server);
  client = create_client (&server);
  if (test->has_handler)
    g_signal_connect (client, "trust-requested", G_CALLBACK (judge_cb), &judge);
  g_assert_false (ibb_xmpp_connection_login (IBB_XMPP_CONNECTION (client), NULL, &error));
  g_test_message ("%s", error->message);
  g_assert_cmpint (g_error_matches (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE), ==,
                   test->is_refused);
  g_assert_cmpint (ibb_xmpp_connection_get_state (IBB_XMPP_CONNECTION (client)), ==,
                   IBB_CONNECTION_STATE_OFFLINE);
  drop_client (client);
  acceptor_stop (&server.acceptor);

  g_assert_cmpuint (judge.n_calls, ==, test->n_calls);
  g_assert_cmpuint (server.n_connections, ==, test->n_connections);
  for (gsize i = 0; i < MAX_CONNECTIONS; i++)
    g_assert_cmpuint (server.n_certificates[i], ==, test->n_certificates[i]);
}

#define MANAGED(max)                                                                               \
  {                                                                                                \
    FAKE_SM_LOGIN (                                                                                \
        "<enabled xmlns='" FAKE_SM "' id='some-id' resume='true' max='" max "'/>"                  \
        "<iq type='get' id='ping' from='fake.test'><ping xmlns='urn:xmpp:ping'/></iq>"),           \
    {                                                                                              \
      NULL                                                                                         \
    }                                                                                              \
  }

/* A client whose stream has broken, and which meets another certificate then. */
static IBBClient *
create_stranded_client (FakeServer *server, Judge *judge, gboolean auto_reconnect)
{
  g_autoptr (GTlsCertificate) other = load_certificate ("alone-2.pem");
  IBBClient                  *client = fake_create_client (server, FAKE_JID);

  ibb_client_set_tls_mode (client, IBB_TLS_MODE_DIRECT);
  ibb_xmpp_connection_set_auto_reconnect (IBB_XMPP_CONNECTION (client), auto_reconnect);
  g_signal_connect (client, "trust-requested", G_CALLBACK (judge_cb), judge);
  assert_login (client);
  fake_server_expect (server, "id='ping'");
  fake_server_set_certificate (server, other);
  fake_server_close (server);
  return client;
}

/* The certificate may be that of a captive portal: the client waits until the portal is gone. */
static void
test_portal (void)
{
  static const FakeStep       steps[] = MANAGED ("300");
  static const FakeStep       back[] = { FAKE_SM_RETURN (FAKE_SM_RESUMED), { NULL } };
  g_autoptr (GTlsCertificate) own = load_certificate ("alone-1.pem");
  FakeServer                 *server = fake_server_new_tls (steps, own);
  Judge                       judge = { TRUE, 0 };
  IBBClient                  *client = create_stranded_client (server, &judge, FALSE);

  fake_server_set_steps (server, back);
  fake_server_wait_for_clients (server, 5);
  g_assert_cmpint (ibb_xmpp_connection_get_state (IBB_XMPP_CONNECTION (client)), ==,
                   IBB_CONNECTION_STATE_SUSPENDED);
  fake_server_set_certificate (server, own);
  wait_for_state (client, IBB_CONNECTION_STATE_ONLINE);
  fake_log_out (client, server, NULL);
  g_assert_cmpuint (judge.n_calls, ==, 1);
}

static void
assert_names_certificate (IBBClient *client)
{
  g_autoptr (GError) error =
      ibb_xmpp_connection_dup_disconnect_error (IBB_XMPP_CONNECTION (client));

  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, "The certificate of “fake.test” is not trusted"));
}

/* When the time is up, the error names the certificate. */
static void
test_replaced (void)
{
  static const FakeStep       steps[] = MANAGED ("0");
  g_autoptr (GTlsCertificate) own = load_certificate ("alone-1.pem");
  FakeServer                 *server = fake_server_new_tls (steps, own);
  Judge                       judge = { TRUE, 0 };
  IBBClient                  *client = create_stranded_client (server, &judge, FALSE);
  g_autoptr (GError)          error = NULL;

  wait_for_state (client, IBB_CONNECTION_STATE_OFFLINE);
  error = ibb_xmpp_connection_dup_disconnect_error (IBB_XMPP_CONNECTION (client));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
  assert_names_certificate (client);
  g_assert_cmpuint (fake_server_get_n_clients (server), ==, 3);
  fake_end (client, server);
  g_assert_cmpuint (judge.n_calls, ==, 1);
}

static guint
count (const char *text, const char *what)
{
  guint n = 0;

  for (text = strstr (text, what); text != NULL; text = strstr (text + 1, what))
    n++;
  return n;
}

/* A client that logs in again by itself goes on, too, rarely, and until somebody tells it to stop.
 * It tells such a server nothing. */
static void
test_replaced_returning (gconstpointer data)
{
  static const FakeStep       steps[] = MANAGED ("0");
  gboolean                    heals = GPOINTER_TO_INT (data);
  g_autoptr (GTlsCertificate) own = load_certificate ("alone-1.pem");
  FakeServer                 *server = fake_server_new_tls (steps, own);
  Judge                       judge = { TRUE, 0 };
  IBBClient                  *client;
  g_autofree char            *received = NULL;

  fake_random_start (0);
  client = create_stranded_client (server, &judge, TRUE);
  fake_server_wait_for_clients (server, 7);
  wait_for_state (client, IBB_CONNECTION_STATE_CONNECTING);
  assert_names_certificate (client);
  g_assert_cmpuint (fake_random_get_bound (0), ==, IBB_RECONNECTION_LOGIN_WAIT_MIN);
  for (guint i = 1; i < 4; i++)
    g_assert_cmpuint (fake_random_get_bound (i), ==, IBB_RECONNECTION_LOGIN_WAIT_MAX);
  if (heals)
    {
      fake_server_set_certificate (server, own);
      wait_for_state (client, IBB_CONNECTION_STATE_ONLINE);
      g_assert_null (ibb_xmpp_connection_dup_disconnect_error (IBB_XMPP_CONNECTION (client)));
    }
  else
    {
      ibb_xmpp_connection_set_auto_reconnect (IBB_XMPP_CONNECTION (client), FALSE);
      wait_for_state (client, IBB_CONNECTION_STATE_OFFLINE);
      assert_names_certificate (client);
    }
  fake_log_out (client, server, &received);
  g_assert_cmpuint (count (received, "<stream:stream"), ==, heals ? 4 : 2);
  g_assert_cmpuint (count (received, "</auth>"), ==, heals ? 2 : 1);
  g_assert_cmpuint (judge.n_calls, ==, 1);
}

/* Servers of which the first sends the client to the second (RFC 6120 §4.9.3.19). */
typedef struct
{
  const char *names[2]; /* of their certificates */
  guint       n_calls;  /* of the handler, which accepts any */
  gboolean    is_refused;
} Redirect;

static FakeServer *
create_server (const char *name, const FakeStep *steps)
{
  g_autoptr (GTlsCertificate) certificate = load_certificate (name);

  return fake_server_new_tls (steps, certificate);
}

static guint second_port; /* atomic */

static char *
send_on (const char *received)
{
  return g_strdup_printf (FAKE_HEADER FAKE_SEE_OTHER ("127.0.0.1:%u"),
                          (guint) g_atomic_int_get ((int *) &second_port));
}

/* The second one has to show a certificate that is trusted for the domain of the account, or that
 * was accepted for it. Nobody is asked about another one, and it gets nothing. */
static void
test_redirect (gconstpointer data)
{
  static const FakeStep first_steps[] = { { FAKE_OPEN, NULL, send_on }, { NULL } };
  static const FakeStep second_steps[] = {
    FAKE_LOGIN_AS (FAKE_BOUND_TO ("user@juliet.example/r"), NULL),
    { NULL },
  };
  const Redirect          *test = data;
  FakeServer              *first = create_server (test->names[0], first_steps);
  FakeServer              *second = create_server (test->names[1], second_steps);
  IBBClient               *client = fake_create_client (first, "user@juliet.example");
  Judge                    judge = { TRUE, 0 };
  g_autofree char         *path = get_certificate_path ("authority.crt");
  g_autoptr (GTlsDatabase) database = assert_succeeds (g_tls_file_database_new, path);
  g_autofree char         *received = NULL;
  g_autoptr (GError)       error = NULL;

  g_atomic_int_set ((int *) &second_port, (int) fake_server_get_port (second));
  ibb_client_set_tls_mode (client, IBB_TLS_MODE_DIRECT);
  ibb_client_set_tls_database (client, database);
  g_signal_connect (client, "trust-requested", G_CALLBACK (judge_cb), &judge);
  if (ibb_xmpp_connection_login (IBB_XMPP_CONNECTION (client), NULL, &error))
    assert_succeeds (ibb_xmpp_connection_logout, IBB_XMPP_CONNECTION (client), NULL);
  else
    g_assert_error (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);
  g_assert_cmpint (error != NULL, ==, test->is_refused);
  g_assert_cmpuint (judge.n_calls, ==, test->n_calls);
  g_assert_cmpuint (fake_server_get_n_clients (second), ==, 1);
  drop_client (client);
  g_free (fake_server_free (first));
  received = fake_server_free (second);
  g_assert_cmpint (*received == '\0', ==, test->is_refused);
}

int
main (int argc, char **argv)
{
  static const Case trusted = {
    .names = { "juliet.pem" },
    .has_handler = TRUE,
    .n_connections = 1,
    .n_certificates = { 1 },
  };
  static const Case unjudged = {
    .names = { "alone-1.pem" },
    .n_connections = 1,
    .is_refused = TRUE,
  };
  static const Case refused = {
    .names = { "alone-1.pem" },
    .has_handler = TRUE,
    .n_calls = 1,
    .n_connections = 1,
    .is_refused = TRUE,
  };
  static const Case accepted = {
    .names = { "alone-1.pem", "alone-1.pem" },
    .has_handler = TRUE,
    .accept = TRUE,
    .n_calls = 1,
    .n_connections = 2,
    .n_certificates = { 0, 1 },
  };
  /* The second connection leads to another server: the handler is not asked again. */
  static const Case changed = {
    .names = { "alone-1.pem", "alone-2.pem" },
    .has_handler = TRUE,
    .accept = TRUE,
    .n_calls = 1,
    .n_connections = 2,
    .is_refused = TRUE,
  };

  static const Redirect to_trusted = { { "juliet.pem", "juliet.pem" } };
  static const Redirect to_accepted = { { "alone-1.pem", "alone-1.pem" }, 1 };
  static const Redirect to_untrusted = { { "juliet.pem", "alone-1.pem" }, 0, TRUE };
  static const Redirect to_another = { { "alone-1.pem", "alone-2.pem" }, 1, TRUE };

  g_test_init (&argc, &argv, NULL);
  start_watchdog ();
  g_test_add_data_func ("/ibb/client/certificate/trusted", &trusted, test_case);
  g_test_add_data_func ("/ibb/client/certificate/unjudged", &unjudged, test_case);
  g_test_add_data_func ("/ibb/client/certificate/refused", &refused, test_case);
  g_test_add_data_func ("/ibb/client/certificate/accepted", &accepted, test_case);
  g_test_add_data_func ("/ibb/client/certificate/changed", &changed, test_case);
  g_test_add_data_func ("/ibb/client/certificate/redirect/trusted", &to_trusted, test_redirect);
  g_test_add_data_func ("/ibb/client/certificate/redirect/accepted", &to_accepted, test_redirect);
  g_test_add_data_func ("/ibb/client/certificate/redirect/untrusted", &to_untrusted, test_redirect);
  g_test_add_data_func ("/ibb/client/certificate/redirect/another", &to_another, test_redirect);
  g_test_add_func ("/ibb/client/certificate/D-42/portal", test_portal);
  g_test_add_func ("/ibb/client/certificate/D-42/replaced", test_replaced);
  g_test_add_data_func ("/ibb/client/certificate/D-42/replaced/stays", GINT_TO_POINTER (FALSE),
                        test_replaced_returning);
  g_test_add_data_func ("/ibb/client/certificate/D-42/replaced/heals", GINT_TO_POINTER (TRUE),
                        test_replaced_returning);

  return g_test_run ();
}
