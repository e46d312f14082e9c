/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* D-58: the proof that an end of a session knows its secret. */

#include "config.h"

#include "core/base/proof.h"
#include "core/base/stanza.h"

#define SECRET "00112233445566778899aabbccddeeff"

/* HMAC-SHA256 over what doc/extension.md says. */
static void
test_proof (void)
{
  IBBStatement     statement = { IBB_PROOF_RESUME, TRUE, "s", 1, 2, 3 };
  g_autofree char *expected = g_compute_hmac_for_string (G_CHECKSUM_SHA256, (const guint8 *) SECRET,
                                                         32, "resume\ninitiator\ns\n1\n2\n3", -1);
  g_autofree char *proof = ibb_proof_create (SECRET, &statement);

  g_assert_cmpstr (proof, ==, expected);
  g_assert_true (ibb_stanza_is_hex (proof, IBB_PROOF_LENGTH));
  g_assert_true (ibb_proof_matches (proof, SECRET, &statement));
  statement.kind = IBB_PROOF_RESUMED;
  g_assert_false (ibb_proof_matches (proof, SECRET, &statement));
  g_assert_false (ibb_proof_matches (NULL, SECRET, &statement));
  g_assert_false (ibb_proof_matches ("", SECRET, &statement));

  statement.kind = IBB_PROOF_RESUME;
  for (guint i = 0; i < IBB_PROOF_LENGTH; i++)
    {
      g_autofree char *other = g_strdup (proof);

      other[i] = other[i] == '0' ? '1' : '0';
      g_assert_false (ibb_proof_matches (other, SECRET, &statement));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/proof/D-58", test_proof);
  return g_test_run ();
}
