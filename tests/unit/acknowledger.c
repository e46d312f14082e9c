/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* When the server is told how many of its stanzas were handled (XEP-0198 §4). */

#include "config.h"

#include "xmpp/management/acknowledger.h"

#include "xml-pair.h"

static void
handle (IBBAcknowledger *acknowledger, guint n)
{
  for (guint i = 0; i < n; i++)
    ibb_acknowledger_note_handled (acknowledger);
}

static void
test_answers (void)
{
  IBBAcknowledger *acknowledger = ibb_acknowledger_new (g_main_context_default ());
  XmlPair          pair;
  g_autofree char *late = NULL;
  gint64           begin;

  xml_pair_set_up (&pair);
  /* Before the server grants acknowledgements nothing counts, and nothing is answered. */
  handle (acknowledger, 3);
  ibb_acknowledger_note_request (acknowledger);
  ibb_acknowledger_answer (acknowledger);
  ibb_acknowledger_send_last (acknowledger);
  xml_pair_assert_sent (&pair, "");

  ibb_acknowledger_start (acknowledger, pair.stream);
  handle (acknowledger, 32);
  ibb_acknowledger_answer (acknowledger);
  xml_pair_assert_sent (&pair, ""); /* not asked */
  ibb_acknowledger_note_request (acknowledger);
  ibb_acknowledger_answer (acknowledger);
  xml_pair_assert_sent (&pair, "<a xmlns='urn:xmpp:sm:3' h='32'/>");

  /* Fewer wait for others, for a moment, which may be over when this thread goes on. */
  begin = g_get_monotonic_time ();
  handle (acknowledger, 1);
  ibb_acknowledger_note_request (acknowledger);
  ibb_acknowledger_answer (acknowledger);
  handle (acknowledger, 1);
  do
    {
      g_free (late);
      g_main_context_iteration (NULL, TRUE);
      late = xml_pair_read (&pair);
    }
  while (*late == '\0');
  g_assert_cmpstr (late, ==, "<a xmlns='urn:xmpp:sm:3' h='34'/>");
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, 50 * G_TIME_SPAN_MILLISECOND);

  ibb_acknowledger_send_last (acknowledger);
  xml_pair_assert_sent (&pair, "<a xmlns='urn:xmpp:sm:3' h='34'/>");
  ibb_acknowledger_free (acknowledger);
  xml_pair_tear_down (&pair);
}

/* While much waits for a server that does not read, no acknowledgement joins it. The request stays:
 * Prosody asks no more until it has an answer. */
static void
test_unsent (void)
{
  IBBAcknowledger *acknowledger = ibb_acknowledger_new (g_main_context_default ());
  g_autofree char *much = g_strnfill (1024 * 1024, ' ');
  g_autofree char *last = NULL;
  XmlPair          pair;

  xml_pair_set_up (&pair);
  ibb_acknowledger_start (acknowledger, pair.stream);
  ibb_xml_stream_send_text (pair.stream, much);
  handle (acknowledger, 32);
  ibb_acknowledger_note_request (acknowledger);
  ibb_acknowledger_answer (acknowledger);
  g_assert_cmpuint (ibb_xml_stream_get_unsent (pair.stream), <=, 1024 * 1024);

  do
    {
      g_free (last);
      g_main_context_iteration (NULL, TRUE);
      last = xml_pair_read (&pair);
    }
  while (strchr (last, '<') == NULL);
  g_assert_cmpstr (strchr (last, '<'), ==, "<a xmlns='urn:xmpp:sm:3' h='32'/>");
  ibb_acknowledger_free (acknowledger);
  xml_pair_tear_down (&pair);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ibb/acknowledger/answers", test_answers);
  g_test_add_func ("/ibb/acknowledger/unsent", test_unsent);

  return g_test_run ();
}
