/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/receive/digest.h"

#include <string.h>

static guint64
mix_word (guint64 hash, guint64 word)
{
  hash = (hash ^ word) * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);
  return hash ^ hash >> 29;
}

/* Not cryptographic: a peer that makes two blocks alike only harms itself. Four independent sums,
 * so that the processor need not wait for the previous word. */
static guint64
mix (guint64 hash, const guint8 *bytes, gsize length)
{
  guint64 b = 1, c = 2, d = 3;
  guint64 words[4];

  for (; length >= sizeof words; length -= sizeof words)
    {
      memcpy (words, bytes, sizeof words);
      hash = mix_word (hash, words[0]);
      b = mix_word (b, words[1]);
      c = mix_word (c, words[2]);
      d = mix_word (d, words[3]);
      bytes += sizeof words;
    }
  hash = mix_word (mix_word (mix_word (hash, b), c), d);

  while (length > 0)
    {
      guint64 word = 0;
      gsize   n = MIN (length, sizeof word);

      memcpy (&word, bytes, n);
      hash = mix_word (hash, word ^ (guint64) n << 56);
      bytes += n;
      length -= n;
    }
  return hash;
}

guint64
ibb_digest_block (const IBBStanza *stanza)
{
  gsize         size;
  const guint8 *data = g_bytes_get_data (stanza->bytes, &size);
  const char   *id = stanza->id != NULL ? stanza->id : "";
  gsize         id_length = strlen (id);
  guint64       head = (guint64) id_length << 16 | stanza->seq;
  guint64       hash = mix (1, (const guint8 *) &head, sizeof head);

  /* A round for the number alone: otherwise an id that counts along could cancel the number out. */
  hash = mix (hash, (const guint8 *) id, id_length);

  return mix (hash, data, size);
}
