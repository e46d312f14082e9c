/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Bytes on their way through a session: written in pieces of any size, taken in
 * blocks, or the other way round. An empty one owns no memory.
 */

#pragma once

#include <glib.h>

typedef struct
{
  GQueue  chunks; /* (element-type GBytes): what came whole, oldest first */
  gsize   offset; /* into the first chunk: bytes of it already taken */
  guint8 *tail;   /* (owned) (nullable): copied pieces, younger than all chunks */
  gsize   tail_length;
  gsize   tail_size; /* allocated */
  gsize   length;
} IBBByteQueue;

#define IBB_BYTE_QUEUE_INIT                                                                        \
  {                                                                                                \
    G_QUEUE_INIT, 0, NULL, 0, 0, 0                                                                 \
  }

/* Appends a copy; pieces are gathered so that a taken block of chunk_size bytes
 * usually needs no second copy. */
void ibb_byte_queue_write (IBBByteQueue *self, const guint8 *bytes, gsize length, gsize chunk_size);
void ibb_byte_queue_push (IBBByteQueue *self, GBytes *bytes);
gsize ibb_byte_queue_read (IBBByteQueue *self, guint8 *bytes, gsize length);
/* length is at most the queue's and not 0. */
GBytes *ibb_byte_queue_take (IBBByteQueue *self, gsize length);
void    ibb_byte_queue_clear (IBBByteQueue *self);
