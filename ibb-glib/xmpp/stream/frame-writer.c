/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/stream/frame-writer.h"

#include <string.h>

#include "base/random.h"
#include "xmpp/stream/frame.h"

#define RECORD_SIZE (16 * 1024) /* the most in a record of TLS */
#define MASK_LENGTH 4
#define HEADER_LENGTH (10 + MASK_LENGTH) /* of the longest one */

struct _IBBFrameWriter
{
  IBBRandom random;

  guint8 record[RECORD_SIZE];
  gsize  length;
  gsize  written;

  gsize  left; /* of the element whose frame has begun */
  guint8 mask[MASK_LENGTH];
  guint  mask_position;

  guint8 control[IBB_FRAME_CONTROL_MAX]; /* payload of the control frame that waits */
  gsize  n_control;
  guint8 control_opcode; /* 0: none waits */
};

IBBFrameWriter *
ibb_frame_writer_new (void)
{
  return g_new0 (IBBFrameWriter, 1);
}

/* The record may have had a password, and the mask is beside it. */
static void
clear_record (IBBFrameWriter *self)
{
  explicit_bzero (self->record, self->length);
  self->length = 0;
  self->written = 0;
}

void
ibb_frame_writer_free (IBBFrameWriter *self)
{
  clear_record (self);
  g_free (self);
}

void
ibb_frame_writer_pong (IBBFrameWriter *self, const guint8 *payload, gsize length)
{
  g_assert (length <= sizeof self->control);

  if (self->control_opcode == IBB_FRAME_OPCODE_CLOSE)
    return;

  if (length > 0)
    memcpy (self->control, payload, length);
  self->n_control = length;
  self->control_opcode = IBB_FRAME_OPCODE_PONG;
}

void
ibb_frame_writer_close (IBBFrameWriter *self)
{
  self->control[0] = IBB_FRAME_NORMAL_CLOSURE >> 8;
  self->control[1] = IBB_FRAME_NORMAL_CLOSURE & 0xff;
  self->n_control = 2;
  self->control_opcode = IBB_FRAME_OPCODE_CLOSE;
}

static void
add_byte (IBBFrameWriter *self, guint8 byte)
{
  self->record[self->length++] = byte;
}

static void
add_length (IBBFrameWriter *self, guint64 length, guint n_bytes)
{
  for (guint i = n_bytes; i > 0; i--)
    add_byte (self, (guint8) (length >> (8 * (i - 1)) & 0xff));
}

static void
add_header (IBBFrameWriter *self, guint8 opcode, gsize length)
{
  add_byte (self, IBB_FRAME_FINAL | opcode);
  if (length < IBB_FRAME_LENGTH_16)
    {
      add_byte (self, IBB_FRAME_MASKED | (guint8) length);
    }
  else if (length <= G_MAXUINT16)
    {
      add_byte (self, IBB_FRAME_MASKED | IBB_FRAME_LENGTH_16);
      add_length (self, length, 2);
    }
  else
    {
      add_byte (self, IBB_FRAME_MASKED | IBB_FRAME_LENGTH_64);
      add_length (self, length, 8);
    }

  /* Nobody can guess this mask, so that no proxy on the way takes the masked text for HTTP. */
  ibb_random_take (&self->random, self->mask, MASK_LENGTH);
  self->mask_position = 0;
  for (guint i = 0; i < MASK_LENGTH; i++)
    add_byte (self, self->mask[i]);
}

static void
add_payload (IBBFrameWriter *self, const guint8 *data, gsize length)
{
  for (gsize i = 0; i < length; i++)
    self->record[self->length++] = data[i] ^ self->mask[self->mask_position++ % MASK_LENGTH];
}

/* Adds the control frame between two elements, never within one. */
static void
add_control (IBBFrameWriter *self)
{
  if (self->control_opcode == 0 || self->left > 0)
    return;

  add_header (self, self->control_opcode, self->n_control);
  add_payload (self, self->control, self->n_control);
  self->control_opcode = 0;
}

gsize
ibb_frame_writer_add (IBBFrameWriter *self, const guint8 *element, gsize length)
{
  gsize n;

  g_assert (self->written == 0);

  if (self->length == 0)
    add_control (self);
  if (self->left == 0)
    {
      if (self->length > 0 && length + HEADER_LENGTH > RECORD_SIZE - self->length)
        return 0;
      add_header (self, IBB_FRAME_OPCODE_TEXT, length);
      self->left = length;
    }

  n = MIN (self->left, RECORD_SIZE - self->length);
  add_payload (self, element, n);
  self->left -= n;
  return n;
}

gboolean
ibb_frame_writer_has_record (IBBFrameWriter *self)
{
  return self->length > 0;
}

gboolean
ibb_frame_writer_is_busy (IBBFrameWriter *self)
{
  return self->length > 0 || (self->control_opcode != 0 && self->left == 0);
}

gboolean
ibb_frame_writer_flush (IBBFrameWriter *self, GPollableOutputStream *stream, GError **error)
{
  if (self->length == 0)
    add_control (self);
  while (self->written < self->length)
    {
      gssize n = g_pollable_output_stream_write_nonblocking (
          stream, self->record + self->written, self->length - self->written, NULL, error);

      if (n < 0)
        return FALSE;
      self->written += (gsize) n;
    }

  clear_record (self);
  return TRUE;
}
