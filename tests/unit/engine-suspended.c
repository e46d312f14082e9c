/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* D-42: the stream broke and is being resumed (XEP-0198). The engine's time
 * stands still, the application's does not. D-35: messages that the server
 * confirms. */

#include "config.h"

#include "engine-harness.h"

#define AN_HOUR (3600 * 1000)

static void
suspend_for (Harness *h, gint64 milliseconds)
{
  ibb_engine_suspend (h->engine, h->now);
  g_assert_cmpint (ibb_engine_get_wake_time (h->engine), ==, G_MAXINT64);
  harness_advance (h, milliseconds);
  ibb_engine_advance (h->engine, h->now);
  ibb_engine_suspend (h->engine, h->now); /* it stands still since before */
  harness_expect_nothing (h);
  ibb_engine_resume (h->engine, h->now);
}

static void
test_open_timeout (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_begin_open (h, PEER, SID, IBB_CARRIER_IQ, 10);
  g_autoptr (IBBStanza)  open = harness_expect (h, IBB_PAYLOAD_OPEN);

  harness_advance (h, 50 * 1000);
  suspend_for (h, AN_HOUR);
  suspend_for (h, AN_HOUR); /* the second one is as long as the first */
  harness_advance (h, 9999);
  assert_state (session, IBB_SESSION_OPENING);
  harness_advance (h, 1);
  assert_state (session, IBB_SESSION_ENDED);
  assert_failure (ibb_session_get_failure (session), IBB_FAILURE_OPEN_TIMEOUT);
}

static void
test_accept_timeout (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = NULL;

  harness_settings (h)->session_limit = 1;
  ibb_engine_set_listen (h->engine, IBB_LISTEN_ASK);
  harness_send_open (h, PEER, SID, 10, IBB_CARRIER_IQ);
  session = harness_expect_session (h, IBB_EVENT_REQUESTED);
  harness_advance (h, 20 * 1000);
  suspend_for (h, AN_HOUR);
  harness_advance (h, 9999);
  assert_state (session, IBB_SESSION_REQUESTED);
  harness_advance (h, 1);
  harness_expect_error (h, IBB_CONDITION_NOT_ACCEPTABLE, IBB_ERROR_TYPE_CANCEL);
  assert_state (session, IBB_SESSION_ENDED);
}

/* The answer of the user counts, and goes out once there is a way. */
static void
test_accept_meanwhile (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = NULL;

  harness_settings (h)->session_limit = 1;
  ibb_engine_set_listen (h->engine, IBB_LISTEN_ASK);
  harness_send_open (h, PEER, SID, 10, IBB_CARRIER_IQ);
  session = harness_expect_session (h, IBB_EVENT_REQUESTED);
  ibb_engine_suspend (h->engine, h->now);
  harness_advance (h, AN_HOUR);
  g_assert_true (ibb_session_accept (session, h->now));
  harness_expect_nothing (h);
  ibb_engine_resume (h->engine, h->now);
  harness_expect_result (h);
  assert_state (session, IBB_SESSION_OPEN);
}

static void
test_close_timeout (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 10);
  g_autoptr (IBBStanza)  close = NULL;

  ibb_session_close (session, h->now);
  close = harness_expect_close (h, FALSE);
  harness_advance (h, 9000);
  suspend_for (h, AN_HOUR);
  harness_advance (h, 999);
  assert_state (session, IBB_SESSION_OPEN);
  harness_advance (h, 1);
  assert_state (session, IBB_SESSION_ENDED);
}

/* A close that begins meanwhile has its whole time afterwards. */
static void
test_close_meanwhile (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 10);
  g_autoptr (IBBStanza)  close = NULL;

  ibb_engine_suspend (h->engine, h->now);
  harness_advance (h, 1000);
  ibb_session_close (session, h->now);
  harness_advance (h, AN_HOUR);
  harness_expect_nothing (h);
  ibb_engine_resume (h->engine, h->now);
  close = harness_expect_close (h, FALSE);
  harness_advance (h, 9999);
  assert_state (session, IBB_SESSION_OPEN);
  harness_answer (h, close);
  assert_state (session, IBB_SESSION_ENDED);
  assert_failure (ibb_session_get_failure (session), IBB_FAILURE_NONE);
}

/* D-38: what was written before the peer closed. */
static void
test_linger (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 10);
  g_autoptr (IBBStanza)  block = NULL;

  harness_write (h, session, "x");
  block = harness_expect_data (h, 0, "x");
  harness_send_close (h, SID, FALSE);
  harness_advance (h, 3000);
  suspend_for (h, AN_HOUR);
  harness_advance (h, 999);
  harness_answer (h, block);
  harness_expect_result (h);
  assert_failure (ibb_session_get_failure (session), IBB_FAILURE_NONE);
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, 1);
}

/* D-26 */
static void
test_retry (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 10);
  g_autoptr (IBBStanza)  block = NULL;
  g_autoptr (IBBStanza)  again = NULL;

  harness_write (h, session, "x");
  block = harness_expect_data (h, 0, "x");
  harness_answer_error (h, block, IBB_CONDITION_RECIPIENT_UNAVAILABLE, IBB_ERROR_TYPE_WAIT);
  harness_advance (h, 400);
  suspend_for (h, AN_HOUR);
  harness_advance (h, 599);
  harness_expect_nothing (h);
  harness_advance (h, 1);
  again = harness_expect_data (h, 0, "x");
  g_assert_cmpstr (again->id, ==, block->id);
  harness_answer (h, again);
}

/* D-22: four seconds of ours. D-45: nor is the peer's close taken for that of
 * one who lost patience. */
static void
test_held (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = NULL;

  harness_settings (h)->receive_buffer_size = 4;
  session = harness_open (h, IBB_CARRIER_IQ, 10);
  harness_send_data (h, SID, 0, "12345");
  harness_expect_nothing (h);
  harness_advance (h, 3000);
  suspend_for (h, AN_HOUR);
  harness_advance (h, 999);
  harness_expect_nothing (h);
  harness_advance (h, 1);
  harness_expect_result (h);
  harness_expect_read (h, session, "12345");
}

/* What was read meanwhile is acknowledged as soon as there is a way. */
static void
test_read_meanwhile (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = NULL;

  harness_settings (h)->receive_buffer_size = 4;
  session = harness_open (h, IBB_CARRIER_IQ, 10);
  harness_send_data (h, SID, 0, "12345");
  ibb_engine_suspend (h->engine, h->now);
  harness_expect_read (h, session, "12345");
  harness_advance (h, AN_HOUR);
  harness_expect_nothing (h);
  ibb_engine_resume (h->engine, h->now);
  harness_expect_result (h);
}

/* D-27: an hour without a stream is no silence of the peer. */
static void
test_silence (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 10);
  g_autoptr (IBBStanza)  block = NULL;
  g_autoptr (IBBStanza)  probe = NULL;

  harness_write (h, session, "x");
  block = harness_expect_data (h, 0, "x");
  harness_advance (h, 50 * 1000);
  suspend_for (h, AN_HOUR);
  harness_advance (h, 9999);
  harness_expect_nothing (h);
  harness_advance (h, 1);
  probe = harness_expect (h, IBB_PAYLOAD_CLOSE);
  g_assert_cmpstr (probe->sid, !=, SID);
  harness_advance (h, 59 * 1000);
  suspend_for (h, AN_HOUR);
  assert_state (session, IBB_SESSION_OPEN);
  harness_answer (h, block);
  harness_answer_error (h, probe, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
}

/* Writes are buffered, as far as the buffer goes, and leave in order. */
static void
test_write_meanwhile (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 4);
  gsize                  room = ibb_session_get_writable (session);

  ibb_engine_suspend (h->engine, h->now);
  harness_write (h, session, "abcdef");
  ibb_session_flush (session, h->now);
  harness_write_n (h, session, room - 6);
  g_assert_cmpint (ibb_session_get_output (session), ==, IBB_OUTPUT_FULL);
  harness_advance (h, AN_HOUR);
  harness_expect_nothing (h);
  g_assert_cmpuint (ibb_session_get_handed (session), ==, 0);
  ibb_engine_resume (h->engine, h->now);
  {
    g_autoptr (IBBStanza) first = harness_expect_data (h, 0, "abcd");
    g_autoptr (IBBStanza) second = NULL;

    harness_answer (h, first);
    second = harness_take (h);
    g_assert_cmpuint (second->seq, ==, 1);
    g_assert_cmpint (memcmp (g_bytes_get_data (second->bytes, NULL), "ef", 2), ==, 0);
  }
}

/* The round trip of a block that was in flight shows the outage, or nothing:
 * the answer may have lain ready at the server. */
static void
test_no_sample (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 10);
  gint64                 round_trip;

  harness_write (h, session, "x");
  {
    g_autoptr (IBBStanza) block = harness_expect_data (h, 0, "x");

    harness_advance (h, 100);
    harness_answer (h, block);
  }
  round_trip = ibb_session_get_round_trip (session);
  g_assert_cmpint (round_trip, ==, 100 * MILLISECOND);

  harness_write (h, session, "y");
  {
    g_autoptr (IBBStanza) block = harness_expect_data (h, 1, "y");

    harness_advance (h, 1);
    suspend_for (h, 5000);
    harness_answer (h, block);
  }
  g_assert_cmpint (ibb_session_get_round_trip (session), ==, round_trip);

  harness_write (h, session, "z"); /* the next one counts again */
  {
    g_autoptr (IBBStanza) block = harness_expect_data (h, 2, "z");

    harness_advance (h, 900);
    harness_answer (h, block);
  }
  g_assert_cmpint (ibb_session_get_round_trip (session), ==, 200 * MILLISECOND);
}

/* B-03: a stream that was not resumed in the end is lost, and no clean end. */
static void
test_lost (Harness *h, gconstpointer data)
{
  gboolean               restored = GPOINTER_TO_INT (data);
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 10);
  g_autoptr (IBBSession) opening = NULL;
  g_autoptr (IBBStanza)  open = NULL;
  g_autoptr (IBBSession) fresh = NULL;

  opening = harness_begin_open (h, PEER, "s2", IBB_CARRIER_IQ, 10);
  open = harness_expect (h, IBB_PAYLOAD_OPEN);
  harness_send_data (h, SID, 0, "12345");
  harness_expect_result (h);
  harness_write (h, session, "x");
  ibb_engine_suspend (h->engine, h->now);
  harness_advance (h, 1000);
  if (!restored)
    ibb_engine_lost (h->engine, h->now);
  ibb_engine_restored (h->engine); /* a new binding alone ends them, too */
  harness_expect_read (h, session, "12345");
  assert_input (session, IBB_INPUT_FAILED);
  assert_failure (ibb_session_get_input_failure (session), IBB_FAILURE_CONNECTION_LOST);
  assert_failure (ibb_session_get_delivery_failure (session), IBB_FAILURE_CONNECTION_LOST);
  assert_failure (ibb_session_get_failure (opening), IBB_FAILURE_CONNECTION_LOST);
  harness_expect_nothing (h);

  ibb_engine_resume (h->engine, h->now); /* nothing is suspended any more */
  fresh = harness_begin_open (h, PEER, "s3", IBB_CARRIER_IQ, 10);
  g_clear_pointer (&open, ibb_stanza_record_unref);
  open = harness_expect (h, IBB_PAYLOAD_OPEN);
  harness_advance (h, 59999);
  assert_state (fresh, IBB_SESSION_OPENING);
  harness_advance (h, 1);
  assert_state (fresh, IBB_SESSION_ENDED);
}

static void
test_stop (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 10);
  g_autoptr (IBBStanza)  close = NULL;

  ibb_engine_suspend (h->engine, h->now);
  ibb_engine_stop (h->engine, TRUE, h->now);
  assert_state (session, IBB_SESSION_ENDED);
  harness_expect_nothing (h);
  ibb_engine_resume (h->engine, h->now);
  close = harness_expect_close (h, TRUE); /* D-49: the peer learns of it after all */
}

/* D-20: what the stream sends again after a resumption may have come before. */
static void
test_resent (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 10);

  harness_send_data_full (h, PEER, "a", SID, 0, "one", 3, IBB_CARRIER_IQ);
  harness_send_data_full (h, PEER, "b", SID, 1, "two", 3, IBB_CARRIER_IQ);
  harness_expect_result_to (h, "a");
  harness_expect_result_to (h, "b");
  suspend_for (h, 1000);
  harness_send_data_full (h, PEER, "a", SID, 0, "one", 3, IBB_CARRIER_IQ);
  harness_send_data_full (h, PEER, "b", SID, 1, "two", 3, IBB_CARRIER_IQ);
  harness_send_data_full (h, PEER, "c", SID, 2, "three", 5, IBB_CARRIER_IQ);
  harness_expect_result_to (h, "a");
  harness_expect_result_to (h, "b");
  harness_expect_result_to (h, "c");
  harness_expect_read (h, session, "onetwothree");
}

/* D-35, D-31: flushed when the connection has it, delivered when the server
 * has, and the next one goes then. */
static void
test_message (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_MESSAGE, 2);
  g_autoptr (IBBStanza)  first = NULL;
  g_autoptr (IBBStanza)  second = NULL;

  h->hold_sent = TRUE;
  harness_write (h, session, "abc");
  ibb_session_flush (session, h->now);
  first = harness_expect_data (h, 0, "ab");
  g_assert_cmpuint (ibb_session_get_handed (session), ==, 0);
  ibb_engine_handed (h->engine, first);
  g_assert_cmpuint (ibb_session_get_handed (session), ==, 2);
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, 0);
  harness_expect_nothing (h);
  suspend_for (h, AN_HOUR);
  harness_advance (h, AN_HOUR); /* nor does any time make it so */
  harness_expect_nothing (h);
  ibb_engine_sent (h->engine, first, h->now);
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, 2);
  second = harness_expect_data (h, 1, "c");
  ibb_engine_handed (h->engine, second);
  ibb_session_close (session, h->now);
  harness_expect_nothing (h); /* no close before the last one is known to be there */
  ibb_engine_sent (h->engine, second, h->now);
  ibb_engine_sent (h->engine, second, h->now); /* once more is harmless */
  {
    g_autoptr (IBBStanza) close = harness_expect_close (h, FALSE);

    harness_answer (h, close);
  }
  assert_failure (ibb_session_get_failure (session), IBB_FAILURE_NONE);
}

/* D-36: the server refuses a message before it acknowledges it. */
static void
test_message_refused (Harness *h, gconstpointer data)
{
  gboolean               passing = GPOINTER_TO_INT (data);
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_MESSAGE, 4);
  g_autoptr (IBBStanza)  block = NULL;
  g_autoptr (IBBStanza)  again = NULL;

  h->hold_sent = TRUE;
  harness_write (h, session, "abcd");
  block = harness_expect_data (h, 0, "abcd");
  ibb_engine_handed (h->engine, block);
  harness_answer_error (h, block,
                        passing ? IBB_CONDITION_RECIPIENT_UNAVAILABLE : IBB_CONDITION_GONE,
                        IBB_ERROR_TYPE_WAIT);
  if (!passing)
    {
      again = harness_expect_close (h, TRUE);
      assert_state (session, IBB_SESSION_ENDED);
      g_assert_cmpuint (ibb_session_get_delivered (session), ==, 0);
      return;
    }
  ibb_engine_sent (h->engine, block, h->now); /* too late for this attempt */
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, 0);
  harness_expect_nothing (h);
  harness_advance (h, 1000);
  again = harness_expect_data (h, 0, "abcd");
  g_assert_cmpstr (again->id, ==, block->id);
  ibb_engine_handed (h->engine, again);
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, 0);
  ibb_engine_sent (h->engine, again, h->now);
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, 4);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  harness_add ("/engine/suspended/D-42/open-timeout", test_open_timeout, NULL);
  harness_add ("/engine/suspended/D-42/accept-timeout", test_accept_timeout, NULL);
  harness_add ("/engine/suspended/D-42/accept-meanwhile", test_accept_meanwhile, NULL);
  harness_add ("/engine/suspended/D-42/close-timeout", test_close_timeout, NULL);
  harness_add ("/engine/suspended/D-42/close-meanwhile", test_close_meanwhile, NULL);
  harness_add ("/engine/suspended/D-42/D-38/linger", test_linger, NULL);
  harness_add ("/engine/suspended/D-42/D-26/retry", test_retry, NULL);
  harness_add ("/engine/suspended/D-42/D-22/held", test_held, NULL);
  harness_add ("/engine/suspended/D-42/read-meanwhile", test_read_meanwhile, NULL);
  harness_add ("/engine/suspended/D-42/D-27/silence", test_silence, NULL);
  harness_add ("/engine/suspended/D-42/write-meanwhile", test_write_meanwhile, NULL);
  harness_add ("/engine/suspended/D-42/no-sample", test_no_sample, NULL);
  harness_add ("/engine/suspended/D-42/B-03/lost", test_lost, GINT_TO_POINTER (FALSE));
  harness_add ("/engine/suspended/D-42/B-03/new-binding", test_lost, GINT_TO_POINTER (TRUE));
  harness_add ("/engine/suspended/D-42/stop", test_stop, NULL);
  harness_add ("/engine/suspended/D-42/D-20/resent", test_resent, NULL);
  harness_add ("/engine/suspended/D-35/D-31/message", test_message, NULL);
  harness_add ("/engine/suspended/D-36/refused/passing", test_message_refused,
               GINT_TO_POINTER (TRUE));
  harness_add ("/engine/suspended/D-36/refused/final", test_message_refused,
               GINT_TO_POINTER (FALSE));

  return g_test_run ();
}
