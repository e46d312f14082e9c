/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* IBBClient beside a real server; see tests/lib/prosody.py for IBB_TEST_*. */

#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../lib/account.h"
#include "../lib/fast-timers.h"
#include "client-fixture.h"

/* The last mechanism that a login in any thread chose. */
static GMutex lock;
static char  *mechanism; /* protected by lock */

static void
log_cb (const char *domain, GLogLevelFlags level, const char *message, gpointer user_data)
{
  const char *with = strstr (message, " with ");

  if (!g_str_has_prefix (message, "Logging in to ") || with == NULL)
    return;

  g_mutex_lock (&lock);
  g_free (mechanism);
  mechanism = g_strdup (with + strlen (" with "));
  g_mutex_unlock (&lock);
}

static void
assert_mechanism (const char *expected)
{
  g_mutex_lock (&lock);
  g_assert_cmpstr (mechanism, ==, expected);
  g_mutex_unlock (&lock);
}

static IBBClient *
create_client_at (const char *domain_variable)
{
  g_autofree char *jid = g_strdup_printf ("alice@%s", account_get (domain_variable));

  return account_create_client_for (jid, account_get ("IBB_TEST_ALICE_PASSWORD"));
}

static void
assert_logout (IBBClient *client)
{
  assert_succeeds (ibb_xmpp_connection_logout, IBB_XMPP_CONNECTION (client), NULL);
  g_assert_cmpint (ibb_xmpp_connection_get_state (IBB_XMPP_CONNECTION (client)), ==,
                   IBB_CONNECTION_STATE_OFFLINE);
}

static char *
dup_local_jid (IBBClient *client)
{
  return ibb_connection_dup_local_jid (IBB_CONNECTION (client));
}

/* The mechanism is the one that the settings of the server and of TLS allow. */
static void
test_mechanism (void)
{
  const char *expected = g_getenv ("IBB_TEST_EXPECTED_MECHANISM");
  IBBClient  *client = account_create_client ("alice", NULL);

  if (expected == NULL)
    expected = "SCRAM-SHA-256";
  assert_login (client);
  assert_mechanism (expected);
  assert_logout (client);
  ibb_client_set_password (client, "wrong");
  assert_login_fails (client, IBB_ERROR, IBB_ERROR_AUTHENTICATION);
  assert_mechanism (expected);
  drop_client (client);
}

static void
test_plain_text (void)
{
  IBBClient *client = account_create_client ("alice", NULL);

  /* The server would take it. */
  ibb_client_set_tls_mode (client, IBB_TLS_MODE_NONE);
  assert_login_fails (client, IBB_ERROR, IBB_ERROR_AUTHENTICATION);
  ibb_client_set_password_policy (client, IBB_PASSWORD_POLICY_READABLE);
  assert_login (client);
  assert_mechanism ("PLAIN");
  drop_client (client);
}

/* Even over TLS: the server never sees it. */
static void
test_password_policy (void)
{
  IBBClient *client = account_create_client ("alice", NULL);

  g_assert_cmpint (ibb_client_get_password_policy (client), ==, IBB_PASSWORD_POLICY_ENCRYPTED);
  assert_login (client);
  assert_mechanism ("PLAIN");
  assert_logout (client);
  ibb_client_set_password_policy (client, IBB_PASSWORD_POLICY_HASHED);
  g_assert_cmpint (ibb_client_get_password_policy (client), ==, IBB_PASSWORD_POLICY_HASHED);
  assert_login_fails (client, IBB_ERROR, IBB_ERROR_AUTHENTICATION);
  drop_client (client);
}

static void
set_certificate (IBBClient *client, const char *name)
{
  g_autoptr (GError)          error = NULL;
  g_autoptr (GTlsCertificate) certificate =
      g_tls_certificate_new_from_file (account_get (name), &error);
  g_autoptr (GTlsCertificate) again = NULL;

  g_assert_no_error (error);
  ibb_client_set_certificate (client, certificate);
  again = ibb_client_dup_certificate (client);
  g_assert_true (again == certificate);
}

/* SASL EXTERNAL with a client certificate (XEP-0178). */
static void
test_external (void)
{
  IBBClient *client = account_create_client ("alice", NULL);

  /* Without a certificate the server offers only logins by password. */
  assert_login (client);
  assert_mechanism ("SCRAM-SHA-1");
  assert_logout (client);

  set_certificate (client, "IBB_TEST_ALICE_CERTIFICATE");
  assert_login (client);
  assert_mechanism ("EXTERNAL");
  assert_logout (client);
  ibb_client_set_password (client, NULL);
  assert_login (client);
  assert_mechanism ("EXTERNAL");
  assert_logout (client);

  ibb_client_set_tls_mode (client, IBB_TLS_MODE_DIRECT);
  ibb_xmpp_connection_set_port (IBB_XMPP_CONNECTION (client),
                                (guint) atoi (account_get ("IBB_TEST_DIRECT_TLS_PORT")));
  assert_login (client);
  assert_logout (client);

  /* Somebody else's. */
  set_certificate (client, "IBB_TEST_STRANGER_CERTIFICATE");
  assert_login_fails (client, IBB_ERROR, IBB_ERROR_AUTHENTICATION);

  ibb_client_set_certificate (client, NULL);
  assert_login_fails (client, IBB_ERROR, IBB_ERROR_AUTHENTICATION);
  drop_client (client);
}

/* The server knows nothing newer than TLS 1.1 (RFC 8996). PLAIN is all that it
 * offers, and nobody listens to it. */
static void
test_old_tls (void)
{
  IBBClient         *client = account_create_client ("alice", NULL);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 2; i++)
    {
      g_assert_false (ibb_xmpp_connection_login (IBB_XMPP_CONNECTION (client), NULL, &error));
      g_assert_error (error, G_TLS_ERROR, G_TLS_ERROR_HANDSHAKE);
      g_test_message ("%s", error->message);
      g_assert_nonnull (strstr (error->message, "TLS 1.2"));
      g_assert_nonnull (strstr (error->message, account_get ("IBB_TEST_DOMAIN")));
      g_clear_error (&error);
      ibb_client_set_tls_mode (client, IBB_TLS_MODE_DIRECT);
      ibb_xmpp_connection_set_port (IBB_XMPP_CONNECTION (client),
                                    (guint) atoi (account_get ("IBB_TEST_DIRECT_TLS_PORT")));
    }
  g_mutex_lock (&lock);
  g_assert_null (mechanism);
  g_mutex_unlock (&lock);
  drop_client (client);
}

static void
test_tls_modes (void)
{
  g_autofree char *jid = NULL;
  IBBClient       *client = account_create_client ("alice", NULL);

  g_assert_null (dup_local_jid (client));
  assert_login (client);
  jid = dup_local_jid (client);
  g_assert_true (g_str_has_prefix (jid, "alice@localhost/"));
  assert_logout (client);
  g_assert_null (dup_local_jid (client));

  ibb_client_set_tls_mode (client, IBB_TLS_MODE_NONE);
  assert_login (client);
  assert_logout (client);

  ibb_client_set_tls_mode (client, IBB_TLS_MODE_DIRECT);
  ibb_xmpp_connection_set_port (IBB_XMPP_CONNECTION (client),
                                (guint) atoi (account_get ("IBB_TEST_DIRECT_TLS_PORT")));
  assert_login (client);
  assert_logout (client);
  drop_client (client);

  client = create_client_at ("IBB_TEST_NO_TLS_DOMAIN");
  assert_login_fails (client, G_TLS_ERROR, G_TLS_ERROR_UNAVAILABLE);
  drop_client (client);
}

static void
test_wrong_user (void)
{
  IBBClient *client = account_create_client_for ("nobody@localhost", "secret");

  assert_login_fails (client, IBB_ERROR, IBB_ERROR_AUTHENTICATION);
  drop_client (client);
  client = account_create_client_for ("alice@unknown.test", "secret");
  assert_login_fails (client, IBB_ERROR, IBB_ERROR_ITEM_NOT_FOUND);
  drop_client (client);
}

static void
test_anonymous (void)
{
  IBBClient *client = account_create_client_for (account_get ("IBB_TEST_ANONYMOUS_DOMAIN"), NULL);

  assert_login (client);
  assert_mechanism ("ANONYMOUS");
  drop_client (client);
}

static void
test_unreachable (void)
{
  g_autoptr (GSocket) silent =
      g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL);
  g_autoptr (GInetAddress)   loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) address = NULL;
  IBBClient                 *client = account_create_client ("alice", NULL);
  g_autofree char           *where = NULL;
  g_autoptr (GError)         error = NULL;
  guint                      port;

  /* The socket has a port and does not listen. */
  assert_succeeds (g_socket_bind, silent, any, FALSE);
  address = assert_succeeds (g_socket_get_local_address, silent);
  port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address));
  ibb_xmpp_connection_set_port (IBB_XMPP_CONNECTION (client), port);
  g_assert_false (ibb_xmpp_connection_login (IBB_XMPP_CONNECTION (client), NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
  where = g_strdup_printf ("“127.0.0.1”, port %u", port);
  g_assert_nonnull (strstr (error->message, where));
  g_clear_error (&error);

  ibb_xmpp_connection_set_host (IBB_XMPP_CONNECTION (client), "host.invalid");
  g_assert_false (ibb_xmpp_connection_login (IBB_XMPP_CONNECTION (client), NULL, &error));
  g_assert_true (error->domain == G_RESOLVER_ERROR);
  g_clear_error (&error);
  drop_client (client);

  /* By the domain: no record, no address. */
  client = ibb_client_new ("alice@host.invalid");
  g_assert_false (ibb_xmpp_connection_login (IBB_XMPP_CONNECTION (client), NULL, &error));
  g_assert_true (error->domain == G_RESOLVER_ERROR);
  drop_client (client);
}

/* Certificates. */

typedef struct
{
  GThread             *thread;
  GMainContext        *context;
  gboolean             accept;
  int                  n_calls;
  GTlsCertificateFlags errors;
  char                *pin;
} Judge;

static gboolean
accept_certificate_cb (IBBClient           *client,
                       GTlsCertificate     *certificate,
                       GTlsCertificateFlags errors,
                       gpointer             user_data)
{
  Judge *judge = user_data;

  g_assert_true (g_thread_self () == judge->thread);
  g_assert_true (g_main_context_get_thread_default () == judge->context);
  g_assert_cmpint (ibb_xmpp_connection_get_state (IBB_XMPP_CONNECTION (client)), ==,
                   IBB_CONNECTION_STATE_CONNECTING);
  judge->n_calls++;
  judge->errors = errors;
  g_free (judge->pin);
  g_object_get (certificate, "certificate-pem", &judge->pin, NULL);

  return judge->accept;
}

static void
test_certificate (void)
{
  static const struct
  {
    const char          *domain;
    const char          *database;
    GTlsCertificateFlags errors;
  } cases[] = {
    { "IBB_TEST_DOMAIN", "IBB_TEST_OTHER_CA_FILE", G_TLS_CERTIFICATE_UNKNOWN_CA },
    { "IBB_TEST_DOMAIN", NULL, G_TLS_CERTIFICATE_UNKNOWN_CA },
    { "IBB_TEST_WRONG_DOMAIN", "IBB_TEST_CA_FILE", G_TLS_CERTIFICATE_BAD_IDENTITY },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      IBBClient               *client = create_client_at (cases[i].domain);
      g_autoptr (GTlsDatabase) database = NULL;
      g_autofree char         *pin = NULL;
      Judge                    judge = { g_thread_self (), NULL };

      if (cases[i].database != NULL)
        database = account_open_database (cases[i].database);
      ibb_client_set_tls_database (client, database);
      assert_login_fails (client, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);

      g_signal_connect (client, "accept-certificate", G_CALLBACK (accept_certificate_cb), &judge);
      assert_login_fails (client, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);
      g_assert_cmpint (judge.n_calls, ==, 1);
      g_assert_cmpint (judge.errors, ==, cases[i].errors);
      pin = g_steal_pointer (&judge.pin);

      judge.accept = TRUE;
      assert_login (client);
      g_assert_cmpint (judge.n_calls, ==, 2);
      g_assert_cmpstr (judge.pin, ==, pin);
      g_free (judge.pin);
      drop_client (client);
    }
}

static void
test_certificate_trusted (void)
{
  IBBClient *client = account_create_client ("alice", NULL);
  Judge      judge = { g_thread_self (), NULL };

  g_signal_connect (client, "accept-certificate", G_CALLBACK (accept_certificate_cb), &judge);
  assert_login (client);
  g_assert_cmpint (judge.n_calls, ==, 0);
  drop_client (client);
}

static void
test_certificate_async (void)
{
  IBBClient    *client = account_create_client ("alice", NULL);
  GAsyncResult *result = NULL;
  Judge         judge = { g_thread_self (), NULL };

  judge.accept = TRUE;
  ibb_client_set_tls_database (client, NULL);
  g_signal_connect (client, "accept-certificate", G_CALLBACK (accept_certificate_cb), &judge);
  ibb_xmpp_connection_login_async (IBB_XMPP_CONNECTION (client), NULL, store_result_cb, &result);
  assert_result (ibb_xmpp_connection_login_finish, IBB_XMPP_CONNECTION (client), &result);
  g_assert_cmpint (judge.n_calls, ==, 1);
  g_free (judge.pin);
  drop_client (client);
}

/* If nobody runs the context in which the question is asked, the certificate is refused, in
 * time. */
static void
test_certificate_unanswered (void)
{
  IBBClient    *client = account_create_client ("alice", NULL);
  GAsyncResult *result = NULL;
  Judge         judge = { g_thread_self (), NULL };

  judge.accept = TRUE;
  ibb_client_set_tls_database (client, NULL);
  fast_timers_start (30000, 30000, 0); /* the application’s answer */
  g_signal_connect (client, "accept-certificate", G_CALLBACK (accept_certificate_cb), &judge);
  ibb_xmpp_connection_login_async (IBB_XMPP_CONNECTION (client), NULL, store_result_cb, &result);
  while (ibb_xmpp_connection_get_state (IBB_XMPP_CONNECTION (client)) ==
         IBB_CONNECTION_STATE_CONNECTING)
    g_thread_yield ();
  assert_result_fails (G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE, ibb_xmpp_connection_login_finish,
                       IBB_XMPP_CONNECTION (client), &result);
  g_assert_cmpint (judge.n_calls, ==, 0);
  fast_timers_stop ();
  drop_client (client);
}

/* Life. */

static void
state_cb (IBBClient *client, GParamSpec *pspec, gpointer user_data)
{
  g_assert_true (g_main_context_is_owner (NULL));
  g_string_append_printf (user_data, "%d",
                          ibb_xmpp_connection_get_state (IBB_XMPP_CONNECTION (client)));
}

static gboolean
accept_any_cb (IBBClient *client, GTlsCertificate *certificate, GTlsCertificateFlags errors)
{
  return TRUE;
}

static void
test_again (void)
{
  IBBClient          *client = account_create_client ("alice", NULL);
  GTlsDatabase       *database = ibb_client_dup_tls_database (client);
  GAsyncResult       *first = NULL;
  GAsyncResult       *second = NULL;
  g_autoptr (GError)  error = NULL;
  g_autoptr (GString) states = g_string_new (NULL);
  g_autofree char    *nobody = g_strdup_printf ("%s/nobody", g_getenv ("IBB_TEST_BOB"));
  IBBService         *service;

  g_signal_connect (client, "notify::state", G_CALLBACK (state_cb), states);
  /* The first login cannot be over before this context is asked about the certificate. */
  ibb_client_set_tls_database (client, NULL);
  g_signal_connect (client, "accept-certificate", G_CALLBACK (accept_any_cb), NULL);
  ibb_xmpp_connection_login_async (IBB_XMPP_CONNECTION (client), NULL, store_result_cb, &first);
  ibb_xmpp_connection_login_async (IBB_XMPP_CONNECTION (client), NULL, store_result_cb, &second);
  assert_result_fails (G_IO_ERROR, G_IO_ERROR_PENDING, ibb_xmpp_connection_login_finish,
                       IBB_XMPP_CONNECTION (client), &second);
  assert_result (ibb_xmpp_connection_login_finish, IBB_XMPP_CONNECTION (client), &first);
  assert_fails (G_IO_ERROR, G_IO_ERROR_EXISTS, ibb_xmpp_connection_login,
                IBB_XMPP_CONNECTION (client), NULL);
  run_pending ();
  g_assert_cmpstr (states->str, ==, "12");
  ibb_client_set_tls_database (client, database);
  g_object_unref (database);

  g_clear_error (&error);
  /* A service goes on with the new login (D-42): whom it asks for is not there,
   * says the server. */
  service = ibb_service_new (IBB_CONNECTION (client));
  for (guint i = 0; i < 3; i++)
    {
      assert_logout (client);
      assert_logout (client);
      g_assert_null (ibb_service_open_session (service, nobody, NULL, NULL, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
      g_clear_error (&error);
      assert_login (client);
      g_assert_null (ibb_service_open_session (service, nobody, NULL, NULL, &error));
      g_assert_error (error, IBB_ERROR, IBB_ERROR_SERVICE_UNAVAILABLE);
      g_clear_error (&error);
    }
  g_assert_finalize_object (service);
  run_pending ();
  drop_client (client);
}

static gpointer
log_in_blocking (gpointer data)
{
  IBBClient *client = account_create_client ("alice", NULL);

  assert_login (client);
  assert_logout (client);
  drop_client (client);
  return NULL;
}

typedef struct
{
  GMainLoop *loop;
  GThread   *thread;
} Loop;

static void
online_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  Loop *loop = user_data;

  g_assert_true (g_thread_self () == loop->thread);
  g_assert_true (
      ibb_xmpp_connection_login_finish (IBB_XMPP_CONNECTION (IBB_CLIENT (object)), result, NULL));
  g_main_loop_quit (loop->loop);
}

static gpointer
log_in_with_context (gpointer data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  Loop                     loop = { g_main_loop_new (context, FALSE), g_thread_self () };
  IBBClient               *client;

  g_main_context_push_thread_default (context);
  client = account_create_client ("alice", NULL);
  ibb_xmpp_connection_login_async (IBB_XMPP_CONNECTION (client), NULL, online_cb, &loop);
  g_main_loop_run (loop.loop);
  g_object_unref (client);
  g_main_loop_unref (loop.loop);
  g_main_context_pop_thread_default (context);
  return NULL;
}

static void
test_threads (void)
{
  GThread *threads[4];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("login", i % 2 ? log_in_blocking : log_in_with_context, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

/* The resource goes to the later of two, and the earlier one is told. */
static void
test_conflict (void)
{
  g_autofree char   *jid = g_strconcat (account_get ("IBB_TEST_ALICE"), "/ibb", NULL);
  g_autofree char   *first_jid = NULL;
  g_autoptr (GError) error = NULL;
  IBBClient         *first = account_create_client ("alice", "ibb");
  IBBClient         *second = account_create_client ("alice", "ibb");

  assert_login (first);
  first_jid = dup_local_jid (first);
  g_assert_cmpstr (first_jid, ==, jid);
  assert_login (second);
  wait_for_state (first, IBB_CONNECTION_STATE_OFFLINE);
  error = ibb_xmpp_connection_dup_disconnect_error (IBB_XMPP_CONNECTION (first));
  g_assert_error (error, IBB_ERROR, IBB_ERROR_CONFLICT);
  g_assert_cmpint (ibb_xmpp_connection_get_state (IBB_XMPP_CONNECTION (second)), ==,
                   IBB_CONNECTION_STATE_ONLINE);
  drop_client (first);
  drop_client (second);
}

static gboolean
keep_stanza_cb (IBBConnection *connection, IBBStanza *stanza, gpointer user_data)
{
  IBBStanza **kept = user_data;

  if (g_strcmp0 (ibb_stanza_get_id (stanza), "q") != 0)
    return FALSE;
  g_assert_null (*kept);
  *kept = ibb_stanza_ref (stanza);
  return TRUE;
}

static IBBStanza *
ask (IBBClient *client, const char *to, const char *kind, const char *child)
{
  g_autofree char *xml = g_strdup_printf ("<iq type='%s' id='q' to='%s'>%s</iq>", kind, to, child);
  g_autoptr (IBBStanza) stanza = ibb_stanza_new_from_xml (xml, -1, NULL);
  IBBStanza            *answer = NULL;
  gulong                handler;

  handler = g_signal_connect (client, "stanza-received", G_CALLBACK (keep_stanza_cb), &answer);
  g_assert_true (ibb_connection_send (IBB_CONNECTION (client), stanza, NULL));
  while (answer == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_signal_handler_disconnect (client, handler);
  g_assert_cmpstr (ibb_stanza_get_from (answer), ==, to);

  return answer;
}

static void
test_two (void)
{
  IBBClient            *alice = account_create_client ("alice", NULL);
  IBBClient            *bob = account_create_client ("bob", NULL);
  g_autofree char      *bobs = NULL;
  g_autoptr (IBBStanza) pong = NULL;
  g_autoptr (IBBStanza) refused = NULL;
  g_autofree char      *xml = NULL;
  g_autoptr (GError)    error = NULL;

  assert_login (alice);
  assert_login (bob);
  bobs = dup_local_jid (bob);

  pong = ask (alice, bobs, "get", "<ping xmlns='urn:xmpp:ping'/>");
  g_assert_cmpstr (ibb_stanza_get_kind (pong), ==, "result");
  refused = ask (alice, bobs, "set", "<unknown xmlns='urn:unknown'/>");
  g_assert_cmpstr (ibb_stanza_get_kind (refused), ==, "error");
  xml = ibb_stanza_to_xml (refused);
  g_assert_nonnull (strstr (xml, "<service-unavailable"));

  assert_fails (IBB_ERROR, IBB_ERROR_FEATURE_NOT_IMPLEMENTED, ibb_client_query_support, alice, bobs,
                NULL);
  assert_fails (IBB_ERROR, IBB_ERROR_SERVICE_UNAVAILABLE, ibb_client_query_support, alice,
                "bob@localhost/other", NULL);

  /* Nothing of one client is left in the other. (Stanzas to the one that has just left may be lost,
   * because Prosody notices that when the socket closes.) */
  drop_client (bob);
  assert_fails (IBB_ERROR, IBB_ERROR_FEATURE_NOT_IMPLEMENTED, ibb_client_query_support, alice,
                account_get ("IBB_TEST_DOMAIN"), NULL);
  drop_client (alice);
}

/* A session from alice to bob that carries a few bytes. */
static void
assert_session (IBBService *from, IBBService *to, const char *peer)
{
  GAsyncResult            *accepted = NULL;
  g_autoptr (IBBTransport) here = NULL;
  g_autoptr (IBBTransport) there = NULL;
  g_autoptr (GError)       error = NULL;
  char                     buffer[5] = "";

  ibb_service_accept_async (to, NULL, store_result_cb, &accepted);
  here = assert_succeeds (ibb_service_open_session, from, peer, NULL, NULL);
  there = assert_result (ibb_service_accept_finish, to, &accepted);
  assert_succeeds (g_output_stream_write_all, g_io_stream_get_output_stream (G_IO_STREAM (here)),
                   "hello", 5, NULL, NULL);
  g_assert_true (g_input_stream_read_all (g_io_stream_get_input_stream (G_IO_STREAM (there)),
                                          buffer, 5, NULL, NULL, &error));
  g_assert_cmpmem (buffer, 5, "hello", 5);
  assert_succeeds (g_io_stream_close, G_IO_STREAM (here), NULL);
}

/* A service ends with the login that it was made for, a client does not. */
static void
test_service (void)
{
  IBBClient         *alice = account_create_client ("alice", NULL);
  IBBClient         *bob = account_create_client ("bob", NULL);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 3; i++)
    {
      IBBService      *from = ibb_service_new (IBB_CONNECTION (alice));
      IBBService      *to = ibb_service_new (IBB_CONNECTION (bob));
      g_autofree char *bobs = NULL;

      ibb_service_set_session_limit (to, 1);
      assert_login (alice);
      assert_login (bob);
      bobs = dup_local_jid (bob);
      assert_succeeds (ibb_client_query_support, alice, bobs, NULL);
      assert_session (from, to, bobs);
      assert_logout (alice);
      assert_logout (bob);
      g_assert_null (ibb_service_open_session (from, bobs, NULL, NULL, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
      g_clear_error (&error);
      g_object_unref (from);
      g_object_unref (to);
    }
  run_pending ();
  drop_client (alice);
  drop_client (bob);
}

/* Waits until everything that the process had open is closed, its ports last. */
static void
wait_for_end (pid_t pid)
{
  struct pollfd process = { .events = POLLIN };

  process.fd = (int) syscall (SYS_pidfd_open, pid, 0);
  if (process.fd < 0)
    return; /* it has been waited for */
  while (poll (&process, 1, -1) < 0)
    g_assert_cmpint (errno, ==, EINTR);
  close (process.fd);
}

static void
test_killed (void)
{
  IBBClient *alice = account_create_client ("alice", NULL);
  IBBClient *bob = account_create_client ("bob", NULL);
  pid_t      pid = (pid_t) atoi (account_get ("IBB_TEST_SERVER_PID"));

  ibb_client_set_tls_mode (bob, IBB_TLS_MODE_NONE);
  assert_login (alice);
  assert_login (bob);
  g_assert_cmpint (kill (pid, SIGKILL), ==, 0);
  wait_for_state (alice, IBB_CONNECTION_STATE_OFFLINE);
  wait_for_state (bob, IBB_CONNECTION_STATE_OFFLINE);
  wait_for_end (pid);
  assert_login_fails (alice, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
  drop_client (alice);
  drop_client (bob);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_handler ("ibb-glib", G_LOG_LEVEL_DEBUG, log_cb, NULL);
  start_watchdog ();
  if (g_getenv ("IBB_TEST_ALICE_CERTIFICATE") != NULL)
    {
      g_test_add_func ("/ibb/login/external", test_external);
      return g_test_run ();
    }
  if (g_getenv ("IBB_TEST_OLD_TLS") != NULL)
    {
      g_test_add_func ("/ibb/login/old-tls", test_old_tls);
      return g_test_run ();
    }
  g_test_add_func ("/ibb/login/mechanism", test_mechanism);
  if (g_getenv ("IBB_TEST_EXPECTED_MECHANISM") != NULL)
    {
      if (g_str_equal (g_getenv ("IBB_TEST_EXPECTED_MECHANISM"), "PLAIN"))
        {
          g_test_add_func ("/ibb/login/plain-text", test_plain_text);
          g_test_add_func ("/ibb/login/password-policy", test_password_policy);
        }
      return g_test_run ();
    }
  if (g_getenv ("IBB_TEST_KILL") != NULL)
    {
      g_test_add_func ("/ibb/login/killed", test_killed);
      return g_test_run ();
    }

  g_test_add_func ("/ibb/login/tls-modes", test_tls_modes);
  g_test_add_func ("/ibb/login/wrong-user", test_wrong_user);
  g_test_add_func ("/ibb/login/anonymous", test_anonymous);
  g_test_add_func ("/ibb/login/unreachable", test_unreachable);
  g_test_add_func ("/ibb/login/certificate", test_certificate);
  g_test_add_func ("/ibb/login/certificate/trusted", test_certificate_trusted);
  g_test_add_func ("/ibb/login/certificate/async", test_certificate_async);
  g_test_add_func ("/ibb/login/certificate/unanswered", test_certificate_unanswered);
  g_test_add_func ("/ibb/login/again", test_again);
  g_test_add_func ("/ibb/login/threads", test_threads);
  g_test_add_func ("/ibb/login/conflict", test_conflict);
  g_test_add_func ("/ibb/login/two", test_two);
  g_test_add_func ("/ibb/login/service", test_service);

  return g_test_run ();
}
