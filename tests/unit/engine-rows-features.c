/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What users of aioxmpp and mellium are used to (protocol.md, "Features"), and
 * what servers impose, as far as the core is concerned. */

#include "config.h"

#include "engine-harness.h"

#include <string.h>

#define LIMIT 3000

/* N-09, D-07: larger blocks than we want. */
static void
test_max_block_size (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = NULL;

  harness_settings (h)->max_block_size = 1024;
  harness_settings (h)->session_limit = 1;
  ibb_engine_set_listen (h->engine, IBB_LISTEN_ACCEPT);
  harness_send_open (h, PEER, SID, 1025, IBB_CARRIER_IQ);
  harness_expect_error (h, IBB_CONDITION_RESOURCE_CONSTRAINT, IBB_ERROR_TYPE_MODIFY);
  g_assert_null (harness_event (h));
  session = harness_accept (h, IBB_CARRIER_IQ, 1024);
  g_assert_cmpuint (ibb_session_get_block_size (session), ==, 1024);
}

/* N-21, D-29: no second block before the first is acknowledged, nor until it is
 * known what the peer is. */
static void
test_waits (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 10);
  g_autoptr (IBBStanza)  first = NULL;
  g_autoptr (IBBStanza)  second = NULL;
  g_autoptr (IBBStanza)  third = NULL;
  g_autoptr (IBBStanza)  query = NULL;
  g_autoptr (IBBStanza)  answer = NULL;

  h->leave_disco = TRUE;
  harness_write_n (h, session, 100);
  first = harness_expect_data (h, 0, NULL);
  query = harness_expect (h, IBB_PAYLOAD_DISCO_QUERY);
  harness_expect_nothing (h);
  harness_answer (h, first);
  second = harness_expect_data (h, 1, NULL);
  harness_expect_nothing (h);

  answer = ibb_stanza_record_new_result (query);
  answer->payload = IBB_PAYLOAD_DISCO_INFO;
  answer->features = g_strsplit (IBB_FEATURE_NAMESPACE, " ", 0);
  ibb_engine_receive (h->engine, answer, h->now);
  third = harness_expect_data (h, 2, NULL);
}

/* N-31, D-35: a message waits until the connection is done with the one before. */
static void
test_message_pacing (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_MESSAGE, 10);

  h->hold_sent = TRUE;
  harness_write_n (h, session, 50);
  for (guint seq = 0; seq < 5; seq++)
    {
      g_autoptr (IBBStanza) block = harness_expect_data (h, seq, NULL);

      g_assert_cmpint (block->name, ==, IBB_STANZA_MESSAGE);
      g_assert_cmpuint (strlen (block->id), >=, 16); /* N-32 */
      harness_advance (h, 10000);
      harness_expect_nothing (h);
      g_assert_cmpuint (ibb_session_get_delivered (session), ==, seq * 10);
      ibb_engine_sent (h->engine, block, h->now);
    }
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, 50);
}

#define OWN_SERVER "capulet.example"
#define PEER_SERVER "montague.example"

static void
answer_disco (Harness *h, IBBStanza *query, const char *feature)
{
  IBBStanza *answer = ibb_stanza_record_new_result (query);

  answer->payload = IBB_PAYLOAD_DISCO_INFO;
  answer->features = g_strsplit (feature, " ", 0);
  g_assert_true (harness_receive (h, answer));
}

static IBBStanza *
expect_query (Harness *h, const char *to)
{
  IBBStanza *query = harness_expect (h, IBB_PAYLOAD_DISCO_QUERY);

  g_assert_cmpstr (query->to, ==, to);
  return query;
}

static void
expect_message (Harness *h, IBBSession *session, guint seq, gboolean has_rules)
{
  g_autoptr (IBBStanza) block = NULL;

  harness_write (h, session, "m");
  block = harness_expect_data (h, seq, "m");
  g_assert_cmpint (block->name, ==, IBB_STANZA_MESSAGE);
  g_assert_cmpint (block->has_rules, ==, has_rules);
}

/* N-31: rules of XEP-0079 go where both servers have said that they heed them,
 * and nothing waits for the answers. */
static void
test_rules (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_MESSAGE, 10);
  g_autoptr (IBBSession) second = NULL;
  g_autoptr (IBBStanza)  own = NULL;
  g_autoptr (IBBStanza)  theirs = NULL;
  g_autoptr (IBBStanza)  again = NULL;
  g_autoptr (IBBStanza)  open = NULL;

  h->leave_disco = TRUE;
  own = expect_query (h, OWN_SERVER);
  g_assert_null (own->from);
  expect_message (h, session, 0, FALSE);
  answer_disco (h, own, IBB_AMP_NAMESPACE);
  expect_message (h, session, 1, FALSE);
  theirs = expect_query (h, PEER_SERVER);
  expect_message (h, session, 2, FALSE);
  answer_disco (h, theirs, "x " IBB_AMP_NAMESPACE " y");
  expect_message (h, session, 3, TRUE);

  /* Others profit; nobody is asked twice. */
  second = harness_begin_open (h, PEER_BARE "/other", NULL, IBB_CARRIER_MESSAGE, 10);
  open = harness_expect (h, IBB_PAYLOAD_OPEN);
  harness_answer (h, open);
  expect_message (h, second, 0, TRUE);
  harness_expect_nothing (h);

  /* With the last one what is known is forgotten. */
  ibb_session_abort (session, h->now);
  ibb_session_abort (second, h->now);
  ibb_stanza_record_unref (harness_expect_close (h, TRUE));
  ibb_stanza_record_unref (harness_expect_close (h, TRUE));
  harness_assert_empty (h);
  ibb_session_unref (session);
  session = harness_accept (h, IBB_CARRIER_MESSAGE, 10);
  again = expect_query (h, OWN_SERVER);
  expect_message (h, session, 0, FALSE);
}

/* N-31: a peer behind our own server, which is asked once. */
static void
test_rules_one_server (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = NULL;
  g_autoptr (IBBStanza)  open = NULL;
  g_autoptr (IBBStanza)  query = NULL;

  session = harness_begin_open (h, "nurse@" OWN_SERVER "/x", NULL, IBB_CARRIER_MESSAGE, 10);
  open = harness_expect (h, IBB_PAYLOAD_OPEN);
  harness_answer (h, open);
  h->leave_disco = TRUE;
  query = expect_query (h, OWN_SERVER);
  /* Without "from" it is from our server, too. */
  g_clear_pointer (&query->to, g_free);
  answer_disco (h, query, IBB_AMP_NAMESPACE);
  expect_message (h, session, 0, TRUE);
  harness_expect_nothing (h);
}

/* N-31: none of it without the feature, at either end, nor for IQs. */
static void
test_no_rules (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_MESSAGE, 10);
  g_autoptr (IBBSession) iq = NULL;
  g_autoptr (IBBStanza)  open = NULL;
  g_autoptr (IBBStanza)  own = NULL;
  g_autoptr (IBBStanza)  theirs = NULL;
  g_autoptr (IBBStanza)  block = NULL;

  h->leave_disco = TRUE;
  own = expect_query (h, OWN_SERVER);
  answer_disco (h, own, data != NULL ? IBB_AMP_NAMESPACE : IBB_AMP_NAMESPACE "#errors");
  expect_message (h, session, 0, FALSE);
  if (data != NULL)
    {
      theirs = expect_query (h, PEER_SERVER);
      harness_answer_error (h, theirs, IBB_CONDITION_SERVICE_UNAVAILABLE, IBB_ERROR_TYPE_CANCEL);
    }
  expect_message (h, session, 1, FALSE);
  harness_expect_nothing (h);

  h->leave_disco = FALSE;
  h->has_rules = TRUE;
  iq = harness_begin_open (h, PEER, NULL, IBB_CARRIER_IQ, 10);
  open = harness_expect (h, IBB_PAYLOAD_OPEN);
  harness_answer (h, open);
  harness_write (h, iq, "q");
  block = harness_expect_data (h, 0, "q");
  g_assert_false (block->has_rules);
  harness_expect_nothing (h);
}

/* N-31, D-36: the server that heeded a rule says so in its own name. */
static void
test_rule_heeded (Harness *h, gconstpointer data)
{
  const char            *from = data;
  gboolean               is_known = strcmp (from, "example.net") != 0;
  g_autoptr (IBBSession) session = NULL;
  g_autoptr (IBBStanza)  block = NULL;
  IBBStanza             *error;

  h->has_rules = TRUE;
  session = harness_open (h, IBB_CARRIER_MESSAGE, 10);
  harness_expect_nothing (h); /* our server has answered */
  expect_message (h, session, 0, FALSE);
  harness_expect_nothing (h); /* and the peer's */
  harness_write (h, session, "x");
  block = harness_expect_data (h, 1, "x");
  g_assert_true (block->has_rules);

  error = ibb_stanza_record_new_error (block, IBB_CONDITION_UNDEFINED_CONDITION,
                                       IBB_ERROR_TYPE_MODIFY, NULL);
  g_free (error->from);
  error->from = g_strdup (from);
  g_assert_cmpint (harness_receive (h, error), ==, is_known);
  if (is_known)
    {
      ibb_stanza_record_unref (harness_expect_close (h, TRUE));
      assert_failure (ibb_session_get_failure (session), IBB_FAILURE_CONDITION);
    }
  else
    {
      harness_expect_nothing (h);
      assert_state (session, IBB_SESSION_OPEN);
    }
}

/* N-31: a stream that breaks while the server is asked. */
static void
test_rules_lost (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_MESSAGE, 10);
  g_autoptr (IBBStanza)  query = NULL;
  g_autoptr (IBBStanza)  answer = NULL;

  h->leave_disco = TRUE;
  query = expect_query (h, OWN_SERVER);
  ibb_engine_lost (h->engine, h->now);
  harness_assert_empty (h);
  ibb_engine_restored (h->engine);
  answer = ibb_stanza_record_new_result (query);
  g_assert_false (ibb_engine_receive (h->engine, answer, h->now));
}

/* N-39: behind a server that lets 10 kB/s through, little is under way. */
static void
test_throttle (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 4096);
  GQueue                 server = G_QUEUE_INIT;
  gsize                  most = 0;
  gsize                  delivered = 0;

  while (delivered < 1000000)
    {
      IBBStanza *stanza;
      guint8     bytes[4096] = { 0 };

      while (ibb_session_write (session, bytes, sizeof bytes, h->now) > 0)
        ;
      while ((stanza = harness_take (h)) != NULL)
        g_queue_push_tail (&server, stanza);
      /* From the tenth round trip on, when it knows the path. */
      if (delivered > 100000)
        most = MAX (most, ibb_session_get_in_flight (session));

      stanza = g_queue_pop_head (&server);
      g_assert_nonnull (stanza);
      h->now += (gint64) g_bytes_get_size (stanza->bytes) * 100 + 20000;
      ibb_engine_advance (h->engine, h->now);
      harness_answer (h, stanza);
      ibb_stanza_record_unref (stanza);
      delivered = ibb_session_get_delivered (session);
    }
  /* A chat message stands behind less than a second and a half of blocks. */
  g_assert_cmpuint (most, >=, 4096);
  g_assert_cmpuint (most, <=, 3 * 4096);
  g_queue_clear_full (&server, (GDestroyNotify) ibb_stanza_record_unref);
}

/* D-50: a long way is no stalled reader: on a path of 1.5 s, too, the window
 * grows beyond a block. */
static void
test_long_path (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 4096);
  gsize                  most = 0;

  for (guint trip = 0; trip < 12; trip++)
    {
      GQueue     path = G_QUEUE_INIT;
      IBBStanza *stanza;
      guint8     bytes[4096] = { 0 };

      while (ibb_session_write (session, bytes, sizeof bytes, h->now) > 0)
        ;
      while ((stanza = harness_take (h)) != NULL)
        g_queue_push_tail (&path, stanza);
      most = MAX (most, ibb_session_get_in_flight (session));
      harness_advance (h, 1500);
      while ((stanza = g_queue_pop_head (&path)) != NULL)
        {
          harness_answer (h, stanza);
          ibb_stanza_record_unref (stanza);
        }
    }
  g_assert_cmpuint (most, >=, 16 * 4096);
}

/* N-40, D-16: whole stanzas keep within the server's limit, long names and
 * escapes included. */
static void
test_stanza_limit (Harness *h, gconstpointer data)
{
  static const struct
  {
    const char *peer;
    IBBCarrier  carrier;
  } sessions[] = { { PEER, IBB_CARRIER_IQ },
                   { "a@b/\"<&'>\"<&'>\"<&'>\"<&'>\"<&'>\"<&'>\"<&'>", IBB_CARRIER_IQ },
                   { PEER, IBB_CARRIER_MESSAGE } };

  ibb_engine_set_stanza_limit (h->engine, LIMIT);
  h->has_rules = TRUE; /* which take room, too (N-31) */
  for (guint i = 0; i < G_N_ELEMENTS (sessions); i++)
    {
      g_autoptr (IBBSession) session =
          harness_begin_open (h, sessions[i].peer, NULL, sessions[i].carrier, 65535);
      g_autoptr (IBBStanza) open = harness_expect (h, IBB_PAYLOAD_OPEN);
      g_autoptr (IBBStanza) block = NULL;
      gsize                 length;

      harness_answer (h, open);
      harness_write_n (h, session, 20000);
      block = harness_expect_data (h, 0, NULL);
      length = IBB_BASE64_ENCODED_LENGTH (g_bytes_get_size (block->bytes)) + strlen (block->id) +
               strlen (OWN) + strlen (block->sid);
      for (const char *p = block->to; *p != '\0'; p++)
        length += strchr ("\"<&'>", *p) != NULL ? 6 : 1;
      /* the tags */
      g_assert_cmpuint (length, <=,
                        LIMIT - (sessions[i].carrier == IBB_CARRIER_MESSAGE ? 400 : 150));
      g_assert_cmpuint (length, >=, LIMIT - 500); /* and no more is wasted */
      ibb_session_abort (session, h->now);
      ibb_stanza_record_unref (harness_expect_close (h, TRUE));
    }
}

/* N-48: what is expected of one peer is independent, and so are the sessions. */
static void
test_two_expectations (Harness *h, gconstpointer data)
{
  IBBFailure             failure = IBB_FAILURE_INIT;
  g_autoptr (IBBSession) first = NULL;
  g_autoptr (IBBSession) second = NULL;

  g_assert_nonnull (ibb_engine_expect (h->engine, PEER, "first", 0, h, &failure));
  g_assert_nonnull (ibb_engine_expect (h->engine, PEER, "second", 0, NULL, &failure));
  harness_send_open (h, PEER, "second", 4096, IBB_CARRIER_IQ);
  second = harness_expect_session (h, IBB_EVENT_EXPECTED);
  harness_expect_result (h);
  harness_send_close (h, "second", FALSE);
  harness_expect_result (h);
  assert_state (second, IBB_SESSION_ENDED);

  harness_send_open (h, PEER, "first", 4096, IBB_CARRIER_IQ);
  first = harness_expect_session (h, IBB_EVENT_EXPECTED);
  harness_expect_result (h);
  harness_send_data (h, "first", 0, "still here");
  harness_expect_result (h);
  harness_expect_read (h, first, "still here");
}

/* F-04, F-05: the limit counts, and somebody has to listen. */
static void
test_limit (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = NULL;

  harness_send_open (h, PEER, "a", 4096, IBB_CARRIER_IQ);
  harness_expect_error (h, IBB_CONDITION_NOT_ACCEPTABLE, IBB_ERROR_TYPE_CANCEL);
  ibb_engine_set_listen (h->engine, IBB_LISTEN_ACCEPT); /* but no room: 0 is the default */
  harness_send_open (h, PEER, "b", 4096, IBB_CARRIER_IQ);
  harness_expect_error (h, IBB_CONDITION_NOT_ACCEPTABLE, IBB_ERROR_TYPE_CANCEL);
  harness_settings (h)->session_limit = 1;
  ibb_engine_set_listen (h->engine, IBB_LISTEN_NONE); /* room, but nobody */
  harness_send_open (h, PEER, "c", 4096, IBB_CARRIER_IQ);
  harness_expect_error (h, IBB_CONDITION_NOT_ACCEPTABLE, IBB_ERROR_TYPE_CANCEL);
  g_assert_false (ibb_engine_can_accept (h->engine));

  session = harness_accept (h, IBB_CARRIER_IQ, 4096);
  g_assert_true (ibb_engine_can_accept (h->engine)); /* D-43: says nothing of how many there are */
  harness_send_open (h, PEER, "d", 4096, IBB_CARRIER_IQ);
  harness_expect_error (h, IBB_CONDITION_NOT_ACCEPTABLE, IBB_ERROR_TYPE_CANCEL);
}

/* F-07, D-26: a change of the settings holds from the next retry. */
static void
test_live_settings (Harness *h, gconstpointer data)
{
  static const struct
  {
    guint  initial;
    double factor;
    gint64 wait;
  } retries[] = { { 100, 2.0, 100 }, { 100, 2.0, 200 }, { 1000, 2.0, 4000 }, { 10, 3.0, 270 } };
  g_autoptr (IBBSession) session = harness_open (h, IBB_CARRIER_IQ, 4096);
  IBBSettings           *settings = harness_settings (h);
  IBBStanza             *block;

  harness_write (h, session, "again");
  for (guint i = 0; i < G_N_ELEMENTS (retries); i++)
    {
      settings->initial_wait_time = retries[i].initial;
      settings->wait_backoff_factor = retries[i].factor;
      block = harness_expect_data (h, 0, "again");
      harness_answer_error (h, block, IBB_CONDITION_RECIPIENT_UNAVAILABLE, IBB_ERROR_TYPE_WAIT);
      ibb_stanza_record_unref (block);
      harness_advance (h, retries[i].wait - 1);
      harness_expect_nothing (h);
      harness_advance (h, 1);
    }
  settings->max_retries = 4;
  block = harness_expect_data (h, 0, "again");
  harness_answer_error (h, block, IBB_CONDITION_RECIPIENT_UNAVAILABLE, IBB_ERROR_TYPE_WAIT);
  ibb_stanza_record_unref (block);
  ibb_stanza_record_unref (harness_expect_close (h, TRUE));
  assert_failure (ibb_session_get_failure (session), IBB_FAILURE_RETRIES);
  g_assert_cmpuint (ibb_session_get_retries (session), ==, 4);
}

/* F-13, F-26, D-22: who does not read makes the peer wait, at the buffer's size. */
static void
test_not_reading (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = NULL;

  harness_settings (h)->receive_buffer_size = 10;
  session = harness_accept (h, IBB_CARRIER_IQ, 4096);
  harness_send_data (h, SID, 0, "0123456789");
  harness_expect_result (h);
  harness_send_data (h, SID, 1, "more");
  harness_expect_nothing (h);
  g_assert_cmpuint (harness_read_n (h, session, 3), ==, 3);
  harness_expect_nothing (h);
  g_assert_cmpuint (harness_read_n (h, session, 1), ==, 1);
  harness_expect_result (h);
}

/* F-19: the unwanted, the duplicate, the unknown. */
static void
test_refusals (Harness *h, gconstpointer data)
{
  g_autoptr (IBBSession) session = NULL;

  harness_send_open (h, STRANGER, SID, 4096, IBB_CARRIER_IQ);
  harness_expect_error (h, IBB_CONDITION_NOT_ACCEPTABLE, IBB_ERROR_TYPE_CANCEL);
  session = harness_accept (h, IBB_CARRIER_IQ, 4096);
  harness_send_open (h, PEER, SID, 4096, IBB_CARRIER_IQ);
  harness_expect_error (h, IBB_CONDITION_NOT_ACCEPTABLE, IBB_ERROR_TYPE_CANCEL);
  harness_send_data (h, "unknown", 0, "x");
  harness_expect_error (h, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
  harness_send_close (h, "unknown", FALSE);
  harness_expect_error (h, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
  assert_state (session, IBB_SESSION_OPEN);
}

/* F-20: what is none of ours is left to others. */
static void
test_untouched (Harness *h, gconstpointer data)
{
  static const IBBPayload payloads[] = { IBB_PAYLOAD_OTHER,      IBB_PAYLOAD_PING,
                                         IBB_PAYLOAD_RESULT,     IBB_PAYLOAD_ERROR,
                                         IBB_PAYLOAD_DISCO_INFO, IBB_PAYLOAD_DISCO_QUERY };
  g_autoptr (IBBSession)  session = harness_accept (h, IBB_CARRIER_IQ, 4096);

  for (guint i = 0; i < G_N_ELEMENTS (payloads); i++)
    {
      g_assert_false (harness_receive (h, harness_request (h, payloads[i], PEER, NULL, SID)));
      harness_expect_nothing (h);
    }
  assert_state (session, IBB_SESSION_OPEN);
}

/* F-30, D-01: one engine answers under each address that a peer opens to. */
static void
test_addresses (Harness *h, gconstpointer data)
{
  static const char *const addresses[] = { OWN, "bot@capulet.example/a", "echo.capulet.example" };
  IBBSession              *sessions[3];

  harness_settings (h)->session_limit = 3;
  ibb_engine_set_listen (h->engine, IBB_LISTEN_ACCEPT);
  for (guint i = 0; i < 3; i++)
    {
      IBBStanza            *open = harness_request (h, IBB_PAYLOAD_OPEN, PEER, NULL, SID);
      g_autoptr (IBBStanza) result = NULL;

      g_free (open->to);
      open->to = g_strdup (addresses[i]);
      open->block_size = 4096;
      open->block_size_valid = open->carrier_valid = TRUE;
      g_assert_true (harness_receive (h, open));
      sessions[i] = harness_expect_session (h, IBB_EVENT_ACCEPTED);
      g_assert_cmpstr (ibb_session_get_local (sessions[i]), ==, addresses[i]);
      result = harness_take (h);
      g_assert_cmpint (result->payload, ==, IBB_PAYLOAD_RESULT);
      if (i > 0)
        g_assert_cmpstr (result->from, ==, addresses[i]);
    }
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (IBBStanza) block = NULL;

      harness_write (h, sessions[i], addresses[i]);
      block = harness_take (h);
      g_assert_cmpint (block->payload, ==, IBB_PAYLOAD_DATA);
      g_assert_cmpstr (block->from, ==, i > 0 ? addresses[i] : NULL);
      ibb_session_abort (sessions[i], h->now);
      ibb_stanza_record_unref (harness_take (h));
      ibb_session_unref (sessions[i]);
    }
}

/* F-31, D-10 */
static void
test_unknown_element (Harness *h, gconstpointer data)
{
  g_assert_true (harness_receive (h, harness_request (h, IBB_PAYLOAD_UNKNOWN, PEER, NULL, NULL)));
  harness_expect_error (h, IBB_CONDITION_FEATURE_NOT_IMPLEMENTED, IBB_ERROR_TYPE_CANCEL);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  harness_add ("/engine/features/N-09/max-block-size", test_max_block_size, NULL);
  harness_add ("/engine/features/N-21/waits", test_waits, NULL);
  harness_add ("/engine/features/N-31/message-pacing", test_message_pacing, NULL);
  harness_add ("/engine/features/N-31/rules", test_rules, NULL);
  harness_add ("/engine/features/N-31/rules/one-server", test_rules_one_server, NULL);
  harness_add ("/engine/features/N-31/rules/not-here", test_no_rules, NULL);
  harness_add ("/engine/features/N-31/rules/not-there", test_no_rules, GINT_TO_POINTER (TRUE));
  harness_add ("/engine/features/N-31,D-36/rule-heeded/here", test_rule_heeded, OWN_SERVER);
  harness_add ("/engine/features/N-31,D-36/rule-heeded/there", test_rule_heeded, PEER_SERVER);
  harness_add ("/engine/features/N-31,D-36/rule-heeded/nowhere", test_rule_heeded, "example.net");
  harness_add ("/engine/features/N-31/rules/lost", test_rules_lost, NULL);
  harness_add ("/engine/features/N-39/throttle", test_throttle, NULL);
  harness_add ("/engine/features/D-50/long-path", test_long_path, NULL);
  harness_add ("/engine/features/N-40/stanza-limit", test_stanza_limit, NULL);
  harness_add ("/engine/features/N-48/two-expectations", test_two_expectations, NULL);
  harness_add ("/engine/features/F-04/limit", test_limit, NULL);
  harness_add ("/engine/features/F-07/live-settings", test_live_settings, NULL);
  harness_add ("/engine/features/F-13/not-reading", test_not_reading, NULL);
  harness_add ("/engine/features/F-19/refusals", test_refusals, NULL);
  harness_add ("/engine/features/F-20/untouched", test_untouched, NULL);
  harness_add ("/engine/features/F-30/addresses", test_addresses, NULL);
  harness_add ("/engine/features/F-31/unknown-element", test_unknown_element, NULL);

  return g_test_run ();
}
