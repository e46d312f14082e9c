/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/peer/stanza-limit.h"

/* D-16: the limit is the lesser one of what the server names and what it has shown. */
static void
test_learnt (void)
{
  IBBStanzaLimit limit = { 0 };

  ibb_stanza_limit_set_server (&limit, "b");
  g_assert_cmpuint (ibb_stanza_limit_get (&limit), ==, 0);
  limit.named = 10000;
  g_assert_cmpuint (ibb_stanza_limit_get (&limit), ==, 10000);

  g_assert_false (ibb_stanza_limit_note_violation (&limit, 0)); /* nothing was under way */
  g_assert_cmpuint (ibb_stanza_limit_get (&limit), ==, 10000);
  g_assert_true (ibb_stanza_limit_note_violation (&limit, 30000));
  g_assert_cmpuint (ibb_stanza_limit_get (&limit), ==, 10000);
  limit.named = 0;
  g_assert_cmpuint (ibb_stanza_limit_get (&limit), ==, 15000);
  limit.named = 20000;
  g_assert_cmpuint (ibb_stanza_limit_get (&limit), ==, 15000);

  /* A new login to the same server, and to another one. */
  ibb_stanza_limit_set_server (&limit, "b");
  g_assert_cmpuint (ibb_stanza_limit_get (&limit), ==, 15000);
  ibb_stanza_limit_set_server (&limit, "c");
  g_assert_cmpuint (ibb_stanza_limit_get (&limit), ==, 20000);
  ibb_stanza_limit_clear (&limit);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/ibb/limit/learnt/D-16", test_learnt);

  return g_test_run ();
}
