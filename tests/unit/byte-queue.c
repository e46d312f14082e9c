/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/base/byte-queue.h"

static guint8
byte_at (guint64 position)
{
  return (guint8) (position * 31 + position / 251);
}

static void
write_more (IBBByteQueue *queue, guint64 *written, gsize length, gsize chunk_size)
{
  g_autofree guint8 *bytes = g_malloc (length);

  for (gsize i = 0; i < length; i++)
    bytes[i] = byte_at (*written + i);
  ibb_byte_queue_write (queue, bytes, length, chunk_size);
  *written += length;
}

static void
assert_bytes (const guint8 *bytes, gsize length, guint64 *read)
{
  for (gsize i = 0; i < length; i++)
    g_assert_cmpuint (bytes[i], ==, byte_at (*read + i));
  *read += length;
}

/* Any mix of writing, pushing, reading, taking and putting back keeps the order. */
static void
test_any_mix (void)
{
  for (guint32 seed = 1; seed <= 200; seed++)
    {
      g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
      IBBByteQueue      queue = IBB_BYTE_QUEUE_INIT;
      guint64           written = 0;
      guint64           read = 0;

      for (guint step = 0; step < 300; step++)
        {
          gsize length = (gsize) g_rand_int_range (rand, 1, seed % 2 == 0 ? 20 : 3000);

          switch (g_rand_int_range (rand, 0, 5))
            {
            case 0:
              write_more (&queue, &written, length, 1024);
              break;
            case 1:
              {
                guint8            *bytes = g_malloc (length);
                g_autoptr (GBytes) block = NULL;

                for (gsize i = 0; i < length; i++)
                  bytes[i] = byte_at (written + i);
                block = g_bytes_new_take (bytes, length);
                ibb_byte_queue_push (&queue, block);
                written += length;
                break;
              }
            case 2:
              {
                g_autofree guint8 *bytes = g_malloc (length);
                gsize              n = ibb_byte_queue_read (&queue, bytes, length);

                g_assert_cmpuint (n, ==, MIN (length, written - read));
                assert_bytes (bytes, n, &read);
                break;
              }
            default:
              if (queue.length > 0)
                {
                  gsize              n = MIN (length, queue.length);
                  g_autoptr (GBytes) block = ibb_byte_queue_take (&queue, n);

                  g_assert_cmpuint (g_bytes_get_size (block), ==, n);
                  assert_bytes (g_bytes_get_data (block, NULL), n, &read);
                }
              break;
            }
          g_assert_cmpuint (queue.length, ==, written - read);
        }
      ibb_byte_queue_clear (&queue);
      g_assert_cmpuint (queue.length + queue.offset + queue.chunks.length, ==, 0);
      g_assert_null (queue.tail);
    }
}

/* But a small one, which is gathered. */
static void
test_whole_chunk_is_not_copied (void)
{
  static const gsize  sizes[] = { 511, 512, 4096 };
  static const guint8 bytes[4096];

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      IBBByteQueue       queue = IBB_BYTE_QUEUE_INIT;
      g_autoptr (GBytes) block = g_bytes_new (bytes, sizes[i]);
      g_autoptr (GBytes) taken = NULL;

      ibb_byte_queue_push (&queue, block);
      taken = ibb_byte_queue_take (&queue, sizes[i]);
      g_assert_cmpint (taken == block, ==, i > 0);
      g_assert_true (g_queue_is_empty (&queue.chunks));
      g_assert_null (queue.tail);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/byte-queue/any-mix", test_any_mix);
  g_test_add_func ("/byte-queue/whole-chunk", test_whole_chunk_is_not_copied);
  return g_test_run ();
}
