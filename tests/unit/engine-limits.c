/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How much may be held and repeated, and what it costs: protocol.md, D-20, D-22,
 * D-23, D-47. */

#include "config.h"

#include <string.h>

#include "engine-harness.h"

/* D-20: a repetition of a held block costs no more with 30,000 of them held, and
 * each is answered once, when its time comes. */
static void
test_many_held (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = NULL;
  guint                  n = 30000;
  gint64                 begin;

  harness_settings (h)->receive_buffer_size = 1;
  session = harness_accept (h, IBB_CARRIER_IQ, 4096);
  for (guint round = 0; round < 4; round++)
    {
      begin = g_get_monotonic_time ();
      for (guint seq = 0; seq < n; seq++)
        {
          char id[16];

          g_snprintf (id, sizeof id, "%u", seq);
          harness_send_data_full (h, PEER, id, SID, seq, "xy", 2, IBB_CARRIER_IQ);
        }
      g_test_message ("%u blocks: %d ms", n, (int) (g_get_monotonic_time () - begin) / 1000);
      g_assert_cmpuint (ibb_session_get_received (session), ==, 2 * n);
      harness_expect_nothing (h);
    }
  g_assert_cmpuint (harness_read_n (h, session, 2 * n), ==, 2 * n);
  for (guint seq = 0; seq < n; seq++)
    ibb_stanza_record_unref (harness_expect (h, IBB_PAYLOAD_RESULT));
  harness_expect_nothing (h);
}

/* D-20, N-29: a gap is not taken for a repetition, though its block has the bytes
 * of one before it and ids that count up and down beside the numbers. */
static void
test_gap_with_counted_ids (Harness *h, gconstpointer data)
{
  for (guint seq = 2; seq < 9; seq++)
    for (char id = '0'; id <= '9'; id++)
      {
        g_autoptr (IBBSession) session = harness_accept (h, IBB_CARRIER_IQ, 4096);
        char                   text[2] = { id, '\0' };

        harness_send_data_full (h, PEER, "2", SID, 0, "same", 4, IBB_CARRIER_IQ);
        harness_expect_result (h);
        harness_send_data_full (h, PEER, text, SID, seq, "same", 4, IBB_CARRIER_IQ);
        harness_expect_error (h, IBB_CONDITION_UNEXPECTED_REQUEST, IBB_ERROR_TYPE_CANCEL);
        ibb_stanza_record_unref (harness_expect_close (h, TRUE));
        harness_expect_read (h, session, "same");
      }
}

/* D-20: a block of which one byte is another, or two have changed places, is none. */
static void
test_nearly_repeated (Harness *h, gconstpointer data)
{
  char block[75];

  for (guint i = 0; i < sizeof block; i++)
    block[i] = (char) ('A' + i / 8);
  for (guint i = 0; i < 2 * sizeof block - 8; i++)
    {
      g_autoptr (IBBSession) session = harness_accept (h, IBB_CARRIER_IQ, 4096);
      char                   other[sizeof block];

      memcpy (other, block, sizeof block);
      if (i < sizeof block)
        other[i] ^= 1;
      else
        {
          other[i - sizeof block] = block[i - sizeof block + 8];
          other[i - sizeof block + 8] = block[i - sizeof block];
        }
      harness_send_data_full (h, PEER, "one", SID, 0, block, sizeof block, IBB_CARRIER_IQ);
      harness_expect_result (h);
      harness_send_data_full (h, PEER, "one", SID, 0, other, sizeof other, IBB_CARRIER_IQ);
      harness_expect_error (h, IBB_CONDITION_UNEXPECTED_REQUEST, IBB_ERROR_TYPE_CANCEL);
      ibb_stanza_record_unref (harness_expect_close (h, TRUE));
      g_assert_cmpuint (harness_read_n (h, session, sizeof block), ==, sizeof block);
    }
}

/* D-22: the largest buffer that can be set is no limit, not the smallest. */
static void
test_largest_buffer (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = NULL;

  harness_settings (h)->receive_buffer_size = G_MAXSIZE;
  session = harness_accept (h, IBB_CARRIER_IQ, 4096);
  for (guint seq = 0; seq < 10; seq++)
    {
      harness_send_data (h, SID, seq, "block");
      harness_expect_result (h);
      g_assert_cmpuint (harness_read_n (h, session, 3), ==, 3);
    }
}

/* D-23: what waits for the memory of all sessions goes on for each of them when
 * one reader makes room, though none of the others reads. */
static void
test_memory_freed (Harness *h, gconstpointer data)
{
  static const char *const sids[] = { "a", "b", "c" };
  IBBSession              *sessions[3];
  guint8                   bytes[4000] = { 0 };
  char                    *ids[3];

  harness_settings (h)->session_limit = 3;
  harness_settings (h)->receive_memory_limit = 30000;
  ibb_engine_set_listen (h->engine, IBB_LISTEN_ACCEPT);
  for (guint i = 0; i < 3; i++)
    {
      harness_send_open (h, PEER, sids[i], 4000, IBB_CARRIER_IQ);
      sessions[i] = harness_expect_session (h, IBB_EVENT_ACCEPTED);
      harness_expect_result (h);
    }
  for (guint seq = 0; seq < 2; seq++)
    for (guint i = 0; i < 3; i++)
      {
        harness_send_data_full (h, PEER, NULL, sids[i], seq, bytes, sizeof bytes, IBB_CARRIER_IQ);
        harness_expect_result (h);
      }
  for (guint i = 0; i < 3; i++)
    {
      harness_send_data_full (h, PEER, NULL, sids[i], 2, bytes, sizeof bytes, IBB_CARRIER_IQ);
      ids[i] = g_strdup (h->last_id);
      if (i == 0)
        harness_expect_result (h); /* 28000 */
      else
        harness_expect_nothing (h);
    }

  g_assert_cmpuint (harness_read_n (h, sessions[0], 12000), ==, 12000);
  harness_expect_result_to (h, ids[1]);
  harness_expect_result_to (h, ids[2]);
  for (guint i = 0; i < 3; i++)
    {
      ibb_session_unref (sessions[i]);
      g_free (ids[i]);
    }
}

/* D-47: who repeats a block without end, while nothing can be sent, makes only
 * so many answers wait. */
static void
test_repetitions (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_accept (h, IBB_CARRIER_IQ, 4096);
  guint                  n = 0;
  IBBStanza             *stanza;

  for (guint i = 0; i < 5000; i++)
    harness_send_data_full (h, PEER, "same", SID, 0, "block", 5, IBB_CARRIER_IQ);
  while ((stanza = harness_take (h)) != NULL)
    {
      g_assert_cmpint (stanza->payload, ==, IBB_PAYLOAD_RESULT);
      ibb_stanza_record_unref (stanza);
      n++;
    }
  g_assert_cmpuint (n, ==, 1000);
  harness_expect_read (h, session, "block");

  harness_send_data_full (h, PEER, "same", SID, 0, "block", 5, IBB_CARRIER_IQ);
  harness_expect_result (h);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  harness_add ("/engine/limits/D-20/counted-ids", test_gap_with_counted_ids, NULL);
  harness_add ("/engine/limits/D-20/many-held", test_many_held, NULL);
  harness_add ("/engine/limits/D-20/nearly-repeated", test_nearly_repeated, NULL);
  harness_add ("/engine/limits/D-22/largest-buffer", test_largest_buffer, NULL);
  harness_add ("/engine/limits/D-23/memory-freed", test_memory_freed, NULL);
  harness_add ("/engine/limits/D-47/repetitions", test_repetitions, NULL);
  return g_test_run ();
}
