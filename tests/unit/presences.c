/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which resources are online, by the presence that arrives. */

#include "config.h"

#include "xmpp/presences.h"

#include "ibb-stanza.h"

#define OWN "user@d.test/r"

static gboolean
take (IBBPresences *presences, const char *rest)
{
  g_autofree char      *xml = g_strconcat ("<presence ", rest, NULL);
  g_autoptr (IBBStanza) stanza = ibb_stanza_new_from_xml (xml, -1, NULL);

  g_assert_nonnull (stanza);
  return ibb_presences_take (presences, stanza, OWN);
}

static void
assert_resources (IBBPresences *presences, const char *contact, const char *expected)
{
  g_auto (GStrv)   jids = ibb_presences_dup_resources (presences, contact);
  g_autofree char *joined = g_strjoinv (" ", jids);

  g_assert_cmpstr (joined, ==, expected);
}

/* Each change, as "+jid" or "-jid". */
static void
assert_changes (IBBPresences *presences, const char *expected)
{
  g_autoptr (GString) changes = g_string_new (NULL);
  char               *jid;
  gboolean            is_available;

  while (ibb_presences_take_change (presences, &jid, &is_available))
    {
      g_string_append_printf (changes, "%c%s ", is_available ? '+' : '-', jid);
      g_free (jid);
    }
  g_assert_cmpstr (changes->str, ==, expected);
}

static void
test_changes (void)
{
  IBBPresences *presences = ibb_presences_new (0);

  /* No presence of a resource, and our own. */
  g_assert_false (take (presences, "from='a@d'/>"));
  g_assert_false (take (presences, "from='a@d' type='unavailable'/>"));
  g_assert_false (take (presences, "from='a@d/x' type='unavailable'/>"));
  g_assert_false (take (presences, "from='a@d/x' type='subscribe'/>"));
  g_assert_false (take (presences, "from='" OWN "'/>"));
  g_assert_false (take (presences, "from='@/x'/>"));
  g_assert_false (take (presences, "/>"));
  assert_resources (presences, "a@d", "");

  g_assert_true (take (presences, "from='A@d/x'/>"));
  assert_changes (presences, "+a@d/x ");
  g_assert_false (take (presences, "from='a@d/x'><show>away</show></presence>"));
  g_assert_true (take (presences, "from='a@d/y'><priority>5</priority></presence>"));
  g_assert_true (take (presences, "from='b@d/y'/>"));
  assert_resources (presences, "a@D/whatever", "a@d/y a@d/x");

  /* What came and went untold is told as it is in the end, once. */
  g_assert_true (take (presences, "from='a@d/x' type='unavailable'/>"));
  g_assert_true (take (presences, "from='a@d/y' type='error'/>"));
  assert_resources (presences, "a@d", "");
  g_assert_true (take (presences, "from='a@d/x'/>"));
  assert_changes (presences, "-a@d/y +b@d/y +a@d/x ");

  g_assert_true (take (presences, "from='a@d/x' type='unavailable'/>"));
  g_assert_true (ibb_presences_clear (presences));
  assert_resources (presences, "b@d", "");
  g_assert_true (take (presences, "from='b@d/y'/>"));
  assert_changes (presences, "-a@d/x +b@d/y ");
  g_assert_true (ibb_presences_clear (presences));
  assert_changes (presences, "-b@d/y ");
  g_assert_false (ibb_presences_clear (presences));
  ibb_presences_free (presences);
}

static void
test_order (void)
{
  IBBPresences *presences = ibb_presences_new (0);

  take (presences, "from='a@d/1'/>");
  take (presences, "from='a@d/2'><priority>999</priority></presence>");
  take (presences, "from='a@d/3'/>");
  take (presences, "from='a@d/4'><priority>-999</priority></presence>");
  assert_resources (presences, "a@d", "a@d/2 a@d/3 a@d/1 a@d/4");
  take (presences, "from='a@d/1'/>"); /* is the last one now */
  assert_resources (presences, "a@d", "a@d/2 a@d/1 a@d/3 a@d/4");
  assert_resources (presences, "@", "");
  ibb_presences_free (presences);
}

/* Strangers cannot fill the memory; the place of one that has gone is free again. */
static void
test_bound (void)
{
  IBBPresences    *presences = ibb_presences_new (0);
  g_autofree char *resource = g_strnfill (1000, 'x');
  char            *jid;
  gboolean         is_available;
  guint            n_taken = 0;
  guint            n_told = 0;

  for (guint i = 0; i < 5000; i++)
    {
      g_autofree char *rest = g_strdup_printf ("from='a@d/%u%s'/>", i, resource);
      g_auto (GStrv)   jids = NULL;

      take (presences, rest);
      if (i % 1000 != 999)
        continue;
      jids = ibb_presences_dup_resources (presences, "a@d");
      n_taken = g_strv_length (jids);
    }
  g_assert_cmpuint (n_taken, >, 1000);
  g_assert_cmpuint (n_taken, <, 4000);
  ibb_presences_clear (presences);
  while (ibb_presences_take_change (presences, &jid, &is_available))
    {
      n_told++;
      g_free (jid);
    }
  g_assert_cmpuint (n_told, ==, n_taken);
  g_assert_true (take (presences, "from='a@d/x'/>"));
  assert_resources (presences, "a@d", "a@d/x");
  ibb_presences_free (presences);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/ibb/presences/changes", test_changes);
  g_test_add_func ("/ibb/presences/order", test_order);
  g_test_add_func ("/ibb/presences/bound", test_bound);

  return g_test_run ();
}
