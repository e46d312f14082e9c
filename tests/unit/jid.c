/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/base/jid.h"

#include <string.h>

#include <stringprep.h>

/* The form in which JIDs are compared (D-02). */
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
    { "JÜ@b", "jü@b" },
    { "ju\xCC\x88@b", "jü@b" },
    { "a@Ä.EXAMPLE", "a@ä.example" },
    { "a@b/u\xCC\x88", "a@b/ü" },
    { "a@b/Ü", "a@b/Ü" },
    /* The dotted capital I becomes two characters, not one. */
    { "İ@b", "i\xCC\x87@b" },
    /* Full-width letters, in every part but the resource. */
    { "ａＢ@ｃ/ｄ", "ab@c/ｄ" },
    /* PRECIS keeps the sharp s and the final sigma. */
    { "straße@b", "straße@b" },
    { "STRAẞE@b", "straße@b" },
    { "σς@b", "σς@b" },
    /* A-labels are U-labels, also of IDNA2008 alone. */
    { "a@xn--mnchen-3ya.example/c", "a@münchen.example/c" },
    { "a@www.XN--MNCHEN-3YA.example.", "a@www.münchen.example" },
    { "xn--strae-oqa.example", "straße.example" },
    { "a@\xE4\xBE\x8B\xE3\x80\x82\xE4\xBE\x8B", "a@例.例" },
    /* A label that is not an A-label stays as it is: ASCII, capitals, compatibility characters, a
     * full-width dot, an ideographic full stop, a space, code points that do not exist, no
     * Punycode. */
    { "a@xn--example-", "a@xn--example-" },
    { "a@xn--mnchen-3ya-", "a@xn--mnchen-3ya-" },
    { "a@xn--mnchen-psa", "a@xn--mnchen-psa" },
    { "a@xn--sch-bo3s", "a@xn--sch-bo3s" },
    { "a@xn--ab-yu3n", "a@xn--ab-yu3n" },
    { "a@xn--ab-r13a", "a@xn--ab-r13a" },
    { "a@xn--ab-11n", "a@xn--ab-11n" },
    { "a@xn--a!b", "a@xn--a!b" },
    { "a@xn--11111aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "a@xn--11111aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
    { "xn--a@b/xn--mnchen-3ya", "xn--a@b/xn--mnchen-3ya" },
    { "a@xn--", "a@xn--" },
    { NULL, NULL },
    { "", NULL },
    /* A character that becomes a separator does not separate. */
    { "a\xEF\xBC\xA0"
      "b@c",
      NULL },
    { "a\xEF\xBC\x8F"
      "b@c",
      NULL },
    { "a@b\xEF\xBC\x8F"
      "c",
      NULL },
    { "a@b\xE3\x80\x82\xE3\x80\x82", NULL },
    { "a@\xE3\x80\x82", NULL },
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
    { "a@b/\xC2\x80", NULL },
    { "a@b/\xC2\x9F", NULL },
    { "a@b/\xC2\xA0", "a@b/\xC2\xA0" },
    { "a@b/ä b", "a@b/ä b" },
    { "\x80", NULL },
    { "a\xE2\x80\x83@b", NULL },
    { "a\xE1\x9A\x80@b", NULL },
    { "a@b/\xFF", NULL },
    { "\xC3@b", NULL },
    { "a@b/\xED\xA0\x80", NULL },
    /* Stringprep deletes all of a part, here a soft hyphen, or variation selectors: the server
     * would answer from another address. */
    { "a@b/\xC2\xAD", NULL },
    { "a@b/\xEF\xB8\x8F\xEF\xB8\x80", NULL },
    { "\xC2\xAD@b", NULL },
    { "a@\xC2\xAD", NULL },
    { "a@\xC2\xAD.", NULL },
    { "a@b/\xC2\xAD.", "a@b/\xC2\xAD." },
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
          g_autofree char *upper = g_ascii_strup (jid, -1);
          g_autofree char *changed = ibb_jid_normalize (upper);

          if (length <= 1023)
            g_assert_cmpstr (normal, ==, jid);
          else
            g_assert_null (normal);
          g_assert_cmpint (changed != NULL, ==, length <= 1023);
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

/* Each ASCII character, in each part, is taken or refused. */
static void
test_ascii (void)
{
  for (guint c = 1; c < 0x80; c++)
    {
      gboolean is_printed = c >= 0x20 && c < 0x7F;
      gboolean is_general = is_printed && c != ' ' && c != '@';
      guint    small = (guint) g_ascii_tolower ((char) c);
      /* The text before and behind the character, and its normal form. */
      const struct
      {
        const char *before, *behind;
        gboolean    is_valid;
        guint       normal;
      } parts[] = {
        { "n", "n@d/r", is_general, small }, { "n@d", "d/r", is_general, small },
        { "d", "d", is_general, small },     { "n@d/r", "R", is_printed, c },
        { "d/r", "", is_printed, c },
      };

      for (gsize i = 0; i < G_N_ELEMENTS (parts); i++)
        {
          g_autofree char *jid = g_strdup_printf ("%s%c%s", parts[i].before, c, parts[i].behind);
          g_autofree char *expected =
              g_strdup_printf ("%s%c%s", parts[i].before, parts[i].normal, parts[i].behind);
          g_autofree char *normal = ibb_jid_normalize (jid);

          /* The character separates the parts. */
          if (i < 3 && (c == '/' || (c == '@' && i == 2)))
            continue;
          g_assert_cmpstr (normal, ==, parts[i].is_valid ? expected : NULL);
        }
    }
}

/* D-02: which JIDs are equal. */
static void
test_equal (void)
{
  g_assert_true (ibb_jid_equal ("Juliet@Capulet.COM/Balcony", "juliet@capulet.com/Balcony"));
  g_assert_false (ibb_jid_equal ("Juliet@Capulet.COM/Balcony", "juliet@capulet.com/balcony"));
  g_assert_true (ibb_jid_equal ("a@b.", "A@B"));
  g_assert_true (ibb_jid_equal ("JÜ@b", "ju\xCC\x88@b"));
  g_assert_false (ibb_jid_equal ("a@b", "a@b/c"));
  g_assert_false (ibb_jid_equal ("a@b", "b"));
  g_assert_false (ibb_jid_equal ("a@b/", "A@B/"));
  g_assert_false (ibb_jid_equal ("A@B", "a@b/"));
  g_assert_true (ibb_jid_equal ("a@b/c", "a@b/c"));
  g_assert_false (ibb_jid_equal (NULL, "a@b"));
  g_assert_false (ibb_jid_equal ("a@b", NULL));
  g_assert_false (ibb_jid_equal (NULL, NULL));
}

/* D-02: what a server may make of the address that a stanza was sent to. */
static void
test_resembles (void)
{
  static const struct
  {
    const char *a;
    const char *b;
    gboolean    equal;
    gboolean    resembles;
  } cases[] = {
    { "straße@b/c", "strasse@b/c", FALSE, TRUE },
    { "a@straße.example", "a@strasse.example", FALSE, TRUE },
    { "a@xn--strae-oqa.example", "a@strasse.example", FALSE, TRUE },
    { "ａ@b/c", "a@b/c", TRUE, TRUE },
    { "ΣΑς@b", "σασ@b", FALSE, TRUE },
    { "a\xE2\x80\x8D"
      "b@c",
      "ab@c", FALSE, TRUE },
    { "a@b/ｃ", "a@b/c", FALSE, TRUE },
    { "a@b/straße", "a@b/strasse", FALSE, FALSE },
    { "a@b/C", "a@b/c", FALSE, FALSE },
    { "A@B./c", "a@b/c", TRUE, TRUE },
    { "a@b", "a@b/c", FALSE, FALSE },
    { "a@b/c", "b/c", FALSE, FALSE },
    { "a@b/c", "b@a/c", FALSE, FALSE },
    { "a", "a@a", FALSE, FALSE },
    { "a@b/", "a@b/", TRUE, FALSE },
    { "a@b", NULL, FALSE, FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_test_message ("case %" G_GSIZE_FORMAT, i);
      g_assert_cmpint (ibb_jid_equal (cases[i].a, cases[i].b), ==, cases[i].equal);
      g_assert_cmpint (ibb_jid_resembles (cases[i].a, cases[i].b), ==, cases[i].resembles);
      g_assert_cmpint (ibb_jid_resembles (cases[i].b, cases[i].a), ==, cases[i].resembles);
    }
}

/* The form that Prosody and ejabberd give a node, a domain or a resource by stringprep resembles
 * it. */
static gboolean
resembles_prepared (const char *part)
{
  static const struct
  {
    const char *before;
    const char *after;
    const char *profile;
  } places[] = {
    { "", "@b/c", "Nodeprep" },
    { "a@", "/c", "Nameprep" },
    { "a@b/", "", "Resourceprep" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (places); i++)
    {
      g_autofree char *prepared = NULL;
      g_autofree char *jid = NULL;
      g_autofree char *normal = NULL;
      g_autofree char *again = NULL;
      g_autofree char *server = NULL;
      g_autofree char *server_normal = NULL;

      if (stringprep_profile (part, &prepared, places[i].profile, 0) != STRINGPREP_OK ||
          g_str_equal (prepared, part))
        continue;

      jid = g_strconcat (places[i].before, part, places[i].after, NULL);
      server = g_strconcat (places[i].before, prepared, places[i].after, NULL);
      normal = ibb_jid_normalize (jid);
      again = ibb_jid_normalize (normal);
      if (g_strcmp0 (again, normal) != 0)
        return FALSE;

      /* A server may delete the whole part. */
      server_normal = ibb_jid_normalize (server);
      if (normal != NULL && server_normal != NULL && !ibb_jid_resembles (jid, server))
        {
          g_autofree char *escaped = g_strescape (jid, NULL);
          g_autofree char *server_escaped = g_strescape (server, NULL);

          g_test_message ("\"%s\" does not resemble \"%s\"", escaped, server_escaped);
          return FALSE;
        }
    }
  return TRUE;
}

/* Unicode 3.2, which stringprep stays with, has these wrong (Corrigendum #4). No
 * server that follows a later version agrees with one that does not. */
static gboolean
was_corrected (gunichar c)
{
  return c == 0x2F868 || c == 0x2F874 || c == 0x2F91F || c == 0x2F95F || c == 0x2F9BF;
}

/* D-02, every character of the planes in which stringprep changes any. */
static void
test_characters (void)
{
  for (gunichar c = 1; c <= 0x2FFFF; c++)
    {
      char part[16] = "x";

      /* Ideographs, of which only those for compatibility change. */
      if (c == 0x3400 || c == 0x20000)
        c = c == 0x3400 ? 0xA000 : 0x2F800;
      if (!g_unichar_validate (c) || was_corrected (c))
        continue;
      part[1 + g_unichar_to_utf8 (c, part + 1)] = '\0';
      g_assert_true (resembles_prepared (part));
    }
}

/* D-02, strings of the characters that preparation changes. Without an iota
 * subscript: stringprep folds it before it composes the accent that follows.
 * Without Hangul: libidn composes across accents (Unicode, Corrigendum #5). */
static void
test_strings (void)
{
  static const gunichar characters[] = {
    'a',    'I',    'S',    '.',   0xDF,   0x1E9E, 0x130,  0x131, 0x17F,  0x3A3,  0x3C2,
    0x301,  0x308,  0x323,  0x390, 0xFB01, 0xFF21, 0xFF41, 0xAD,  0x200C, 0x200D, 0xFE0F,
    0x3002, 0xFF0E, 0x212B, 0x587, 0x13A0, 0xAB70, 0x1C4,  0x1F0, 0x149,  0x2126, 0x3F4,
  };

  for (guint i = 0; i < 10000; i++)
    {
      g_autoptr (GString) part = g_string_new (NULL);
      gint32              length = g_test_rand_int_range (1, 8);

      while (length-- > 0)
        g_string_append_unichar (part,
                                 characters[g_test_rand_int_range (0, G_N_ELEMENTS (characters))]);
      g_assert_true (resembles_prepared (part->str));
    }
}

/* How a JID is shown: as it was written, with U-labels (D-02); also what is no JID. */
static void
test_dup_unicode (void)
{
  static const struct
  {
    const char *jid;
    const char *unicode;
  } cases[] = {
    { "Romeo@Montague.Example./Orchard", "Romeo@Montague.Example./Orchard" },
    { "A@XN--MNCHEN-3YA.example/xn--mnchen-3ya", "A@münchen.example/xn--mnchen-3ya" },
    { "xn--mnchen-3ya.example", "münchen.example" },
    { "xn--mnchen-3ya@b", "xn--mnchen-3ya@b" },
    { "a@xn--example-/b", "a@xn--example-/b" },
    { "", "" },
    { "@", "@" },
    { "a@b\xff/c", "a@b\xff/c" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *unicode = ibb_jid_dup_unicode (cases[i].jid);

      g_assert_cmpstr (unicode, ==, cases[i].unicode);
    }
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
  g_test_add_func ("/ibb/jid/ascii", test_ascii);
  g_test_add_func ("/ibb/jid/equal/D-02", test_equal);
  g_test_add_func ("/ibb/jid/resembles/D-02", test_resembles);
  g_test_add_func ("/ibb/jid/stringprep/characters/D-02", test_characters);
  g_test_add_func ("/ibb/jid/stringprep/strings/D-02", test_strings);
  g_test_add_func ("/ibb/jid/dup-unicode/D-02", test_dup_unicode);
  g_test_add_func ("/ibb/jid/parts", test_parts);

  return g_test_run ();
}
