/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Two ends on an XMPP stack of the application's own. */

#include "fixture.h"
#include "stack.h"

typedef struct
{
  StackConnection *romeo_connection;
  StackConnection *juliet_connection;
  IBBService      *romeo;
  IBBService      *juliet;
  int              done; /* the thread of the test is */
} Stacks;

static void
set_up (Stacks *self, gconstpointer data)
{
  self->romeo_connection = stack_connection_new (ROMEO);
  self->juliet_connection = stack_connection_new (JULIET);
  stack_connection_set_peer (self->romeo_connection, self->juliet_connection);
  stack_connection_set_peer (self->juliet_connection, self->romeo_connection);
  self->romeo = ibb_service_new (IBB_CONNECTION (self->romeo_connection));
  self->juliet = ibb_service_new (IBB_CONNECTION (self->juliet_connection));
  ibb_service_set_session_limit (self->juliet, 10);
}

static void
tear_down (Stacks *self, gconstpointer data)
{
  g_assert_finalize_object (self->romeo);
  g_assert_finalize_object (self->juliet);
  run_pending ();
  g_assert_finalize_object (self->romeo_connection);
  g_assert_finalize_object (self->juliet_connection);
}

static void
open_pair_by (Stacks *stacks, IBBStanzaType carrier, IBBTransport **romeo, IBBTransport **juliet)
{
  g_autoptr (GAsyncResult) open_result = NULL;
  g_autoptr (GAsyncResult) accept_result = NULL;
  g_autoptr (GError)       error = NULL;
  GAsyncResult            *opened = NULL;
  GAsyncResult            *accepted = NULL;

  ibb_service_accept_async (stacks->juliet, NULL, store_result_cb, &accepted);
  ibb_service_open_session_async (stacks->romeo, JULIET, carrier, 65535, NULL, NULL,
                                  store_result_cb, &opened);
  open_result = wait_for_result (&opened);
  *romeo = ibb_service_open_session_finish (stacks->romeo, open_result, &error);
  g_assert_no_error (error);
  accept_result = wait_for_result (&accepted);
  *juliet = ibb_service_accept_finish (stacks->juliet, accept_result, &error);
  g_assert_no_error (error);
}

static void
open_pair (Stacks *stacks, IBBTransport **romeo, IBBTransport **juliet)
{
  open_pair_by (stacks, IBB_STANZA_TYPE_IQ, romeo, juliet);
}

static void
close_pair (IBBTransport *romeo, IBBTransport *juliet)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError)       error = NULL;
  GAsyncResult            *closed = NULL;

  g_io_stream_close_async (G_IO_STREAM (romeo), G_PRIORITY_DEFAULT, NULL, store_result_cb, &closed);
  result = wait_for_result (&closed);
  g_io_stream_close_finish (G_IO_STREAM (romeo), result, &error);
  g_assert_no_error (error);
}

/* Everything happens in this thread; block 65535 was agreed upon, but no stanza
 * is longer than 8192 bytes (D-16). */
static void
test_talk (Stacks *stacks, gconstpointer data)
{
  g_autoptr (IBBTransport) romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;
  g_autoptr (GAsyncResult) read_result = NULL;
  g_autoptr (GAsyncResult) write_result = NULL;
  g_autoptr (GBytes)       bytes = make_bytes (100000, 1);
  g_autofree guint8       *got = g_malloc (100000);
  g_autoptr (GError)       error = NULL;
  GAsyncResult            *read = NULL;
  GAsyncResult            *written = NULL;
  gsize                    size;
  guint                    n_sent;

  open_pair (stacks, &romeo, &juliet);
  g_assert_cmpuint (ibb_transport_get_block_size (romeo), ==, 65535);
  n_sent = stacks->romeo_connection->n_sent;
  g_input_stream_read_all_async (g_io_stream_get_input_stream (G_IO_STREAM (juliet)), got, 100000,
                                 G_PRIORITY_DEFAULT, NULL, store_result_cb, &read);
  g_output_stream_write_all_async (g_io_stream_get_output_stream (G_IO_STREAM (romeo)),
                                   g_bytes_get_data (bytes, NULL), 100000, G_PRIORITY_DEFAULT, NULL,
                                   store_result_cb, &written);
  write_result = wait_for_result (&written);
  g_output_stream_write_all_finish (g_io_stream_get_output_stream (G_IO_STREAM (romeo)),
                                    write_result, NULL, &error);
  g_assert_no_error (error);
  read_result = wait_for_result (&read);
  g_input_stream_read_all_finish (g_io_stream_get_input_stream (G_IO_STREAM (juliet)), read_result,
                                  &size, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (got, size, g_bytes_get_data (bytes, NULL), 100000);
  g_assert_cmpuint (stacks->romeo_connection->n_sent - n_sent, >=, 100000 / 6100);
  close_pair (romeo, juliet);
}

static void
assert_would_block (gboolean success, GError **error, const char *instead)
{
  g_assert_false (success);
  g_assert_error (*error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_assert_nonnull (strstr ((*error)->message, instead));
  g_clear_error (error);
}

/* B-17: a call that would wait for this very thread says so, at once, and names
 * the call to use; nothing has been sent. What need not wait works. */
static void
test_would_block (Stacks *stacks, gconstpointer data)
{
  g_autoptr (IBBTransport) romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;
  g_autoptr (IBBTransport) none = NULL;
  g_autoptr (GError)       error = NULL;
  GInputStream            *input;
  GOutputStream           *output;
  char                     bytes[8] = { 0 };
  guint                    n_sent;

  /* Before the context was ever iterated, too. */
  none =
      ibb_service_open_session (stacks->romeo, JULIET, IBB_STANZA_TYPE_IQ, 0, NULL, NULL, &error);
  assert_would_block (none != NULL, &error, "ibb_service_open_session_async");
  none = ibb_service_expect_session (stacks->romeo, JULIET, "sid", NULL, &error);
  assert_would_block (none != NULL, &error, "ibb_service_expect_session_async");
  none = ibb_service_accept (stacks->romeo, NULL, &error);
  assert_would_block (none != NULL, &error, "ibb_service_accept_async");
  run_pending ();
  g_assert_cmpuint (stacks->romeo_connection->n_sent, ==, 0);

  open_pair (stacks, &romeo, &juliet);
  input = g_io_stream_get_input_stream (G_IO_STREAM (juliet));
  output = g_io_stream_get_output_stream (G_IO_STREAM (romeo));
  assert_would_block (g_input_stream_read (input, bytes, 8, NULL, &error) >= 0, &error,
                      "g_input_stream_read_async");
  g_assert_cmpint (g_output_stream_write (output, "buffered", 8, NULL, &error), ==, 8);
  g_assert_no_error (error);
  assert_would_block (g_output_stream_flush (output, NULL, &error), &error,
                      "g_output_stream_flush_async");
  assert_would_block (ibb_transport_drain (romeo, NULL, &error), &error,
                      "ibb_transport_drain_async");
  n_sent = stacks->romeo_connection->n_sent;
  assert_would_block (ibb_transport_shutdown_output (romeo, NULL, &error), &error,
                      "ibb_transport_shutdown_output_async");
  g_assert_cmpuint (stacks->romeo_connection->n_sent, ==, n_sent);
  g_assert_false (g_output_stream_has_pending (output));

  wait_until (ibb_transport_get_bytes_received (juliet) == 8);
  g_assert_cmpint (g_input_stream_read (input, bytes, 8, NULL, &error), ==, 8);
  g_assert_no_error (error);
  wait_until (ibb_transport_get_bytes_queued (romeo) == 0);
  g_assert_true (ibb_transport_drain (romeo, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (g_output_stream_flush (output, NULL, &error));
  g_assert_no_error (error);

  /* GIO lets a close happen once: this one goes on. */
  assert_would_block (g_io_stream_close (G_IO_STREAM (romeo), NULL, &error), &error,
                      "g_io_stream_close_async");
  wait_until (ibb_transport_has_ended (romeo) && ibb_transport_has_ended (juliet));
  g_assert_null (ibb_transport_dup_error (romeo));
  assert_reads_eof (juliet);
}

/* Blocking calls are for other threads. */
static gpointer
talk_thread (gpointer data)
{
  Stacks                  *stacks = data;
  g_autoptr (GError)       error = NULL;
  g_autoptr (IBBTransport) romeo =
      ibb_service_open_session (stacks->romeo, JULIET, IBB_STANZA_TYPE_IQ, 0, NULL, NULL, &error);

  g_assert_no_error (error);
  write_text (romeo, "from a thread");
  g_io_stream_close (G_IO_STREAM (romeo), NULL, &error);
  g_assert_no_error (error);
  g_atomic_int_set (&stacks->done, TRUE);
  g_main_context_wakeup (NULL);
  return NULL;
}

static void
test_thread (Stacks *stacks, gconstpointer data)
{
  g_autoptr (IBBTransport) juliet = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError)       error = NULL;
  GAsyncResult            *accepted = NULL;
  GThread                 *thread;

  ibb_service_accept_async (stacks->juliet, NULL, store_result_cb, &accepted);
  thread = g_thread_new ("talk", talk_thread, stacks);
  result = wait_for_result (&accepted);
  juliet = ibb_service_accept_finish (stacks->juliet, result, &error);
  g_assert_no_error (error);
  /* This thread serves the connection: it must not wait for the other one. */
  wait_until (g_atomic_int_get (&stacks->done));
  assert_reads (juliet, "from a thread");
  assert_reads_eof (juliet);
  g_thread_join (thread);
}

/* FALSE without an error is IBB_ERROR_FAILED, and the end of the session. */
static void
test_send_fails (Stacks *stacks, gconstpointer data)
{
  g_autoptr (IBBTransport) romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;
  g_autoptr (IBBStanza)    stanza = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError)       error = NULL;
  GAsyncResult            *opened = NULL;

  open_pair (stacks, &romeo, &juliet);
  stacks->romeo_connection->refuses = TRUE;
  stanza = ibb_stanza_new_from_xml ("<message/>", -1, &error);
  g_assert_no_error (error);
  g_assert_false (ibb_connection_send (IBB_CONNECTION (stacks->romeo_connection), stanza, &error));
  g_assert_error (error, IBB_ERROR, IBB_ERROR_FAILED);
  g_clear_error (&error);

  write_text (romeo, "lost");
  wait_until (ibb_transport_has_ended (romeo));
  assert_write_fails (romeo, G_IO_ERROR_FAILED);
  error = ibb_transport_dup_error (romeo);
  g_assert_error (error, IBB_ERROR, IBB_ERROR_FAILED);
  g_clear_error (&error);

  /* An open that was not taken is no session. */
  ibb_service_open_session_async (stacks->romeo, JULIET, IBB_STANZA_TYPE_IQ, 0, NULL, NULL,
                                  store_result_cb, &opened);
  result = wait_for_result (&opened);
  g_assert_null (ibb_service_open_session_finish (stacks->romeo, result, &error));
  g_assert_error (error, IBB_ERROR, IBB_ERROR_FAILED);
  g_clear_object (&result);

  stacks->romeo_connection->refuses = FALSE;
  ibb_transport_abort (juliet);
  run_pending ();
}

/* While the connection has enough to send, nothing is handed to it. */
static void
test_congested (Stacks *stacks, gconstpointer data)
{
  g_autoptr (IBBTransport) romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;
  guint                    n_sent;

  open_pair (stacks, &romeo, &juliet);
  stacks->romeo_connection->congested = TRUE;
  n_sent = stacks->romeo_connection->n_sent;
  write_text (romeo, "later");
  run_pending ();
  g_assert_cmpuint (stacks->romeo_connection->n_sent, ==, n_sent);
  stacks->romeo_connection->congested = FALSE;
  ibb_connection_drained (IBB_CONNECTION (stacks->romeo_connection));
  wait_until (ibb_transport_get_bytes_received (juliet) == 5);
  assert_reads (juliet, "later");
}

/* The local JID comes after the service. */
static void
test_local_jid (Stacks *stacks, gconstpointer data)
{
  StackConnection         *connection = stack_connection_new (NULL);
  IBBService              *service = ibb_service_new (IBB_CONNECTION (connection));
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GAsyncResult) later_result = NULL;
  g_autoptr (IBBTransport) transport = NULL;
  g_autoptr (GError)       error = NULL;
  GAsyncResult            *opened = NULL;

  stack_connection_set_peer (connection, stacks->juliet_connection);
  ibb_service_open_session_async (service, JULIET, IBB_STANZA_TYPE_IQ, 0, NULL, NULL,
                                  store_result_cb, &opened);
  result = wait_for_result (&opened);
  g_assert_null (ibb_service_open_session_finish (service, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED);
  g_clear_error (&error);
  g_assert_cmpuint (connection->n_sent, ==, 0);

  connection->jid = g_strdup ("nurse@capulet.example/kitchen");
  g_object_notify (G_OBJECT (connection), "local-jid");
  stack_connection_set_peer (stacks->juliet_connection, connection);
  ibb_service_open_session_async (service, JULIET, IBB_STANZA_TYPE_IQ, 0, NULL, NULL,
                                  store_result_cb, &opened);
  later_result = wait_for_result (&opened);
  g_assert_null (ibb_service_open_session_finish (service, later_result, &error));
  g_assert_error (error, IBB_ERROR, IBB_ERROR_NOT_ACCEPTABLE);

  g_clear_object (&result);
  g_clear_object (&later_result);
  g_object_unref (service);
  run_pending ();
  g_assert_finalize_object (connection);
}

/* A service in a context of its own thread; without a main loop anywhere else. */
static gpointer
own_context_thread (gpointer data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  Stacks                   stacks;
  IBBTransport            *romeo = NULL;
  IBBTransport            *juliet = NULL;

  g_main_context_push_thread_default (context);
  set_up (&stacks, NULL);
  open_pair (&stacks, &romeo, &juliet);
  write_text (romeo, "aside");
  wait_until (ibb_transport_get_bytes_received (juliet) == 5);
  assert_reads (juliet, "aside");
  close_pair (romeo, juliet);
  g_object_unref (romeo);
  g_object_unref (juliet);
  tear_down (&stacks, NULL);
  g_main_context_pop_thread_default (context);
  return NULL;
}

/* A stack that comes back serves the same services, at another address (D-42). */
static void
test_restored (Stacks *stacks, gconstpointer data)
{
  g_autoptr (IBBTransport) romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;
  g_autoptr (IBBTransport) none = NULL;
  g_autoptr (IBBTransport) new_romeo = NULL;
  g_autoptr (IBBTransport) new_juliet = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError)       reason = g_error_new (G_IO_ERROR, G_IO_ERROR_FAILED, "Unplugged");
  g_autoptr (GError)       error = NULL;
  GAsyncResult            *opened = NULL;

  open_pair (stacks, &romeo, &juliet);
  ibb_connection_lost (IBB_CONNECTION (stacks->romeo_connection), reason);
  ibb_connection_lost (IBB_CONNECTION (stacks->juliet_connection), reason);
  wait_until (ibb_transport_has_ended (romeo) && ibb_transport_has_ended (juliet));

  ibb_service_open_session_async (stacks->romeo, JULIET, IBB_STANZA_TYPE_IQ, 0, NULL, NULL,
                                  store_result_cb, &opened);
  result = wait_for_result (&opened);
  none = ibb_service_open_session_finish (stacks->romeo, result, &error);
  g_assert_null (none);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);

  g_free (stacks->romeo_connection->jid);
  stacks->romeo_connection->jid = g_strdup ("romeo@montague.lit/vault");
  ibb_connection_restored (IBB_CONNECTION (stacks->romeo_connection));
  ibb_connection_restored (IBB_CONNECTION (stacks->juliet_connection));
  open_pair (stacks, &new_romeo, &new_juliet);
  g_assert_cmpstr (ibb_transport_get_peer_jid (new_juliet), ==, "romeo@montague.lit/vault");
  g_assert_cmpstr (ibb_transport_get_local_jid (new_romeo), ==, "romeo@montague.lit/vault");
  close_pair (new_romeo, new_juliet);
  g_assert_true (ibb_transport_has_ended (romeo));
}

static void
test_own_context (Stacks *stacks, gconstpointer data)
{
  g_thread_join (g_thread_new ("own context", own_context_thread, NULL));
}

static void
suspend (StackConnection *connection)
{
  connection->suspended = TRUE;
  ibb_connection_suspended (IBB_CONNECTION (connection));
}

static void
resume (StackConnection *connection)
{
  connection->suspended = FALSE;
  ibb_connection_resumed (IBB_CONNECTION (connection));
}

/* D-42: while the connection is being resumed nothing is handed to it; what is
 * written, opened and closed meanwhile is as if it had been just now. */
static void
test_suspended (Stacks *stacks, gconstpointer data)
{
  g_autoptr (IBBTransport) romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;
  g_autoptr (IBBTransport) second = NULL;
  g_autoptr (IBBService)   late = NULL;
  g_autoptr (GAsyncResult) open_result = NULL;
  g_autoptr (GAsyncResult) late_result = NULL;
  g_autoptr (GError)       error = NULL;
  GAsyncResult            *opened = NULL;
  GAsyncResult            *late_opened = NULL;
  guint                    n_sent;

  open_pair (stacks, &romeo, &juliet);
  write_text (juliet, "before");
  wait_until (ibb_transport_get_bytes_received (romeo) == 6);
  wait_until (ibb_transport_get_bytes_queued (juliet) == 0);
  suspend (stacks->romeo_connection);
  n_sent = stacks->romeo_connection->n_sent;
  write_text (romeo, "meanwhile");
  ibb_service_open_session_async (stacks->romeo, JULIET, IBB_STANZA_TYPE_IQ, 0, NULL, NULL,
                                  store_result_cb, &opened);
  /* One that comes later finds the connection as it is. */
  late = ibb_service_new (IBB_CONNECTION (stacks->romeo_connection));
  ibb_service_open_session_async (late, JULIET, IBB_STANZA_TYPE_IQ, 0, NULL, NULL, store_result_cb,
                                  &late_opened);
  run_pending ();
  assert_reads (romeo, "before"); /* it is acknowledged already, or the answer waits */
  run_pending ();
  g_assert_cmpuint (stacks->romeo_connection->n_sent, ==, n_sent);
  g_assert_null (opened);

  resume (stacks->romeo_connection);
  wait_until (ibb_transport_get_bytes_received (juliet) == 9);
  assert_reads (juliet, "meanwhile");
  open_result = wait_for_result (&opened);
  second = ibb_service_open_session_finish (stacks->romeo, open_result, &error);
  g_assert_no_error (error);
  g_clear_object (&second);
  late_result = wait_for_result (&late_opened);
  second = ibb_service_open_session_finish (late, late_result, &error);
  g_assert_no_error (error);
  close_pair (romeo, juliet);
  assert_reads_eof (juliet);
  close_pair (second, NULL);
}

/* D-42: the application's own time-outs and cancellation go on. */
static void
test_suspended_waiting (Stacks *stacks, gconstpointer data)
{
  g_autoptr (IBBTransport) romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;
  g_autoptr (GAsyncResult) drain_result = NULL;
  g_autoptr (GAsyncResult) read_result = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError)       error = NULL;
  GAsyncResult            *drained = NULL;
  GAsyncResult            *read = NULL;
  char                     byte;

  open_pair (stacks, &romeo, &juliet);
  suspend (stacks->romeo_connection);
  write_text (romeo, "x");
  ibb_transport_set_write_timeout (romeo, 1);
  ibb_transport_drain_async (romeo, NULL, store_result_cb, &drained);
  drain_result = wait_for_result (&drained);
  g_assert_false (ibb_transport_drain_finish (romeo, drain_result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_clear_error (&error);

  g_input_stream_read_async (g_io_stream_get_input_stream (G_IO_STREAM (romeo)), &byte, 1,
                             G_PRIORITY_DEFAULT, cancellable, store_result_cb, &read);
  g_cancellable_cancel (cancellable);
  read_result = wait_for_result (&read);
  g_assert_cmpint (g_input_stream_read_finish (g_io_stream_get_input_stream (G_IO_STREAM (romeo)),
                                               read_result, &error),
                   ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  resume (stacks->romeo_connection);
  wait_until (ibb_transport_get_bytes_received (juliet) == 1);
  assert_reads (juliet, "x");
  ibb_transport_set_write_timeout (romeo, 0);
  close_pair (romeo, juliet);
}

/* D-42, B-03: not resumed in the end. */
static void
test_suspended_lost (Stacks *stacks, gconstpointer data)
{
  g_autoptr (IBBTransport) romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;
  g_autoptr (GError)       reason =
      g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, "the train stayed in the tunnel");
  g_autoptr (GError) error = NULL;

  open_pair (stacks, &romeo, &juliet);
  suspend (stacks->romeo_connection);
  write_text (romeo, "x");
  run_pending ();
  stacks->romeo_connection->suspended = FALSE;
  ibb_connection_lost (IBB_CONNECTION (stacks->romeo_connection), reason);
  wait_until (ibb_transport_has_ended (romeo));
  assert_read_fails (romeo, G_IO_ERROR_CONNECTION_CLOSED);
  assert_write_fails (romeo, G_IO_ERROR_CONNECTION_CLOSED);
  error = ibb_transport_dup_error (romeo);
  g_assert_nonnull (strstr (error->message, reason->message));

  g_object_unref (g_steal_pointer (&romeo));
  g_object_unref (g_steal_pointer (&juliet));
  ibb_connection_restored (IBB_CONNECTION (stacks->romeo_connection));
  open_pair (stacks, &romeo, &juliet);
  close_pair (romeo, juliet);
}

/* D-49: a service may go while its connection is suspended; its peers hear of
 * it all the same. */
static void
test_suspended_dropped (Stacks *stacks, gconstpointer data)
{
  g_autoptr (IBBTransport) romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;

  open_pair (stacks, &romeo, &juliet);
  suspend (stacks->romeo_connection);
  g_clear_object (&romeo);
  g_clear_object (&stacks->romeo);
  run_pending ();
  g_assert_false (ibb_transport_has_ended (juliet));
  resume (stacks->romeo_connection);
  wait_until (ibb_transport_has_ended (juliet));
  assert_read_fails (juliet, G_IO_ERROR_CONNECTION_CLOSED);
  stacks->romeo = ibb_service_new (IBB_CONNECTION (stacks->romeo_connection));
}

/* D-35, D-31: a message is delivered when the server has it, where the
 * connection can tell; a flush needs less. */
static void
test_confirms (Stacks *stacks, gconstpointer data)
{
  g_autoptr (IBBTransport) romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;
  g_autoptr (GAsyncResult) flush_result = NULL;
  g_autoptr (GAsyncResult) drain_result = NULL;
  g_autoptr (GError)       error = NULL;
  StackConnection         *connection = stacks->romeo_connection;
  GAsyncResult            *flushed = NULL;
  GAsyncResult            *drained = NULL;
  IBBStanza               *stanza;
  GOutputStream           *output;

  connection->confirms = TRUE;
  open_pair_by (stacks, IBB_STANZA_TYPE_MESSAGE, &romeo, &juliet);
  output = g_io_stream_get_output_stream (G_IO_STREAM (romeo));
  write_text (romeo, "one");
  g_output_stream_flush_async (output, G_PRIORITY_DEFAULT, NULL, store_result_cb, &flushed);
  flush_result = wait_for_result (&flushed);
  g_assert_true (g_output_stream_flush_finish (output, flush_result, &error));
  g_assert_no_error (error);
  wait_until (ibb_transport_get_bytes_received (juliet) == 3);
  assert_reads (juliet, "one"); /* it is there; but who could know? */

  write_text (romeo, "two");
  ibb_transport_drain_async (romeo, NULL, store_result_cb, &drained);
  run_pending ();
  g_assert_cmpuint (connection->unconfirmed.length, ==, 1);
  g_assert_cmpuint (ibb_transport_get_bytes_sent (romeo), ==, 0);
  stanza = g_queue_pop_head (&connection->unconfirmed);
  ibb_connection_confirmed (IBB_CONNECTION (connection), stanza);
  ibb_stanza_unref (stanza);
  wait_until (connection->unconfirmed.length == 1); /* the next one */
  g_assert_cmpuint (ibb_transport_get_bytes_sent (romeo), ==, 3);
  run_pending ();
  g_assert_null (drained);
  stanza = g_queue_pop_head (&connection->unconfirmed);
  ibb_connection_confirmed (IBB_CONNECTION (connection), stanza);
  ibb_stanza_unref (stanza);
  drain_result = wait_for_result (&drained);
  g_assert_true (ibb_transport_drain_finish (romeo, drain_result, &error));
  g_assert_no_error (error);
  wait_until (ibb_transport_get_bytes_received (juliet) == 6);
  assert_reads (juliet, "two");
  close_pair (romeo, juliet);
}

#define add_stacks_test(path, function) g_test_add (path, Stacks, NULL, set_up, function, tear_down)

/* How long the context would sleep: -1 for ever. */
static int
get_sleep (void)
{
  GMainContext *context = g_main_context_default ();
  int           priority, timeout = 0;

  g_assert_true (g_main_context_acquire (context));
  if (!g_main_context_prepare (context, &priority))
    g_main_context_query (context, priority, &timeout, NULL, 0);
  g_main_context_release (context);
  return timeout;
}

/* A session on which nothing happens wakes nobody up: not even a timer is set. */
static void
test_idle (Stacks *stacks, gconstpointer data)
{
  g_autoptr (IBBTransport) romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError)       error = NULL;
  GAsyncResult            *drained = NULL;
  guint                    n_late = 0;

  open_pair (stacks, &romeo, &juliet);
  write_text (romeo, "and then nothing");
  ibb_transport_drain_async (romeo, NULL, store_result_cb, &drained);
  result = wait_for_result (&drained);
  g_assert_true (ibb_transport_drain_finish (romeo, result, &error));
  assert_reads (juliet, "and then nothing");
  run_pending ();
  /* What was set while there was something may still go off, once each. */
  for (; get_sleep () >= 0; n_late++)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (n_late, <=, 4);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  add_stacks_test ("/ibb/loopback/foreign/talk/D-16", test_talk);
  add_stacks_test ("/ibb/loopback/foreign/would-block/B-17", test_would_block);
  add_stacks_test ("/ibb/loopback/foreign/thread/B-17", test_thread);
  add_stacks_test ("/ibb/loopback/foreign/send-fails", test_send_fails);
  add_stacks_test ("/ibb/loopback/foreign/congested", test_congested);
  add_stacks_test ("/ibb/loopback/foreign/local-jid", test_local_jid);
  add_stacks_test ("/ibb/loopback/foreign/restored/D-42", test_restored);
  add_stacks_test ("/ibb/loopback/foreign/own-context", test_own_context);
  add_stacks_test ("/ibb/loopback/foreign/suspended/D-42", test_suspended);
  add_stacks_test ("/ibb/loopback/foreign/suspended/D-42/waiting", test_suspended_waiting);
  add_stacks_test ("/ibb/loopback/foreign/suspended/D-42/B-03/lost", test_suspended_lost);
  add_stacks_test ("/ibb/loopback/foreign/suspended/D-49/dropped", test_suspended_dropped);
  add_stacks_test ("/ibb/loopback/foreign/idle", test_idle);
  add_stacks_test ("/ibb/loopback/foreign/confirms/D-35/D-31", test_confirms);

  return g_test_run ();
}
