/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What follows from the reply to a block, or from none: protocol.md, 2.3 and
 * 2.5. */

#include "config.h"

#include "engine-harness.h"

#include <string.h>

/* ---- 2.5: all conditions and types (D-25) ---- */

static gboolean
is_retried (IBBCondition condition, IBBErrorType type)
{
  switch (condition)
    {
    case IBB_CONDITION_RECIPIENT_UNAVAILABLE:
    case IBB_CONDITION_REMOTE_SERVER_TIMEOUT:
      return TRUE;
    case IBB_CONDITION_RESOURCE_CONSTRAINT:
    case IBB_CONDITION_INTERNAL_SERVER_ERROR:
      return type == IBB_ERROR_TYPE_WAIT;
    case IBB_CONDITION_POLICY_VIOLATION:
      return TRUE; /* halved */
    default:
      return FALSE;
    }
}

static void
test_condition (Harness *h, gconstpointer data)
{
  IBBCondition           condition = (IBBCondition) (GPOINTER_TO_UINT (data) / 5);
  IBBErrorType           type = (IBBErrorType) (GPOINTER_TO_UINT (data) % 5);
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 1000);
  g_autoptr (IBBStanza)  block = NULL;
  g_autoptr (IBBStanza)  close = NULL;
  g_autoptr (IBBStanza)  again = NULL;

  harness_write_n (h, session, 1000);
  block = harness_expect_data (h, 0, NULL);
  harness_answer_error (h, block, condition, type);
  if (!is_retried (condition, type))
    {
      const IBBFailure *failure = ibb_session_get_failure (session);

      close = harness_expect_close (h, TRUE);
      assert_state (session, IBB_SESSION_ENDED);
      assert_failure (failure, IBB_FAILURE_CONDITION);
      g_assert_cmpint (failure->condition, ==, condition);
      g_assert_cmpint (ibb_session_get_output (session), ==, IBB_OUTPUT_FAILED);
      assert_failure (ibb_session_get_delivery_failure (session), IBB_FAILURE_CONDITION);
      harness_answer (h, close);
      harness_assert_empty (h);
      return;
    }
  harness_expect_nothing (h); /* N-23: no new seq meanwhile */
  harness_advance (h, 999);
  harness_expect_nothing (h);
  harness_advance (h, 1);
  again = harness_expect_data (h, 0, NULL);
  g_assert_cmpuint (harness_size_of (again), ==,
                    condition == IBB_CONDITION_POLICY_VIOLATION ? 500 : 1000);
  if (condition == IBB_CONDITION_POLICY_VIOLATION)
    g_assert_cmpstr (again->id, !=, block->id); /* cut anew */
  else
    g_assert_cmpstr (again->id, ==, block->id);
  harness_answer (h, again);
  assert_state (session, IBB_SESSION_OPEN);
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, harness_size_of (again));
}

/* ---- retries (D-26) ---- */

static void
test_schedule (Harness *h, gconstpointer data)
{
  static const gint64    waits[] = { 1000000, 1200000, 1440000, 1728000, 2073600 };
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 10);
  g_autoptr (IBBStanza)  first = NULL;
  g_autoptr (IBBStanza)  close = NULL;

  harness_write (h, session, "again");
  first = harness_expect_data (h, 0, "again");
  harness_answer_error (h, first, IBB_CONDITION_RECIPIENT_UNAVAILABLE, IBB_ERROR_TYPE_WAIT);
  for (guint i = 0; i < G_N_ELEMENTS (waits); i++)
    {
      g_autoptr (IBBStanza) again = NULL;

      g_assert_cmpint (ibb_engine_get_wake_time (h->engine), <=, h->now + waits[i]);
      h->now += waits[i] - 1;
      ibb_engine_advance (h->engine, h->now);
      harness_expect_nothing (h);
      h->now++;
      ibb_engine_advance (h->engine, h->now);
      again = harness_expect_data (h, 0, "again");
      g_assert_cmpstr (again->id, ==, first->id);
      g_assert_cmpuint (ibb_session_get_retries (session), ==, i + 1);
      harness_answer_error (h, again, IBB_CONDITION_REMOTE_SERVER_TIMEOUT, IBB_ERROR_TYPE_WAIT);
    }
  close = harness_expect_close (h, TRUE); /* six sends, five waits */
  assert_failure (ibb_session_get_failure (session), IBB_FAILURE_RETRIES);
  g_assert_cmpint (ibb_session_get_failure (session)->condition, ==,
                   IBB_CONDITION_REMOTE_SERVER_TIMEOUT);
  assert_failure (ibb_session_get_delivery_failure (session), IBB_FAILURE_RETRIES);
  harness_answer (h, close);
  harness_assert_empty (h);
}

static void
test_reset (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 1);

  h->has_feature = FALSE;
  harness_settings (h)->max_retries = 1;
  harness_write (h, session, "abcdef");
  for (guint i = 0; i < 6; i++)
    {
      g_autoptr (IBBStanza) block = harness_expect_data (h, i, NULL);
      g_autoptr (IBBStanza) again = NULL;

      harness_answer_error (h, block, IBB_CONDITION_RESOURCE_CONSTRAINT, IBB_ERROR_TYPE_WAIT);
      harness_advance (h, 1000); /* the first wait each time */
      again = harness_expect_data (h, i, NULL);
      harness_answer (h, again);
    }
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, 6);
}

static void
test_no_retries (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = NULL;
  g_autoptr (IBBStanza)  block = NULL;
  g_autoptr (IBBStanza)  close = NULL;

  harness_settings (h)->max_retries = 0;
  session = harness_open (h, IBB_CARRIER_IQ, 10);
  harness_write (h, session, "once");
  block = harness_expect_data (h, 0, "once");
  harness_answer_error (h, block, IBB_CONDITION_RECIPIENT_UNAVAILABLE, IBB_ERROR_TYPE_WAIT);
  close = harness_expect_close (h, TRUE);
  assert_failure (ibb_session_get_failure (session), IBB_FAILURE_RETRIES);
}

/* ---- silence (D-27) ---- */

static void
test_probe (Harness *h, gconstpointer data)
{
  const char            *answer = data; /* what the probe gets */
  gboolean               there = g_str_equal (answer, "there") || g_str_equal (answer, "lost");
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 10);
  g_autoptr (IBBStanza)  block = NULL;
  g_autoptr (IBBStanza)  probe = NULL;

  harness_warm_up (h, session);
  harness_write (h, session, "hello?");
  block = harness_expect_data (h, 1, "hello?");
  harness_advance (h, 59999);
  harness_expect_nothing (h);
  harness_advance (h, 1);
  probe = harness_expect_close (h, FALSE);
  g_assert_cmpstr (probe->to, ==, PEER);
  g_assert_cmpstr (probe->sid, !=, SID);
  if (g_str_equal (answer, "silence"))
    harness_advance (h, 60000);
  else if (g_str_equal (answer, "gone"))
    harness_answer_error (h, probe, IBB_CONDITION_SERVICE_UNAVAILABLE, IBB_ERROR_TYPE_CANCEL);
  else
    harness_answer_error (h, probe, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
  if (!there)
    {
      g_autoptr (IBBStanza) close = harness_expect_close (h, TRUE);

      assert_failure (ibb_session_get_failure (session), IBB_FAILURE_PEER_GONE);
      harness_answer (h, close);
      harness_assert_empty (h);
    }
  else
    {
      g_autoptr (IBBStanza) again = harness_expect_data (h, 1, "hello?");

      g_assert_cmpstr (again->id, ==, block->id);
      if (g_str_equal (answer, "lost"))
        harness_answer (h, again);
      else
        {
          /* Restarted under its resource: it does not know the session. */
          g_autoptr (IBBStanza) close = NULL;

          harness_answer_error (h, again, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
          close = harness_expect_close (h, TRUE);
          assert_failure (ibb_session_get_failure (session), IBB_FAILURE_CONDITION);
          return;
        }
      assert_state (session, IBB_SESSION_OPEN);
      g_assert_cmpuint (ibb_session_get_delivered (session), ==, 7);
      harness_advance (h, 1000000);
      harness_expect_nothing (h); /* nothing waits: no probes */
    }
}

/* A reader that is slow for an hour is no error. */
static void
test_slow_peer (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 10);
  g_autoptr (IBBStanza)  block = NULL;

  harness_warm_up (h, session);
  harness_write (h, session, "patience");
  block = harness_expect_data (h, 1, "patience");
  for (guint minute = 1; minute <= 60; minute++)
    {
      g_autoptr (IBBStanza) probe = NULL;
      g_autoptr (IBBStanza) again = NULL;

      harness_advance (h, 60000);
      probe = harness_expect_close (h, FALSE);
      harness_answer_error (h, probe, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
      again = harness_expect_data (h, 1, "patience");
      harness_expect_nothing (h);
    }
  harness_answer (h, block);
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, 9);
}

/* A peer without our feature does not hold acknowledgements. */
static void
test_silent_stranger (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 10);
  g_autoptr (IBBStanza)  close = NULL;

  h->has_feature = FALSE;
  harness_write (h, session, "hello?");
  ibb_stanza_record_unref (harness_expect_data (h, 0, "hello?"));
  for (guint minute = 1; minute <= 5; minute++)
    {
      g_autoptr (IBBStanza) probe = NULL;

      assert_state (session, IBB_SESSION_OPEN);
      harness_advance (h, 60000);
      probe = harness_expect_close (h, FALSE);
      harness_answer_error (h, probe, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
      if (minute < 5)
        harness_expect_nothing (h);
    }
  close = harness_expect_close (h, TRUE);
  assert_failure (ibb_session_get_failure (session), IBB_FAILURE_PEER_GONE);
}

/* A paused reader with a large window in flight (D-23). */
static void
test_many_held (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = NULL;
  g_autoptr (IBBStanza)  probe = NULL;
  g_autoptr (IBBStanza)  again = NULL;
  g_autoptr (GPtrArray)  blocks =
      g_ptr_array_new_with_free_func ((GDestroyNotify) ibb_stanza_record_unref);

  session = harness_open (h, IBB_CARRIER_IQ, 10);
  harness_warm_up (h, session);
  harness_write_n (h, session, 2000);
  for (guint i = 0; i < 200; i++)
    g_ptr_array_add (blocks, harness_expect_data (h, 1 + i, NULL));
  harness_advance (h, 60000);
  probe = harness_expect_close (h, FALSE);
  harness_answer_error (h, probe, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
  again = harness_expect_data (h, 200, NULL);
  assert_state (session, IBB_SESSION_OPEN);
  harness_answer (h, again); /* a result acknowledges all before it */
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, 2001);
}

/* Both ends wait, and each takes the other's repetition for nothing. */
static void
test_both_lost (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = NULL;
  g_autoptr (IBBStanza)  probe = NULL;

  harness_settings (h)->half_close = TRUE;
  session = harness_open (h, IBB_CARRIER_IQ, 10);
  harness_warm_up (h, session);
  harness_write (h, session, "lost");
  ibb_stanza_record_unref (harness_expect_data (h, 1, "lost"));
  {
    IBBStanza *close = harness_request (h, IBB_PAYLOAD_CLOSE, PEER, "close", SID);

    g_assert_true (harness_receive (h, close));
  }
  harness_advance (h, 60000);
  probe = harness_expect_close (h, FALSE);
  {
    IBBStanza *close = harness_request (h, IBB_PAYLOAD_CLOSE, PEER, "close", SID);

    g_assert_true (harness_receive (h, close)); /* the same one again */
  }
  harness_answer_error (h, probe, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
  ibb_stanza_record_unref (harness_expect_data (h, 1, "lost"));
}

static void
test_cumulative (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 10);
  IBBStanza             *blocks[3];

  harness_warm_up (h, session);
  harness_write_n (h, session, 30);
  for (guint i = 0; i < 3; i++)
    blocks[i] = harness_expect_data (h, 1 + i, NULL);
  harness_answer (h, blocks[2]);
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, 31);
  /* Late ones change nothing. */
  harness_answer (h, blocks[0]);
  harness_answer_error (h, blocks[1], IBB_CONDITION_GONE, IBB_ERROR_TYPE_CANCEL);
  assert_state (session, IBB_SESSION_OPEN);
  for (guint i = 0; i < 3; i++)
    ibb_stanza_record_unref (blocks[i]);
}

static void
test_late_result (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 10);
  g_autoptr (IBBStanza)  block = NULL;

  harness_write (h, session, "late");
  block = harness_expect_data (h, 0, "late");
  harness_answer_error (h, block, IBB_CONDITION_REMOTE_SERVER_TIMEOUT, IBB_ERROR_TYPE_WAIT);
  harness_advance (h, 500);
  harness_answer (h, block); /* it had arrived all the same */
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, 4);
  harness_advance (h, 10000);
  harness_expect_nothing (h);
}

/* ---- D-28 ---- */

static void
test_unexpected (Harness *h, gconstpointer data)
{
  IBBCondition           first = (IBBCondition) GPOINTER_TO_INT (data);
  gboolean               ambiguous = first != IBB_CONDITION_RESOURCE_CONSTRAINT;
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 10);
  g_autoptr (IBBStanza)  block = NULL;
  g_autoptr (IBBStanza)  again = NULL;
  g_autoptr (IBBStanza)  close = NULL;

  harness_write (h, session, "there?");
  block = harness_expect_data (h, 0, "there?");
  harness_answer_error (h, block, first, IBB_ERROR_TYPE_WAIT);
  harness_advance (h, 1000);
  again = harness_expect_data (h, 0, "there?");
  harness_answer_error (h, again, IBB_CONDITION_UNEXPECTED_REQUEST, IBB_ERROR_TYPE_CANCEL);
  close = harness_expect_close (h, TRUE);
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, ambiguous ? 6 : 0);
  assert_failure (ibb_session_get_failure (session), IBB_FAILURE_CONDITION);
  g_assert_cmpint (ibb_session_get_failure (session)->condition, ==,
                   IBB_CONDITION_UNEXPECTED_REQUEST);
}

/* ---- several in flight (D-30) ---- */

static void
test_go_back (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 10);
  IBBStanza             *blocks[4];

  harness_warm_up (h, session);
  harness_write_n (h, session, 80);
  for (guint i = 0; i < 4; i++)
    blocks[i] = harness_expect_data (h, 1 + i, NULL);
  while (TRUE)
    {
      g_autoptr (IBBStanza) more = harness_take (h);

      if (more == NULL)
        break;
      harness_answer_error (h, more, IBB_CONDITION_RESOURCE_CONSTRAINT, IBB_ERROR_TYPE_WAIT);
    }
  harness_answer (h, blocks[0]);
  harness_answer_error (h, blocks[1], IBB_CONDITION_RESOURCE_CONSTRAINT, IBB_ERROR_TYPE_WAIT);
  harness_expect_nothing (h);
  harness_answer_error (h, blocks[2], IBB_CONDITION_RESOURCE_CONSTRAINT, IBB_ERROR_TYPE_WAIT);
  harness_expect_nothing (h); /* all replies are collected first */
  harness_answer_error (h, blocks[3], IBB_CONDITION_RESOURCE_CONSTRAINT, IBB_ERROR_TYPE_WAIT);
  harness_advance (h, 999);
  harness_expect_nothing (h);
  harness_advance (h, 1);
  {
    g_autoptr (IBBStanza) again = harness_expect_data (h, 2, NULL);

    g_assert_cmpstr (again->id, ==, blocks[1]->id);
    harness_expect_nothing (h); /* one block */
    harness_answer (h, again);
  }
  /* Once it is acknowledged several go again. */
  ibb_stanza_record_unref (harness_expect_data (h, 3, NULL));
  ibb_stanza_record_unref (harness_expect_data (h, 4, NULL));
  for (guint i = 0; i < 4; i++)
    ibb_stanza_record_unref (blocks[i]);
}

/* All that may leave now. */
static GPtrArray *
take_flight (Harness *h)
{
  GPtrArray *blocks = g_ptr_array_new_with_free_func ((GDestroyNotify) ibb_stanza_record_unref);
  IBBStanza *block;

  while ((block = harness_take (h)) != NULL)
    {
      g_assert_cmpint (block->payload, ==, IBB_PAYLOAD_DATA);
      g_ptr_array_add (blocks, block);
    }
  return blocks;
}

/* Refuses so many blocks, which are all that leaves. */
static void
refuse_flight (Harness *h, guint n_blocks)
{
  g_autoptr (GPtrArray) blocks = take_flight (h);

  g_assert_cmpuint (blocks->len, ==, n_blocks);
  for (guint i = 0; i < blocks->len; i++)
    harness_answer_error (h, g_ptr_array_index (blocks, i), IBB_CONDITION_RESOURCE_CONSTRAINT,
                          IBB_ERROR_TYPE_WAIT);
}

/* Each time half as much, and after the third one block for the rest. */
static void
test_three_refusals (Harness *h, gconstpointer data)
{
  static const guint     flights[] = { 16, 8, 4 };
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 10);
  guint                  seq = 1;

  harness_warm_up (h, session);
  harness_write_n (h, session, 160);
  for (guint i = 0; i < G_N_ELEMENTS (flights); i++)
    {
      g_autoptr (IBBStanza) again = NULL;

      refuse_flight (h, flights[i]);
      harness_advance (h, 1000);
      again = harness_expect_data (h, seq++, NULL);
      harness_expect_nothing (h);
      harness_answer (h, again);
    }
  harness_write_n (h, session, 100);
  for (; seq <= 26; seq++)
    {
      g_autoptr (IBBStanza) block = harness_expect_data (h, seq, NULL);

      harness_expect_nothing (h);
      harness_advance (h, 100);
      harness_answer (h, block);
    }
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, 261);
}

/* However well all goes after a refusal: half of what was in flight then. */
static void
test_half_the_window (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 10);
  g_autoptr (IBBStanza)  again = NULL;

  harness_warm_up (h, session);
  harness_write_n (h, session, 160);
  refuse_flight (h, 16);
  harness_write_n (h, session, 1000);
  harness_advance (h, 1000);
  again = harness_expect_data (h, 1, NULL);
  harness_expect_nothing (h);
  harness_answer (h, again);
  while (ibb_session_get_delivered (session) < 1161)
    {
      g_autoptr (GPtrArray) blocks = take_flight (h);

      g_assert_cmpuint (blocks->len, ==,
                        MIN (8, (1161 - ibb_session_get_delivered (session)) / 10));
      harness_advance (h, 1);
      for (guint i = 0; i < blocks->len; i++)
        harness_answer (h, g_ptr_array_index (blocks, i));
    }
}

/* Final where several were in flight and the peer has closed; one block alone
 * goes again, for as long as D-38 allows. */
static void
test_refused_after_close (Harness *h, gconstpointer data)
{
  guint                  n_blocks = GPOINTER_TO_UINT (data);
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 10);
  g_autoptr (GPtrArray)  blocks = NULL;

  harness_warm_up (h, session);
  harness_write_n (h, session, 10 * n_blocks);
  blocks = take_flight (h);
  g_assert_cmpuint (blocks->len, ==, n_blocks);
  harness_send_close (h, SID, FALSE);
  for (guint i = 0; i < n_blocks; i++)
    {
      assert_state (session, IBB_SESSION_OPEN);
      harness_answer_error (h, g_ptr_array_index (blocks, i), IBB_CONDITION_RESOURCE_CONSTRAINT,
                            IBB_ERROR_TYPE_WAIT);
    }
  if (n_blocks == 1)
    {
      g_autoptr (IBBStanza) again = NULL;

      harness_advance (h, 1000);
      again = harness_expect_data (h, 1, NULL);
      harness_answer (h, again);
      harness_expect_result (h);
      assert_failure (ibb_session_get_delivery_failure (session), IBB_FAILURE_NONE);
    }
  else
    {
      harness_expect_error (h, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
      assert_failure (ibb_session_get_delivery_failure (session), IBB_FAILURE_PEER_CLOSED);
      g_assert_cmpuint (ibb_session_get_delivered (session), ==, 1);
    }
  assert_state (session, IBB_SESSION_ENDED);
  harness_assert_empty (h);
}

/* The first failure decides. */
static void
test_final_in_flight (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 10);
  g_autoptr (IBBStanza)  b1 = NULL;
  g_autoptr (IBBStanza)  b2 = NULL;
  g_autoptr (IBBStanza)  close = NULL;

  harness_warm_up (h, session);
  harness_write_n (h, session, 20);
  b1 = harness_expect_data (h, 1, NULL);
  b2 = harness_expect_data (h, 2, NULL);
  harness_answer_error (h, b1, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
  close = harness_expect_close (h, TRUE); /* whatever the other gets */
  assert_failure (ibb_session_get_failure (session), IBB_FAILURE_CONDITION);
}

/* ---- D-32 ---- */

static void
test_early_refusal (Harness *h, gconstpointer data)
{
  guint                  n_refusals = GPOINTER_TO_UINT (data);
  g_autoptr (IBBSession) session = harness_accept (h, IBB_CARRIER_IQ, 10);
  g_autofree char       *id = NULL;

  harness_write (h, session, "too soon");
  for (guint i = 0; i < n_refusals; i++)
    {
      g_autoptr (IBBStanza) block = harness_expect_data (h, 0, "too soon");

      if (id != NULL)
        g_assert_cmpstr (block->id, ==, id);
      g_free (id);
      id = g_strdup (block->id);
      harness_answer_error (h, block, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
      if (i == 3)
        {
          g_autoptr (IBBStanza) close = harness_expect_close (h, TRUE);

          assert_failure (ibb_session_get_failure (session), IBB_FAILURE_CONDITION);
          return;
        }
      harness_advance (h, 249);
      harness_expect_nothing (h);
      harness_advance (h, 1);
    }
  {
    g_autoptr (IBBStanza) block = harness_expect_data (h, 0, "too soon");

    harness_answer (h, block);
  }
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, 8);
}

static void
test_not_early (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_accept (h, IBB_CARRIER_IQ, 10);
  g_autoptr (IBBStanza)  block = NULL;
  g_autoptr (IBBStanza)  close = NULL;

  harness_advance (h, 5000);
  harness_write (h, session, "late");
  block = harness_expect_data (h, 0, "late");
  harness_answer_error (h, block, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
  close = harness_expect_close (h, TRUE);
}

/* D-27: blocks that reached a peer in its last moment are never answered; the
 * refusal of a later one has it asked for at once, not after a minute. */
static void
test_gone_in_flight (Harness *h, gconstpointer data)
{
  gboolean               there = GPOINTER_TO_INT (data);
  g_autoptr (IBBSession) session = NULL;
  IBBStanza             *blocks[3];
  g_autoptr (IBBStanza)  first = NULL;
  g_autoptr (IBBStanza)  probe = NULL;
  gint64                 start;

  harness_settings (h)->window = 1024;
  session = harness_open (h, IBB_CARRIER_IQ, 4);
  harness_write (h, session, "one two tri four");
  first = harness_expect_data (h, 0, "one ");
  harness_answer (h, first);
  for (guint i = 0; i < 3; i++)
    blocks[i] = harness_expect_data (h, 1 + i, NULL);
  start = h->now;
  harness_answer_error (h, blocks[1], IBB_CONDITION_SERVICE_UNAVAILABLE, IBB_ERROR_TYPE_CANCEL);
  probe = harness_expect_close (h, FALSE);
  g_assert_cmpstr (probe->sid, !=, ibb_session_get_sid (session));
  harness_answer_error (h, blocks[2], IBB_CONDITION_SERVICE_UNAVAILABLE, IBB_ERROR_TYPE_CANCEL);
  harness_expect_nothing (h);
  if (there)
    {
      /* It says so itself: then its other answer comes, too. */
      harness_answer_error (h, probe, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
      assert_state (session, IBB_SESSION_OPEN);
      harness_expect_nothing (h);
      harness_answer (h, blocks[0]);
      g_assert_cmpuint (ibb_session_get_delivered (session), ==, 8);
      assert_failure (ibb_session_get_failure (session), IBB_FAILURE_CONDITION);
    }
  else
    {
      harness_answer_error (h, probe, IBB_CONDITION_SERVICE_UNAVAILABLE, IBB_ERROR_TYPE_CANCEL);
      g_assert_cmpuint (ibb_session_get_delivered (session), ==, 4);
      assert_failure (ibb_session_get_failure (session), IBB_FAILURE_PEER_GONE);
    }
  g_assert_cmpint (h->now, ==, start);
  ibb_stanza_record_unref (harness_expect_close (h, TRUE));
  harness_assert_empty (h);
  for (guint i = 0; i < 3; i++)
    ibb_stanza_record_unref (blocks[i]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < IBB_N_CONDITIONS * 5; i++)
    {
      g_autofree char *path =
          g_strdup_printf ("/engine/replies/D-25/%s-%s", ibb_condition_to_string (i / 5),
                           ibb_error_type_to_string (i % 5));

      harness_add (path, test_condition, GUINT_TO_POINTER (i));
    }
  harness_add ("/engine/replies/D-26/schedule", test_schedule, NULL);
  harness_add ("/engine/replies/D-26/reset", test_reset, NULL);
  harness_add ("/engine/replies/D-26/none", test_no_retries, NULL);
  harness_add ("/engine/replies/D-27/gone", test_probe, "gone");
  harness_add ("/engine/replies/D-27/silence", test_probe, "silence");
  harness_add ("/engine/replies/D-27/restarted", test_probe, "there");
  harness_add ("/engine/replies/D-27/reply-lost", test_probe, "lost");
  harness_add ("/engine/replies/D-27/slow-for-an-hour", test_slow_peer, NULL);
  harness_add ("/engine/replies/D-27/without-feature", test_silent_stranger, NULL);
  harness_add ("/engine/replies/D-27/many-held", test_many_held, NULL);
  harness_add ("/engine/replies/D-27/both-lost", test_both_lost, NULL);
  harness_add ("/engine/replies/D-27/cumulative", test_cumulative, NULL);
  harness_add ("/engine/replies/D-27/late-result", test_late_result, NULL);
  harness_add ("/engine/replies/D-28/remote-server-timeout", test_unexpected,
               GINT_TO_POINTER (IBB_CONDITION_REMOTE_SERVER_TIMEOUT));
  harness_add ("/engine/replies/D-28/recipient-unavailable", test_unexpected,
               GINT_TO_POINTER (IBB_CONDITION_RECIPIENT_UNAVAILABLE));
  harness_add ("/engine/replies/D-28/plain", test_unexpected,
               GINT_TO_POINTER (IBB_CONDITION_RESOURCE_CONSTRAINT));
  harness_add ("/engine/replies/D-30/go-back", test_go_back, NULL);
  harness_add ("/engine/replies/D-30/three", test_three_refusals, NULL);
  harness_add ("/engine/replies/D-30/half", test_half_the_window, NULL);
  harness_add ("/engine/replies/D-30/several-after-close", test_refused_after_close,
               GUINT_TO_POINTER (2));
  harness_add ("/engine/replies/D-30/one-after-close", test_refused_after_close,
               GUINT_TO_POINTER (1));
  harness_add ("/engine/replies/D-30/final", test_final_in_flight, NULL);
  harness_add ("/engine/replies/D-32/twice", test_early_refusal, GUINT_TO_POINTER (2));
  harness_add ("/engine/replies/D-32/three-times", test_early_refusal, GUINT_TO_POINTER (3));
  harness_add ("/engine/replies/D-32/four-times", test_early_refusal, GUINT_TO_POINTER (4));
  harness_add ("/engine/replies/D-32/too-late", test_not_early, NULL);
  harness_add ("/engine/replies/D-27/gone-in-flight", test_gone_in_flight, GINT_TO_POINTER (FALSE));
  harness_add ("/engine/replies/D-27/there-in-flight", test_gone_in_flight, GINT_TO_POINTER (TRUE));

  return g_test_run ();
}
