/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What GIO puts on top of a stream. */

#include "fixture.h"

#include <sys/socket.h>

/* A pair of connected sockets. */
static void
make_sockets (GIOStream *ends[2])
{
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GError)  error = NULL;
      g_autoptr (GSocket) end = g_socket_new_from_fd (fds[i], &error);

      g_assert_no_error (error);
      ends[i] = G_IO_STREAM (g_socket_connection_factory_create_connection (end));
    }
}

static void
test_tunnel (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBTransport)   romeo = NULL;
  g_autoptr (IBBTransport)   juliet = NULL;
  g_autoptr (GBytes)         bytes = make_bytes (300000, 1);
  g_autofree guint8         *got = g_malloc (300000);
  g_autoptr (GError)         error = NULL;
  g_autoptr (GAsyncResult)   write_result = NULL;
  g_autoptr (GAsyncResult)   read_result = NULL;
  g_autoptr (GAsyncResult)   romeo_result = NULL;
  g_autoptr (GAsyncResult)   juliet_result = NULL;
  GAsyncResult              *written = NULL;
  GAsyncResult              *read = NULL;
  GAsyncResult              *romeo_spliced = NULL;
  GAsyncResult              *juliet_spliced = NULL;
  GIOStream                 *here[2];
  GIOStream                 *there[2];
  gsize                      size;
  const GIOStreamSpliceFlags flags =
      G_IO_STREAM_SPLICE_CLOSE_STREAM1 | G_IO_STREAM_SPLICE_CLOSE_STREAM2;

  fixture_open (fixture, &romeo, &juliet);
  make_sockets (here);
  make_sockets (there);
  g_io_stream_splice_async (here[1], G_IO_STREAM (romeo), flags, G_PRIORITY_DEFAULT, NULL,
                            store_result_cb, &romeo_spliced);
  g_io_stream_splice_async (G_IO_STREAM (juliet), there[1], flags, G_PRIORITY_DEFAULT, NULL,
                            store_result_cb, &juliet_spliced);

  g_output_stream_write_all_async (g_io_stream_get_output_stream (here[0]),
                                   g_bytes_get_data (bytes, NULL), 300000, G_PRIORITY_DEFAULT, NULL,
                                   store_result_cb, &written);
  g_input_stream_read_all_async (g_io_stream_get_input_stream (there[0]), got, 300000,
                                 G_PRIORITY_DEFAULT, NULL, store_result_cb, &read);
  write_result = wait_for_result (&written);
  g_output_stream_write_all_finish (g_io_stream_get_output_stream (here[0]), write_result, NULL,
                                    &error);
  g_assert_no_error (error);
  read_result = wait_for_result (&read);
  g_input_stream_read_all_finish (g_io_stream_get_input_stream (there[0]), read_result, &size,
                                  &error);
  g_assert_no_error (error);
  g_assert_cmpmem (got, size, g_bytes_get_data (bytes, NULL), 300000);

  /* The end of one socket travels to the other. */
  g_io_stream_close (here[0], NULL, &error);
  g_assert_no_error (error);
  romeo_result = wait_for_result (&romeo_spliced);
  g_io_stream_splice_finish (romeo_result, NULL);
  juliet_result = wait_for_result (&juliet_spliced);
  g_io_stream_splice_finish (juliet_result, NULL);
  g_assert_cmpint (
      g_input_stream_read (g_io_stream_get_input_stream (there[0]), got, 1, NULL, &error), ==, 0);
  g_assert_no_error (error);
  g_assert_true (ibb_transport_has_ended (romeo));
  for (guint i = 0; i < 2; i++)
    {
      g_object_unref (here[i]);
      g_object_unref (there[i]);
    }
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  add_test_anywhere ("/ibb/layers/tunnel", NULL, test_tunnel);
  return g_test_run ();
}
