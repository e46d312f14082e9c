/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How sessions end: protocol.md, 1.4 and 2.4. */

#include "config.h"

#include "engine-harness.h"

#include <string.h>

/* ---- ours ---- */

static void
test_stanza (Harness *h, gconstpointer data)
{
  IBBCarrier             carrier = (IBBCarrier) GPOINTER_TO_INT (data);
  g_autoptr (IBBSession) session = harness_open (h, carrier, 10);
  g_autoptr (IBBStanza)  close = NULL;

  ibb_session_close (session, h->now);
  g_assert_true (ibb_session_is_close_begun (session));
  close = harness_expect_close (h, FALSE);
  g_assert_cmpstr (close->sid, ==, SID);
  g_assert_cmpstr (close->to, ==, PEER);
  harness_expect_nothing (h);
  harness_answer (h, close);
  assert_state (session, IBB_SESSION_ENDED);
  assert_failure (ibb_session_get_failure (session), IBB_FAILURE_NONE);
  assert_failure (ibb_session_get_input_failure (session), IBB_FAILURE_CLOSED);
  assert_failure (ibb_session_get_output_failure (session), IBB_FAILURE_CLOSED);
  assert_failure (ibb_session_get_delivery_failure (session), IBB_FAILURE_NONE);
  harness_assert_empty (h);
}

typedef enum
{
  RESULT,
  ITEM_NOT_FOUND,
  OTHER_ERROR,
  SILENCE,
  N_ENDINGS,
} Ending;

static const char *const ending_names[N_ENDINGS] = { "result", "item-not-found", "other-error",
                                                     "silence" };

static void
reply (Harness *h, IBBStanza *close, Ending ending)
{
  if (ending == RESULT)
    harness_answer (h, close);
  else if (ending == ITEM_NOT_FOUND)
    harness_answer_error (h, close, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
  else if (ending == OTHER_ERROR)
    harness_answer_error (h, close, IBB_CONDITION_SERVICE_UNAVAILABLE, IBB_ERROR_TYPE_CANCEL);
}

/* Full close: every byte was acknowledged, so any ending will do. */
static void
test_close_endings (Harness *h, gconstpointer data)
{
  Ending                 ending = (Ending) GPOINTER_TO_INT (data);
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 10);
  g_autoptr (IBBStanza)  block = NULL;
  g_autoptr (IBBStanza)  close = NULL;

  harness_write (h, session, "bytes");
  ibb_session_close (session, h->now);
  block = harness_expect_data (h, 0, "bytes");
  harness_advance (h, 30000); /* draining is not timed */
  harness_expect_nothing (h);
  harness_answer (h, block);
  close = harness_expect_close (h, FALSE);
  if (ending == SILENCE)
    {
      harness_advance (h, 9999);
      assert_state (session, IBB_SESSION_OPEN);
      harness_advance (h, 1);
    }
  else
    reply (h, close, ending);
  assert_state (session, IBB_SESSION_ENDED);
  assert_failure (ibb_session_get_failure (session), IBB_FAILURE_NONE);
  assert_failure (ibb_session_get_delivery_failure (session), IBB_FAILURE_NONE);
  harness_assert_empty (h);
}

/* Nobody acknowledges messages: only a result shows that they came. */
static void
test_close_endings_message (Harness *h, gconstpointer data)
{
  Ending                 ending = (Ending) GPOINTER_TO_INT (data);
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_MESSAGE, 10);
  g_autoptr (IBBStanza)  block = NULL;
  g_autoptr (IBBStanza)  close = NULL;

  harness_write (h, session, "bytes");
  ibb_session_close (session, h->now);
  block = harness_expect_data (h, 0, "bytes");
  close = harness_expect_close (h, FALSE);
  if (ending == SILENCE)
    harness_advance (h, 10000);
  else
    reply (h, close, ending);
  assert_state (session, IBB_SESSION_ENDED);
  assert_failure (ibb_session_get_failure (session),
                  ending == RESULT ? IBB_FAILURE_NONE : IBB_FAILURE_CLOSE_UNCONFIRMED);
  harness_assert_empty (h);
}

/* Where nothing was written nothing can be missing. */
static void
test_close_endings_unused (Harness *h, gconstpointer data)
{
  Ending                 ending = (Ending) GPOINTER_TO_INT (data);
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_MESSAGE, 10);
  g_autoptr (IBBStanza)  close = NULL;

  ibb_session_close (session, h->now);
  close = harness_expect_close (h, FALSE);
  if (ending == SILENCE)
    harness_advance (h, 10000);
  else
    reply (h, close, ending);
  assert_state (session, IBB_SESSION_ENDED);
  assert_failure (ibb_session_get_failure (session), IBB_FAILURE_NONE);
  harness_assert_empty (h);
}

/* After shutdown_output the reader must not take half an answer for all. */
static void
test_shutdown_endings (Harness *h, gconstpointer data)
{
  Ending                 ending = (Ending) GPOINTER_TO_INT (data);
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 10);
  g_autoptr (IBBStanza)  block = NULL;
  g_autoptr (IBBStanza)  close = NULL;

  harness_write (h, session, "question");
  ibb_session_shutdown_output (session, h->now);
  g_assert_cmpint (ibb_session_get_output (session), ==, IBB_OUTPUT_FAILED);
  block = harness_expect_data (h, 0, "question");
  g_assert_false (ibb_session_is_output_shut (session));
  harness_answer (h, block);
  close = harness_expect_close (h, FALSE);
  g_assert_true (ibb_session_is_output_shut (session));
  for (guint i = 0; i < 3; i++)
    {
      harness_send_data (h, SID, i, "answer");
      harness_expect_result (h);
    }
  harness_expect_read (h, session, "answeransweranswer");
  assert_input (session, IBB_INPUT_EMPTY);
  if (ending == SILENCE)
    {
      /* However long: the peer is asked whether it is still there. */
      g_autoptr (IBBStanza) probe = NULL;

      harness_advance (h, 59000);
      harness_expect_nothing (h);
      harness_advance (h, 1000);
      probe = harness_expect_close (h, FALSE);
      g_assert_cmpstr (probe->sid, !=, SID);
      harness_answer_error (h, probe, IBB_CONDITION_SERVICE_UNAVAILABLE, IBB_ERROR_TYPE_CANCEL);
    }
  else
    reply (h, close, ending);
  assert_state (session, IBB_SESSION_ENDED);
  assert_input (session, ending == RESULT ? IBB_INPUT_EOF : IBB_INPUT_FAILED);
  g_assert_cmpint (ibb_session_get_failure (session)->kind == IBB_FAILURE_NONE, ==,
                   ending == RESULT);
  assert_failure (ibb_session_get_delivery_failure (session), IBB_FAILURE_NONE);
}

/* The close of the transport that follows a shutdown starts the clock. */
static void
test_close_after_shutdown (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 10);
  g_autoptr (IBBStanza)  close = NULL;

  ibb_session_shutdown_output (session, h->now);
  close = harness_expect_close (h, FALSE);
  harness_advance (h, 50000);
  assert_state (session, IBB_SESSION_OPEN);
  ibb_session_close (session, h->now);
  harness_expect_nothing (h); /* no second one */
  harness_advance (h, 9000);
  /* Begun anew by each block that still comes. */
  harness_send_data (h, SID, 0, "late");
  harness_expect_error (h, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
  harness_advance (h, 9999);
  assert_state (session, IBB_SESSION_OPEN);
  harness_advance (h, 1);
  assert_state (session, IBB_SESSION_ENDED);
  assert_failure (ibb_session_get_failure (session), IBB_FAILURE_NONE);
  harness_assert_empty (h);
}

static void
test_output_half (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 10);
  g_autoptr (IBBStanza)  block = NULL;

  harness_write (h, session, "last");
  ibb_session_close_output (session, h->now);
  assert_failure (ibb_session_get_output_failure (session), IBB_FAILURE_CLOSED);
  g_assert_cmpuint (ibb_session_write (session, (const guint8 *) "x", 1, h->now), ==, 0);
  block = harness_expect_data (h, 0, "last");
  harness_answer (h, block);
  harness_expect_nothing (h); /* no <close/> */
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, 4);
  assert_failure (ibb_session_get_delivery_failure (session), IBB_FAILURE_NONE);
  assert_state (session, IBB_SESSION_OPEN);
  harness_send_data (h, SID, 0, "reads on");
  harness_expect_result (h);
  harness_expect_read (h, session, "reads on");
}

/* ---- the peer's ---- */

static void
test_peer_closes (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_accept (h, IBB_CARRIER_IQ, 10);

  harness_send_data (h, SID, 0, "all");
  harness_expect_result (h);
  harness_send_close (h, SID, FALSE);
  harness_expect_result (h);
  harness_expect_nothing (h); /* once, and no <close/> of ours */
  assert_state (session, IBB_SESSION_ENDED);
  assert_failure (ibb_session_get_failure (session), IBB_FAILURE_NONE);
  g_assert_cmpint (ibb_session_get_output (session), ==, IBB_OUTPUT_FAILED);
  assert_failure (ibb_session_get_output_failure (session), IBB_FAILURE_PEER_CLOSED);
  harness_expect_read (h, session, "all");
  assert_input (session, IBB_INPUT_EOF);
  assert_input (session, IBB_INPUT_EOF);
  /* N-37: it is gone. */
  harness_send_close (h, SID, FALSE);
  harness_expect_error (h, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
  harness_assert_empty (h);
}

/* Held blocks are let go at once: the reader has what it needs. */
static void
test_peer_closes_held (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = NULL;

  harness_settings (h)->receive_buffer_size = 1;
  session = harness_accept (h, IBB_CARRIER_IQ, 10);
  harness_send_data (h, SID, 0, "held");
  harness_send_data (h, SID, 1, " too");
  harness_expect_nothing (h);
  harness_send_close (h, SID, FALSE);
  harness_expect_result_to (h, "peer-1");
  harness_expect_result_to (h, "peer-2");
  harness_expect_result_to (h, "peer-3"); /* D-50: after the acks of its session */
  harness_expect_read (h, session, "held too");
  assert_input (session, IBB_INPUT_EOF);
}

/* What was written still goes out: 9 s at a block a second, no linger. */
static void
test_linger (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_accept (h, IBB_CARRIER_IQ, 10);
  g_autofree char       *id = NULL;

  h->has_feature = FALSE;
  harness_write_n (h, session, 95);
  {
    g_autoptr (IBBStanza) block = harness_expect_data (h, 0, NULL);

    harness_send_close (h, SID, FALSE);
    id = g_strdup (h->last_id);
    assert_failure (ibb_session_get_output_failure (session), IBB_FAILURE_PEER_CLOSED);
    assert_failure (ibb_session_get_delivery_failure (session), IBB_FAILURE_NONE);
    harness_expect_nothing (h);
    harness_advance (h, 1000);
    harness_answer (h, block);
  }
  for (guint i = 1; i < 10; i++)
    {
      g_autoptr (IBBStanza) block = harness_expect_data (h, i, NULL);

      harness_expect_nothing (h);
      harness_advance (h, 1000);
      harness_answer (h, block);
    }
  harness_expect_result_to (h, id);
  assert_state (session, IBB_SESSION_ENDED);
  assert_failure (ibb_session_get_failure (session), IBB_FAILURE_NONE);
  assert_failure (ibb_session_get_delivery_failure (session), IBB_FAILURE_NONE);
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, 95);
  harness_assert_empty (h);
}

/* The peer is deaf: 4 s, and it is not told that it has everything. */
static void
test_linger_deaf (Harness *h, gconstpointer data)
{
  gboolean               refuses = GPOINTER_TO_INT (data);
  g_autoptr (IBBSession) session = harness_accept (h, IBB_CARRIER_IQ, 10);
  g_autoptr (IBBStanza)  block = NULL;

  harness_write (h, session, "undelivered");
  block = harness_expect_data (h, 0, "undelivere");
  harness_send_close (h, SID, FALSE);
  if (refuses)
    harness_answer_error (h, block, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
  else
    {
      harness_advance (h, 3999);
      assert_state (session, IBB_SESSION_OPEN);
      harness_advance (h, 1);
    }
  if (refuses && ibb_session_get_state (session) == IBB_SESSION_OPEN)
    {
      /* D-32: the first block of a session that we accepted. */
      for (guint i = 0; i < 3; i++)
        {
          g_autoptr (IBBStanza) again = NULL;

          harness_advance (h, 250);
          again = harness_expect_data (h, 0, NULL);
          harness_answer_error (h, again, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
        }
    }
  harness_expect_error (h, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
  assert_state (session, IBB_SESSION_ENDED);
  assert_failure (ibb_session_get_delivery_failure (session), IBB_FAILURE_PEER_CLOSED);
  assert_input (session, IBB_INPUT_EOF);
  harness_assert_empty (h);
}

/* ---- half-close (D-39) ---- */

static void
test_half_close (Harness *h, gconstpointer data)
{
  gboolean               shutdown = GPOINTER_TO_INT (data);
  g_autoptr (IBBSession) session = NULL;
  g_autofree char       *id = NULL;

  harness_settings (h)->half_close = TRUE;
  session = harness_accept (h, IBB_CARRIER_IQ, 10);
  harness_send_data (h, SID, 0, "question");
  harness_expect_result (h);
  harness_send_close (h, SID, FALSE);
  id = g_strdup (h->last_id);
  harness_expect_nothing (h); /* the result is owed */
  harness_expect_read (h, session, "question");
  assert_input (session, IBB_INPUT_EOF);
  harness_advance (h, 3600 * 1000);
  assert_state (session, IBB_SESSION_OPEN);
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (IBBStanza) block = NULL;

      harness_write (h, session, "answer");
      block = harness_expect_data (h, i, "answer");
      harness_answer (h, block);
    }
  harness_write (h, session, "last");
  if (shutdown)
    ibb_session_shutdown_output (session, h->now);
  else
    ibb_session_close (session, h->now);
  {
    g_autoptr (IBBStanza) block = harness_expect_data (h, 3, "last");

    harness_expect_nothing (h);
    harness_advance (h, 8000); /* no lingering: the peer waits for us */
    assert_state (session, IBB_SESSION_OPEN);
    harness_answer (h, block);
  }
  harness_expect_result_to (h, id);
  harness_expect_nothing (h); /* and no <close/> of ours */
  assert_state (session, IBB_SESSION_ENDED);
  assert_failure (ibb_session_get_failure (session), IBB_FAILURE_NONE);
  harness_assert_empty (h);
}

static void
test_half_close_output (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_accept (h, IBB_CARRIER_IQ, 10);

  ibb_session_set_half_close (session, TRUE, h->now);
  harness_send_close (h, SID, FALSE);
  ibb_session_close_output (session, h->now);
  harness_expect_nothing (h); /* neither result nor close */
  assert_state (session, IBB_SESSION_OPEN);
  ibb_session_close (session, h->now);
  harness_expect_result (h);
  assert_state (session, IBB_SESSION_ENDED);
}

static void
test_half_close_given_up (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = NULL;
  g_autoptr (IBBStanza)  first = NULL;
  g_autoptr (IBBStanza)  second = NULL;
  g_autofree char       *id = NULL;

  harness_settings (h)->half_close = TRUE;
  session = harness_accept (h, IBB_CARRIER_IQ, 10);
  harness_write (h, session, "one");
  first = harness_expect_data (h, 0, "one");
  harness_answer (h, first);
  harness_send_close (h, SID, FALSE);
  id = g_strdup (h->last_id);
  harness_write (h, session, "two");
  second = harness_expect_data (h, 1, "two");
  harness_answer_error (h, second, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
  harness_expect_error_to (h, id, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
  assert_state (session, IBB_SESSION_ENDED);
  assert_failure (ibb_session_get_delivery_failure (session), IBB_FAILURE_PEER_CLOSED);
  harness_assert_empty (h);
}

/* ---- crossing closes (D-40) ---- */

static void
test_crossing (Harness *h, gconstpointer data)
{
  gboolean               result = GPOINTER_TO_INT (data);
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 10);
  g_autoptr (IBBStanza)  close = NULL;

  ibb_session_close (session, h->now);
  close = harness_expect_close (h, FALSE);
  harness_send_close (h, SID, FALSE);
  harness_expect_result (h);
  if (result)
    harness_answer (h, close);
  else
    harness_answer_error (h, close, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
  assert_state (session, IBB_SESSION_ENDED);
  assert_failure (ibb_session_get_failure (session), IBB_FAILURE_NONE);
  harness_assert_empty (h);
}

/* Both shut down: nothing is lost, even on a slow path. */
static void
test_crossing_shutdown (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 10);
  g_autoptr (IBBStanza)  block = NULL;
  g_autofree char       *id = NULL;

  harness_write (h, session, "to the end");
  block = harness_expect_data (h, 0, "to the end");
  ibb_session_shutdown_output (session, h->now);
  harness_send_data (h, SID, 0, "theirs");
  harness_expect_result (h);
  harness_send_close (h, SID, FALSE);
  id = g_strdup (h->last_id);
  harness_expect_nothing (h);
  harness_advance (h, 20000);
  assert_state (session, IBB_SESSION_OPEN);
  harness_answer (h, block);
  harness_expect_result_to (h, id);
  harness_expect_nothing (h);
  assert_state (session, IBB_SESSION_ENDED);
  assert_failure (ibb_session_get_failure (session), IBB_FAILURE_NONE);
  harness_expect_read (h, session, "theirs");
  assert_input (session, IBB_INPUT_EOF);
}

/* Crossing, after shutdown_output: a reply that never comes is waited for as
 * after a full close, since both have said all. */
static void
test_crossing_shutdown_silence (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 10);
  g_autoptr (IBBStanza)  close = NULL;

  ibb_session_shutdown_output (session, h->now);
  close = harness_expect_close (h, FALSE);
  harness_advance (h, 20000);
  harness_send_close (h, SID, FALSE);
  harness_expect_result (h);
  harness_advance (h, 9999);
  assert_state (session, IBB_SESSION_OPEN);
  harness_advance (h, 1);
  assert_state (session, IBB_SESSION_ENDED);
  assert_failure (ibb_session_get_failure (session), IBB_FAILURE_NONE);
  assert_input (session, IBB_INPUT_EOF);
  harness_assert_empty (h);
}

/* Both close with bytes unsent and unread: both learn that they were not read. */
static void
test_crossing_unread (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = NULL;
  g_autoptr (IBBStanza)  block = NULL;
  g_autoptr (IBBStanza)  close = NULL;

  harness_settings (h)->receive_buffer_size = 1;
  session = harness_open (h, IBB_CARRIER_IQ, 10);
  harness_write_n (h, session, 100);
  block = harness_expect_data (h, 0, NULL);
  harness_send_data (h, SID, 0, "unread");
  ibb_session_close (session, h->now);
  harness_expect_error (h, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
  harness_answer_error (h, block, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
  close = harness_expect_close (h, TRUE);
  assert_state (session, IBB_SESSION_ENDED);
  g_assert_cmpint (ibb_session_get_delivery_failure (session)->kind, !=, IBB_FAILURE_NONE);
  g_assert_cmpint (ibb_session_get_failure (session)->kind, !=, IBB_FAILURE_NONE);
}

/* ---- abort (D-41, D-49) ---- */

typedef enum
{
  ABORT_OPEN,
  ABORT_WRITING,
  ABORT_CLOSING,
  ABORT_CLOSE_SENT,
  ABORT_LINGERING,
  ABORT_ENDED,
  N_ABORTS,
} Abort;

static const char *const abort_names[N_ABORTS] = { "open",       "writing",   "draining",
                                                   "close-sent", "lingering", "ended" };

static void
test_abort (Harness *h, gconstpointer data)
{
  Abort                  when = (Abort) GPOINTER_TO_INT (data);
  g_autoptr (IBBSession) session = harness_accept (h, IBB_CARRIER_IQ, 10);
  g_autoptr (IBBStanza)  block = NULL;
  g_autoptr (IBBStanza)  close = NULL;

  harness_send_data (h, SID, 0, "unread");
  harness_expect_result (h);
  if (when == ABORT_WRITING || when == ABORT_CLOSING || when == ABORT_LINGERING)
    {
      harness_write_n (h, session, 25);
      block = harness_expect_data (h, 0, NULL);
    }
  if (when == ABORT_CLOSING || when == ABORT_CLOSE_SENT)
    ibb_session_close (session, h->now);
  if (when == ABORT_CLOSE_SENT)
    close = harness_expect_close (h, FALSE);
  if (when == ABORT_LINGERING || when == ABORT_ENDED)
    harness_send_close (h, SID, FALSE);
  if (when == ABORT_ENDED)
    harness_expect_result (h);
  ibb_session_abort (session, h->now);
  assert_state (session, IBB_SESSION_ENDED);
  /* Whatever was acknowledged: before a close nobody was told of an end. */
  g_assert_true (ibb_session_is_output_shut (session) ==
                 (when == ABORT_CLOSE_SENT || when == ABORT_ENDED));
  g_assert_cmpuint (ibb_engine_get_unread (h->engine), ==, 0);
  g_assert_cmpuint (ibb_session_write (session, (const guint8 *) "x", 1, h->now), ==, 0);
  if (when != ABORT_LINGERING && when != ABORT_ENDED)
    {
      /* Also after an orderly one: the peer may be writing on. */
      g_autoptr (IBBStanza) unclean = harness_expect_close (h, TRUE);

      assert_failure (ibb_session_get_failure (session), IBB_FAILURE_ABORTED);
      harness_answer (h, unclean);
    }
  else if (when == ABORT_LINGERING)
    harness_expect_error (h, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
  else if (when == ABORT_ENDED)
    assert_failure (ibb_session_get_failure (session), IBB_FAILURE_NONE); /* it went well */
  if (when == ABORT_CLOSE_SENT)
    harness_answer (h, close);
  ibb_session_abort (session, h->now);
  harness_assert_empty (h);
}

/* The peer has said its last word, and gives up waiting for ours: D-39, D-41. */
static void
test_abort_of_half_close (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = NULL;
  g_autofree char       *first = NULL;

  harness_settings (h)->half_close = TRUE;
  session = harness_accept (h, IBB_CARRIER_IQ, 10);
  harness_send_data (h, SID, 0, "request");
  harness_expect_result (h);
  harness_send_close (h, SID, FALSE);
  first = g_strdup (h->last_id);
  assert_state (session, IBB_SESSION_OPEN);
  harness_send_close (h, SID, TRUE);
  harness_expect_error_to (h, first, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
  harness_expect_result (h);
  assert_state (session, IBB_SESSION_ENDED);
  assert_failure (ibb_session_get_failure (session), IBB_FAILURE_PEER_ABORTED);
  g_assert_cmpuint (ibb_session_write (session, (const guint8 *) "x", 1, h->now), ==, 0);
  /* What it said was whole. */
  harness_expect_read (h, session, "request");
  assert_input (session, IBB_INPUT_EOF);
  harness_assert_empty (h);
}

static void
test_unclean_close (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_accept (h, IBB_CARRIER_IQ, 10);

  harness_write_n (h, session, 100);
  ibb_stanza_record_unref (harness_expect_data (h, 0, NULL));
  harness_send_data (h, SID, 0, "not all");
  harness_expect_result (h);
  harness_send_close (h, SID, TRUE);
  harness_expect_result (h);
  assert_state (session, IBB_SESSION_ENDED);
  assert_failure (ibb_session_get_failure (session), IBB_FAILURE_PEER_ABORTED);
  assert_failure (ibb_session_get_delivery_failure (session), IBB_FAILURE_PEER_ABORTED);
  harness_expect_read (h, session, "not all");
  assert_input (session, IBB_INPUT_FAILED);
  assert_input (session, IBB_INPUT_FAILED);
  assert_failure (ibb_session_get_input_failure (session), IBB_FAILURE_PEER_ABORTED);
  harness_assert_empty (h);
}

/* ---- what is no orderly end (D-45) ---- */

static void
test_close_while_refused (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = NULL;

  harness_settings (h)->receive_buffer_size = 32768;
  session = harness_accept (h, IBB_CARRIER_IQ, 32768);
  harness_send_blocks (h, SID, 0, 129, 32768);
  ibb_stanza_record_unref (harness_expect (h, IBB_PAYLOAD_RESULT));
  harness_send_blocks (h, SID, 129, 1, 32768);
  harness_expect_error (h, IBB_CONDITION_RESOURCE_CONSTRAINT, IBB_ERROR_TYPE_WAIT);
  harness_send_close (h, SID, FALSE);
  while (harness_read_n (h, session, 65536) > 0)
    ;
  assert_input (session, IBB_INPUT_FAILED);
  assert_failure (ibb_session_get_input_failure (session), IBB_FAILURE_PEER_ABORTED);
}

/* Smack gives up on an acknowledgement that is 5 s late, and closes. */
static void
test_close_after_late_ack (Harness *h, gconstpointer data)
{
  gboolean               late = GPOINTER_TO_INT (data);
  g_autoptr (IBBSession) session = NULL;

  harness_settings (h)->receive_buffer_size = 4;
  session = harness_accept (h, IBB_CARRIER_IQ, 10);
  harness_send_data (h, SID, 0, "123456789");
  harness_advance (h, late ? 5000 : 3000);
  harness_send_close (h, SID, FALSE);
  harness_expect_result_to (h, "peer-1");
  harness_expect_result (h);
  harness_expect_read (h, session, "123456789");
  assert_input (session, late ? IBB_INPUT_FAILED : IBB_INPUT_EOF);
}

/* ---- a session without anybody ---- */

static void
test_close_opening (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_begin_open (h, PEER, SID, IBB_CARRIER_IQ, 0);
  g_autoptr (IBBStanza)  open = harness_expect (h, IBB_PAYLOAD_OPEN);
  g_autoptr (IBBStanza)  close = NULL;

  ibb_session_close (session, h->now);
  assert_state (session, IBB_SESSION_ENDED);
  harness_expect_nothing (h);
  harness_answer (h, open);
  close = harness_expect_close (h, TRUE);
  harness_answer (h, close);
}

static void
test_withdrawn_request (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = NULL;

  harness_settings (h)->session_limit = 1;
  ibb_engine_set_listen (h->engine, IBB_LISTEN_ASK);
  harness_send_open (h, PEER, SID, 4096, IBB_CARRIER_IQ);
  session = harness_expect_session (h, IBB_EVENT_REQUESTED);
  harness_send_close (h, SID, FALSE);
  harness_expect_error (h, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
  harness_expect_error_to (h, "peer-0", IBB_CONDITION_NOT_ACCEPTABLE, IBB_ERROR_TYPE_CANCEL);
  assert_state (session, IBB_SESSION_ENDED);
  g_assert_false (ibb_session_accept (session, h->now));
  harness_assert_empty (h);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  harness_add ("/engine/closing/N-34/iq", test_stanza, GINT_TO_POINTER (IBB_CARRIER_IQ));
  harness_add ("/engine/closing/N-34/message", test_stanza, GINT_TO_POINTER (IBB_CARRIER_MESSAGE));
  harness_add ("/engine/closing/N-35/peer-closes", test_peer_closes, NULL);
  for (guint i = 0; i < N_ENDINGS; i++)
    {
      g_autofree char *full =
          g_strdup_printf ("/engine/closing/N-38/D-37/close-%s", ending_names[i]);
      g_autofree char *message =
          g_strdup_printf ("/engine/closing/D-37/close-of-messages-%s", ending_names[i]);
      g_autofree char *unused = g_strdup_printf ("/engine/closing/D-37/unused-%s", ending_names[i]);
      g_autofree char *half = g_strdup_printf ("/engine/closing/D-37/shutdown-%s", ending_names[i]);

      harness_add (full, test_close_endings, GUINT_TO_POINTER (i));
      harness_add (message, test_close_endings_message, GUINT_TO_POINTER (i));
      harness_add (unused, test_close_endings_unused, GUINT_TO_POINTER (i));
      harness_add (half, test_shutdown_endings, GUINT_TO_POINTER (i));
    }
  harness_add ("/engine/closing/D-37/close-after-shutdown", test_close_after_shutdown, NULL);
  harness_add ("/engine/closing/N-36/D-38/drained", test_linger, NULL);
  harness_add ("/engine/closing/D-38/deaf", test_linger_deaf, GINT_TO_POINTER (FALSE));
  harness_add ("/engine/closing/D-38/refused", test_linger_deaf, GINT_TO_POINTER (TRUE));
  harness_add ("/engine/closing/D-22/held", test_peer_closes_held, NULL);
  harness_add ("/engine/closing/D-39/output-half", test_output_half, NULL);
  harness_add ("/engine/closing/D-39/half-close-shutdown", test_half_close, GINT_TO_POINTER (TRUE));
  harness_add ("/engine/closing/D-39/half-close-close", test_half_close, GINT_TO_POINTER (FALSE));
  harness_add ("/engine/closing/D-39/half-close-output", test_half_close_output, NULL);
  harness_add ("/engine/closing/D-39/given-up", test_half_close_given_up, NULL);
  harness_add ("/engine/closing/D-40/result", test_crossing, GINT_TO_POINTER (TRUE));
  harness_add ("/engine/closing/D-40/item-not-found", test_crossing, GINT_TO_POINTER (FALSE));
  harness_add ("/engine/closing/D-40/shutdown", test_crossing_shutdown, NULL);
  harness_add ("/engine/closing/D-40/shutdown-silence", test_crossing_shutdown_silence, NULL);
  harness_add ("/engine/closing/D-40/unread", test_crossing_unread, NULL);
  for (guint i = 0; i < N_ABORTS; i++)
    {
      g_autofree char *path = g_strdup_printf ("/engine/closing/D-41/%s", abort_names[i]);

      harness_add (path, test_abort, GUINT_TO_POINTER (i));
    }
  harness_add ("/engine/closing/D-41/half-close", test_abort_of_half_close, NULL);
  harness_add ("/engine/closing/D-15/close-while-opening", test_close_opening, NULL);
  harness_add ("/engine/closing/D-15/withdrawn", test_withdrawn_request, NULL);
  harness_add ("/engine/closing/D-45/refused", test_close_while_refused, NULL);
  harness_add ("/engine/closing/D-45/late-acknowledgement", test_close_after_late_ack,
               GINT_TO_POINTER (TRUE));
  harness_add ("/engine/closing/D-45/in-time", test_close_after_late_ack, GINT_TO_POINTER (FALSE));
  harness_add ("/engine/closing/D-49/unclean", test_unclean_close, NULL);

  return g_test_run ();
}
