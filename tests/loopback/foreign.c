/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Two ends on an XMPP stack of the application's own. */

#include "fixture.h"

static int is_done; /* atomic: the thread of the test is */

static void
assert_would_block (gboolean success, GError **error, const char *instead)
{
  g_assert_false (success);
  g_assert_error (*error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_assert_nonnull (strstr ((*error)->message, instead));
  g_clear_error (error);
}

/* B-17: a call that would wait for this very thread says so, at once, and names
 * the call to use; nothing has been sent. The scenarios engine-thread have the streams. */
static void
test_would_block (Fixture *fixture, gconstpointer data)
{
  g_auto (Ends)            ends = { NULL };
  g_autoptr (IBBTransport) none = NULL;
  g_autoptr (GError)       error = NULL;

  /* Also before the context has ever run. */
  none = ibb_service_open_session (fixture->romeo, JULIET, NULL, NULL, &error);
  assert_would_block (none != NULL, &error, "ibb_service_open_session_async");
  none = ibb_service_expect_session (fixture->romeo, JULIET, "sid", NULL, NULL, &error);
  assert_would_block (none != NULL, &error, "ibb_service_expect_session_async");
  none = ibb_service_accept (fixture->romeo, NULL, &error);
  assert_would_block (none != NULL, &error, "ibb_service_accept_async");
  run_pending ();
  g_assert_cmpuint (get_romeo_stack (fixture)->n_sent, ==, 0);

  ends = fixture_open (fixture);
  /* GIO lets a close happen once: this one goes on. */
  assert_would_block (g_io_stream_close (G_IO_STREAM (ends.romeo), NULL, &error), &error,
                      "g_io_stream_close_async");
  wait_until (ibb_transport_has_ended (ends.romeo) && ibb_transport_has_ended (ends.juliet));
  g_assert_null (ibb_transport_dup_error (ends.romeo));
  assert_reads_eof (ends.juliet);
}

/* Blocking calls are for other threads. */
static gpointer
talk_thread (gpointer data)
{
  Fixture                 *fixture = data;
  g_autoptr (GError)       error = NULL;
  g_autoptr (IBBTransport) romeo =
      ibb_service_open_session (fixture->romeo, JULIET, NULL, NULL, &error);

  g_assert_no_error (error);
  write_text (romeo, "from a thread");
  close_stream (romeo);
  g_atomic_int_set (&is_done, TRUE);
  g_main_context_wakeup (NULL);
  return NULL;
}

static void
test_thread (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBTransport) juliet = NULL;
  GAsyncResult            *accepted = NULL;
  GThread                 *thread;

  ibb_service_accept_async (fixture->juliet, NULL, store_result_cb, &accepted);
  thread = g_thread_new ("talk", talk_thread, fixture);
  juliet = assert_result (ibb_service_accept_finish, fixture->juliet, &accepted);
  /* This thread serves the connection: it must not wait for the other one. */
  wait_until (g_atomic_int_get (&is_done));
  assert_reads (juliet, "from a thread");
  assert_reads_eof (juliet);
  g_thread_join (thread);
}

/* FALSE without an error is IBB_ERROR_FAILED, and the end of the session. */
static void
test_send_fails (Fixture *fixture, gconstpointer data)
{
  g_auto (Ends)         ends = fixture_open (fixture);
  g_autoptr (IBBStanza) stanza = NULL;
  g_autoptr (GError)    error = NULL;
  GAsyncResult         *opened = NULL;

  get_romeo_stack (fixture)->refuses = TRUE;
  stanza = new_stanza ("<message/>");
  assert_fails (IBB_ERROR, IBB_ERROR_FAILED, ibb_connection_send, fixture->romeo_connection,
                stanza);

  write_text (ends.romeo, "lost");
  wait_until (ibb_transport_has_ended (ends.romeo));
  assert_write_fails (ends.romeo, G_IO_ERROR_FAILED);
  error = ibb_transport_dup_error (ends.romeo);
  g_assert_error (error, IBB_ERROR, IBB_ERROR_FAILED);
  g_clear_error (&error);

  /* An open that was not taken is no session. */
  ibb_service_open_session_async (fixture->romeo, JULIET, NULL, NULL, store_result_cb, &opened);
  assert_result_fails (IBB_ERROR, IBB_ERROR_FAILED, ibb_service_open_session_finish, fixture->romeo,
                       &opened);

  get_romeo_stack (fixture)->refuses = FALSE;
  ibb_transport_abort (ends.juliet);
  run_pending ();
}

/* While the connection has a backlog, nothing is sent to it. */
static void
test_congested (Fixture *fixture, gconstpointer data)
{
  g_auto (Ends) ends = fixture_open (fixture);
  guint         n_sent;

  get_romeo_stack (fixture)->congested = TRUE;
  n_sent = get_romeo_stack (fixture)->n_sent;
  write_text (ends.romeo, "later");
  run_pending ();
  g_assert_cmpuint (get_romeo_stack (fixture)->n_sent, ==, n_sent);
  get_romeo_stack (fixture)->congested = FALSE;
  ibb_connection_drained (fixture->romeo_connection);
  wait_until (ibb_transport_get_bytes_received (ends.juliet) == 5);
  assert_reads (ends.juliet, "later");
}

/* While the connection is to come back an accept would wait, which this thread must not do
 * (B-17). */
static void
test_interrupted (Fixture *fixture, gconstpointer data)
{
  ibb_connection_set_state (fixture->romeo_connection, IBB_CONNECTION_STATE_CONNECTING);
  assert_fails (G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, ibb_service_accept, fixture->romeo, NULL);
  ibb_connection_set_state (fixture->romeo_connection, IBB_CONNECTION_STATE_OFFLINE);
  assert_fails (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, ibb_service_accept, fixture->romeo, NULL);
}

static void
suspend (StackConnection *connection)
{
  connection->suspended = TRUE;
  ibb_connection_set_state (IBB_CONNECTION (connection), IBB_CONNECTION_STATE_SUSPENDED);
}

static void
resume (StackConnection *connection)
{
  connection->suspended = FALSE;
  ibb_connection_set_state (IBB_CONNECTION (connection), IBB_CONNECTION_STATE_ONLINE);
}

/* D-42: while the connection is being resumed nothing is sent to it; what is
 * written, opened and closed meanwhile is as if it had been just now. */
static void
test_suspended (Fixture *fixture, gconstpointer data)
{
  g_auto (Ends)            ends = fixture_open (fixture);
  g_autoptr (IBBTransport) second = NULL;
  g_autoptr (IBBService)   late = NULL;
  GAsyncResult            *opened = NULL;
  GAsyncResult            *late_opened = NULL;
  guint                    n_sent;

  write_text (ends.juliet, "before");
  wait_until (ibb_transport_get_bytes_received (ends.romeo) == 6);
  wait_until (ibb_transport_get_bytes_queued (ends.juliet) == 0);
  suspend (get_romeo_stack (fixture));
  n_sent = get_romeo_stack (fixture)->n_sent;
  write_text (ends.romeo, "meanwhile");
  ibb_service_open_session_async (fixture->romeo, JULIET, NULL, NULL, store_result_cb, &opened);
  /* A later service finds the connection as it is. */
  late = ibb_service_new (fixture->romeo_connection);
  ibb_service_open_session_async (late, JULIET, NULL, NULL, store_result_cb, &late_opened);
  run_pending ();
  assert_reads (ends.romeo, "before"); /* it is acknowledged already, or the answer waits */
  run_pending ();
  g_assert_cmpuint (get_romeo_stack (fixture)->n_sent, ==, n_sent);
  g_assert_null (opened);

  resume (get_romeo_stack (fixture));
  wait_until (ibb_transport_get_bytes_received (ends.juliet) == 9);
  assert_reads (ends.juliet, "meanwhile");
  second = assert_result (ibb_service_open_session_finish, fixture->romeo, &opened);
  g_clear_object (&second);
  second = assert_result (ibb_service_open_session_finish, late, &late_opened);
  close_async (ends.romeo);
  assert_reads_eof (ends.juliet);
  close_async (second);
}

/* An XML stream that is gone cannot be suspended: the next one is another one, and the service
 * opens and accepts sessions on it. */
static void
test_lost_suspended (Fixture *fixture, gconstpointer data)
{
  static const IBBConnectionState states[] = { IBB_CONNECTION_STATE_OFFLINE,
                                               IBB_CONNECTION_STATE_CONNECTING };
  IBBConnection                  *connection = fixture->juliet_connection;

  for (guint i = 0; i < G_N_ELEMENTS (states); i++)
    {
      g_auto (Ends)          ends = { NULL };
      g_autoptr (IBBService) late = NULL;

      ibb_connection_set_state (connection, states[i]);
      ibb_connection_set_state (connection, IBB_CONNECTION_STATE_SUSPENDED);
      late = ibb_service_new (connection);
      ibb_connection_set_state (connection, IBB_CONNECTION_STATE_ONLINE);
      ends = fixture_open (fixture);
      g_assert_false (ibb_transport_has_ended (ends.romeo));
      close_async (ends.romeo);
    }
}

/* What is no JID in local-jid counts as none yet: nothing can be opened, until there is a JID. */
static void
test_no_jid (Fixture *fixture, gconstpointer data)
{
  static const char *const wrong[] = { "", "@", "a@", "/x", "a b@c" };
  StackConnection         *connection = get_romeo_stack (fixture);
  g_autoptr (IBBStanza)    request = new_stanza ("<iq type='get'><x xmlns='urn:x'/></iq>");
  g_auto (Ends)            ends = { NULL };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      GAsyncResult    *opened = NULL;
      GAsyncResult    *answered = NULL;
      g_autofree char *jid = NULL;

      g_free (connection->jid);
      connection->jid = g_strdup (wrong[i]);
      g_object_notify (G_OBJECT (connection), "local-jid");
      run_pending ();
      g_assert_null (jid = ibb_connection_dup_local_jid (IBB_CONNECTION (connection)));
      ibb_service_open_session_async (fixture->romeo, JULIET, NULL, NULL, store_result_cb, &opened);
      assert_result_fails (G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED, ibb_service_open_session_finish,
                           fixture->romeo, &opened);
      stack_connection_set_peer (connection, NULL);
      ibb_connection_query_async (IBB_CONNECTION (connection), request, 1, NULL, store_result_cb,
                                  &answered);
      assert_result_fails (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, ibb_connection_query_finish,
                           IBB_CONNECTION (connection), &answered);
      stack_connection_set_peer (connection, get_juliet_stack (fixture));
    }
  g_free (connection->jid);
  connection->jid = g_strdup (ROMEO);
  g_object_notify (G_OBJECT (connection), "local-jid");
  ends = fixture_open (fixture);
  close_async (ends.romeo);
}

/* D-49: a service may go while its connection is suspended; its peers hear of
 * it nevertheless. */
static void
test_suspended_dropped (Fixture *fixture, gconstpointer data)
{
  g_auto (Ends) ends = fixture_open (fixture);

  suspend (get_romeo_stack (fixture));
  g_clear_object (&ends.romeo);
  g_clear_object (&fixture->romeo);
  run_pending ();
  g_assert_false (ibb_transport_has_ended (ends.juliet));
  resume (get_romeo_stack (fixture));
  wait_until (ibb_transport_has_ended (ends.juliet));
  assert_read_fails (ends.juliet, G_IO_ERROR_CONNECTION_CLOSED);
  fixture->romeo = ibb_service_new (fixture->romeo_connection);
}

/* D-35, D-31: a message is delivered when the server has it, where the
 * connection can tell; a flush needs less. */
static void
test_confirms (Fixture *fixture, gconstpointer data)
{
  g_auto (Ends)    ends = { NULL };
  StackConnection *connection = get_romeo_stack (fixture);
  GAsyncResult    *flushed = NULL;
  GAsyncResult    *drained = NULL;
  IBBStanza       *stanza;
  GOutputStream   *output;

  connection->confirms = TRUE;
  ends = fixture_open_with (fixture, IBB_STANZA_TYPE_MESSAGE);
  output = get_output (ends.romeo);
  write_text (ends.romeo, "one");
  g_output_stream_flush_async (output, G_PRIORITY_DEFAULT, NULL, store_result_cb, &flushed);
  assert_result (g_output_stream_flush_finish, output, &flushed);
  wait_until (ibb_transport_get_bytes_received (ends.juliet) == 3);
  assert_reads (ends.juliet, "one"); /* it is there; but who could know? */

  write_text (ends.romeo, "two");
  ibb_transport_drain_async (ends.romeo, NULL, store_result_cb, &drained);
  run_pending ();
  g_assert_cmpuint (connection->unconfirmed.length, ==, 1);
  g_assert_cmpuint (ibb_transport_get_bytes_acknowledged (ends.romeo), ==, 0);
  stanza = g_queue_pop_head (&connection->unconfirmed);
  ibb_connection_confirmed (IBB_CONNECTION (connection), stanza);
  ibb_stanza_unref (stanza);
  wait_until (connection->unconfirmed.length == 1); /* the next one */
  g_assert_cmpuint (ibb_transport_get_bytes_acknowledged (ends.romeo), ==, 3);
  run_pending ();
  g_assert_null (drained);
  stanza = g_queue_pop_head (&connection->unconfirmed);
  ibb_connection_confirmed (IBB_CONNECTION (connection), stanza);
  ibb_stanza_unref (stanza);
  assert_result (ibb_transport_drain_finish, ends.romeo, &drained);
  wait_until (ibb_transport_get_bytes_received (ends.juliet) == 6);
  assert_reads (ends.juliet, "two");
  close_async (ends.romeo);
}

/* A program with an XMPP library only, which keeps what it gets. */
static gboolean
keep_cb (IBBConnection *connection, IBBStanza *stanza, IBBStanza **kept)
{
  g_assert_null (*kept);
  *kept = ibb_stanza_ref (stanza);
  return TRUE;
}

static StackConnection *
new_bare_peer (Fixture *fixture, IBBStanza **kept)
{
  StackConnection *peer = stack_connection_new (JULIET);

  g_signal_connect (peer, "stanza-received", G_CALLBACK (keep_cb), kept);
  stack_connection_set_peer (get_romeo_stack (fixture), peer);
  return peer;
}

/* The server answers without its address, or at none. */
static void
test_answer_without_address (Fixture *fixture, gconstpointer data)
{
  IBBConnection              *connection = fixture->romeo_connection;
  IBBStanza                  *asked = NULL;
  g_autoptr (StackConnection) server = new_bare_peer (fixture, &asked);
  g_autoptr (IBBStanza)       request = new_stanza ("<iq type='get'><x xmlns='urn:x'/></iq>");
  GAsyncResult               *answered = NULL;

  ibb_connection_query_async (connection, request, 0, NULL, store_result_cb, &answered);
  wait_until (asked != NULL);
  receive_xml (connection, "<iq type='error' id='%s'/>", ibb_stanza_get_id (asked));
  assert_result_fails (IBB_ERROR, IBB_ERROR_UNDEFINED_CONDITION, ibb_connection_query_finish,
                       connection, &answered);
  g_clear_pointer (&asked, ibb_stanza_unref);

  ibb_connection_query_features_async (connection, "montague.example", NULL, store_result_cb,
                                       &answered);
  wait_until (asked != NULL);
  receive_xml (connection, "<iq type='result' id='%s'/>", ibb_stanza_get_id (asked));
  assert_result_fails (IBB_ERROR, IBB_ERROR_PROTOCOL, ibb_connection_query_features_finish,
                       connection, &answered);
  g_clear_pointer (&asked, ibb_stanza_unref);

  /* What waited for a client that has lost its place comes back. The next login may answer. */
  ibb_connection_query_features_async (connection, "montague.example", NULL, store_result_cb,
                                       &answered);
  for (guint i = 0; i < 3; i++)
    {
      g_assert_null (answered);
      wait_until (asked != NULL);
      receive_xml (connection,
                   "<iq type='error' id='%s'><error type='wait'><recipient-unavailable "
                   "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
                   ibb_stanza_get_id (asked));
      g_clear_pointer (&asked, ibb_stanza_unref);
    }
  assert_result_fails (IBB_ERROR, IBB_ERROR_RECIPIENT_UNAVAILABLE,
                       ibb_connection_query_features_finish, connection, &answered);
  g_assert_null (asked);
  run_pending ();
}

static gpointer
open_thread (gpointer data)
{
  gpointer *arguments = data;

  return assert_succeeds (ibb_service_open_session, arguments[0], JULIET, NULL, arguments[1]);
}

/* D-24: the session is accepted and closed by one batch of stanzas. A call that looks before the
 * end of the batch has its session as well. */
static void
test_opened_in_a_batch (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable)    cancellable = g_cancellable_new ();
  gpointer                    arguments[] = { fixture->romeo, cancellable };
  IBBStanza                  *open = NULL;
  g_autoptr (StackConnection) peer = new_bare_peer (fixture, &open);
  g_autoptr (IBBTransport)    transport = NULL;
  g_autoptr (IBBElement)      element = NULL;
  GThread                    *thread = g_thread_new ("open", open_thread, arguments);

  wait_until (open != NULL);
  wait_for_waiter (cancellable);
  element = ibb_stanza_dup_element (open);
  receive_xml (fixture->romeo_connection,
               "<iq type='result' id='%s' from='" JULIET "' to='" ROMEO "'/>",
               ibb_stanza_get_id (open));
  receive_xml (fixture->romeo_connection,
               "<iq type='set' id='c' from='" JULIET "' to='" ROMEO "'>"
               "<close xmlns='http://jabber.org/protocol/ibb' sid='%s'/></iq>",
               ibb_element_get_attribute (ibb_element_get_child (element, "open", NULL), "sid"));
  g_cancellable_cancel (cancellable); /* wakes the call: the context is not iterated meanwhile */
  transport = g_thread_join (thread);
  g_signal_handlers_disconnect_by_func (peer, keep_cb, &open);
  assert_reads_eof (transport);
  g_clear_object (&transport);
  g_clear_pointer (&open, ibb_stanza_unref);
  run_pending ();
}

static gpointer
read_to_the_end (gpointer transport)
{
  g_autoptr (GError) error = NULL;
  char               bytes[10];

  while (g_input_stream_read (get_input (transport), bytes, sizeof bytes, NULL, &error) > 0)
    ;
  return g_steal_pointer (&error);
}

/* A thread that reads learns of a loss though the batch of stanzas before it
 * is not over: its context is not iterated any more. */
static void
test_end_in_a_batch (Fixture *fixture, gconstpointer data)
{
  g_auto (Ends)      ends = fixture_open (fixture);
  GThread           *thread = g_thread_new ("read", read_to_the_end, ends.juliet);
  g_autoptr (GError) error = NULL;

  receive_xml (fixture->juliet_connection,
               "<iq type='set' from='" ROMEO "' to='" JULIET "' id='1'>"
               "<data xmlns='http://jabber.org/protocol/ibb' sid='%s' seq='0'>AAAA</data></iq>",
               ibb_transport_get_sid (ends.juliet));
  ibb_connection_set_state (fixture->juliet_connection, IBB_CONNECTION_STATE_OFFLINE);
  error = g_thread_join (thread);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
  ibb_connection_set_state (fixture->romeo_connection, IBB_CONNECTION_STATE_OFFLINE);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  add_stacks_test ("/ibb/loopback/foreign/would-block/B-17", test_would_block);
  add_stacks_test ("/ibb/loopback/foreign/thread/B-17", test_thread);
  add_stacks_test ("/ibb/loopback/foreign/send-fails", test_send_fails);
  add_stacks_test ("/ibb/loopback/foreign/congested", test_congested);
  add_stacks_test ("/ibb/loopback/foreign/interrupted/B-17", test_interrupted);
  add_stacks_test ("/ibb/loopback/foreign/suspended/D-42", test_suspended);
  add_stacks_test ("/ibb/loopback/foreign/suspended/D-42/after-lost", test_lost_suspended);
  add_stacks_test ("/ibb/loopback/foreign/suspended/D-49/dropped", test_suspended_dropped);
  add_stacks_test ("/ibb/loopback/foreign/no-jid", test_no_jid);
  add_stacks_test ("/ibb/loopback/foreign/answer-without-address", test_answer_without_address);
  add_stacks_test ("/ibb/loopback/foreign/opened-in-a-batch/D-24", test_opened_in_a_batch);
  add_stacks_test ("/ibb/loopback/foreign/lost-in-a-batch", test_end_in_a_batch);
  add_stacks_test ("/ibb/loopback/foreign/confirms/D-35/D-31", test_confirms);

  return g_test_run ();
}
