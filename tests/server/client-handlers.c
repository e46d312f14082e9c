/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What an application does in the handler of a signal or a notification of a client: each of these
 * works, and what the client tells afterwards is right. */

#include "config.h"

#include "../lib/certificate.h"
#include "client-fixture.h"
#include "fake-server.h"

#define FRIEND "friend@fake.test/x"

typedef enum
{
  DO_LOG_OUT,
  DO_LOG_OUT_AND_WAIT,
  DO_LOG_IN,
  DO_DROP,
  DO_SET,
  DO_OPEN,
  DO_ITERATE,
  N_DEEDS
} Deed;

static const char *const deed_names[N_DEEDS] = {
  "log-out", "log-out-and-wait", "log-in", "drop", "set", "open", "iterate",
};

typedef struct
{
  FakeServer        *server;
  IBBClient         *client;  /* (owned) (nullable) */
  IBBService        *service; /* (owned) (nullable) */
  Deed               deed;
  guint              n_deeds;
  guint              n_told; /* to the handler behind the one that does it */
  IBBConnectionState state;  /* that was told last */
  GAsyncResult      *login;  /* (owned) (nullable) */
  GAsyncResult      *logout; /* likewise */
  GAsyncResult      *open;   /* likewise */
  GAsyncResult      *again;  /* likewise */
  gpointer           weak;   /* the client */
} Test;

/* ---- the deeds ---- */

/* Each of these notifies within the notification. */
static void
set_all (IBBClient *client)
{
  IBBXmppConnection *connection = IBB_XMPP_CONNECTION (client);

  ibb_xmpp_connection_set_auto_reconnect (connection,
                                          !ibb_xmpp_connection_get_auto_reconnect (connection));
  ibb_xmpp_connection_set_keepalive_interval (connection, 50000);
  ibb_xmpp_connection_set_keepalive_timeout (connection, 70000);
  ibb_client_set_password (client, NULL);
  ibb_client_set_priority (client, 7);
  ibb_client_set_send_presence (client, !ibb_client_get_send_presence (client));
  ibb_client_set_token (client, NULL);
  ibb_client_set_fingerprint (client, NULL);
  ibb_client_set_user_agent_id (client, "00112233-4455-4677-8899-aabbccddeeff");
  ibb_connection_add_feature (IBB_CONNECTION (client), "urn:example:feature");
}

static void
open_session (Test *self)
{
  g_autoptr (IBBSessionParams) params = ibb_session_params_new ();

  self->service = ibb_service_new (IBB_CONNECTION (self->client));
  ibb_service_open_session_async (self->service, FRIEND, params, NULL, store_result_cb,
                                  &self->open);
}

static void
act (Test *self)
{
  IBBXmppConnection *connection = IBB_XMPP_CONNECTION (self->client);

  if (self->n_deeds++ > 0)
    return;
  switch (self->deed)
    {
    case DO_LOG_OUT:
      ibb_xmpp_connection_logout_async (connection, NULL, store_result_cb, &self->logout);
      break;
    case DO_LOG_OUT_AND_WAIT:
      assert_succeeds (ibb_xmpp_connection_logout, connection, NULL);
      break;
    case DO_LOG_IN:
      ibb_xmpp_connection_login_async (connection, NULL, store_result_cb, &self->again);
      break;
    case DO_DROP:
      g_clear_object (&self->client);
      break;
    case DO_SET:
      set_all (self->client);
      break;
    case DO_OPEN:
      open_session (self);
      break;
    case DO_ITERATE:
      while (g_main_context_iteration (NULL, FALSE))
        ;
      break;
    case N_DEEDS:
    default:
      g_assert_not_reached ();
    }
}

/* Of any signal. The value says of a stanza that it was not taken. */
static gboolean
signal_cb (Test *self)
{
  act (self);
  return FALSE;
}

static gboolean
told_cb (Test *self)
{
  self->n_told++;
  return FALSE;
}

static void
state_cb (IBBXmppConnection *connection, GParamSpec *pspec, Test *self)
{
  self->state = ibb_xmpp_connection_get_state (connection);
}

static gboolean
trust_cb (IBBClient *client, IBBTrustQuestion *question, Test *self)
{
  act (self);
  ibb_trust_question_accept (question, IBB_ANSWER_FLAGS_NONE);
  return TRUE;
}

static gboolean
password_cb (IBBClient *client, IBBPasswordQuestion *question, Test *self)
{
  act (self);
  ibb_password_question_answer (question, "secret", IBB_ANSWER_FLAGS_NONE);
  return TRUE;
}

/* ---- what brings the signal ---- */

/* The notifications wait in the context. */
static void
log_in (Test *self)
{
  assert_succeeds (ibb_xmpp_connection_login, IBB_XMPP_CONNECTION (self->client), NULL);
}

static void
log_in_later (Test *self)
{
  ibb_xmpp_connection_login_async (IBB_XMPP_CONNECTION (self->client), NULL, store_result_cb,
                                   &self->login);
}

static void
lose (Test *self)
{
  fake_server_close (self->server);
}

static void
send_presence (Test *self)
{
  fake_server_send (self->server,
                    "<presence from='" FRIEND "'/><presence from='" FRIEND "2'/>"
                    "<iq type='get' id='q' from='" FRIEND "'><x xmlns='u'/></iq>",
                    -1);
}

static void
send_messages (Test *self)
{
  fake_server_send (self->server,
                    "<message from='" FRIEND "' id='1'><body/></message>"
                    "<message from='" FRIEND "' id='2'><body/></message>"
                    "<iq type='get' id='q' from='" FRIEND "'><x xmlns='u'/></iq>",
                    -1);
}

static void
add_feature (Test *self)
{
  ibb_connection_add_feature (IBB_CONNECTION (self->client), "urn:example:other");
}

static void
set_priority (Test *self)
{
  ibb_client_set_priority (self->client, 3);
}

static void
set_host (Test *self)
{
  ibb_xmpp_connection_set_host (IBB_XMPP_CONNECTION (self->client), "localhost");
}

typedef struct
{
  const char *signal;
  void (*cause) (Test *self);
  gboolean is_online; /* before */
} Scene;

static const Scene scenes[] = {
  { "notify::state", log_in, FALSE },
  { "notify::local-jid", log_in, FALSE },
  { "trust-requested", log_in_later, FALSE },
  { "password-requested", log_in_later, FALSE },
  { "notify::state", lose, TRUE },
  { "notify::local-jid", lose, TRUE },
  { "notify::disconnect-error", lose, TRUE },
  { "resource-changed", send_presence, TRUE },
  { "stanza-received", send_messages, TRUE },
  { "capabilities-changed", add_feature, TRUE },
  { "notify::priority", set_priority, TRUE },
  { "notify::host", set_host, TRUE },
};

/* ---- the test ---- */

static const FakeStep steps[] = { FAKE_LOGIN, { NULL } };

static void
set_up (Test *self, const Scene *scene)
{
  g_autoptr (GTlsCertificate) certificate = load_certificate ("alone-1.pem");
  gboolean                    asks_trust = g_str_equal (scene->signal, "trust-requested");
  gboolean                    asks_password = g_str_equal (scene->signal, "password-requested");

  self->server = asks_trust ? fake_server_new_tls (steps, certificate) : fake_server_new (steps);
  self->client = fake_create_client (self->server, FAKE_JID);
  self->weak = self->client;
  g_object_add_weak_pointer (G_OBJECT (self->client), &self->weak);
  g_signal_connect (self->client, "notify::state", G_CALLBACK (state_cb), self);
  if (asks_trust)
    ibb_client_set_tls_mode (self->client, IBB_TLS_MODE_DIRECT);
  if (asks_password)
    ibb_client_set_password (self->client, NULL);
  if (scene->is_online)
    {
      log_in (self);
      run_pending ();
    }
  if (asks_trust)
    g_signal_connect (self->client, scene->signal, G_CALLBACK (trust_cb), self);
  else if (asks_password)
    g_signal_connect (self->client, scene->signal, G_CALLBACK (password_cb), self);
  else
    g_signal_connect_swapped (self->client, scene->signal, G_CALLBACK (signal_cb), self);
  g_signal_connect_swapped (self->client, scene->signal, G_CALLBACK (told_cb), self);
}

/* A login that was under way: a logout ends it, and nothing else does. */
static void
check_login (Test *self)
{
  g_autoptr (GAsyncResult) result = wait_for_result (&self->login);
  g_autoptr (GObject)      source = g_async_result_get_source_object (result);
  g_autoptr (GError)       error = NULL;
  gboolean                 is_online =
      ibb_xmpp_connection_login_finish (IBB_XMPP_CONNECTION (source), result, &error);

  if (self->deed == DO_LOG_OUT || self->deed == DO_LOG_OUT_AND_WAIT)
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  else
    g_assert_no_error (error);
  g_assert_cmpint (is_online, ==, error == NULL);
}

static void
check_again (Test *self)
{
  g_autoptr (GAsyncResult) result = wait_for_result (&self->again);
  g_autoptr (GError)       error = NULL;

  if (!ibb_xmpp_connection_login_finish (IBB_XMPP_CONNECTION (self->client), result, &error) &&
      !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PENDING))
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS);
}

static void
check_open (Test *self)
{
  g_autoptr (GAsyncResult) result = wait_for_result (&self->open);
  g_autoptr (GError)       error = NULL;

  g_assert_null (ibb_service_open_session_finish (self->service, result, &error));
  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED))
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
  g_clear_object (&self->service);
}

static void
test_handler (gconstpointer data)
{
  guint        number = GPOINTER_TO_UINT (data);
  const Scene *scene = &scenes[number / N_DEEDS];
  Test         test = { .deed = (Deed) (number % N_DEEDS) };
  gboolean     is_question;

  set_up (&test, scene);
  is_question = g_str_has_suffix (scene->signal, "requested");
  scene->cause (&test);
  while (test.n_deeds == 0)
    wait_a_moment ();
  g_assert_cmpint (test.n_told > 0, ==, !is_question);
  if (scene->cause == log_in_later)
    check_login (&test);
  if (test.deed == DO_LOG_OUT)
    assert_result (ibb_xmpp_connection_logout_finish, IBB_XMPP_CONNECTION (test.client),
                   &test.logout);
  if (test.deed == DO_LOG_IN)
    check_again (&test);
  if (scene->cause == send_messages && test.deed >= DO_SET)
    while (test.n_told < 3)
      wait_a_moment ();
  if (test.client != NULL)
    {
      assert_succeeds (ibb_xmpp_connection_logout, IBB_XMPP_CONNECTION (test.client), NULL);
      if (test.deed == DO_OPEN)
        check_open (&test);
      run_pending ();
      g_assert_cmpint (test.state, ==, IBB_CONNECTION_STATE_OFFLINE);
      g_object_unref (test.client);
    }
  while (test.weak != NULL)
    wait_a_moment ();
  g_free (fake_server_free (test.server));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  start_watchdog ();
  for (guint i = 0; i < G_N_ELEMENTS (scenes) * N_DEEDS; i++)
    {
      const Scene     *scene = &scenes[i / N_DEEDS];
      g_autofree char *signal = g_strdelimit (g_strdup (scene->signal), ":", '-');
      g_autofree char *path =
          g_strdup_printf ("/client/handlers/%s/%s/%s", scene->is_online ? "online" : "offline",
                           signal, deed_names[i % N_DEEDS]);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_handler);
    }

  return g_test_run ();
}
