/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/account/uri.h"

#include "tool/words/jid.h"

#include <glib/gi18n.h>
#include <string.h>

typedef struct
{
  char *account; /* (owned): a bare JID */
  char *fingerprint;
} Key;

static void
key_free (gpointer data)
{
  Key *self = data;

  g_free (self->account);
  g_free (self->fingerprint);
  g_free (self);
}

/* argument: for the error. Other texts are addresses. */
static char *
resolve (GPtrArray *keys, const char *argument, char **text)
{
  g_autoptr (GError) error = NULL;
  g_autofree char   *fingerprint = NULL;
  char              *jid;
  Key               *key;

  if (g_ascii_strncasecmp (*text, "xmpp:", strlen ("xmpp:")) != 0)
    return NULL;
  jid = ibb_xmpp_identity_parse_uri (*text, &fingerprint, &error);
  if (jid == NULL)
    /* Translators: PEER or an option, and a sentence that says what is wrong */
    return g_strdup_printf (_ ("%s: %s"), argument, error->message);
  g_free (*text);
  *text = jid;
  if (fingerprint == NULL)
    return NULL;
  key = g_new0 (Key, 1);
  key->account = tool_jid_dup_bare (jid);
  key->fingerprint = g_steal_pointer (&fingerprint);
  g_ptr_array_add (keys, key);
  return NULL;
}

char *
tool_uri_resolve (char **from, char **peer, GPtrArray **keys)
{
  g_autoptr (GPtrArray) found = g_ptr_array_new_with_free_func (key_free);
  char                 *problem = *peer != NULL ? resolve (found, "PEER", peer) : NULL;
  guint                 n_from = 0;

  for (; problem == NULL && from != NULL && from[n_from] != NULL; n_from++)
    problem = resolve (found, "--from", &from[n_from]);
  if (problem != NULL || found->len == 0)
    return problem;
  if (n_from > 0 && n_from != found->len)
    return g_strdup (_ ("Either all --from are URIs with a key, or none is: no other key counts "
                        "beside these"));
  *keys = g_steal_pointer (&found);
  return NULL;
}

void
tool_uri_name_keys (GPtrArray *keys, IBBXmppIdentity *identity)
{
  const char *const none[] = { NULL };

  for (guint i = 0; i < keys->len; i++)
    {
      const char           *account = ((const Key *) g_ptr_array_index (keys, i))->account;
      g_autoptr (GPtrArray) fingerprints = g_ptr_array_new ();

      for (guint k = 0; k < keys->len; k++)
        {
          const Key *key = g_ptr_array_index (keys, k);

          if (ibb_jid_is_from (key->account, account))
            g_ptr_array_add (fingerprints, key->fingerprint);
        }
      g_ptr_array_add (fingerprints, NULL);
      ibb_xmpp_identity_set_peer_fingerprints (identity, account,
                                               (const char *const *) fingerprints->pdata);
    }
  ibb_xmpp_identity_set_peer_fingerprints (identity, NULL, none);
}
