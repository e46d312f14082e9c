/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* D-58: sessions that outlive their connection. */

#include "fixture.h"

#define LENGTH (1024 * 1024)
#define ROMEO_AGAIN "romeo@montague.example/vault"

static void
set_up (Fixture *self, gconstpointer data)
{
  fixture_set_up_stacks (self, NULL);
  ibb_service_set_resume_sessions (self->romeo, TRUE);
  ibb_service_set_resume_sessions (self->juliet, TRUE);
}

/* Of Romeo, of Juliet. */
static StackConnection *
get_stack (Fixture *self, guint i)
{
  return i == 0 ? get_romeo_stack (self) : get_juliet_stack (self);
}

/* Stanzas on the way are lost. */
static void
lose (Fixture *self, guint i)
{
  StackConnection *connection = get_stack (self, i);

  stack_connection_set_peer (get_stack (self, 1 - i), NULL);
  stack_connection_set_peer (connection, NULL);
  g_queue_clear_full (&connection->inbox, (GDestroyNotify) ibb_stanza_unref);
  ibb_connection_set_state (IBB_CONNECTION (connection), IBB_CONNECTION_STATE_OFFLINE);
}

static void
log_in (Fixture *self, guint i, const char *jid)
{
  StackConnection *connection = get_stack (self, i);

  g_free (connection->jid);
  connection->jid = g_strdup (jid);
  stack_connection_set_peer (get_romeo_stack (self), get_juliet_stack (self));
  stack_connection_set_peer (get_juliet_stack (self), get_romeo_stack (self));
  ibb_connection_set_state (IBB_CONNECTION (connection), IBB_CONNECTION_STATE_ONLINE);
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
 * which. Returns how many were read. */
static gsize
transfer (Fixture *self, guint which, const char *romeo)
{
  g_auto (Ends)      ends = fixture_open (self);
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
  if ((which & 1) != 0)
    g_assert_cmpuint (n_notified, >=, 6);
  assert_local_jid (ends.romeo, romeo);
  assert_peer_jid (ends.juliet, romeo);
  g_assert_cmpuint (ibb_transport_get_block_size (ends.romeo), ==, 32768); /* D-14 */
  g_assert_cmpuint (ibb_transport_get_block_size (ends.juliet), ==, 32768);
  close_async (ends.juliet);
  return reading.read;
}

/* The session follows the resource, at both ends. */
static void
test_transfer (Fixture *self, gconstpointer data)
{
  g_assert_cmpuint (transfer (self, 2, ROMEO), ==, LENGTH);
  g_assert_cmpuint (transfer (self, 1, ROMEO_AGAIN), ==, LENGTH);
  g_assert_cmpuint (transfer (self, 3, ROMEO), ==, LENGTH);
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
test_request (Fixture *self, gconstpointer data)
{
  g_autoptr (GPtrArray) accepted = g_ptr_array_new_with_free_func (g_object_unref);
  GAsyncResult         *opened = NULL;
  Ends                  ends;
  IBBRequest           *request;
  const char           *peer_jid, *local_jid, *sid;

  g_signal_connect (self->juliet, "session-requested", G_CALLBACK (accept_cb), accepted);
  ibb_service_open_session_async (self->romeo, JULIET, NULL, NULL, store_result_cb, &opened);
  ends.romeo = assert_result (ibb_service_open_session_finish, self->romeo, &opened);
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

/* One time bounds the whole wait: for a resumption of the XML stream, and for a new login. It holds
 * for each session, whether it can be resumed or not. */
static void
test_suspended (Fixture *self, gconstpointer data)
{
  IBBConnection *connection = self->romeo_connection;

  g_object_set (self->romeo, "resume-timeout", 20, NULL);
  for (guint i = 0; i < 2; i++)
    {
      g_auto (Ends) ends = { NULL };

      ibb_service_set_resume_sessions (self->juliet, i == 0);
      ends = fixture_open (self);
      g_assert_cmpint (ibb_transport_get_waiting (ends.romeo), ==, IBB_WAIT_NOTHING);
      ibb_connection_set_state (connection, IBB_CONNECTION_STATE_SUSPENDED);
      g_assert_false (ibb_transport_has_ended (ends.romeo));
      wait_until (ibb_transport_has_ended (ends.romeo));
      ibb_connection_set_state (connection, IBB_CONNECTION_STATE_ONLINE);
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
test_waiting (Fixture *self, gconstpointer data)
{
  IBBConnection *connection = self->romeo_connection;
  IBBWait        told = IBB_WAIT_NOTHING;
  g_auto (Ends)  ends = { NULL };

  g_object_set (self->romeo, "peer-timeout", 10000, NULL); /* asks after a tenth of it */
  ends = fixture_open (self);
  g_signal_connect (ends.romeo, "notify::waiting", G_CALLBACK (waiting_cb), &told);
  ibb_connection_set_state (connection, IBB_CONNECTION_STATE_SUSPENDED);
  wait_until (told == IBB_WAIT_CONNECTION);
  ibb_connection_set_state (connection, IBB_CONNECTION_STATE_ONLINE);
  wait_until (told == IBB_WAIT_NOTHING);

  stack_connection_set_peer (get_romeo_stack (self), NULL);
  wait_until (told == IBB_WAIT_PEER);
  stack_connection_set_peer (get_romeo_stack (self), get_juliet_stack (self));
  wait_until (told == IBB_WAIT_NOTHING);

  lose (self, 0);
  wait_until (told == IBB_WAIT_CONNECTION);
  log_in (self, 0, ROMEO);
  wait_until (told == IBB_WAIT_NOTHING);
  ibb_transport_abort (ends.romeo);
  ibb_transport_abort (ends.juliet);
  run_pending ();
}

/* The log says why an answer of the peer does not resume a session. */
static void
test_log (Fixture *self, gconstpointer data)
{
  g_auto (Ends)            ends = fixture_open (self);
  g_autoptr (IBBTransport) other = NULL;
  g_autoptr (IBBStanza)    open = NULL;
  GAsyncResult            *accepted = NULL;

  /* Another session has the name where Romeo is next. */
  open =
      new_stanza ("<iq type='set' id='open' from='" ROMEO_AGAIN "' to='" JULIET "'>"
                  "<open xmlns='http://jabber.org/protocol/ibb' sid='%s' block-size='4096'/></iq>",
                  ibb_transport_get_sid (ends.romeo));
  ibb_service_accept_async (self->juliet, NULL, store_result_cb, &accepted);
  g_assert_true (ibb_connection_receive (self->juliet_connection, open));
  other = assert_result (ibb_service_accept_finish, self->juliet, &accepted);

  g_test_expect_message ("ibb-glib", G_LOG_LEVEL_DEBUG,
                         "*waiting for the peer, which refuses to resume it*");
  lose (self, 0);
  log_in (self, 0, ROMEO_AGAIN);
  wait_until (ibb_transport_get_waiting (ends.romeo) == IBB_WAIT_PEER);
  run_pending ();
  g_test_assert_expected_messages ();
  ibb_transport_abort (other);
  ibb_transport_abort (ends.romeo);
  ibb_transport_abort (ends.juliet);
  run_pending ();
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
#define add(path, function) g_test_add (path, Fixture, NULL, set_up, function, fixture_tear_down)
  add ("/ibb/loopback/resume/D-58/transfer", test_transfer);
  add ("/ibb/loopback/resume/D-58/request", test_request);
  add ("/ibb/loopback/resume/D-42/suspended", test_suspended);
  add ("/ibb/loopback/resume/D-27/waiting", test_waiting);
  add ("/ibb/loopback/resume/D-58/log", test_log);
  return g_test_run ();
}
