/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What leaves, and how much of it: protocol.md, 1.2, 2.3 and 2.4. */

#include "config.h"

#include "engine-harness.h"

#include "core/engine-private.h"

#include <string.h>

/* ---- blocks ---- */

static void
test_sizes (Harness *h, gconstpointer data)
{
  static const gsize     sizes[] = { 100, 100, 100, 1 };
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 100);

  harness_write_n (h, session, 301);
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (IBBStanza) block = harness_expect_data (h, i, NULL);

      g_assert_cmpuint (harness_size_of (block), ==, sizes[i]);
      g_assert_cmpint (block->name, ==, IBB_STANZA_IQ);
      g_assert_true (ibb_stanza_record_is_kind (block, "set"));
      g_assert_cmpstr (block->to, ==, PEER);
      g_assert_cmpstr (block->sid, ==, SID);
      g_assert_cmpuint (strlen (block->id), >=, 16); /* D-33: 64 random bits */
      harness_answer (h, block);
    }
  harness_expect_nothing (h);
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, 301);
}

static void
test_wrap (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 1);

  for (guint i = 0; i < 65538; i++)
    {
      g_autoptr (IBBStanza) block = NULL;

      harness_write (h, session, "x");
      block = harness_expect_data (h, i & 0xffff, "x");
      harness_answer (h, block);
    }
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, 65538);
}

static void
test_gathering (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 4096);
  g_autoptr (IBBStanza)  first = NULL;
  g_autoptr (IBBStanza)  second = NULL;

  h->has_feature = FALSE;
  harness_write (h, session, "0");
  first = harness_expect_data (h, 0, "0"); /* at once, however little */
  for (guint i = 1; i < 100; i++)
    harness_write (h, session, "x");
  harness_expect_nothing (h);
  harness_answer (h, first);
  second = harness_expect_data (h, 1, NULL);
  g_assert_cmpuint (harness_size_of (second), ==, 99);
  harness_expect_nothing (h);
}

static void
test_flush (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 10);
  g_autoptr (IBBStanza)  full = NULL;
  g_autoptr (IBBStanza)  rest = NULL;

  ibb_session_set_auto_flush (session, FALSE, h->now);
  harness_write (h, session, "short");
  harness_expect_nothing (h); /* only full blocks leave */
  harness_write (h, session, " and the rest");
  full = harness_expect_data (h, 0, "short and ");
  harness_expect_nothing (h);
  g_assert_cmpuint (ibb_session_get_handed (session), ==, 10);
  harness_answer (h, full);
  harness_expect_nothing (h);
  ibb_session_flush (session, h->now);
  rest = harness_expect_data (h, 1, "the rest");
  g_assert_cmpuint (ibb_session_get_handed (session), ==, 18);    /* the flush is over */
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, 10); /* a drain is not */
  harness_answer (h, rest);
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, 18);
  /* A flush covers what was written before it, no more. */
  harness_write (h, session, "more");
  harness_expect_nothing (h);
}

/* A buffer that no block fits into. */
static void
test_small_buffer (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = NULL;

  harness_settings (h)->send_buffer_size = 4;
  session = harness_open (h, IBB_CARRIER_IQ, 10);
  ibb_session_set_auto_flush (session, FALSE, h->now);
  g_assert_cmpuint (ibb_session_write (session, (const guint8 *) "123456", 6, h->now), ==, 4);
  ibb_stanza_record_unref (harness_expect_data (h, 0, "1234"));
  g_assert_cmpint (ibb_session_get_output (session), ==, IBB_OUTPUT_ROOM);
}

static void
test_buffer (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 65535);
  g_autofree guint8     *bytes = g_malloc0 (4 * 1024 * 1024);

  g_assert_cmpuint (ibb_session_get_writable (session), ==, 16 * 65535);
  g_assert_cmpuint (ibb_session_write (session, bytes, 4 * 1024 * 1024, h->now), ==, 16 * 65535);
  g_assert_cmpint (ibb_session_get_output (session), ==, IBB_OUTPUT_FULL);
  g_assert_cmpuint (ibb_session_write (session, bytes, 1, h->now), ==, 0);
}

/* As it is after a while on a fast and long path. */
static void
open_window (Harness *h)
{
  h->engine->flow.window = IBB_FLOW_CONNECTION_MAX;
}

static gsize
write_all (Harness *h, IBBSession *session)
{
  gsize room = ibb_session_get_writable (session);

  harness_write_n (h, session, room);
  return room;
}

/* A buffer of fixed size would be empty before the next write on a long path. */
static void
test_buffer_grows (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = NULL;
  gsize                  length = 1;

  harness_settings (h)->window = 1024 * 1024;
  session = harness_open (h, IBB_CARRIER_IQ, 4096);
  g_assert_cmpuint (ibb_session_get_writable (session), ==, 64 * 1024);
  harness_warm_up (h, session);
  open_window (h);
  while (ibb_session_get_in_flight (session) < 1024 * 1024)
    {
      IBBStanza *block;

      length += write_all (h, session);
      while ((block = harness_take (h)) != NULL)
        ibb_stanza_record_unref (block);
    }
  length += write_all (h, session);
  g_assert_cmpuint (length, ==, 1 + 3 * 1024 * 1024);
  g_assert_cmpint (ibb_session_get_output (session), ==, IBB_OUTPUT_FULL);
}

/* ---- the window (D-29) ---- */

static void
test_one_until_trusted (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 10);
  g_autoptr (IBBStanza)  first = NULL;
  g_autoptr (IBBStanza)  query = NULL;
  g_autoptr (IBBStanza)  second = NULL;

  h->leave_disco = TRUE;
  harness_write (h, session, "0123456789");
  first = harness_expect_data (h, 0, NULL);
  harness_expect_nothing (h); /* one block alone asks for nothing */
  harness_write_n (h, session, 50);
  query = harness_expect (h, IBB_PAYLOAD_DISCO_QUERY); /* in parallel with the first */
  g_assert_cmpstr (query->to, ==, PEER);
  g_assert_true (ibb_stanza_record_is_kind (query, "get"));
  harness_expect_nothing (h);
  harness_answer (h, first);
  second = harness_expect_data (h, 1, NULL);
  harness_expect_nothing (h); /* the answer is not in */
  {
    IBBStanza *answer = ibb_stanza_record_new_result (query);

    answer->payload = IBB_PAYLOAD_DISCO_INFO;
    answer->features = g_new0 (char *, 2);
    answer->features[0] = g_strdup (IBB_FEATURE_NAMESPACE);
    harness_receive (h, answer);
  }
  ibb_stanza_record_unref (harness_expect_data (h, 2, NULL));
  ibb_stanza_record_unref (harness_expect_data (h, 3, NULL));
  ibb_stanza_record_unref (harness_expect_data (h, 4, NULL));
  ibb_stanza_record_unref (harness_expect_data (h, 5, NULL));
  harness_expect_nothing (h);
}

static void
test_one_without_feature (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 10);
  g_autoptr (IBBSession) again = NULL;

  h->has_feature = FALSE;
  harness_write_n (h, session, 1000);
  for (guint i = 0; i < 100; i++)
    {
      g_autoptr (IBBStanza) block = harness_expect_data (h, i, NULL);

      harness_expect_nothing (h);
      harness_answer (h, block);
    }
  g_assert_cmpuint (h->n_disco, ==, 1); /* asked once */
}

static void
test_first_is_alone (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 10);
  g_autoptr (IBBStanza)  first = NULL;

  harness_write_n (h, session, 30);
  first = harness_expect_data (h, 0, NULL);
  harness_expect_nothing (h);
  g_assert_cmpuint (h->n_disco, ==, 1); /* trusted, but not acknowledged */
  harness_answer (h, first);
  ibb_stanza_record_unref (harness_expect_data (h, 1, NULL));
  ibb_stanza_record_unref (harness_expect_data (h, 2, NULL));
}

static void
test_window_set (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = NULL;
  IBBStanza             *blocks[3];

  harness_settings (h)->window = 35;
  session = harness_open (h, IBB_CARRIER_IQ, 10);
  harness_warm_up (h, session);
  harness_write_n (h, session, 100);
  for (guint i = 0; i < 3; i++)
    blocks[i] = harness_expect_data (h, 1 + i, NULL);
  harness_expect_nothing (h);
  g_assert_cmpuint (ibb_session_get_in_flight (session), ==, 30);
  g_assert_cmpuint (h->n_disco, ==, 0); /* the application vouches */
  harness_answer (h, blocks[0]);
  ibb_stanza_record_unref (harness_expect_data (h, 4, NULL));
  harness_expect_nothing (h);
  for (guint i = 0; i < 3; i++)
    ibb_stanza_record_unref (blocks[i]);
}

/* 4 MiB, however large it is set and whatever the path carries. */
static void
test_window_max (Harness *h, gconstpointer data)
{
  const gsize            most = 4 * 1024 * 1024;
  g_autoptr (IBBSession) session = NULL;
  IBBStanza             *block;

  harness_settings (h)->window = GPOINTER_TO_SIZE (data);
  harness_settings (h)->send_buffer_size = 2 * most;
  session = harness_open (h, IBB_CARRIER_IQ, 65535);
  harness_warm_up (h, session);
  open_window (h);
  harness_write_n (h, session, 2 * most);
  while ((block = harness_take (h)) != NULL)
    ibb_stanza_record_unref (block);
  g_assert_cmpuint (ibb_session_get_in_flight (session), ==, most / 65535 * 65535);
}

static void
test_window_one (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = NULL;

  harness_settings (h)->window = 1; /* up to one block: stop and wait */
  session = harness_open (h, IBB_CARRIER_IQ, 10);
  harness_write_n (h, session, 100);
  for (guint i = 0; i < 10; i++)
    {
      g_autoptr (IBBStanza) block = harness_expect_data (h, i, NULL);

      g_assert_cmpuint (harness_size_of (block), ==, 10);
      harness_expect_nothing (h);
      harness_answer (h, block);
    }
}

/* Our feature, and reordering all the same: one failure, then one block. */
static void
test_reorders (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 10);
  g_autoptr (IBBSession) second = NULL;
  g_autoptr (IBBStanza)  b1 = NULL;
  g_autoptr (IBBStanza)  b2 = NULL;
  g_autoptr (IBBStanza)  close = NULL;
  g_autoptr (IBBStanza)  open = NULL;

  harness_send_two (h, session, &b1, &b2);
  harness_answer_error (h, b2, IBB_CONDITION_UNEXPECTED_REQUEST, IBB_ERROR_TYPE_CANCEL);
  harness_answer_error (h, b1, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
  assert_state (session, IBB_SESSION_ENDED);
  close = harness_expect_close (h, TRUE);
  harness_answer (h, close);

  second = harness_begin_open (h, PEER, "second", IBB_CARRIER_IQ, 10);
  open = harness_expect (h, IBB_PAYLOAD_OPEN);
  harness_answer (h, open);
  harness_write_n (h, second, 100);
  for (guint i = 0; i < 10; i++)
    {
      g_autoptr (IBBStanza) block = harness_expect_data (h, i, NULL);

      harness_expect_nothing (h);
      harness_answer (h, block);
    }
}

/* ---- D-33 ---- */

static void
test_spoofed (Harness *h, gconstpointer data)
{
  static const char *const from[] = { STRANGER, PEER_BARE, PEER_BARE "/other", OWN, NULL };
  g_autoptr (IBBSession)   session = harness_open (h, IBB_CARRIER_IQ, 10);
  g_autoptr (IBBStanza)    block = NULL;

  harness_write (h, session, "mine");
  block = harness_expect_data (h, 0, "mine");
  for (guint i = 0; i < G_N_ELEMENTS (from); i++)
    {
      IBBStanza *reply = ibb_stanza_record_new_result (block);

      g_free (reply->from);
      reply->from = g_strdup (from[i]);
      g_assert_false (harness_receive (h, reply));
      reply = ibb_stanza_record_new_error (block, IBB_CONDITION_GONE, IBB_ERROR_TYPE_CANCEL, NULL);
      g_free (reply->from);
      reply->from = g_strdup (from[i]);
      harness_receive (h, reply);
      g_assert_cmpuint (ibb_session_get_delivered (session), ==, 0);
      assert_state (session, IBB_SESSION_OPEN);
    }
  harness_answer (h, block);
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, 4);
}

static void
test_spoofed_message (Harness *h, gconstpointer data)
{
  static const char *const from[] = { STRANGER, OWN, NULL };
  g_autoptr (IBBSession)   session = harness_open (h, IBB_CARRIER_MESSAGE, 10);
  g_autoptr (IBBStanza)    block = NULL;

  harness_write (h, session, "mine");
  block = harness_expect_data (h, 0, "mine");
  for (guint i = 0; i < G_N_ELEMENTS (from); i++)
    {
      IBBStanza *reply =
          ibb_stanza_record_new_error (block, IBB_CONDITION_GONE, IBB_ERROR_TYPE_CANCEL, NULL);

      g_free (reply->from);
      reply->from = g_strdup (from[i]);
      g_assert_false (harness_receive (h, reply));
      assert_state (session, IBB_SESSION_OPEN);
    }
  harness_answer_error (h, block, IBB_CONDITION_GONE, IBB_ERROR_TYPE_CANCEL);
  assert_state (session, IBB_SESSION_ENDED);
}

/* ---- messages (D-35, D-36) ---- */

static void
test_message_pacing (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_MESSAGE, 10);
  g_autoptr (IBBStanza)  first = NULL;
  g_autoptr (IBBStanza)  second = NULL;

  h->hold_sent = TRUE;
  harness_write_n (h, session, 20);
  first = harness_expect_data (h, 0, NULL);
  g_assert_cmpint (first->name, ==, IBB_STANZA_MESSAGE);
  g_assert_true (first->kind == NULL || ibb_stanza_record_is_kind (first, "normal"));
  harness_expect_nothing (h); /* until the connection has it */
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, 0);
  ibb_engine_sent (h->engine, first, h->now);
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, 10);
  g_assert_cmpuint (ibb_session_get_handed (session), ==, 10);
  second = harness_expect_data (h, 1, NULL);
  harness_expect_nothing (h);
  ibb_engine_sent (h->engine, second, h->now);
  g_assert_cmpuint (h->n_disco, ==, 1); /* of our server (N-31), not of the peer */
}

static void
test_message_retried (Harness *h, gconstpointer data)
{
  gboolean               last = GPOINTER_TO_INT (data);
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_MESSAGE, 10);
  g_autoptr (IBBStanza)  first = NULL;
  g_autoptr (IBBStanza)  second = NULL;

  harness_write_n (h, session, last ? 10 : 20);
  first = harness_expect_data (h, 0, NULL);
  if (!last)
    second = harness_expect_data (h, 1, NULL);
  {
    IBBStanza *reply = ibb_stanza_record_new_error (first, IBB_CONDITION_RECIPIENT_UNAVAILABLE,
                                                    IBB_ERROR_TYPE_WAIT, NULL);

    /* The server may have sent it to another resource. */
    g_free (reply->from);
    reply->from = g_strdup (PEER_BARE "/other");
    harness_receive (h, reply);
  }
  if (last)
    {
      harness_advance (h, 1000);
      second = harness_expect_data (h, 0, NULL);
      g_assert_cmpstr (second->id, ==, first->id);
      assert_state (session, IBB_SESSION_OPEN);
    }
  else
    {
      /* What was sent after it makes a gap: nothing to be saved. */
      g_autoptr (IBBStanza) close = harness_expect_close (h, TRUE);

      assert_failure (ibb_session_get_failure (session), IBB_FAILURE_CONDITION);
    }
}

/* ---- the size that passes (D-16) ---- */

static void
test_limit (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 4096);
  g_autoptr (IBBStanza)  block = NULL;

  ibb_engine_set_stanza_limit (h->engine, 3000);
  harness_write_n (h, session, 8192);
  block = harness_expect_data (h, 0, NULL);
  g_assert_cmpuint (IBB_BASE64_ENCODED_LENGTH (harness_size_of (block)) + 200, <=, 3000);
  g_assert_cmpuint (harness_size_of (block), >=, 1500);
}

static void
test_limit_found (Harness *h, gconstpointer data)
{
  gboolean               many = GPOINTER_TO_INT (data);
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 1024);
  guint                  seq = 0;

  h->has_feature = many;
  if (many)
    {
      harness_warm_up (h, session);
      seq = 1;
    }
  harness_write_n (h, session, 4096);
  /* Whatever is longer than 600 bytes meets the policy. */
  for (guint i = 0; i < 100 && ibb_session_get_delivered (session) < 4096 + seq; i++)
    {
      g_autoptr (IBBStanza) block = harness_take (h);

      if (block == NULL)
        {
          harness_advance (h, 10000);
          continue;
        }
      g_assert_cmpint (block->payload, ==, IBB_PAYLOAD_DATA);
      if (harness_size_of (block) > 600)
        harness_answer_error (h, block, IBB_CONDITION_POLICY_VIOLATION, IBB_ERROR_TYPE_MODIFY);
      else
        harness_answer (h, block);
    }
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, 4096 + seq);
  assert_state (session, IBB_SESSION_OPEN);
}

/* Half of it would be less than the floor. */
static void
test_limit_above_floor (Harness *h, gconstpointer data)
{
  static const gsize     sizes[] = { 300, 256, 44 };
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 1024);

  harness_write_n (h, session, 300);
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (IBBStanza) block = harness_expect_data (h, i == 0 ? 0 : i - 1, NULL);

      g_assert_cmpuint (harness_size_of (block), ==, sizes[i]);
      if (i == 0)
        {
          harness_answer_error (h, block, IBB_CONDITION_POLICY_VIOLATION, IBB_ERROR_TYPE_MODIFY);
          harness_advance (h, 1000);
        }
      else
        harness_answer (h, block);
    }
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, 300);
}

static void
test_limit_floor (Harness *h, gconstpointer data)
{
  static const gsize     sizes[] = { 1024, 512, 256 };
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 1024);
  g_autoptr (IBBStanza)  close = NULL;

  h->has_feature = FALSE;
  harness_write_n (h, session, 2048);
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (IBBStanza) block = harness_expect_data (h, 0, NULL);

      g_assert_cmpuint (harness_size_of (block), ==, sizes[i]);
      harness_answer_error (h, block, IBB_CONDITION_POLICY_VIOLATION, IBB_ERROR_TYPE_CANCEL);
      if (i < 2)
        harness_advance (h, 2000);
    }
  close = harness_expect_close (h, TRUE);
  g_assert_cmpint (ibb_session_get_failure (session)->condition, ==,
                   IBB_CONDITION_POLICY_VIOLATION);
}

/* A wider window, or a smaller buffer that is full now, holds at once. */
static void
test_settings_changed (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = NULL;
  IBBEvent               event = IBB_EVENT_INIT;
  gboolean               told = FALSE;

  harness_settings (h)->window = 1;
  session = harness_open (h, IBB_CARRIER_IQ, 10);
  harness_warm_up (h, session);
  harness_write (h, session, "0123456789abcdefghij");
  ibb_stanza_record_unref (harness_expect_data (h, 1, "0123456789"));
  harness_expect_nothing (h);
  while (ibb_engine_take_event (h->engine, &event))
    ibb_event_clear (&event);

  harness_settings (h)->window = 100;
  ibb_engine_settings_changed (h->engine, h->now);
  ibb_stanza_record_unref (harness_expect_data (h, 2, "abcdefghij"));
  while (ibb_engine_take_event (h->engine, &event))
    {
      told |= event.type == IBB_EVENT_CHANGED && event.session == session;
      ibb_event_clear (&event);
    }
  g_assert_true (told);
}

/* Who waits with many bytes is not woken for a few, unless no more room comes. */
static void
test_worth_waking (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = NULL;

  harness_settings (h)->send_buffer_size = 100;
  harness_settings (h)->window = 1;
  session = harness_open (h, IBB_CARRIER_IQ, 10);
  harness_write_n (h, session, 100);
  g_assert_false (ibb_session_is_worth_waking (session, 1));

  ibb_stanza_record_unref (harness_expect (h, IBB_PAYLOAD_DATA));
  g_assert_true (ibb_session_is_worth_waking (session, 10));
  g_assert_false (ibb_session_is_worth_waking (session, 11));

  ibb_session_abort (session, h->now);
  g_assert_false (ibb_session_is_worth_waking (session, 1));
}

/* What waits to be flushed moves by nobody's acknowledgement. */
static void
test_worth_waking_unflushed (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = NULL;

  harness_settings (h)->send_buffer_size = 10;
  session = harness_open (h, IBB_CARRIER_IQ, 10);
  ibb_session_set_auto_flush (session, FALSE, h->now);
  harness_write_n (h, session, 9);
  harness_expect_nothing (h);
  g_assert_true (ibb_session_is_worth_waking (session, 100));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  harness_add ("/engine/sending/N-14/sizes", test_sizes, NULL);
  harness_add ("/engine/sending/N-18/wrap", test_wrap, NULL);
  harness_add ("/engine/sending/D-16/advertised", test_limit, NULL);
  harness_add ("/engine/sending/D-16/found", test_limit_found, GINT_TO_POINTER (FALSE));
  harness_add ("/engine/sending/D-16/found-in-flight", test_limit_found, GINT_TO_POINTER (TRUE));
  harness_add ("/engine/sending/D-16/above-floor", test_limit_above_floor, NULL);
  harness_add ("/engine/sending/D-16/floor", test_limit_floor, NULL);
  harness_add ("/engine/sending/D-29/until-trusted", test_one_until_trusted, NULL);
  harness_add ("/engine/sending/D-29/without-feature", test_one_without_feature, NULL);
  harness_add ("/engine/sending/D-29/first-alone", test_first_is_alone, NULL);
  harness_add ("/engine/sending/D-29/window", test_window_set, NULL);
  harness_add ("/engine/sending/D-29/window-max", test_window_max,
               GSIZE_TO_POINTER (16 * 1024 * 1024));
  harness_add ("/engine/sending/D-29/window-max-adaptive", test_window_max, NULL);
  harness_add ("/engine/sending/D-29/window-one", test_window_one, NULL);
  harness_add ("/engine/sending/D-29/reorders", test_reorders, NULL);
  harness_add ("/engine/sending/D-31/gathering", test_gathering, NULL);
  harness_add ("/engine/sending/D-31/flush", test_flush, NULL);
  harness_add ("/engine/sending/D-31/buffer", test_buffer, NULL);
  harness_add ("/engine/sending/D-31/buffer-grows", test_buffer_grows, NULL);
  harness_add ("/engine/sending/D-31/small-buffer", test_small_buffer, NULL);
  harness_add ("/engine/sending/D-33/spoofed", test_spoofed, NULL);
  harness_add ("/engine/sending/D-33/spoofed-message", test_spoofed_message, NULL);
  harness_add ("/engine/sending/D-35/pacing", test_message_pacing, NULL);
  harness_add ("/engine/sending/D-36/last", test_message_retried, GINT_TO_POINTER (TRUE));
  harness_add ("/engine/sending/D-36/not-the-last", test_message_retried, GINT_TO_POINTER (FALSE));

  harness_add ("/engine/sending/settings-changed", test_settings_changed, NULL);
  harness_add ("/engine/sending/worth-waking", test_worth_waking, NULL);
  harness_add ("/engine/sending/worth-waking-unflushed", test_worth_waking_unflushed, NULL);

  return g_test_run ();
}
