/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/base/stanza.h"

#include <string.h>

/* Which texts are the number of a block (D-11). */
static void
test_seq (void)
{
  static const struct
  {
    const char *text;
    int         seq; /* -1: not valid */
  } cases[] = {
    { "0", 0 },           { "1", 1 },
    { "65535", 65535 },   { "32768", 32768 },
    { "00007", 7 },       { " 5\n", 5 },
    { "\t\r5 ", 5 },      { "0000000000000065535", 65535 },
    { "65536", -1 },      { "-1", -1 },
    { "+1", -1 },         { "-0", -1 },
    { "", -1 },           { " ", -1 },
    { "1 2", -1 },        { "0x10", -1 },
    { "1.0", -1 },        { "1e3", -1 },
    { "a", -1 },          { "4294967296", -1 },
    { "4294967297", -1 }, { "18446744073709551616", -1 },
    { "\xD9\xA1", -1 },   { "\v1", -1 },
    { NULL, -1 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      guint64  seq = 4711;
      gboolean valid = ibb_stanza_parse_number (cases[i].text, G_MAXUINT16, &seq);

      g_test_message ("case %" G_GSIZE_FORMAT, i);
      g_assert_cmpint (valid, ==, cases[i].seq >= 0);
      g_assert_cmpuint (seq, ==, valid ? (guint) cases[i].seq : 4711);
    }
}

/* Which texts are a secret, or a proof: so many digits, each in one form only (D-58). */
static void
assert_digits (gsize length)
{
  g_autofree char *text = g_strnfill (length + 1, 'a');

  g_assert_false (ibb_stanza_is_hex (NULL, length));
  g_assert_false (ibb_stanza_is_hex (text, length));
  text[length] = '\0';
  g_assert_true (ibb_stanza_is_hex (text, length));
  g_assert_false (ibb_stanza_is_hex (text + 1, length));
  for (gsize i = 0; i < length; i++)
    {
      for (guint c = 1; c < 256; c++)
        {
          text[i] = (char) c;
          g_assert_cmpint (ibb_stanza_is_hex (text, length), ==,
                           strchr ("0123456789abcdef", (int) c) != NULL);
        }
      text[i] = '0';
    }
}

static void
test_digits (void)
{
  assert_digits (IBB_SECRET_LENGTH);
  assert_digits (IBB_PROOF_LENGTH);
}

/* Which texts are a sid (N-04, D-13). */
static void
test_sid (void)
{
  static const char *const good[] = { "i781hf64",        "a", ".-_:", "0", "\xC3\xA4", "\xC2\xB7",
                                      "\xF0\x90\x80\x80" };
  static const char *const bad[] = {
    "",    "a b",      " a",   "a\n",  "a/b",          "a&b",
    "<",   "\xC3\x97", "\xFF", "\xC3", "\xE2\x80\x90", "\xF4\x8F\xBF\xBD",
    "a'b", NULL
  };
  g_autofree char *longest = g_strnfill (IBB_SID_MAX_LENGTH, 'x');
  g_autofree char *too_long = g_strnfill (IBB_SID_MAX_LENGTH + 1, 'x');

  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    g_assert_true (ibb_stanza_is_valid_sid (good[i]));
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_test_message ("case %" G_GSIZE_FORMAT, i);
      g_assert_false (ibb_stanza_is_valid_sid (bad[i]));
    }

  g_assert_true (ibb_stanza_is_valid_sid (longest));
  g_assert_false (ibb_stanza_is_valid_sid (too_long));
}

static IBBStanza *
create_bare (void)
{
  return ibb_stanza_record_new (IBB_STANZA_IQ, NULL, IBB_PAYLOAD_OTHER, NULL, NULL);
}

/* The fields with a text. */
static const gsize texts[] = {
  G_STRUCT_OFFSET (IBBStanza, kind),   G_STRUCT_OFFSET (IBBStanza, id),
  G_STRUCT_OFFSET (IBBStanza, from),   G_STRUCT_OFFSET (IBBStanza, to),
  G_STRUCT_OFFSET (IBBStanza, sid),    G_STRUCT_OFFSET (IBBStanza, asked),
  G_STRUCT_OFFSET (IBBStanza, secret), G_STRUCT_OFFSET (IBBStanza, proof),
  G_STRUCT_OFFSET (IBBStanza, text),   G_STRUCT_OFFSET (IBBStanza, node),
};
static const gsize bytes[] = { G_STRUCT_OFFSET (IBBStanza, bytes),
                               G_STRUCT_OFFSET (IBBStanza, xml) };
static const gsize lists[] = { G_STRUCT_OFFSET (IBBStanza, features),
                               G_STRUCT_OFFSET (IBBStanza, identities) };

#define FIELD(stanza, type, offset) (*(type *) G_STRUCT_MEMBER_P (stanza, offset))
#define LENGTH 1000

/* Each field of a stanza counts in full, and once, towards the memory that the stanza takes. */
static void
assert_counts (IBBStanza *stanza)
{
  IBBStanza *bare = create_bare ();
  gsize      more = ibb_stanza_record_get_size (stanza) - sizeof *bare;

  g_assert_cmpuint (ibb_stanza_record_get_size (bare), ==, sizeof *bare);
  g_assert_cmpuint (more, >=, LENGTH);
  g_assert_cmpuint (more, <, LENGTH + 200);
  ibb_stanza_record_unref (stanza);
  ibb_stanza_record_unref (bare);
}

static void
test_size (void)
{
  g_autofree char  *text = g_strnfill (LENGTH, 'x');
  const char *const list[] = { text, NULL };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      IBBStanza *stanza = create_bare ();

      g_free (FIELD (stanza, char *, texts[i]));
      FIELD (stanza, char *, texts[i]) = g_strdup (text);
      assert_counts (stanza);
    }
  for (guint i = 0; i < G_N_ELEMENTS (bytes); i++)
    {
      IBBStanza *stanza = create_bare ();

      FIELD (stanza, GBytes *, bytes[i]) = g_bytes_new (text, LENGTH);
      assert_counts (stanza);
    }
  for (guint i = 0; i < G_N_ELEMENTS (lists); i++)
    {
      IBBStanza *stanza = create_bare ();

      FIELD (stanza, char **, lists[i]) = g_strdupv ((char **) list);
      assert_counts (stanza);
    }
}

/* Everything that a stanza may keep, each field with another value. */
static IBBStanza *
create_full (void)
{
  IBBStanza        *stanza = create_bare ();
  const char *const list[] = { "one", "two", NULL };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_free (FIELD (stanza, char *, texts[i]));
      FIELD (stanza, char *, texts[i]) = g_strdup_printf ("text %u", i);
    }
  for (guint i = 0; i < G_N_ELEMENTS (bytes); i++)
    FIELD (stanza, GBytes *, bytes[i]) = g_bytes_new (&i, sizeof i);
  for (guint i = 0; i < G_N_ELEMENTS (lists); i++)
    FIELD (stanza, char **, lists[i]) = g_strdupv ((char **) list + i);
  return stanza;
}

/* A copy has its own of everything. A field that is not copied is freed twice. */
static void
test_copy (void)
{
  IBBStanza *stanza = ibb_stanza_record_ref (create_full ());
  IBBStanza *copy = ibb_stanza_record_copy (stanza);

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    g_assert_cmpstr (FIELD (copy, char *, texts[i]), ==, FIELD (stanza, char *, texts[i]));
  for (guint i = 0; i < G_N_ELEMENTS (bytes); i++)
    g_assert_true (
        g_bytes_equal (FIELD (copy, GBytes *, bytes[i]), FIELD (stanza, GBytes *, bytes[i])));
  for (guint i = 0; i < G_N_ELEMENTS (lists); i++)
    g_assert_true (g_strv_equal (FIELD (copy, const char *const *, lists[i]),
                                 FIELD (stanza, const char *const *, lists[i])));
  g_assert_true (g_atomic_ref_count_compare (&copy->ref_count, 1));
  ibb_stanza_record_unref (stanza);
  ibb_stanza_record_unref (stanza);
  ibb_stanza_record_unref (copy);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/ibb/stanza/seq/D-11", test_seq);
  g_test_add_func ("/ibb/stanza/digits/D-58", test_digits);
  g_test_add_func ("/ibb/stanza/sid/N-04,D-13", test_sid);
  g_test_add_func ("/ibb/stanza/size", test_size);
  g_test_add_func ("/ibb/stanza/copy", test_copy);

  return g_test_run ();
}
