/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* D-58: who may resume a session, and what is refused. The test is the peer, or pretends to
 * be. */

#include "config.h"

#include "resume-peer.h"

#include "inside.h"

#include "core/base/proof.h"
#include "core/engine-private.h"

/* Drops the other stanzas. Returns how many blocks are among them. */
static guint
drop_all (Driver *self)
{
  IBBStanza *stanza;
  guint      n_blocks = 0;

  while ((stanza = driver_take_served (self)) != NULL)
    {
      n_blocks += stanza->payload == IBB_PAYLOAD_DATA;
      ibb_stanza_record_unref (stanza);
    }
  return n_blocks;
}

/* A peer that does not know the secret changes nothing and learns nothing. */
static void
test_stranger (Driver *self, IBBSession *session)
{
  IBBStanza *resume;

  resume = resume_peer_new (PEER, 1, 0, 0);
  resume->proof[0] = resume->proof[0] == '0' ? '1' : '0';
  resume_peer_assert_refuses (self, resume, IBB_CONDITION_ITEM_NOT_FOUND);

  resume = resume_peer_new (PEER, 1, 0, 0);
  resume->received = 1; /* the proof is for another position */
  resume_peer_assert_refuses (self, resume, IBB_CONDITION_ITEM_NOT_FOUND);

  /* Our own proof, sent back. */
  resume = resume_peer_new (PEER, 1, 0, 0);
  g_free (resume->proof);
  resume->proof =
      ibb_proof_create (SECRET, &(IBBStatement){ IBB_PROOF_RESUME, FALSE, SID, 1, 0, 0 });
  resume_peer_assert_refuses (self, resume, IBB_CONDITION_ITEM_NOT_FOUND);

  /* Another account is refused, even if it has stolen the secret. */
  resume_peer_assert_refuses (self, resume_peer_new (STRANGER, 1, 0, 0),
                              IBB_CONDITION_ITEM_NOT_FOUND);

  resume = resume_peer_new (PEER, 1, 0, 0);
  g_free (resume->sid);
  resume->sid = g_strdup ("another");
  resume_peer_assert_refuses (self, resume, IBB_CONDITION_ITEM_NOT_FOUND);
  g_assert_false (ibb_session_is_interrupted (session));
  g_assert_cmpstr (ibb_session_get_peer (session), ==, PEER);
}

static void
test_malformed (Driver *self, IBBSession *session)
{
  IBBStanza *resume = resume_peer_new (PEER, 1, 0, 0);

  resume->has_position = FALSE;
  resume_peer_assert_refuses (self, resume, IBB_CONDITION_BAD_REQUEST);
  resume = resume_peer_new (PEER, 1, 0, 0);
  g_clear_pointer (&resume->sid, g_free);
  resume_peer_assert_refuses (self, resume, IBB_CONDITION_BAD_REQUEST);
  resume = resume_peer_new (PEER, 1, 0, 0);
  g_free (resume->id);
  resume->id = g_strnfill (IBB_ID_MAX_LENGTH + 1, 'x');
  resume_peer_assert_refuses (self, resume, IBB_CONDITION_BAD_REQUEST);
  resume = resume_peer_new (PEER, 1, 0, 0);
  g_clear_pointer (&resume->proof, g_free);
  resume_peer_assert_refuses (self, resume, IBB_CONDITION_ITEM_NOT_FOUND);
  resume = resume_peer_new (PEER, 1, 0, 0);
  resume->proof[IBB_PROOF_LENGTH - 1] = '\0';
  resume_peer_assert_refuses (self, resume, IBB_CONDITION_ITEM_NOT_FOUND);
  g_assert_false (ibb_session_is_interrupted (session));
}

/* A <resume/> that was recorded is refused, and so are positions that cannot be. */
static void
test_impossible (Driver *self, IBBSession *session)
{
  g_autoptr (IBBStanza) first = resume_peer_write (self, session, BLOCK + 1);

  resume_peer_assert_refuses (self, resume_peer_new (PEER, 1, 1, 0),
                              IBB_CONDITION_UNEXPECTED_REQUEST);
  resume_peer_assert_refuses (self, resume_peer_new (PEER, 1, BLOCK + 1, 0),
                              IBB_CONDITION_UNEXPECTED_REQUEST);
  resume_peer_assert_refuses (self, resume_peer_new (PEER, 1, 0, BLOCK),
                              IBB_CONDITION_UNEXPECTED_REQUEST);
  g_assert_false (ibb_session_is_interrupted (session));

  resume_peer_assert_agrees (self, resume_peer_new (PEER, 1, BLOCK, BLOCK));
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, BLOCK);
  ibb_stanza_record_unref (resume_peer_take_block (self, 1));
  resume_peer_assert_refuses (self, resume_peer_new (PEER, 1, BLOCK, BLOCK),
                              IBB_CONDITION_UNEXPECTED_REQUEST);
  /* Behind what was acknowledged. */
  resume_peer_assert_refuses (self, resume_peer_new (PEER, 2, 0, 0),
                              IBB_CONDITION_UNEXPECTED_REQUEST);
}

/* An answer of somebody else, or none of the question, brings nothing. */
static void
test_wrong_answer (Driver *self, IBBSession *session)
{
  g_autoptr (IBBStanza) resume = resume_peer_interrupt (self, session);
  g_autoptr (IBBStanza) again = NULL;

  g_assert_true (driver_answer (self, resume)); /* empty */
  g_assert_true (ibb_session_is_interrupted (session));
  driver_advance (self, 2000);
  again = resume_peer_take_resume (self, 2, 0);
  again->count = 1; /* the answer to the other one */
  resume_peer_answer (self, again, 0, FALSE);
  g_assert_true (ibb_session_is_interrupted (session));
}

/* After a resumption, a copy of an earlier block is not delivered again. */
static void
test_late_copy (Driver *self, IBBSession *session)
{
  resume_peer_assert_agrees (self, resume_peer_new_block ("b0", 0, 1));
  resume_peer_assert_agrees (self, resume_peer_new (PEER, 1, 0, 0));
  resume_peer_assert_agrees (self, resume_peer_new_block ("other-id", 0, 1));
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

  statement.kind = IBB_PROOF_RESUME;
  for (guint i = 0; i < IBB_PROOF_LENGTH; i++)
    {
      g_autofree char *other = g_strdup (proof);

      other[i] = other[i] == '0' ? '1' : '0';
      g_assert_false (ibb_proof_matches (other, SECRET, &statement));
    }
}

/* A session that was never to outlast its connection, whatever somebody says to it. */
static void
test_not_resumable (Driver *self, IBBSession *session)
{
  IBBSession *plain;

  ibb_session_abort (session, *self->clock);
  drop_all (self);
  plain = resume_peer_accept_from (self, PEER, OWN, SID, FALSE);
  resume_peer_assert_refuses (self, resume_peer_new (PEER, 1, 0, 0), IBB_CONDITION_ITEM_NOT_FOUND);
  g_assert_false (ibb_session_is_interrupted (plain));
  ibb_session_unref (plain);

  ibb_engine_get_settings (self->engine)->resume_sessions = FALSE;
  ibb_session_unref (resume_peer_accept_from (self, PEER, OWN, "plain", TRUE));
}

/* A <resume/> without an address finds no session, and breaks nothing. */
static void
test_addresses (Driver *self, IBBSession *session)
{
  Driver     nobody;
  IBBStanza *resume = resume_peer_new ("@/", 1, 0, 0);

  resume_peer_assert_refuses (self, resume, IBB_CONDITION_BAD_REQUEST);
  resume = resume_peer_new (PEER, 1, 0, 0);
  g_free (resume->to);
  resume->to = g_strdup ("@/");
  resume_peer_assert_refuses (self, resume, IBB_CONDITION_BAD_REQUEST);

  /* The session is with one of our addresses, not with all. */
  resume = resume_peer_new (PEER_AGAIN, 1, 0, 0);
  g_free (resume->to);
  resume->to = g_strdup (OWN_AGAIN);
  resume_peer_assert_refuses (self, resume, IBB_CONDITION_ITEM_NOT_FOUND);
  g_assert_cmpstr (ibb_session_get_peer (session), ==, PEER);

  driver_init (&nobody, NULL, NULL, (Random){ 42 });
  resume = resume_peer_new (PEER, 1, 0, 0);
  g_clear_pointer (&resume->to, g_free);
  resume_peer_assert_refuses (&nobody, resume, IBB_CONDITION_BAD_REQUEST);
  driver_clear (&nobody);
}

/* Positions that end within a block, behind one another, or beyond all numbers. */
static void
test_positions (Driver *self, IBBSession *session)
{
  static const struct
  {
    guint64 received;
    guint64 acknowledged;
  } wrong[] = {
    { BLOCK, BLOCK / 2 },       { BLOCK / 2, BLOCK / 2 }, { 0, BLOCK },
    { 2 * BLOCK, 0 },           { 2 * BLOCK, 2 * BLOCK }, { G_MAXINT64, 0 },
    { G_MAXINT64, G_MAXINT64 }, { G_MAXUINT64, BLOCK },
  };
  g_autoptr (IBBStanza) first = resume_peer_write (self, session, 2 * BLOCK);
  guint32               count = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      resume_peer_assert_refuses (
          self, resume_peer_new (PEER, ++count, wrong[i].received, wrong[i].acknowledged),
          IBB_CONDITION_UNEXPECTED_REQUEST);
      g_assert_false (ibb_session_is_interrupted (session));
    }
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, 0);
  g_assert_true (driver_answer (self, first));
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, BLOCK);
}

/* Our answer tells how far we are, and proves it. */
static void
test_answer (Driver *self, IBBSession *session)
{
  g_autoptr (IBBStanza) answer = NULL;
  IBBStatement          statement = { IBB_PROOF_RESUMED, FALSE, SID, 1, 2 * BLOCK, BLOCK };

  ibb_engine_get_settings (self->engine)->receive_buffer_size = BLOCK;
  resume_peer_assert_agrees (self, resume_peer_new_block ("b0", 0, BLOCK));
  g_assert_true (driver_receive (self, resume_peer_new_block ("b1", 1, BLOCK)));
  resume_peer_assert_nothing (self); /* its acknowledgement waits for the reader */
  answer = resume_peer_ask (self, resume_peer_new (PEER, 1, 0, 0), IBB_PAYLOAD_RESULT);
  g_assert_true (answer->has_position);
  g_assert_false (answer->has_ended);
  g_assert_cmpuint (answer->received, ==, 2 * BLOCK);
  g_assert_cmpuint (answer->acknowledged, ==, BLOCK);
  g_assert_true (ibb_proof_matches (answer->proof, SECRET, &statement));
}

/* The peer knows the secret, and says what cannot be: its next answer counts. */
static void
test_impossible_answer (Driver *self, IBBSession *session)
{
  g_autoptr (IBBStanza) resume = resume_peer_interrupt (self, session);
  g_autoptr (IBBStanza) again = NULL;

  resume_peer_answer (self, resume, 1, FALSE);
  g_assert_true (ibb_session_is_interrupted (session));
  resume_peer_assert_nothing (self);
  driver_advance (self, 2000);
  again = resume_peer_take_resume (self, 2, 0);
  resume_peer_answer (self, again, 0, FALSE);
  g_assert_false (ibb_session_is_interrupted (session));
}

/* The largest count is the last: what was refused does not use it up. */
static void
test_counts (Driver *self, IBBSession *session)
{
  resume_peer_assert_refuses (self, resume_peer_new (PEER, 0, 0, 0),
                              IBB_CONDITION_UNEXPECTED_REQUEST);
  resume_peer_assert_refuses (self, resume_peer_new (PEER, G_MAXUINT32, 1, 0),
                              IBB_CONDITION_UNEXPECTED_REQUEST);
  resume_peer_assert_agrees (self, resume_peer_new (PEER, G_MAXUINT32, 0, 0));
  resume_peer_assert_refuses (self, resume_peer_new (PEER, G_MAXUINT32, 0, 0),
                              IBB_CONDITION_UNEXPECTED_REQUEST);
  resume_peer_assert_refuses (self, resume_peer_new (PEER, 1, 0, 0),
                              IBB_CONDITION_UNEXPECTED_REQUEST);
  g_assert_false (ibb_session_is_interrupted (session));
}

/* A session without a secret stands where the peer is now: it is found first, and no secret
 * is the right one for it. */
static void
test_another_there (Driver *self, IBBSession *session)
{
  IBBSession *other = resume_peer_accept_from (self, PEER_AGAIN, OWN, SID, FALSE);

  resume_peer_assert_refuses (self, resume_peer_new (PEER_AGAIN, 1, 0, 0), IBB_CONDITION_CONFLICT);
  g_assert_cmpstr (ibb_session_get_peer (session), ==, PEER);
  g_assert_cmpstr (ibb_session_get_peer (other), ==, PEER_AGAIN);
  ibb_session_abort (other, *self->clock);
  drop_all (self);
  resume_peer_assert_agrees (self, resume_peer_new (PEER_AGAIN, 2, 0, 0));
  g_assert_cmpstr (ibb_session_get_peer (session), ==, PEER_AGAIN);
  ibb_session_unref (other);
}

/* Sessions with several resources of an account have the same name: the proof tells which. */
static void
test_same_name (Driver *self, IBBSession *session)
{
  IBBSession *others[8];

  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autofree char *peer = g_strdup_printf (PEER_ACCOUNT "/%u", i);

      others[i] = resume_peer_accept_from (self, peer, OWN, SID, FALSE);
    }
  resume_peer_assert_agrees (self, resume_peer_new (PEER_AGAIN, 1, 0, 0));
  g_assert_cmpstr (ibb_session_get_peer (session), ==, PEER_AGAIN);
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    ibb_session_unref (others[i]);
}

/* 8 of them can be resumed: a <resume/> without a valid proof would cost one proof for each. */
static void
test_same_name_many (Driver *self, IBBSession *session)
{
  IBBSession *others[9];

  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autofree char      *peer = g_strdup_printf (PEER_ACCOUNT "/%u", i);
      IBBStanza            *open = driver_new_open (peer, "open", SID, BLOCK, FALSE);
      g_autoptr (IBBStanza) result = NULL;
      IBBEvent              event = IBB_EVENT_INIT;

      if (i == 8)
        {
          ibb_session_abort (others[0], *self->clock);
          drop_all (self);
          while (ibb_engine_take_event (self->engine, &event))
            ibb_event_clear (&event);
        }
      open->secret = g_strdup (SECRET);
      g_assert_true (driver_receive (self, open));
      g_assert_true (driver_take_event (self, &event));
      result = driver_take_served (self);
      g_assert_cmpint (result->is_resumable, ==, i != 7);
      others[i] = event.session;
    }
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    ibb_session_unref (others[i]);
}

/* A <resume/> is short, and what is sent again is long. So a peer that takes nothing gets one block
 * at a time, less and less often, and not for longer than one interruption may last. */
static void
test_amplifier (Driver *self, IBBSession *session)
{
  IBBStanza *block = resume_peer_write (self, session, 100 * BLOCK);
  guint32    count = 0;
  guint      n_blocks = 0;
  gint64     begun;

  ibb_engine_get_settings (self->engine)->resume_timeout = 30000;
  ibb_stanza_record_unref (block);
  resume_peer_assert_agrees (self, resume_peer_new (PEER, ++count, BLOCK, BLOCK));
  drop_all (self); /* what is in flight */
  begun = *self->clock;
  while (ibb_session_get_state (session) == IBB_SESSION_OPEN && count < 1000)
    {
      driver_advance (self, 100);
      n_blocks += drop_all (self);
      g_assert_true (driver_receive (self, resume_peer_new (PEER, ++count, BLOCK, BLOCK)));
      n_blocks += drop_all (self);
    }
  resume_peer_assert_ended (session, IBB_FAILURE_PEER_GONE);
  g_assert_cmpint (*self->clock - begun, ==, 30 * G_USEC_PER_SEC);
  g_assert_cmpuint (n_blocks, ==, 4); /* after 0.1, 2.2, 6.2, 14.2 s */
}

/* Neither does progress that is small pay for much: as many bytes are sent again as have moved. */
static void
test_small_steps (Driver *self, IBBSession *session)
{
  IBBStanza *block = resume_peer_write (self, session, 100 * BLOCK);

  driver_answer (self, block);
  ibb_stanza_record_unref (block);
  drop_all (self);
  for (guint32 i = 1; i <= 20; i++)
    {
      resume_peer_assert_agrees (self, resume_peer_new (PEER, i, (i + 1) * BLOCK, BLOCK));
      g_assert_cmpuint (drop_all (self), <=, i == 1 ? 3 : 1);
    }
  g_assert_cmpint (ibb_session_get_state (session), ==, IBB_SESSION_OPEN);
}

/* D-38: the time that a peer which has closed has for our bytes begins again with its first
 * resumption, and not with each. */
static void
test_held_linger (Driver *self, IBBSession *session)
{
  IBBStanza *block = resume_peer_write (self, session, 1);

  ibb_stanza_record_unref (block);
  g_assert_true (
      driver_receive (self, driver_new_request (IBB_PAYLOAD_CLOSE, PEER, OWN, "close", SID)));
  driver_advance (self, 3000);
  for (guint32 i = 1; i <= 3; i++)
    {
      resume_peer_assert_agrees (self, resume_peer_new (PEER, i, 0, 0));
      drop_all (self);
      driver_advance (self, i == 3 ? 1999 : 1000);
    }
  g_assert_cmpint (ibb_session_get_state (session), ==, IBB_SESSION_OPEN);
  driver_advance (self, 1);
  resume_peer_assert_ended (session, IBB_FAILURE_PEER_CLOSED);
}

/* Sessions that have ended: the secret, our address and the count belong to the question. */
static void
test_finished_stranger (Driver *self, IBBSession *session)
{
  IBBStanza            *resume;
  g_autoptr (IBBStanza) answer = NULL;

  resume_peer_assert_agrees (self, driver_new_request (IBB_PAYLOAD_CLOSE, PEER, OWN, "close", SID));
  resume_peer_assert_ended (session, IBB_FAILURE_NONE);

  resume = resume_peer_new (PEER, 1, 0, 0);
  resume->count = 2;
  resume_peer_assert_refuses (self, resume, IBB_CONDITION_ITEM_NOT_FOUND);
  resume = resume_peer_new (PEER, 1, 0, 0);
  g_free (resume->to);
  resume->to = g_strdup (STRANGER);
  resume_peer_assert_refuses (self, resume, IBB_CONDITION_ITEM_NOT_FOUND);

  answer = resume_peer_ask (self, resume_peer_new (PEER, 1, 0, 0), IBB_PAYLOAD_RESULT);
  g_assert_true (answer->has_ended);
}

/* Only the last ones are remembered: a peer that opens and closes does not fill the memory. */
static void
test_finished_many (Driver *self, IBBSession *session)
{
  IBBStanza            *resume;
  g_autoptr (IBBStanza) answer = NULL;

  ibb_session_abort (session, *self->clock);
  drop_all (self);
  for (guint i = 0; i < 257; i++)
    {
      g_autofree char *sid = i == 0 ? g_strdup (SID) : g_strdup_printf ("s%u", i);
      IBBSession      *other = resume_peer_accept_from (self, PEER, OWN, sid, TRUE);

      resume_peer_assert_agrees (self,
                                 driver_new_request (IBB_PAYLOAD_CLOSE, PEER, OWN, "close", sid));
      resume_peer_assert_ended (other, IBB_FAILURE_NONE);
      ibb_session_unref (other);
    }
  resume_peer_assert_refuses (self, resume_peer_new (PEER, 1, 0, 0), IBB_CONDITION_ITEM_NOT_FOUND);

  resume = resume_peer_new (PEER, 1, 0, 0);
  g_free (resume->sid);
  g_free (resume->proof);
  resume->sid = g_strdup ("s1");
  resume->proof =
      ibb_proof_create (SECRET, &(IBBStatement){ IBB_PROOF_RESUME, TRUE, "s1", 1, 0, 0 });
  answer = resume_peer_ask (self, resume, IBB_PAYLOAD_RESULT);
  g_assert_true (answer->has_ended);
}

/* How many of them are answered while the connection takes nothing. */
static guint
ask_in_vain (Driver *self, guint first, guint n, guint64 received)
{
  IBBStanza *stanza;
  guint      n_answers = 0;

  for (guint i = 0; i < n; i++)
    g_assert_true (driver_receive (self, resume_peer_new (PEER, first + i, received, 0)));
  while ((stanza = driver_take_served (self)) != NULL)
    {
      n_answers += stanza->payload == IBB_PAYLOAD_RESULT;
      ibb_stanza_record_unref (stanza);
    }
  return n_answers;
}

/* Each request has its answer, which waits where the connection takes nothing: 2 MiB of answers are
 * kept, and further requests stay unanswered (D-47). A later one is answered as usual. */
static void
test_flood (Driver *self, IBBSession *session)
{
  guint n_answers = ask_in_vain (self, 1, 30000, 0);

  g_assert_cmpuint (n_answers, >, 1000);
  g_assert_cmpuint (n_answers, <, 10000);
  resume_peer_assert_agrees (self, resume_peer_new (PEER, 30000, 0, 0));
  g_assert_false (ibb_session_is_interrupted (session));
}

/* The same for a session that has ended and is only remembered. */
static void
test_flood_finished (Driver *self, IBBSession *session)
{
  guint n_answers;

  resume_peer_assert_agrees (self, driver_new_request (IBB_PAYLOAD_CLOSE, PEER, OWN, "close", SID));
  resume_peer_assert_ended (session, IBB_FAILURE_NONE);
  n_answers = ask_in_vain (self, 1, 30000, 0);
  g_assert_cmpuint (n_answers, >, 1000);
  g_assert_cmpuint (n_answers, <, 10000);
}

/* Names of sessions that have the same hash are still two names: the peer chooses its own
 * address and the sid, and must not get at another session by that. */
static void
test_same_hash (Driver *self, IBBSession *session)
{
  static const struct
  {
    const char *peer;
    const char *local;
    const char *sid;
  } names[] = {
    { PEER_ACCOUNT "/ab", OWN_ACCOUNT "/ab", "ab" },
    { PEER_ACCOUNT "/ab", OWN_ACCOUNT "/ab", "bA" },
    { PEER_ACCOUNT "/bA", OWN_ACCOUNT "/ab", "ab" },
    { PEER_ACCOUNT "/ab", OWN_ACCOUNT "/bA", "ab" },
  };
  IBBSession *sessions[G_N_ELEMENTS (names)];

  g_assert_cmpuint (g_str_hash ("ab"), ==, g_str_hash ("bA"));
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    sessions[i] =
        resume_peer_accept_from (self, names[i].peer, names[i].local, names[i].sid, FALSE);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      IBBStanza *block = driver_new_request (IBB_PAYLOAD_DATA, names[i].peer, names[i].local,
                                             "block", names[i].sid);

      driver_set_block (block, 0, "four", i + 1);
      resume_peer_assert_agrees (self, block);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_assert_cmpuint (ibb_session_get_received (sessions[i]), ==, i + 1);
      ibb_session_unref (sessions[i]);
    }
}

int
main (int argc, char **argv)
{
  static const ResumePeerTest tests[] = {
    { "stranger", test_stranger },
    { "malformed", test_malformed },
    { "impossible", test_impossible },
    { "wrong-answer", test_wrong_answer },
    { "late-copy", test_late_copy },
    { "not-resumable", test_not_resumable },
    { "addresses", test_addresses },
    { "positions", test_positions },
    { "answer", test_answer },
    { "impossible-answer", test_impossible_answer },
    { "counts", test_counts },
    { "another-there", test_another_there },
    { "same-name", test_same_name },
    { "same-name-many", test_same_name_many },
    { "D-38/held-linger", test_held_linger },
    { "amplifier", test_amplifier },
    { "small-steps", test_small_steps },
    { "finished-stranger", test_finished_stranger },
    { "finished-many", test_finished_many },
    { "same-hash", test_same_hash },
    { "D-47/flood", test_flood },
    { "D-47/flood-finished", test_flood_finished },
  };

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/engine/resume/D-58/proof", test_proof);
  resume_peer_add (tests, G_N_ELEMENTS (tests));
  return g_test_run ();
}
