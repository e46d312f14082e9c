/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The layers of GIO on top of a stream. */

#include "fixture.h"

#include <sys/socket.h>

#define MIB (1024 * 1024)

/* Lines */

static const char lines[] = "But soft,\nwhat light\r\n\nthrough yonder window breaks?\n";

static char *
read_line (GDataInputStream *input, gboolean blocking, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  GAsyncResult            *read = NULL;

  if (blocking)
    return g_data_input_stream_read_line_utf8 (input, NULL, NULL, error);
  g_data_input_stream_read_line_async (input, G_PRIORITY_DEFAULT, NULL, store_result_cb, &read);
  result = wait_for_result (&read);
  return g_data_input_stream_read_line_finish_utf8 (input, result, NULL, error);
}

static void
assert_line (GDataInputStream *input, gboolean blocking, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autofree char   *line = read_line (input, blocking, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (line, ==, expected);
}

static void
test_lines (Fixture *fixture, gconstpointer blocking)
{
  g_auto (Ends)                ends = fixture_open (fixture);
  g_autoptr (GDataInputStream) input = NULL;
  g_autofree char             *end = g_strnfill (100000, 'z');

  input = g_data_input_stream_new (get_input (ends.juliet));
  g_data_input_stream_set_newline_type (input, G_DATA_STREAM_NEWLINE_TYPE_ANY);
  write_text (ends.romeo, lines);
  assert_line (input, blocking != NULL, "But soft,");
  assert_line (input, blocking != NULL, "what light");
  assert_line (input, blocking != NULL, "");
  assert_line (input, blocking != NULL, "through yonder window breaks?");
  /* Longer than many blocks, and without its end. */
  write_text (ends.romeo, end);
  close_async (ends.romeo);
  assert_line (input, blocking != NULL, end);
  assert_line (input, blocking != NULL, NULL);
}

/* D-45: half a line is no line: the error comes in its place. */
static void
test_lines_broken (Fixture *fixture, gconstpointer blocking)
{
  g_auto (Ends)                ends = fixture_open (fixture);
  g_autoptr (GDataInputStream) input = NULL;
  g_autoptr (GError)           error = NULL;

  input = g_data_input_stream_new (get_input (ends.juliet));
  write_text (ends.romeo, "It is the east\nand Juliet is");
  drain_transport (ends.romeo);
  ibb_transport_abort (ends.romeo);
  poll_until (ibb_transport_has_ended (ends.juliet));
  assert_line (input, blocking != NULL, "It is the east");
  assert_fails (G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE, read_line, input, blocking != NULL);
}

/* Buffers */

static void
test_buffered (Fixture *fixture, gconstpointer data)
{
  const gsize               size = 100000;
  g_auto (Ends)             ends = fixture_open (fixture);
  g_autoptr (GOutputStream) output = NULL;
  g_autoptr (GInputStream)  input = NULL;
  g_autoptr (GBytes)        bytes = make_bytes (size, 1);
  const guint8             *sent = g_bytes_get_data (bytes, NULL);
  g_autoptr (GError)        error = NULL;

  output = g_buffered_output_stream_new_sized (get_output (ends.romeo), 10000);
  input = g_buffered_input_stream_new_sized (get_input (ends.juliet), 3000);

  /* A flush of the buffer is one of the session, too. */
  ibb_transport_set_auto_flush (ends.romeo, FALSE);
  assert_succeeds (g_output_stream_write_all, output, "x", 1, NULL, NULL);
  assert_succeeds (g_output_stream_flush, output, NULL);
  g_assert_cmpint (
      g_buffered_input_stream_read_byte (G_BUFFERED_INPUT_STREAM (input), NULL, &error), ==, 'x');

  for (gsize i = 0; i < size; i++)
    g_assert_cmpint (g_output_stream_write (output, sent + i, 1, NULL, &error), ==, 1);
  g_assert_no_error (error);
  /* Its close flushes and closes the half below: the peer hears of that only when
   * the transport is closed. */
  assert_succeeds (g_output_stream_close, output, NULL);
  for (gsize i = 0; i < size; i++)
    g_assert_cmpint (
        g_buffered_input_stream_read_byte (G_BUFFERED_INPUT_STREAM (input), NULL, &error), ==,
        sent[i]);
  g_assert_false (ibb_transport_has_ended (ends.juliet));
  g_assert_false (
      g_pollable_input_stream_is_readable (G_POLLABLE_INPUT_STREAM (get_input (ends.juliet))));
  close_async (ends.romeo);
  g_assert_cmpint (
      g_buffered_input_stream_read_byte (G_BUFFERED_INPUT_STREAM (input), NULL, &error), ==, -1);
  g_assert_no_error (error);
}

/* Compression */

static GBytes *
make_text (gsize size)
{
  GString *text = g_string_sized_new (size);

  for (guint i = 0; text->len < size; i++)
    g_string_append_printf (text, "%u: a rose by any other name would smell as sweet\n", i);
  g_string_truncate (text, size);
  return g_string_free_to_bytes (text);
}

typedef struct
{
  IBBTransport  *transport;
  GOutputStream *output;
} Press;

static gpointer
compress_thread (gpointer data)
{
  Press             *self = data;
  GOutputStream     *output = self->output;
  g_autoptr (GBytes) text = make_text (4 * MIB);
  g_autoptr (GError) error = NULL;

  g_output_stream_write_all (output, g_bytes_get_data (text, NULL), 4 * MIB, NULL, NULL, &error);
  g_assert_no_error (error);
  g_output_stream_close (output, NULL, &error);
  g_assert_no_error (error);
  /* The compressed stream knows its own end, but GConverterInputStream may ask for
   * more before it looks. */
  ibb_transport_shutdown_output (self->transport, NULL, &error);
  g_assert_no_error (error);
  return NULL;
}

static void
test_zlib (Fixture *fixture, gconstpointer stanza_type)
{
  g_auto (Ends)               ends = fixture_open_with (fixture, GPOINTER_TO_INT (stanza_type));
  g_autoptr (GZlibCompressor) compressor = g_zlib_compressor_new (G_ZLIB_COMPRESSOR_FORMAT_ZLIB, 6);
  g_autoptr (GZlibDecompressor) decompressor =
      g_zlib_decompressor_new (G_ZLIB_COMPRESSOR_FORMAT_ZLIB);
  g_autoptr (GOutputStream) output = NULL;
  g_autoptr (GInputStream)  input = NULL;
  g_autoptr (GBytes)        text = make_text (4 * MIB);
  g_autofree char          *got = g_malloc (4 * MIB + 1);
  GThread                  *thread;
  Press                     press;
  gsize                     size;

  output = g_converter_output_stream_new (get_output (ends.romeo), G_CONVERTER (compressor));
  g_filter_output_stream_set_close_base_stream (G_FILTER_OUTPUT_STREAM (output), FALSE);
  input = g_converter_input_stream_new (get_input (ends.juliet), G_CONVERTER (decompressor));

  /* Up to a flush, everything arrives. */
  assert_succeeds (g_output_stream_write_all, output, "prologue", 8, NULL, NULL);
  assert_succeeds (g_output_stream_flush, output, NULL);
  assert_succeeds (g_input_stream_read_all, input, got, 8, NULL, NULL);
  g_assert_cmpmem (got, 8, "prologue", 8);

  press = (Press){ ends.romeo, output };
  thread = g_thread_new ("compress", compress_thread, &press);
  assert_succeeds (g_input_stream_read_all, input, got, 4 * MIB + 1, &size, NULL);
  g_thread_join (thread);
  g_assert_cmpmem (got, size, g_bytes_get_data (text, NULL), g_bytes_get_size (text));
  g_assert_cmpuint (ibb_transport_get_bytes_received (ends.juliet), <, MIB);
}

/* Splices of one direction */

typedef struct
{
  gboolean                 blocking;
  GOutputStreamSpliceFlags flags;
  IBBStanzaType            stanza_type;
} SpliceCase;

typedef struct
{
  GOutputStream    *target;
  GInputStream     *source;
  const SpliceCase *way;
  GAsyncResult     *result;
  GThread          *thread;
  gssize            size;
} Splice;

static gpointer
splice_thread (gpointer data)
{
  Splice *self = data;

  self->size =
      assert_succeeds (g_output_stream_splice, self->target, self->source, self->way->flags, NULL);
  return NULL;
}

static void
splice_begin (Splice *self, GOutputStream *target, GInputStream *source, const SpliceCase *way)
{
  *self = (Splice){ .target = target, .source = source, .way = way };
  if (way->blocking)
    self->thread = g_thread_new ("splice", splice_thread, self);
  else
    g_output_stream_splice_async (target, source, way->flags, G_PRIORITY_DEFAULT, NULL,
                                  store_result_cb, &self->result);
}

static gssize
splice_end (Splice *self)
{
  g_autoptr (GAsyncResult) result = NULL;

  if (self->way->blocking)
    {
      g_thread_join (self->thread);
      return self->size;
    }
  result = wait_for_result (&self->result);
  self->size = assert_succeeds (g_output_stream_splice_finish, self->target, result);
  return self->size;
}

static void
test_splice (Fixture *fixture, gconstpointer data)
{
  const SpliceCase         *way = data;
  g_auto (Ends)             ends = fixture_open_with (fixture, way->stanza_type);
  g_autoptr (GBytes)        bytes = make_bytes (4 * MIB, 1);
  g_autoptr (GInputStream)  source = g_memory_input_stream_new_from_bytes (bytes);
  g_autoptr (GOutputStream) sink = g_memory_output_stream_new_resizable ();
  g_autoptr (GBytes)        got = NULL;
  Splice                    in;
  Splice                    out;

  splice_begin (&in, sink, get_input (ends.juliet), way);
  splice_begin (&out, get_output (ends.romeo), source, way);
  g_assert_cmpint (splice_end (&out), ==, 4 * MIB);
  g_assert_cmpint (g_input_stream_is_closed (source), ==,
                   (way->flags & G_OUTPUT_STREAM_SPLICE_CLOSE_SOURCE) != 0);
  g_assert_cmpint (g_output_stream_is_closed (get_output (ends.romeo)), ==,
                   (way->flags & G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET) != 0);
  /* The end of a half is none of the session: without this, the other splice
   * would wait. */
  g_assert_false (ibb_transport_has_ended (ends.juliet));
  close_async (ends.romeo);
  g_assert_cmpint (splice_end (&in), ==, 4 * MIB);
  if (!g_output_stream_is_closed (sink))
    assert_succeeds (g_output_stream_close, sink, NULL);
  got = g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (sink));
  g_assert_true (g_bytes_equal (got, bytes));
}

/* D-45, D-49: what a broken session means to the splice that reads it. */
static void
test_splice_broken (Fixture *fixture, gconstpointer data)
{
  g_auto (Ends)             ends = fixture_open (fixture);
  g_autoptr (GOutputStream) sink = g_memory_output_stream_new_resizable ();
  GAsyncResult             *spliced = NULL;

  g_output_stream_splice_async (sink, get_input (ends.juliet), G_OUTPUT_STREAM_SPLICE_NONE,
                                G_PRIORITY_DEFAULT, NULL, store_result_cb, &spliced);
  write_text (ends.romeo, "half");
  drain_transport (ends.romeo);
  ibb_transport_abort (ends.romeo);
  assert_result_fails (G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE, g_output_stream_splice_finish, sink,
                       &spliced);
}

/* Splices with sockets */

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
  g_auto (Ends)              ends = fixture_open (fixture);
  g_autoptr (GBytes)         bytes = make_bytes (300000, 1);
  g_autoptr (GError)         error = NULL;
  g_autoptr (GAsyncResult)   romeo_result = NULL;
  g_autoptr (GAsyncResult)   juliet_result = NULL;
  GAsyncResult              *romeo_spliced = NULL;
  GAsyncResult              *juliet_spliced = NULL;
  GIOStream                 *here[2];
  GIOStream                 *there[2];
  char                       byte;
  const GIOStreamSpliceFlags flags =
      G_IO_STREAM_SPLICE_CLOSE_STREAM1 | G_IO_STREAM_SPLICE_CLOSE_STREAM2;

  make_sockets (here);
  make_sockets (there);
  g_io_stream_splice_async (here[1], G_IO_STREAM (ends.romeo), flags, G_PRIORITY_DEFAULT, NULL,
                            store_result_cb, &romeo_spliced);
  g_io_stream_splice_async (G_IO_STREAM (ends.juliet), there[1], flags, G_PRIORITY_DEFAULT, NULL,
                            store_result_cb, &juliet_spliced);

  assert_passes (here[0], there[0], bytes);

  /* The end of one socket travels to the other. */
  assert_succeeds (g_io_stream_close, here[0], NULL);
  romeo_result = wait_for_result (&romeo_spliced);
  g_io_stream_splice_finish (romeo_result, NULL);
  juliet_result = wait_for_result (&juliet_spliced);
  g_io_stream_splice_finish (juliet_result, NULL);
  g_assert_cmpint (g_input_stream_read (get_input (there[0]), &byte, 1, NULL, &error), ==, 0);
  g_assert_no_error (error);
  g_assert_true (ibb_transport_has_ended (ends.romeo));
  for (guint i = 0; i < 2; i++)
    {
      g_object_unref (here[i]);
      g_object_unref (there[i]);
    }
}

/* The session breaks: so does what is spliced to it, and the splice says why. */
static void
test_tunnel_broken (Fixture *fixture, gconstpointer data)
{
  g_auto (Ends)            ends = fixture_open (fixture);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError)       error = NULL;
  GAsyncResult            *spliced = NULL;
  GIOStream               *sockets[2];
  char                     byte;

  make_sockets (sockets);
  g_io_stream_splice_async (sockets[1], G_IO_STREAM (ends.romeo),
                            G_IO_STREAM_SPLICE_CLOSE_STREAM1 | G_IO_STREAM_SPLICE_CLOSE_STREAM2,
                            G_PRIORITY_DEFAULT, NULL, store_result_cb, &spliced);
  ibb_transport_abort (ends.juliet);
  result = wait_for_result (&spliced);
  assert_fails (G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE, g_io_stream_splice_finish, result);
  g_assert_cmpint (g_input_stream_read (get_input (sockets[0]), &byte, 1, NULL, &error), ==, 0);
  g_assert_no_error (error);
  g_object_unref (sockets[0]);
  g_object_unref (sockets[1]);
}

/* A cancelled one ends, and closes what it was to close. */
static void
test_tunnel_cancelled (Fixture *fixture, gconstpointer data)
{
  g_auto (Ends)            ends = fixture_open (fixture);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  GAsyncResult            *spliced = NULL;
  GIOStream               *sockets[2];

  make_sockets (sockets);
  g_io_stream_splice_async (sockets[1], G_IO_STREAM (ends.romeo),
                            G_IO_STREAM_SPLICE_CLOSE_STREAM1 | G_IO_STREAM_SPLICE_CLOSE_STREAM2,
                            G_PRIORITY_DEFAULT, cancellable, store_result_cb, &spliced);
  write_text (ends.juliet, "good night");
  run_pending ();
  g_cancellable_cancel (cancellable);
  result = wait_for_result (&spliced);
  assert_fails (G_IO_ERROR, G_IO_ERROR_CANCELLED, g_io_stream_splice_finish, result);
  poll_until (ibb_transport_has_ended (ends.romeo));
  poll_until (ibb_transport_has_ended (ends.juliet));
  g_object_unref (sockets[0]);
  g_object_unref (sockets[1]);
}

#define CLOSE_BOTH G_OUTPUT_STREAM_SPLICE_CLOSE_SOURCE | G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET

static const SpliceCase splice_cases[] = {
  { TRUE, G_OUTPUT_STREAM_SPLICE_NONE, IBB_STANZA_TYPE_IQ },
  { TRUE, CLOSE_BOTH, IBB_STANZA_TYPE_IQ },
  { FALSE, G_OUTPUT_STREAM_SPLICE_NONE, IBB_STANZA_TYPE_IQ },
  { FALSE, CLOSE_BOTH, IBB_STANZA_TYPE_IQ },
  { TRUE, CLOSE_BOTH, IBB_STANZA_TYPE_MESSAGE },
  { FALSE, CLOSE_BOTH, IBB_STANZA_TYPE_MESSAGE },
};

static void
add_splice_cases (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (splice_cases); i++)
    {
      const SpliceCase *one = &splice_cases[i];
      g_autofree char  *path =
          g_strdup_printf ("/ibb/layers/splice/%s/%s/%s", one->blocking ? "blocking" : "async",
                           one->flags == G_OUTPUT_STREAM_SPLICE_NONE ? "open" : "close",
                           one->stanza_type == IBB_STANZA_TYPE_IQ ? "iq" : "message");

      add_test_anywhere (path, one, test_splice);
    }
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  add_test_anywhere ("/ibb/layers/lines/blocking", "", test_lines);
  add_test_anywhere ("/ibb/layers/lines/async", NULL, test_lines);
  add_test_anywhere ("/ibb/layers/lines-broken/blocking", "", test_lines_broken);
  add_test_anywhere ("/ibb/layers/lines-broken/async", NULL, test_lines_broken);
  add_test_anywhere ("/ibb/layers/buffered", NULL, test_buffered);
  add_test_by_both ("/ibb/layers/zlib", test_zlib);
  add_splice_cases ();
  add_test_anywhere ("/ibb/layers/splice-broken", NULL, test_splice_broken);
  add_test_anywhere ("/ibb/layers/tunnel/whole", NULL, test_tunnel);
  add_test_anywhere ("/ibb/layers/tunnel/broken", NULL, test_tunnel_broken);
  add_test_anywhere ("/ibb/layers/tunnel/cancelled", NULL, test_tunnel_cancelled);
  return g_test_run ();
}
