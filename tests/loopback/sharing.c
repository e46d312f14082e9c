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
  IBBTransport            *writers[N_STALLED];
  IBBTransport            *readers[N_STALLED];
  g_autoptr (IBBTransport) romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;
  g_autoptr (GBytes)       live = make_bytes (LIVE_LENGTH, N_STALLED);
  g_autofree guint8       *got = g_malloc (LIVE_LENGTH);
  g_autoptr (GAsyncResult) write_result = NULL;
  g_autoptr (GAsyncResult) read_result = NULL;
  GAsyncResult            *written = NULL;
  GAsyncResult            *read = NULL;
  g_autoptr (GError)       error = NULL;
  gsize                    size;

  ibb_service_set_receive_buffer_size (fixture->juliet, 16 * 1024);
  for (guint i = 0; i < N_STALLED; i++)
    {
      g_autoptr (GBytes) bytes = make_bytes (STALLED_LENGTH, i);

      fixture_open (fixture, &writers[i], &readers[i]);
      write_bytes (writers[i], g_bytes_get_data (bytes, NULL), STALLED_LENGTH);
    }

  fixture_open (fixture, &romeo, &juliet);
  g_output_stream_write_all_async (g_io_stream_get_output_stream (G_IO_STREAM (romeo)),
                                   g_bytes_get_data (live, NULL), LIVE_LENGTH, G_PRIORITY_DEFAULT,
                                   NULL, store_result_cb, &written);
  g_input_stream_read_all_async (g_io_stream_get_input_stream (G_IO_STREAM (juliet)), got,
                                 LIVE_LENGTH, G_PRIORITY_DEFAULT, NULL, store_result_cb, &read);
  write_result = wait_for_result (&written);
  g_output_stream_write_all_finish (g_io_stream_get_output_stream (G_IO_STREAM (romeo)),
                                    write_result, NULL, &error);
  g_assert_no_error (error);
  read_result = wait_for_result (&read);
  g_input_stream_read_all_finish (g_io_stream_get_input_stream (G_IO_STREAM (juliet)), read_result,
                                  &size, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (got, size, g_bytes_get_data (live, NULL), LIVE_LENGTH);

  /* Whoever is read at last has lost nothing. */
  for (guint i = 0; i < N_STALLED; i++)
    {
      g_autoptr (GBytes) bytes = make_bytes (STALLED_LENGTH, i);

      g_assert_cmpuint (ibb_transport_get_bytes_sent (writers[i]), <, STALLED_LENGTH);
      g_input_stream_read_all (g_io_stream_get_input_stream (G_IO_STREAM (readers[i])), got,
                               STALLED_LENGTH, &size, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpmem (got, size, g_bytes_get_data (bytes, NULL), STALLED_LENGTH);
      ibb_transport_drain (writers[i], NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (ibb_transport_get_bytes_sent (writers[i]), ==, STALLED_LENGTH);
      g_object_unref (writers[i]);
      g_object_unref (readers[i]);
    }
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  add_test_anywhere ("/ibb/sharing/stalled/D-50", NULL, test_stalled);
  return g_test_run ();
}
