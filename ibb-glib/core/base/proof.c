/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/base/proof.h"

#include <string.h>

char *
ibb_proof_create (const char *secret, const IBBStatement *statement)
{
  static const char *const kinds[] = { "resume", "resumed", "ended", "unclean" };
  g_autofree char         *text = NULL;

  /* A sid has no line breaks, so two statements never have the same text. */
  text = g_strdup_printf ("%s\n%s\n%s\n%u\n%" G_GUINT64_FORMAT "\n%" G_GUINT64_FORMAT,
                          kinds[statement->kind],
                          statement->by_initiator ? "initiator" : "responder", statement->sid,
                          statement->count, statement->received, statement->acknowledged);
  return g_compute_hmac_for_string (G_CHECKSUM_SHA256, (const guint8 *) secret, strlen (secret),
                                    text, -1);
}

gboolean
ibb_proof_matches (const char *proof, const char *secret, const IBBStatement *statement)
{
  g_autofree char *own = ibb_proof_create (secret, statement);
  guint            difference = 0;

  if (proof == NULL || strlen (proof) != strlen (own))
    return FALSE;

  /* Always takes the same time: it must not tell where the proofs differ. */
  for (gsize i = 0; own[i] != '\0'; i++)
    difference |= (guint) (own[i] ^ proof[i]);
  return difference == 0;
}
