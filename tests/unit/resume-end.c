/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* D-58: the end of sessions that were interrupted. The test is the peer. */

#include "config.h"

#include "resume-peer.h"

#include "core/base/proof.h"

/* The peer closes. Its close has to be answered, sooner or later. */
static void
owe_answer (Driver *self)
{
  g_assert_true (
      driver_receive (self, driver_new_request (IBB_PAYLOAD_CLOSE, PEER, OWN, "owed", SID)));
}

/* D-39: the peer reads on. */
static void
owe_answer_to_reader (Driver *self)
{
  IBBStanza *close = driver_new_request (IBB_PAYLOAD_CLOSE, PEER, OWN, "owed", SID);

  close->reads = TRUE;
  g_assert_true (driver_receive (self, close));
}

static IBBStanza *
take_owed (Driver *self, const char *description)
{
  IBBStanza *answer = resume_peer_take (self, description);

  g_assert_cmpstr (answer->id, ==, "owed");
  return answer;
}

static void
assert_told_unclean (Driver *self)
{
  g_autoptr (IBBStanza) close = resume_peer_take (self, "close");

  g_assert_true (close->unclean);
}

/* Bytes that were read before a close count, although they could not be acknowledged. */
static void
test_read_then_closed (Driver *self)
{
  for (guint n = 0; n < 2; n++)
    {
      g_autoptr (IBBSession) session = resume_peer_accept (self);
      g_autoptr (IBBStanza)  resume = NULL;
      g_autoptr (IBBStanza)  answer = NULL;
      g_autofree char       *id = g_strdup_printf ("b%u", n);
      guint8                 bytes[BLOCK];

      ibb_engine_get_settings (self->engine)->receive_buffer_size = 0;
      g_assert_true (driver_receive (self, resume_peer_new_block (id, 0, BLOCK)));
      resume_peer_lose (self, session);
      if (n == 0)
        g_assert_cmpuint (ibb_session_read (session, bytes, BLOCK, *self->clock), ==, BLOCK);
      ibb_session_close (session, *self->clock);
      ibb_session_close (session, *self->clock); /* no more is read */
      resume_peer_restore (self, OWN);
      resume = resume_peer_take_resume (self, 1, BLOCK);
      resume_peer_answer (self, resume, 0, FALSE);
      answer = driver_take_served (self);
      g_assert_cmpstr (answer->id, ==, id);
      g_assert_cmpint (answer->payload, ==, n == 0 ? IBB_PAYLOAD_RESULT : IBB_PAYLOAD_ERROR);
      resume_peer_abort (self, session);
    }
}

/* The peer is refused again what was refused before (D-51): the refusal, or the whole end, did not
 * reach it. */
static void
assert_refuses_again (Driver *self, IBBSession *session, guint32 count)
{
  g_autoptr (IBBStanza) resume = NULL;

  resume_peer_lose (self, session);
  resume_peer_restore (self, OWN);
  resume = resume_peer_take_resume (self, count, 0);
  g_assert_cmpuint (resume->acknowledged, ==, 0);
  resume_peer_answer (self, resume, 0, FALSE);
  ibb_stanza_record_unref (resume_peer_take (self, "close"));
  resume_peer_assert_refuses (self, resume_peer_new_block ("b0", 0, BLOCK),
                              IBB_CONDITION_ITEM_NOT_FOUND);
}

static void
test_refusal_lost (Driver *self, IBBSession *session)
{
  ibb_engine_get_settings (self->engine)->receive_buffer_size = 0;
  g_assert_true (driver_receive (self, resume_peer_new_block ("b0", 0, BLOCK)));
  ibb_session_close (session, *self->clock);
  ibb_stanza_record_unref (resume_peer_take (self, "error"));
  ibb_stanza_record_unref (resume_peer_take (self, "close"));
  assert_refuses_again (self, session, 1);
  assert_refuses_again (self, session, 2);
}

/* The application closes during one interruption, and its answer is lost in the next. */
static void
test_refusal_lost_later (Driver *self, IBBSession *session)
{
  g_autoptr (IBBStanza) resume = NULL;

  ibb_engine_get_settings (self->engine)->receive_buffer_size = 0;
  g_assert_true (driver_receive (self, resume_peer_new_block ("b0", 0, BLOCK)));
  resume_peer_lose (self, session);
  ibb_session_close (session, *self->clock);
  resume_peer_restore (self, OWN);
  resume = resume_peer_take_resume (self, 1, BLOCK);
  resume_peer_answer (self, resume, 0, FALSE);
  ibb_stanza_record_unref (resume_peer_take (self, "error"));
  ibb_stanza_record_unref (resume_peer_take (self, "close"));
  assert_refuses_again (self, session, 2);
}

/* A close whose answer never comes is an orderly end, of which the peer may still ask. */
static void
test_refusal_remembered (Driver *self, IBBSession *session)
{
  g_autoptr (IBBStanza) answer = NULL;
  g_autoptr (IBBStanza) refusal = NULL;

  ibb_engine_get_settings (self->engine)->receive_buffer_size = 0;
  ibb_engine_get_settings (self->engine)->resume_timeout = 5000;
  ibb_session_shutdown_output (session, *self->clock);
  ibb_stanza_record_unref (resume_peer_take (self, "close"));
  g_assert_true (driver_receive (self, resume_peer_new_block ("b0", 0, BLOCK)));
  resume_peer_lose (self, session);
  resume_peer_restore (self, OWN);
  ibb_stanza_record_unref (resume_peer_take_resume (self, 1, BLOCK));
  ibb_session_close (session, *self->clock);
  driver_advance (self, 5000);
  resume_peer_assert_ended (session, IBB_FAILURE_NONE);
  refusal = resume_peer_take (self, "error");
  g_assert_cmpstr (refusal->id, ==, "b0");
  answer = resume_peer_ask (self, resume_peer_new (PEER, 1, 0, 0), IBB_PAYLOAD_RESULT);
  g_assert_true (answer->has_ended);
  g_assert_cmpuint (answer->received + answer->acknowledged, ==, 0);
}

/* A close that was lost is sent again; the end of the peer is an answer to it. */
static void
test_close (Driver *self)
{
  for (guint way = 0; way < 4; way++)
    {
      g_autoptr (IBBSession) session = resume_peer_accept (self);
      g_autoptr (IBBStanza)  close = NULL;
      g_autoptr (IBBStanza)  resume = NULL;
      g_autoptr (IBBStanza)  again = NULL;

      if (way < 2)
        ibb_session_close (session, *self->clock);
      else
        ibb_session_shutdown_output (session, *self->clock);
      close = resume_peer_take (self, "close");
      resume = resume_peer_interrupt (self, session);
      if (way == 0 || way == 3)
        resume_peer_answer_error (self, resume, IBB_CONDITION_ITEM_NOT_FOUND);
      else if (way == 1)
        {
          resume_peer_answer (self, resume, 0, FALSE);
          again = resume_peer_take (self, "close");
          g_assert_cmpstr (again->id, ==, close->id);
          g_assert_true (driver_answer (self, again));
        }
      else
        resume_peer_answer (self, resume, 0, TRUE);
      /* Half of an answer must not look whole (D-37). */
      resume_peer_assert_ended (session,
                                way == 3 ? IBB_FAILURE_CLOSE_UNCONFIRMED : IBB_FAILURE_NONE);
      if (way >= 2)
        g_assert_cmpint (ibb_session_get_input (session), ==,
                         way == 3 ? IBB_INPUT_FAILED : IBB_INPUT_EOF);
    }
}

/* The peer has ended, and its result was lost with its connection, of which we do not know. */
static void
test_result_lost (Driver *self)
{
  for (guint n = 0; n < 2; n++)
    {
      g_autoptr (IBBSession) session = resume_peer_accept (self);
      g_autoptr (IBBStanza)  close = NULL;
      g_autoptr (IBBStanza)  resume = NULL;

      ibb_session_shutdown_output (session, *self->clock);
      close = resume_peer_take (self, "close");
      resume_peer_answer_error (self, close, IBB_CONDITION_ITEM_NOT_FOUND);
      g_assert_true (ibb_session_is_interrupted (session));
      driver_advance (self, 0);
      resume = resume_peer_take_resume (self, 1, 0);
      if (n == 0)
        resume_peer_answer (self, resume, 0, TRUE);
      else
        resume_peer_answer_error (self, resume, IBB_CONDITION_ITEM_NOT_FOUND);
      g_assert_cmpint (ibb_session_get_input (session), ==,
                       n == 0 ? IBB_INPUT_EOF : IBB_INPUT_FAILED);
      resume_peer_assert_ended (session, n == 0 ? IBB_FAILURE_NONE : IBB_FAILURE_CLOSE_UNCONFIRMED);
    }
}

/* What it has not received is lost, and somebody who only reads learns of that (D-38). */
static void
test_peer_ended_early (Driver *self, IBBSession *session)
{
  g_autoptr (IBBStanza) resume = NULL;

  ibb_stanza_record_unref (resume_peer_write (self, session, 1));
  resume = resume_peer_interrupt (self, session);
  resume_peer_answer (self, resume, 0, TRUE);
  resume_peer_assert_ended (session, IBB_FAILURE_PEER_CLOSED);
  g_assert_cmpint (ibb_session_get_input_failure (session)->kind, ==, IBB_FAILURE_PEER_CLOSED);
}

/* The result for our close has come through after all; a refusal tells nothing. */
static void
test_result_late (Driver *self, IBBSession *session)
{
  g_autoptr (IBBStanza) close = NULL;

  ibb_session_shutdown_output (session, *self->clock);
  close = resume_peer_take (self, "close");
  ibb_stanza_record_unref (resume_peer_interrupt (self, session));
  resume_peer_answer_error (self, close, IBB_CONDITION_SERVICE_UNAVAILABLE);
  g_assert_true (ibb_session_is_interrupted (session));
  g_assert_true (driver_answer (self, close));
  resume_peer_assert_ended (session, IBB_FAILURE_NONE);
  g_assert_cmpint (ibb_session_get_input (session), ==, IBB_INPUT_EOF);
}

/* An abort tells a peer that has closed of it before its close is refused: it need not ask. */
static void
test_abort_owed (Driver *self, IBBSession *session)
{
  owe_answer_to_reader (self);
  resume_peer_assert_nothing (self);
  ibb_session_abort (session, *self->clock);
  assert_told_unclean (self);
  ibb_stanza_record_unref (take_owed (self, "error"));
  resume_peer_assert_nothing (self);
}

/* The end of the lingering tells the peer, too. */
static void
test_linger_owed (Driver *self, IBBSession *session)
{
  g_autoptr (IBBStanza) first = resume_peer_write (self, session, 1);

  owe_answer (self);
  driver_advance (self, 3999);
  resume_peer_assert_nothing (self);
  driver_advance (self, 1);
  assert_told_unclean (self);
  ibb_stanza_record_unref (take_owed (self, "error"));
}

static void
test_aborted_owed (Driver *self, IBBSession *session)
{
  g_autoptr (IBBStanza) close = NULL;
  IBBStanza            *unclean = driver_new_request (IBB_PAYLOAD_CLOSE, PEER, OWN, "abort", SID);

  ibb_session_shutdown_output (session, *self->clock);
  close = resume_peer_take (self, "close");
  unclean->unclean = TRUE;
  resume_peer_assert_agrees (self, unclean);
  resume_peer_assert_ended (session, IBB_FAILURE_PEER_ABORTED);
}

/* An orderly close comes again, and an abort is the end at once. */
static void
test_aborted_meanwhile (Driver *self, IBBSession *session)
{
  IBBStanza *unclean = driver_new_request (IBB_PAYLOAD_CLOSE, PEER, OWN, "abort", SID);

  ibb_stanza_record_unref (resume_peer_interrupt (self, session));
  g_assert_true (
      driver_receive (self, driver_new_request (IBB_PAYLOAD_CLOSE, PEER, OWN, "close", SID)));
  resume_peer_assert_nothing (self);
  g_assert_true (ibb_session_is_interrupted (session));
  unclean->unclean = TRUE;
  resume_peer_assert_agrees (self, unclean);
  resume_peer_assert_ended (session, IBB_FAILURE_PEER_ABORTED);
}

/* The peer has not got the answer to its close, and asks from its next login. */
static void
test_finished (Driver *self, IBBSession *session)
{
  g_autoptr (IBBStanza) answer = NULL;
  IBBStatement          statement = { IBB_PROOF_ENDED, FALSE, SID, 7, 1, 1 };

  resume_peer_assert_agrees (self, resume_peer_new_block ("b0", 0, 1));
  resume_peer_assert_agrees (self, driver_new_request (IBB_PAYLOAD_CLOSE, PEER, OWN, "close", SID));
  g_assert_cmpint (ibb_session_get_state (session), ==, IBB_SESSION_ENDED);
  answer = resume_peer_ask (self, resume_peer_new (PEER_AGAIN, 7, 0, 0), IBB_PAYLOAD_RESULT);
  g_assert_true (answer->has_ended);
  g_assert_cmpuint (answer->received, ==, 1);
  g_assert_cmpuint (answer->acknowledged, ==, 1);
  g_assert_true (ibb_proof_matches (answer->proof, SECRET, &statement));
  resume_peer_assert_refuses (self, resume_peer_new (STRANGER, 8, 0, 0),
                              IBB_CONDITION_ITEM_NOT_FOUND);
}

/* D-26: a block that waits for its retry is sent again at once. */
static void
test_retry_before (Driver *self, IBBSession *session)
{
  g_autoptr (IBBStanza) first = resume_peer_write (self, session, 1);
  g_autoptr (IBBStanza) resume = NULL;

  driver_answer_error (self, first, IBB_CONDITION_RECIPIENT_UNAVAILABLE, IBB_ERROR_TYPE_WAIT);
  resume = resume_peer_interrupt (self, session);
  resume_peer_answer (self, resume, 0, FALSE);
  ibb_stanza_record_unref (resume_peer_take_block (self, 0));
}

/* D-37: an interruption as long as all the time for the answer to a close leaves ten seconds,
 * whatever comes meanwhile. */
static void
test_close_after_outage (Driver *self, IBBSession *session)
{
  g_autoptr (IBBStanza) resume = NULL;

  ibb_session_close (session, *self->clock);
  ibb_stanza_record_unref (resume_peer_take (self, "close"));
  resume_peer_lose (self, session);
  driver_advance (self, 100000);
  resume_peer_restore (self, OWN);
  resume = resume_peer_take_resume (self, 1, 0);
  resume_peer_answer (self, resume, 0, FALSE);
  ibb_stanza_record_unref (resume_peer_take (self, "close"));
  driver_advance (self, 5000);
  resume_peer_assert_refuses (self, resume_peer_new_block ("b0", 0, 1),
                              IBB_CONDITION_ITEM_NOT_FOUND);
  driver_advance (self, 4999);
  g_assert_cmpint (ibb_session_get_state (session), ==, IBB_SESSION_OPEN);
  driver_advance (self, 1);
  resume_peer_assert_ended (session, IBB_FAILURE_NONE);
}

/* An interruption that lasts too long is an end of the close, which loses nothing. */
static void
test_close_given_up (Driver *self, IBBSession *session)
{
  ibb_engine_get_settings (self->engine)->resume_timeout = 5000;
  ibb_session_close (session, *self->clock);
  ibb_stanza_record_unref (resume_peer_take (self, "close"));
  resume_peer_lose (self, session);
  driver_advance (self, 5000);
  resume_peer_assert_ended (session, IBB_FAILURE_NONE);
}

/* N-20: the peer's close waited for our bytes when it was interrupted, and the peer has none
 * to wait for any more. */
static void
test_owed (Driver *self)
{
  for (guint n = 0; n < 2; n++)
    {
      g_autoptr (IBBSession) session = resume_peer_accept (self);
      g_autoptr (IBBStanza)  block = resume_peer_write (self, session, 1);
      g_autoptr (IBBStanza)  resume = NULL;

      owe_answer (self);
      resume_peer_assert_nothing (self);
      resume = resume_peer_interrupt (self, session);
      if (n == 0)
        resume_peer_answer (self, resume, 0, TRUE);
      else
        resume_peer_answer_error (self, resume, IBB_CONDITION_ITEM_NOT_FOUND);
      g_assert_cmpint (ibb_session_get_state (session), ==, IBB_SESSION_ENDED);
      ibb_stanza_record_unref (take_owed (self, "error"));
      resume_peer_assert_nothing (self);
    }
}

/* We have moved ourselves. A result in the name of the former address would not leave our server.
 */
static void
test_own_move_owed (Driver *self, IBBSession *session)
{
  g_autoptr (IBBStanza) first = resume_peer_write (self, session, 1);
  g_autoptr (IBBStanza) again = NULL;
  g_autoptr (IBBStanza) resume = NULL;
  g_autoptr (IBBStanza) answer = NULL;

  owe_answer (self);
  resume_peer_lose (self, session);
  driver_advance (self, 5000); /* D-38: the peer has its time again */
  resume_peer_restore (self, OWN_AGAIN);
  resume = resume_peer_take_resume (self, 1, 0);
  resume_peer_answer (self, resume, 0, FALSE);
  again = resume_peer_take_block (self, 0);
  driver_advance (self, 3999);
  g_assert_true (driver_answer (self, again));
  answer = take_owed (self, "result");
  g_assert_cmpstr (answer->to, ==, PEER);
  g_assert_null (answer->from); /* the server adds the present one */
  resume_peer_assert_ended (session, IBB_FAILURE_NONE);
}

/* A block that waited for its turn goes to the present address, too. */
static void
test_moved_unsent (Driver *self, IBBSession *session)
{
  g_autoptr (IBBStanza) block = NULL;

  driver_write (self, session, 1);
  resume_peer_assert_agrees (self, resume_peer_new (PEER_AGAIN, 1, 0, 0));
  block = resume_peer_take_block (self, 0);
  g_assert_cmpstr (block->to, ==, PEER_AGAIN);
}

static void
test_moved_awaited (Driver *self, IBBSession *session)
{
  g_autoptr (IBBStanza) close = NULL;
  g_autoptr (IBBStanza) again = NULL;

  ibb_session_close (session, *self->clock);
  close = resume_peer_take (self, "close");
  resume_peer_assert_agrees (self, resume_peer_new (PEER_AGAIN, 1, 0, 0));
  again = resume_peer_take (self, "close");
  g_assert_cmpstr (again->to, ==, PEER_AGAIN);
  g_assert_true (driver_answer (self, again));
  resume_peer_assert_ended (session, IBB_FAILURE_NONE);
}

/* D-27: a peer that was gone, and has come back, is asked with a new question. */
static void
test_comes_back (Driver *self, IBBSession *session)
{
  g_autoptr (IBBStanza) probe = NULL;
  g_autoptr (IBBStanza) query = NULL;
  g_autoptr (IBBStanza) resume = NULL;
  g_autoptr (IBBStanza) again = NULL;

  self->leave_disco = TRUE;
  driver_advance (self, 60000);
  probe = resume_peer_take (self, "close");
  resume_peer_answer_error (self, probe, IBB_CONDITION_GONE);
  query = resume_peer_take (self, "query"); /* a client may not have understood */
  resume_peer_answer_error (self, query, IBB_CONDITION_GONE);
  g_assert_true (ibb_session_is_interrupted (session));
  driver_advance (self, 0);
  resume = resume_peer_take_resume (self, 1, 0);
  resume_peer_answer (self, resume, 0, FALSE);
  driver_advance (self, 59999);
  resume_peer_assert_nothing (self);
  driver_advance (self, 1);
  again = resume_peer_take (self, "close");
  g_assert_cmpstr (again->id, !=, query->id);
}

/* A peer that is gone ends its other sessions. One that is interrupted goes on waiting. */
static void
test_peer_gone (Driver *self, IBBSession *session)
{
  IBBSession           *plain = resume_peer_accept_from (self, PEER, OWN, "plain", FALSE);
  g_autoptr (IBBStanza) block = resume_peer_write (self, session, 1);

  ibb_stanza_record_unref (resume_peer_write (self, plain, 1));
  self->leave_disco = TRUE;
  resume_peer_answer_error (self, block, IBB_CONDITION_SERVICE_UNAVAILABLE);
  for (guint i = 0; i < 120 && ibb_session_get_state (plain) == IBB_SESSION_OPEN; i++)
    {
      IBBStanza *stanza;

      while ((stanza = driver_take_served (self)) != NULL)
        {
          if (stanza->payload == IBB_PAYLOAD_DISCO_QUERY || driver_is_probe (stanza))
            resume_peer_answer_error (self, stanza, IBB_CONDITION_GONE);
          ibb_stanza_record_unref (stanza);
        }
      driver_advance (self, 1000);
    }
  resume_peer_assert_ended (plain, IBB_FAILURE_PEER_GONE);
  g_assert_cmpint (ibb_session_get_state (session), ==, IBB_SESSION_OPEN);
  g_assert_true (ibb_session_is_interrupted (session));
  ibb_session_unref (plain);
}

/* The time before an interruption counts as well, in which the XML stream might have been resumed:
 * one time bounds the whole wait. */
static void
test_suspended (Driver *self, IBBSession *session)
{
  ibb_engine_get_settings (self->engine)->resume_timeout = 5000;
  ibb_engine_suspend (self->engine, *self->clock);
  driver_advance (self, 3000);
  resume_peer_lose (self, session);
  driver_advance (self, 1000);
  resume_peer_restore (self, OWN);
  ibb_stanza_record_unref (resume_peer_take_resume (self, 1, 0));
  driver_advance (self, 999);
  g_assert_true (ibb_session_is_interrupted (session));
  driver_advance (self, 1);
  resume_peer_assert_ended (session, IBB_FAILURE_CONNECTION_LOST);
}

/* The same in the other order: the XML stream breaks while the session waits for its peer. */
static void
test_interrupted_then_suspended (Driver *self, IBBSession *session)
{
  g_autoptr (IBBStanza) first = resume_peer_write (self, session, 1);

  ibb_engine_get_settings (self->engine)->resume_timeout = 5000;
  resume_peer_answer_error (self, first, IBB_CONDITION_SERVICE_UNAVAILABLE);
  driver_advance (self, 0);
  ibb_stanza_record_unref (resume_peer_take_resume (self, 1, 0));
  driver_advance (self, 2000);
  ibb_engine_suspend (self->engine, *self->clock);
  driver_advance (self, 2000);
  ibb_engine_resume (self->engine, *self->clock);
  driver_advance (self, 999);
  g_assert_true (ibb_session_is_interrupted (session));
  driver_advance (self, 1);
  resume_peer_assert_ended (session, IBB_FAILURE_CONDITION);
}

int
main (int argc, char **argv)
{
  static const ResumePeerTest tests[] = {
    { "result-late", test_result_late },
    { "D-51/refusal-lost", test_refusal_lost },
    { "D-51/refusal-lost-later", test_refusal_lost_later },
    { "D-51/refusal-remembered", test_refusal_remembered },
    { "D-27/comes-back", test_comes_back },
    { "peer-gone", test_peer_gone },
    { "peer-ended-early", test_peer_ended_early },
    { "abort-owed", test_abort_owed },
    { "linger-owed", test_linger_owed },
    { "aborted-owed", test_aborted_owed },
    { "aborted-meanwhile", test_aborted_meanwhile },
    { "finished", test_finished },
    { "D-26/retry-before", test_retry_before },
    { "close-after-outage", test_close_after_outage },
    { "suspended", test_suspended },
    { "interrupted-then-suspended", test_interrupted_then_suspended },
    { "close-given-up", test_close_given_up },
    { "own-move-owed", test_own_move_owed },
    { "moved-awaited", test_moved_awaited },
    { "moved-unsent", test_moved_unsent },
  };

  g_test_init (&argc, &argv, NULL);
  resume_peer_add (tests, G_N_ELEMENTS (tests));
  resume_peer_add_bare ("read-then-closed", test_read_then_closed);
  resume_peer_add_bare ("close", test_close);
  resume_peer_add_bare ("result-lost", test_result_lost);
  resume_peer_add_bare ("owed", test_owed);
  return g_test_run ();
}
