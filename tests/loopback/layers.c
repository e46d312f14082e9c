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
  add_splice_cases ();
  return g_test_run ();
}
