/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What becomes of blocks that come: protocol.md, 1.2 and 2.2. */

#include "config.h"

#include "engine-harness.h"

#include <string.h>

/* The session is over: an error to the block, then an unclean <close/>. */
static void
expect_broken (Harness *h, IBBSession *session, IBBCondition condition)
{
  g_autoptr (IBBStanza) close = NULL;

  harness_expect_error (h, condition, IBB_ERROR_TYPE_CANCEL);
  close = harness_expect_close (h, TRUE);
  g_assert_cmpstr (close->sid, ==, SID);
  assert_state (session, IBB_SESSION_ENDED);
  assert_failure (ibb_session_get_failure (session), IBB_FAILURE_PROTOCOL);
  g_assert_cmpint (ibb_session_get_failure (session)->condition, ==, condition);
  assert_failure (ibb_session_get_input_failure (session), IBB_FAILURE_PROTOCOL);
  harness_answer (h, close);
  harness_assert_empty (h);
}

/* ---- the order of blocks ---- */

static void
test_wrong_seq (Harness *h, gconstpointer data)
{
  guint                  seq = GPOINTER_TO_UINT (data);
  g_autoptr (IBBSession) session = harness_accept (h, IBB_CARRIER_IQ, 4096);

  harness_send_data (h, SID, 0, "read");
  harness_expect_result (h);
  harness_send_data (h, SID, 1, " me");
  harness_expect_result (h);
  harness_send_data (h, SID, seq, "never seen");
  expect_broken (h, session, IBB_CONDITION_UNEXPECTED_REQUEST);
  /* What came before can be read, then the failure, again and again. */
  assert_input (session, IBB_INPUT_DATA);
  harness_expect_read (h, session, "read me");
  assert_input (session, IBB_INPUT_FAILED);
  assert_input (session, IBB_INPUT_FAILED);
  /* Later blocks meet nobody. */
  harness_send_data (h, SID, 2, "late");
  harness_expect_error (h, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
  harness_assert_empty (h);
}

static void
test_gap_in_messages (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_accept (h, IBB_CARRIER_MESSAGE, 4096);

  harness_send_data_full (h, PEER, NULL, SID, 0, "a", 1, IBB_CARRIER_MESSAGE);
  harness_expect_nothing (h);
  harness_send_data_full (h, PEER, NULL, SID, 2, "c", 1, IBB_CARRIER_MESSAGE);
  expect_broken (h, session, IBB_CONDITION_UNEXPECTED_REQUEST);
  harness_expect_read (h, session, "a");
  assert_input (session, IBB_INPUT_FAILED);
}

static void
test_wrap (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_accept (h, IBB_CARRIER_IQ, 1);
  guint8                 byte;

  for (guint i = 0; i < 65538; i++)
    {
      byte = (guint8) (i * 7);
      harness_send_data_full (h, PEER, NULL, SID, i & 0xffff, &byte, 1, IBB_CARRIER_IQ);
      harness_expect_result (h);
      byte = 0;
      g_assert_cmpuint (ibb_session_read (session, &byte, 1, h->now), ==, 1);
      g_assert_cmpuint (byte, ==, (guint8) (i * 7));
    }
  g_assert_cmpuint (ibb_session_get_received (session), ==, 65538);
  assert_state (session, IBB_SESSION_OPEN);
}

static void
test_many_at_once (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_accept (h, IBB_CARRIER_IQ, 16);

  harness_send_blocks (h, SID, 0, 1000, 16);
  for (guint i = 0; i < 1000; i++)
    {
      g_autofree char *id = g_strdup_printf ("peer-%u", i + 1);

      harness_expect_result_to (h, id); /* in order */
    }
  harness_expect_nothing (h);
  g_assert_cmpuint (ibb_session_get_readable (session), ==, 16000);
}

static void
test_unknown_session (Harness *h, gconstpointer data)
{
  harness_send_data (h, SID, 0, "whose?");
  harness_expect_error (h, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
  harness_send_close (h, SID, FALSE);
  harness_expect_error (h, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
  /* N-33: packet errors apply to messages too. */
  harness_send_data_full (h, PEER, "m1", SID, 0, "whose?", 6, IBB_CARRIER_MESSAGE);
  {
    g_autoptr (IBBStanza) error = harness_expect (h, IBB_PAYLOAD_ERROR);

    g_assert_cmpint (error->name, ==, IBB_STANZA_MESSAGE);
    g_assert_cmpint (error->condition, ==, IBB_CONDITION_ITEM_NOT_FOUND);
    g_assert_cmpstr (error->id, ==, "m1");
    g_assert_null (error->bytes);
  }
  harness_assert_empty (h);
}

/* ---- malformed ones ---- */

typedef enum
{
  TOO_LONG,
  LONG_TEXT,
  BAD_BASE64,
  WHITE_SPACE, /* of a strict engine */
  NO_SEQ,
  CHILD,
  N_MALFORMED,
} Malformed;

static const char *const malformed_names[N_MALFORMED] = { "D-17/too-long", "D-17/long-text",
                                                          "D-19/base64",   "D-19/strict",
                                                          "D-11/seq",      "N-44/child" };

static void
test_malformed (Harness *h, gconstpointer data)
{
  Malformed              what = (Malformed) GPOINTER_TO_INT (data);
  g_autoptr (IBBSession) session = harness_accept (h, IBB_CARRIER_IQ, 8);
  IBBStanza             *stanza;

  harness_send_data (h, SID, 0, "12345678"); /* as long as may be */
  harness_expect_result (h);
  harness_settings (h)->strict = what == WHITE_SPACE;
  stanza = harness_request (h, IBB_PAYLOAD_DATA, PEER, NULL, SID);
  stanza->seq = 1;
  stanza->seq_valid = what != NO_SEQ;
  stanza->has_child = what == CHILD;
  stanza->base64 = what == BAD_BASE64    ? IBB_BASE64_INVALID
                   : what == WHITE_SPACE ? IBB_BASE64_LENIENT
                                         : IBB_BASE64_EXACT;
  if (what != BAD_BASE64)
    stanza->bytes = g_bytes_new ("123456789", what == TOO_LONG ? 9 : 1);
  stanza->text_length = what == LONG_TEXT ? 1000000 : 12;
  g_assert_true (harness_receive (h, stanza));
  expect_broken (h, session, IBB_CONDITION_BAD_REQUEST);
  harness_expect_read (h, session, "12345678");
  assert_input (session, IBB_INPUT_FAILED);
}

static void
test_white_space (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_accept (h, IBB_CARRIER_IQ, 8);
  IBBStanza             *stanza = harness_request (h, IBB_PAYLOAD_DATA, PEER, NULL, SID);

  stanza->seq_valid = TRUE;
  stanza->bytes = g_bytes_new ("indented", 8);
  stanza->base64 = IBB_BASE64_LENIENT;
  stanza->text_length = 2 * 12 + 256;
  g_assert_true (harness_receive (h, stanza));
  harness_expect_result (h);
  harness_expect_read (h, session, "indented");
}

static void
test_no_sid (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_accept (h, IBB_CARRIER_IQ, 8);
  IBBStanza             *stanza = harness_request (h, IBB_PAYLOAD_DATA, PEER, NULL, NULL);

  stanza->seq_valid = TRUE;
  stanza->bytes = g_bytes_new ("x", 1);
  g_assert_true (harness_receive (h, stanza));
  harness_expect_error (h, IBB_CONDITION_BAD_REQUEST, IBB_ERROR_TYPE_CANCEL);
  g_assert_true (harness_receive (h, harness_request (h, IBB_PAYLOAD_CLOSE, PEER, NULL, NULL)));
  harness_expect_error (h, IBB_CONDITION_BAD_REQUEST, IBB_ERROR_TYPE_CANCEL);
  assert_state (session, IBB_SESSION_OPEN);
}

static void
test_empty (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_accept (h, IBB_CARRIER_IQ, 8);

  harness_send_data (h, SID, 0, "a");
  harness_expect_result (h);
  harness_send_data (h, SID, 1, "");
  harness_expect_result (h);
  harness_expect_read (h, session, "a");
  assert_input (session, IBB_INPUT_EMPTY); /* not the end */
  harness_send_data (h, SID, 2, "b");
  harness_expect_result (h);
  harness_expect_read (h, session, "b");
}

/* ---- repetitions (D-20) ---- */

static void
test_repeated (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_accept (h, IBB_CARRIER_IQ, 8);

  for (guint i = 0; i < 100; i++)
    {
      g_autofree char *id = g_strdup_printf ("block-%u", i);

      harness_send_data_full (h, PEER, id, SID, i, "payload", 7, IBB_CARRIER_IQ);
      harness_expect_result_to (h, id);
    }
  /* The last one and the 64th last. */
  harness_send_data_full (h, PEER, "block-99", SID, 99, "payload", 7, IBB_CARRIER_IQ);
  harness_expect_result_to (h, "block-99");
  harness_send_data_full (h, PEER, "block-36", SID, 36, "payload", 7, IBB_CARRIER_IQ);
  harness_expect_result_to (h, "block-36");
  g_assert_cmpuint (ibb_session_get_received (session), ==, 700); /* delivered once */
  assert_state (session, IBB_SESSION_OPEN);
  /* One more is forgotten. */
  harness_send_data_full (h, PEER, "block-35", SID, 35, "payload", 7, IBB_CARRIER_IQ);
  expect_broken (h, session, IBB_CONDITION_UNEXPECTED_REQUEST);
}

static void
test_repeated_unlike (Harness *h, gconstpointer data)
{
  gboolean               other_bytes = GPOINTER_TO_INT (data);
  g_autoptr (IBBSession) session = harness_accept (h, IBB_CARRIER_IQ, 8);

  harness_send_data_full (h, PEER, "one", SID, 0, "payload", 7, IBB_CARRIER_IQ);
  harness_expect_result_to (h, "one");
  harness_send_data_full (h, PEER, other_bytes ? "one" : "two", SID, 0,
                          other_bytes ? "Payload" : "payload", 7, IBB_CARRIER_IQ);
  expect_broken (h, session, IBB_CONDITION_UNEXPECTED_REQUEST);
}

static void
test_repeated_held (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = NULL;

  harness_settings (h)->receive_buffer_size = 10;
  session = harness_accept (h, IBB_CARRIER_IQ, 8);
  harness_send_data_full (h, PEER, "a", SID, 0, "12345678", 8, IBB_CARRIER_IQ);
  harness_expect_result_to (h, "a");
  harness_send_data_full (h, PEER, "b", SID, 1, "12345678", 8, IBB_CARRIER_IQ);
  harness_send_data_full (h, PEER, "b", SID, 1, "12345678", 8, IBB_CARRIER_IQ);
  harness_expect_nothing (h);
  harness_expect_read (h, session, "1234567812345678");
  harness_expect_result_to (h, "b"); /* once, when its time has come */
  harness_expect_nothing (h);
}

/* ---- back-pressure (D-22, D-23) ---- */

static void
test_reading_keeps_up (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_accept (h, IBB_CARRIER_IQ, 65535);

  for (guint i = 0; i < 64; i++)
    {
      harness_send_blocks (h, SID, i, 1, 65535);
      harness_expect_result (h);
      g_assert_cmpuint (harness_read_n (h, session, 65535), ==, 65535);
    }
}

/* A peer that sends one at a time to a reader that does not read. */
static void
test_drip (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = NULL;
  guint                  seq = 0;

  harness_settings (h)->receive_buffer_size = 1000;
  session = harness_accept (h, IBB_CARRIER_IQ, 100);
  for (; seq < 10; seq++)
    {
      harness_send_blocks (h, SID, seq, 1, 100);
      harness_expect_result (h);
    }
  for (; seq < 20; seq++)
    {
      harness_send_blocks (h, SID, seq, 1, 100);
      harness_expect_nothing (h);
      harness_advance (h, 3999);
      harness_expect_nothing (h);
      harness_advance (h, 1);
      harness_expect_result (h);
    }
  /* Past 2 S it is held for as long as the reader takes. */
  harness_send_blocks (h, SID, seq, 1, 100);
  harness_advance (h, 3600 * 1000);
  harness_expect_nothing (h);
  g_assert_cmpuint (harness_read_n (h, session, 1100), ==, 1100);
  harness_expect_result (h);
  assert_state (session, IBB_SESSION_OPEN);
}

/* A window is held whole: such a peer has time. */
static void
test_window_held (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = NULL;

  harness_settings (h)->receive_buffer_size = 1000;
  session = harness_accept (h, IBB_CARRIER_IQ, 100);
  harness_send_blocks (h, SID, 0, 30, 100);
  for (guint i = 0; i < 10; i++)
    {
      g_autofree char *id = g_strdup_printf ("peer-%u", i + 1);

      harness_expect_result_to (h, id);
    }
  harness_advance (h, 3600 * 1000);
  harness_expect_nothing (h);
  /* Acknowledged as room comes, in order. */
  for (guint i = 10; i < 29; i++)
    {
      g_autofree char *id = g_strdup_printf ("peer-%u", i + 1);

      harness_expect_nothing (h);
      g_assert_cmpuint (harness_read_n (h, session, 100), ==, 100);
      harness_expect_result_to (h, id);
    }
  /* The last one is now the only one, and has waited long enough. */
  harness_expect_result (h);
}

/* One read may go beyond several held blocks. */
static void
test_held_read_past (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = NULL;

  harness_settings (h)->receive_buffer_size = 1;
  session = harness_accept (h, IBB_CARRIER_IQ, 100);
  harness_send_blocks (h, SID, 0, 4, 100);
  harness_expect_nothing (h);
  g_assert_cmpuint (harness_read_n (h, session, 400), ==, 400);
  for (guint i = 0; i < 4; i++)
    {
      g_autofree char *id = g_strdup_printf ("peer-%u", i + 1);

      harness_expect_result_to (h, id);
    }
}

/* H is 4 MiB here: what is beyond it is refused, and nothing is lost by that. */
static void
test_hard_bound (Harness *h, gconstpointer data)
{
  const guint            n_held = 4 * 1024 * 1024 / 32768;
  g_autoptr (IBBSession) session = NULL;
  guint                  seq;

  harness_settings (h)->receive_buffer_size = 32768;
  session = harness_accept (h, IBB_CARRIER_IQ, 32768);
  harness_send_blocks (h, SID, 0, 1, 32768);
  harness_expect_result (h);
  harness_send_blocks (h, SID, 1, n_held, 32768);
  harness_expect_nothing (h);
  seq = n_held + 1;
  harness_send_blocks (h, SID, seq, 1, 32768);
  harness_expect_error (h, IBB_CONDITION_RESOURCE_CONSTRAINT, IBB_ERROR_TYPE_WAIT);
  /* Those ahead of the refused one are refused alike, and are no gap. */
  harness_send_blocks (h, SID, seq + 1, 1, 32768);
  harness_expect_error (h, IBB_CONDITION_RESOURCE_CONSTRAINT, IBB_ERROR_TYPE_WAIT);
  g_assert_cmpuint (ibb_session_get_readable (session), ==, (n_held + 1) * 32768);
  assert_state (session, IBB_SESSION_OPEN);
  /* Room comes, the same seq is taken, and all goes on. */
  while (harness_read_n (h, session, 65536) > 0)
    ;
  for (guint i = 0; i < n_held; i++)
    ibb_stanza_record_unref (harness_expect (h, IBB_PAYLOAD_RESULT));
  for (guint i = 0; i < 2; i++)
    {
      harness_send_blocks (h, SID, seq + i, 1, 32768);
      harness_expect_result (h);
      harness_read_n (h, session, 32768);
    }
  g_assert_cmpuint (ibb_session_get_received (session), ==, (guint64) (n_held + 3) * 32768);
  /* D-45: a clean close after a refused block that came again is clean. */
  harness_read_n (h, session, 65536);
  harness_send_close (h, SID, FALSE);
  harness_expect_result (h);
  assert_input (session, IBB_INPUT_EOF);
}

/* A seq that is 32768 or more ahead is none that was refused. */
static void
test_hard_bound_far (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = NULL;
  guint                  seq;

  harness_settings (h)->receive_buffer_size = 32768;
  session = harness_accept (h, IBB_CARRIER_IQ, 32768);
  for (seq = 0; seq < 130; seq++)
    harness_send_blocks (h, SID, seq, 1, 32768);
  ibb_stanza_record_unref (harness_expect (h, IBB_PAYLOAD_RESULT));
  harness_expect_error (h, IBB_CONDITION_RESOURCE_CONSTRAINT, IBB_ERROR_TYPE_WAIT);
  harness_send_blocks (h, SID, 129 + 32767, 1, 32768);
  harness_expect_error (h, IBB_CONDITION_RESOURCE_CONSTRAINT, IBB_ERROR_TYPE_WAIT);
  harness_send_blocks (h, SID, 129 + 32768, 1, 32768);
  for (seq = 1; seq < 129; seq++) /* what is held can still be read */
    ibb_stanza_record_unref (harness_expect (h, IBB_PAYLOAD_RESULT));
  expect_broken (h, session, IBB_CONDITION_UNEXPECTED_REQUEST);
}

static void
test_first_never_refused (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = NULL;

  harness_settings (h)->receive_buffer_size = 1;
  harness_settings (h)->receive_memory_limit = 1;
  session = harness_accept (h, IBB_CARRIER_IQ, 65535);
  harness_send_blocks (h, SID, 0, 1, 65535);
  harness_expect_nothing (h); /* held, not refused */
  g_assert_cmpuint (ibb_session_get_readable (session), ==, 65535);
}

static void
test_message_overflow (Harness *h, gconstpointer data)
{
  const gsize            room = 65536 + 4 * 1024 * 1024; /* S + H */
  g_autofree guint8     *bytes = g_malloc0 (65535);
  g_autoptr (IBBSession) session = NULL;
  g_autoptr (IBBStanza)  close = NULL;
  guint                  seq = 0;

  harness_settings (h)->receive_buffer_size = 65536;
  session = harness_accept (h, IBB_CARRIER_MESSAGE, 65535);
  for (; (seq + 1) * (gsize) 65535 <= room; seq++)
    harness_send_data_full (h, PEER, NULL, SID, seq, bytes, 65535, IBB_CARRIER_MESSAGE);
  harness_expect_nothing (h);
  harness_send_data_full (h, PEER, NULL, SID, seq, bytes, 65535, IBB_CARRIER_MESSAGE);
  harness_expect_error (h, IBB_CONDITION_RESOURCE_CONSTRAINT, IBB_ERROR_TYPE_WAIT);
  close = harness_expect_close (h, TRUE);
  assert_failure (ibb_session_get_failure (session), IBB_FAILURE_OVERFLOW);
  g_assert_cmpuint (ibb_session_get_readable (session), ==, seq * (gsize) 65535);
  while (harness_read_n (h, session, 65536) > 0)
    ;
  assert_input (session, IBB_INPUT_FAILED);
}

/* ---- before our open is answered (D-24) ---- */

static void
test_early (Harness *h, gconstpointer data)
{
  gboolean               accepted = GPOINTER_TO_INT (data);
  g_autoptr (IBBSession) session = harness_begin_open (h, PEER, SID, IBB_CARRIER_IQ, 0);
  g_autoptr (IBBStanza)  open = harness_expect (h, IBB_PAYLOAD_OPEN);

  harness_send_data (h, SID, 0, "one ");
  harness_send_data (h, SID, 1, "two");
  harness_send_close (h, SID, FALSE);
  harness_expect_nothing (h);
  if (accepted)
    {
      harness_answer (h, open);
      harness_expect_result_to (h, "peer-0");
      harness_expect_result_to (h, "peer-1");
      harness_expect_result_to (h, "peer-2");
      harness_expect_read (h, session, "one two");
      assert_input (session, IBB_INPUT_EOF);
    }
  else
    {
      harness_answer_error (h, open, IBB_CONDITION_NOT_ACCEPTABLE, IBB_ERROR_TYPE_CANCEL);
      for (guint i = 0; i < 3; i++)
        {
          g_autofree char *id = g_strdup_printf ("peer-%u", i);

          harness_expect_error_to (h, id, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
        }
      assert_failure (ibb_session_get_failure (session), IBB_FAILURE_REFUSED);
      harness_assert_empty (h);
    }
}

static void
test_early_too_many (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_begin_open (h, PEER, SID, IBB_CARRIER_IQ, 0);
  g_autoptr (IBBStanza)  open = harness_expect (h, IBB_PAYLOAD_OPEN);

  harness_send_blocks (h, SID, 0, 8, 10);
  harness_expect_nothing (h);
  harness_send_blocks (h, SID, 8, 1, 10);
  harness_expect_error (h, IBB_CONDITION_RESOURCE_CONSTRAINT, IBB_ERROR_TYPE_WAIT);
  harness_answer (h, open);
  for (guint i = 0; i < 8; i++)
    {
      g_autofree char *id = g_strdup_printf ("peer-%u", i);

      harness_expect_result_to (h, id);
    }
  /* The ninth again, and it is no gap. */
  harness_send_blocks (h, SID, 8, 1, 10);
  harness_expect_result (h);
  g_assert_cmpuint (ibb_session_get_readable (session), ==, 90);
}

/* What was refused never came again: the end is not orderly (D-45). */
static void
test_early_refused (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_begin_open (h, PEER, SID, IBB_CARRIER_MESSAGE, 0);
  g_autoptr (IBBStanza)  open = harness_expect (h, IBB_PAYLOAD_OPEN);

  for (guint seq = 0; seq < 8; seq++)
    harness_send_data_full (h, PEER, "same", SID, seq, "x", 1, IBB_CARRIER_MESSAGE);
  /* One of those again is refused as well, but it is not what is missing. */
  harness_send_data_full (h, PEER, "same", SID, 7, "x", 1, IBB_CARRIER_MESSAGE);
  harness_expect_error (h, IBB_CONDITION_RESOURCE_CONSTRAINT, IBB_ERROR_TYPE_WAIT);
  harness_send_data_full (h, PEER, "other", SID, 8, "x", 1, IBB_CARRIER_MESSAGE);
  harness_expect_error (h, IBB_CONDITION_RESOURCE_CONSTRAINT, IBB_ERROR_TYPE_WAIT);
  harness_send_close (h, SID, FALSE);
  harness_answer (h, open);
  harness_expect_result (h);
  harness_expect_read (h, session, "xxxxxxxx");
  assert_input (session, IBB_INPUT_FAILED);
  assert_failure (ibb_session_get_input_failure (session), IBB_FAILURE_PEER_ABORTED);
}

/* ---- carriers (D-34, D-36) ---- */

static void
test_either_carrier (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_accept (h, IBB_CARRIER_MESSAGE, 100);

  harness_send_data_full (h, PEER, NULL, SID, 0, "one ", 4, IBB_CARRIER_MESSAGE);
  harness_expect_nothing (h);
  harness_send_data_full (h, PEER, NULL, SID, 1, "two", 3, IBB_CARRIER_IQ);
  harness_expect_result (h);
  harness_expect_read (h, session, "one two");
}

/* An error that echoes our block with the seq that is due next (B-08). */
static void
test_echo (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_accept (h, IBB_CARRIER_MESSAGE, 100);
  IBBStanza             *echo;

  harness_send_data_full (h, PEER, NULL, SID, 0, "a", 1, IBB_CARRIER_MESSAGE);
  echo = harness_request (h, IBB_PAYLOAD_ERROR, PEER, "unknown", SID);
  echo->name = IBB_STANZA_MESSAGE;
  g_free (echo->kind);
  echo->kind = g_strdup ("error");
  echo->seq = 1;
  echo->seq_valid = TRUE;
  echo->bytes = g_bytes_new ("echo", 4);
  harness_receive (h, echo);
  harness_expect_nothing (h); /* and no error answers it */
  harness_expect_read (h, session, "a");
  assert_state (session, IBB_SESSION_OPEN);
}

/* ---- the input given up (D-51) ---- */

static void
test_input_closed (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = NULL;

  harness_settings (h)->receive_buffer_size = 4;
  session = harness_accept (h, IBB_CARRIER_IQ, 100);
  harness_send_data (h, SID, 0, "held");
  harness_expect_result (h);
  harness_send_data (h, SID, 1, "held");
  harness_expect_nothing (h);
  ibb_session_close_input (session, h->now);
  harness_expect_result (h);
  g_assert_cmpuint (ibb_engine_get_unread (h->engine), ==, 0);
  assert_input (session, IBB_INPUT_FAILED);
  assert_failure (ibb_session_get_input_failure (session), IBB_FAILURE_CLOSED);
  harness_send_data (h, SID, 2, "acknowledged and discarded");
  harness_expect_result (h);
  g_assert_cmpuint (ibb_engine_get_unread (h->engine), ==, 0);
  harness_write (h, session, "still writes");
  ibb_stanza_record_unref (harness_expect_data (h, 0, "still writes"));
}

static void
test_all_closed (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = NULL;
  g_autoptr (IBBStanza)  block = NULL;
  g_autoptr (IBBStanza)  close = NULL;

  harness_settings (h)->receive_buffer_size = 4;
  session = harness_accept (h, IBB_CARRIER_IQ, 100);
  harness_write (h, session, "last words");
  block = harness_expect_data (h, 0, "last words");
  harness_send_data (h, SID, 0, "read");
  harness_expect_result (h);
  harness_send_data (h, SID, 1, "held");
  ibb_session_close (session, h->now);
  harness_expect_error (h, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
  harness_send_data (h, SID, 2, "later");
  harness_expect_error (h, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
  harness_expect_nothing (h); /* it drains first */
  harness_answer (h, block);
  close = harness_expect_close (h, FALSE);
  harness_send_data (h, SID, 3, "later still");
  harness_expect_error (h, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
  harness_answer (h, close);
  assert_failure (ibb_session_get_failure (session), IBB_FAILURE_NONE);
  harness_assert_empty (h);
}

/* While thousands of answers wait for a server that does not take them, more
 * acknowledgements are withheld: what a reader takes at once would make them
 * grow without end. They go when the others have gone. */
static void
test_backlog (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_accept (h, IBB_CARRIER_IQ, 10);
  guint                  n = 0;
  guint                  n_errors = 0;
  IBBStanza             *stanza;

  for (guint i = 0; i < 20000; i++)
    {
      harness_send_data (h, SID, i, "x");
      g_assert_cmpuint (harness_read_n (h, session, 1), ==, 1);
    }
  g_assert_cmpuint (ibb_engine_get_n_waiting (h->engine), <=, 4096);
  for (guint i = 0; i < 10; i++)
    harness_send_data (h, "unknown", i, "x");
  while ((stanza = harness_take (h)) != NULL)
    {
      g_assert_cmpuint (ibb_engine_get_n_waiting (h->engine), <=, 4096 + 10);
      if (stanza->payload == IBB_PAYLOAD_RESULT)
        n++;
      else
        n_errors++;
      ibb_stanza_record_unref (stanza);
    }
  g_assert_cmpuint (n, ==, 20000);
  g_assert_cmpuint (n_errors, ==, 10);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  harness_add ("/engine/receiving/N-18/wrap", test_wrap, NULL);
  harness_add ("/engine/receiving/N-24/unknown-session", test_unknown_session, NULL);
  harness_add ("/engine/receiving/N-28/many-at-once", test_many_at_once, NULL);
  harness_add ("/engine/receiving/N-29/gap", test_wrong_seq, GUINT_TO_POINTER (3));
  harness_add ("/engine/receiving/N-29/gap-in-messages", test_gap_in_messages, NULL);
  harness_add ("/engine/receiving/D-18/before", test_wrong_seq, GUINT_TO_POINTER (1));
  harness_add ("/engine/receiving/D-18/minus-one", test_wrong_seq, GUINT_TO_POINTER (65535));
  harness_add ("/engine/receiving/D-18/far", test_wrong_seq, GUINT_TO_POINTER (2 + 32768));
  for (guint i = 0; i < N_MALFORMED; i++)
    {
      g_autofree char *path = g_strdup_printf ("/engine/receiving/%s", malformed_names[i]);

      harness_add (path, test_malformed, GUINT_TO_POINTER (i));
    }
  harness_add ("/engine/receiving/D-11/no-sid", test_no_sid, NULL);
  harness_add ("/engine/receiving/D-19/white-space", test_white_space, NULL);
  harness_add ("/engine/receiving/D-20/repeated", test_repeated, NULL);
  harness_add ("/engine/receiving/D-20/other-id", test_repeated_unlike, GINT_TO_POINTER (FALSE));
  harness_add ("/engine/receiving/D-20/other-bytes", test_repeated_unlike, GINT_TO_POINTER (TRUE));
  harness_add ("/engine/receiving/D-20/held", test_repeated_held, NULL);
  harness_add ("/engine/receiving/D-21/empty", test_empty, NULL);
  harness_add ("/engine/receiving/D-22/keeps-up", test_reading_keeps_up, NULL);
  harness_add ("/engine/receiving/D-22/drip", test_drip, NULL);
  harness_add ("/engine/receiving/D-22/window", test_window_held, NULL);
  harness_add ("/engine/receiving/D-22/read-past", test_held_read_past, NULL);
  harness_add ("/engine/receiving/D-23/hard-bound", test_hard_bound, NULL);
  harness_add ("/engine/receiving/D-23/far-ahead", test_hard_bound_far, NULL);
  harness_add ("/engine/receiving/D-23/first", test_first_never_refused, NULL);
  harness_add ("/engine/receiving/D-23/messages", test_message_overflow, NULL);
  harness_add ("/engine/receiving/D-24/accepted", test_early, GINT_TO_POINTER (TRUE));
  harness_add ("/engine/receiving/D-24/refused", test_early, GINT_TO_POINTER (FALSE));
  harness_add ("/engine/receiving/D-24/nine", test_early_too_many, NULL);
  harness_add ("/engine/receiving/D-45/early-refused", test_early_refused, NULL);
  harness_add ("/engine/receiving/D-34/either-carrier", test_either_carrier, NULL);
  harness_add ("/engine/receiving/D-36/echo", test_echo, NULL);
  harness_add ("/engine/receiving/D-51/input", test_input_closed, NULL);
  harness_add ("/engine/receiving/D-51/all", test_all_closed, NULL);

  harness_add ("/engine/receiving/D-47/backlog", test_backlog, NULL);

  return g_test_run ();
}
