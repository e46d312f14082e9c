/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/trust/named-keys.h"

#include "core/base/jid.h"

#define ANY_PEER ""

GHashTable *
ibb_named_keys_new (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_strfreev);
}

gboolean
ibb_named_keys_is_peer (const char *jid)
{
  g_autofree char *normal = ibb_jid_normalize (jid);

  return normal != NULL;
}

void
ibb_named_keys_set (GHashTable *self, const char *jid, const char *const *fingerprints)
{
  g_autofree char *name = jid != NULL ? ibb_named_keys_dup_name (jid) : g_strdup (ANY_PEER);

  if (fingerprints != NULL)
    g_hash_table_replace (self, g_steal_pointer (&name), g_strdupv ((char **) fingerprints));
  else
    g_hash_table_remove (self, name);
}

GStrv
ibb_named_keys_find (GHashTable *self, const char *name)
{
  GStrv found = g_hash_table_lookup (self, name);

  return g_strdupv (found != NULL ? found : g_hash_table_lookup (self, ANY_PEER));
}

char *
ibb_named_keys_dup_name (const char *jid)
{
  g_autofree char *bare = ibb_jid_dup_bare (jid);
  char            *name = ibb_jid_normalize (bare);

  return name != NULL ? name : g_steal_pointer (&bare);
}
