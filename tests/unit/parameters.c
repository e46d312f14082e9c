/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a session is called, and what its stanzas have room for. */

#include "config.h"

#include "core/peer/parameters.h"

#include <string.h>

/* How many bytes fit into a stanza that the server takes. */
static void
test_room (void)
{
  static const gsize overheads[] = { 320, 500 }; /* without the names */

  for (guint i = 0; i < G_N_ELEMENTS (overheads); i++)
    {
      IBBContext   *context = ibb_context_new (NULL, NULL, g_hash_table_new (NULL, NULL));
      IBBOpen       open = { .peer = "a@b/\"&",
                             .local = "c@d/<>'",
                             .sid = "sid",
                             .by_message = i > 0,
                             .block_size = 1000 };
      IBBParameters parameters = { 0 };
      /* As long as in XML. */
      gsize overhead = overheads[i] + strlen ("a@b/&quot;&amp;"
                                              "c@d/&lt;&gt;&apos;"
                                              "sid");

      ibb_parameters_init (&parameters, context, NULL, &open, FALSE);
      g_assert_cmpuint (ibb_parameters_get_room (&parameters), ==, G_MAXSIZE);
      context->named_limit = 1;
      g_assert_cmpuint (ibb_parameters_get_room (&parameters), ==, 0);
      /* Four characters are three bytes. */
      context->named_limit = overhead + 400;
      g_assert_cmpuint (ibb_parameters_get_room (&parameters), ==, 300);
      g_assert_true (ibb_parameters_have_room (&parameters));
      parameters.block_size = 300;
      g_assert_true (ibb_parameters_have_room (&parameters));
      context->named_limit = overhead + 40;
      parameters.block_size = 30;
      g_assert_true (ibb_parameters_have_room (&parameters));
      context->named_limit--;
      g_assert_cmpuint (ibb_parameters_get_room (&parameters), ==, 27);
      g_assert_false (ibb_parameters_have_room (&parameters));
      g_assert_cmpuint (ibb_parameters_get_length (&parameters, 28), ==, overhead + 40);
      ibb_parameters_clear (&parameters);
      ibb_context_unref (context);
    }
}

/* D-58: each end may have another resource. */
static void
test_moves (void)
{
  IBBContext   *context = ibb_context_new (NULL, NULL, g_hash_table_new (NULL, NULL));
  IBBOpen       open = { .peer = "a@b/c", .local = "d@e/f", .sid = "sid" };
  IBBParameters parameters = { 0 };

  ibb_parameters_init (&parameters, context, NULL, &open, FALSE);
  ibb_parameters_move (&parameters, "a@B/x", "a@b/x", NULL, NULL);
  ibb_parameters_move (&parameters, NULL, NULL, "d@E/y", "d@e/y");
  g_assert_cmpstr (parameters.peer_jid, ==, "a@B/x");
  g_assert_cmpstr (parameters.key.peer, ==, "a@b/x");
  g_assert_cmpstr (parameters.local_jid, ==, "d@E/y");
  g_assert_cmpstr (parameters.key.local, ==, "d@e/y");
  ibb_parameters_clear (&parameters);
  ibb_context_unref (context);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ibb/terms/room/D-16", test_room);
  g_test_add_func ("/ibb/terms/moves/D-58", test_moves);
  return g_test_run ();
}
