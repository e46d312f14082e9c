/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* D-58: sessions that are interrupted, and go on. The test is the peer. */

#include "config.h"

#include "core/proof.h"
#include "driver.h"
#include "inside.h"

#define SID "s"
#define SECRET "00112233445566778899aabbccddeeff"
#define PEER_AGAIN PEER_ACCOUNT "/garden"
#define OWN_AGAIN OWN_ACCOUNT "/garden"
#define BLOCK 100

typedef void (*TestFunc) (Driver *self);

static void
run (gconstpointer data)
{
  Driver self;

  driver_init (&self, OWN, NULL, (Random){ 42 });
  ibb_engine_get_settings (self.engine)->resume_sessions = TRUE;
  ((TestFunc) data) (&self);
  driver_clear (&self);
}

/* A session that the peer has opened, with a secret. */
static IBBSession *
accept_session (Driver *self)
{
  IBBStanza            *open = driver_new_open (PEER, "open", SID, BLOCK, FALSE);
  g_autoptr (IBBStanza) result = NULL;
  IBBEvent              event = IBB_EVENT_INIT;

  ibb_engine_get_settings (self->engine)->session_limit = 10;
  ibb_engine_set_listen (self->engine, IBB_LISTEN_ACCEPT);
  open->secret = g_strdup (SECRET);
  g_assert_true (driver_receive (self, open));
  g_assert_true (driver_take_event (self, &event));
  result = driver_take_served (self);
  g_assert_true (result->is_resumable);
  return event.session;
}

static IBBStanza *
new_resume (const char *from, guint32 count, guint64 received, guint64 acknowledged)
{
  IBBStatement statement = { IBB_PROOF_RESUME, TRUE, SID, count, received, acknowledged };
  IBBStanza   *stanza = driver_new_request (IBB_PAYLOAD_RESUME, from, OWN, "resume", SID);

  stanza->has_position = TRUE;
  stanza->count = count;
  stanza->received = received;
  stanza->acknowledged = acknowledged;
  stanza->proof = ibb_proof_create (SECRET, &statement);
  return stanza;
}

static IBBStanza *
new_block (const char *id, guint seq, gsize length)
{
  static const guint8 bytes[BLOCK];
  IBBStanza          *block = driver_new_request (IBB_PAYLOAD_DATA, PEER, OWN, id, SID);

  driver_set_block (block, seq, bytes, length);
  return block;
}

/* What the engine says to a request, a result or an error: (transfer full). */
static IBBStanza *
ask (Driver *self, IBBStanza *request, IBBPayload payload)
{
  IBBStanza *answer;

  g_assert_true (driver_receive (self, request));
  answer = driver_take_served (self);
  g_assert_cmpint (answer->payload, ==, payload);
  return answer;
}

static void
assert_agrees (Driver *self, IBBStanza *request)
{
  ibb_stanza_record_unref (ask (self, request, IBB_PAYLOAD_RESULT));
}

static void
assert_refuses (Driver *self, IBBStanza *request, IBBCondition condition)
{
  g_autoptr (IBBStanza) answer = ask (self, request, IBB_PAYLOAD_ERROR);

  g_assert_cmpint (answer->condition, ==, condition);
}

static void
assert_takes_nothing (Driver *self)
{
  g_autoptr (IBBStanza) stanza = driver_take_served (self);

  g_assert_cmpstr (driver_describe (stanza), ==, "nothing");
}

/* The next stanza, (transfer full). */
static IBBStanza *
take (Driver *self, const char *description)
{
  IBBStanza *stanza = driver_take_served (self);

  g_assert_cmpstr (driver_describe (stanza), ==, description);
  return stanza;
}

static IBBStanza *
take_resume (Driver *self, guint32 count, guint64 received)
{
  IBBStanza   *stanza = take (self, "resume");
  IBBStatement statement;

  statement = (IBBStatement){ IBB_PROOF_RESUME, FALSE, SID, count, received, stanza->acknowledged };
  g_assert_cmpuint (stanza->count, ==, count);
  g_assert_cmpuint (stanza->received, ==, received);
  g_assert_true (ibb_proof_matches (stanza->proof, SECRET, &statement));
  return stanza;
}

static void
answer_resume (Driver *self, const IBBStanza *resume, guint64 received, gboolean has_ended)
{
  IBBStatement statement = {
    has_ended ? IBB_PROOF_ENDED : IBB_PROOF_RESUMED, TRUE, SID, resume->count, received, received
  };
  IBBStanza *result = ibb_stanza_record_new_result (resume);

  g_free (result->to);
  result->to = g_strdup (OWN);
  result->has_position = TRUE;
  result->has_ended = has_ended;
  result->received = result->acknowledged = received;
  result->proof = ibb_proof_create (SECRET, &statement);
  g_assert_true (driver_receive (self, result));
}

static void
answer_error (Driver *self, const IBBStanza *request, IBBCondition condition)
{
  g_assert_true (driver_answer_error (self, request, condition, IBB_ERROR_TYPE_CANCEL));
}

static IBBStanza *
take_block (Driver *self, guint seq)
{
  IBBStanza *block = take (self, "data");

  g_assert_cmpuint (block->seq, ==, seq);
  return block;
}

/* The first block of what is written: (transfer full). */
static IBBStanza *
write_block (Driver *self, IBBSession *session, gsize length)
{
  driver_write (self, session, length);
  return take_block (self, 0);
}

static void
lose (Driver *self, IBBSession *session)
{
  ibb_engine_lost (self->engine);
  g_assert_true (ibb_session_is_interrupted (session));
  g_assert_cmpint (ibb_session_get_state (session), ==, IBB_SESSION_OPEN);
  driver_advance (self, 0);
  assert_takes_nothing (self);
}

static void
restore (Driver *self, const char *jid)
{
  ibb_engine_set_local_jid (self->engine, jid);
  ibb_engine_restored (self->engine);
  driver_advance (self, 0);
}

/* Loses the connection and finds it again, for the first time: (transfer full). */
static IBBStanza *
interrupt (Driver *self, IBBSession *session)
{
  lose (self, session);
  restore (self, OWN);
  return take_resume (self, 1, 0);
}

static void
assert_ended (IBBSession *session, IBBFailureKind kind)
{
  g_assert_cmpint (ibb_session_get_state (session), ==, IBB_SESSION_ENDED);
  g_assert_cmpint (ibb_session_get_failure (session)->kind, ==, kind);
}

static void
test_goes_on (Driver *self)
{
  g_autoptr (IBBSession) session = accept_session (self);
  g_autoptr (IBBStanza)  first = write_block (self, session, 2 * BLOCK);
  g_autoptr (IBBStanza)  resume = NULL;
  g_autoptr (IBBStanza)  again = NULL;
  g_autoptr (IBBStanza)  second = NULL;

  lose (self, session);
  driver_write (self, session, 1);
  restore (self, OWN);
  resume = take_resume (self, 1, 0);
  assert_takes_nothing (self);

  /* It had not arrived: the same again, with its number and its id. */
  answer_resume (self, resume, 0, FALSE);
  g_assert_false (ibb_session_is_interrupted (session));
  again = take_block (self, 0);
  g_assert_cmpstr (again->id, ==, first->id);
  g_assert_true (driver_answer (self, again));
  second = take_block (self, 1);
}

static void
test_had_arrived (Driver *self)
{
  g_autoptr (IBBSession) session = accept_session (self);
  g_autoptr (IBBStanza)  first = write_block (self, session, 2 * BLOCK);
  g_autoptr (IBBStanza)  resume = interrupt (self, session);
  g_autoptr (IBBStanza)  second = NULL;

  answer_resume (self, resume, BLOCK, FALSE);
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, BLOCK);
  second = take_block (self, 1);
}

/* It has arrived, and its acknowledgement waits for the peer's reader: it does not go again. */
static void
test_had_arrived_unread (Driver *self)
{
  g_autoptr (IBBSession) session = accept_session (self);
  g_autoptr (IBBStanza)  first = write_block (self, session, BLOCK);

  assert_agrees (self, new_resume (PEER, 1, BLOCK, 0));
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, 0);
  assert_takes_nothing (self);
  g_assert_true (driver_answer (self, first));
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, BLOCK);
}

/* What was read before a close counts, though nothing could be acknowledged. */
static void
test_read_then_closed (Driver *self)
{
  for (guint n = 0; n < 2; n++)
    {
      g_autoptr (IBBSession) session = accept_session (self);
      g_autoptr (IBBStanza)  resume = NULL;
      g_autoptr (IBBStanza)  answer = NULL;
      g_autofree char       *id = g_strdup_printf ("b%u", n);
      guint8                 bytes[BLOCK];

      ibb_engine_get_settings (self->engine)->receive_buffer_size = 1;
      g_assert_true (driver_receive (self, new_block (id, 0, BLOCK)));
      lose (self, session);
      if (n == 0)
        g_assert_cmpuint (ibb_session_read (session, bytes, BLOCK, *self->clock), ==, BLOCK);
      ibb_session_close (session, *self->clock);
      restore (self, OWN);
      resume = take_resume (self, 1, BLOCK);
      answer_resume (self, resume, 0, FALSE);
      answer = driver_take_served (self);
      g_assert_cmpstr (answer->id, ==, id);
      g_assert_cmpint (answer->payload, ==, n == 0 ? IBB_PAYLOAD_RESULT : IBB_PAYLOAD_ERROR);
      ibb_session_abort (session, *self->clock);
      for (IBBStanza *rest = driver_take (self); rest != NULL; rest = driver_take (self))
        ibb_stanza_record_unref (rest);
    }
}

/* The peer has lost its connection first, and comes from another resource. */
static void
test_peer_first (Driver *self)
{
  g_autoptr (IBBSession) session = accept_session (self);
  g_autoptr (IBBStanza)  first = write_block (self, session, 1);
  g_autoptr (IBBStanza)  answer = NULL;
  g_autoptr (IBBStanza)  again = NULL;

  answer = ask (self, new_resume (PEER_AGAIN, 1, 0, 0), IBB_PAYLOAD_RESULT);
  g_assert_cmpstr (answer->to, ==, PEER_AGAIN);
  g_assert_cmpstr (ibb_session_get_peer (session), ==, PEER_AGAIN);
  again = take_block (self, 0);
  g_assert_cmpstr (again->to, ==, PEER_AGAIN);
  g_assert_true (driver_answer (self, again));
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, 1);
}

/* Nobody is there: the engine asks again, less and less often. */
static void
test_waits (Driver *self)
{
  static const guint waits[] = { 2, 4, 8, 16, 32, 60, 60 };

  g_autoptr (IBBSession) session = accept_session (self);
  g_autoptr (IBBStanza)  first = write_block (self, session, 1);
  guint32                count = 0;

  answer_error (self, first, IBB_CONDITION_SERVICE_UNAVAILABLE);
  g_assert_true (ibb_session_is_interrupted (session));
  driver_advance (self, 0);
  for (guint i = 0; i < G_N_ELEMENTS (waits); i++)
    {
      g_autoptr (IBBStanza) resume = take_resume (self, ++count, 0);

      answer_error (self, resume, IBB_CONDITION_SERVICE_UNAVAILABLE);
      driver_advance (self, waits[i] * 1000 - 1);
      assert_takes_nothing (self);
      driver_advance (self, 1);
    }
}

static void
test_timeout (Driver *self)
{
  g_autoptr (IBBSession) session = accept_session (self);
  char                   byte;

  ibb_engine_get_settings (self->engine)->resume_timeout = 5000;
  lose (self, session);
  driver_advance (self, 4999);
  g_assert_cmpint (ibb_session_get_input (session), ==, IBB_INPUT_EMPTY);
  driver_advance (self, 1);
  assert_ended (session, IBB_FAILURE_CONNECTION_LOST);
  g_assert_cmpuint (ibb_session_read (session, (guint8 *) &byte, 1, *self->clock), ==, 0);
}

/* Interruptions without a byte between them last no longer than one. */
static void
test_no_progress (Driver *self)
{
  g_autoptr (IBBSession) session = accept_session (self);

  ibb_engine_get_settings (self->engine)->resume_timeout = 5000;
  for (guint32 i = 1; i <= 4; i++)
    {
      g_autoptr (IBBStanza) resume = NULL;

      lose (self, session);
      driver_advance (self, 1000);
      restore (self, OWN);
      resume = take_resume (self, i, 0);
      answer_resume (self, resume, 0, FALSE);
      g_assert_false (ibb_session_is_interrupted (session));
    }
  lose (self, session);
  driver_advance (self, 1000);
  assert_ended (session, IBB_FAILURE_CONNECTION_LOST);
}

/* Whoever does not know the secret changes nothing, and learns nothing. */
static void
test_stranger (Driver *self)
{
  g_autoptr (IBBSession) session = accept_session (self);
  IBBStanza             *resume;

  resume = new_resume (PEER, 1, 0, 0);
  resume->proof[0] = resume->proof[0] == '0' ? '1' : '0';
  assert_refuses (self, resume, IBB_CONDITION_ITEM_NOT_FOUND);

  resume = new_resume (PEER, 1, 0, 0);
  resume->received = 1; /* the proof is for another position */
  assert_refuses (self, resume, IBB_CONDITION_ITEM_NOT_FOUND);

  /* Our own proof, sent back. */
  resume = new_resume (PEER, 1, 0, 0);
  g_free (resume->proof);
  resume->proof =
      ibb_proof_create (SECRET, &(IBBStatement){ IBB_PROOF_RESUME, FALSE, SID, 1, 0, 0 });
  assert_refuses (self, resume, IBB_CONDITION_ITEM_NOT_FOUND);

  /* Another account, even one that has stolen the secret. */
  assert_refuses (self, new_resume (STRANGER, 1, 0, 0), IBB_CONDITION_ITEM_NOT_FOUND);

  resume = new_resume (PEER, 1, 0, 0);
  g_free (resume->sid);
  resume->sid = g_strdup ("another");
  assert_refuses (self, resume, IBB_CONDITION_ITEM_NOT_FOUND);
  g_assert_false (ibb_session_is_interrupted (session));
  g_assert_cmpstr (ibb_session_get_peer (session), ==, PEER);
}

static void
test_malformed (Driver *self)
{
  g_autoptr (IBBSession) session = accept_session (self);
  IBBStanza             *resume = new_resume (PEER, 1, 0, 0);

  resume->has_position = FALSE;
  assert_refuses (self, resume, IBB_CONDITION_BAD_REQUEST);
  resume = new_resume (PEER, 1, 0, 0);
  g_clear_pointer (&resume->sid, g_free);
  assert_refuses (self, resume, IBB_CONDITION_BAD_REQUEST);
  g_assert_false (ibb_session_is_interrupted (session));
}

/* One that was recorded; positions that cannot be. */
static void
test_impossible (Driver *self)
{
  g_autoptr (IBBSession) session = accept_session (self);
  g_autoptr (IBBStanza)  first = write_block (self, session, BLOCK + 1);

  assert_refuses (self, new_resume (PEER, 1, 1, 0), IBB_CONDITION_UNEXPECTED_REQUEST);
  assert_refuses (self, new_resume (PEER, 1, BLOCK + 1, 0), IBB_CONDITION_UNEXPECTED_REQUEST);
  assert_refuses (self, new_resume (PEER, 1, 0, BLOCK), IBB_CONDITION_UNEXPECTED_REQUEST);
  g_assert_false (ibb_session_is_interrupted (session));

  assert_agrees (self, new_resume (PEER, 1, BLOCK, BLOCK));
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, BLOCK);
  ibb_stanza_record_unref (take_block (self, 1));
  assert_refuses (self, new_resume (PEER, 1, BLOCK, BLOCK), IBB_CONDITION_UNEXPECTED_REQUEST);
  /* Behind what was acknowledged. */
  assert_refuses (self, new_resume (PEER, 2, 0, 0), IBB_CONDITION_UNEXPECTED_REQUEST);
}

/* An answer of somebody else, or none of the question, brings nothing. */
static void
test_wrong_answer (Driver *self)
{
  g_autoptr (IBBSession) session = accept_session (self);
  g_autoptr (IBBStanza)  resume = interrupt (self, session);
  g_autoptr (IBBStanza)  again = NULL;

  g_assert_true (driver_answer (self, resume)); /* empty */
  g_assert_true (ibb_session_is_interrupted (session));
  driver_advance (self, 2000);
  again = take_resume (self, 2, 0);
  again->count = 1; /* the answer to the other one */
  answer_resume (self, again, 0, FALSE);
  g_assert_true (ibb_session_is_interrupted (session));
}

/* Both ask; the answer that crosses ours is too late. */
static void
test_crossing (Driver *self)
{
  g_autoptr (IBBSession) session = accept_session (self);
  g_autoptr (IBBStanza)  first = write_block (self, session, 1);
  g_autoptr (IBBStanza)  resume = interrupt (self, session);
  g_autoptr (IBBStanza)  again = NULL;

  assert_agrees (self, new_resume (PEER, 1, 0, 0));
  again = take_block (self, 0);
  g_assert_false (driver_answer (self, resume));
  assert_takes_nothing (self);
  g_assert_true (driver_answer (self, again));
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, 1);
}

/* What comes before the session goes on will come again. */
static void
test_block_meanwhile (Driver *self)
{
  g_autoptr (IBBSession) session = accept_session (self);
  g_autoptr (IBBStanza)  resume = interrupt (self, session);

  g_assert_true (driver_receive (self, new_block ("b0", 0, 1)));
  assert_takes_nothing (self);
  g_assert_cmpuint (ibb_session_get_received (session), ==, 0);

  answer_resume (self, resume, 0, FALSE);
  g_assert_true (driver_receive (self, new_block ("b0", 0, 1)));
  g_assert_cmpuint (ibb_session_get_received (session), ==, 1);
}

/* A reader that is slow goes on being slow: what waits for it is not acknowledged. */
static void
test_delayed (Driver *self)
{
  g_autoptr (IBBSession) session = accept_session (self);
  g_autoptr (IBBStanza)  resume = NULL;
  g_autoptr (IBBStanza)  result = NULL;
  guint8                 bytes[BLOCK];

  ibb_engine_get_settings (self->engine)->receive_buffer_size = 1;
  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *id = g_strdup_printf ("b%u", i);

      g_assert_true (driver_receive (self, new_block (id, i, BLOCK)));
    }
  assert_takes_nothing (self);
  lose (self, session);
  restore (self, OWN_AGAIN);
  resume = take_resume (self, 1, 2 * BLOCK);
  g_assert_cmpuint (resume->acknowledged, ==, 0);
  answer_resume (self, resume, 0, FALSE);
  assert_takes_nothing (self);
  g_assert_cmpuint (ibb_session_read (session, bytes, BLOCK, *self->clock), ==, BLOCK);
  result = driver_take_served (self);
  g_assert_cmpstr (result->id, ==, "b0");
  g_assert_cmpstr (ibb_session_get_local (session), ==, OWN_AGAIN);
}

/* The peer knows nothing of it any more. */
static void
test_forgotten (Driver *self)
{
  g_autoptr (IBBSession) session = accept_session (self);
  g_autoptr (IBBStanza)  resume = interrupt (self, session);

  answer_error (self, resume, IBB_CONDITION_ITEM_NOT_FOUND);
  assert_ended (session, IBB_FAILURE_CONNECTION_LOST);
  g_assert_cmpint (ibb_session_get_input (session), ==, IBB_INPUT_FAILED);
}

/* A close that was lost goes again; the end of the peer is an answer to it. */
static void
test_close (Driver *self)
{
  for (guint way = 0; way < 4; way++)
    {
      g_autoptr (IBBSession) session = accept_session (self);
      g_autoptr (IBBStanza)  close = NULL;
      g_autoptr (IBBStanza)  resume = NULL;
      g_autoptr (IBBStanza)  again = NULL;

      if (way < 2)
        ibb_session_close (session, *self->clock);
      else
        ibb_session_shutdown_output (session, *self->clock);
      close = take (self, "close");
      resume = interrupt (self, session);
      if (way == 0 || way == 3)
        answer_error (self, resume, IBB_CONDITION_ITEM_NOT_FOUND);
      else if (way == 1)
        {
          answer_resume (self, resume, 0, FALSE);
          again = take (self, "close");
          g_assert_cmpstr (again->id, ==, close->id);
          g_assert_true (driver_answer (self, again));
        }
      else
        answer_resume (self, resume, 0, TRUE);
      /* Half of an answer must not look whole (D-37). */
      assert_ended (session, way == 3 ? IBB_FAILURE_CLOSE_UNCONFIRMED : IBB_FAILURE_NONE);
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
      g_autoptr (IBBSession) session = accept_session (self);
      g_autoptr (IBBStanza)  close = NULL;
      g_autoptr (IBBStanza)  resume = NULL;

      ibb_session_shutdown_output (session, *self->clock);
      close = take (self, "close");
      answer_error (self, close, IBB_CONDITION_ITEM_NOT_FOUND);
      g_assert_true (ibb_session_is_interrupted (session));
      driver_advance (self, 0);
      resume = take_resume (self, 1, 0);
      if (n == 0)
        answer_resume (self, resume, 0, TRUE);
      else
        answer_error (self, resume, IBB_CONDITION_ITEM_NOT_FOUND);
      g_assert_cmpint (ibb_session_get_input (session), ==,
                       n == 0 ? IBB_INPUT_EOF : IBB_INPUT_FAILED);
      assert_ended (session, n == 0 ? IBB_FAILURE_NONE : IBB_FAILURE_CLOSE_UNCONFIRMED);
    }
}

/* The peer has not got the answer to its close, and asks from its next login. */
static void
test_finished (Driver *self)
{
  g_autoptr (IBBSession) session = accept_session (self);
  g_autoptr (IBBStanza)  answer = NULL;
  IBBStatement           statement = { IBB_PROOF_ENDED, FALSE, SID, 7, 0, 0 };

  assert_agrees (self, driver_new_request (IBB_PAYLOAD_CLOSE, PEER, OWN, "close", SID));
  g_assert_cmpint (ibb_session_get_state (session), ==, IBB_SESSION_ENDED);
  answer = ask (self, new_resume (PEER_AGAIN, 7, 0, 0), IBB_PAYLOAD_RESULT);
  g_assert_true (answer->has_ended);
  g_assert_true (ibb_proof_matches (answer->proof, SECRET, &statement));
  assert_refuses (self, new_resume (STRANGER, 8, 0, 0), IBB_CONDITION_ITEM_NOT_FOUND);
}

/* Another account is not the one that the session belongs to. */
static void
test_account (Driver *self)
{
  g_autoptr (IBBSession) session = accept_session (self);

  lose (self, session);
  restore (self, "tybalt@capulet.example/balcony");
  assert_ended (session, IBB_FAILURE_CONNECTION_LOST);
  assert_takes_nothing (self);
}

/* Both have closed, and the peer has not got our answer: it is given again (D-40). */
static void
test_both_closed (Driver *self)
{
  g_autoptr (IBBSession) session = accept_session (self);
  g_autoptr (IBBStanza)  close = NULL;
  g_autoptr (IBBStanza)  again = NULL;

  ibb_session_shutdown_output (session, *self->clock);
  close = take (self, "close");
  assert_agrees (self, driver_new_request (IBB_PAYLOAD_CLOSE, PEER, OWN, "close", SID));
  assert_agrees (self, new_resume (PEER, 1, 0, 0));
  again = take (self, "close");
  g_assert_cmpstr (again->id, ==, close->id);
  assert_agrees (self, driver_new_request (IBB_PAYLOAD_CLOSE, PEER, OWN, "close", SID));
}

/* What is written while it is interrupted has the room of the send buffer. */
static void
test_buffer (Driver *self)
{
  g_autoptr (IBBSession) session = accept_session (self);

  ibb_engine_get_settings (self->engine)->send_buffer_size = 1000;
  lose (self, session);
  driver_write (self, session, 1000);
  g_assert_cmpint (ibb_session_get_output (session), ==, IBB_OUTPUT_FULL);
}

/* Who has not agreed is none the wiser, and loses it as ever. */
static void
test_not_agreed (Driver *self)
{
  IBBOpen                open = { .peer = PEER, .sid = SID };
  IBBFailure             failure = IBB_FAILURE_INIT;
  g_autoptr (IBBSession) session = NULL;
  g_autoptr (IBBStanza)  stanza = NULL;
  g_autoptr (IBBSession) message = NULL;
  g_autoptr (IBBStanza)  other = NULL;

  session = ibb_engine_open (self->engine, &open, *self->clock, &failure);
  stanza = driver_take_served (self);
  g_assert_true (ibb_stanza_parse_secret (stanza->secret));
  g_assert_true (driver_answer (self, stanza));

  open.sid = "messages";
  open.by_message = TRUE;
  message = ibb_engine_open (self->engine, &open, *self->clock, &failure);
  other = driver_take_served (self);
  g_assert_null (other->secret);

  ibb_engine_lost (self->engine);
  assert_ended (session, IBB_FAILURE_CONNECTION_LOST);
}

/* Once it was resumed, a copy of what came before is nothing new. */
static void
test_late_copy (Driver *self)
{
  g_autoptr (IBBSession) session = accept_session (self);

  assert_agrees (self, new_block ("b0", 0, 1));
  assert_agrees (self, new_resume (PEER, 1, 0, 0));
  assert_agrees (self, new_block ("other-id", 0, 1));
  g_assert_cmpuint (ibb_session_get_received (session), ==, 1);
  g_assert_cmpint (ibb_session_get_state (session), ==, IBB_SESSION_OPEN);
}

/* HMAC-SHA256 over what the page says. */
static void
test_proof (void)
{
  IBBStatement     statement = { IBB_PROOF_RESUME, TRUE, SID, 1, 2, 3 };
  g_autofree char *expected = g_compute_hmac_for_string (
      G_CHECKSUM_SHA256, (const guint8 *) SECRET, 32, "resume\ninitiator\n" SID "\n1\n2\n3", -1);
  g_autofree char *proof = ibb_proof_create (SECRET, &statement);

  g_assert_cmpstr (proof, ==, expected);
  g_assert_true (ibb_stanza_parse_proof (proof));
  g_assert_true (ibb_proof_matches (proof, SECRET, &statement));
  statement.kind = IBB_PROOF_RESUMED;
  g_assert_false (ibb_proof_matches (proof, SECRET, &statement));
  g_assert_false (ibb_proof_matches (NULL, SECRET, &statement));
  g_assert_false (ibb_proof_matches ("", SECRET, &statement));
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *name;
    TestFunc    func;
  } tests[] = {
    { "goes-on", test_goes_on },
    { "had-arrived", test_had_arrived },
    { "had-arrived-unread", test_had_arrived_unread },
    { "read-then-closed", test_read_then_closed },
    { "peer-first", test_peer_first },
    { "waits", test_waits },
    { "timeout", test_timeout },
    { "no-progress", test_no_progress },
    { "stranger", test_stranger },
    { "malformed", test_malformed },
    { "impossible", test_impossible },
    { "wrong-answer", test_wrong_answer },
    { "crossing", test_crossing },
    { "block-meanwhile", test_block_meanwhile },
    { "delayed", test_delayed },
    { "forgotten", test_forgotten },
    { "close", test_close },
    { "result-lost", test_result_lost },
    { "finished", test_finished },
    { "account", test_account },
    { "both-closed", test_both_closed },
    { "buffer", test_buffer },
    { "not-agreed", test_not_agreed },
    { "late-copy", test_late_copy },
  };

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/engine/resume/D-58/proof", test_proof);
  for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *path = g_strconcat ("/engine/resume/D-58/", tests[i].name, NULL);

      g_test_add_data_func (path, (gconstpointer) tests[i].func, run);
    }
  return g_test_run ();
}
