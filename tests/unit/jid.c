/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/jid.h"

#include <string.h>

/* D-02 */
static void
test_normalize (void)
{
  static const struct
  {
    const char *jid;
    const char *normal; /* NULL: no JID */
  } cases[] = {
    { "juliet@capulet.com/balcony", "juliet@capulet.com/balcony" },
    { "Juliet@Capulet.COM/Balcony", "juliet@capulet.com/Balcony" },
    { "capulet.com", "capulet.com" },
    { "CAPULET.com.", "capulet.com" },
    { "a@b.", "a@b" },
    { "a@b./c", "a@b/c" },
    { "b/c", "b/c" },
    { "a@b/c/d@e", "a@b/c/d@e" },
    { "b/@", "b/@" },
    { "a@b/ c d ", "a@b/ c d " },
    { "[::1]", "[::1]" },
    { "a@b/C.", "a@b/C." },
    /* Ü, composed and as U with a diaeresis; a capital and a small one. */
    { "J\xC3\x9C@b", "j\xC3\xBC@b" },
    { "ju\xCC\x88@b", "j\xC3\xBC@b" },
    { "a@\xC3\x84.EXAMPLE", "a@\xC3\xA4.example" },
    { "a@b/u\xCC\x88", "a@b/\xC3\xBC" },
    { "a@b/\xC3\x9C", "a@b/\xC3\x9C" },
    /* The dotted capital I becomes two characters, not one. */
    { "\xC4\xB0@b", "i\xCC\x87@b" },
    { NULL, NULL },
    { "", NULL },
    { "@b", NULL },
    { "a@", NULL },
    { "a@/c", NULL },
    { "a@b/", NULL },
    { "/c", NULL },
    { "/", NULL },
    { "@", NULL },
    { ".", NULL },
    { "a@.", NULL },
    { "..", NULL },
    { "a@b..", NULL },
    { "a@b@c", NULL },
    { "a b@c", NULL },
    { "a@b c", NULL },
    { "a@b\n", NULL },
    { "a@b/c\x01", NULL },
    { "a@b/c\x7F", NULL },
    { "a@b/\xC2\x85", NULL },
    { "a\xE2\x80\x83@b", NULL },
    { "a@b/\xFF", NULL },
    { "\xC3@b", NULL },
    { "a@b/\xED\xA0\x80", NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *normal = ibb_jid_normalize (cases[i].jid);

      g_test_message ("case %" G_GSIZE_FORMAT, i);
      g_assert_cmpstr (normal, ==, cases[i].normal);

      if (normal != NULL)
        {
          g_autofree char *again = ibb_jid_normalize (normal);

          g_assert_cmpstr (again, ==, normal);
        }
    }
}

static void
test_length (void)
{
  for (guint part = 0; part < 3; part++)
    {
      for (gsize length = 1022; length <= 1024; length++)
        {
          g_autofree char *longest = g_strnfill (length, 'x');
          g_autofree char *jid =
              g_strdup_printf ("%s@%s/%s", part == 0 ? longest : "a", part == 1 ? longest : "b",
                               part == 2 ? longest : "c");
          g_autofree char *normal = ibb_jid_normalize (jid);

          if (length <= 1023)
            g_assert_cmpstr (normal, ==, jid);
          else
            g_assert_null (normal);
        }
    }

  {
    g_autofree char *part = g_strnfill (1023, 'x');
    g_autofree char *jid = g_strdup_printf ("%s@%s/%s", part, part, part);
    g_autofree char *longer = g_strconcat (jid, "x", NULL);
    g_autofree char *normal = ibb_jid_normalize (jid);
    g_autofree char *too_long = ibb_jid_normalize (longer);

    g_assert_cmpuint (strlen (jid), ==, IBB_JID_MAX_LENGTH);
    g_assert_cmpstr (normal, ==, jid);
    g_assert_null (too_long);
  }
}

/* D-02 */
static void
test_equal (void)
{
  g_assert_true (ibb_jid_equal ("Juliet@Capulet.COM/Balcony", "juliet@capulet.com/Balcony"));
  g_assert_false (ibb_jid_equal ("Juliet@Capulet.COM/Balcony", "juliet@capulet.com/balcony"));
  g_assert_true (ibb_jid_equal ("a@b.", "A@B"));
  g_assert_true (ibb_jid_equal ("J\xC3\x9C@b", "ju\xCC\x88@b"));
  g_assert_false (ibb_jid_equal ("a@b", "a@b/c"));
  g_assert_false (ibb_jid_equal ("a@b", "b"));
  g_assert_false (ibb_jid_equal ("a@b/", "A@B/"));
  g_assert_false (ibb_jid_equal ("A@B", "a@b/"));
  g_assert_true (ibb_jid_equal ("a@b/c", "a@b/c"));
  g_assert_false (ibb_jid_equal (NULL, "a@b"));
  g_assert_false (ibb_jid_equal ("a@b", NULL));
  g_assert_false (ibb_jid_equal (NULL, NULL));
}

static void
test_parts (void)
{
  static const struct
  {
    const char *jid;
    const char *bare;
    const char *resource;
    const char *domain;
  } cases[] = {
    { "a@b/c", "a@b", "c", "b" },     { "a@b", "a@b", NULL, "b" },      { "b", "b", NULL, "b" },
    { "b/c@d/e", "b", "c@d/e", "b" }, { "a@b/c@d", "a@b", "c@d", "b" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *bare = ibb_jid_dup_bare (cases[i].jid);
      g_autofree char *domain = ibb_jid_dup_domain (cases[i].jid);

      g_assert_cmpstr (bare, ==, cases[i].bare);
      g_assert_cmpstr (domain, ==, cases[i].domain);
      g_assert_cmpstr (ibb_jid_get_resource (cases[i].jid), ==, cases[i].resource);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/ibb/jid/normalize/D-02", test_normalize);
  g_test_add_func ("/ibb/jid/length", test_length);
  g_test_add_func ("/ibb/jid/equal/D-02", test_equal);
  g_test_add_func ("/ibb/jid/parts", test_parts);

  return g_test_run ();
}
