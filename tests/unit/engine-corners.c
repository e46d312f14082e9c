/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Corners that a conversation hardly ever reaches. */

#include "config.h"

#include "engine-harness.h"

#include "core/engine-private.h"

#include <string.h>

/* ---- several blocks in flight and policy-violation (D-16, D-30) ---- */

static void
test_recut_several (Harness *h, gconstpointer data)
{
  gboolean               alike = GPOINTER_TO_INT (data);
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 1000);
  g_autoptr (IBBStanza)  b1 = NULL;
  g_autoptr (IBBStanza)  b2 = NULL;
  g_autoptr (IBBStanza)  next = NULL;

  harness_send_two (h, session, &b1, &b2);
  harness_answer_error (h, b1, IBB_CONDITION_POLICY_VIOLATION, IBB_ERROR_TYPE_MODIFY);
  harness_answer_error (
      h, b2, alike ? IBB_CONDITION_POLICY_VIOLATION : IBB_CONDITION_RECIPIENT_UNAVAILABLE,
      IBB_ERROR_TYPE_WAIT);
  if (!alike)
    {
      next = harness_expect_close (h, TRUE);
      assert_failure (ibb_session_get_failure (session), IBB_FAILURE_CONDITION);
      return;
    }
  harness_advance (h, 1000);
  for (guint i = 0; i < 4; i++)
    {
      g_autoptr (IBBStanza) block = harness_expect_data (h, 1 + i, NULL);

      g_assert_cmpuint (harness_size_of (block), ==, 500);
      harness_answer (h, block);
    }
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, 2001);
}

/* At 256 bytes only a "wait" is worth another try. */
static void
test_smallest (Harness *h, gconstpointer data)
{
  IBBErrorType           type = (IBBErrorType) GPOINTER_TO_INT (data);
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 256);
  g_autoptr (IBBStanza)  block = NULL;
  g_autoptr (IBBStanza)  next = NULL;

  harness_write_n (h, session, 256);
  block = harness_expect_data (h, 0, NULL);
  harness_answer_error (h, block, IBB_CONDITION_POLICY_VIOLATION, type);
  if (type != IBB_ERROR_TYPE_WAIT)
    {
      next = harness_expect_close (h, TRUE);
      return;
    }
  harness_advance (h, 1000);
  next = harness_expect_data (h, 0, NULL);
  g_assert_cmpstr (next->id, ==, block->id);
}

/* ---- retries ---- */

/* D-26: however the properties are set, nobody waits longer than an hour. */
static void
test_longest_wait (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 10);

  harness_settings (h)->initial_wait_time = 3000000;
  harness_settings (h)->wait_backoff_factor = 100.0;
  harness_write (h, session, "again");
  for (guint i = 0; i < 4; i++)
    {
      g_autoptr (IBBStanza) block = harness_expect_data (h, 0, "again");

      harness_answer_error (h, block, IBB_CONDITION_RECIPIENT_UNAVAILABLE, IBB_ERROR_TYPE_WAIT);
      harness_advance (h, (i == 0 ? 3000000 : 3600000) - 1);
      harness_expect_nothing (h);
      harness_advance (h, 1);
    }
  ibb_stanza_record_unref (harness_expect_data (h, 0, "again"));
}

/* D-36: the last message goes again, but not for ever. */
static void
test_message_retries (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_MESSAGE, 10);
  g_autoptr (IBBStanza)  close = NULL;

  harness_settings (h)->max_retries = 2;
  harness_write (h, session, "last");
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (IBBStanza) block = harness_expect_data (h, 0, "last");

      harness_answer_error (h, block, IBB_CONDITION_RECIPIENT_UNAVAILABLE, IBB_ERROR_TYPE_WAIT);
      harness_advance (h, 2000);
    }
  close = harness_expect_close (h, TRUE);
  assert_failure (ibb_session_get_failure (session), IBB_FAILURE_RETRIES);
}

/* D-36: its error overtakes the report that the connection has it. */
static void
test_message_refused_early (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_MESSAGE, 10);
  g_autoptr (IBBStanza)  block = NULL;
  g_autoptr (IBBStanza)  close = NULL;

  h->hold_sent = TRUE;
  harness_write (h, session, "early");
  block = harness_expect_data (h, 0, "early");
  harness_answer_error (h, block, IBB_CONDITION_RECIPIENT_UNAVAILABLE, IBB_ERROR_TYPE_WAIT);
  close = harness_expect_close (h, TRUE);
  ibb_engine_sent (h->engine, block, h->now); /* nothing waits for it any more */
  assert_failure (ibb_session_get_failure (session), IBB_FAILURE_CONDITION);
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, 0);
}

/* D-27: with our feature a later reply stands for a refused block, too. */
static void
test_ack_after_refusal (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 10);
  g_autoptr (IBBStanza)  b1 = NULL;
  g_autoptr (IBBStanza)  b2 = NULL;

  harness_send_two (h, session, &b1, &b2);
  harness_answer_error (h, b1, IBB_CONDITION_RESOURCE_CONSTRAINT, IBB_ERROR_TYPE_WAIT);
  harness_answer (h, b2);
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, 21);
  harness_expect_nothing (h);
  assert_state (session, IBB_SESSION_OPEN);
}

/* D-27: what goes again after a silence is the oldest block without any reply,
 * not one that was refused and waits for its turn. */
static void
test_silence_after_refusal (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 10);
  g_autoptr (IBBStanza)  b1 = NULL;
  g_autoptr (IBBStanza)  b2 = NULL;
  g_autoptr (IBBStanza)  probe = NULL;
  g_autoptr (IBBStanza)  again = NULL;

  harness_send_two (h, session, &b1, &b2);
  harness_answer_error (h, b1, IBB_CONDITION_RESOURCE_CONSTRAINT, IBB_ERROR_TYPE_WAIT);
  harness_advance (h, 60000);
  probe = harness_expect_close (h, FALSE);
  harness_answer_error (h, probe, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
  again = harness_expect_data (h, 2, NULL);
  g_assert_cmpstr (again->id, ==, b2->id);
}

/* D-27: however often a server says that nobody is there, it is asked once in
 * a minute. */
static void
test_probe_once (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 10);
  g_autoptr (IBBStanza)  probe = NULL;
  IBBStanza             *blocks[3];

  harness_warm_up (h, session);
  harness_write_n (h, session, 30);
  for (guint i = 0; i < 3; i++)
    blocks[i] = harness_expect_data (h, 1 + i, NULL);
  harness_answer_error (h, blocks[1], IBB_CONDITION_GONE, IBB_ERROR_TYPE_CANCEL);
  probe = harness_expect_close (h, FALSE);
  harness_answer_error (h, probe, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
  harness_answer (h, blocks[2]); /* with our feature it stands for all */
  for (guint i = 0; i < 3; i++)
    ibb_stanza_record_unref (blocks[i]);
  harness_write_n (h, session, 10);
  ibb_stanza_record_unref (harness_expect_data (h, 4, NULL));
  assert_state (session, IBB_SESSION_OPEN);
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, 31);
  harness_write_n (h, session, 10);
  {
    g_autoptr (IBBStanza) block = harness_expect_data (h, 5, NULL);

    harness_answer_error (h, block, IBB_CONDITION_GONE, IBB_ERROR_TYPE_CANCEL);
  }
  harness_expect_nothing (h);
  assert_state (session, IBB_SESSION_OPEN);
}

/* D-32 is for the first block only. */
static void
test_not_the_first (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_accept (h, IBB_CARRIER_IQ, 10);
  g_autoptr (IBBStanza)  block = NULL;
  g_autoptr (IBBStanza)  close = NULL;

  harness_warm_up (h, session);
  harness_write (h, session, "second");
  block = harness_expect_data (h, 1, "second");
  harness_answer_error (h, block, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
  close = harness_expect_close (h, TRUE);
}

/* D-27: a server that knows nobody there any more makes us ask, whichever of
 * the words it has for it. */
static void
test_nobody (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 10);
  g_autoptr (IBBStanza)  b1 = NULL;
  g_autoptr (IBBStanza)  b2 = NULL;
  g_autoptr (IBBStanza)  probe = NULL;

  harness_send_two (h, session, &b1, &b2);
  harness_answer_error (h, b2, (IBBCondition) GPOINTER_TO_INT (data), IBB_ERROR_TYPE_CANCEL);
  probe = harness_expect_close (h, FALSE);
  g_assert_cmpstr (probe->sid, !=, SID);
  harness_answer_error (h, probe, IBB_CONDITION_SERVICE_UNAVAILABLE, IBB_ERROR_TYPE_CANCEL);
  assert_failure (ibb_session_get_failure (session), IBB_FAILURE_PEER_GONE);
}

/* ---- closing ---- */

/* D-39: half-close is given up after the peer closed, by who has written all. */
static void
test_half_close_given_up (Harness *h, gconstpointer data)
{
  gboolean               unacknowledged = GPOINTER_TO_INT (data);
  g_autoptr (IBBSession) session = harness_accept (h, IBB_CARRIER_IQ, 10);
  g_autofree char       *id = NULL;
  g_autoptr (IBBStanza)  block = NULL;

  ibb_session_set_half_close (session, TRUE, h->now);
  if (unacknowledged)
    {
      harness_write (h, session, "still");
      block = harness_expect_data (h, 0, "still");
    }
  harness_send_close (h, SID, FALSE);
  id = g_strdup (h->last_id);
  harness_expect_nothing (h);
  g_assert_cmpint (ibb_session_get_output (session), ==, IBB_OUTPUT_ROOM);
  ibb_session_set_half_close (session, FALSE, h->now);
  g_assert_cmpint (ibb_session_get_output (session), ==, IBB_OUTPUT_FAILED);
  if (unacknowledged)
    {
      harness_expect_nothing (h);
      ibb_session_set_half_close (session, FALSE, h->now); /* nothing new */
      harness_answer (h, block);
    }
  harness_expect_result_to (h, id);
  assert_state (session, IBB_SESSION_ENDED);
}

static void
test_twice (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_accept (h, IBB_CARRIER_IQ, 10);
  g_autoptr (IBBStanza)  close = NULL;

  ibb_session_close_input (session, h->now);
  ibb_session_close_input (session, h->now);
  ibb_session_shutdown_output (session, h->now);
  ibb_session_shutdown_output (session, h->now);
  close = harness_expect_close (h, FALSE);
  harness_expect_nothing (h);
  harness_answer (h, close);
  harness_assert_empty (h);
}

/* D-15: a request that is closed is refused. */
static void
test_close_request (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = NULL;

  harness_settings (h)->session_limit = 1;
  ibb_engine_set_listen (h->engine, IBB_LISTEN_ASK);
  harness_send_open (h, PEER, SID, 10, IBB_CARRIER_IQ);
  session = harness_expect_session (h, IBB_EVENT_REQUESTED);
  ibb_session_close (session, h->now);
  harness_expect_error (h, IBB_CONDITION_NOT_ACCEPTABLE, IBB_ERROR_TYPE_CANCEL);
  assert_state (session, IBB_SESSION_ENDED);
}

/* ---- the connection ---- */

/* Nobody knows yet who we are: nothing can be opened or found. */
static void
test_without_address (Harness *h, gconstpointer data)
{
  IBBOpen    open = { .peer = PEER, .sid = SID };
  IBBFailure failure = IBB_FAILURE_INIT;
  IBBStanza *stanza;

  ibb_engine_set_local_jid (h->engine, NULL);
  g_assert_null (ibb_engine_open (h->engine, &open, h->now, &failure));
  assert_failure (&failure, IBB_FAILURE_CONNECTION_LOST);
  ibb_failure_clear (&failure);

  stanza = harness_request (h, IBB_PAYLOAD_OPEN, PEER, NULL, SID);
  g_clear_pointer (&stanza->to, g_free);
  stanza->block_size = 10;
  stanza->block_size_valid = stanza->carrier_valid = TRUE;
  g_assert_true (harness_receive (h, stanza));
  {
    g_autoptr (IBBStanza) error = harness_take (h);

    g_assert_cmpint (error->condition, ==, IBB_CONDITION_BAD_REQUEST);
  }
  stanza = harness_request (h, IBB_PAYLOAD_CLOSE, NULL, NULL, SID);
  g_clear_pointer (&stanza->to, g_free);
  g_assert_true (harness_receive (h, stanza));
  {
    g_autoptr (IBBStanza) error = harness_take (h);

    g_assert_cmpint (error->condition, ==, IBB_CONDITION_ITEM_NOT_FOUND);
  }
  harness_assert_empty (h);
}

/* What has neither "from" nor "to" is between our account and us. */
static void
test_own_account (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = NULL;
  IBBStanza             *stanza;

  harness_settings (h)->session_limit = 1;
  ibb_engine_set_listen (h->engine, IBB_LISTEN_ACCEPT);
  stanza = harness_request (h, IBB_PAYLOAD_OPEN, NULL, NULL, SID);
  g_clear_pointer (&stanza->to, g_free);
  stanza->block_size = 10;
  stanza->block_size_valid = stanza->carrier_valid = TRUE;
  g_assert_true (harness_receive (h, stanza));
  session = harness_expect_session (h, IBB_EVENT_ACCEPTED);
  g_assert_cmpstr (ibb_session_get_peer (session), ==, "juliet@capulet.example");
  g_assert_cmpstr (ibb_session_get_local (session), ==, OWN);
}

/* Opened under another of our addresses, and given up (D-15): the close that
 * answers a late acceptance names that address. */
static void
test_other_address (Harness *h, gconstpointer data)
{
  const char            *other = "juliet@capulet.example/chamber";
  IBBOpen                open = { .peer = PEER, .local = other, .sid = SID };
  IBBFailure             failure = IBB_FAILURE_INIT;
  g_autoptr (IBBSession) session = ibb_engine_open (h->engine, &open, h->now, &failure);
  g_autoptr (IBBStanza)  stanza = ibb_engine_take_stanza (h->engine, h->now);
  g_autoptr (IBBStanza)  close = NULL;
  IBBStanza             *reply;

  g_assert_cmpint (stanza->payload, ==, IBB_PAYLOAD_OPEN);
  g_assert_cmpstr (stanza->from, ==, other);
  ibb_session_abort (session, h->now);
  reply = ibb_stanza_record_new_result (stanza);
  g_assert_true (harness_receive (h, reply));
  close = ibb_engine_take_stanza (h->engine, h->now);
  g_assert_cmpint (close->payload, ==, IBB_PAYLOAD_CLOSE);
  g_assert_cmpstr (close->from, ==, other);
  g_assert_cmpstr (close->sid, ==, SID);
  g_assert_true (close->unclean);
}

/* D-42: what a new stream begins with. */
static void
test_restored (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 10);
  g_autoptr (IBBSession) second = NULL;

  harness_warm_up (h, session);
  harness_write (h, session, "ask");
  ibb_stanza_record_unref (harness_expect_data (h, 1, "ask"));
  ibb_engine_restored (h->engine); /* it was never away */
  assert_state (session, IBB_SESSION_OPEN);
  ibb_engine_lost (h->engine, h->now);
  assert_failure (ibb_session_get_failure (session), IBB_FAILURE_CONNECTION_LOST);
  harness_assert_empty (h);
  ibb_engine_restored (h->engine);
  second = harness_open (h, IBB_CARRIER_IQ, 10);
  harness_warm_up (h, second);
}

static void
test_not_ours (Harness *h, gconstpointer data)
{
  IBBStanza *stanza = harness_request (h, IBB_PAYLOAD_ERROR, PEER, NULL, NULL);

  stanza->name = IBB_STANZA_PRESENCE;
  g_assert_false (harness_receive (h, stanza));
  harness_assert_empty (h);
}

/* What the connection reports need not be known. */
static void
test_strange_reports (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 10);
  g_autoptr (IBBStanza)  data_stanza = harness_request (h, IBB_PAYLOAD_DATA, PEER, NULL, SID);
  g_autoptr (IBBStanza)  message = harness_request (h, IBB_PAYLOAD_DATA, PEER, NULL, SID);

  g_clear_pointer (&data_stanza->id, g_free);
  message->name = IBB_STANZA_MESSAGE;
  g_clear_pointer (&message->kind, g_free);
  ibb_engine_sent (h->engine, data_stanza, h->now);
  ibb_engine_send_failed (h->engine, data_stanza, h->now);
  ibb_engine_send_failed (h->engine, message, h->now);
  g_clear_pointer (&message->id, g_free);
  ibb_engine_send_failed (h->engine, message, h->now);
  assert_state (session, IBB_SESSION_OPEN);
}

/* The probe was refused by the connection: nothing ends for that. */
static void
test_probe_not_sent (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 10);
  g_autoptr (IBBStanza)  probe = NULL;

  harness_warm_up (h, session);
  harness_write (h, session, "hello?");
  ibb_stanza_record_unref (harness_expect_data (h, 1, NULL));
  h->hold_sent = TRUE;
  harness_advance (h, 60000);
  probe = harness_expect_close (h, FALSE);
  ibb_engine_send_failed (h->engine, probe, h->now);
  ibb_engine_sent (h->engine, probe, h->now);
  assert_state (session, IBB_SESSION_OPEN);
}

/* ---- bounds ---- */

/* D-15: only so many opens that nobody waits for are remembered. */
static void
test_many_abandoned (Harness *h, gconstpointer data)
{
  g_autoptr (IBBStanza) first = NULL;
  g_autoptr (IBBStanza) last = NULL;
  g_autoptr (IBBStanza) close = NULL;

  for (guint i = 0; i < 1001; i++)
    {
      g_autofree char       *sid = g_strdup_printf ("sid%u", i);
      g_autoptr (IBBSession) session = harness_begin_open (h, PEER, sid, IBB_CARRIER_IQ, 10);
      IBBStanza             *open = harness_expect (h, IBB_PAYLOAD_OPEN);

      ibb_session_abort (session, h->now);
      g_clear_pointer (i == 0 ? &first : &last, ibb_stanza_record_unref);
      *(i == 0 ? &first : &last) = open;
    }
  g_assert_cmpuint (ibb_engine_get_n_pending (h->engine), ==, 1000);
  harness_answer (h, first); /* forgotten */
  harness_expect_nothing (h);
  harness_answer (h, last);
  close = harness_expect_close (h, TRUE);
  harness_advance (h, 600000);
  harness_assert_empty (h);
}

/* D-29: only so many peers are remembered when their sessions are over. The
 * one that was forgotten is asked again. */
static void
test_many_peers (Harness *h, gconstpointer data)
{
  for (guint i = 0; i < 1002; i++)
    {
      g_autofree char       *peer = g_strdup_printf ("user%u@example.net/x", i % 1001);
      g_autoptr (IBBSession) session = harness_begin_open (h, peer, SID, IBB_CARRIER_IQ, 10);
      g_autoptr (IBBStanza)  open = harness_expect (h, IBB_PAYLOAD_OPEN);
      g_autoptr (IBBStanza)  block = NULL;
      g_autoptr (IBBStanza)  close = NULL;
      guint                  n_disco = h->n_disco;

      harness_answer (h, open);
      harness_write_n (h, session, 20);
      block = harness_expect_data (h, 0, NULL);
      harness_answer (h, block);
      ibb_stanza_record_unref (harness_expect_data (h, 1, NULL));
      harness_write_n (h, session, 10);
      ibb_stanza_record_unref (harness_expect_data (h, 2, NULL));
      g_assert_cmpuint (h->n_disco, ==, n_disco + 1);
      ibb_session_abort (session, h->now);
      close = harness_expect_close (h, TRUE);
    }
}

/* D-22, D-23: an id of a kilobyte counts for what it is. */
static void
test_long_ids (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_accept (h, IBB_CARRIER_IQ, 10);
  g_autofree char       *tail = g_strnfill (65536, 'x');
  guint                  n = 0;

  harness_settings (h)->receive_buffer_size = 1;
  for (; n < 200; n++)
    {
      g_autofree char      *id = g_strdup_printf ("%u%s", n, tail);
      IBBStanza            *stanza = harness_request (h, IBB_PAYLOAD_DATA, PEER, NULL, SID);
      g_autoptr (IBBStanza) answer = NULL;

      g_free (stanza->id);
      stanza->id = g_steal_pointer (&id);
      stanza->seq = (guint16) n;
      stanza->seq_valid = TRUE;
      stanza->bytes = g_bytes_new ("xx", 2);
      stanza->base64 = IBB_BASE64_EXACT;
      stanza->text_length = 4;
      g_assert_true (harness_receive (h, stanza));
      answer = harness_take (h);
      if (answer == NULL)
        continue;
      g_assert_cmpint (answer->condition, ==, IBB_CONDITION_RESOURCE_CONSTRAINT);
      break;
    }
  g_assert_cmpuint (n, ==, 4 * 1024 * 1024 / 65536 - 1);
}

/* D-34, D-23: messages in a session of IQs are bounded together with them. */
static void
test_mixed_bound (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_accept (h, IBB_CARRIER_IQ, 65535);
  g_autofree guint8     *bytes = g_malloc0 (65535);

  harness_settings (h)->receive_buffer_size = 1;
  for (guint i = 0; i < 64; i++)
    harness_send_data_full (h, PEER, NULL, SID, i, bytes, 65535, IBB_CARRIER_MESSAGE);
  harness_send_data_full (h, PEER, NULL, SID, 64, bytes, 65535, IBB_CARRIER_IQ);
  harness_expect_nothing (h); /* held, as the first one always is */
  harness_send_data_full (h, PEER, NULL, SID, 65, bytes, 65535, IBB_CARRIER_IQ);
  harness_expect_error (h, IBB_CONDITION_RESOURCE_CONSTRAINT, IBB_ERROR_TYPE_WAIT);
  assert_state (session, IBB_SESSION_OPEN);
}

/* N-32 is the sender's duty: without an id a message is taken all the same. */
static void
test_message_without_id (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_accept (h, IBB_CARRIER_MESSAGE, 10);
  IBBStanza             *stanza = harness_request (h, IBB_PAYLOAD_DATA, PEER, NULL, SID);

  stanza->name = IBB_STANZA_MESSAGE;
  g_clear_pointer (&stanza->kind, g_free);
  g_clear_pointer (&stanza->id, g_free);
  stanza->seq_valid = TRUE;
  stanza->bytes = g_bytes_new ("nameless", 8);
  stanza->base64 = IBB_BASE64_EXACT;
  stanza->text_length = 12;
  g_assert_true (harness_receive (h, stanza));
  harness_expect_nothing (h);
  harness_expect_read (h, session, "nameless");
}

/* D-16: a limit that is smaller than an empty block leaves one byte. */
static void
test_tiny_limit (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 10);
  g_autoptr (IBBStanza)  block = NULL;

  ibb_engine_set_stanza_limit (h->engine, 100);
  harness_write (h, session, "ab");
  block = harness_expect_data (h, 0, "a");
}

/* N-16, D-29: never so many blocks in flight that a number could be taken for
 * one of another round, whatever the window. */
static void
test_blocks_in_flight (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = NULL;
  IBBStanza             *first;
  IBBStanza             *block;
  guint                  n = 1;

  harness_settings (h)->window = 1024 * 1024;
  harness_settings (h)->send_buffer_size = 100000;
  session = harness_open (h, IBB_CARRIER_IQ, 1);
  harness_warm_up (h, session);
  h->engine->flow.window = 1024 * 1024; /* as on a long way */
  harness_write_n (h, session, 40000);
  first = harness_expect_data (h, 1, NULL);
  while ((block = harness_take (h)) != NULL)
    {
      n++;
      ibb_stanza_record_unref (block);
    }
  g_assert_cmpuint (n, ==, 32767);
  harness_answer (h, first);
  ibb_stanza_record_unref (first);
  ibb_stanza_record_unref (harness_expect_data (h, 32768, NULL));
  harness_expect_nothing (h);
}

/* D-29: an answer without any feature is one of a peer that promises nothing. */
static void
test_empty_disco (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 10);
  g_autoptr (IBBStanza)  block = NULL;
  g_autoptr (IBBStanza)  query = NULL;
  IBBStanza             *reply;

  h->leave_disco = TRUE;
  harness_write_n (h, session, 30);
  block = harness_expect_data (h, 0, NULL);
  query = harness_expect (h, IBB_PAYLOAD_DISCO_QUERY);
  reply = ibb_stanza_record_new_result (query);
  reply->payload = IBB_PAYLOAD_DISCO_INFO;
  harness_receive (h, reply);
  harness_answer (h, block);
  ibb_stanza_record_unref (harness_expect_data (h, 1, NULL));
  harness_expect_nothing (h);
}

/* New limits hold for open sessions; one that is still opening has time. */
static void
test_settings_while_opening (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_begin_open (h, PEER, SID, IBB_CARRIER_IQ, 10);
  g_autoptr (IBBStanza)  open = harness_expect (h, IBB_PAYLOAD_OPEN);

  harness_settings (h)->window = 10;
  ibb_engine_settings_changed (h->engine, h->now);
  harness_expect_nothing (h);
  harness_answer (h, open);
  assert_state (session, IBB_SESSION_OPEN);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  harness_add ("/engine/corners/D-16/several-alike", test_recut_several, GINT_TO_POINTER (TRUE));
  harness_add ("/engine/corners/D-16/several-unlike", test_recut_several, GINT_TO_POINTER (FALSE));
  harness_add ("/engine/corners/D-16/smallest-wait", test_smallest,
               GINT_TO_POINTER (IBB_ERROR_TYPE_WAIT));
  harness_add ("/engine/corners/D-16/smallest-modify", test_smallest,
               GINT_TO_POINTER (IBB_ERROR_TYPE_MODIFY));
  harness_add ("/engine/corners/D-16/tiny-limit", test_tiny_limit, NULL);
  harness_add ("/engine/corners/D-26/longest-wait", test_longest_wait, NULL);
  harness_add ("/engine/corners/D-36/message-retries", test_message_retries, NULL);
  harness_add ("/engine/corners/D-36/refused-early", test_message_refused_early, NULL);
  harness_add ("/engine/corners/D-27/ack-after-refusal", test_ack_after_refusal, NULL);
  harness_add ("/engine/corners/D-27/silence-after-refusal", test_silence_after_refusal, NULL);
  harness_add ("/engine/corners/D-27/probe-once", test_probe_once, NULL);
  harness_add ("/engine/corners/D-32/not-the-first", test_not_the_first, NULL);
  harness_add ("/engine/corners/D-27/gone", test_nobody, GINT_TO_POINTER (IBB_CONDITION_GONE));
  harness_add ("/engine/corners/D-27/no-server", test_nobody,
               GINT_TO_POINTER (IBB_CONDITION_REMOTE_SERVER_NOT_FOUND));
  harness_add ("/engine/corners/D-39/given-up", test_half_close_given_up, GINT_TO_POINTER (FALSE));
  harness_add ("/engine/corners/D-39/given-up-in-flight", test_half_close_given_up,
               GINT_TO_POINTER (TRUE));
  harness_add ("/engine/corners/twice", test_twice, NULL);
  harness_add ("/engine/corners/D-15/close-request", test_close_request, NULL);
  harness_add ("/engine/corners/without-address", test_without_address, NULL);
  harness_add ("/engine/corners/own-account", test_own_account, NULL);
  harness_add ("/engine/corners/D-15/other-address", test_other_address, NULL);
  harness_add ("/engine/corners/D-42/restored", test_restored, NULL);
  harness_add ("/engine/corners/not-ours", test_not_ours, NULL);
  harness_add ("/engine/corners/strange-reports", test_strange_reports, NULL);
  harness_add ("/engine/corners/D-27/probe-not-sent", test_probe_not_sent, NULL);
  harness_add ("/engine/corners/D-15/many", test_many_abandoned, NULL);
  harness_add ("/engine/corners/D-29/many-peers", test_many_peers, NULL);
  harness_add ("/engine/corners/N-16/blocks-in-flight", test_blocks_in_flight, NULL);
  harness_add ("/engine/corners/D-23/long-ids", test_long_ids, NULL);
  harness_add ("/engine/corners/D-34/bound", test_mixed_bound, NULL);
  harness_add ("/engine/corners/N-32/without-id", test_message_without_id, NULL);
  harness_add ("/engine/corners/D-29/empty-disco", test_empty_disco, NULL);
  harness_add ("/engine/corners/settings-while-opening", test_settings_while_opening, NULL);
  return g_test_run ();
}
