/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How much waits to be read: of a session whose reader is slow (D-22), and of
 * all of them together (D-23). */

#include "config.h"

#include "engine-harness.h"

#define BLOCK 4096
#define HOUR (3600 * 1000)

/* Takes all results that wait, which are those to the peer's last requests in
 * order, and says how many they are. */
static guint
count_results (Harness *h)
{
  IBBStanza *reply;
  guint      n = 0;

  while ((reply = harness_take (h)) != NULL)
    {
      n += reply->payload == IBB_PAYLOAD_RESULT;
      ibb_stanza_record_unref (reply);
    }
  return n;
}

/* ---- one session (D-22) ---- */

/* A request, shutdown_output, and a long answer that is read slowly: what we
 * said last does not let go what is withheld. */
static void
test_after_shutdown (Harness *h, gconstpointer data)
{
  const gsize            size = 65535;
  const guint            n_blocks = 1024 * 1024 * 1024 / 65535 + 1;
  const guint            window = 16;
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, (guint) size);
  g_autoptr (IBBStanza)  request = NULL;
  g_autoptr (IBBStanza)  close = NULL;
  guint                  sent = 0;
  guint                  acknowledged = 0;

  harness_write (h, session, "all of it, please");
  ibb_session_shutdown_output (session, h->now);
  request = harness_expect_data (h, 0, NULL);
  harness_answer (h, request);
  close = harness_expect_close (h, FALSE);
  for (guint n_read = 0; n_read < n_blocks; n_read++)
    {
      guint n = MIN (window - (sent - acknowledged), n_blocks - sent);

      harness_send_blocks (h, SID, sent, n, size);
      sent += n;
      acknowledged += count_results (h);
      /* 4 blocks fit into 256 KiB; all else is in flight. */
      g_assert_cmpuint (acknowledged, ==, MIN (n_read + 4, n_blocks));
      g_assert_cmpuint (ibb_session_get_readable (session), <=, (window + 4) * size);
      harness_advance (h, 5);
      g_assert_cmpuint (harness_read_n (h, session, size), ==, size);
    }
  g_assert_cmpuint (sent, ==, n_blocks);
  harness_answer (h, close);
  assert_input (session, IBB_INPUT_EOF);
  harness_assert_empty (h);
}

/* ---- all of them (D-23) ---- */

static IBBSession *
accept_one (Harness *h, const char *sid, guint block_size)
{
  IBBSession *session;

  ibb_engine_set_listen (h->engine, IBB_LISTEN_ACCEPT);
  harness_settings (h)->session_limit++;
  harness_send_open (h, PEER, sid, block_size, IBB_CARRIER_IQ);
  session = harness_expect_session (h, IBB_EVENT_ACCEPTED);
  harness_expect_result (h);
  return session;
}

/* Past its share, and past the total: one block is held, for as long as it
 * takes, and the next refused. */
static void
expect_full (Harness *h, const char *sid, guint seq)
{
  harness_send_blocks (h, sid, seq, 1, BLOCK);
  harness_expect_nothing (h);
  harness_advance (h, HOUR);
  harness_expect_nothing (h); /* it does not drip */
  harness_send_blocks (h, sid, seq + 1, 1, BLOCK);
  harness_expect_error (h, IBB_CONDITION_RESOURCE_CONSTRAINT, IBB_ERROR_TYPE_WAIT);
}

/* One session took all that there is; the other has its share all the same, and
 * no more. */
static void
test_share (Harness *h, gconstpointer data)
{
  const guint            total = 256; /* blocks */
  const guint            share = total / 4;
  g_autoptr (IBBSession) greedy = NULL;
  g_autoptr (IBBSession) other = NULL;

  harness_settings (h)->receive_memory_limit = total * BLOCK;
  harness_settings (h)->receive_buffer_size = total * BLOCK;
  greedy = accept_one (h, "greedy", BLOCK);
  other = accept_one (h, "other", BLOCK);
  harness_send_blocks (h, "greedy", 0, total, BLOCK);
  g_assert_cmpuint (count_results (h), ==, total);
  expect_full (h, "greedy", total);

  for (guint seq = 0; seq < share; seq++)
    {
      harness_send_blocks (h, "other", seq, 1, BLOCK);
      harness_expect_result (h);
    }
  expect_full (h, "other", share);

  /* Back within the total, both go on, though one of them was not read. */
  g_assert_cmpuint (harness_read_n (h, greedy, (share + 1) * BLOCK), ==, (share + 1) * BLOCK);
  g_assert_cmpuint (count_results (h), ==, 0);
  g_assert_cmpuint (harness_read_n (h, greedy, BLOCK), ==, BLOCK);
  g_assert_cmpuint (ibb_engine_get_unread (h->engine), ==, total * BLOCK);
  g_assert_cmpuint (count_results (h), ==, 2);
}

/* However little there is, two blocks. */
static void
test_two_blocks (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = NULL;

  harness_settings (h)->receive_memory_limit = 1;
  session = accept_one (h, SID, BLOCK);
  for (guint seq = 0; seq < 2; seq++)
    {
      harness_send_blocks (h, SID, seq, 1, BLOCK);
      harness_expect_result (h);
    }
  expect_full (h, SID, 2);
  g_assert_cmpuint (harness_read_n (h, session, BLOCK), ==, BLOCK);
  g_assert_cmpuint (count_results (h), ==, 1);
}

/* 10 000 sessions that nobody reads, whose peers do not wait for anything, and
 * one that is read. In turn, they stay within the limit and one block each.
 * Where some came first and took all, the others still have their share. */
static void
test_stalled (Harness *h, gconstpointer data)
{
  gboolean              in_turn = GPOINTER_TO_INT (data);
  const guint           n_sessions = 10000;
  const guint           n_blocks = 12;
  const gsize           size = 100;
  const gsize           limit = n_sessions * 5 * size;
  const gsize           share = limit / (2 * (n_sessions + 1));
  g_autoptr (GPtrArray) stalled =
      g_ptr_array_new_with_free_func ((GDestroyNotify) ibb_session_unref);
  g_autoptr (IBBSession) live = NULL;
  gsize                  unread;

  harness_settings (h)->receive_memory_limit = limit;
  for (guint i = 0; i < n_sessions; i++)
    {
      g_autofree char *sid = g_strdup_printf ("stalled-%u", i);

      g_ptr_array_add (stalled, accept_one (h, sid, (guint) size));
    }
  live = accept_one (h, SID, BLOCK);
  for (guint i = 0; i < n_blocks * n_sessions; i++)
    {
      guint number = in_turn ? i % n_sessions : i / n_blocks;
      guint seq = in_turn ? i / n_sessions : i % n_blocks;

      harness_send_blocks (h, ibb_session_get_sid (g_ptr_array_index (stalled, number)), seq, 1,
                           size);
      count_results (h);
    }
  unread = ibb_engine_get_unread (h->engine);
  g_assert_cmpuint (unread, >, limit);
  g_assert_cmpuint (unread, <=, limit + n_sessions * ((in_turn ? 0 : share) + size));

  for (guint seq = 0; seq < 1000; seq++)
    {
      harness_send_blocks (h, SID, seq, 1, BLOCK);
      harness_expect_result (h);
      g_assert_cmpuint (harness_read_n (h, live, BLOCK), ==, BLOCK);
    }
  g_assert_cmpuint (ibb_engine_get_unread (h->engine), ==, unread);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  harness_add ("/engine/memory/D-22/after-shutdown", test_after_shutdown, NULL);
  harness_add ("/engine/memory/D-23/share", test_share, NULL);
  harness_add ("/engine/memory/D-23/two-blocks", test_two_blocks, NULL);
  harness_add ("/engine/memory/D-23/stalled-in-turn", test_stalled, GINT_TO_POINTER (TRUE));
  harness_add ("/engine/memory/D-23/stalled-one-by-one", test_stalled, GINT_TO_POINTER (FALSE));

  return g_test_run ();
}
