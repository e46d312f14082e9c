/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "files/disk/hasher.h"

#include "base/intl.h"

#include <ibb-glib/ibb-glib.h>
#include <nettle/sha3.h>

#define DIGEST_MAX 64 /* bytes */

typedef enum
{
  KIND_GLIB,
  KIND_SHA3_256,
  KIND_SHA3_512,
} Kind;

const IBBHasherAlgorithm ibb_hasher_algorithms[] = {
  { "sha-256", FALSE, KIND_GLIB, G_CHECKSUM_SHA256 },
  { "sha-512", FALSE, KIND_GLIB, G_CHECKSUM_SHA512 },
  { "sha3-256", FALSE, KIND_SHA3_256, 0 },
  { "sha3-512", FALSE, KIND_SHA3_512, 0 },
  { "sha-1", TRUE, KIND_GLIB, G_CHECKSUM_SHA1 },
  { "md5", TRUE, KIND_GLIB, G_CHECKSUM_MD5 },
  { NULL },
};

struct _IBBHasher
{
  const IBBHasherAlgorithm *algorithm;
  GChecksum                *checksum; /* (owned) (nullable) */
  union
  {
    struct sha3_256_ctx sha3_256;
    struct sha3_512_ctx sha3_512;
  } context;
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
        if (self->algorithm->kind == KIND_GLIB)
          self->checksum = g_checksum_new (self->algorithm->type);
        sha3_256_init (&self->context.sha3_256);
        if (self->algorithm->kind == KIND_SHA3_512)
          sha3_512_init (&self->context.sha3_512);
        return self;
      }
  return NULL;
}

void
ibb_hasher_free (IBBHasher *self)
{
  g_clear_pointer (&self->checksum, g_checksum_free);
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
  switch (self->algorithm->kind)
    {
    case KIND_SHA3_256:
      sha3_256_update (&self->context.sha3_256, length, data);
      break;
    case KIND_SHA3_512:
      sha3_512_update (&self->context.sha3_512, length, data);
      break;
    case KIND_GLIB:
    default:
      g_checksum_update (self->checksum, data, (gssize) length);
      break;
    }
}

char *
ibb_hasher_finish (IBBHasher *self)
{
  guint8 digest[DIGEST_MAX];
  gsize  length = sizeof digest;

  switch (self->algorithm->kind)
    {
    case KIND_SHA3_256:
      length = SHA3_256_DIGEST_SIZE;
      sha3_256_digest (&self->context.sha3_256, NETTLE_LENGTH (length) digest);
      break;
    case KIND_SHA3_512:
      length = SHA3_512_DIGEST_SIZE;
      sha3_512_digest (&self->context.sha3_512, NETTLE_LENGTH (length) digest);
      break;
    case KIND_GLIB:
    default:
      g_checksum_get_digest (self->checksum, digest, &length);
      break;
    }
  return g_base64_encode (digest, length);
}

gboolean
ibb_hasher_fail (GError **error)
{
  g_set_error_literal (error, IBB_ERROR, IBB_ERROR_NOT_ACCEPTABLE,
                       _ ("The hash of the received bytes is not that of the file"));
  return FALSE;
}
