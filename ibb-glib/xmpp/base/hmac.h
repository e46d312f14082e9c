/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* HMAC (RFC 2104) with SHA-1, SHA-256 or SHA-512, by Nettle. Unlike GHmac it leaves nothing of its
 * key in memory.
 */

#pragma once

#include <glib.h>

#define IBB_HMAC_MAX_DIGEST 64 /* bytes, of SHA-512 */

typedef struct _IBBHmac IBBHmac;

IBBHmac *ibb_hmac_new (GChecksumType type, const void *key, gsize length);
void     ibb_hmac_free (IBBHmac *self);
/* Computes the HMAC of data and, if it is not NULL, more. It can be called any number of times. */
void ibb_hmac_compute (IBBHmac    *self,
                       const void *data,
                       gsize       length,
                       const void *more,
                       gsize       more_length,
                       guint8     *digest);
/* Once: the digest itself is a secret, and stands in digest only. */
void ibb_hmac_compute_secret (
    GChecksumType type, const void *key, gsize key_length, const char *text, guint8 *digest);
/* A hash of a secret, of which nothing else stays. */
void ibb_hmac_hash_secret (GChecksumType type, const void *data, gsize length, guint8 *digest);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBHmac, ibb_hmac_free)
