/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/stream/frame-writer.h"

#include <string.h>

#include "slow-stream.h"

static void
flush (IBBFrameWriter *writer, SlowStream *stream)
{
  for (;;)
    {
      g_autoptr (GError) error = NULL;

      if (ibb_frame_writer_flush (writer, G_POLLABLE_OUTPUT_STREAM (stream), &error))
        break;
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
    }
}

/* Each form of the length is written. An element that is longer than a record goes in several. */
static void
test_lengths (void)
{
  static const gsize lengths[] = { 1, 125, 126, 16000, 16384, 65535, 65536, 300000 };

  for (gsize i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_autoptr (IBBFrameWriter) writer = ibb_frame_writer_new ();
      g_autoptr (SlowStream)     stream = g_object_new (SLOW_TYPE_STREAM, NULL);
      g_autofree char           *text = g_strnfill (lengths[i], 'x');
      guint8                     first;
      g_autofree char           *found = NULL;

      stream->step = 5000;
      for (gsize n = 0; n < lengths[i];)
        {
          n += ibb_frame_writer_add (writer, (const guint8 *) text + n, lengths[i] - n);
          g_assert_true (ibb_frame_writer_is_busy (writer));
          flush (writer, stream);
        }
      g_assert_false (ibb_frame_writer_is_busy (writer));
      found = take_frame (stream->bytes, &first);
      g_assert_cmpint (first, ==, 0x81);
      g_assert_cmpstr (found, ==, text);
      g_assert_cmpuint (stream->bytes->len, ==, 0);
    }
}

/* A record holds whole elements, as many as fit. */
static void
test_together (void)
{
  g_autoptr (IBBFrameWriter) writer = ibb_frame_writer_new ();
  g_autoptr (SlowStream)     stream = g_object_new (SLOW_TYPE_STREAM, NULL);
  g_autofree char           *text = g_strnfill (9000, 'x');

  stream->step = 1;
  g_assert_cmpuint (ibb_frame_writer_add (writer, (const guint8 *) "<a/>", 4), ==, 4);
  g_assert_cmpuint (ibb_frame_writer_add (writer, (const guint8 *) text, 9000), ==, 9000);
  g_assert_cmpuint (ibb_frame_writer_add (writer, (const guint8 *) text, 9000), ==, 0);
  flush (writer, stream);
  assert_frame (stream, 0x81, "<a/>");
  assert_frame (stream, 0x81, text);
  g_assert_cmpuint (stream->bytes->len, ==, 0);
}

/* The answer to a ping goes in between two elements; a later one replaces it. */
static void
test_pong (void)
{
  g_autoptr (IBBFrameWriter) writer = ibb_frame_writer_new ();
  g_autoptr (SlowStream)     stream = g_object_new (SLOW_TYPE_STREAM, NULL);
  g_autofree char           *text = g_strnfill (20000, 'x');
  gsize                      n;

  stream->step = 10000;
  n = ibb_frame_writer_add (writer, (const guint8 *) text, 20000);
  ibb_frame_writer_pong (writer, (const guint8 *) "one", 3);
  flush (writer, stream);
  g_assert_false (ibb_frame_writer_is_busy (writer));
  n += ibb_frame_writer_add (writer, (const guint8 *) text + n, 20000 - n);
  g_assert_cmpuint (n, ==, 20000);
  flush (writer, stream);
  g_assert_true (ibb_frame_writer_is_busy (writer));
  ibb_frame_writer_pong (writer, (const guint8 *) "two", 3);
  ibb_frame_writer_add (writer, (const guint8 *) "<a/>", 4);
  flush (writer, stream);
  assert_frame (stream, 0x81, text);
  assert_frame (stream, 0x8a, "two");
  assert_frame (stream, 0x81, "<a/>");

  ibb_frame_writer_close (writer);
  ibb_frame_writer_pong (writer, NULL, 0);
  flush (writer, stream);
  assert_frame (stream, 0x88, "\x03\xe8");
  g_assert_cmpuint (stream->bytes->len, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ibb/frame-writer/lengths", test_lengths);
  g_test_add_func ("/ibb/frame-writer/together", test_together);
  g_test_add_func ("/ibb/frame-writer/pong", test_pong);
  return g_test_run ();
}
