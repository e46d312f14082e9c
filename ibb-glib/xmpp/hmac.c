/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/hmac.h"

#include <string.h>

#include "xmpp/secret.h"

#define MAX_BLOCK 128 /* of SHA-512 */

struct _IBBHmac
{
  gsize      size;  /* of a digest */
  GChecksum *inner; /* it has got the key, and no data */
  GChecksum *outer;
};

/* A checksum keeps its last block and its digest, as bytes and as text, and frees them as they
 * are. Those of the empty text take their place. */
static void
free_secret_checksum (GChecksum *checksum)
{
  char  *text = (char *) g_checksum_get_string (checksum); /* ends it, with padding */
  guint8 digest[IBB_HMAC_MAX_DIGEST];
  gsize  size = sizeof digest;

  explicit_bzero (text, strlen (text));
  g_checksum_reset (checksum);
  g_checksum_get_digest (checksum, digest, &size);
  g_checksum_free (checksum);
}

void
ibb_hmac_hash_secret (GChecksumType hash, const void *data, gsize length, guint8 *digest)
{
  GChecksum *checksum = g_checksum_new (hash);
  gsize      size = IBB_HMAC_MAX_DIGEST;

  g_checksum_update (checksum, data, (gssize) length);
  g_checksum_get_digest (checksum, digest, &size);
  free_secret_checksum (checksum);
  ibb_secret_clear_stack ();
}

static GChecksum *
start_checksum (GChecksumType hash, const guint8 *key, gsize block, guint8 pad)
{
  GChecksum *checksum = g_checksum_new (hash);
  guint8     padded[MAX_BLOCK];

  for (gsize i = 0; i < block; i++)
    padded[i] = key[i] ^ pad;
  g_checksum_update (checksum, padded, (gssize) block);
  explicit_bzero (padded, sizeof padded);

  return checksum;
}

IBBHmac *
ibb_hmac_new (GChecksumType hash, const void *key, gsize length)
{
  IBBHmac    *self = g_new0 (IBBHmac, 1);
  const gsize block = hash == G_CHECKSUM_SHA384 || hash == G_CHECKSUM_SHA512 ? 128 : 64;
  guint8      filled[MAX_BLOCK] = { 0 };

  self->size = (gsize) g_checksum_type_get_length (hash);
  if (length > block)
    ibb_hmac_hash_secret (hash, key, length, filled);
  else
    memcpy (filled, key, length);
  self->inner = start_checksum (hash, filled, block, 0x36);
  self->outer = start_checksum (hash, filled, block, 0x5c);
  explicit_bzero (filled, sizeof filled);
  ibb_secret_clear_stack ();

  return self;
}

void
ibb_hmac_free (IBBHmac *self)
{
  free_secret_checksum (self->inner);
  free_secret_checksum (self->outer);
  g_free (self);
}

void
ibb_hmac_compute (const IBBHmac *self,
                  const void    *data,
                  gsize          length,
                  const void    *more,
                  gsize          more_length,
                  guint8        *digest)
{
  GChecksum *inner = g_checksum_copy (self->inner);
  GChecksum *outer = g_checksum_copy (self->outer);
  gsize      size = IBB_HMAC_MAX_DIGEST;

  g_checksum_update (inner, data, (gssize) length);
  if (more != NULL)
    g_checksum_update (inner, more, (gssize) more_length);
  g_checksum_get_digest (inner, digest, &size);
  g_checksum_update (outer, digest, (gssize) self->size);
  size = IBB_HMAC_MAX_DIGEST;
  g_checksum_get_digest (outer, digest, &size);
  g_checksum_free (inner);
  g_checksum_free (outer);
}

void
ibb_hmac_compute_secret (
    GChecksumType hash, const void *key, gsize key_length, const char *text, guint8 *digest)
{
  IBBHmac *self = ibb_hmac_new (hash, key, key_length);
  gsize    size = IBB_HMAC_MAX_DIGEST;

  g_checksum_update (self->inner, (const guchar *) text, (gssize) strlen (text));
  g_checksum_get_digest (self->inner, digest, &size);
  g_checksum_update (self->outer, digest, (gssize) self->size);
  size = IBB_HMAC_MAX_DIGEST;
  g_checksum_get_digest (self->outer, digest, &size);
  ibb_hmac_free (self);
  ibb_secret_clear_stack ();
}
