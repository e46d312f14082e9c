/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reading and writing: blocking, asynchronous, spliced. */

#include "fixture.h"

/* D-31, N-30: bytes go both ways, by blocking calls in the main thread. */
static void
test_talk (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBTransport) romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;
  g_autoptr (GError)       error = NULL;

  fixture_open (fixture, &romeo, &juliet);
  g_assert_cmpstr (ibb_transport_get_peer_jid (romeo), ==, JULIET);
  g_assert_cmpstr (ibb_transport_get_local_jid (romeo), ==, ROMEO);
  g_assert_cmpstr (ibb_transport_get_peer_jid (juliet), ==, ROMEO);
  g_assert_cmpstr (ibb_transport_get_local_jid (juliet), ==, JULIET);
  g_assert_cmpstr (ibb_transport_get_sid (romeo), ==, ibb_transport_get_sid (juliet));
  g_assert_cmpuint (ibb_transport_get_block_size (romeo), ==, 4096);
  g_assert_cmpuint (ibb_transport_get_block_size (juliet), ==, 4096);
  g_assert_cmpint (ibb_transport_get_stanza_type (juliet), ==, IBB_STANZA_TYPE_IQ);

  write_text (romeo, "But soft");
  assert_reads (juliet, "But soft");
  write_text (juliet, "Ay me");
  assert_reads (romeo, "Ay me");

  ibb_transport_drain (romeo, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (ibb_transport_get_bytes_sent (romeo), ==, 8);
  g_assert_cmpuint (ibb_transport_get_bytes_queued (romeo), ==, 0);
  g_assert_cmpuint (ibb_transport_get_bytes_received (juliet), ==, 8);

  g_io_stream_close (G_IO_STREAM (romeo), NULL, &error);
  g_assert_no_error (error);
  assert_reads_eof (juliet);
  assert_reads_eof (juliet);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  add_test ("/ibb/loopback/stream/talk", test_talk);
  return g_test_run ();
}
