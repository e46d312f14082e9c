/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* D-58: who may resume a session, and what is refused. The test is the peer, or pretends to
 * be. */

#include "config.h"

#include "resume-peer.h"

#include "core/proof.h"

/* Whoever does not know the secret changes nothing, and learns nothing. */
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

  /* Another account, even one that has stolen the secret. */
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
  g_assert_false (ibb_session_is_interrupted (session));
}

/* One that was recorded; positions that cannot be. */
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

/* Once it was resumed, a copy of what came before is nothing new. */
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
}

int
main (int argc, char **argv)
{
  static const ResumePeerTest tests[] = {
    { "stranger", test_stranger },     { "malformed", test_malformed },
    { "impossible", test_impossible }, { "wrong-answer", test_wrong_answer },
    { "late-copy", test_late_copy },
  };

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/engine/resume/D-58/proof", test_proof);
  resume_peer_add (tests, G_N_ELEMENTS (tests));
  return g_test_run ();
}
