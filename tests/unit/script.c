/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Runs a script of cases for the engine; tests/lib/script-reader.h says how it reads. "<" is what
 * the engine gets, "> ..." what it has to send next (script-stanzas.c); other words are calls
 * (script-calls.c) or checks (script-checks.c). "@NAME" names the session that a statement is
 * about, "s" if there is none; "$NAME" a stanza that was sent. */

#include "config.h"

#include "script.h"

#include <string.h>

GBytes *
script_parse_bytes (const char *word, gboolean is_quoted)
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
words_take_bytes (Words *words)
{
  const char *word = words_take (words);

  return script_parse_bytes (word, words->is_quoted[words->next - 1]);
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

IBBSession *
script_get_session (Script *self, const Words *words)
{
  IBBSession *session = g_hash_table_lookup (self->sessions, words->at);

  if (session == NULL)
    script_fail ("no session %s", words->at);
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
    script_fail ("no stanza %s", name);
  return stanza;
}

static gboolean
call_word (gpointer run, const char *name, Words *words)
{
  return script_call_engine (run, name, words) || script_check (run, name, words);
}

static gboolean
get_number (gpointer run, const char *name, gint64 *number)
{
  Script *self = run;

  return script_get_value (self, g_hash_table_lookup (self->sessions, "s"), name, number);
}

static void
run_case (gconstpointer data)
{
  static const ScriptRoom room = { "s", call_word, get_number };
  Script                  self = { 0 };

  driver_init (&self.driver, OWN, NULL, (Random){ 42 });
  self.driver.engine->context->settings.default_block_size = IBB_CONTROLLER_BLOCK;
  self.sessions =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) ibb_session_unref);
  self.stanzas = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                        (GDestroyNotify) ibb_stanza_record_unref);
  self.expectations = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  script_run (data, &room, &self);
  g_hash_table_unref (self.sessions);
  g_hash_table_unref (self.stanzas);
  g_hash_table_unref (self.expectations);
  g_clear_pointer (&self.last, ibb_stanza_record_unref);
  g_clear_pointer (&self.asked, ibb_stanza_record_unref);
  g_free (self.last_id);
  driver_clear (&self.driver);
}

int
main (int argc, char **argv)
{
  return script_main (argc, argv, "engine", run_case);
}
