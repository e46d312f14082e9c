/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "files/disk/hasher.h"

#include "base/intl.h"

#include <ibb-glib/ibb-glib.h>
#include <nettle/nettle-meta.h>
#include <nettle/sha2.h>

const IBBHasherAlgorithm ibb_hasher_algorithms[] = {
  { "sha-256", FALSE, &nettle_sha256 },
  { "sha-512", FALSE, &nettle_sha512 },
  { "sha3-256", FALSE, &nettle_sha3_256 },
  { "sha3-512", FALSE, &nettle_sha3_512 },
  { "sha-1", TRUE, &nettle_sha1 },
  { "md5", TRUE, &nettle_md5 },
  { NULL },
};

struct _IBBHasher
{
  const IBBHasherAlgorithm *algorithm;
  gpointer                  context; /* (owned) */
};

IBBHasher *
ibb_hasher_new (const char *name)
{
  for (const IBBHasherAlgorithm *algorithm = ibb_hasher_algorithms; algorithm->name != NULL;
       algorithm++)
    if (g_str_equal (name, algorithm->name))
      {
        IBBHasher *self = g_new0 (IBBHasher, 1);

        self->algorithm = algorithm;
        self->context = g_malloc (algorithm->hash->context_size);
        algorithm->hash->init (self->context);
        return self;
      }
  return NULL;
}

void
ibb_hasher_free (IBBHasher *self)
{
  g_free (self->context);
  g_free (self);
}

const char *
ibb_hasher_get_algorithm (const IBBHasher *self)
{
  return self->algorithm->name;
}

void
ibb_hasher_update (IBBHasher *self, gconstpointer data, gsize length)
{
  self->algorithm->hash->update (self->context, length, data);
}

char *
ibb_hasher_finish (IBBHasher *self)
{
  const struct nettle_hash *hash = self->algorithm->hash;
  guint8                    digest[SHA512_DIGEST_SIZE]; /* no hash is longer */

  hash->digest (self->context, NETTLE_LENGTH (hash->digest_size) digest);
  return g_base64_encode (digest, hash->digest_size);
}

gboolean
ibb_hasher_fail (GError **error)
{
  g_set_error_literal (error, IBB_ERROR, IBB_ERROR_NOT_ACCEPTABLE,
                       _ ("The hash of the received bytes is not that of the file"));
  return FALSE;
}
