/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The way out of a client's stanzas, with and without acknowledgements (XEP-0198). */

#include "config.h"

#include "xmpp/management/outbox.h"

#include "ibb-stanza.h"
#include "xml-pair.h"

#define ENABLE "<enable xmlns='urn:xmpp:sm:3' resume='true'/>"
#define REQUEST "<r xmlns='urn:xmpp:sm:3'/>"

static gboolean
send_ping (IBBOutbox *outbox, const char *id)
{
  IBBStanza *stanza = ibb_stanza_record_new (IBB_STANZA_IQ, "get", IBB_PAYLOAD_PING, id, NULL);
  gboolean   sent = ibb_outbox_send (outbox, stanza);

  ibb_stanza_unref (stanza);
  return sent;
}

static void
assert_sent_in_order (XmlPair *pair, const char *const *pieces)
{
  g_autofree char *text = xml_pair_read (pair);
  const char      *rest = text;

  for (; *pieces != NULL; pieces++)
    {
      rest = strstr (rest, *pieces);
      g_assert_nonnull (rest);
      rest += strlen (*pieces);
    }
}

static void
test_plain (void)
{
  IBBOutbox *outbox = ibb_outbox_new (g_main_context_default ());
  XmlPair    pair;

  xml_pair_set_up (&pair);
  g_assert_false (send_ping (outbox, "early"));
  ibb_outbox_open (outbox, pair.stream, IBB_OUTBOX_CONFIRMATION_NONE, NULL);
  g_assert_false (ibb_outbox_confirms (outbox));
  g_assert_true (send_ping (outbox, "a"));
  xml_pair_assert_sent (&pair, "<iq type='get' id='a'><ping xmlns='urn:xmpp:ping'/></iq>");
  g_assert_false (ibb_outbox_request (outbox)); /* the server does not acknowledge */
  g_assert_false (ibb_outbox_grant (outbox));
  ibb_outbox_reset (outbox);
  g_assert_false (send_ping (outbox, "late"));
  ibb_outbox_free (outbox);
  xml_pair_tear_down (&pair);
}

/* After the end of the XML stream nothing is requested, and a late answer does not count. */
static void
test_closed (void)
{
  IBBOutbox *outbox = ibb_outbox_new (g_main_context_default ());
  XmlPair    pair;

  xml_pair_set_up (&pair);
  ibb_outbox_open (outbox, pair.stream, IBB_OUTBOX_CONFIRMATION_ASK, NULL);
  g_assert_true (send_ping (outbox, "a"));
  ibb_outbox_close (outbox);
  g_assert_false (send_ping (outbox, "b"));
  g_assert_false (ibb_outbox_grant (outbox));
  g_assert_false (ibb_outbox_is_granted (outbox));
  ibb_outbox_free (outbox);
  xml_pair_tear_down (&pair);
}

/* Stanzas that were not acknowledged are sent again, in order, before later ones. */
static void
test_resumption (void)
{
  IBBOutbox *outbox = ibb_outbox_new (g_main_context_default ());
  XmlPair    first, second;
  GQueue     awaited = G_QUEUE_INIT;

  xml_pair_set_up (&first);
  xml_pair_set_up (&second);
  ibb_outbox_open (outbox, first.stream, IBB_OUTBOX_CONFIRMATION_ASK, NULL);
  g_assert_true (ibb_outbox_confirms (outbox));
  g_assert_false (ibb_outbox_is_granted (outbox));
  g_assert_true (ibb_outbox_grant (outbox));
  g_assert_false (ibb_outbox_grant (outbox));
  g_assert_true (send_ping (outbox, "a") && send_ping (outbox, "b") && send_ping (outbox, "c"));
  g_assert_cmpuint (ibb_outbox_get_sent_count (outbox), ==, 3);
  g_assert_true (ibb_outbox_request (outbox));
  assert_sent_in_order (&first, (const char *[]){ ENABLE, "'a'", "'b'", "'c'", REQUEST, NULL });
  g_assert_true (ibb_outbox_acknowledge (outbox, 1, &awaited));
  g_assert_false (ibb_outbox_acknowledge (outbox, 4, &awaited));

  ibb_outbox_suspend (outbox);
  g_assert_true (ibb_outbox_is_congested (outbox));
  g_assert_true (send_ping (outbox, "d"));
  xml_pair_assert_sent (&first, "");
  g_assert_true (ibb_outbox_resume (outbox, second.stream, 2, &awaited));
  assert_sent_in_order (&second, (const char *[]){ "'c'", "'d'", NULL });
  g_assert_true (ibb_outbox_take_drained (outbox));
  g_assert_false (ibb_outbox_take_drained (outbox));

  ibb_outbox_close (outbox);
  g_assert_false (send_ping (outbox, "e"));
  ibb_outbox_free (outbox);
  xml_pair_tear_down (&first);
  xml_pair_tear_down (&second);
}

/* Only blocks in messages are awaited: the server alone answers them. */
static void
test_awaited (void)
{
  IBBOutbox *outbox = ibb_outbox_new (g_main_context_default ());
  IBBStanza *block = ibb_stanza_record_new (IBB_STANZA_MESSAGE, NULL, IBB_PAYLOAD_DATA, "m", "x@y");
  XmlPair    pair;
  GQueue     awaited = G_QUEUE_INIT;

  xml_pair_set_up (&pair);
  ibb_outbox_open (outbox, pair.stream, IBB_OUTBOX_CONFIRMATION_ASK, NULL);
  g_assert_true (send_ping (outbox, "a"));
  g_assert_true (ibb_outbox_send (outbox, block));
  g_assert_true (ibb_outbox_refuse (outbox, &awaited));
  g_assert_cmpuint (awaited.length, ==, 1);
  g_assert_true (g_queue_peek_head (&awaited) == block);
  g_assert_false (ibb_outbox_confirms (outbox));
  g_assert_true (send_ping (outbox, "b"));

  g_queue_clear_full (&awaited, (GDestroyNotify) ibb_stanza_unref);
  ibb_stanza_unref (block);
  ibb_outbox_free (outbox);
  xml_pair_tear_down (&pair);
}

static void
send_answer (IBBOutbox *outbox, const char *id)
{
  IBBStanza *answer =
      ibb_stanza_record_new (IBB_STANZA_IQ, "result", IBB_PAYLOAD_RESULT, id, "p@d/r");

  ibb_outbox_send_answer (outbox, answer);
  ibb_stanza_unref (answer);
}

/* A peer asks without end, with long ids, and the server reads nothing: only so many answers
 * wait. Once it reads, there is an answer again. */
static void
test_answers_unsent (void)
{
  IBBOutbox       *outbox = ibb_outbox_new (g_main_context_default ());
  g_autofree char *id = g_strnfill (200 * 1024, 'x');
  g_autofree char *last = NULL;
  XmlPair          pair;

  xml_pair_set_up (&pair);
  ibb_outbox_open (outbox, pair.stream, IBB_OUTBOX_CONFIRMATION_NONE, NULL);
  for (guint i = 0; i < 1000; i++)
    send_answer (outbox, id);
  g_assert_cmpuint (ibb_xml_stream_get_unsent (pair.stream), >=, 200 * 1024);
  g_assert_cmpuint (ibb_xml_stream_get_unsent (pair.stream), <=, 512 * 1024);

  while (ibb_xml_stream_get_unsent (pair.stream) > 0)
    g_free (xml_pair_read (&pair));
  g_free (xml_pair_read (&pair));
  send_answer (outbox, "last");
  last = xml_pair_read (&pair);
  g_assert_nonnull (strstr (last, "id='last'"));
  ibb_outbox_free (outbox);
  xml_pair_tear_down (&pair);
}

/* The server reads, and acknowledges nothing: what is kept for a resumption is bounded, too. */
static void
test_answers_unacknowledged (void)
{
  IBBOutbox       *outbox = ibb_outbox_new (g_main_context_default ());
  g_autofree char *id = g_strnfill (200 * 1024, 'x');
  XmlPair          pair;

  xml_pair_set_up (&pair);
  ibb_outbox_open (outbox, pair.stream, IBB_OUTBOX_CONFIRMATION_ASK, NULL);
  for (guint i = 0; i < 100; i++)
    {
      send_answer (outbox, id);
      while (ibb_xml_stream_get_unsent (pair.stream) > 0)
        g_free (xml_pair_read (&pair));
    }
  g_assert_cmpuint (ibb_outbox_get_sent_count (outbox), >=, 10);
  g_assert_cmpuint (ibb_outbox_get_sent_count (outbox), <=, 4 * 1024 / 200 + 1);
  ibb_outbox_free (outbox);
  xml_pair_tear_down (&pair);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ibb/outbox/plain", test_plain);
  g_test_add_func ("/ibb/outbox/closed", test_closed);
  g_test_add_func ("/ibb/outbox/resumption", test_resumption);
  g_test_add_func ("/ibb/outbox/awaited", test_awaited);
  g_test_add_func ("/ibb/outbox/answers/unsent", test_answers_unsent);
  g_test_add_func ("/ibb/outbox/answers/unacknowledged", test_answers_unacknowledged);

  return g_test_run ();
}
