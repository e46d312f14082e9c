/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Clients that share an IBBWorker. What they do otherwise is shown by the tests that run with
 * IBB_TEST_ONE_WORKER. */

#include "config.h"

#include <string.h>

#include "../lib/process.h"
#include "party.h"

#define TOTAL (1 << 20)
#define PEERS 3

static IBBClient *
create_client (IBBWorker *worker, const char *name, const char *resource)
{
  g_autofree char *jid = account_dup_jid (name, resource);
  IBBClient       *client = ibb_client_new_with_worker (jid, worker);

  account_prepare_client (client, account_get_of (name, "_PASSWORD"));
  return client;
}

static void
set_up_on (Party *self, IBBWorker *worker, const char *name, const char *resource)
{
  self->client = create_client (worker, name, resource);
  self->service = ibb_service_new (IBB_CONNECTION (self->client));
  ibb_service_set_session_limit (self->service, 10);
  assert_login (self->client);
}

/* Sends both ways, by calls that block in four threads. */
static void
transfer (Parties *self)
{
  g_autoptr (IBBTransport) alice = NULL;
  g_autoptr (IBBTransport) bob = NULL;
  End                      ends[2] = { 0 };

  parties_open_session (self, IBB_STANZA_TYPE_IQ, &alice, &bob);
  end_start (&ends[0], alice, TOTAL);
  end_start (&ends[1], bob, TOTAL);
  ends_finish (ends);
}

static void
clear_party (Party *self)
{
  g_assert_finalize_object (self->service);
  drop_client (self->client);
}

/* The thread is one, and goes with the last of those that use it. The client that the others
 * see go has a login under way, at a server that never says a word. */
static void
test_life (void)
{
  g_autoptr (GSocketListener) silent = g_socket_listener_new ();
  IBBWorker                  *worker = ibb_worker_new ();
  IBBClient                  *stuck = create_client (worker, "alice", "stuck");
  GAsyncResult               *result = NULL;
  g_autoptr (GError)          error = NULL;
  Parties                     parties = { 0 };
  guint16                     port;

  set_up_on (&parties.alice, worker, "alice", "worker");
  set_up_on (&parties.bob, worker, "bob", "worker");
  g_object_unref (worker);
  port = g_socket_listener_add_any_inet_port (silent, NULL, NULL);
  ibb_xmpp_connection_set_port (IBB_XMPP_CONNECTION (stuck), port);
  ibb_xmpp_connection_login_async (IBB_XMPP_CONNECTION (stuck), NULL, store_result_cb, &result);
  transfer (&parties);
  g_assert_cmpuint (process_count_threads ("ibb-client"), ==, 1);

  assert_succeeds (ibb_xmpp_connection_logout, IBB_XMPP_CONNECTION (stuck), NULL);
  while (result == NULL)
    wait_a_moment ();
  g_assert_false (ibb_xmpp_connection_login_finish (IBB_XMPP_CONNECTION (stuck), result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_object (&result);
  drop_client (stuck);
  transfer (&parties);

  clear_party (&parties.alice);
  g_assert_cmpint (ibb_xmpp_connection_get_state (IBB_XMPP_CONNECTION (parties.bob.client)), ==,
                   IBB_CONNECTION_STATE_ONLINE);
  g_assert_cmpuint (process_count_threads ("ibb-client"), ==, 1);
  clear_party (&parties.bob);
  while (process_count_threads ("ibb-client") > 0)
    wait_a_moment ();
}

typedef struct
{
  IBBClient *other;
  int        done; /* atomic */
} Call;

static gboolean
call_cb (gpointer data)
{
  Call              *call = data;
  g_autoptr (GError) error = NULL;

  g_assert_false (ibb_xmpp_connection_login (IBB_XMPP_CONNECTION (call->other), NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_atomic_int_inc (&call->done);
  return G_SOURCE_REMOVE;
}

/* A blocking call on another client of the same thread could never end, so it fails. */
static void
test_blocking (void)
{
  g_autoptr (IBBWorker)    worker = ibb_worker_new ();
  g_autoptr (IBBClient)    client = create_client (worker, "alice", NULL);
  g_autoptr (IBBComponent) component =
      g_object_new (IBB_TYPE_COMPONENT, "domain", "bots.example", "worker", worker, NULL);
  Call call = { .other = client };

  g_main_context_invoke (ibb_connection_get_context (IBB_CONNECTION (component)), call_cb, &call);
  wait_for_int (&call.done, 1);
}

/* References to workers and clients are dropped by several threads at once. */
static gpointer
drop_thread (gpointer data)
{
  for (int i = 0; i < 50; i++)
    {
      g_autoptr (IBBWorker) worker = ibb_worker_new ();
      IBBClient            *clients[PEERS];

      for (int j = 0; j < PEERS; j++)
        clients[j] = create_client (worker, "alice", NULL);
      ibb_xmpp_connection_login_async (IBB_XMPP_CONNECTION (clients[i % PEERS]), NULL, NULL, NULL);
      for (int j = 0; j < PEERS; j++)
        g_object_unref (clients[j]);
    }
  return NULL;
}

static void
test_drop (void)
{
  GThread *threads[PEERS];

  for (int i = 0; i < PEERS; i++)
    threads[i] = g_thread_new ("drop", drop_thread, NULL);
  for (int i = 0; i < PEERS; i++)
    g_thread_join (threads[i]);
  while (process_count_threads ("ibb-client") > 0)
    wait_a_moment ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  start_watchdog ();

  g_test_add_func ("/client/worker/life", test_life);
  g_test_add_func ("/client/worker/blocking", test_blocking);
  g_test_add_func ("/client/worker/drop", test_drop);

  return g_test_run ();
}
