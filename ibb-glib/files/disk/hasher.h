/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One hash function of XEP-0300, over the bytes of a file. */

#pragma once

#include <glib.h>

typedef struct _IBBHasher IBBHasher;

#define IBB_HASHER_DEFAULT "sha-256"

typedef struct
{
  const char               *name;
  gboolean                  is_weak; /* for peers that know no better: not announced, nor sent */
  const struct nettle_hash *hash;
} IBBHasherAlgorithm;

/* The best one first; the last one has no name. */
extern const IBBHasherAlgorithm ibb_hasher_algorithms[];

/* NULL: no such function here. */
IBBHasher  *ibb_hasher_new (const char *algorithm);
void        ibb_hasher_free (IBBHasher *self);
const char *ibb_hasher_get_algorithm (const IBBHasher *self);
void        ibb_hasher_update (IBBHasher *self, gconstpointer data, gsize length);
/* The end: nothing can be added. Returns base64. */
char *ibb_hasher_finish (IBBHasher *self);
/* The error of a hash that is not as expected. Returns FALSE, for the caller to return. */
gboolean ibb_hasher_fail (GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBHasher, ibb_hasher_free)
