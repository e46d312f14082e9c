/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/stream/prologue.h"

#include <string.h>

static const struct
{
  const char *message;
  const char *rest; /* for the parser; NULL: it is refused */
} cases[] = {
  { "<a/>", "<a/>" },
  { "<?xml version='1.0'?><a/>", "<a/>" },
  { "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a b='?>'/>", "\n<a b='?>'/>" },
  { "<?xml\t?\?><a/>", "<a/>" },
  { "<?xml-stylesheet?><a/>", "<?xml-stylesheet?><a/>" },
  { "<?xm", "" },
  { "<?xmk?>", "<?xmk?>" },
  { "<", "" },
  { "", "" },
  { " <a/>", NULL },
  { "\n", NULL },
  { "\357\273\277<a/>", NULL },
  { "a", NULL },
};

/* The message comes in pieces of so many bytes. */
/* What is left of message, in pieces, after its prologue; NULL if that is wrong. */
static char *
skip (const char *message, gsize piece)
{
  IBBPrologue         prologue = { 0 };
  g_autoptr (GString) rest = g_string_new (NULL);
  gsize               left = strlen (message);

  for (const char *at = message; left > 0; at += piece, left -= MIN (piece, left))
    {
      const guint8 *data = (const guint8 *) at;
      gsize         length = MIN (piece, left);
      const char   *held;
      gsize         n_held;

      if (!ibb_prologue_skip (&prologue, &data, &length, &held, &n_held))
        return NULL;
      g_string_append_len (rest, held, (gssize) n_held);
      g_string_append_len (rest, (const char *) data, (gssize) length);
    }

  return g_string_free (g_steal_pointer (&rest), FALSE);
}

static void
test_messages (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_test_message ("%s", cases[i].message);
      for (gsize piece = 1; piece <= strlen (cases[i].message) + 1; piece++)
        {
          g_autofree char *rest = skip (cases[i].message, piece);

          g_assert_cmpstr (rest, ==, cases[i].rest);
        }
    }
}

static void
test_endless (void)
{
  IBBPrologue   prologue = { 0 };
  const guint8 *data = (const guint8 *) "<?xml ";
  gsize         length = 6;
  const char   *held;
  gsize         n_held;
  guint         n = 0;

  while (ibb_prologue_skip (&prologue, &data, &length, &held, &n_held))
    {
      data = (const guint8 *) " ";
      length = 1;
      g_assert_cmpuint (n++, <, 256);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ibb/prologue/messages", test_messages);
  g_test_add_func ("/ibb/prologue/endless", test_endless);
  return g_test_run ();
}
