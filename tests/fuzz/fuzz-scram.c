/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Both messages of a SCRAM server. The first byte chooses the hash. If the second one
 * is even, a NUL separates the two messages; otherwise all is one message, NULs
 * included. Only the first slice of the rounds is computed. */

#include "config.h"

#include "fuzz.h"

#include "xmpp/login/scram.h"

#include <string.h>

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static const GChecksumType hashes[] = { G_CHECKSUM_SHA1, G_CHECKSUM_SHA256, G_CHECKSUM_SHA512 };
  IBBScramParameters         parameters = { .node = "user", .password = "pencil", .nonce = "abc" };
  g_autoptr (IBBScram)       scram = NULL;
  const uint8_t             *end;
  size_t                     length;

  if (size < 2)
    return 0;

  parameters.hash = hashes[data[0] % G_N_ELEMENTS (hashes)];
  scram = ibb_scram_new (&parameters, NULL);
  g_assert (scram != NULL);
  end = data[1] % 2 == 0 ? memchr (data + 2, '\0', size - 2) : NULL;
  length = end != NULL ? (size_t) (end - data) - 2 : size - 2;

  /* Before the challenge no text is a proof. */
  g_assert (!ibb_scram_verify (scram, data + 2, length, NULL));
  if (!ibb_scram_set_challenge (scram, data + 2, length, NULL))
    return 0;

  g_assert (memchr (data + 2, '\0', length) == NULL);
  g_assert (!ibb_scram_set_challenge (scram, data + 2, length, NULL));
  if (ibb_scram_compute (scram))
    {
      g_autofree char *final = ibb_scram_dup_final (scram);

      g_assert (g_str_has_prefix (final, "c=biws,r=abc"));
      /* Nobody guesses the signature. */
      if (end != NULL)
        g_assert (!ibb_scram_verify (scram, end + 1, size - length - 3, NULL));
    }
  return 0;
}
