/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a session is called, and what its stanzas have room for. */

#include "config.h"

#include "core/terms.h"

#include <string.h>

/* How many bytes fit into a stanza that the server takes. */
static void
test_room (void)
{
  static const gsize overheads[] = { 320, 500 }; /* without the names */

  for (guint i = 0; i < G_N_ELEMENTS (overheads); i++)
    {
      IBBShared *shared = ibb_shared_new (NULL, NULL, g_hash_table_new (NULL, NULL));
      IBBOpen    open = { .peer = "a@b/\"&",
                          .local = "c@d/<>'",
                          .sid = "sid",
                          .by_message = i > 0,
                          .block_size = 1000 };
      IBBTerms   terms = { 0 };
      /* As long as in XML. */
      gsize overhead = overheads[i] + strlen ("a@b/&quot;&amp;"
                                              "c@d/&lt;&gt;&apos;"
                                              "sid");

      ibb_terms_init (&terms, shared, NULL, &open, FALSE);
      g_assert_cmpuint (ibb_terms_get_room (&terms), ==, G_MAXSIZE);
      shared->limit.named = 1;
      g_assert_cmpuint (ibb_terms_get_room (&terms), ==, 0);
      /* Four characters are three bytes. */
      shared->limit.named = overhead + 400;
      g_assert_cmpuint (ibb_terms_get_room (&terms), ==, 300);
      g_assert_true (ibb_terms_have_room (&terms));
      terms.block_size = 300;
      g_assert_true (ibb_terms_have_room (&terms));
      shared->limit.named = overhead + 40;
      terms.block_size = 30;
      g_assert_true (ibb_terms_have_room (&terms));
      shared->limit.named--;
      g_assert_cmpuint (ibb_terms_get_room (&terms), ==, 27);
      g_assert_false (ibb_terms_have_room (&terms));
      g_assert_cmpuint (ibb_terms_get_length (&terms, 28), ==, overhead + 40);
      ibb_terms_clear (&terms);
      ibb_shared_unref (shared);
    }
}

/* A session remembers a hundred former addresses, and moves no more then. */
static void
test_moves (void)
{
  IBBShared *shared = ibb_shared_new (NULL, NULL, g_hash_table_new (NULL, NULL));
  IBBOpen    open = { .peer = "a@b/c", .local = "d@e/f", .sid = "sid" };
  IBBTerms   terms = { 0 };

  ibb_terms_init (&terms, shared, NULL, &open, FALSE);
  for (guint i = 0; i < 50; i++)
    {
      ibb_terms_move_peer (&terms, "a@B/x", "a@b/x");
      g_assert_true (ibb_terms_may_move (&terms));
      ibb_terms_move_local (&terms, "d@E/y", "d@e/y");
    }
  g_assert_false (ibb_terms_may_move (&terms));
  g_assert_cmpstr (terms.peer_jid, ==, "a@B/x");
  g_assert_cmpstr (terms.key.peer, ==, "a@b/x");
  g_assert_cmpstr (terms.local_jid, ==, "d@E/y");
  g_assert_cmpstr (terms.key.local, ==, "d@e/y");
  ibb_terms_clear (&terms);
  ibb_shared_unref (shared);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ibb/terms/room/D-16", test_room);
  g_test_add_func ("/ibb/terms/moves/D-58", test_moves);
  return g_test_run ();
}
