/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/stream/frame-reader.h"

#include <string.h>

#include "ibb-error.h"

#define MAX_MESSAGE 70000

#define BYTES(text) text, sizeof text - 1

/* One word per event; the text of a message is in brackets. */
static char *
read_all (IBBFrameReader *reader, const char *bytes, gsize length, gsize step)
{
  GString *log = g_string_new (NULL);

  for (gsize i = 0; i < length; i += step)
    {
      const guint8 *data = (const guint8 *) bytes + i;
      gsize         left = MIN (step, length - i);

      for (;;)
        {
          g_autoptr (GError) error = NULL;
          const guint8      *payload;
          gsize              n;
          IBBFrameEvent event = ibb_frame_reader_read (reader, &data, &left, &payload, &n, &error);

          if (event == IBB_FRAME_NOTHING)
            break;
          if (event == IBB_FRAME_TEXT)
            g_string_append_len (log, (const char *) payload, (gssize) n);
          else if (event == IBB_FRAME_MESSAGE)
            g_string_append (log, "|");
          else if (event == IBB_FRAME_PING)
            g_string_append_printf (log, "(ping %.*s)", (int) n, payload);
          else if (event == IBB_FRAME_CLOSE)
            g_string_append (log, "(close)");
          else
            {
              g_assert_error (error, IBB_ERROR, IBB_ERROR_PROTOCOL);
              g_test_message ("%s", error->message);
              g_string_append (log, "(refused)");
              return g_string_free (log, FALSE);
            }
        }
      g_assert_cmpuint (left, ==, 0);
    }

  return g_string_free (log, FALSE);
}

typedef struct
{
  const char *name;
  const char *bytes;
  gsize       length;
  const char *events;
} Case;

static const Case cases[] = {
  { "text", BYTES ("\x81\x04<a/>\x81\x04<b/>"), "<a/>|<b/>|" },
  { "empty", BYTES ("\x81\x00\x81\x04<b/>"), "|<b/>|" },
  { "fragments", BYTES ("\x01\x02<a\x00\x00\x80\x02/>"), "<a/>|" },
  { "ping", BYTES ("\x89\x02hi\x81\x04<a/>"), "(ping hi)<a/>|" },
  { "ping-within-a-message", BYTES ("\x01\x02<a\x89\x00\x80\x02/>"), "<a(ping )/>|" },
  { "pong", BYTES ("\x8a\x02hi\x81\x04<a/>"), "<a/>|" },
  { "close", BYTES ("\x88\x02\x03\xe8"), "(close)" },
  { "binary", BYTES ("\x82\x01x"), "(refused)" },
  { "unknown", BYTES ("\x83\x01x"), "(refused)" },
  { "unknown-control", BYTES ("\x8b\x01x"), "(refused)" },
  { "reserved-bit", BYTES ("\xc1\x01x"), "(refused)" },
  { "masked", BYTES ("\x81\x81\x00\x00\x00\x00x"), "(refused)" },
  { "fragment-of-nothing", BYTES ("\x80\x01x"), "(refused)" },
  { "message-within-a-message", BYTES ("\x01\x01x\x81\x01y"), "x(refused)" },
  { "fragmented-ping", BYTES ("\x09\x01x"), "(refused)" },
  { "long-ping", BYTES ("\x89\x7e\x00\x7e"), "(refused)" },
  { "length-in-two-bytes-for-one", BYTES ("\x81\x7e\x00\x7d"), "(refused)" },
  { "length-in-eight-bytes-for-two", BYTES ("\x81\x7f\x00\x00\x00\x00\x00\x00\xff\xff"),
    "(refused)" },
  { "too-long", BYTES ("\x81\x7f\x00\x00\x00\x00\x00\x01\x11\x71"), "(refused)" },
  { "largest-number", BYTES ("\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff"), "(refused)" },
};

static void
test_case (gconstpointer data)
{
  const Case        *self = data;
  static const gsize steps[] = { 1, 2, 3, 1000 };

  for (gsize i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      g_autoptr (IBBFrameReader) reader = ibb_frame_reader_new (MAX_MESSAGE);
      g_autofree char           *events = read_all (reader, self->bytes, self->length, steps[i]);

      g_assert_cmpstr (events, ==, self->events);
    }
}

/* Each form of the length is read, and the longest message. */
static void
test_lengths (void)
{
  static const gsize lengths[] = { 125, 126, 65535, 65536, MAX_MESSAGE };

  for (gsize i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      gsize                      length = lengths[i];
      g_autoptr (IBBFrameReader) reader = ibb_frame_reader_new (MAX_MESSAGE);
      g_autoptr (GByteArray)     frame = g_byte_array_new ();
      g_autofree char           *text = g_strnfill (length, 'x');
      g_autofree char           *events = NULL;
      guint8                     header[10] = { 0x81 };
      guint                      n = length < 126 ? 0 : length <= G_MAXUINT16 ? 2 : 8;

      header[1] = (guint8) (n == 0 ? length : n == 2 ? 126 : 127);
      for (guint j = 0; j < n; j++)
        header[2 + j] = (guint8) ((guint64) length >> (8 * (n - 1 - j)) & 0xff);
      g_byte_array_append (frame, header, 2 + n);
      g_byte_array_append (frame, (const guint8 *) text, (guint) length);
      events = read_all (reader, (const char *) frame->data, frame->len, 1000);
      g_assert_cmpuint (strlen (events), ==, length + 1);
      g_assert_true (g_str_has_prefix (events, text));
    }
}

/* The bound is that of the message, however many fragments it comes in. */
static void
test_fragments_too_long (void)
{
  g_autoptr (IBBFrameReader) reader = ibb_frame_reader_new (3);
  g_autofree char *events = read_all (reader, BYTES ("\x01\x02xx\x00\x01x\x00\x01x"), 1000);

  g_assert_cmpstr (events, ==, "xxx(refused)");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/ibb/frame-reader/", cases[i].name, NULL);

      g_test_add_data_func (path, &cases[i], test_case);
    }
  g_test_add_func ("/ibb/frame-reader/lengths", test_lengths);
  g_test_add_func ("/ibb/frame-reader/fragments-too-long", test_fragments_too_long);
  return g_test_run ();
}
