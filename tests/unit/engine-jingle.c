/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sessions that Jingle manages (XEP-0261): a layer above the engine agrees with
 * the peer on sid and block size, and has the engine keep to them. What the
 * layer itself would do is played here (D-44). */

#include "config.h"

#include "engine-harness.h"

#define OFFER_MAX 32767 /* its schema has a signed short (N-50) */

/* The <transport/> of session-initiate, session-accept or transport-info. */
typedef struct
{
  char *sid;
  guint block_size;
} Transport;

/* What we offer. */
static Transport
jingle_offer (guint n, guint block_size)
{
  Transport transport = { g_strdup_printf ("jingle-%u", n), MIN (block_size, OFFER_MAX) };

  /* Its schema takes any string, <open/> does not. */
  g_assert_true (ibb_stanza_is_valid_sid (transport.sid));
  return transport;
}

/* As initiator: once the peer has accepted, the bytestream is opened. */
static IBBSession *
jingle_open (Harness *h, const Transport *accepted)
{
  IBBOpen               open = { .peer = PEER,
                                 .sid = accepted->sid,
                                 .block_size = accepted->block_size,
                                 .fixed_block_size = TRUE };
  IBBFailure            failure = IBB_FAILURE_INIT;
  IBBSession           *session = ibb_engine_open (h->engine, &open, h->now, &failure);
  g_autoptr (IBBStanza) stanza = harness_expect (h, IBB_PAYLOAD_OPEN);

  g_assert_nonnull (session);
  g_assert_cmpstr (stanza->sid, ==, accepted->sid);
  g_assert_cmpuint (stanza->block_size, ==, accepted->block_size);
  harness_answer (h, stanza);
  assert_state (session, IBB_SESSION_OPEN);
  g_assert_cmpuint (ibb_session_get_block_size (session), ==, accepted->block_size);
  return session;
}

/* As responder: before session-accept leaves. */
static void
jingle_expect (Harness *h, Transport *accepted)
{
  IBBFailure failure = IBB_FAILURE_INIT;

  g_assert_true (ibb_stanza_is_valid_sid (accepted->sid));
  g_assert_nonnull (
      ibb_engine_expect (h->engine, PEER, accepted->sid, accepted->block_size, accepted, &failure));
}

static IBBSession *
jingle_be_opened (Harness *h, Transport *accepted)
{
  g_autoptr (IBBEvent) event = NULL;

  harness_send_open (h, PEER, accepted->sid, accepted->block_size, IBB_CARRIER_IQ);
  harness_expect_result (h);
  event = harness_event (h);
  g_assert_nonnull (event);
  g_assert_cmpint (event->type, ==, IBB_EVENT_EXPECTED);
  g_assert_true (event->expectation == accepted);
  return g_steal_pointer (&event->session);
}

static void
be_closed (Harness *h, IBBSession *session)
{
  harness_send_close (h, ibb_session_get_sid (session), FALSE);
  harness_expect_result (h);
  assert_state (session, IBB_SESSION_ENDED);
  assert_input (session, IBB_INPUT_EOF);
  ibb_session_unref (session);
}

/* N-46, N-50: the offer is the largest there is, the peer lowers it, and that is
 * what the session keeps to. */
static void
test_initiator (Harness *h, gconstpointer data)
{
  static const guint accepted[] = { OFFER_MAX, 4096, 100 };

  for (guint i = 0; i < G_N_ELEMENTS (accepted); i++)
    {
      Transport             transport = jingle_offer (i, IBB_BLOCK_SIZE_MAX);
      IBBSession           *session;
      g_autoptr (IBBStanza) block = NULL;

      g_assert_cmpuint (transport.block_size, ==, OFFER_MAX);
      transport.block_size = accepted[i]; /* session-accept */
      session = jingle_open (h, &transport);
      harness_write_n (h, session, OFFER_MAX + 1);
      block = harness_expect_data (h, 0, NULL);
      g_assert_cmpuint (harness_size_of (block), ==, accepted[i]);
      ibb_session_abort (session, h->now);
      ibb_stanza_record_unref (harness_expect_close (h, TRUE));
      ibb_session_unref (session);
      g_free (transport.sid);
    }
}

/* N-46: what was agreed is not bargained over again. */
static void
test_no_fallback (Harness *h, gconstpointer data)
{
  IBBOpen                open = { .peer = PEER,
                                  .sid = "agreed",
                                  .block_size = OFFER_MAX,
                                  .fixed_block_size = TRUE };
  IBBFailure             failure = IBB_FAILURE_INIT;
  g_autoptr (IBBSession) session = ibb_engine_open (h->engine, &open, h->now, &failure);
  g_autoptr (IBBStanza)  stanza = harness_expect (h, IBB_PAYLOAD_OPEN);

  harness_answer_error (h, stanza, IBB_CONDITION_RESOURCE_CONSTRAINT, IBB_ERROR_TYPE_MODIFY);
  assert_failure (ibb_session_get_failure (session), IBB_FAILURE_REFUSED);
  harness_assert_empty (h);
}

/* N-47, N-50: accepted is what any <open/> may say, past Jingle's own limit too;
 * an <open/> that says otherwise is refused, and the right one still comes. */
static void
test_responder (Harness *h, gconstpointer data)
{
  static const guint accepted[] = { 1, 4096, OFFER_MAX, OFFER_MAX + 1, IBB_BLOCK_SIZE_MAX };

  for (guint i = 0; i < G_N_ELEMENTS (accepted); i++)
    {
      Transport   transport = { (char *) "theirs", accepted[i] };
      IBBSession *session;

      jingle_expect (h, &transport);
      harness_send_open (h, PEER, transport.sid, accepted[i] == 1 ? 2 : accepted[i] - 1,
                         IBB_CARRIER_IQ);
      harness_expect_error (h, IBB_CONDITION_RESOURCE_CONSTRAINT, IBB_ERROR_TYPE_MODIFY);
      if (accepted[i] < IBB_BLOCK_SIZE_MAX)
        {
          harness_send_open (h, PEER, transport.sid, accepted[i] + 1, IBB_CARRIER_IQ);
          harness_expect_error (h, IBB_CONDITION_RESOURCE_CONSTRAINT, IBB_ERROR_TYPE_MODIFY);
        }
      session = jingle_be_opened (h, &transport);
      harness_send_blocks (h, transport.sid, 0, 1, accepted[i]);
      harness_expect_result (h);
      g_assert_cmpuint (harness_read_n (h, session, 65536), ==, accepted[i]);
      be_closed (h, session);
    }
  harness_assert_empty (h);
}

/* N-50: a sid that Jingle's schema allows and <open/> does not. */
static void
test_sid (Harness *h, gconstpointer data)
{
  static const char *const sids[] = { "two words", "a/b", "" };

  for (guint i = 0; i < G_N_ELEMENTS (sids); i++)
    {
      g_assert_false (ibb_stanza_is_valid_sid (sids[i])); /* so the layer must not accept it */
      harness_send_open (h, PEER, sids[i], 4096, IBB_CARRIER_IQ);
      harness_expect_error (h, IBB_CONDITION_BAD_REQUEST, IBB_ERROR_TYPE_MODIFY);
    }
}

/* N-48: two more sessions by transport-info, one each way; each ends by its own
 * <close/>, and the others live on until session-terminate. */
static void
test_more_sessions (Harness *h, gconstpointer data)
{
  Transport   first = jingle_offer (1, 4096);
  Transport   second = jingle_offer (2, 1000);
  Transport   third = { (char *) "theirs", 2000 };
  IBBSession *ours[2];
  IBBSession *theirs;

  ours[0] = jingle_open (h, &first);
  jingle_expect (h, &third);
  ours[1] = jingle_open (h, &second);
  theirs = jingle_be_opened (h, &third);
  be_closed (h, ours[0]);
  for (guint i = 0; i < 2; i++)
    {
      IBBSession           *session = i == 0 ? ours[1] : theirs;
      g_autoptr (IBBStanza) block = NULL;

      assert_state (session, IBB_SESSION_OPEN);
      harness_send_data (h, ibb_session_get_sid (session), 0, "still here");
      harness_expect_result (h);
      harness_expect_read (h, session, "still here");
      harness_write (h, session, "so are we");
      block = harness_expect_data (h, 0, "so are we");
      harness_answer (h, block);
    }
  for (guint i = 0; i < 2; i++)
    {
      IBBSession           *session = i == 0 ? ours[1] : theirs;
      g_autoptr (IBBStanza) close = NULL;

      ibb_session_close (session, h->now);
      close = harness_expect_close (h, FALSE);
      g_assert_cmpstr (close->sid, ==, ibb_session_get_sid (session));
      harness_answer (h, close);
      assert_failure (ibb_session_get_failure (session), IBB_FAILURE_NONE);
      ibb_session_unref (session);
    }
  harness_assert_empty (h);
  g_free (first.sid);
  g_free (second.sid);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  harness_add ("/engine/jingle/N-46,N-50/initiator", test_initiator, NULL);
  harness_add ("/engine/jingle/N-46/no-fallback", test_no_fallback, NULL);
  harness_add ("/engine/jingle/N-47,N-50/responder", test_responder, NULL);
  harness_add ("/engine/jingle/N-48/more-sessions", test_more_sessions, NULL);
  harness_add ("/engine/jingle/N-50/sid", test_sid, NULL);

  return g_test_run ();
}
