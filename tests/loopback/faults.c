/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The loopback itself: its routing, and the faults that it can be told to have. */

#include "fixture.h"

#define LENGTH 60000

/* One end reads the bytes that the other one writes, although the loopback has the faults once they
 * are connected. */
static void
transfer (Fixture *fixture, IBBHubFaults faults)
{
  g_auto (Ends)      ends = { NULL };
  g_autoptr (GBytes) bytes = make_bytes (LENGTH, 1);

  g_object_set (fixture->romeo, "initial-wait-time", 1, "max-retries", 20, NULL);
  ends = fixture_open (fixture);
  ibb_loopback_set_faults (fixture->loopback, &faults);

  assert_passes (ends.romeo, ends.juliet, bytes);
  drain_transport (ends.romeo);
  ibb_loopback_set_faults (fixture->loopback, &(IBBHubFaults){ 0 });
  close_stream (ends.romeo);
}

/* D-25, D-26: blocks that bounce are sent again; without a retry they end the
 * session. Of fifteen blocks one in two bounces. */
static void
test_bounce (Fixture *fixture, gconstpointer data)
{
  g_auto (Ends) ends = { NULL };

  /* One at a time: the block after a bounced one would be a gap (N-29). */
  g_object_set (fixture->romeo, "window", (guint64) 1, NULL);
  transfer (fixture, (IBBHubFaults){ .bounce_probability = 0.5 });

  g_object_set (fixture->romeo, "max-retries", 0, NULL);
  ends = fixture_open (fixture);
  ibb_loopback_set_faults (fixture->loopback, &(IBBHubFaults){ .bounce_probability = 0.5 });
  for (guint i = 0; i < LENGTH / 4096 && !ibb_transport_has_ended (ends.romeo); i++)
    {
      g_output_stream_write (get_output (ends.romeo), "x", 1, NULL, NULL);
      ibb_transport_drain (ends.romeo, NULL, NULL);
    }
  assert_write_fails (ends.romeo, G_IO_ERROR_TIMED_OUT);
  ibb_loopback_set_faults (fixture->loopback, &(IBBHubFaults){ 0 });
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

  transfer (fixture, (IBBHubFaults){ .duplicate_probability = 1.0 });

  g_signal_connect (fixture->juliet_connection, "stanza-received", G_CALLBACK (count_stanza_cb),
                    &n_messages);
  ibb_loopback_set_faults (fixture->loopback, &(IBBHubFaults){ .duplicate_probability = 1.0 });
  send_xml (fixture->romeo_connection, "<message to='" JULIET "'><body>twice</body></message>");
  wait_until (n_messages >= 2);
  g_assert_cmpuint (n_messages, ==, 2);
  g_signal_handlers_disconnect_by_data (fixture->juliet_connection, &n_messages);
}

/* So many bytes take so long. Nothing is lost when the connection is congested on the way. */
static void
test_rate (Fixture *fixture, gconstpointer data)
{
  gint64 start = g_get_monotonic_time ();

  transfer (fixture, (IBBHubFaults){ .rate = 400 * 1000 });
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

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  add_test ("/ibb/loopback/faults/bounce/D-26", test_bounce);
  add_test ("/ibb/loopback/faults/duplicate/D-20", test_duplicate);
  add_test ("/ibb/loopback/faults/rate", test_rate);
  add_test ("/ibb/loopback/faults/attach", test_attach);
  return g_test_run ();
}
