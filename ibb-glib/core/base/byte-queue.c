/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "core/base/byte-queue.h"

/* Many small pieces would cost many times their own size; they are gathered. */
#define SMALL 512
#define SMALL_CHUNK 4096

static void
seal_tail (IBBByteQueue *self)
{
  if (self->tail == NULL)
    return;

  g_queue_push_tail (&self->chunks, g_bytes_new_take (self->tail, self->tail_length));
  self->tail = NULL;
  self->tail_length = self->tail_size = 0;
}

void
ibb_byte_queue_write (IBBByteQueue *self, const guint8 *bytes, gsize length, gsize chunk_size)
{
  self->length += length;

  while (length > 0)
    {
      gsize n = MIN (length, chunk_size - MIN (chunk_size, self->tail_length));

      if (self->tail_length + n > self->tail_size)
        {
          self->tail_size = MAX (self->tail_length + n, MIN (2 * self->tail_size, chunk_size));
          self->tail = g_realloc (self->tail, self->tail_size);
        }
      if (n > 0)
        memcpy (self->tail + self->tail_length, bytes, n);
      self->tail_length += n;
      bytes += n;
      length -= n;
      if (self->tail_length >= chunk_size)
        seal_tail (self);
    }
}

void
ibb_byte_queue_push (IBBByteQueue *self, GBytes *bytes)
{
  gsize         size;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  if (size < SMALL)
    {
      ibb_byte_queue_write (self, data, size, SMALL_CHUNK);
      return;
    }

  seal_tail (self);
  g_queue_push_tail (&self->chunks, g_bytes_ref (bytes));
  self->length += size;
}

gsize
ibb_byte_queue_read (IBBByteQueue *self, guint8 *bytes, gsize length)
{
  gsize done = 0;

  length = MIN (length, self->length);
  while (done < length)
    {
      GBytes       *first;
      const guint8 *data;
      gsize         size, n;

      if (g_queue_is_empty (&self->chunks))
        seal_tail (self);
      first = g_queue_peek_head (&self->chunks);
      data = g_bytes_get_data (first, &size);
      n = MIN (length - done, size - self->offset);
      memcpy (bytes + done, data + self->offset, n);
      done += n;
      self->offset += n;
      if (self->offset == size)
        {
          g_bytes_unref (g_queue_pop_head (&self->chunks));
          self->offset = 0;
        }
    }

  self->length -= done;
  return done;
}

GBytes *
ibb_byte_queue_take (IBBByteQueue *self, gsize length)
{
  GBytes *first;
  guint8 *bytes;

  g_assert (length > 0 && length <= self->length);

  if (g_queue_is_empty (&self->chunks))
    seal_tail (self);
  first = g_queue_peek_head (&self->chunks);
  if (self->offset == 0 && g_bytes_get_size (first) == length)
    {
      self->length -= length;
      return g_queue_pop_head (&self->chunks);
    }

  bytes = g_malloc (length);
  ibb_byte_queue_read (self, bytes, length);
  return g_bytes_new_take (bytes, length);
}

void
ibb_byte_queue_clear (IBBByteQueue *self)
{
  g_queue_clear_full (&self->chunks, (GDestroyNotify) g_bytes_unref);
  g_clear_pointer (&self->tail, g_free);
  self->tail_length = self->tail_size = 0;
  self->offset = 0;
  self->length = 0;
}
