/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A stream that takes a few bytes at a time, and the WebSocket frames that it has taken. */

#pragma once

#include <gio/gio.h>

#include <string.h>

/* After each of which nothing more goes, until it is asked again. */
#define SLOW_TYPE_STREAM (slow_stream_get_type ())
G_DECLARE_FINAL_TYPE (SlowStream, slow_stream, SLOW, STREAM, GOutputStream)

struct _SlowStream
{
  GOutputStream parent;
  GByteArray   *bytes;
  gsize         step;
  gboolean      is_full;
};

static void pollable_init (GPollableOutputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (SlowStream,
                               slow_stream,
                               G_TYPE_OUTPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_OUTPUT_STREAM, pollable_init))

static gssize
write_nonblocking (GPollableOutputStream *stream, const void *buffer, gsize count, GError **error)
{
  SlowStream *self = SLOW_STREAM (stream);

  self->is_full = !self->is_full;
  if (!self->is_full)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "full");
      return -1;
    }
  count = MIN (count, self->step);
  g_byte_array_append (self->bytes, buffer, (guint) count);
  return (gssize) count;
}

static gboolean
is_writable (GPollableOutputStream *stream)
{
  return TRUE;
}

static void
pollable_init (GPollableOutputStreamInterface *iface)
{
  iface->write_nonblocking = write_nonblocking;
  iface->is_writable = is_writable;
}

static void
slow_stream_finalize (GObject *object)
{
  g_byte_array_unref (SLOW_STREAM (object)->bytes);
  G_OBJECT_CLASS (slow_stream_parent_class)->finalize (object);
}

static void
slow_stream_class_init (SlowStreamClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = slow_stream_finalize;
}

static void
slow_stream_init (SlowStream *self)
{
  self->bytes = g_byte_array_new ();
}

/* Takes the first frame off. */
static char *
take_frame (GByteArray *bytes, guint8 *first)
{
  gsize  length = bytes->data[1] & 0x7f;
  guint  at = 2;
  guint  n = length == 126 ? 2 : length == 127 ? 8 : 0;
  guint8 mask[4];
  char  *text;

  *first = bytes->data[0];
  g_assert_cmpint (bytes->data[1] & 0x80, ==, 0x80);
  if (n > 0)
    length = 0;
  for (guint i = 0; i < n; i++)
    length = length << 8 | bytes->data[at++];
  memcpy (mask, bytes->data + at, 4);
  at += 4;
  g_assert_cmpuint (at + length, <=, bytes->len);
  text = g_malloc (length + 1);
  for (gsize i = 0; i < length; i++)
    text[i] = (char) (bytes->data[at + i] ^ mask[i % 4]);
  text[length] = '\0';
  g_byte_array_remove_range (bytes, 0, at + (guint) length);
  return text;
}

static void
assert_frame (SlowStream *stream, guint8 first, const char *text)
{
  guint8           byte;
  g_autofree char *found = take_frame (stream->bytes, &byte);

  g_assert_cmpint (byte, ==, first);
  g_assert_cmpstr (found, ==, text);
}
