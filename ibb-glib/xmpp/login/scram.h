/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The client's side of SCRAM (RFC 5802, RFC 7677) with any of GLib's hashes.
 *
 * The server chooses how many rounds of hashing it wants. They are computed in
 * slices, so that the thread can do other things in between.
 */

#pragma once

#include <glib.h>

/* RFC 5802 §5.1 and RFC 7677 §4 want at least 4096; servers ask for 4096 to
 * 600,000. A million take about a second. */
#define IBB_SCRAM_MIN_ROUNDS 4096
#define IBB_SCRAM_MAX_ROUNDS 1000000

/* The flag of the client about binding to the TLS channel (RFC 5802 §6). */
typedef enum
{
  IBB_SCRAM_BINDING_NONE,        /* "n": we cannot bind to this channel */
  IBB_SCRAM_BINDING_NOT_OFFERED, /* "y": we could, but the server does not offer it */
  IBB_SCRAM_BINDING_BOUND,       /* "p" */
} IBBScramBinding;

typedef struct
{
  GChecksumType   hash;
  const char     *node;
  const char     *password;
  IBBScramBinding binding;
  const char     *binding_type; /* only if bound: its name */
  GBytes         *binding_data; /* only if bound */
  /* The offer of the server, in the form that is hashed (XEP-0474 §5.1). NULL: none */
  const char *offer;
  const char *nonce; /* (nullable): for test vectors */
} IBBScramParameters;

typedef struct _IBBScram IBBScram;

/* Errors are IBB_ERROR_AUTHENTICATION. NULL: the name or the password has
 * characters that SASLprep (RFC 4013) forbids. */
IBBScram *ibb_scram_new (const IBBScramParameters *parameters, GError **error);
void      ibb_scram_free (IBBScram *self);
/* The client's first message. */
const char *ibb_scram_get_first (IBBScram *self);
/* Takes the server's first message. FALSE also if it has a hash of another offer. */
gboolean
ibb_scram_set_challenge (IBBScram *self, const guint8 *bytes, gsize length, GError **error);
/* Computes a slice, some milliseconds of work. TRUE when nothing is left to do. */
gboolean ibb_scram_compute (IBBScram *self);
/* The client's final message, once all is computed. */
char *ibb_scram_dup_final (IBBScram *self);
/* Takes the server's final message. FALSE: the server does not know the password. */
gboolean ibb_scram_verify (IBBScram *self, const guint8 *bytes, gsize length, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBScram, ibb_scram_free)
