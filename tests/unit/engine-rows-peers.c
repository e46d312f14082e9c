/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Peers with the habits of protocol.md, "Habits of peers": what each of them
 * does on the wire, and that a session with it loses nothing. */

#include "config.h"

#include "engine-harness.h"

#include <string.h>

/* Takes a block of ours and says what the peer thinks of it. */
static void
refuse_block (Harness *h, guint seq, IBBCondition condition, IBBErrorType type)
{
  g_autoptr (IBBStanza) block = harness_expect_data (h, seq, NULL);

  harness_answer_error (h, block, condition, type);
}

static void
acknowledge_block (Harness *h, guint seq, const char *bytes)
{
  g_autoptr (IBBStanza) block = harness_expect_data (h, seq, bytes);

  harness_answer (h, block);
}

/* H-01, B-20: the ceilings of QXmpp, slixmpp, Smack; the type means nothing. */
static void
test_ceilings (Harness *h, gconstpointer data)
{
  static const struct
  {
    guint        ceiling;
    IBBErrorType type;
    guint        agreed;
  } peers[] = {
    { 4096, IBB_ERROR_TYPE_MODIFY, 4095 },
    { 8192, IBB_ERROR_TYPE_CANCEL, 8191 },
    { 65535, IBB_ERROR_TYPE_WAIT, 65535 },
    { 4096, IBB_ERROR_TYPE_WAIT, 4095 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (peers); i++)
    for (guint proposal = 0; proposal <= 65535; proposal += 65535)
      {
        g_autoptr (IBBSession) session =
            harness_begin_open (h, PEER, NULL, IBB_CARRIER_IQ, proposal);
        guint n = 0;

        while (ibb_session_get_state (session) == IBB_SESSION_OPENING)
          {
            g_autoptr (IBBStanza) open = harness_expect (h, IBB_PAYLOAD_OPEN);

            n++;
            if (open->block_size > peers[i].ceiling)
              harness_answer_error (h, open, IBB_CONDITION_RESOURCE_CONSTRAINT, peers[i].type);
            else
              harness_answer (h, open);
          }
        assert_state (session, IBB_SESSION_OPEN);
        if (proposal == 0) /* the default fits all */
          g_assert_cmpuint (n, ==, 1);
        else
          g_assert_cmpuint (ibb_session_get_block_size (session), ==, peers[i].agreed);
        ibb_session_abort (session, h->now);
        ibb_stanza_record_unref (harness_expect_close (h, TRUE));
      }
}

/* H-02, H-03, B-13: Smack gives up after 5 s without an answer, and ends the
 * session on any error. As long as memory allows it gets its acknowledgement. */
static void
test_patience (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = NULL;
  char                   bytes[100] = "";
  guint                  seq = 0;

  harness_settings (h)->receive_buffer_size = 1000;
  session = harness_accept (h, IBB_CARRIER_IQ, 100);
  for (; seq < 10; seq++)
    {
      harness_send_data_full (h, PEER, NULL, SID, seq, bytes, sizeof bytes, IBB_CARRIER_IQ);
      harness_expect_result (h);
    }
  /* Nobody reads. */
  for (; seq < 20; seq++)
    {
      harness_send_data_full (h, PEER, NULL, SID, seq, bytes, sizeof bytes, IBB_CARRIER_IQ);
      harness_advance (h, 3999);
      harness_expect_nothing (h);
      harness_advance (h, 1);
      harness_expect_result (h);
    }
  /* Twice the buffer is unread: now it has to wait, and still meets no error. */
  harness_send_data_full (h, PEER, NULL, SID, seq, bytes, sizeof bytes, IBB_CARRIER_IQ);
  harness_advance (h, 3600 * 1000);
  harness_expect_nothing (h);
  g_assert_cmpuint (ibb_engine_get_unread (h->engine), ==, 2100);
  g_assert_cmpuint (harness_read_n (h, session, 2100), ==, 2100);
  harness_expect_result (h);
}

/* H-02: no close waits longer than 4 s for its answer, however deaf the peer. */
static void
test_patience_close (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 0);
  g_autoptr (IBBStanza)  block = NULL;
  g_autoptr (IBBStanza)  answer = NULL;

  harness_write (h, session, "unheard");
  block = harness_expect_data (h, 0, "unheard");
  harness_send_close (h, SID, FALSE);
  harness_advance (h, 4000);
  answer = harness_take (h);
  g_assert_nonnull (answer);
  g_assert_cmpstr (answer->id, ==, h->last_id);
  assert_state (session, IBB_SESSION_ENDED);
  /* B-04: it is not passed over that a block was not delivered. */
  assert_failure (ibb_session_get_delivery_failure (session), IBB_FAILURE_PEER_CLOSED);
}

/* H-04: Smack and slixmpp may know their own session a moment too late. */
static void
test_late_registration (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_accept (h, IBB_CARRIER_IQ, 4096);

  harness_write (h, session, "first");
  for (guint i = 0; i < 3; i++)
    {
      refuse_block (h, 0, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
      harness_advance (h, 249);
      harness_expect_nothing (h);
      harness_advance (h, 1);
    }
  acknowledge_block (h, 0, "first");
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, 5);

  /* From now on it is what it says. */
  harness_write (h, session, "second");
  refuse_block (h, 1, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
  ibb_stanza_record_unref (harness_expect_close (h, TRUE));
  assert_failure (ibb_session_get_delivery_failure (session), IBB_FAILURE_CONDITION);
}

/* H-12: a QXmpp opener cannot receive at all; reading from it goes well. */
static void
test_one_way (Harness *h, gconstpointer data)
{
  gboolean               writes = GPOINTER_TO_INT (data);
  g_autoptr (IBBSession) session = harness_accept (h, IBB_CARRIER_IQ, 4096);

  if (writes)
    {
      harness_write (h, session, "never");
      for (guint i = 0; i < 4; i++)
        {
          refuse_block (h, 0, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
          harness_advance (h, 250);
        }
      ibb_stanza_record_unref (harness_expect_close (h, TRUE));
      assert_state (session, IBB_SESSION_ENDED);
      g_assert_cmpuint (ibb_session_get_retries (session), ==, 3);
      return;
    }

  harness_send_data (h, SID, 0, "one way");
  harness_expect_result (h);
  harness_send_close (h, SID, FALSE);
  harness_expect_result (h);
  harness_expect_read (h, session, "one way");
  assert_input (session, IBB_INPUT_EOF);
  assert_failure (ibb_session_get_failure (session), IBB_FAILURE_NONE);
}

/* H-05: aioxmpp writes before its result is out. */
static void
test_early_block (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_begin_open (h, PEER, SID, IBB_CARRIER_IQ, 0);
  g_autoptr (IBBStanza)  open = harness_expect (h, IBB_PAYLOAD_OPEN);

  harness_send_data (h, SID, 0, "early");
  harness_expect_nothing (h);
  harness_answer (h, open);
  harness_expect_result (h);
  harness_expect_read (h, session, "early");
}

/* H-06, H-07, B-22: the condition decides, whatever type comes with it. */
static void
test_conditions (Harness *h, gconstpointer data)
{
  static const struct
  {
    IBBCondition condition;
    IBBErrorType type;
    gboolean     passing;
  } answers[] = {
    { IBB_CONDITION_RESOURCE_CONSTRAINT, IBB_ERROR_TYPE_WAIT, TRUE },
    { IBB_CONDITION_RECIPIENT_UNAVAILABLE, IBB_ERROR_TYPE_CANCEL, TRUE },
    { IBB_CONDITION_UNEXPECTED_REQUEST, IBB_ERROR_TYPE_WAIT, FALSE }, /* Smack */
    { IBB_CONDITION_NOT_ACCEPTABLE, IBB_ERROR_TYPE_MODIFY, FALSE },   /* Smack */
    { IBB_CONDITION_NOT_ACCEPTABLE, IBB_ERROR_TYPE_CANCEL, FALSE },   /* slixmpp */
    { IBB_CONDITION_BAD_REQUEST, IBB_ERROR_TYPE_MODIFY, FALSE },      /* Dino */
    { IBB_CONDITION_NOT_ALLOWED, IBB_ERROR_TYPE_CANCEL, FALSE },      /* Dino */
    { IBB_CONDITION_FEATURE_NOT_IMPLEMENTED, IBB_ERROR_TYPE_CANCEL, FALSE },
    { IBB_CONDITION_UNDEFINED_CONDITION, IBB_ERROR_TYPE_WAIT, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 0);

      harness_write (h, session, "block");
      refuse_block (h, 0, answers[i].condition, answers[i].type);
      if (answers[i].passing)
        {
          harness_expect_nothing (h);
          harness_advance (h, 1000);
          acknowledge_block (h, 0, "block");
          ibb_session_abort (session, h->now);
        }
      ibb_stanza_record_unref (harness_expect_close (h, TRUE)); /* H-08, F-18 */
      assert_state (session, IBB_SESSION_ENDED);
      harness_expect_nothing (h);
    }
}

/* H-09: slixmpp spends its permission on the attempt that was too large. */
static void
test_spent_permission (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_begin_open (h, PEER, SID, IBB_CARRIER_IQ, 16384);
  g_autoptr (IBBStanza)  first = harness_expect (h, IBB_PAYLOAD_OPEN);
  g_autoptr (IBBStanza)  second = NULL;

  harness_answer_error (h, first, IBB_CONDITION_RESOURCE_CONSTRAINT, IBB_ERROR_TYPE_CANCEL);
  second = harness_expect (h, IBB_PAYLOAD_OPEN);
  g_assert_cmpuint (second->block_size, ==, 8192);
  harness_answer_error (h, second, IBB_CONDITION_NOT_ACCEPTABLE, IBB_ERROR_TYPE_CANCEL);
  assert_failure (ibb_session_get_failure (session), IBB_FAILURE_REFUSED);
  g_assert_cmpint (ibb_session_get_failure (session)->condition, ==,
                   IBB_CONDITION_RESOURCE_CONSTRAINT);
}

/* H-10: slixmpp answers a message session with IQs. */
static void
test_other_carrier (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_MESSAGE, 0);

  harness_send_data_full (h, PEER, NULL, SID, 0, "iq ", 3, IBB_CARRIER_IQ);
  harness_expect_result (h);
  harness_send_data_full (h, PEER, NULL, SID, 1, "message", 7, IBB_CARRIER_MESSAGE);
  harness_expect_nothing (h);
  harness_expect_read (h, session, "iq message");
}

/* H-11: QXmpp answers item-not-found to a close; every byte was acknowledged. */
static void
test_close_not_found (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 0);
  g_autoptr (IBBStanza)  close = NULL;

  harness_write (h, session, "all");
  acknowledge_block (h, 0, "all");
  ibb_session_close (session, h->now);
  close = harness_expect_close (h, FALSE);
  harness_answer_error (h, close, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
  assert_state (session, IBB_SESSION_ENDED);
  assert_failure (ibb_session_get_failure (session), IBB_FAILURE_NONE);
  assert_failure (ibb_session_get_delivery_failure (session), IBB_FAILURE_NONE);
  harness_expect_nothing (h);
}

/* H-11, B-04: Dino's close crosses a block of ours, which it then refuses. */
static void
test_crossing_block (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 0);
  g_autoptr (IBBStanza)  block = NULL;
  g_autoptr (IBBStanza)  answer = NULL;

  harness_write (h, session, "lost");
  block = harness_expect_data (h, 0, "lost");
  harness_send_close (h, SID, FALSE);
  harness_expect_nothing (h);
  harness_answer_error (h, block, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
  answer = harness_take (h);
  g_assert_cmpstr (answer->id, ==, h->last_id);
  assert_state (session, IBB_SESSION_ENDED);
  assert_input (session, IBB_INPUT_EOF);
  assert_failure (ibb_session_get_delivery_failure (session), IBB_FAILURE_PEER_CLOSED);
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, 0);
}

/* H-13, H-16: nobody is asked before the open, and a peer of which nothing is
 * known gets one block at a time. */
static void
test_unknown_peer (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = NULL;

  h->has_feature = FALSE;
  session = harness_open (h, IBB_CARRIER_IQ, 10);
  g_assert_cmpuint (h->n_disco, ==, 0);
  harness_write (h, session, "0123456789");
  acknowledge_block (h, 0, NULL);
  g_assert_cmpuint (h->n_disco, ==, 0); /* it did not matter so far */

  harness_write_n (h, session, 100);
  for (guint seq = 1; seq <= 10; seq++)
    {
      g_autoptr (IBBStanza) block = harness_expect_data (h, seq, NULL);

      harness_expect_nothing (h);
      harness_answer (h, block);
    }
  g_assert_cmpuint (h->n_disco, ==, 1); /* and once is enough */
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, 110);
}

/* D-29: aioxmpp has no feature of ours, but processes stanzas one after the other
 * and can be told by its name. What is known of a peer is not asked again. */
static void
test_known_identities (Harness *h, gconstpointer data)
{
  static const struct
  {
    const char *identity;
    gboolean    keeps_order;
  } peers[] = {
    { "client/bot/aioxmpp default identity", TRUE },
    { "client/pc/aioxmpp default identity", FALSE },
    { "client/bot/Smack", FALSE }, /* H-16: and applications rename it */
    { "client/bot/", FALSE },
  };

  h->leave_disco = TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (peers); i++)
    {
      g_autofree char *peer = g_strdup_printf ("peer@example.org/%u", i);

      for (guint again = 0; again < 2; again++)
        {
          g_autoptr (IBBSession) session = harness_begin_open (h, peer, NULL, IBB_CARRIER_IQ, 10);
          g_autoptr (IBBStanza)  open = harness_expect (h, IBB_PAYLOAD_OPEN);
          g_autoptr (IBBStanza)  first = NULL;
          g_autoptr (IBBStanza)  second = NULL;

          harness_answer (h, open);
          harness_write_n (h, session, 50);
          first = harness_expect_data (h, 0, NULL);
          if (again == 0)
            {
              g_autoptr (IBBStanza) query = harness_expect (h, IBB_PAYLOAD_DISCO_QUERY);
              IBBStanza            *answer = ibb_stanza_record_new_result (query);

              answer->payload = IBB_PAYLOAD_DISCO_INFO;
              answer->identities = g_strsplit (peers[i].identity, "\n", 0);
              answer->features = g_strsplit (IBB_NAMESPACE, " ", 0);
              g_assert_true (harness_receive (h, answer));
            }
          harness_expect_nothing (h); /* the first is always alone */
          harness_answer (h, first);
          second = harness_expect_data (h, 1, NULL);
          if (peers[i].keeps_order)
            ibb_stanza_record_unref (harness_expect_data (h, 2, NULL));
          else
            harness_expect_nothing (h);
          ibb_session_abort (session, h->now);
          ibb_stanza_record_unref (harness_expect_close (h, TRUE));
        }
    }
}

/* H-14: mellium's blocks are of any size. */
static void
test_odd_blocks (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_accept (h, IBB_CARRIER_IQ, 4096);
  static const gsize     sizes[] = { 768, 3, 768, 1, 2, 0, 5 };
  guint8                 bytes[768] = { 0 };
  gsize                  sum = 0;

  for (guint seq = 0; seq < G_N_ELEMENTS (sizes); seq++)
    {
      harness_send_data_full (h, PEER, NULL, SID, seq, bytes, sizes[seq], IBB_CARRIER_IQ);
      harness_expect_result (h);
      sum += sizes[seq];
    }
  g_assert_cmpuint (harness_read_n (h, session, 4096), ==, sum);
}

/* H-15: mellium answers our close with what it still had, and then a result. */
static void
test_late_blocks (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 0);
  g_autoptr (IBBStanza)  close = NULL;

  ibb_session_close (session, h->now);
  close = harness_expect_close (h, FALSE);
  for (guint seq = 0; seq < 3; seq++)
    {
      harness_send_data (h, SID, seq, "too late");
      harness_expect_error (h, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
      harness_advance (h, 9000); /* it is still there: the time-out begins anew */
      assert_state (session, IBB_SESSION_OPEN);
    }
  harness_answer (h, close);
  assert_state (session, IBB_SESSION_ENDED);
  assert_failure (ibb_session_get_failure (session), IBB_FAILURE_NONE);
  g_assert_cmpuint (ibb_engine_get_unread (h->engine), ==, 0);
}

/* H-20: no answer to an open, then one that is too late. */
static void
test_silent_acceptor (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_begin_open (h, PEER, SID, IBB_CARRIER_IQ, 0);
  g_autoptr (IBBStanza)  open = harness_expect (h, IBB_PAYLOAD_OPEN);
  g_autoptr (IBBStanza)  close = NULL;

  harness_advance (h, 59999);
  assert_state (session, IBB_SESSION_OPENING);
  harness_advance (h, 1);
  assert_failure (ibb_session_get_failure (session), IBB_FAILURE_OPEN_TIMEOUT);
  harness_answer (h, open);
  close = harness_expect_close (h, TRUE);
  g_assert_cmpstr (close->sid, ==, SID);
  g_assert_cmpstr (close->to, ==, PEER);
}

/* H-21, N-24: mellium takes a refusal for an acceptance. */
static void
test_deaf_opener (Harness *h, gconstpointer data)
{
  harness_send_open (h, PEER, SID, 4096, IBB_CARRIER_IQ);
  harness_expect_error (h, IBB_CONDITION_NOT_ACCEPTABLE, IBB_ERROR_TYPE_CANCEL);
  harness_send_data (h, SID, 0, "all the same");
  harness_expect_error (h, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
  harness_send_close (h, SID, FALSE);
  harness_expect_error (h, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
  harness_assert_empty (h);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  harness_add ("/engine/peers/H-01/ceilings", test_ceilings, NULL);
  harness_add ("/engine/peers/H-02/acknowledgements", test_patience, NULL);
  harness_add ("/engine/peers/H-02/close", test_patience_close, NULL);
  harness_add ("/engine/peers/H-04/late-registration", test_late_registration, NULL);
  harness_add ("/engine/peers/H-05/early-block", test_early_block, NULL);
  harness_add ("/engine/peers/H-06/conditions", test_conditions, NULL);
  harness_add ("/engine/peers/H-09/spent-permission", test_spent_permission, NULL);
  harness_add ("/engine/peers/H-10/other-carrier", test_other_carrier, NULL);
  harness_add ("/engine/peers/H-11/close-not-found", test_close_not_found, NULL);
  harness_add ("/engine/peers/H-11/crossing-block", test_crossing_block, NULL);
  harness_add ("/engine/peers/H-12/reading", test_one_way, GINT_TO_POINTER (FALSE));
  harness_add ("/engine/peers/H-12/writing", test_one_way, GINT_TO_POINTER (TRUE));
  harness_add ("/engine/peers/H-13/unknown-peer", test_unknown_peer, NULL);
  harness_add ("/engine/peers/H-13/known-identities", test_known_identities, NULL);
  harness_add ("/engine/peers/H-14/odd-blocks", test_odd_blocks, NULL);
  harness_add ("/engine/peers/H-15/late-blocks", test_late_blocks, NULL);
  harness_add ("/engine/peers/H-20/silent-acceptor", test_silent_acceptor, NULL);
  harness_add ("/engine/peers/H-21/deaf-opener", test_deaf_opener, NULL);

  return g_test_run ();
}
