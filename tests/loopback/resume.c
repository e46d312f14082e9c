/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* D-58: sessions that outlive their connection. */

#include "fixture.h"
#include "stack.h"

#define LENGTH (1024 * 1024)
#define ROMEO_AGAIN "romeo@montague.example/vault"

typedef struct
{
  StackConnection *connections[2]; /* of Romeo, of Juliet */
  IBBService      *services[2];
} Stacks;

static void
set_up (Stacks *self, gconstpointer data)
{
  self->connections[0] = stack_connection_new (ROMEO);
  self->connections[1] = stack_connection_new (JULIET);
  for (guint i = 0; i < 2; i++)
    {
      stack_connection_set_peer (self->connections[i], self->connections[1 - i]);
      self->services[i] = ibb_service_new (IBB_CONNECTION (self->connections[i]));
      ibb_service_set_session_limit (self->services[i], 10);
      ibb_service_set_resume_sessions (self->services[i], TRUE);
    }
}

static void
tear_down (Stacks *self, gconstpointer data)
{
  for (guint i = 0; i < 2; i++)
    g_assert_finalize_object (self->services[i]);
  run_pending ();
  for (guint i = 0; i < 2; i++)
    g_assert_finalize_object (self->connections[i]);
}

static Ends
open_pair (Stacks *self)
{
  GAsyncResult *opened = NULL;
  GAsyncResult *accepted = NULL;
  Ends          ends;

  ibb_service_accept_async (self->services[1], NULL, store_result_cb, &accepted);
  ibb_service_open_session_async (self->services[0], JULIET, NULL, NULL, store_result_cb, &opened);
  ends.romeo = assert_result (ibb_service_open_session_finish, self->services[0], &opened);
  ends.juliet = assert_result (ibb_service_accept_finish, self->services[1], &accepted);
  return ends;
}

/* Stanzas on the way are lost. */
static void
lose (Stacks *self, guint i)
{
  StackConnection *connection = self->connections[i];

  stack_connection_set_peer (self->connections[1 - i], NULL);
  stack_connection_set_peer (connection, NULL);
  g_queue_clear_full (&connection->inbox, (GDestroyNotify) ibb_stanza_unref);
  ibb_connection_set_state (IBB_CONNECTION (connection), IBB_CONNECTION_STATE_OFFLINE, NULL);
}

static void
log_in (Stacks *self, guint i, const char *jid)
{
  StackConnection *connection = self->connections[i];

  g_free (connection->jid);
  connection->jid = g_strdup (jid);
  for (guint n = 0; n < 2; n++)
    stack_connection_set_peer (self->connections[n], self->connections[1 - n]);
  ibb_connection_set_state (IBB_CONNECTION (connection), IBB_CONNECTION_STATE_ONLINE, NULL);
  g_object_notify (G_OBJECT (connection), "local-jid");
}

typedef struct
{
  GBytes       *bytes;
  gsize         read;
  guint8        buffer[4096];
  GInputStream *input;
  gboolean      is_over;
} Reading;

static void
read_cb (GObject *object, GAsyncResult *result, gpointer data)
{
  Reading           *self = data;
  gsize              length;
  const guint8      *expected = g_bytes_get_data (self->bytes, &length);
  g_autoptr (GError) error = NULL;
  gssize             n = g_input_stream_read_finish (self->input, result, &error);

  g_assert_no_error (error);
  if (n == 0)
    {
      self->is_over = TRUE;
      return;
    }
  g_assert_cmpuint (self->read + (gsize) n, <=, length);
  g_assert_cmpmem (self->buffer, n, expected + self->read, n);
  self->read += (gsize) n;
  g_input_stream_read_async (self->input, self->buffer, sizeof self->buffer, G_PRIORITY_DEFAULT,
                             NULL, read_cb, self);
}

static void
count_cb (GObject *object, GParamSpec *pspec, gpointer data)
{
  (*(guint *) data)++;
}

/* Bytes from Romeo to Juliet, until the end of file, while those are lost whose bits are in
 * which. */
static void
transfer (Stacks *self, guint which, const char *romeo)
{
  g_auto (Ends)      ends = open_pair (self);
  g_autoptr (GBytes) bytes = make_bytes (LENGTH, 1);
  Reading            reading = { .bytes = bytes, .input = get_input (ends.juliet) };
  GAsyncResult      *written = NULL;
  GAsyncResult      *closed = NULL;
  guint              n_notified = 0;

  g_signal_connect (ends.romeo, "notify::waiting", G_CALLBACK (count_cb), &n_notified);
  g_output_stream_write_all_async (get_output (ends.romeo), g_bytes_get_data (bytes, NULL), LENGTH,
                                   G_PRIORITY_DEFAULT, NULL, store_result_cb, &written);
  g_input_stream_read_async (reading.input, reading.buffer, sizeof reading.buffer,
                             G_PRIORITY_DEFAULT, NULL, read_cb, &reading);
  for (guint i = 1; i <= 3; i++)
    {
      wait_until (reading.read > i * LENGTH / 4);
      for (guint n = 0; n < 2; n++)
        if ((which & 1 << n) != 0)
          lose (self, n);
      run_pending ();
      if ((which & 1) != 0)
        g_assert_cmpint (ibb_transport_get_waiting (ends.romeo), !=, IBB_WAIT_NOTHING);
      g_assert_false (ibb_transport_has_ended (ends.romeo));
      for (guint n = 0; n < 2; n++)
        if ((which & 1 << n) != 0)
          log_in (self, n, n == 0 ? romeo : JULIET);
      wait_until (ibb_transport_get_waiting (ends.romeo) == IBB_WAIT_NOTHING &&
                  ibb_transport_get_waiting (ends.juliet) == IBB_WAIT_NOTHING);
    }
  assert_result (g_output_stream_write_all_finish, get_output (ends.romeo), &written, NULL);
  g_io_stream_close_async (G_IO_STREAM (ends.romeo), G_PRIORITY_DEFAULT, NULL, store_result_cb,
                           &closed);
  assert_result (g_io_stream_close_finish, G_IO_STREAM (ends.romeo), &closed);
  wait_until (reading.is_over);
  g_assert_cmpuint (reading.read, ==, LENGTH);
  if ((which & 1) != 0)
    g_assert_cmpuint (n_notified, >=, 6);
  assert_local_jid (ends.romeo, romeo);
  assert_peer_jid (ends.juliet, romeo);
  g_assert_cmpuint (ibb_transport_get_block_size (ends.romeo), ==, 32768); /* D-14 */
  g_assert_cmpuint (ibb_transport_get_block_size (ends.juliet), ==, 32768);
  close_async (ends.juliet);
}

static void
test_ours (Stacks *self, gconstpointer data)
{
  transfer (self, 1, ROMEO);
}

static void
test_peers (Stacks *self, gconstpointer data)
{
  transfer (self, 2, ROMEO);
}

static void
test_both (Stacks *self, gconstpointer data)
{
  transfer (self, 3, ROMEO);
}

/* The session follows the resource, at both ends. */
static void
test_resource (Stacks *self, gconstpointer data)
{
  transfer (self, 1, ROMEO_AGAIN);
}

static gboolean
accept_cb (IBBService *service, IBBRequest *request, GPtrArray *transports)
{
  g_ptr_array_add (transports, g_object_ref (request));
  g_ptr_array_add (transports, assert_succeeds (ibb_request_accept, request));
  return TRUE;
}

/* What a request says is what the peer has asked for, wherever the session goes on from. */
static void
test_request (Stacks *self, gconstpointer data)
{
  g_autoptr (GPtrArray) accepted = g_ptr_array_new_with_free_func (g_object_unref);
  GAsyncResult         *opened = NULL;
  Ends                  ends;
  IBBRequest           *request;
  const char           *peer_jid, *local_jid, *sid;

  g_signal_connect (self->services[1], "session-requested", G_CALLBACK (accept_cb), accepted);
  ibb_service_open_session_async (self->services[0], JULIET, NULL, NULL, store_result_cb, &opened);
  ends.romeo = assert_result (ibb_service_open_session_finish, self->services[0], &opened);
  request = accepted->pdata[0];
  ends.juliet = accepted->pdata[1];
  peer_jid = ibb_request_get_peer_jid (request);
  local_jid = ibb_request_get_local_jid (request);
  sid = ibb_request_get_sid (request);

  lose (self, 0);
  log_in (self, 0, ROMEO_AGAIN);
  wait_until (ibb_transport_get_waiting (ends.romeo) == IBB_WAIT_NOTHING);
  assert_peer_jid (ends.juliet, ROMEO_AGAIN);
  lose (self, 1);
  log_in (self, 1, JULIET "/again");
  wait_until (ibb_transport_get_waiting (ends.juliet) == IBB_WAIT_NOTHING);
  assert_local_jid (ends.juliet, JULIET "/again");

  g_assert_cmpstr (peer_jid, ==, ROMEO);
  g_assert_true (ibb_request_get_peer_jid (request) == peer_jid);
  g_assert_cmpstr (local_jid, ==, JULIET);
  g_assert_true (ibb_request_get_local_jid (request) == local_jid);
  g_assert_cmpstr (sid, ==, ibb_transport_get_sid (ends.juliet));
  close_async (ends.romeo);
  close_async (ends.juliet);
  g_object_unref (ends.romeo);
}

/* Romeo has lost the session. Juliet does not know, and is ended by force. */
static void
assert_ended_lost (Ends *ends)
{
  g_autoptr (GError) error = NULL;

  wait_until (ibb_transport_has_ended (ends->romeo));
  error = ibb_transport_dup_error (ends->romeo);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
  g_assert_cmpint (ibb_transport_get_waiting (ends->romeo), ==, IBB_WAIT_NOTHING);
  ibb_transport_abort (ends->juliet);
  run_pending ();
}

static void
test_timeout (Stacks *self, gconstpointer data)
{
  g_auto (Ends) ends = { NULL };

  ibb_service_set_resume_timeout (self->services[0], 20);
  ends = open_pair (self);
  lose (self, 0);
  g_assert_false (ibb_transport_has_ended (ends.romeo));
  assert_ended_lost (&ends);
}

/* One time bounds the whole wait: for a resumption of the XML stream, and for a new login. It holds
 * for each session, whether it can be resumed or not. */
static void
test_suspended (Stacks *self, gconstpointer data)
{
  IBBConnection *connection = IBB_CONNECTION (self->connections[0]);

  ibb_service_set_resume_timeout (self->services[0], 20);
  for (guint i = 0; i < 2; i++)
    {
      g_auto (Ends) ends = { NULL };

      ibb_service_set_resume_sessions (self->services[1], i == 0);
      ends = open_pair (self);
      g_assert_cmpint (ibb_transport_get_waiting (ends.romeo), ==, IBB_WAIT_NOTHING);
      ibb_connection_set_state (connection, IBB_CONNECTION_STATE_SUSPENDED, NULL);
      g_assert_false (ibb_transport_has_ended (ends.romeo));
      wait_until (ibb_transport_has_ended (ends.romeo));
      ibb_connection_set_state (connection, IBB_CONNECTION_STATE_ONLINE, NULL);
      wait_until (ibb_transport_has_ended (ends.juliet));
    }
}

static void
waiting_cb (IBBTransport *transport, GParamSpec *pspec, IBBWait *told)
{
  *told = ibb_transport_get_waiting (transport);
}

/* The application is told what a session waits for: the connection, a peer that agrees to go on, a
 * peer that does not answer (D-27). */
static void
test_waiting (Stacks *self, gconstpointer data)
{
  IBBConnection *connection = IBB_CONNECTION (self->connections[0]);
  IBBWait        told = IBB_WAIT_NOTHING;
  g_auto (Ends)  ends = { NULL };

  ibb_service_set_peer_timeout (self->services[0], 10000); /* asks after a tenth of it */
  ends = open_pair (self);
  g_signal_connect (ends.romeo, "notify::waiting", G_CALLBACK (waiting_cb), &told);
  ibb_connection_set_state (connection, IBB_CONNECTION_STATE_SUSPENDED, NULL);
  wait_until (told == IBB_WAIT_CONNECTION);
  ibb_connection_set_state (connection, IBB_CONNECTION_STATE_ONLINE, NULL);
  wait_until (told == IBB_WAIT_NOTHING);

  stack_connection_set_peer (self->connections[0], NULL);
  wait_until (told == IBB_WAIT_PEER);
  stack_connection_set_peer (self->connections[0], self->connections[1]);
  wait_until (told == IBB_WAIT_NOTHING);

  lose (self, 0);
  wait_until (told == IBB_WAIT_CONNECTION);
  log_in (self, 0, ROMEO);
  wait_until (told == IBB_WAIT_NOTHING);
  ibb_transport_abort (ends.romeo);
  ibb_transport_abort (ends.juliet);
  run_pending ();
}

/* A peer that has not set the property: all is as it was. */
static void
test_not_agreed (Stacks *self, gconstpointer data)
{
  g_auto (Ends) ends = { NULL };

  ibb_service_set_resume_sessions (self->services[1], FALSE);
  ends = open_pair (self);
  lose (self, 0);
  assert_ended_lost (&ends);
}

/* Sessions belong to an account. */
static void
test_account (Stacks *self, gconstpointer data)
{
  g_auto (Ends) ends = open_pair (self);

  lose (self, 0);
  log_in (self, 0, "mercutio@montague.example/orchard");
  assert_ended_lost (&ends);
}

/* An abort while nobody is there is told afterwards. */
static void
test_abort (Stacks *self, gconstpointer data)
{
  g_auto (Ends) ends = open_pair (self);

  lose (self, 0);
  ibb_transport_abort (ends.romeo);
  log_in (self, 0, ROMEO);
  wait_until (ibb_transport_has_ended (ends.juliet));
}

/* Blocking calls wait in any thread but the one that serves the connection. */
static void
test_would_block (Stacks *self, gconstpointer data)
{
  g_auto (Ends) ends = open_pair (self);
  char          byte;

  lose (self, 0);
  assert_fails (G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, g_input_stream_read, get_input (ends.romeo),
                &byte, 1, NULL);
  ibb_transport_abort (ends.romeo);
  ibb_transport_abort (ends.juliet);
  run_pending ();
}

/* An IBBLoopback carries the agreement as well. */
static void
test_loopback (Fixture *self, gconstpointer data)
{
  g_autoptr (GBytes) bytes = make_bytes (LENGTH, 1);
  g_auto (Ends)      ends = { NULL };

  ibb_service_set_resume_sessions (self->romeo, TRUE);
  ibb_service_set_resume_sessions (self->juliet, TRUE);
  ends = fixture_open (self);
  ibb_connection_set_state (ibb_service_get_connection (self->romeo), IBB_CONNECTION_STATE_OFFLINE,
                            NULL);
  g_assert_cmpint (ibb_transport_get_waiting (ends.romeo), !=, IBB_WAIT_NOTHING);
  ibb_connection_set_state (ibb_service_get_connection (self->romeo), IBB_CONNECTION_STATE_ONLINE,
                            NULL);
  assert_passes (ends.romeo, ends.juliet, bytes);
  close_async (ends.romeo);
  assert_reads_eof (ends.juliet);
}

#define add_stacks_test(path, function) g_test_add (path, Stacks, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  add_stacks_test ("/ibb/loopback/resume/D-58/ours", test_ours);
  add_stacks_test ("/ibb/loopback/resume/D-58/peers", test_peers);
  add_stacks_test ("/ibb/loopback/resume/D-58/both", test_both);
  add_stacks_test ("/ibb/loopback/resume/D-58/resource", test_resource);
  add_stacks_test ("/ibb/loopback/resume/D-58/request", test_request);
  add_stacks_test ("/ibb/loopback/resume/D-58/timeout", test_timeout);
  add_stacks_test ("/ibb/loopback/resume/D-42/suspended", test_suspended);
  add_stacks_test ("/ibb/loopback/resume/D-27/waiting", test_waiting);
  add_stacks_test ("/ibb/loopback/resume/D-58/not-agreed", test_not_agreed);
  add_stacks_test ("/ibb/loopback/resume/D-58/account", test_account);
  add_stacks_test ("/ibb/loopback/resume/D-58/abort", test_abort);
  add_stacks_test ("/ibb/loopback/resume/would-block", test_would_block);
  add_test ("/ibb/loopback/resume/loopback", test_loopback);
  return g_test_run ();
}
