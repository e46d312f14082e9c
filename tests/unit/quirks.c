/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/base/quirks.h"

#include <glib.h>

#include "core/base/base64.h"

/* No more than what is allowed, and short blocks as they are. */
static void
test_length (void)
{
  const struct
  {
    gsize length;
    gsize fitting;
  } tests[] = {
    { 1, 1 },        { 4096, 4096 },   { 5759, 5759 },   { 5760, 5760 },   { 8192, 5760 },
    { 11901, 5760 }, { 11904, 11904 }, { 16384, 11904 }, { 32768, 30336 }, { 65535, 61056 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_assert_cmpuint (ibb_quirks_get_length (tests[i].length), ==, tests[i].fitting);
}

/* Whatever tags such a block has, its stanza ends shortly before a read of the server does. */
static void
test_filled (void)
{
  for (gsize length = 5760; length <= 65535; length++)
    {
      gsize data = IBB_BASE64_ENCODED_LENGTH (ibb_quirks_get_length (length));

      g_assert_cmpuint (data % IBB_QUIRKS_READ, ==, IBB_QUIRKS_READ - 512);
      g_assert_true (ibb_quirks_is_filled (data));
      g_assert_true (ibb_quirks_is_filled (data + 512));
      g_assert_false (ibb_quirks_is_filled (data + 513));
    }
}

static void
test_gap (void)
{
  g_assert_cmpuint (ibb_quirks_get_gap (0), ==, 0);
  g_assert_cmpuint (ibb_quirks_get_gap (1), ==, 8191);
  g_assert_cmpuint (ibb_quirks_get_gap (8192), ==, 0);
  g_assert_cmpuint (ibb_quirks_get_gap (8193), ==, 8191);
  g_assert_false (ibb_quirks_is_filled (0));
  g_assert_false (ibb_quirks_is_filled (7679));
  g_assert_true (ibb_quirks_is_filled (7680));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/quirks/length", test_length);
  g_test_add_func ("/quirks/filled", test_filled);
  g_test_add_func ("/quirks/gap", test_gap);
  return g_test_run ();
}
