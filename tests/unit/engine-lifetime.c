/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The stream's end, the engine's end, and what an engine tells of itself:
 * protocol.md, D-42, D-43, D-47, D-48. What a session leaves when it ends: N-20, D-15. */

#include "config.h"

#include "engine-harness.h"

static void
test_lost (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) writing = harness_open (h, IBB_CARRIER_IQ, 10);
  g_autoptr (IBBSession) opening = NULL;
  g_autoptr (IBBSession) asked = NULL;
  g_autoptr (IBBSession) closing = NULL;
  g_autoptr (IBBEvent)   event = NULL;
  IBBFailure             failure = IBB_FAILURE_INIT;

  harness_settings (h)->session_limit = 10;
  harness_write_n (h, writing, 100);
  ibb_stanza_record_unref (harness_expect_data (h, 0, NULL));
  harness_send_data (h, SID, 0, "received");
  harness_expect_result (h);
  opening = harness_begin_open (h, PEER, "opening", IBB_CARRIER_IQ, 10);
  ibb_stanza_record_unref (harness_expect (h, IBB_PAYLOAD_OPEN));
  ibb_engine_set_listen (h->engine, IBB_LISTEN_ACCEPT);
  harness_send_open (h, PEER, "closing", 10, IBB_CARRIER_IQ);
  closing = harness_expect_session (h, IBB_EVENT_ACCEPTED);
  harness_expect_result (h);
  ibb_session_close (closing, h->now);
  ibb_stanza_record_unref (harness_expect_close (h, FALSE));
  ibb_engine_set_listen (h->engine, IBB_LISTEN_ASK);
  harness_send_open (h, PEER, "asked", 10, IBB_CARRIER_IQ);
  asked = harness_expect_session (h, IBB_EVENT_REQUESTED);
  g_assert_nonnull (ibb_engine_expect (h->engine, PEER, "expected", 0, h, &failure));

  ibb_engine_lost (h->engine, h->now);
  harness_assert_empty (h); /* nothing is sent any more */
  g_assert_false (ibb_engine_is_running (h->engine));
  g_assert_false (ibb_engine_can_accept (h->engine));
  assert_failure (ibb_session_get_failure (writing), IBB_FAILURE_CONNECTION_LOST);
  assert_failure (ibb_session_get_delivery_failure (writing), IBB_FAILURE_CONNECTION_LOST);
  assert_failure (ibb_session_get_failure (opening), IBB_FAILURE_CONNECTION_LOST);
  assert_failure (ibb_session_get_failure (asked), IBB_FAILURE_CONNECTION_LOST);
  assert_failure (ibb_session_get_failure (closing), IBB_FAILURE_CONNECTION_LOST);
  g_assert_false (ibb_session_accept (asked, h->now));
  event = harness_event (h);
  g_assert_cmpint (event->type, ==, IBB_EVENT_EXPECTATION_FAILED);
  assert_failure (&event->failure, IBB_FAILURE_CONNECTION_LOST);
  /* What came before can be read, and it is no clean end. */
  harness_expect_read (h, writing, "received");
  assert_input (writing, IBB_INPUT_FAILED);
  g_assert_false (harness_receive (h, harness_request (h, IBB_PAYLOAD_CLOSE, PEER, NULL, SID)));
}

static void
test_stop (Harness *h, gconstpointer data)
{
  gboolean               abort_sessions = GPOINTER_TO_INT (data);
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 10);
  g_autoptr (IBBSession) opening = harness_begin_open (h, PEER, "opening", IBB_CARRIER_IQ, 10);
  g_autoptr (IBBStanza)  open = harness_expect (h, IBB_PAYLOAD_OPEN);
  IBBOpen                again = { .peer = PEER };
  IBBFailure             failure = IBB_FAILURE_INIT;

  ibb_engine_stop (h->engine, abort_sessions, h->now);
  assert_failure (ibb_session_get_failure (opening), IBB_FAILURE_STOPPED);
  g_assert_null (ibb_engine_open (h->engine, &again, h->now, &failure));
  assert_failure (&failure, IBB_FAILURE_STOPPED);
  ibb_failure_clear (&failure);
  if (abort_sessions)
    {
      ibb_stanza_record_unref (harness_expect_close (h, TRUE));
      assert_failure (ibb_session_get_failure (session), IBB_FAILURE_ABORTED);
    }
  /* Nobody may be there when the answer to the open comes (D-15). */
  {
    g_autoptr (IBBStanza) close = harness_expect_close (h, TRUE);

    g_assert_cmpstr (close->sid, ==, "opening");
  }
  if (!abort_sessions)
    {
      harness_write (h, session, "lives on");
      ibb_stanza_record_unref (harness_expect_data (h, 0, "lives on"));
      assert_state (session, IBB_SESSION_OPEN);
    }
  /* The open that was abandoned is closed if it is accepted after all. */
  harness_answer (h, open);
  {
    g_autoptr (IBBStanza) close = harness_expect_close (h, TRUE);

    g_assert_cmpstr (close->sid, ==, "opening");
  }
}

/* A session outlives its engine. */
static void
test_freed (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_accept (h, IBB_CARRIER_IQ, 10);

  harness_send_data (h, SID, 0, "left over");
  ibb_engine_free (h->engine);
  h->engine = ibb_engine_new (NULL, NULL);
  assert_state (session, IBB_SESSION_ENDED);
  assert_failure (ibb_session_get_failure (session), IBB_FAILURE_CONNECTION_LOST);
  g_assert_cmpuint (ibb_session_write (session, (const guint8 *) "x", 1, h->now), ==, 0);
  ibb_session_flush (session, h->now);
  ibb_session_set_auto_flush (session, FALSE, h->now);
  ibb_session_set_half_close (session, TRUE, h->now);
  ibb_session_close_output (session, h->now);
  ibb_session_shutdown_output (session, h->now);
  harness_expect_read (h, session, "left over");
  ibb_session_close_input (session, h->now);
  ibb_session_close (session, h->now);
  ibb_session_abort (session, h->now);
}

static void
test_send_failed (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 10);
  g_autoptr (IBBStanza)  block = NULL;

  h->hold_sent = TRUE;
  harness_write (h, session, "refused");
  block = harness_expect_data (h, 0, "refused");
  ibb_engine_send_failed (h->engine, block, h->now);
  assert_state (session, IBB_SESSION_ENDED);
  assert_failure (ibb_session_get_failure (session), IBB_FAILURE_SEND_FAILED);
  assert_failure (ibb_session_get_delivery_failure (session), IBB_FAILURE_SEND_FAILED);
}

static void
test_features (Harness *h, gconstpointer data)
{
  IBBFailure      failure = IBB_FAILURE_INIT;
  IBBExpectation *expectation;

  g_assert_true (ibb_engine_is_running (h->engine));
  g_assert_false (ibb_engine_can_accept (h->engine)); /* limit 0 */
  harness_settings (h)->session_limit = 1;
  g_assert_false (ibb_engine_can_accept (h->engine)); /* nobody listens */
  ibb_engine_set_listen (h->engine, IBB_LISTEN_ACCEPT);
  g_assert_true (ibb_engine_can_accept (h->engine));
  harness_settings (h)->session_limit = 0;
  g_assert_false (ibb_engine_can_accept (h->engine));
  expectation = ibb_engine_expect (h->engine, PEER, SID, 0, NULL, &failure);
  g_assert_true (ibb_engine_can_accept (h->engine));
  ibb_engine_cancel_expectation (h->engine, expectation);
  g_assert_false (ibb_engine_can_accept (h->engine));
  ibb_engine_stop (h->engine, TRUE, h->now);
  g_assert_false (ibb_engine_is_running (h->engine));
}

/* Not ours: left to the connection. */
static void
test_not_ours (Harness *h, gconstpointer data)
{
  static const IBBPayload payloads[] = { IBB_PAYLOAD_OTHER, IBB_PAYLOAD_DISCO_QUERY,
                                         IBB_PAYLOAD_PING, IBB_PAYLOAD_RESULT, IBB_PAYLOAD_ERROR };

  for (guint i = 0; i < G_N_ELEMENTS (payloads); i++)
    g_assert_false (harness_receive (h, harness_request (h, payloads[i], PEER, NULL, NULL)));
  harness_assert_empty (h);
}

/* N-20: what is held when a session ends gets its answer, in order: the bytes
 * can be read. After an abort they cannot (D-51). */
static void
test_held_at_end (Harness *h, gconstpointer data)
{
  gboolean               aborts = GPOINTER_TO_INT (data);
  g_autoptr (IBBSession) session = NULL;

  harness_settings (h)->receive_buffer_size = 1;
  session = harness_accept (h, IBB_CARRIER_IQ, 4096);
  harness_send_data_full (h, PEER, "d0", SID, 0, "one", 3, IBB_CARRIER_IQ);
  harness_send_data_full (h, PEER, "d1", SID, 1, "two", 3, IBB_CARRIER_IQ);
  harness_expect_nothing (h);
  if (aborts)
    {
      ibb_session_abort (session, h->now);
      harness_expect_error_to (h, "d0", IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
      harness_expect_error_to (h, "d1", IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
    }
  else
    {
      harness_send_data_full (h, PEER, "d3", SID, 3, "four", 4, IBB_CARRIER_IQ);
      harness_expect_result_to (h, "d0");
      harness_expect_result_to (h, "d1");
      harness_expect_error (h, IBB_CONDITION_UNEXPECTED_REQUEST, IBB_ERROR_TYPE_CANCEL);
      harness_expect_read (h, session, "onetwo");
    }
  ibb_stanza_record_unref (harness_expect_close (h, TRUE));
  harness_assert_empty (h);
}

/* D-15: who closes what it only asked for is told that there is nothing, and
 * the request is over. */
static void
test_request_closed (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) request = NULL;
  g_autofree char       *open_id = NULL;

  harness_settings (h)->session_limit = 1;
  ibb_engine_set_listen (h->engine, IBB_LISTEN_ASK);
  harness_send_open (h, PEER, SID, 4096, IBB_CARRIER_IQ);
  open_id = g_strdup (h->last_id);
  request = harness_expect_session (h, IBB_EVENT_REQUESTED);
  harness_send_data (h, SID, 0, "hasty");
  harness_expect_error (h, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
  assert_state (request, IBB_SESSION_REQUESTED);
  harness_send_close (h, SID, FALSE);
  harness_expect_error (h, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
  harness_expect_error_to (h, open_id, IBB_CONDITION_NOT_ACCEPTABLE, IBB_ERROR_TYPE_CANCEL);
  assert_state (request, IBB_SESSION_ENDED);
  g_assert_false (ibb_session_accept (request, h->now));
  harness_assert_empty (h);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  harness_add ("/engine/lifetime/D-42/lost", test_lost, NULL);
  harness_add ("/engine/lifetime/D-42/send-failed", test_send_failed, NULL);
  harness_add ("/engine/lifetime/D-43/features", test_features, NULL);
  harness_add ("/engine/lifetime/stop/abort", test_stop, GINT_TO_POINTER (TRUE));
  harness_add ("/engine/lifetime/stop/live-on", test_stop, GINT_TO_POINTER (FALSE));
  harness_add ("/engine/lifetime/freed", test_freed, NULL);
  harness_add ("/engine/lifetime/not-ours", test_not_ours, NULL);
  harness_add ("/engine/lifetime/N-20/gap", test_held_at_end, GINT_TO_POINTER (FALSE));
  harness_add ("/engine/lifetime/N-20/abort", test_held_at_end, GINT_TO_POINTER (TRUE));
  harness_add ("/engine/lifetime/D-15/request-closed", test_request_closed, NULL);

  return g_test_run ();
}
