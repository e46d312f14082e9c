/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "memory.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CHUNK (1024 * 1024)
#define PIECE 8

/* Outside of the heap, so that it can be left out. */
static guint8 *chunk;

gboolean
memory_can_search (void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return FALSE;
#else
  const char *preloaded = g_getenv ("LD_PRELOAD");

  return preloaded == NULL || strstr (preloaded, "vgpreload") == NULL;
#endif
}

void
memory_text_set (MemoryText *self, const char *name, const guint8 *bytes, gsize length)
{
  g_assert_cmpuint (length, <=, sizeof self->bytes);
  g_assert_cmpuint (length, >=, PIECE);
  self->name = name;
  self->length = length;
  self->piece = PIECE;
  memcpy (self->bytes, bytes, length);
}

void
memory_text_set_as (
    MemoryText *self, const char *name, const MemoryText *other, gsize width, guint8 key)
{
  g_assert_cmpuint (width * other->length, <=, sizeof self->bytes);
  self->name = name;
  self->length = width * other->length;
  self->piece = width * other->piece;
  for (gsize i = 0; i < self->length; i++)
    self->bytes[i] = i % width == 0 ? other->bytes[i / width] ^ key : MEMORY_MASK;
}

static gboolean
is_piece (const guint8 *bytes, const guint8 *hidden, gsize length)
{
  for (gsize i = 0; i < length; i++)
    if ((bytes[i] ^ MEMORY_MASK) != hidden[i])
      return FALSE;

  return TRUE;
}

gboolean
memory_text_is_in (const MemoryText *self, const char *bytes, gsize length)
{
  for (gsize at = 0; at + self->piece <= length; at++)
    for (gsize start = 0; start + self->piece <= self->length; start += self->piece)
      if (is_piece ((const guint8 *) bytes + at, self->bytes + start, self->piece))
        return TRUE;

  return FALSE;
}

static void
search_piece (MemoryText *text, gsize start, const guint8 *bytes, gsize length, guint64 address)
{
  const guint8 *hidden = text->bytes + start;
  const guint8 *end = bytes + length;

  for (const guint8 *p = bytes;
       (p = memchr (p, hidden[0] ^ MEMORY_MASK, (gsize) (end - p))) != NULL &&
       (gsize) (end - p) >= text->piece;
       p++)
    if (is_piece (p, hidden, text->piece))
      {
        text->n_found++;
        g_test_message ("%s, from byte %" G_GSIZE_FORMAT ", at %#" G_GINT64_MODIFIER "x",
                        text->name, start, address + (guint64) (p - bytes));
      }
}

/* Chunks overlap, so that no piece is cut. */
static void
search_mapping (MemoryText *texts, guint n_texts, int memory, guint64 start, guint64 end)
{
  for (guint64 at = start; at < end; at += CHUNK - MEMORY_TEXT_MAX)
    {
      gssize n = pread (memory, chunk, MIN (CHUNK, end - at), (off_t) at);

      if (n <= 0)
        return;
      for (guint i = 0; i < n_texts; i++)
        for (gsize k = 0; k + texts[i].piece <= texts[i].length; k += texts[i].piece)
          search_piece (&texts[i], k, chunk, (gsize) n, at);
      if (at + (guint64) n >= end)
        return;
    }
}

void
memory_search (MemoryText *texts, guint n_texts)
{
  FILE *maps = fopen ("/proc/self/maps", "r");
  int   memory = open ("/proc/self/mem", O_RDONLY | O_CLOEXEC);
  char  line[1024];

  g_assert_nonnull (maps);
  g_assert_cmpint (memory, >=, 0);
  if (chunk == NULL)
    chunk = mmap (NULL, CHUNK, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  g_assert_true (chunk != MAP_FAILED);

  for (guint i = 0; i < n_texts; i++)
    texts[i].n_found = 0;
  while (fgets (line, sizeof line, maps) != NULL)
    {
      guint64 start, end;
      char    rights[5];

      g_assert_cmpint (sscanf (line, "%" G_GINT64_MODIFIER "x-%" G_GINT64_MODIFIER "x %4s", &start,
                               &end, rights),
                       ==, 3);
      if (g_str_has_prefix (rights, "rw") && start != (guint64) (gsize) chunk)
        search_mapping (texts, n_texts, memory, start, end);
    }

  close (memory);
  fclose (maps);
}
