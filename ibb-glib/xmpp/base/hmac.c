/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/base/hmac.h"

#include <nettle/hmac.h>
#include <nettle/nettle-meta.h>
#include <string.h>

#include "xmpp/base/secret.h"

typedef union
{
  struct sha1_ctx   sha1;
  struct sha256_ctx sha256;
  struct sha512_ctx sha512;
} State;

struct _IBBHmac
{
  const struct nettle_hash *hash;
  State                     inner; /* it has got the key, and no data */
  State                     outer; /* likewise */
  State                     state;
};

static const struct nettle_hash *
get_hash (GChecksumType type)
{
  switch (type)
    {
    case G_CHECKSUM_SHA1:
      return &nettle_sha1;
    case G_CHECKSUM_SHA256:
      return &nettle_sha256;
    case G_CHECKSUM_SHA512:
      return &nettle_sha512;
    default:
      g_assert_not_reached ();
    }
}

void
ibb_hmac_hash_secret (GChecksumType type, const void *data, gsize length, guint8 *digest)
{
  const struct nettle_hash *hash = get_hash (type);
  State                     state;

  hash->init (&state);
  hash->update (&state, length, data);
  hash->digest (&state, NETTLE_LENGTH (hash->digest_size) digest);
  explicit_bzero (&state, sizeof state);
  ibb_secret_clear_stack ();
}

IBBHmac *
ibb_hmac_new (GChecksumType type, const void *key, gsize length)
{
  IBBHmac *self = g_new0 (IBBHmac, 1);

  self->hash = get_hash (type);
  hmac_set_key (&self->outer, &self->inner, &self->state, self->hash, length, key);
  ibb_secret_clear_stack ();

  return self;
}

void
ibb_hmac_free (IBBHmac *self)
{
  explicit_bzero (self, sizeof *self);
  g_free (self);
}

void
ibb_hmac_compute (IBBHmac    *self,
                  const void *data,
                  gsize       length,
                  const void *more,
                  gsize       more_length,
                  guint8     *digest)
{
  hmac_update (&self->state, self->hash, length, data);
  if (more != NULL)
    hmac_update (&self->state, self->hash, more_length, more);
  hmac_digest (&self->outer, &self->inner, &self->state, self->hash,
               NETTLE_LENGTH (self->hash->digest_size) digest);
}

void
ibb_hmac_compute_secret (
    GChecksumType type, const void *key, gsize key_length, const char *text, guint8 *digest)
{
  IBBHmac *self = ibb_hmac_new (type, key, key_length);

  ibb_hmac_compute (self, text, strlen (text), NULL, 0, digest);
  ibb_hmac_free (self);
  ibb_secret_clear_stack ();
}
