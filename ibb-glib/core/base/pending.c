/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/base/pending.h"

#include <string.h>

#include "core/base/jid.h"

void
ibb_pendings_add (IBBPendings   *self,
                  IBBPending    *pending,
                  IBBPendingType type,
                  char          *id,
                  const char    *jid,
                  gpointer       owner)
{
  ibb_pendings_remove (self, pending);
  pending->type = type;
  pending->id = id;
  pending->jid = jid;
  pending->owner = owner;
  g_hash_table_insert (self, id, pending);
}

void
ibb_pendings_set_jid (IBBPendings *self, IBBPending *pending, const char *jid)
{
  g_assert (pending->id == NULL || g_hash_table_lookup (self, pending->id) == pending);
  pending->jid = jid;
}

void
ibb_pendings_remove (IBBPendings *self, IBBPending *pending)
{
  if (pending->id == NULL)
    return;

  g_hash_table_remove (self, pending->id);
  g_free (pending->id);
  pending->id = NULL;
}

IBBPending *
ibb_pendings_find (IBBPendings *self, const char *id)
{
  return id != NULL ? g_hash_table_lookup (self, id) : NULL;
}

/* A stanza without "from" may come from our account or from its server (D-33). */
static gboolean
is_own_server (const char *local_jid, const char *jid)
{
  g_autofree char *domain = local_jid != NULL ? ibb_jid_dup_domain (local_jid) : NULL;

  return g_strcmp0 (jid, domain) == 0;
}

gboolean
ibb_pending_is_answered_by (const IBBPending *self,
                            const IBBStanza  *stanza,
                            const char       *from,
                            const char       *local_jid)
{
  g_autofree char *bare = NULL;
  g_autofree char *domain = NULL;
  g_autofree char *from_bare = NULL;

  if (stanza->from == NULL && is_own_server (local_jid, self->jid))
    return TRUE;
  if (from == NULL)
    return FALSE;
  /* Both are in normal form. The id is random, so only the addressee and the servers know it: a
   * form of the JID that a server may have made is good enough. */
  if (strcmp (self->jid, from) == 0 || ibb_jid_resembles (self->jid, from))
    return TRUE;
  if (!self->is_message)
    return FALSE;

  /* A server may have sent the message to another resource (D-36). A server that follows a rule
   * answers in its own name (XEP-0079 §2.2.5). */
  bare = ibb_jid_dup_bare (self->jid);
  domain = ibb_jid_dup_domain (self->jid);
  from_bare = ibb_jid_dup_bare (from);
  return strcmp (bare, from_bare) == 0 || strcmp (domain, from) == 0 ||
         is_own_server (local_jid, from);
}
