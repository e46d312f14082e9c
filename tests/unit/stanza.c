/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/base/stanza.h"

#include <string.h>

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

  g_test_add_func ("/ibb/stanza/sid/N-04,D-13", test_sid);
  g_test_add_func ("/ibb/stanza/size", test_size);
  g_test_add_func ("/ibb/stanza/copy", test_copy);

  return g_test_run ();
}
