/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The way out of a client's stanzas: what is awaited, and what is bounded. Resumptions stand in
 * tests/server/resumption.script. */

#include "config.h"

#include "xmpp/management/outbox.h"

#include "ibb-stanza.h"
#include "xml-pair.h"
#include "xmpp/stream/stream-xml.h"

static gboolean
send_ping (IBBOutbox *outbox, const char *id)
{
  IBBStanza *stanza = ibb_stanza_record_new (IBB_STANZA_IQ, "get", IBB_PAYLOAD_PING, id, NULL);
  gboolean   sent = ibb_outbox_send (outbox, stanza);

  ibb_stanza_unref (stanza);
  return sent;
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

/* The server is asked for an acknowledgement at once when many stanzas have none. */
static void
test_many (void)
{
  IBBOutbox       *outbox = ibb_outbox_new (g_main_context_default ());
  g_autofree char *text = NULL;
  XmlPair          pair;

  xml_pair_set_up (&pair);
  ibb_outbox_open (outbox, pair.stream, IBB_OUTBOX_CONFIRMATION_ASK, NULL);
  g_assert_true (ibb_outbox_grant (outbox));
  for (guint i = 0; i < 100; i++)
    send_ping (outbox, "a");
  text = xml_pair_read (&pair);
  g_assert_nonnull (strstr (text, IBB_STREAM_XML_REQUEST));
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
  g_test_add_func ("/ibb/outbox/awaited", test_awaited);
  g_test_add_func ("/ibb/outbox/many", test_many);
  g_test_add_func ("/ibb/outbox/answers/unsent", test_answers_unsent);
  g_test_add_func ("/ibb/outbox/answers/unacknowledged", test_answers_unacknowledged);

  return g_test_run ();
}
