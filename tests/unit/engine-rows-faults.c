/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What other implementations get wrong (protocol.md, "Mistakes of peers") and
 * this one must not, as far as the core is concerned. */

#include "config.h"

#include "engine-harness.h"

#include <string.h>

static void
acknowledge_block (Harness *h, guint seq, const char *bytes)
{
  g_autoptr (IBBStanza) block = harness_expect_data (h, seq, bytes);

  harness_answer (h, block);
}

static void
refuse_block (Harness *h, guint seq, IBBCondition condition, IBBErrorType type)
{
  g_autoptr (IBBStanza) block = harness_expect_data (h, seq, NULL);

  harness_answer_error (h, block, condition, type);
}

/* B-01, D-01: who knows the sid can do nothing with it. */
static void
test_stranger (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_accept (h, IBB_CARRIER_IQ, 4096);
  g_autoptr (IBBStanza)  block = NULL;
  g_autoptr (IBBStanza)  result = NULL;

  harness_send_data_full (h, STRANGER, NULL, SID, 0, "evil", 4, IBB_CARRIER_IQ);
  harness_expect_error (h, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
  harness_send_data_full (h, PEER_BARE, NULL, SID, 0, "evil", 4, IBB_CARRIER_IQ);
  harness_expect_error (h, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
  harness_receive (h, harness_request (h, IBB_PAYLOAD_CLOSE, STRANGER, NULL, SID));
  harness_expect_error (h, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);

  /* D-33: nor by an answer with the right id. */
  harness_write (h, session, "mine");
  block = harness_expect_data (h, 0, "mine");
  result = ibb_stanza_record_new_result (block);
  g_free (result->from);
  result->from = g_strdup (STRANGER);
  g_assert_false (ibb_engine_receive (h->engine, result, h->now));
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, 0);
  harness_answer (h, block);
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, 4);

  harness_send_data (h, SID, 0, "good");
  harness_expect_result (h);
  harness_expect_read (h, session, "good");
}

/* D-33: an answer without "from" is our account's or our server's, nobody else's. */
static void
test_no_sender (Harness *h, gconstpointer data)
{
  static const struct
  {
    const char *peer;
    gboolean    fits;
  } peers[] = {
    { "capulet.example", TRUE },
    { "juliet@capulet.example", TRUE },
    { "nurse@capulet.example", FALSE },
    { "montague.example", FALSE },
    { PEER, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (peers); i++)
    {
      g_autoptr (IBBSession) session =
          harness_begin_open (h, peers[i].peer, NULL, IBB_CARRIER_IQ, 0);
      g_autoptr (IBBStanza) open = harness_expect (h, IBB_PAYLOAD_OPEN);
      IBBStanza            *result = ibb_stanza_record_new_result (open);

      g_clear_pointer (&result->from, g_free);
      g_assert_cmpint (harness_receive (h, result), ==, peers[i].fits);
      assert_state (session, peers[i].fits ? IBB_SESSION_OPEN : IBB_SESSION_OPENING);
    }
}

/* B-02, D-05: a second open takes nothing away. */
static void
test_second_open (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = NULL;

  harness_settings (h)->session_limit = 10;
  session = harness_accept (h, IBB_CARRIER_IQ, 4096);
  harness_send_data (h, SID, 0, "before ");
  harness_expect_result (h);
  harness_send_open (h, PEER, SID, 4096, IBB_CARRIER_IQ);
  harness_expect_error (h, IBB_CONDITION_NOT_ACCEPTABLE, IBB_ERROR_TYPE_CANCEL);
  g_assert_null (harness_event (h));
  harness_send_data (h, SID, 1, "after");
  harness_expect_result (h);
  harness_expect_read (h, session, "before after");
}

/* B-03, F-21, D-42: a lost stream is an error, for sessions and expectations. */
static void
test_lost (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_accept (h, IBB_CARRIER_IQ, 4096);
  g_autoptr (IBBSession) opening = harness_begin_open (h, PEER, "s2", IBB_CARRIER_IQ, 0);
  g_autoptr (IBBEvent)   event = NULL;
  IBBFailure             failure = IBB_FAILURE_INIT;

  g_assert_nonnull (ibb_engine_expect (h->engine, PEER, "s3", 0, h, &failure));
  harness_send_data (h, SID, 0, "half");
  ibb_engine_lost (h->engine, h->now);
  event = harness_event (h);
  g_assert_nonnull (event);
  g_assert_cmpint (event->type, ==, IBB_EVENT_EXPECTATION_FAILED);
  g_assert_true (event->expectation == h);
  assert_failure (&event->failure, IBB_FAILURE_CONNECTION_LOST);
  assert_failure (ibb_session_get_failure (opening), IBB_FAILURE_CONNECTION_LOST);
  harness_expect_read (h, session, "half");
  assert_input (session, IBB_INPUT_FAILED);
  assert_failure (ibb_session_get_input_failure (session), IBB_FAILURE_CONNECTION_LOST);
  harness_assert_empty (h);
}

/* N-24, N-25, N-26, N-27: each packet error has its name, and the session is closed, by
 * whoever finds it and by whoever is told. */
static void
test_packet_errors (Harness *h, gconstpointer data)
{
  static const struct
  {
    guint        seq;
    gboolean     is_base64;
    IBBCondition condition;
  } blocks[] = {
    { 0, TRUE, IBB_CONDITION_UNEXPECTED_REQUEST }, /* N-25: used */
    { 2, TRUE, IBB_CONDITION_UNEXPECTED_REQUEST }, /* N-29: not yet its turn */
    { 1, FALSE, IBB_CONDITION_BAD_REQUEST },       /* N-26 */
  };

  for (guint i = 0; i < G_N_ELEMENTS (blocks); i++)
    {
      g_autoptr (IBBSession) session = harness_accept (h, IBB_CARRIER_IQ, 4096);
      g_autoptr (IBBSession) sender = NULL;
      IBBStanza             *block;

      harness_send_data (h, SID, 0, "good");
      harness_expect_result (h);
      block = harness_request (h, IBB_PAYLOAD_DATA, PEER, NULL, SID);
      block->seq = blocks[i].seq;
      block->seq_valid = TRUE;
      block->bytes = g_bytes_new_static ("bad", 3);
      block->base64 = blocks[i].is_base64 ? IBB_BASE64_EXACT : IBB_BASE64_INVALID;
      block->text_length = 4;
      g_assert_true (harness_receive (h, block));
      harness_expect_error (h, blocks[i].condition, IBB_ERROR_TYPE_CANCEL);
      ibb_stanza_record_unref (harness_expect_close (h, TRUE));
      assert_state (session, IBB_SESSION_ENDED);
      harness_expect_read (h, session, "good");
      assert_failure (ibb_session_get_input_failure (session), IBB_FAILURE_PROTOCOL);
      harness_send_data (h, SID, 1, "late");
      harness_expect_error (h, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL); /* N-24 */

      /* N-27: the same answers, to us. */
      sender = harness_open (h, IBB_CARRIER_IQ, 4096);
      harness_write (h, sender, "block");
      refuse_block (h, 0, blocks[i].condition, IBB_ERROR_TYPE_CANCEL);
      ibb_stanza_record_unref (harness_expect_close (h, TRUE));
      assert_state (sender, IBB_SESSION_ENDED);
      harness_assert_empty (h);
    }
}

/* B-04, D-38: what was written still leaves after the peer's close; messages
 * too, for which being handed over is all the acknowledgement there is. */
static void
test_close_with_output (Harness *h, gconstpointer data)
{
  IBBCarrier             carrier = GPOINTER_TO_INT (data);
  g_autoptr (IBBSession) session = harness_open (h, carrier, 10);
  guint                  seq;
  g_autofree char       *close_id = NULL;

  h->hold_sent = TRUE;
  harness_write_n (h, session, 100);
  harness_send_close (h, SID, FALSE);
  close_id = g_strdup (h->last_id);
  g_assert_cmpint (ibb_session_get_output (session), ==, IBB_OUTPUT_FAILED);
  for (seq = 0; seq < 10; seq++)
    {
      g_autoptr (IBBStanza) block = harness_expect_data (h, seq, NULL);

      harness_advance (h, 3000); /* slow, but less than 4 s each */
      ibb_engine_sent (h->engine, block, h->now);
      if (carrier == IBB_CARRIER_IQ)
        harness_answer (h, block);
    }
  harness_expect_result_to (h, close_id);
  assert_state (session, IBB_SESSION_ENDED);
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, 100);
  assert_failure (ibb_session_get_delivery_failure (session), IBB_FAILURE_NONE);
}

/* B-05, B-11, D-45: a close hides nothing that came before it, and the end of
 * file is there at once. */
static void
test_close_with_input (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_accept (h, IBB_CARRIER_IQ, 4096);

  harness_send_data (h, SID, 0, "unread");
  harness_expect_result (h);
  harness_send_close (h, SID, FALSE);
  harness_expect_result (h);
  assert_state (session, IBB_SESSION_ENDED);
  assert_input (session, IBB_INPUT_DATA);
  harness_expect_read (h, session, "unread");
  assert_input (session, IBB_INPUT_EOF);
  assert_input (session, IBB_INPUT_EOF);
}

/* B-06, B-19: each way to end leaves nothing that waits, and nothing behind. */

static void
end_abort (Harness *h, IBBSession *session)
{
  ibb_session_abort (session, h->now);
}

static void
end_lost (Harness *h, IBBSession *session)
{
  ibb_engine_lost (h->engine, h->now);
}

static void
end_stop (Harness *h, IBBSession *session)
{
  ibb_engine_stop (h->engine, TRUE, h->now);
}

static void
end_gap (Harness *h, IBBSession *session)
{
  harness_send_data (h, SID, 7, "gap");
}

static void
end_oversize (Harness *h, IBBSession *session)
{
  char bytes[4097] = "";

  harness_send_data_full (h, PEER, NULL, SID, 0, bytes, sizeof bytes, IBB_CARRIER_IQ); /* B-14 */
}

static void
end_final_error (Harness *h, IBBSession *session)
{
  refuse_block (h, 0, IBB_CONDITION_NOT_ALLOWED, IBB_ERROR_TYPE_CANCEL);
}

static void
end_retries (Harness *h, IBBSession *session)
{
  /* F-08 */
  for (guint i = 0; i <= 5; i++)
    {
      refuse_block (h, 0, IBB_CONDITION_RESOURCE_CONSTRAINT, IBB_ERROR_TYPE_WAIT);
      harness_advance (h, 3000);
    }
  assert_failure (ibb_session_get_failure (session), IBB_FAILURE_RETRIES);
}

static void
end_peer_abort (Harness *h, IBBSession *session)
{
  harness_send_close (h, SID, TRUE);
}

static void
end_peer_deaf (Harness *h, IBBSession *session)
{
  harness_send_close (h, SID, FALSE);
  harness_advance (h, 4000);
}

static void
end_peer_gone (Harness *h, IBBSession *session)
{
  ibb_stanza_record_unref (harness_expect_data (h, 0, NULL));
  harness_advance (h, 60000);
  ibb_stanza_record_unref (harness_expect_close (h, FALSE)); /* the probe of D-27 */
  harness_advance (h, 60000);
  assert_failure (ibb_session_get_failure (session), IBB_FAILURE_PEER_GONE);
}

static void
end_send_failed (Harness *h, IBBSession *session)
{
  g_autoptr (IBBStanza) block = NULL;

  h->hold_sent = TRUE;
  block = harness_expect_data (h, 0, NULL);
  ibb_engine_send_failed (h->engine, block, h->now);
}

static void
end_close_unanswered (Harness *h, IBBSession *session)
{
  ibb_session_close (session, h->now);
  acknowledge_block (h, 0, NULL);
  ibb_stanza_record_unref (harness_expect_close (h, FALSE));
  harness_advance (h, 10000);
  /* All was acknowledged: that nobody answered is no loss (D-37). */
  assert_failure (ibb_session_get_failure (session), IBB_FAILURE_NONE);
}

static void
end_close_last_block (Harness *h, IBBSession *session)
{
  /* B-15: the close itself must not hide that the last block failed. */
  ibb_session_close (session, h->now);
  refuse_block (h, 0, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
  assert_failure (ibb_session_get_failure (session), IBB_FAILURE_CONDITION);
}

static void
end_abort_closing (Harness *h, IBBSession *session)
{
  /* B-21, D-41 */
  ibb_session_close (session, h->now);
  assert_state (session, IBB_SESSION_OPEN);
  ibb_session_abort (session, h->now);
}

typedef struct
{
  const char *name;
  void (*end) (Harness *h, IBBSession *session);
  gboolean delivered;
} Ending;

static const Ending endings[] = {
  { "abort", end_abort, FALSE },
  { "lost", end_lost, FALSE },
  { "stop", end_stop, FALSE },
  { "gap", end_gap, FALSE },
  { "oversize", end_oversize, FALSE },
  { "final-error", end_final_error, FALSE },
  { "retries", end_retries, FALSE },
  { "peer-abort", end_peer_abort, FALSE },
  { "peer-deaf", end_peer_deaf, FALSE },
  { "peer-gone", end_peer_gone, FALSE },
  { "send-failed", end_send_failed, FALSE },
  { "close-unanswered", end_close_unanswered, TRUE },
  { "close-last-block", end_close_last_block, FALSE },
  { "abort-closing", end_abort_closing, FALSE },
};

static void
test_ending (Harness *h, gconstpointer data)
{
  const Ending          *ending = data;
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 4096);
  IBBEvent               event;
  gboolean               told = FALSE;
  IBBStanza             *stanza;

  harness_write (h, session, "written");
  while (ibb_engine_take_event (h->engine, &event))
    ibb_event_clear (&event);

  ending->end (h, session);

  assert_state (session, IBB_SESSION_ENDED);
  /* A read, a write, and a flush, drain or close each have their outcome … */
  g_assert_cmpint (ibb_session_get_input (session), !=, IBB_INPUT_EMPTY);
  g_assert_cmpint (ibb_session_get_output (session), ==, IBB_OUTPUT_FAILED);
  if (ending->delivered)
    {
      assert_failure (ibb_session_get_delivery_failure (session), IBB_FAILURE_NONE);
      g_assert_cmpuint (ibb_session_get_delivered (session), ==, 7);
    }
  else
    {
      g_assert_cmpint (ibb_session_get_delivery_failure (session)->kind, !=, IBB_FAILURE_NONE);
      g_assert_cmpuint (ibb_session_get_delivered (session), <, 7);
    }
  /* … and whoever waits is told to look. */
  while (ibb_engine_take_event (h->engine, &event))
    {
      told |= event.type == IBB_EVENT_CHANGED && event.session == session;
      ibb_event_clear (&event);
    }
  g_assert_true (told);

  while ((stanza = harness_take (h)) != NULL)
    ibb_stanza_record_unref (stanza);
  harness_assert_empty (h);
  g_assert_cmpuint (ibb_engine_get_n_counted (h->engine), ==, 0);

  /* B-19: late data meets nothing. */
  if (ibb_engine_is_running (h->engine))
    {
      harness_send_data (h, SID, 0, "late");
      harness_expect_error (h, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
      g_assert_cmpuint (ibb_engine_get_unread (h->engine), ==, 0);
    }
}

/* B-07, D-23: a block that was refused for want of room comes again under the
 * same number; so do those after it, and nothing is missing or twice. */
static void
test_refused_block (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = NULL;
  g_autofree guint8     *bytes = g_malloc0 (65535);
  guint                  seq = 0;
  guint64                sum = 0;

  harness_settings (h)->receive_buffer_size = 65535;
  session = harness_accept (h, IBB_CARRIER_IQ, 65535);
  for (; seq < 65; seq++)
    {
      harness_send_data_full (h, PEER, NULL, SID, seq, bytes, 65535, IBB_CARRIER_IQ);
      if (seq == 0)
        harness_expect_result (h); /* within the buffer */
      else
        harness_expect_nothing (h); /* held */
    }
  harness_send_data_full (h, PEER, NULL, SID, seq, bytes, 65535, IBB_CARRIER_IQ);
  harness_expect_error (h, IBB_CONDITION_RESOURCE_CONSTRAINT, IBB_ERROR_TYPE_WAIT);
  harness_send_data_full (h, PEER, NULL, SID, seq + 1, bytes, 65535, IBB_CARRIER_IQ);
  harness_expect_error (h, IBB_CONDITION_RESOURCE_CONSTRAINT, IBB_ERROR_TYPE_WAIT);
  g_assert_cmpuint (ibb_engine_get_unread (h->engine), ==, 65 * 65535);

  /* The reader wakes up. */
  while (ibb_session_get_readable (session) > 0)
    sum += harness_read_n (h, session, 65535);
  for (guint i = 1; i < 65; i++)
    ibb_stanza_record_unref (harness_expect (h, IBB_PAYLOAD_RESULT));
  for (guint i = 0; i < 2; i++)
    {
      harness_send_data_full (h, PEER, NULL, SID, seq++, bytes, 65535, IBB_CARRIER_IQ);
      sum += harness_read_n (h, session, 65535);
      harness_expect_result (h);
    }
  g_assert_cmpuint (sum, ==, 67 * 65535);
  assert_state (session, IBB_SESSION_OPEN);
}

/* B-13, D-23: whatever the peer sends, in whichever carrier, no more is kept
 * than twice the buffer, what may be held, and one block. */
static void
test_mixed_carriers (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = NULL;
  g_autofree guint8     *bytes = g_malloc0 (65535);
  guint                  seq = 0;
  IBBStanza             *stanza;

  harness_settings (h)->receive_buffer_size = 1000;
  session = harness_accept (h, IBB_CARRIER_IQ, 65535);
  for (; seq < 64; seq++)
    harness_send_data_full (h, PEER, NULL, SID, seq, bytes, 65535, IBB_CARRIER_MESSAGE);
  for (; seq < 200; seq++)
    harness_send_data_full (h, PEER, NULL, SID, seq, bytes, 65535, IBB_CARRIER_IQ);
  assert_state (session, IBB_SESSION_OPEN);
  g_assert_cmpuint (ibb_session_get_readable (session), <=, 2 * 1000 + 4 * 1024 * 1024 + 65535);
  while ((stanza = harness_take (h)) != NULL)
    ibb_stanza_record_unref (stanza);
}

/* B-08, D-36: an error that echoes the next block is no block. */
static void
test_echo (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_accept (h, IBB_CARRIER_MESSAGE, 4096);
  IBBStanza             *echo = harness_request (h, IBB_PAYLOAD_ERROR, PEER, NULL, SID);

  echo->name = IBB_STANZA_MESSAGE;
  g_free (echo->kind);
  echo->kind = g_strdup ("error");
  echo->seq_valid = TRUE;
  echo->bytes = g_bytes_new_static ("echo", 4);
  g_assert_false (harness_receive (h, echo));
  harness_expect_nothing (h);
  assert_input (session, IBB_INPUT_EMPTY);

  harness_send_data_full (h, PEER, NULL, SID, 0, "block", 5, IBB_CARRIER_MESSAGE);
  harness_expect_read (h, session, "block");
}

/* B-09, D-12: blocks of no bytes would never end. */
static void
test_block_size_0 (Harness *h, gconstpointer data)
{
  harness_settings (h)->session_limit = 1;
  ibb_engine_set_listen (h->engine, IBB_LISTEN_ACCEPT);
  harness_send_open (h, PEER, SID, 0, IBB_CARRIER_IQ);
  harness_expect_error (h, IBB_CONDITION_BAD_REQUEST, IBB_ERROR_TYPE_MODIFY);
  g_assert_null (harness_event (h));
  harness_assert_empty (h);
}

/* B-12, N-16, N-18: the numbers of both directions wrap, more than once. */
static void
test_wrap (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_accept (h, IBB_CARRIER_IQ, 1);
  guint8                 in = 0;

  for (guint i = 0; i < 2 * 65536 + 3; i++)
    {
      guint8 out = (guint8) (i * 7);
      char   text[2] = { (char) (out | 1), '\0' };

      g_assert_cmpuint (ibb_session_write (session, (const guint8 *) text, 1, h->now), ==, 1);
      acknowledge_block (h, i & 65535, text);
      harness_send_data_full (h, PEER, NULL, SID, i, &out, 1, IBB_CARRIER_IQ);
      g_assert_cmpuint (ibb_session_read (session, &in, 1, h->now), ==, 1);
      g_assert_cmpuint (in, ==, out);
      harness_expect_result (h);
    }
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, 2 * 65536 + 3);
  g_assert_cmpuint (ibb_session_get_received (session), ==, 2 * 65536 + 3);
}

/* B-16, N-29, N-33: a gap between messages is noticed though nobody reads. */
static void
test_message_gap (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_accept (h, IBB_CARRIER_MESSAGE, 4096);

  harness_send_data_full (h, PEER, NULL, SID, 0, "one", 3, IBB_CARRIER_MESSAGE);
  harness_send_data_full (h, PEER, NULL, SID, 2, "three", 5, IBB_CARRIER_MESSAGE);
  assert_state (session, IBB_SESSION_ENDED);
  harness_expect_error (h, IBB_CONDITION_UNEXPECTED_REQUEST, IBB_ERROR_TYPE_CANCEL);
  ibb_stanza_record_unref (harness_expect_close (h, TRUE));
  harness_expect_read (h, session, "one");
  assert_input (session, IBB_INPUT_FAILED);
  assert_failure (ibb_session_get_input_failure (session), IBB_FAILURE_PROTOCOL);
}

/* B-18, N-22, N-23: after a delivery error the same number goes again, with
 * the same id and bytes, and no other before it. */
static void
test_spent_number (Harness *h, gconstpointer data)
{
  static const IBBCondition conditions[] = { IBB_CONDITION_RECIPIENT_UNAVAILABLE,
                                             IBB_CONDITION_REMOTE_SERVER_TIMEOUT };
  g_autoptr (IBBSession)    session = harness_open (h, IBB_CARRIER_IQ, 4);

  for (guint i = 0; i < G_N_ELEMENTS (conditions); i++)
    {
      g_autoptr (IBBStanza) first = NULL;
      g_autoptr (IBBStanza) again = NULL;

      harness_write (h, session, "nextmore");
      first = harness_expect_data (h, 2 * i, "next");
      if (i > 0) /* the window is open by now */
        ibb_stanza_record_unref (harness_expect_data (h, 2 * i + 1, "more"));
      harness_answer_error (h, first, conditions[i], IBB_ERROR_TYPE_WAIT);
      if (i > 0)
        {
          harness_expect_nothing (h);
          return;
        }
      harness_advance (h, 999);
      harness_expect_nothing (h);
      harness_advance (h, 1);
      again = harness_expect_data (h, 2 * i, "next");
      g_assert_cmpstr (again->id, ==, first->id);
      harness_answer (h, again);
      acknowledge_block (h, 2 * i + 1, "more");
    }
}

/* B-23, F-24, F-25, D-31: without auto-flush only full blocks leave, and a
 * flush leaves nothing behind, whatever the length. */
static void
test_flush_lengths (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 300);
  guint                  seq = 0;
  guint64                sum = 0;

  ibb_session_set_auto_flush (session, FALSE, h->now);
  for (gsize length = 1; length < 8; length++)
    {
      harness_write_n (h, session, length);
      harness_expect_nothing (h);
      ibb_session_flush (session, h->now);
      g_assert_cmpuint (ibb_session_get_handed (session), ==, sum);
      acknowledge_block (h, seq++, NULL);
      sum += length;
      g_assert_cmpuint (ibb_session_get_handed (session), ==, sum);
      g_assert_cmpuint (ibb_session_get_delivered (session), ==, sum);
    }
  harness_write_n (h, session, 301);
  acknowledge_block (h, seq++, NULL);
  harness_expect_nothing (h);
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, sum + 300);
}

/* B-25: a request that nobody answers holds up no other session. */
static void
test_pending_request (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = NULL;
  g_autoptr (IBBSession) request = NULL;

  harness_settings (h)->session_limit = 4;
  session = harness_accept (h, IBB_CARRIER_IQ, 4096);
  ibb_engine_set_listen (h->engine, IBB_LISTEN_ASK);
  harness_send_open (h, PEER, "s2", 4096, IBB_CARRIER_IQ);
  request = harness_expect_session (h, IBB_EVENT_REQUESTED);
  harness_expect_nothing (h);
  for (guint seq = 0; seq < 10; seq++)
    {
      harness_send_data (h, SID, seq, "flows");
      harness_expect_read (h, session, "flows");
      harness_expect_result (h);
      harness_write (h, session, "flows too");
      acknowledge_block (h, seq, "flows too");
    }
  g_assert_true (ibb_session_accept (request, h->now));
  ibb_stanza_record_unref (harness_expect (h, IBB_PAYLOAD_RESULT));
}

/* B-26, N-14, F-11: a write of any size becomes as many blocks as it needs, as
 * the buffer has room. */
static void
test_long_write (Harness *h, gconstpointer data)
{
  static const gsize     size = 1000001;
  g_autofree guint8     *bytes = g_malloc (size);
  g_autoptr (GByteArray) arrived = g_byte_array_new ();
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 4096);
  gsize                  written = 0;

  for (gsize i = 0; i < size; i++)
    bytes[i] = (guint8) (i * 31 >> 3);
  while (arrived->len < size)
    {
      gsize         n = ibb_session_write (session, bytes + written, size - written, h->now);
      IBBStanza    *block;
      gsize         length;
      const guint8 *part;

      g_assert_cmpuint (n, <=, 64 * 1024); /* the send buffer */
      written += n;
      block = harness_expect_data (h, arrived->len / 4096 & 65535, NULL);
      part = g_bytes_get_data (block->bytes, &length);
      g_assert_cmpuint (length, ==, MIN (4096, size - arrived->len));
      g_byte_array_append (arrived, part, (guint) length);
      harness_answer (h, block);
      ibb_stanza_record_unref (block);
    }
  g_assert_cmpmem (arrived->data, arrived->len, bytes, size);
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, size);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  harness_add ("/engine/faults/B-01/stranger", test_stranger, NULL);
  harness_add ("/engine/faults/D-33/no-sender", test_no_sender, NULL);
  harness_add ("/engine/faults/B-02/second-open", test_second_open, NULL);
  harness_add ("/engine/faults/B-03/lost", test_lost, NULL);
  harness_add ("/engine/faults/N-25/packet-errors", test_packet_errors, NULL);
  harness_add ("/engine/faults/B-04/iq", test_close_with_output, GINT_TO_POINTER (IBB_CARRIER_IQ));
  harness_add ("/engine/faults/B-04/message", test_close_with_output,
               GINT_TO_POINTER (IBB_CARRIER_MESSAGE));
  harness_add ("/engine/faults/B-05/close-with-input", test_close_with_input, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (endings); i++)
    {
      g_autofree char *path = g_strconcat ("/engine/faults/B-06/", endings[i].name, NULL);

      harness_add (path, test_ending, &endings[i]);
    }
  harness_add ("/engine/faults/B-07/refused-block", test_refused_block, NULL);
  harness_add ("/engine/faults/B-08/echo", test_echo, NULL);
  harness_add ("/engine/faults/B-09/block-size-0", test_block_size_0, NULL);
  harness_add ("/engine/faults/B-12/wrap", test_wrap, NULL);
  harness_add ("/engine/faults/B-13/mixed-carriers", test_mixed_carriers, NULL);
  harness_add ("/engine/faults/B-16/message-gap", test_message_gap, NULL);
  harness_add ("/engine/faults/B-18/spent-number", test_spent_number, NULL);
  harness_add ("/engine/faults/B-23/flush-lengths", test_flush_lengths, NULL);
  harness_add ("/engine/faults/B-25/pending-request", test_pending_request, NULL);
  harness_add ("/engine/faults/B-26/long-write", test_long_write, NULL);

  return g_test_run ();
}
