/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sessions beside each other on one connection (D-50): three that nobody reads
 * stop neither a fourth, nor in the end each other. */

#include "fixture.h"

#define N_STALLED 3
#define STALLED_LENGTH (60 * 1024) /* as much as the send buffer takes */
#define LIVE_LENGTH (1024 * 1024)

static void
test_stalled (Fixture *fixture, gconstpointer data)
{
  Ends               stalled[N_STALLED];
  g_auto (Ends)      ends = { NULL };
  g_autoptr (GBytes) live = make_bytes (LIVE_LENGTH, N_STALLED);
  g_autofree guint8 *got = g_malloc (STALLED_LENGTH);
  gsize              size;

  ibb_service_set_receive_buffer_size (fixture->juliet, 16 * 1024);
  for (guint i = 0; i < N_STALLED; i++)
    {
      g_autoptr (GBytes) bytes = make_bytes (STALLED_LENGTH, i);

      stalled[i] = fixture_open (fixture);
      write_bytes (stalled[i].romeo, g_bytes_get_data (bytes, NULL), STALLED_LENGTH);
    }

  ends = fixture_open (fixture);
  assert_passes (ends.romeo, ends.juliet, live);

  /* A session that is read late has lost nothing. */
  for (guint i = 0; i < N_STALLED; i++)
    {
      g_autoptr (GBytes) bytes = make_bytes (STALLED_LENGTH, i);

      g_assert_cmpuint (ibb_transport_get_bytes_acknowledged (stalled[i].romeo), <, STALLED_LENGTH);
      assert_succeeds (g_input_stream_read_all, get_input (stalled[i].juliet), got, STALLED_LENGTH,
                       &size, NULL);
      g_assert_cmpmem (got, size, g_bytes_get_data (bytes, NULL), STALLED_LENGTH);
      drain_transport (stalled[i].romeo);
      g_assert_cmpuint (ibb_transport_get_bytes_acknowledged (stalled[i].romeo), ==,
                        STALLED_LENGTH);
      ends_clear (&stalled[i]);
    }
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  add_test_anywhere ("/ibb/sharing/stalled/D-50", NULL, test_stalled);
  return g_test_run ();
}
