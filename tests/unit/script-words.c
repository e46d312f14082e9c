/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The values of the words of a statement. */

#include "config.h"

#include "script.h"

#include <string.h>

const char *
words_take (Script *self, Words *words)
{
  if (words->next == words->n_words)
    script_fail (self, "a word is missing");
  return words->words[words->next++];
}

gboolean
words_take_if (Words *words, const char *word)
{
  if (words->next == words->n_words || !g_str_equal (words->words[words->next], word))
    return FALSE;
  words->next++;
  return TRUE;
}

gint64
words_take_number (Script *self, Words *words)
{
  return script_evaluate (self, words_take (self, words));
}

gboolean
words_take_switch (Script *self, Words *words)
{
  const char *word = words_take (self, words);

  if (!g_str_equal (word, "on") && !g_str_equal (word, "off"))
    script_fail (self, "neither on nor off: %s", word);
  return g_str_equal (word, "on");
}

GBytes *
script_parse_bytes (Script *self, const char *word, gboolean is_quoted)
{
  gsize length = strspn (word, "0123456789");

  if (!is_quoted && length > 0 && g_str_equal (word + length, "B"))
    {
      gsize n = g_ascii_strtoull (word, NULL, 10);

      return g_bytes_new_take (g_malloc0 (n), n);
    }
  return g_bytes_new (word, strlen (word));
}

GBytes *
words_take_bytes (Script *self, Words *words)
{
  const char *word = words_take (self, words);

  return script_parse_bytes (self, word, words->is_quoted[words->next - 1]);
}

const char *
script_get_option (const char *word, const char *name)
{
  gsize length = strlen (name);

  return g_str_has_prefix (word, name) && word[length] == '=' ? word + length + 1 : NULL;
}

/* D-16: each part as long as RFC 7622 allows, the resource of characters that XML
 * writes as several. */
static const char *
get_long_jid (char c)
{
  g_autofree char *local = g_strnfill (1023, 'a');
  g_autofree char *domain = g_strnfill (1023, 'b');
  g_autofree char *resource = g_strnfill (1023, c);
  g_autofree char *jid = NULL;

  for (guint i = 1; i < 1023; i += 2)
    domain[i] = '.';
  jid = g_strdup_printf ("%s@%s/%s", local, domain, resource);
  return g_intern_string (jid);
}

const char *
script_get_jid (const char *name)
{
  static const struct
  {
    const char *name;
    const char *jid;
  } jids[] = {
    { "own", OWN },
    { "account", OWN_ACCOUNT },
    { "server", OWN_SERVER },
    { "peer", PEER },
    { "peer-account", PEER_ACCOUNT },
    { "peer-server", PEER_SERVER },
    { "other", PEER_ACCOUNT "/other" },
    /* Much longer than the addresses before, so that none gets the memory of one that is freed. */
    { "own-moved", OWN_ACCOUNT "/the-garden-below-the-balcony-of-the-house" },
    { "peer-moved", PEER_ACCOUNT "/the-garden-below-the-balcony-of-the-house" },
    { "stranger", STRANGER },
    { "none", NULL },
    { "jid-of-escapes", "a@b/\"<&'>\"<&'>\"<&'>\"<&'>\"<&'>\"<&'>\"<&'>" },
    /* D-02: as it is typed, and as stringprep and PRECIS make it. Resources
     * of quotes, ampersands and brackets make a name long in XML. */
    { "typed", "Stra\xC3\x9F"
               "e@Montague.example/orchard" },
    { "stringprep", "strasse@montague.example/orchard" },
    { "precis", "stra\xC3\x9F"
                "e@montague.example/orchard" },
  };

  g_assert_nonnull (name);
  for (guint i = 0; i < G_N_ELEMENTS (jids); i++)
    if (g_str_equal (name, jids[i].name))
      return jids[i].jid;
  if (g_str_equal (name, "jid-of-quotes"))
    return get_long_jid ('"');
  if (g_str_equal (name, "jid-of-ampersands"))
    return get_long_jid ('&');
  if (g_str_equal (name, "jid-of-brackets"))
    return get_long_jid ('<');
  return name;
}

guint
script_find (Script *self, const char *const *names, guint n, const char *name)
{
  for (guint i = 0; i < n; i++)
    if (names[i] != NULL && g_str_equal (names[i], name))
      return i;
  script_fail (self, "unknown name %s", name);
}

IBBSession *
script_get_session (Script *self, const Words *words)
{
  IBBSession *session = g_hash_table_lookup (self->sessions, words->at);

  if (session == NULL)
    script_fail (self, "no session %s", words->at);
  return session;
}

void
script_set_session (Script *self, const char *name, IBBSession *session)
{
  g_hash_table_replace (self->sessions, g_strdup (name), session);
}

IBBStanza *
script_get_stanza (Script *self, const char *name)
{
  IBBStanza *stanza = g_hash_table_lookup (self->stanzas, name);

  if (stanza == NULL)
    script_fail (self, "no stanza %s", name);
  return stanza;
}
