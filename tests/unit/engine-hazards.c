/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the simulation of other implementations, and that of deliberate faults
 * in the core, found to be without a test. */

#include "config.h"

#include "engine-harness.h"

/* D-45, H-03, H-16: who handles blocks in no certain order refuses one for its
 * number and ends the session, before the other replies are out. What it still
 * had to say is lost, so its close is no clean end. */
static void
test_refused_then_closed (Harness *h, gconstpointer data)
{
  IBBCondition           condition = (IBBCondition) GPOINTER_TO_INT (data);
  gboolean               is_final = condition == IBB_CONDITION_UNEXPECTED_REQUEST;
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 10);
  g_autoptr (IBBStanza)  b1 = NULL;
  g_autoptr (IBBStanza)  b2 = NULL;

  harness_send_two (h, session, &b1, &b2);
  harness_answer_error (h, b2, condition, IBB_ERROR_TYPE_WAIT);
  harness_expect_nothing (h); /* the other one may explain it */
  assert_input (session, IBB_INPUT_EMPTY);
  harness_send_close (h, SID, FALSE);
  if (is_final)
    {
      assert_input (session, IBB_INPUT_FAILED);
      assert_failure (ibb_session_get_input_failure (session), IBB_FAILURE_PEER_ABORTED);
    }
  else
    assert_input (session, IBB_INPUT_EOF); /* its reader was slow, its writer was done */
}

/* The same where the first one may come again: who goes on with the session
 * takes all of it in the end, and its close is a clean end. */
static void
test_refused_both (Harness *h, gconstpointer data)
{
  gboolean               goes_on = GPOINTER_TO_INT (data);
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 10);
  g_autoptr (IBBStanza)  b1 = NULL;
  g_autoptr (IBBStanza)  b2 = NULL;

  harness_send_two (h, session, &b1, &b2);
  harness_answer_error (h, b1, IBB_CONDITION_RESOURCE_CONSTRAINT, IBB_ERROR_TYPE_WAIT);
  harness_answer_error (h, b2, IBB_CONDITION_UNEXPECTED_REQUEST, IBB_ERROR_TYPE_CANCEL);
  if (goes_on)
    {
      g_autoptr (IBBStanza) again1 = NULL;
      g_autoptr (IBBStanza) again2 = NULL;

      harness_advance (h, 1000);
      again1 = harness_expect_data (h, 1, NULL);
      harness_answer (h, again1);
      again2 = harness_expect_data (h, 2, NULL);
      harness_answer (h, again2);
    }
  harness_send_close (h, SID, FALSE);
  assert_input (session, goes_on ? IBB_INPUT_EOF : IBB_INPUT_FAILED);
}

/* B-07: the peer has spent the number of the block that it refused. Nothing
 * goes beside the repetition, or the reply to that would acknowledge both. */
static void
test_spent_number (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = NULL;
  g_autoptr (IBBStanza)  block = NULL;
  g_autoptr (IBBStanza)  again = NULL;
  g_autoptr (IBBStanza)  close = NULL;

  h->has_feature = FALSE;
  harness_settings (h)->window = 100;
  session = harness_open (h, IBB_CARRIER_IQ, 10);
  harness_warm_up (h, session);
  harness_write_n (h, session, 10);
  block = harness_expect_data (h, 1, NULL);
  harness_answer_error (h, block, IBB_CONDITION_RESOURCE_CONSTRAINT, IBB_ERROR_TYPE_WAIT);
  harness_write_n (h, session, 20);
  harness_expect_nothing (h);
  harness_advance (h, 1000);
  again = harness_expect_data (h, 1, NULL);
  harness_expect_nothing (h);
  harness_answer_error (h, again, IBB_CONDITION_UNEXPECTED_REQUEST, IBB_ERROR_TYPE_CANCEL);
  close = harness_expect_close (h, TRUE);
  assert_failure (ibb_session_get_failure (session), IBB_FAILURE_CONDITION);
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, 1);
}

/* B-07: a later block was taken although an earlier one was refused. From a
 * peer that is not known to refuse without spending the number, that is a hole. */
static void
test_hole (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = NULL;
  g_autoptr (IBBStanza)  b1 = NULL;
  g_autoptr (IBBStanza)  b2 = NULL;
  g_autoptr (IBBStanza)  close = NULL;

  h->has_feature = FALSE;
  harness_settings (h)->window = 100;
  session = harness_open (h, IBB_CARRIER_IQ, 10);
  harness_send_two (h, session, &b1, &b2);
  harness_answer_error (h, b1, IBB_CONDITION_RESOURCE_CONSTRAINT, IBB_ERROR_TYPE_WAIT);
  harness_answer (h, b2);
  close = harness_expect_close (h, TRUE);
  assert_failure (ibb_session_get_failure (session), IBB_FAILURE_CONDITION);
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, 1);
}

/* D-29: the last session goes while its peer is asked what it can do. */
static void
test_query_forgotten (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 10);
  g_autoptr (IBBStanza)  block = NULL;
  g_autoptr (IBBStanza)  query = NULL;
  g_autoptr (IBBStanza)  close = NULL;

  h->leave_disco = TRUE;
  harness_write_n (h, session, 20);
  block = harness_expect_data (h, 0, NULL);
  query = harness_expect (h, IBB_PAYLOAD_DISCO_QUERY);
  ibb_session_abort (session, h->now);
  close = harness_expect_close (h, TRUE);
  harness_assert_empty (h);
}

/* D-27: the last session goes while its peer is probed. Nobody waits for the
 * answer any more, and the next session is probed anew. */
static void
test_probe_forgotten (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 10);
  g_autoptr (IBBSession) second = NULL;
  g_autoptr (IBBStanza)  block = NULL;
  g_autoptr (IBBStanza)  probe = NULL;
  g_autoptr (IBBStanza)  close = NULL;
  g_autoptr (IBBStanza)  again = NULL;
  g_autoptr (IBBStanza)  probe_again = NULL;

  harness_warm_up (h, session);
  harness_write (h, session, "hello?");
  block = harness_expect_data (h, 1, "hello?");
  harness_advance (h, 60000);
  probe = harness_expect_close (h, FALSE);
  g_assert_cmpstr (probe->sid, !=, SID);
  ibb_session_abort (session, h->now);
  close = harness_expect_close (h, TRUE);
  harness_assert_empty (h);

  second = harness_open (h, IBB_CARRIER_IQ, 10);
  harness_warm_up (h, second);
  harness_write (h, second, "and now?");
  again = harness_expect_data (h, 1, "and now?");
  harness_advance (h, 60000);
  probe_again = harness_expect_close (h, FALSE);
  g_assert_cmpstr (probe_again->id, !=, probe->id);
  harness_answer_error (h, probe_again, IBB_CONDITION_SERVICE_UNAVAILABLE, IBB_ERROR_TYPE_CANCEL);
  assert_failure (ibb_session_get_failure (second), IBB_FAILURE_PEER_GONE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  harness_add ("/engine/hazards/D-45/refused-for-good", test_refused_then_closed,
               GINT_TO_POINTER (IBB_CONDITION_UNEXPECTED_REQUEST));
  harness_add ("/engine/hazards/D-45/refused-for-now", test_refused_then_closed,
               GINT_TO_POINTER (IBB_CONDITION_RESOURCE_CONSTRAINT));
  harness_add ("/engine/hazards/D-45/refused-both", test_refused_both, GINT_TO_POINTER (FALSE));
  harness_add ("/engine/hazards/D-45/refused-and-taken", test_refused_both, GINT_TO_POINTER (TRUE));
  harness_add ("/engine/hazards/B-07/spent-number", test_spent_number, NULL);
  harness_add ("/engine/hazards/B-07/hole", test_hole, NULL);
  harness_add ("/engine/hazards/D-29/query-forgotten", test_query_forgotten, NULL);
  harness_add ("/engine/hazards/D-27/probe-forgotten", test_probe_forgotten, NULL);
  return g_test_run ();
}
