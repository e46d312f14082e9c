/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* D-58: sessions that are interrupted, and go on. The test is the peer. */

#include "config.h"

#include "resume-peer.h"

#include "inside.h"

#include "core/base/proof.h"

static void
test_goes_on (Driver *self, IBBSession *session)
{
  g_autoptr (IBBStanza) first = resume_peer_write (self, session, 2 * BLOCK);
  g_autoptr (IBBStanza) resume = NULL;
  g_autoptr (IBBStanza) again = NULL;
  g_autoptr (IBBStanza) second = NULL;
  gint64                window;

  inside_set (self->engine, NULL, "window", 1000000, *self->clock);
  resume_peer_lose (self, session);
  g_assert_true (inside_get (self->engine, NULL, "window", &window));
  g_assert_cmpint (window, <, 1000000); /* the path may be another one */
  driver_write (self, session, 1);
  resume_peer_restore (self, OWN);
  resume = resume_peer_take_resume (self, 1, 0);
  resume_peer_assert_nothing (self);

  /* The block had not arrived: it comes again, with its number and its id. */
  resume_peer_answer (self, resume, 0, FALSE);
  g_assert_false (ibb_session_is_interrupted (session));
  g_assert_true (resume_peer_take_change (self, session));
  again = resume_peer_take_block (self, 0);
  g_assert_cmpstr (again->id, ==, first->id);
  resume_peer_assert_nothing (self); /* no block was acknowledged before (D-29) */
  g_assert_true (driver_answer (self, again));
  second = resume_peer_take_block (self, 1);
}

static void
test_had_arrived (Driver *self, IBBSession *session)
{
  g_autoptr (IBBStanza) first = resume_peer_write (self, session, 3 * BLOCK);
  g_autoptr (IBBStanza) resume = resume_peer_interrupt (self, session);
  g_autoptr (IBBStanza) second = NULL;
  g_autoptr (IBBStanza) third = NULL;

  resume_peer_answer (self, resume, BLOCK, FALSE);
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, BLOCK);
  second = resume_peer_take_block (self, 1);
  third = resume_peer_take_block (self, 2); /* D-29: as after an acknowledgement */
}

/* The same for a block that has been sent twice (D-27). */
static void
test_had_arrived_repeated (Driver *self, IBBSession *session)
{
  g_autoptr (IBBStanza) first = resume_peer_write (self, session, BLOCK);
  g_autoptr (IBBStanza) probe = NULL;

  driver_advance (self, 60000);
  probe = resume_peer_take (self, "close");
  resume_peer_answer_error (self, probe, IBB_CONDITION_ITEM_NOT_FOUND);
  ibb_stanza_record_unref (resume_peer_take_block (self, 0));
  resume_peer_assert_agrees (self, resume_peer_new (PEER, 1, BLOCK, BLOCK));
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, BLOCK);
}

/* The peer has lost its connection first, and comes from another resource. */
static void
test_peer_first (Driver *self, IBBSession *session)
{
  g_autoptr (IBBStanza) first = resume_peer_write (self, session, 1);
  g_autoptr (IBBStanza) answer = NULL;
  g_autoptr (IBBStanza) again = NULL;

  answer = resume_peer_ask (self, resume_peer_new (PEER_AGAIN, 1, 0, 0), IBB_PAYLOAD_RESULT);
  g_assert_cmpstr (answer->to, ==, PEER_AGAIN);
  g_assert_cmpstr (ibb_session_get_peer (session), ==, PEER_AGAIN);
  again = resume_peer_take_block (self, 0);
  g_assert_cmpstr (again->to, ==, PEER_AGAIN);
  g_assert_true (driver_answer (self, again));
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, 1);
}

/* Nobody is there: the engine asks again, less and less often. */
static void
test_waits (Driver *self, IBBSession *session)
{
  static const guint waits[] = { 2, 4, 8, 16, 32, 60, 60 };

  g_autoptr (IBBStanza) first = resume_peer_write (self, session, 1);
  guint32               count = 0;

  resume_peer_answer_error (self, first, IBB_CONDITION_SERVICE_UNAVAILABLE);
  g_assert_true (ibb_session_is_interrupted (session));
  g_assert_false (ibb_engine_needs_stream (self->engine));
  driver_advance (self, 0);
  for (guint i = 0; i < G_N_ELEMENTS (waits); i++)
    {
      g_autoptr (IBBStanza) resume = resume_peer_take_resume (self, ++count, 0);

      resume_peer_answer_error (self, resume, IBB_CONDITION_SERVICE_UNAVAILABLE);
      g_assert_false (driver_answer (self, resume)); /* the first answer counts */
      driver_advance (self, waits[i] * 1000 - 1);
      resume_peer_assert_nothing (self);
      driver_advance (self, 1);
    }
}

static void
test_timeout (Driver *self, IBBSession *session)
{
  char byte;

  ibb_engine_get_settings (self->engine)->resume_timeout = 5000;
  resume_peer_lose (self, session);
  driver_advance (self, 4999);
  g_assert_cmpint (ibb_session_get_input (session), ==, IBB_INPUT_EMPTY);
  driver_advance (self, 1);
  resume_peer_assert_ended (session, IBB_FAILURE_CONNECTION_LOST);
  g_assert_cmpuint (ibb_session_read (session, (guint8 *) &byte, 1, *self->clock), ==, 0);
}

/* A changed timeout holds for an interruption that has begun, from its beginning. */
static void
test_other_timeout (Driver *self, IBBSession *session)
{
  resume_peer_lose (self, session);
  driver_advance (self, 3000);
  ibb_engine_get_settings (self->engine)->resume_timeout = 5000;
  ibb_engine_settings_changed (self->engine, *self->clock);
  driver_advance (self, 1999);
  g_assert_true (ibb_session_is_interrupted (session));
  driver_advance (self, 1);
  resume_peer_assert_ended (session, IBB_FAILURE_CONNECTION_LOST);
}

static void
drop_blocks (Driver *self)
{
  IBBStanza *stanza;

  while ((stanza = driver_take_served (self)) != NULL)
    ibb_stanza_record_unref (stanza);
}

/* Interruptions without a byte between them last no longer than one. */
static void
test_no_progress (Driver *self, IBBSession *session)
{
  g_autoptr (IBBStanza) first = resume_peer_write (self, session, 1);

  ibb_engine_get_settings (self->engine)->resume_timeout = 5000;
  for (guint32 i = 1; i <= 4; i++)
    {
      g_autoptr (IBBStanza) resume = NULL;

      resume_peer_lose (self, session);
      driver_advance (self, 1000);
      resume_peer_restore (self, OWN);
      resume = resume_peer_take_resume (self, i, 0);
      resume_peer_answer (self, resume, 0, FALSE);
      g_assert_false (ibb_session_is_interrupted (session));
      drop_blocks (self);
    }
  resume_peer_lose (self, session);
  driver_advance (self, 1000);
  resume_peer_assert_ended (session, IBB_FAILURE_CONNECTION_LOST);
}

/* The same for blocks that the peer has, and its reader has not read. */
static void
test_slow_reader (Driver *self, IBBSession *session)
{
  g_autoptr (IBBStanza) first = resume_peer_write (self, session, 1);

  ibb_engine_get_settings (self->engine)->resume_timeout = 5000;
  for (guint32 i = 1; i <= 4; i++)
    {
      driver_advance (self, 4000);
      resume_peer_assert_agrees (self, resume_peer_new (PEER, i, 1, 0));
    }
  g_assert_true (driver_answer (self, first));
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, 1);
}

/* Bytes that have moved meanwhile give the next interruption all of its time. */
static void
test_progress (Driver *self, IBBSession *session)
{
  g_autoptr (IBBStanza) first = resume_peer_write (self, session, 1); /* never arrives */

  ibb_engine_get_settings (self->engine)->resume_timeout = 5000;
  for (guint32 i = 1; i <= 3; i++)
    {
      g_autoptr (IBBStanza) resume = NULL;
      g_autofree char      *id = g_strdup_printf ("b%u", i);

      resume_peer_lose (self, session);
      driver_advance (self, 4000);
      resume_peer_restore (self, OWN);
      resume = resume_peer_take_resume (self, i, i - 1);
      resume_peer_answer (self, resume, 0, FALSE);
      drop_blocks (self);
      resume_peer_assert_agrees (self, resume_peer_new_block (id, i - 1, 1));
    }
  g_assert_false (ibb_session_is_interrupted (session));
}

/* A <resume/> that the connection refuses is sent again soon. */
static void
test_not_sent (Driver *self, IBBSession *session)
{
  g_autoptr (IBBStanza) resume = resume_peer_interrupt (self, session);

  ibb_engine_send_failed (self->engine, resume, *self->clock);
  driver_advance (self, 1999);
  resume_peer_assert_nothing (self);
  driver_advance (self, 1);
  ibb_stanza_record_unref (resume_peer_take_resume (self, 2, 0));
}

/* Both ends ask. The answer that crosses ours is too late. */
static void
test_crossing (Driver *self, IBBSession *session)
{
  g_autoptr (IBBStanza) first = resume_peer_write (self, session, 1);
  g_autoptr (IBBStanza) resume = resume_peer_interrupt (self, session);
  g_autoptr (IBBStanza) again = NULL;

  resume_peer_assert_agrees (self, resume_peer_new (PEER, 1, 0, 0));
  again = resume_peer_take_block (self, 0);
  g_assert_false (driver_answer (self, resume));
  resume_peer_assert_nothing (self);
  g_assert_true (driver_answer (self, again));
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, 1);
}

/* A block that comes before the session goes on is ignored: it will come again. */
static void
test_block_meanwhile (Driver *self, IBBSession *session)
{
  g_autoptr (IBBStanza) resume = resume_peer_interrupt (self, session);

  g_assert_true (driver_receive (self, resume_peer_new_block ("b0", 0, 1)));
  resume_peer_assert_nothing (self);
  g_assert_cmpuint (ibb_session_get_received (session), ==, 0);

  resume_peer_answer (self, resume, 0, FALSE);
  g_assert_true (driver_receive (self, resume_peer_new_block ("b0", 0, 1)));
  g_assert_cmpuint (ibb_session_get_received (session), ==, 1);
}

/* A reader that is slow goes on being slow: what waits for it is not acknowledged. */
static void
test_delayed (Driver *self, IBBSession *session)
{
  g_autoptr (IBBStanza) resume = NULL;
  g_autoptr (IBBStanza) result = NULL;
  guint8                bytes[BLOCK];

  ibb_engine_get_settings (self->engine)->receive_buffer_size = 1;
  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *id = g_strdup_printf ("b%u", i);

      g_assert_true (driver_receive (self, resume_peer_new_block (id, i, BLOCK)));
    }
  resume_peer_assert_nothing (self);
  resume_peer_lose (self, session);
  resume_peer_restore (self, OWN_AGAIN);
  resume = resume_peer_take_resume (self, 1, 2 * BLOCK);
  g_assert_cmpuint (resume->acknowledged, ==, 0);
  resume_peer_answer (self, resume, 0, FALSE);
  resume_peer_assert_nothing (self);
  g_assert_cmpuint (ibb_session_read (session, bytes, BLOCK, *self->clock), ==, BLOCK);
  result = driver_take_served (self);
  g_assert_cmpstr (result->id, ==, "b0");
  g_assert_cmpstr (ibb_session_get_local (session), ==, OWN_AGAIN);
}

/* The peer knows nothing of it any more. */
static void
test_forgotten (Driver *self, IBBSession *session)
{
  g_autoptr (IBBStanza) resume = resume_peer_interrupt (self, session);

  resume_peer_answer_error (self, resume, IBB_CONDITION_ITEM_NOT_FOUND);
  resume_peer_assert_ended (session, IBB_FAILURE_CONNECTION_LOST);
  g_assert_cmpint (ibb_session_get_input (session), ==, IBB_INPUT_FAILED);
}

/* A login with another account ends the session. The end of another one is not told in its name. */
static void
test_account (Driver *self, IBBSession *session)
{
  g_autoptr (IBBSession) aborted = resume_peer_accept_from (self, PEER, OWN, "aborted", TRUE);

  resume_peer_lose (self, session);
  ibb_session_abort (aborted, *self->clock);
  resume_peer_restore (self, "tybalt@capulet.example/balcony");
  resume_peer_assert_ended (session, IBB_FAILURE_CONNECTION_LOST);
  resume_peer_assert_nothing (self);
}

/* A login with the same account tells it, whatever the resource: the proof says which session it
 * is. So does a session whose time is over. */
static void
test_aborted (Driver *self)
{
  for (guint n = 0; n < 2; n++)
    {
      g_autoptr (IBBSession) session = resume_peer_accept (self);
      g_autoptr (IBBStanza)  unclean = NULL;
      IBBStatement           statement = { IBB_PROOF_UNCLEAN, FALSE, SID, 0, 0, 0 };

      ibb_engine_get_settings (self->engine)->resume_timeout = 5000;
      resume_peer_lose (self, session);
      if (n == 0)
        ibb_session_abort (session, *self->clock);
      else
        driver_advance (self, 5000);
      resume_peer_restore (self, OWN_AGAIN);
      unclean = resume_peer_take (self, "resume");
      g_assert_true (unclean->unclean && unclean->has_position);
      g_assert_cmpuint (unclean->count + unclean->received + unclean->acknowledged, ==, 0);
      g_assert_true (ibb_proof_matches (unclean->proof, SECRET, &statement));
      resume_peer_assert_nothing (self);
      resume_peer_restore (self, OWN);
    }
}

/* Bytes that are written during the interruption have the room of the send buffer. */
static void
test_buffer (Driver *self, IBBSession *session)
{
  ibb_engine_get_settings (self->engine)->send_buffer_size = 1000;
  resume_peer_lose (self, session);
  driver_write (self, session, 1000);
  g_assert_cmpint (ibb_session_get_output (session), ==, IBB_OUTPUT_FULL);
  driver_clear (self);
  resume_peer_assert_ended (session, IBB_FAILURE_CONNECTION_LOST);
}

/* A peer that has not agreed gets no <resume/>, and the session ends with the connection. */
static void
test_not_agreed (Driver *self)
{
  IBBOpen                open = { .peer = PEER, .sid = SID };
  IBBFailure             failure = IBB_FAILURE_INIT;
  g_autoptr (IBBSession) session = NULL;
  g_autoptr (IBBStanza)  stanza = NULL;
  g_autoptr (IBBSession) message = NULL;
  g_autoptr (IBBStanza)  other = NULL;

  g_assert_false (ibb_engine_needs_stream (self->engine));
  session = ibb_engine_open (self->engine, &open, *self->clock, &failure);
  g_assert_true (ibb_engine_needs_stream (self->engine));
  stanza = driver_take_served (self);
  g_assert_true (ibb_stanza_parse_secret (stanza->secret));
  g_assert_true (driver_answer (self, stanza));
  g_assert_true (ibb_engine_needs_stream (self->engine));

  open.sid = "messages";
  open.by_message = TRUE;
  message = ibb_engine_open (self->engine, &open, *self->clock, &failure);
  other = driver_take_served (self);
  g_assert_null (other->secret);

  ibb_engine_lost (self->engine);
  resume_peer_assert_ended (session, IBB_FAILURE_CONNECTION_LOST);
  g_assert_false (ibb_engine_needs_stream (self->engine));
}

/* D-59: the sessions of each address of a domain go on with it, and with no other domain. */
static void
test_domain (Driver *self)
{
  IBBSession           *a, *b;
  g_autoptr (IBBStanza) first = NULL;
  g_autoptr (IBBStanza) second = NULL;

  ibb_engine_set_local_jid (self->engine, "bots.example");
  a = resume_peer_accept_from (self, PEER, "a@bots.example", SID, TRUE);
  b = resume_peer_accept_from (self, PEER, "b@bots.example", SID, TRUE);

  resume_peer_lose (self, a);
  resume_peer_restore (self, "bots.example");
  first = resume_peer_take_resume (self, 1, 0);
  second = resume_peer_take_resume (self, 1, 0);
  g_assert_cmpstr (first->from, !=, second->from);
  resume_peer_answer (self, first, 0, FALSE);
  resume_peer_answer (self, second, 0, FALSE);
  g_assert_false (ibb_session_is_interrupted (a));
  g_assert_false (ibb_session_is_interrupted (b));

  resume_peer_lose (self, a);
  resume_peer_restore (self, "gods.example");
  resume_peer_assert_ended (a, IBB_FAILURE_CONNECTION_LOST);
  resume_peer_assert_ended (b, IBB_FAILURE_CONNECTION_LOST);
  resume_peer_assert_nothing (self);
  ibb_session_unref (a);
  ibb_session_unref (b);
}

/* The connection is there before its address is. */
static void
test_address_later (Driver *self)
{
  Driver                nobody;
  IBBSession           *session;
  g_autoptr (IBBStanza) resume = NULL;

  driver_init (&nobody, NULL, NULL, (Random){ 42 });
  ibb_engine_get_settings (nobody.engine)->resume_sessions = TRUE;
  session = resume_peer_accept (&nobody);
  ibb_engine_lost (nobody.engine);
  ibb_engine_restored (nobody.engine);
  driver_advance (&nobody, 0);
  resume_peer_assert_nothing (&nobody);
  g_assert_true (ibb_session_is_interrupted (session));
  ibb_engine_set_local_jid (nobody.engine, OWN);
  driver_advance (&nobody, 0);
  resume = resume_peer_take_resume (&nobody, 1, 0);
  resume_peer_answer (&nobody, resume, 0, FALSE);
  g_assert_false (ibb_session_is_interrupted (session));
  ibb_session_unref (session);
  driver_clear (&nobody);
}

/* A session that was not interrupted does not follow a new address. */
static void
test_not_interrupted (Driver *self, IBBSession *session)
{
  g_assert_false (ibb_engine_needs_stream (self->engine));
  ibb_engine_set_local_jid (self->engine, OWN_AGAIN);
  g_assert_cmpstr (ibb_session_get_local (session), ==, OWN);
  resume_peer_assert_nothing (self);
  ibb_stanza_record_unref (resume_peer_write (self, session, 1));
}

/* A block that waited for its turn when the connection was lost comes again, and counts once. */
static void
test_ahead (Driver *self, IBBSession *session)
{
  g_autoptr (IBBStanza) resume = NULL;

  ibb_engine_suspend (self->engine, *self->clock);
  ibb_engine_resume (self->engine, *self->clock);
  g_assert_true (driver_receive (self, resume_peer_new_block ("b1", 1, 2)));
  resume_peer_assert_nothing (self);
  resume = resume_peer_interrupt (self, session);
  resume_peer_answer (self, resume, 0, FALSE);
  resume_peer_assert_agrees (self, resume_peer_new_block ("b0", 0, 1));
  resume_peer_assert_nothing (self);
  resume_peer_assert_agrees (self, resume_peer_new_block ("b1", 1, 2));
  g_assert_cmpuint (ibb_session_get_received (session), ==, 3);
}

/* A block was lost on the way (D-18). The peer sends it again, and all that came after it, of
 * which nothing was said. */
static void
test_gap (Driver *self, IBBSession *session)
{
  g_autoptr (IBBStanza) resume = NULL;

  resume_peer_assert_agrees (self, resume_peer_new_block ("b0", 0, 1));
  g_assert_true (driver_receive (self, resume_peer_new_block ("b2", 2, 4)));
  g_assert_true (ibb_session_is_interrupted (session));
  driver_advance (self, 0);
  resume = resume_peer_take_resume (self, 1, 1);
  g_assert_true (driver_receive (self, resume_peer_new_block ("b3", 3, 8)));
  resume_peer_assert_nothing (self);
  resume_peer_answer (self, resume, 0, FALSE);
  g_assert_false (ibb_session_is_interrupted (session));
  resume_peer_assert_agrees (self, resume_peer_new_block ("b1", 1, 2));
  resume_peer_assert_agrees (self, resume_peer_new_block ("b2", 2, 4));
  resume_peer_assert_agrees (self, resume_peer_new_block ("b3", 3, 8));
  g_assert_cmpuint (ibb_session_get_received (session), ==, 15);
}

/* The peer does not send it: the session ends as any other, and says why. */
static void
test_gap_timeout (Driver *self, IBBSession *session)
{
  guint8 bytes[2];

  ibb_engine_get_settings (self->engine)->resume_timeout = 5000;
  resume_peer_assert_agrees (self, resume_peer_new_block ("b0", 0, 1));
  g_assert_true (driver_receive (self, resume_peer_new_block ("b2", 2, 4)));
  driver_advance (self, 0);
  driver_advance (self, 4999);
  g_assert_true (ibb_session_is_interrupted (session));
  driver_advance (self, 1);
  resume_peer_assert_ended (session, IBB_FAILURE_PROTOCOL);
  g_assert_cmpuint (ibb_session_read (session, bytes, sizeof bytes, *self->clock), ==, 1);
}

/* The same after a resumption of the connection, when the block has had time to come (D-42). */
static void
test_gap_after_resumption (Driver *self, IBBSession *session)
{
  ibb_engine_suspend (self->engine, *self->clock);
  ibb_engine_resume (self->engine, *self->clock);
  g_assert_true (driver_receive (self, resume_peer_new_block ("b1", 1, 2)));
  driver_advance (self, 1999);
  g_assert_false (ibb_session_is_interrupted (session));
  driver_advance (self, 1);
  g_assert_true (ibb_session_is_interrupted (session));
  ibb_stanza_record_unref (resume_peer_take_resume (self, 1, 0));
}

/* A number that was there before, with other bytes, is no loss: nothing would mend it. */
static void
test_number_behind (Driver *self, IBBSession *session)
{
  resume_peer_assert_refuses (self, resume_peer_new_block ("b", 65535, 1),
                              IBB_CONDITION_UNEXPECTED_REQUEST);
  resume_peer_assert_ended (session, IBB_FAILURE_PROTOCOL);
}

/* D-29: a peer that resumes a session from another address has our feature there, too. It is not
 * asked, and gets several blocks at a time. */
static void
test_not_asked (Driver *self, IBBSession *session)
{
  g_autoptr (IBBStanza) first = NULL;

  self->leave_disco = TRUE;
  resume_peer_assert_agrees (self, resume_peer_new (PEER_AGAIN, 1, 0, 0));
  first = resume_peer_write (self, session, 3 * BLOCK);
  g_assert_cmpstr (first->to, ==, PEER_AGAIN);
  driver_answer (self, first);
  ibb_stanza_record_unref (resume_peer_take_block (self, 1));
  ibb_stanza_record_unref (resume_peer_take_block (self, 2));
  resume_peer_assert_nothing (self);
}

/* D-54: the room that the peer has told may be another one after the interruption. */
static void
test_room (Driver *self, IBBSession *session)
{
  g_autoptr (IBBStanza) first = resume_peer_write (self, session, 3 * BLOCK);
  g_autoptr (IBBStanza) second = NULL;
  g_autoptr (IBBStanza) third = NULL;
  g_autoptr (IBBStanza) fourth = NULL;
  g_autoptr (IBBStanza) resume = NULL;
  g_autoptr (IBBStanza) again = NULL;
  IBBStanza            *result;

  driver_answer (self, first);
  second = resume_peer_take_block (self, 1);
  result = ibb_stanza_record_new_result (second);
  result->to = g_strdup (OWN);
  result->tells_room = TRUE;
  result->room = 10 * BLOCK;
  third = resume_peer_take_block (self, 2);
  g_assert_true (driver_receive (self, result));
  driver_answer (self, third);
  driver_write (self, session, 1);
  fourth = resume_peer_take_block (self, 3);
  g_assert_false (fourth->asks_room);
  resume = resume_peer_interrupt (self, session);
  resume_peer_answer (self, resume, 3 * BLOCK, FALSE);
  again = resume_peer_take_block (self, 3);
  g_assert_true (again->asks_room);
}

int
main (int argc, char **argv)
{
  static const ResumePeerTest tests[] = {
    { "goes-on", test_goes_on },
    { "had-arrived", test_had_arrived },
    { "had-arrived-repeated", test_had_arrived_repeated },
    { "peer-first", test_peer_first },
    { "waits", test_waits },
    { "timeout", test_timeout },
    { "other-timeout", test_other_timeout },
    { "no-progress", test_no_progress },
    { "slow-reader", test_slow_reader },
    { "progress", test_progress },
    { "not-sent", test_not_sent },
    { "crossing", test_crossing },
    { "block-meanwhile", test_block_meanwhile },
    { "delayed", test_delayed },
    { "forgotten", test_forgotten },
    { "account", test_account },
    { "buffer", test_buffer },
    { "not-interrupted", test_not_interrupted },
    { "ahead", test_ahead },
    { "D-18/gap", test_gap },
    { "D-18/gap-timeout", test_gap_timeout },
    { "D-18/gap-after-resumption", test_gap_after_resumption },
    { "D-18/number-behind", test_number_behind },
    { "D-29/not-asked", test_not_asked },
    { "D-54/room", test_room },
  };

  g_test_init (&argc, &argv, NULL);
  resume_peer_add (tests, G_N_ELEMENTS (tests));
  resume_peer_add_bare ("aborted", test_aborted);
  resume_peer_add_bare ("not-agreed", test_not_agreed);
  resume_peer_add_bare ("address-later", test_address_later);
  resume_peer_add_bare ("domain", test_domain);
  return g_test_run ();
}
