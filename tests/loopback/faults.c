/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The loopback itself: its routing, and the faults that it can be told to have. */

#include "fixture.h"

#define LENGTH 60000

static void
count_cb (GObject *object, GParamSpec *pspec, gpointer data)
{
  (*(guint *) data)++;
}

static void
test_properties (Fixture *fixture, gconstpointer data)
{
  guint n_notified = 0;

  g_signal_connect (fixture->loopback, "notify", G_CALLBACK (count_cb), &n_notified);
  g_object_set (fixture->loopback, "latency", 1, "rate", G_GUINT64_CONSTANT (2), "drop-probability",
                0.25, "bounce-probability", 0.5, "duplicate-probability", 0.75, "seed", 3, NULL);
  g_assert_cmpuint (n_notified, ==, 6);
  g_assert_cmpuint (ibb_loopback_get_latency (fixture->loopback), ==, 1);
  g_assert_cmpuint (ibb_loopback_get_rate (fixture->loopback), ==, 2);
  g_assert_cmpfloat_with_epsilon (ibb_loopback_get_drop_probability (fixture->loopback), 0.25,
                                  0.001);
  g_assert_cmpfloat_with_epsilon (ibb_loopback_get_bounce_probability (fixture->loopback), 0.5,
                                  0.001);
  g_assert_cmpfloat_with_epsilon (ibb_loopback_get_duplicate_probability (fixture->loopback), 0.75,
                                  0.001);
  g_assert_cmpuint (ibb_loopback_get_seed (fixture->loopback), ==, 3);
}

/* One end reads the bytes that the other one writes, although the loopback has the property set to
 * that probability once they are connected. */
static void
transfer (Fixture *fixture, const char *property, double probability)
{
  g_auto (Ends)      ends = { NULL };
  g_autoptr (GBytes) bytes = make_bytes (LENGTH, 1);

  ibb_service_set_initial_wait_time (fixture->romeo, 1);
  ibb_service_set_max_retries (fixture->romeo, 20);
  ends = fixture_open (fixture);
  g_object_set (fixture->loopback, property, probability, NULL);

  assert_passes (ends.romeo, ends.juliet, bytes);
  drain_transport (ends.romeo);
  g_object_set (fixture->loopback, property, 0.0, NULL);
  close_stream (ends.romeo);
}

static void
send_xml (IBBConnection *connection, const char *xml)
{
  g_autoptr (GError)    error = NULL;
  g_autoptr (IBBStanza) stanza = ibb_stanza_new_from_xml (xml, -1, &error);

  g_assert_no_error (error);
  assert_succeeds (ibb_connection_send, connection, stanza);
}

/* D-25, D-26: blocks that bounce are sent again; without a retry they end the
 * session. Of fifteen blocks one in two bounces. */
static void
test_bounce (Fixture *fixture, gconstpointer data)
{
  g_auto (Ends) ends = { NULL };

  ibb_loopback_set_seed (fixture->loopback, 5);
  /* One at a time: the block after a bounced one would be a gap (N-29). */
  ibb_service_set_window (fixture->romeo, 1);
  transfer (fixture, "bounce-probability", 0.5);

  ibb_service_set_max_retries (fixture->romeo, 0);
  ends = fixture_open (fixture);
  ibb_loopback_set_bounce_probability (fixture->loopback, 0.5);
  for (guint i = 0; i < LENGTH / 4096 && !ibb_transport_has_ended (ends.romeo); i++)
    {
      g_output_stream_write (get_output (ends.romeo), "x", 1, NULL, NULL);
      ibb_transport_drain (ends.romeo, NULL, NULL);
    }
  assert_write_fails (ends.romeo, G_IO_ERROR_TIMED_OUT);
  ibb_loopback_set_bounce_probability (fixture->loopback, 0.0);
}

static gboolean
count_stanza_cb (IBBConnection *connection, IBBStanza *stanza, gpointer data)
{
  (*(guint *) data)++;
  return FALSE;
}

/* D-20: blocks that come twice are delivered once. A message, which is none of the
 * session, does come twice. */
static void
test_duplicate (Fixture *fixture, gconstpointer data)
{
  guint n_messages = 0;

  transfer (fixture, "duplicate-probability", 1.0);

  g_signal_connect (fixture->juliet_connection, "stanza-received", G_CALLBACK (count_stanza_cb),
                    &n_messages);
  ibb_loopback_set_duplicate_probability (fixture->loopback, 1.0);
  send_xml (fixture->romeo_connection, "<message to='" JULIET "'><body>twice</body></message>");
  wait_until (n_messages == 2);
  g_signal_handlers_disconnect_by_data (fixture->juliet_connection, &n_messages);
}

/* A round trip takes twice the latency. */
static void
test_latency (Fixture *fixture, gconstpointer data)
{
  g_auto (Ends) ends = fixture_open (fixture);
  gint64        start;

  ibb_loopback_set_latency (fixture->loopback, 30);
  start = g_get_monotonic_time ();
  write_text (ends.romeo, "far away");
  drain_transport (ends.romeo);
  g_assert_cmpint (g_get_monotonic_time () - start, >=, 60 * 1000);
}

/* So many bytes take so long. Nothing is lost when the connection is congested on the way. */
static void
test_rate (Fixture *fixture, gconstpointer data)
{
  gint64 start = g_get_monotonic_time ();

  ibb_loopback_set_rate (fixture->loopback, 400 * 1000);
  transfer (fixture, "drop-probability", 0.0);
  g_assert_cmpint (g_get_monotonic_time () - start, >=, LENGTH * G_TIME_SPAN_SECOND / 400000);
}

/* The connection: JIDs, and their last owner. */
static void
test_attach (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBConnection) bare = ibb_loopback_attach (fixture->loopback, "nurse@capulet.example");
  g_autoptr (IBBConnection) other =
      ibb_loopback_attach (fixture->loopback, "nurse@capulet.example");
  g_auto (Ends)             ends = { NULL };
  g_autoptr (IBBConnection) again = NULL;
  g_autofree char          *bare_jid = ibb_connection_dup_local_jid (bare);
  g_autofree char          *other_jid = ibb_connection_dup_local_jid (other);

  g_assert_true (g_str_has_prefix (bare_jid, "nurse@capulet.example/"));
  g_assert_cmpstr (bare_jid, !=, other_jid);

  ends = fixture_open (fixture);
  again = ibb_loopback_attach (fixture->loopback, "Juliet@capulet.example/balcony");
  assert_read_fails (ends.juliet, G_IO_ERROR_CONNECTION_CLOSED);
}

static gboolean
stanza_cb (IBBConnection *connection, IBBStanza *stanza, gpointer data)
{
  IBBStanza **stored = data;

  g_clear_pointer (stored, ibb_stanza_unref);
  *stored = ibb_stanza_ref (stanza);
  return FALSE;
}

/* F-20, N-08: what is not ours passes, and is answered as by a client. */
static void
test_other_stanzas (Fixture *fixture, gconstpointer data)
{
  IBBStanza       *at_romeo = NULL;
  IBBStanza       *at_juliet = NULL;
  g_autofree char *disco = NULL;

  g_signal_connect (fixture->romeo_connection, "stanza-received", G_CALLBACK (stanza_cb),
                    &at_romeo);
  g_signal_connect (fixture->juliet_connection, "stanza-received", G_CALLBACK (stanza_cb),
                    &at_juliet);

  send_xml (fixture->romeo_connection,
            "<message to='" JULIET "' id='m'><body>What light?</body></message>");
  wait_until (at_juliet != NULL);
  g_assert_cmpstr (ibb_stanza_get_name (at_juliet), ==, "message");
  g_assert_cmpstr (ibb_stanza_get_id (at_juliet), ==, "m");
  g_assert_cmpstr (ibb_stanza_get_from (at_juliet), ==, ROMEO);

  send_xml (fixture->romeo_connection,
            "<iq type='get' to='" JULIET "' id='v'><query xmlns='jabber:iq:last'/></iq>");
  wait_until (at_romeo != NULL);
  g_assert_cmpstr (ibb_stanza_get_kind (at_romeo), ==, "error");
  g_assert_cmpstr (ibb_stanza_get_id (at_romeo), ==, "v");
  g_assert_cmpstr (ibb_stanza_get_from (at_romeo), ==, JULIET);
  g_clear_pointer (&at_romeo, ibb_stanza_unref);

  send_xml (fixture->romeo_connection,
            "<iq type='get' to='" JULIET "' id='p'><ping xmlns='urn:xmpp:ping'/></iq>");
  wait_until (at_romeo != NULL);
  g_assert_cmpstr (ibb_stanza_get_kind (at_romeo), ==, "result");
  g_assert_cmpstr (ibb_stanza_get_id (at_romeo), ==, "p");
  g_clear_pointer (&at_romeo, ibb_stanza_unref);

  /* Our own server answers, too, if only by an error (D-50). */
  send_xml (fixture->romeo_connection,
            "<iq type='get' to='montague.example' id='s'><ping xmlns='urn:xmpp:ping'/></iq>");
  wait_until (at_romeo != NULL);
  g_assert_cmpstr (ibb_stanza_get_from (at_romeo), ==, "montague.example");
  g_assert_cmpstr (ibb_stanza_get_id (at_romeo), ==, "s");
  g_clear_pointer (&at_romeo, ibb_stanza_unref);

  send_xml (fixture->romeo_connection,
            "<iq type='get' to='" JULIET "' id='d'>"
            "<query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
  wait_until (at_romeo != NULL);
  g_assert_cmpstr (ibb_stanza_get_kind (at_romeo), ==, "result");
  disco = ibb_stanza_to_xml (at_romeo);
  g_assert_nonnull (strstr (disco, "urn:ibb-glib:1")); /* our feature is advertised (D-43) */

  g_signal_handlers_disconnect_by_data (fixture->romeo_connection, &at_romeo);
  g_signal_handlers_disconnect_by_data (fixture->juliet_connection, &at_juliet);
  ibb_stanza_unref (at_romeo);
  ibb_stanza_unref (at_juliet);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  add_test ("/ibb/loopback/faults/properties", test_properties);
  add_test ("/ibb/loopback/faults/bounce/D-26", test_bounce);
  add_test ("/ibb/loopback/faults/duplicate/D-20", test_duplicate);
  add_test ("/ibb/loopback/faults/latency", test_latency);
  add_test ("/ibb/loopback/faults/rate", test_rate);
  add_test ("/ibb/loopback/faults/attach", test_attach);
  add_test ("/ibb/loopback/faults/other-stanzas/F-20", test_other_stanzas);
  return g_test_run ();
}
