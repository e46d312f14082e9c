/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* D-58 beside a real server: streams are lost for good in the middle of a transfer, and the
 * same client logs in again. See tests/lib/prosody.py for IBB_TEST_*; IBB_TEST_TOTAL is how
 * many bytes go each way. */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "../lib/account.h"
#include "client-fixture.h"
#include "cut-proxy.h"

#define TOTAL (4 << 20)

typedef struct
{
  CutProxy   *proxy;
  IBBClient  *client;
  IBBService *service;
  gboolean    stays; /* offline, when it is */
  guint       n_logins;
} Party;

typedef struct
{
  Party alice;
  Party bob;
} Fixture;

static void log_in_again (Party *party);

static void
login_cb (GObject *object, GAsyncResult *result, gpointer data)
{
  Party             *party = data;
  g_autoptr (GError) error = NULL;

  if (ibb_client_login_finish (IBB_CLIENT (object), result, &error))
    return;
  g_test_message ("%s", error->message);
  log_in_again (party);
}

static void
log_in_again (Party *party)
{
  party->n_logins++;
  ibb_client_login_async (party->client, NULL, login_cb, party);
}

static void
state_cb (IBBClient *client, GParamSpec *pspec, Party *party)
{
  if (ibb_client_get_state (client) == IBB_CLIENT_STATE_OFFLINE && !party->stays)
    log_in_again (party);
}

static void
create_party (Party *party, const char *name, const char *resource)
{
  party->proxy = cut_proxy_new ((guint) atoi (account_get ("IBB_TEST_PORT")));
  party->client = account_create_client (name, resource);
  ibb_client_set_port (party->client, cut_proxy_get_port (party->proxy));
  ibb_client_set_resumable (party->client, FALSE);
  party->service = ibb_service_new (IBB_CONNECTION (party->client));
  ibb_service_set_session_limit (party->service, 10);
  ibb_service_set_resume_sessions (party->service, TRUE);
  g_signal_connect (party->client, "notify::state", G_CALLBACK (state_cb), party);
}

static void
log_in (Party *party)
{
  assert_succeeds (ibb_client_login, party->client, NULL);
}

static void
set_up (Fixture *self, gconstpointer data)
{
  create_party (&self->alice, "alice", data);
  create_party (&self->bob, "bob", "train");
}

static void
clear_party (Party *party)
{
  party->stays = TRUE;
  assert_succeeds (ibb_client_logout, party->client, NULL);
  g_assert_finalize_object (party->service);
  g_signal_handlers_disconnect_by_data (party->client, party);
  drop_client (party->client);
  cut_proxy_free (party->proxy);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  clear_party (&self->alice);
  clear_party (&self->bob);
}

static void
open_session (Fixture *self, IBBTransport **alice, IBBTransport **bob)
{
  g_autofree char   *jid = NULL;
  GAsyncResult      *result = NULL;
  g_autoptr (GError) error = NULL;

  jid = ibb_connection_dup_local_jid (IBB_CONNECTION (self->bob.client));
  ibb_service_accept_async (self->bob.service, NULL, store_result_cb, &result);
  *alice = ibb_service_open_session (self->alice.service, jid, IBB_STANZA_TYPE_IQ, 0, NULL, NULL,
                                     &error);
  g_assert_no_error (error);
  *bob = assert_result (ibb_service_accept_finish, self->bob.service, &result);
}

/* One end at work: writes so much, reads as much, and closes. Both ends make
 * the same bytes. */
typedef struct
{
  GThread      *threads[2];
  IBBTransport *transport;
  gsize         total;
  char         *written; /* checksums */
  char         *read;
  int           n_done; /* atomic */
} End;

static gpointer
write_thread (gpointer data)
{
  End                  *end = data;
  GOutputStream        *output = g_io_stream_get_output_stream (G_IO_STREAM (end->transport));
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree guint32   *words = g_new (guint32, 10000);
  g_autoptr (GRand)     random = g_rand_new_with_seed ((guint32) GPOINTER_TO_SIZE (end));

  for (gsize left = end->total; left > 0;)
    {
      gsize n = MIN (left, 40000);

      for (gsize i = 0; i < 10000; i++)
        words[i] = g_rand_int (random);
      g_checksum_update (checksum, (const guchar *) words, (gssize) n);
      assert_succeeds (g_output_stream_write_all, output, words, n, NULL, NULL);
      left -= n;
    }
  assert_succeeds (ibb_transport_shutdown_output, end->transport, NULL);
  end->written = g_strdup (g_checksum_get_string (checksum));
  g_atomic_int_inc (&end->n_done);
  g_main_context_wakeup (NULL);
  return NULL;
}

static gpointer
read_thread (gpointer data)
{
  End                  *end = data;
  GInputStream         *input = g_io_stream_get_input_stream (G_IO_STREAM (end->transport));
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree guint8    *bytes = g_malloc (40000);
  g_autoptr (GError)    error = NULL;
  gsize                 total = 0;
  gssize                n;

  while ((n = g_input_stream_read (input, bytes, 40000, NULL, &error)) > 0)
    {
      g_checksum_update (checksum, bytes, n);
      total += (gsize) n;
    }
  g_assert_no_error (error);
  g_assert_cmpuint (total, ==, end->total);
  end->read = g_strdup (g_checksum_get_string (checksum));
  g_atomic_int_inc (&end->n_done);
  g_main_context_wakeup (NULL);
  return NULL;
}

static void
start (End *end, IBBTransport *transport)
{
  const char *total = g_getenv ("IBB_TEST_TOTAL");

  end->transport = transport;
  end->total = total != NULL ? strtoul (total, NULL, 10) : TOTAL;
  ibb_transport_set_half_close (transport, TRUE);
  end->threads[0] = g_thread_new ("write", write_thread, end);
  end->threads[1] = g_thread_new ("read", read_thread, end);
}

static void
finish (End *end)
{
  for (guint i = 0; i < 2; i++)
    g_thread_join (end->threads[i]);
}

static void
end_clear (End *end)
{
  g_free (end->written);
  g_free (end->read);
}

/* Both ways, while those in which are cut again and again in the middle of stanzas. */
static void
transfer (Fixture *self, guint which, guint n_cuts)
{
  g_autoptr (IBBTransport) alice = NULL;
  g_autoptr (IBBTransport) bob = NULL;
  GAsyncResult            *closed = NULL;
  End                      ends[2] = { { { NULL } } };
  guint64                  step;

  log_in (&self->alice);
  log_in (&self->bob);
  open_session (self, &alice, &bob);
  start (&ends[0], alice);
  start (&ends[1], bob);
  step = 2 * ends[0].total / (n_cuts + 1);
  if ((which & 1) != 0)
    cut_proxy_cut_every (self->alice.proxy, step, n_cuts);
  if ((which & 2) != 0)
    cut_proxy_cut_every (self->bob.proxy, step + step / 3, n_cuts);
  wait_until (g_atomic_int_get (&ends[0].n_done) == 2 && g_atomic_int_get (&ends[1].n_done) == 2);
  finish (&ends[0]);
  finish (&ends[1]);
  g_assert_cmpstr (ends[0].written, ==, ends[1].read);
  g_assert_cmpstr (ends[1].written, ==, ends[0].read);
  end_clear (&ends[0]);
  end_clear (&ends[1]);
  g_io_stream_close_async (G_IO_STREAM (alice), G_PRIORITY_DEFAULT, NULL, store_result_cb, &closed);
  assert_result (g_io_stream_close_finish, G_IO_STREAM (alice), &closed);

  if ((which & 1) != 0)
    g_assert_cmpuint (self->alice.n_logins, >=, n_cuts);
  if ((which & 2) != 0)
    g_assert_cmpuint (self->bob.n_logins, >=, n_cuts);
  wait_until (ibb_client_get_state (self->alice.client) == IBB_CLIENT_STATE_ONLINE &&
              ibb_client_get_state (self->bob.client) == IBB_CLIENT_STATE_ONLINE);
}

static void
test_one (Fixture *self, gconstpointer data)
{
  transfer (self, 1, 4);
}

static void
test_both (Fixture *self, gconstpointer data)
{
  transfer (self, 3, 4);
}

static void
test_moving (Fixture *self, gconstpointer data)
{
  transfer (self, 1, 3);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  start_watchdog ();

#define add(path, resource, function)                                                              \
  g_test_add ("/ibb/logins/D-58/" path, Fixture, resource, set_up, function, tear_down)
  add ("one", "train", test_one);
  add ("both", "train", test_both);
  add ("moving", NULL, test_moving); /* the server chooses a resource each time */

  return g_test_run ();
}
