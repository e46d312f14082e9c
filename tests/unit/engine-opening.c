/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How sessions begin: protocol.md, 1.1 and 2.1. */

#include "config.h"

#include "engine-harness.h"

#include <string.h>

/* ---- what we send ---- */

static void
test_stanza (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_begin_open (h, PEER, SID, IBB_CARRIER_IQ, 0);
  g_autoptr (IBBStanza)  open = harness_expect (h, IBB_PAYLOAD_OPEN);

  g_assert_cmpint (open->name, ==, IBB_STANZA_IQ);
  g_assert_true (ibb_stanza_record_is_kind (open, "set"));
  g_assert_cmpstr (open->to, ==, PEER);
  g_assert_cmpstr (open->sid, ==, SID);
  g_assert_cmpuint (open->block_size, ==, 4096); /* N-11 */
  g_assert_cmpint (open->carrier, ==, IBB_CARRIER_IQ);
  g_assert_null (open->bytes);
  harness_expect_nothing (h);
  harness_answer (h, open);
  assert_state (session, IBB_SESSION_OPEN);
  g_assert_cmpuint (ibb_session_get_block_size (session), ==, 4096);
  g_assert_cmpstr (ibb_session_get_peer (session), ==, PEER);
  g_assert_cmpstr (ibb_session_get_sid (session), ==, SID);
}

static void
test_sids (Harness *h, gconstpointer data)
{
  g_autoptr (GHashTable) sids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < 10000; i++)
    {
      g_autoptr (IBBSession) session = harness_begin_open (h, PEER, NULL, IBB_CARRIER_IQ, 0);
      g_autoptr (IBBStanza)  open = harness_expect (h, IBB_PAYLOAD_OPEN);

      g_assert_true (ibb_stanza_is_valid_sid (open->sid));
      g_assert_cmpuint (strlen (open->sid), ==, 32); /* 128 bits as hex */
      g_assert_true (g_hash_table_add (sids, g_strdup (open->sid)));
      harness_answer_error (h, open, IBB_CONDITION_NOT_ACCEPTABLE, IBB_ERROR_TYPE_CANCEL);
    }
}

static void
test_refused (Harness *h, gconstpointer data)
{
  static const IBBCondition conditions[] = { IBB_CONDITION_SERVICE_UNAVAILABLE,
                                             IBB_CONDITION_FEATURE_NOT_IMPLEMENTED,
                                             IBB_CONDITION_NOT_ACCEPTABLE,
                                             IBB_CONDITION_ITEM_NOT_FOUND };

  for (guint i = 0; i < G_N_ELEMENTS (conditions); i++)
    {
      g_autoptr (IBBSession) session = harness_begin_open (h, PEER, SID, IBB_CARRIER_IQ, 0);
      g_autoptr (IBBStanza)  open = harness_expect (h, IBB_PAYLOAD_OPEN);

      harness_answer_error (h, open, conditions[i], IBB_ERROR_TYPE_CANCEL);
      assert_state (session, IBB_SESSION_ENDED);
      assert_failure (ibb_session_get_failure (session), IBB_FAILURE_REFUSED);
      g_assert_true (ibb_session_get_failure (session)->has_condition);
      g_assert_cmpint (ibb_session_get_failure (session)->condition, ==, conditions[i]);
      assert_input (session, IBB_INPUT_FAILED);
      g_assert_cmpint (ibb_session_get_output (session), ==, IBB_OUTPUT_FAILED);
    }
  harness_assert_empty (h);
}

static void
test_key_in_use (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 0);
  /* D-02: another spelling of the same address */
  IBBOpen    open = { .peer = "Romeo@MONTAGUE.example/orchard", .sid = SID };
  IBBFailure failure = IBB_FAILURE_INIT;

  g_assert_null (ibb_engine_open (h->engine, &open, h->now, &failure));
  assert_failure (&failure, IBB_FAILURE_IN_USE);
  ibb_failure_clear (&failure);
  harness_expect_nothing (h);
}

/* ---- fallback ---- */

static void
test_halves (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_begin_open (h, PEER, NULL, IBB_CARRIER_IQ, 4096);
  g_autofree char       *sid = g_strdup (ibb_session_get_sid (session));

  for (guint size = 4096; size > 1024; size /= 2)
    {
      g_autoptr (IBBStanza) open = harness_expect (h, IBB_PAYLOAD_OPEN);

      g_assert_cmpuint (open->block_size, ==, size);
      g_assert_cmpstr (open->sid, ==, sid);
      harness_answer_error (h, open, IBB_CONDITION_RESOURCE_CONSTRAINT,
                            size == 4096 ? IBB_ERROR_TYPE_CANCEL : IBB_ERROR_TYPE_WAIT);
      assert_state (session, IBB_SESSION_OPENING);
    }
  {
    g_autoptr (IBBStanza) open = harness_expect (h, IBB_PAYLOAD_OPEN);

    g_assert_cmpuint (open->block_size, ==, 1024);
    harness_answer (h, open);
  }
  assert_state (session, IBB_SESSION_OPEN);
  g_assert_cmpuint (ibb_session_get_block_size (session), ==, 1024);
}

static void
test_halves_floor (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_begin_open (h, PEER, SID, IBB_CARRIER_IQ, 1024);

  for (guint size = 1024; size >= 256; size /= 2)
    {
      g_autoptr (IBBStanza) open = harness_expect (h, IBB_PAYLOAD_OPEN);

      g_assert_cmpuint (open->block_size, ==, size);
      harness_answer_error (h, open, IBB_CONDITION_RESOURCE_CONSTRAINT, IBB_ERROR_TYPE_MODIFY);
    }
  harness_expect_nothing (h);
  assert_state (session, IBB_SESSION_ENDED);
  g_assert_cmpint (ibb_session_get_failure (session)->condition, ==,
                   IBB_CONDITION_RESOURCE_CONSTRAINT);
  harness_assert_empty (h);
}

/* The first error tells more than the answer to a retry (H-09). */
static void
test_halves_second_answer (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_begin_open (h, PEER, SID, IBB_CARRIER_IQ, 4096);
  g_autoptr (IBBStanza)  first = harness_expect (h, IBB_PAYLOAD_OPEN);
  g_autoptr (IBBStanza)  second = NULL;

  harness_answer_error (h, first, IBB_CONDITION_RESOURCE_CONSTRAINT, IBB_ERROR_TYPE_MODIFY);
  second = harness_expect (h, IBB_PAYLOAD_OPEN);
  harness_answer_error (h, second, IBB_CONDITION_NOT_ACCEPTABLE, IBB_ERROR_TYPE_CANCEL);
  assert_failure (ibb_session_get_failure (session), IBB_FAILURE_REFUSED);
  g_assert_cmpint (ibb_session_get_failure (session)->condition, ==,
                   IBB_CONDITION_RESOURCE_CONSTRAINT);
  harness_assert_empty (h);
}

static void
test_halves_off (Harness *h, gconstpointer data)
{
  gboolean   per_open = GPOINTER_TO_INT (data);
  IBBOpen    open = { .peer = PEER, .sid = SID, .block_size = 4096, .fixed_block_size = per_open };
  IBBFailure failure = IBB_FAILURE_INIT;
  g_autoptr (IBBSession) session = NULL;
  g_autoptr (IBBStanza)  stanza = NULL;

  harness_settings (h)->block_size_fallback = per_open;
  session = ibb_engine_open (h->engine, &open, h->now, &failure);
  stanza = harness_expect (h, IBB_PAYLOAD_OPEN);
  harness_answer_error (h, stanza, IBB_CONDITION_RESOURCE_CONSTRAINT, IBB_ERROR_TYPE_MODIFY);
  assert_state (session, IBB_SESSION_ENDED);
  harness_assert_empty (h);
}

static void
test_halves_timeout (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_begin_open (h, PEER, SID, IBB_CARRIER_IQ, 4096);
  g_autoptr (IBBStanza)  first = harness_expect (h, IBB_PAYLOAD_OPEN);
  g_autoptr (IBBStanza)  second = NULL;

  harness_advance (h, 40000);
  harness_answer_error (h, first, IBB_CONDITION_RESOURCE_CONSTRAINT, IBB_ERROR_TYPE_MODIFY);
  second = harness_expect (h, IBB_PAYLOAD_OPEN);
  harness_advance (h, 19999);
  assert_state (session, IBB_SESSION_OPENING);
  harness_advance (h, 1);
  assert_state (session, IBB_SESSION_ENDED);
  assert_failure (ibb_session_get_failure (session), IBB_FAILURE_OPEN_TIMEOUT);
}

/* ---- abandoned opens ---- */

static void
test_late_result (Harness *h, gconstpointer data)
{
  gboolean               cancel = GPOINTER_TO_INT (data);
  g_autoptr (IBBSession) session = harness_begin_open (h, PEER, SID, IBB_CARRIER_IQ, 0);
  g_autoptr (IBBStanza)  open = harness_expect (h, IBB_PAYLOAD_OPEN);
  g_autoptr (IBBStanza)  close = NULL;

  if (cancel)
    ibb_session_abort (session, h->now);
  else
    harness_advance (h, 60000);
  assert_state (session, IBB_SESSION_ENDED);
  assert_failure (ibb_session_get_failure (session),
                  cancel ? IBB_FAILURE_ABORTED : IBB_FAILURE_OPEN_TIMEOUT);
  harness_expect_nothing (h);
  harness_advance (h, 5000);
  harness_answer (h, open);
  close = harness_expect_close (h, TRUE);
  g_assert_cmpstr (close->sid, ==, SID);
  g_assert_cmpstr (close->to, ==, PEER);
  harness_answer (h, close);
  harness_advance (h, 1000000);
  harness_assert_empty (h);
}

static void
test_silent_application (Harness *h, gconstpointer data)
{
  gboolean               drop = GPOINTER_TO_INT (data);
  g_autoptr (IBBSession) session = NULL;

  harness_settings (h)->session_limit = 1;
  ibb_engine_set_listen (h->engine, IBB_LISTEN_ASK);
  harness_send_open (h, PEER, SID, 4096, IBB_CARRIER_IQ);
  session = harness_expect_session (h, IBB_EVENT_REQUESTED);
  assert_state (session, IBB_SESSION_REQUESTED);
  harness_expect_nothing (h);
  if (drop)
    ibb_session_abort (session, h->now);
  else
    {
      harness_advance (h, 29999);
      harness_expect_nothing (h);
      harness_advance (h, 1);
      assert_failure (ibb_session_get_failure (session), IBB_FAILURE_ACCEPT_TIMEOUT);
    }
  harness_expect_error (h, IBB_CONDITION_NOT_ACCEPTABLE, IBB_ERROR_TYPE_CANCEL);
  assert_state (session, IBB_SESSION_ENDED);
  g_assert_false (ibb_session_accept (session, h->now));
  g_assert_false (ibb_session_refuse (session, IBB_CONDITION_GONE, NULL, h->now));
  harness_assert_empty (h);
}

/* ---- what comes ---- */

static void
test_result_before_data (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = NULL;
  g_autoptr (IBBStanza)  block = NULL;

  harness_settings (h)->session_limit = 1;
  ibb_engine_set_listen (h->engine, IBB_LISTEN_ASK);
  harness_send_open (h, PEER, SID, 4096, IBB_CARRIER_IQ);
  session = harness_expect_session (h, IBB_EVENT_REQUESTED);
  g_assert_cmpuint (ibb_session_get_block_size (session), ==, 4096);
  g_assert_true (ibb_session_accept (session, h->now));
  harness_write (h, session, "first");
  harness_expect_result (h);
  block = harness_expect_data (h, 0, "first");
  g_assert_cmpstr (block->to, ==, PEER);
}

typedef struct
{
  const char  *what;
  gboolean     bad_carrier;
  guint        block_size;
  const char  *sid;
  gboolean     in_use;
  gboolean     nobody; /* nobody listens */
  gboolean     full;
  IBBCondition condition;
  IBBErrorType type;
} Refusal;

/* In the order of D-07: each line also breaks all rules after its own. */
static const Refusal refusals[] = {
  { "carrier", TRUE, 70000, SID, TRUE, TRUE, TRUE, IBB_CONDITION_BAD_REQUEST,
    IBB_ERROR_TYPE_MODIFY },
  { "block-size", FALSE, 0, SID, TRUE, TRUE, TRUE, IBB_CONDITION_BAD_REQUEST,
    IBB_ERROR_TYPE_MODIFY },
  { "sid", FALSE, 60000, "a b", TRUE, TRUE, TRUE, IBB_CONDITION_BAD_REQUEST,
    IBB_ERROR_TYPE_MODIFY },
  { "no-sid", FALSE, 60000, NULL, TRUE, TRUE, TRUE, IBB_CONDITION_BAD_REQUEST,
    IBB_ERROR_TYPE_MODIFY },
  { "key-in-use", FALSE, 60000, SID, TRUE, TRUE, TRUE, IBB_CONDITION_NOT_ACCEPTABLE,
    IBB_ERROR_TYPE_CANCEL },
  { "nobody-listens", FALSE, 60000, "other", FALSE, TRUE, FALSE, IBB_CONDITION_NOT_ACCEPTABLE,
    IBB_ERROR_TYPE_CANCEL },
  { "limit-reached", FALSE, 60000, "other", FALSE, FALSE, TRUE, IBB_CONDITION_NOT_ACCEPTABLE,
    IBB_ERROR_TYPE_CANCEL },
  { "too-large", FALSE, 60000, "other", FALSE, FALSE, FALSE, IBB_CONDITION_RESOURCE_CONSTRAINT,
    IBB_ERROR_TYPE_MODIFY },
};

static void
test_refusal (Harness *h, gconstpointer data)
{
  const Refusal         *refusal = data;
  g_autoptr (IBBSession) session = harness_accept (h, IBB_CARRIER_IQ, 1024);
  IBBStanza             *open;

  harness_settings (h)->session_limit = refusal->full ? 1 : 10;
  harness_settings (h)->max_block_size = 1024;
  ibb_engine_set_listen (h->engine, refusal->nobody ? IBB_LISTEN_NONE : IBB_LISTEN_ASK);
  open = harness_request (h, IBB_PAYLOAD_OPEN, PEER, NULL, refusal->sid);
  open->carrier_valid = !refusal->bad_carrier;
  open->block_size_valid = refusal->block_size >= 1 && refusal->block_size <= IBB_BLOCK_SIZE_MAX;
  open->block_size = refusal->block_size;
  g_assert_true (harness_receive (h, open));
  harness_expect_error (h, refusal->condition, refusal->type);
  g_assert_null (harness_event (h)); /* nobody was asked */
  assert_state (session, IBB_SESSION_OPEN);
  /* D-05: the session lives on. */
  harness_send_data (h, SID, 0, "still here");
  harness_expect_result (h);
  harness_expect_read (h, session, "still here");
}

static void
test_long_sid (Harness *h, gconstpointer data)
{
  g_autofree char *sid = g_strnfill (257, 'a');

  harness_settings (h)->session_limit = 2;
  ibb_engine_set_listen (h->engine, IBB_LISTEN_ACCEPT);
  harness_send_open (h, PEER, sid, 4096, IBB_CARRIER_IQ);
  harness_expect_error (h, IBB_CONDITION_BAD_REQUEST, IBB_ERROR_TYPE_MODIFY);
  sid[256] = '\0';
  harness_send_open (h, PEER, sid, 4096, IBB_CARRIER_IQ);
  harness_expect_result (h);
}

static void
test_duplicate_keeps_expectation (Harness *h, gconstpointer data)
{
  IBBFailure             failure = IBB_FAILURE_INIT;
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 0);
  g_autoptr (IBBSession) second = NULL;
  g_autoptr (IBBStanza)  close = NULL;

  g_assert_nonnull (ibb_engine_expect (h->engine, PEER, SID, 0, h, &failure));
  harness_send_open (h, PEER, SID, 4096, IBB_CARRIER_IQ);
  harness_expect_error (h, IBB_CONDITION_NOT_ACCEPTABLE, IBB_ERROR_TYPE_CANCEL);
  ibb_session_close (session, h->now);
  close = harness_expect_close (h, FALSE);
  harness_answer (h, close);
  harness_send_open (h, PEER, SID, 4096, IBB_CARRIER_IQ);
  second = harness_expect_session (h, IBB_EVENT_EXPECTED);
  harness_expect_result (h);
}

static void
test_simultaneous (Harness *h, gconstpointer data)
{
  gboolean               accepted = GPOINTER_TO_INT (data);
  g_autoptr (IBBSession) session = harness_begin_open (h, PEER, SID, IBB_CARRIER_IQ, 0);
  g_autoptr (IBBStanza)  open = harness_expect (h, IBB_PAYLOAD_OPEN);

  harness_settings (h)->session_limit = 10;
  ibb_engine_set_listen (h->engine, IBB_LISTEN_ACCEPT);
  harness_send_open (h, PEER, SID, 4096, IBB_CARRIER_IQ);
  harness_expect_error (h, IBB_CONDITION_NOT_ACCEPTABLE, IBB_ERROR_TYPE_CANCEL);
  if (accepted)
    {
      harness_answer (h, open);
      assert_state (session, IBB_SESSION_OPEN);
    }
  else
    {
      harness_answer_error (h, open, IBB_CONDITION_NOT_ACCEPTABLE, IBB_ERROR_TYPE_CANCEL);
      assert_state (session, IBB_SESSION_ENDED);
      harness_assert_empty (h);
    }
}

/* ---- the limit ---- */

static void
test_limit (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) first = NULL;
  g_autoptr (IBBSession) second = NULL;
  g_autoptr (IBBStanza)  close = NULL;

  ibb_engine_set_listen (h->engine, IBB_LISTEN_ACCEPT);
  harness_send_open (h, PEER, SID, 4096, IBB_CARRIER_IQ);
  harness_expect_error (h, IBB_CONDITION_NOT_ACCEPTABLE, IBB_ERROR_TYPE_CANCEL); /* limit 0 */

  harness_settings (h)->session_limit = 1;
  harness_send_open (h, PEER, SID, 4096, IBB_CARRIER_IQ);
  first = harness_expect_session (h, IBB_EVENT_ACCEPTED);
  harness_expect_result (h);
  harness_send_open (h, PEER, "second", 4096, IBB_CARRIER_IQ);
  harness_expect_error (h, IBB_CONDITION_NOT_ACCEPTABLE, IBB_ERROR_TYPE_CANCEL);

  /* Closed, but what it received is still there. */
  harness_send_data (h, SID, 0, "unread");
  harness_expect_result (h);
  harness_send_close (h, SID, FALSE);
  harness_expect_result (h);
  g_assert_cmpuint (ibb_engine_get_n_counted (h->engine), ==, 1);
  harness_send_open (h, PEER, "second", 4096, IBB_CARRIER_IQ);
  harness_expect_error (h, IBB_CONDITION_NOT_ACCEPTABLE, IBB_ERROR_TYPE_CANCEL);

  harness_expect_read (h, first, "unread");
  assert_input (first, IBB_INPUT_EOF);
  g_assert_cmpuint (ibb_engine_get_n_counted (h->engine), ==, 0);
  harness_send_open (h, PEER, "second", 4096, IBB_CARRIER_IQ);
  second = harness_expect_session (h, IBB_EVENT_ACCEPTED);
  harness_expect_result (h);
}

static void
test_limit_outgoing (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_begin_open (h, PEER, SID, IBB_CARRIER_IQ, 0);
  g_autoptr (IBBStanza)  open = harness_expect (h, IBB_PAYLOAD_OPEN);
  g_autoptr (IBBSession) expected = NULL;
  IBBFailure             failure = IBB_FAILURE_INIT;

  harness_settings (h)->session_limit = 1;
  ibb_engine_set_listen (h->engine, IBB_LISTEN_ACCEPT);
  harness_send_open (h, PEER, "second", 4096, IBB_CARRIER_IQ);
  harness_expect_error (h, IBB_CONDITION_NOT_ACCEPTABLE, IBB_ERROR_TYPE_CANCEL);
  /* Who is expected ignores the limit. */
  g_assert_nonnull (ibb_engine_expect (h->engine, PEER, "second", 0, h, &failure));
  harness_send_open (h, PEER, "second", 4096, IBB_CARRIER_IQ);
  harness_expect_result (h);
  expected = harness_expect_session (h, IBB_EVENT_EXPECTED);
}

static void
test_limit_dropped (Harness *h, gconstpointer data)
{
  IBBSession *session = harness_accept (h, IBB_CARRIER_IQ, 4096);

  harness_send_data (h, SID, 0, "unread");
  harness_expect_result (h);
  harness_send_close (h, SID, FALSE);
  harness_expect_result (h);
  g_assert_cmpuint (ibb_engine_get_unread (h->engine), ==, 6);
  g_assert_null (harness_event (h)); /* its changes are taken */
  ibb_session_unref (session);
  g_assert_cmpuint (ibb_engine_get_n_counted (h->engine), ==, 0);
  g_assert_cmpuint (ibb_engine_get_unread (h->engine), ==, 0);
  harness_assert_empty (h);
}

/* ---- expectations ---- */

static void
test_expect (Harness *h, gconstpointer data)
{
  IBBFailure           failure = IBB_FAILURE_INIT;
  IBBExpectation      *expectation;
  g_autoptr (IBBEvent) event = NULL;

  harness_settings (h)->max_block_size = 1024;
  expectation =
      ibb_engine_expect (h->engine, "ROMEO@montague.example/orchard", SID, 0, h, &failure);
  g_assert_nonnull (expectation);
  g_assert_true (ibb_engine_can_accept (h->engine));
  /* Only one for a key. */
  g_assert_null (ibb_engine_expect (h->engine, PEER, SID, 0, h, &failure));
  assert_failure (&failure, IBB_FAILURE_IN_USE);
  ibb_failure_clear (&failure);
  /* Another resource, another sid: not those. */
  harness_send_open (h, PEER_BARE "/other", SID, 512, IBB_CARRIER_IQ);
  harness_expect_error (h, IBB_CONDITION_NOT_ACCEPTABLE, IBB_ERROR_TYPE_CANCEL);
  harness_send_open (h, PEER, "other", 512, IBB_CARRIER_IQ);
  harness_expect_error (h, IBB_CONDITION_NOT_ACCEPTABLE, IBB_ERROR_TYPE_CANCEL);
  /* Tries that fail do not use it up. */
  harness_send_open (h, PEER, SID, 4096, IBB_CARRIER_IQ);
  harness_expect_error (h, IBB_CONDITION_RESOURCE_CONSTRAINT, IBB_ERROR_TYPE_MODIFY);
  harness_send_open (h, PEER, SID, 0, IBB_CARRIER_IQ);
  harness_expect_error (h, IBB_CONDITION_BAD_REQUEST, IBB_ERROR_TYPE_MODIFY);
  /* It comes before the question to the user. */
  harness_settings (h)->session_limit = 5;
  ibb_engine_set_listen (h->engine, IBB_LISTEN_ASK);
  harness_send_open (h, PEER, SID, 1024, IBB_CARRIER_IQ);
  harness_expect_result (h);
  event = harness_event (h);
  g_assert_cmpint (event->type, ==, IBB_EVENT_EXPECTED);
  g_assert_true (event->expectation == h);
  assert_state (event->session, IBB_SESSION_OPEN);
}

static void
test_expect_bare (Harness *h, gconstpointer data)
{
  IBBFailure failure = IBB_FAILURE_INIT;

  g_assert_nonnull (ibb_engine_expect (h->engine, PEER_BARE, SID, 0, h, &failure));
  harness_send_open (h, PEER, SID, 4096, IBB_CARRIER_IQ);
  harness_expect_error (h, IBB_CONDITION_NOT_ACCEPTABLE, IBB_ERROR_TYPE_CANCEL);
  harness_send_open (h, PEER_BARE, SID, 4096, IBB_CARRIER_IQ);
  harness_expect_result (h);
}

static void
test_expect_cancelled (Harness *h, gconstpointer data)
{
  IBBFailure      failure = IBB_FAILURE_INIT;
  IBBExpectation *expectation = ibb_engine_expect (h->engine, PEER, SID, 0, h, &failure);

  ibb_engine_cancel_expectation (h->engine, expectation);
  g_assert_false (ibb_engine_can_accept (h->engine));
  harness_send_open (h, PEER, SID, 4096, IBB_CARRIER_IQ);
  harness_expect_error (h, IBB_CONDITION_NOT_ACCEPTABLE, IBB_ERROR_TYPE_CANCEL);
  g_assert_null (harness_event (h));
  g_assert_nonnull (ibb_engine_expect (h->engine, PEER, SID, 0, h, &failure));
}

static void
test_expect_ended (Harness *h, gconstpointer data)
{
  gboolean             lost = GPOINTER_TO_INT (data);
  IBBFailure           failure = IBB_FAILURE_INIT;
  g_autoptr (IBBEvent) event = NULL;

  g_assert_nonnull (ibb_engine_expect (h->engine, PEER, SID, 0, h, &failure));
  if (lost)
    ibb_engine_lost (h->engine, h->now);
  else
    ibb_engine_stop (h->engine, TRUE, h->now);
  event = harness_event (h);
  g_assert_cmpint (event->type, ==, IBB_EVENT_EXPECTATION_FAILED);
  g_assert_true (event->expectation == h);
  assert_failure (&event->failure, lost ? IBB_FAILURE_CONNECTION_LOST : IBB_FAILURE_STOPPED);
  g_assert_null (ibb_engine_expect (h->engine, PEER, SID, 0, h, &failure));
  assert_failure (&failure, lost ? IBB_FAILURE_CONNECTION_LOST : IBB_FAILURE_STOPPED);
  ibb_failure_clear (&failure);
}

static void
test_expect_block_size (Harness *h, gconstpointer data)
{
  IBBFailure failure = IBB_FAILURE_INIT;

  g_assert_nonnull (ibb_engine_expect (h->engine, PEER, SID, 2048, h, &failure));
  harness_send_open (h, PEER, SID, 4096, IBB_CARRIER_IQ);
  harness_expect_error (h, IBB_CONDITION_RESOURCE_CONSTRAINT, IBB_ERROR_TYPE_MODIFY);
  harness_send_open (h, PEER, SID, 2048, IBB_CARRIER_IQ);
  harness_expect_result (h);
}

/* ---- what is none of it ---- */

static void
test_unknown_element (Harness *h, gconstpointer data)
{
  IBBStanza *stanza = harness_request (h, IBB_PAYLOAD_UNKNOWN, PEER, NULL, NULL);

  g_assert_true (harness_receive (h, stanza));
  harness_expect_error (h, IBB_CONDITION_FEATURE_NOT_IMPLEMENTED, IBB_ERROR_TYPE_CANCEL);

  stanza = harness_request (h, IBB_PAYLOAD_UNKNOWN, PEER, NULL, NULL);
  stanza->name = IBB_STANZA_MESSAGE;
  g_clear_pointer (&stanza->kind, g_free);
  harness_receive (h, stanza);
  harness_expect_nothing (h);
}

static void
test_get (Harness *h, gconstpointer data)
{
  static const IBBPayload payloads[] = { IBB_PAYLOAD_OPEN, IBB_PAYLOAD_DATA, IBB_PAYLOAD_CLOSE };
  g_autoptr (IBBSession)  session = harness_accept (h, IBB_CARRIER_IQ, 4096);

  for (guint i = 0; i < G_N_ELEMENTS (payloads); i++)
    {
      IBBStanza *stanza = harness_request (h, payloads[i], PEER, NULL, SID);

      g_free (stanza->kind);
      stanza->kind = g_strdup ("get");
      g_assert_true (harness_receive (h, stanza));
      harness_expect_error (h, IBB_CONDITION_BAD_REQUEST, IBB_ERROR_TYPE_MODIFY);
    }
  assert_state (session, IBB_SESSION_OPEN);
}

static void
test_stopped (Harness *h, gconstpointer data)
{
  IBBStanza *stanza;

  ibb_engine_stop (h->engine, TRUE, h->now);
  stanza = harness_request (h, IBB_PAYLOAD_OPEN, PEER, NULL, SID);
  stanza->block_size = 4096;
  stanza->block_size_valid = stanza->carrier_valid = TRUE;
  g_assert_false (harness_receive (h, stanza)); /* the connection's default answers */
  g_assert_false (ibb_engine_is_running (h->engine));
  harness_assert_empty (h);
}

/* Dropped with a session open: it still answers, refusing, until the last ends. */
static void
test_stopping (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_accept (h, IBB_CARRIER_IQ, 4096);

  harness_settings (h)->session_limit = 10;
  ibb_engine_stop (h->engine, FALSE, h->now);
  harness_send_open (h, PEER, "second", 4096, IBB_CARRIER_IQ);
  harness_expect_error (h, IBB_CONDITION_NOT_ACCEPTABLE, IBB_ERROR_TYPE_CANCEL);
  harness_send_data (h, SID, 0, "goes on");
  harness_expect_result (h);
  harness_expect_read (h, session, "goes on");
}

static void
test_stranger (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_accept (h, IBB_CARRIER_IQ, 4096);
  IBBStanza             *close;

  harness_send_data_full (h, STRANGER, NULL, SID, 0, "injected", 8, IBB_CARRIER_IQ);
  harness_expect_error (h, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
  harness_send_data_full (h, PEER_BARE "/other", NULL, SID, 0, "injected", 8, IBB_CARRIER_IQ);
  harness_expect_error (h, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
  close = harness_request (h, IBB_PAYLOAD_CLOSE, STRANGER, NULL, SID);
  g_assert_true (harness_receive (h, close));
  harness_expect_error (h, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
  assert_state (session, IBB_SESSION_OPEN);
  assert_input (session, IBB_INPUT_EMPTY);
  harness_send_data (h, SID, 0, "mine");
  harness_expect_result (h);
  harness_expect_read (h, session, "mine");
}

static void
test_same_sid_other_peer (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) first = harness_accept (h, IBB_CARRIER_IQ, 4096);
  g_autoptr (IBBSession) second = NULL;

  harness_settings (h)->session_limit = 2;
  harness_send_open (h, STRANGER, SID, 4096, IBB_CARRIER_IQ);
  second = harness_expect_session (h, IBB_EVENT_ACCEPTED);
  harness_expect_result (h);
  harness_send_data_full (h, STRANGER, NULL, SID, 0, "theirs", 6, IBB_CARRIER_IQ);
  harness_expect_result (h);
  assert_input (first, IBB_INPUT_EMPTY);
  harness_expect_read (h, second, "theirs");
}

/* ---- D-47, D-48 ---- */

static void
test_many_requests (Harness *h, gconstpointer data)
{
  gboolean   one_peer = GPOINTER_TO_INT (data);
  guint      most = one_peer ? 4 : 16;
  GPtrArray *held = g_ptr_array_new_with_free_func ((GDestroyNotify) ibb_session_unref);

  harness_settings (h)->session_limit = 1000;
  ibb_engine_set_listen (h->engine, IBB_LISTEN_ASK);
  for (guint i = 0; i <= most; i++)
    {
      g_autofree char *from = one_peer ? g_strdup_printf (PEER_BARE "/r%u", i)
                                       : g_strdup_printf ("user%u@montague.example/r", i);
      g_autofree char *sid = g_strdup_printf ("s%u", i);

      harness_send_open (h, from, sid, 4096, IBB_CARRIER_IQ);
      if (i < most)
        {
          harness_expect_nothing (h);
          g_ptr_array_add (held, harness_expect_session (h, IBB_EVENT_REQUESTED));
        }
      else
        harness_expect_error (h, IBB_CONDITION_NOT_ACCEPTABLE, IBB_ERROR_TYPE_CANCEL);
    }
  /* One is answered, another may come. */
  g_assert_true (ibb_session_accept (g_ptr_array_index (held, 0), h->now));
  harness_expect_result_to (h, "peer-0");
  harness_send_open (h, PEER_BARE "/again", "again", 4096, IBB_CARRIER_IQ);
  g_ptr_array_add (held, harness_expect_session (h, IBB_EVENT_REQUESTED));
  g_ptr_array_unref (held);
}

static void
test_refuse (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = NULL;
  g_autoptr (IBBStanza)  error = NULL;

  harness_settings (h)->session_limit = 1;
  ibb_engine_set_listen (h->engine, IBB_LISTEN_ASK);
  harness_send_open (h, PEER, SID, 4096, IBB_CARRIER_IQ);
  session = harness_expect_session (h, IBB_EVENT_REQUESTED);
  g_assert_true (
      ibb_session_refuse (session, IBB_CONDITION_RECIPIENT_UNAVAILABLE, "Not before noon", h->now));
  g_assert_false (ibb_session_accept (session, h->now)); /* the first answer wins */
  error = harness_expect (h, IBB_PAYLOAD_ERROR);
  g_assert_cmpint (error->condition, ==, IBB_CONDITION_RECIPIENT_UNAVAILABLE);
  g_assert_cmpint (error->error_type, ==, IBB_ERROR_TYPE_WAIT); /* RFC 6120's default */
  g_assert_cmpstr (error->text, ==, "Not before noon");
  assert_state (session, IBB_SESSION_ENDED);
  harness_assert_empty (h);
}

static void
test_flood (Harness *h, gconstpointer data)
{
  guint n_answers = 0;

  for (guint i = 0; i < 3000; i++)
    harness_send_data (h, "nothing", i, "x");
  for (;;)
    {
      g_autoptr (IBBStanza) error = harness_take (h);

      if (error == NULL)
        break;
      g_assert_cmpint (error->payload, ==, IBB_PAYLOAD_ERROR);
      n_answers++;
    }
  g_assert_cmpuint (n_answers, ==, 1000);
  harness_send_data (h, "nothing", 0, "x");
  harness_expect_error (h, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  harness_add ("/engine/opening/N-02/stanza", test_stanza, NULL);
  harness_add ("/engine/opening/N-04/sids", test_sids, NULL);
  harness_add ("/engine/opening/N-07/result-before-data", test_result_before_data, NULL);
  harness_add ("/engine/opening/N-08/refused", test_refused, NULL);
  harness_add ("/engine/opening/N-08/stopped", test_stopped, NULL);
  harness_add ("/engine/opening/N-08/stopping", test_stopping, NULL);
  harness_add ("/engine/opening/N-47/exact-block-size", test_expect_block_size, NULL);
  harness_add ("/engine/opening/D-01/stranger", test_stranger, NULL);
  harness_add ("/engine/opening/D-01/same-sid", test_same_sid_other_peer, NULL);
  harness_add ("/engine/opening/D-05/key-in-use", test_key_in_use, NULL);
  harness_add ("/engine/opening/D-05/expectation-stays", test_duplicate_keeps_expectation, NULL);
  harness_add ("/engine/opening/D-06/both-fail", test_simultaneous, GINT_TO_POINTER (FALSE));
  harness_add ("/engine/opening/D-06/ours-wins", test_simultaneous, GINT_TO_POINTER (TRUE));
  for (guint i = 0; i < G_N_ELEMENTS (refusals); i++)
    {
      g_autofree char *path = g_strdup_printf ("/engine/opening/D-07/%s", refusals[i].what);

      harness_add (path, test_refusal, &refusals[i]);
    }
  harness_add ("/engine/opening/D-08/limit", test_limit, NULL);
  harness_add ("/engine/opening/D-08/outgoing-counts", test_limit_outgoing, NULL);
  harness_add ("/engine/opening/D-08/dropped-unread", test_limit_dropped, NULL);
  harness_add ("/engine/opening/D-09/expect", test_expect, NULL);
  harness_add ("/engine/opening/D-09/bare", test_expect_bare, NULL);
  harness_add ("/engine/opening/D-09/cancelled", test_expect_cancelled, NULL);
  harness_add ("/engine/opening/D-09/lost", test_expect_ended, GINT_TO_POINTER (TRUE));
  harness_add ("/engine/opening/D-09/stopped", test_expect_ended, GINT_TO_POINTER (FALSE));
  harness_add ("/engine/opening/D-10/unknown-element", test_unknown_element, NULL);
  harness_add ("/engine/opening/D-10/get", test_get, NULL);
  harness_add ("/engine/opening/D-13/length", test_long_sid, NULL);
  harness_add ("/engine/opening/D-14/halves", test_halves, NULL);
  harness_add ("/engine/opening/D-14/floor", test_halves_floor, NULL);
  harness_add ("/engine/opening/D-14/second-answer", test_halves_second_answer, NULL);
  harness_add ("/engine/opening/D-14/off", test_halves_off, GINT_TO_POINTER (FALSE));
  harness_add ("/engine/opening/N-46/off-per-open", test_halves_off, GINT_TO_POINTER (TRUE));
  harness_add ("/engine/opening/D-14/one-timeout", test_halves_timeout, NULL);
  harness_add ("/engine/opening/D-15/late-result-cancelled", test_late_result,
               GINT_TO_POINTER (TRUE));
  harness_add ("/engine/opening/D-15/late-result-timeout", test_late_result,
               GINT_TO_POINTER (FALSE));
  harness_add ("/engine/opening/D-15/unanswered", test_silent_application, GINT_TO_POINTER (FALSE));
  harness_add ("/engine/opening/D-15/dropped", test_silent_application, GINT_TO_POINTER (TRUE));
  harness_add ("/engine/opening/D-47/requests", test_many_requests, GINT_TO_POINTER (FALSE));
  harness_add ("/engine/opening/D-47/requests-of-one", test_many_requests, GINT_TO_POINTER (TRUE));
  harness_add ("/engine/opening/D-47/error-replies", test_flood, NULL);
  harness_add ("/engine/opening/D-48/refuse", test_refuse, NULL);

  return g_test_run ();
}
