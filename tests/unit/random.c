/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Random numbers that nobody can guess (D-33). */

#include "config.h"

#include "base/random.h"

#include <string.h>

#define LENGTH 24

/* No number is given twice, also where a supply ends within it; and what was given is not kept. */
static void
test_take (void)
{
  IBBRandom              supply = { 0 };
  g_autoptr (GHashTable) seen =
      g_hash_table_new_full (g_bytes_hash, g_bytes_equal, (GDestroyNotify) g_bytes_unref, NULL);
  static const guint8 nothing[sizeof supply.bytes];
  guint8              filled[LENGTH] = { 0 };

  for (guint i = 0; i < 1000; i++)
    {
      guint8 number[LENGTH] = { 0 };

      ibb_random_take (&supply, number, LENGTH);
      g_assert_true (g_hash_table_add (seen, g_bytes_new (number, LENGTH)));
      g_assert_cmpmem (supply.bytes + supply.n_left, sizeof supply.bytes - supply.n_left, nothing,
                       sizeof supply.bytes - supply.n_left);
      for (guint j = 0; j < LENGTH; j++)
        filled[j] |= number[j];
    }
  for (guint j = 0; j < LENGTH; j++)
    g_assert_cmpuint (filled[j], !=, 0);
}

/* Each byte is filled, for each length. */
static void
test_fill (void)
{
  for (gsize length = 0; length < 1000; length += 97)
    {
      g_autofree guint8 *bytes = g_malloc0 (length + 1);
      g_autofree guint8 *filled = g_malloc0 (length + 1);

      for (guint i = 0; i < 20; i++)
        {
          ibb_random_fill (bytes, length);
          for (gsize j = 0; j <= length; j++)
            filled[j] |= bytes[j];
        }
      for (gsize j = 0; j < length; j++)
        g_assert_cmpuint (filled[j], !=, 0);
      g_assert_cmpuint (filled[length], ==, 0);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/ibb/random/take/D-33", test_take);
  g_test_add_func ("/ibb/random/fill", test_fill);

  return g_test_run ();
}
