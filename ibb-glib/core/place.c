/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/place.h"

#include <string.h>

#include "core/jid.h"

gpointer
ibb_place_find (const IBBShared *shared, const char *local, const char *peer, const char *sid)
{
  IBBSessionKey key = { .local = (char *) local, .peer = (char *) peer, .sid = (char *) sid };

  if (local == NULL || peer == NULL || sid == NULL)
    return NULL;
  return g_hash_table_lookup (shared->sessions, &key);
}

gpointer
ibb_place_find_moved (const IBBShared *shared,
                      const char      *local,
                      const char      *peer,
                      const IBBStanza *stanza,
                      IBBPlaceFilter   filter)
{
  g_autofree char *bare = ibb_jid_dup_bare (peer);
  GHashTableIter   iter;
  gpointer         data, session;

  g_hash_table_iter_init (&iter, shared->sessions);
  while (g_hash_table_iter_next (&iter, &data, &session))
    {
      const IBBSessionKey *key = data;

      if (strcmp (key->sid, stanza->sid) == 0 && strcmp (key->local, local) == 0)
        {
          g_autofree char *key_bare = ibb_jid_dup_bare (key->peer);

          if (strcmp (key_bare, bare) == 0 && filter (session, stanza))
            return session;
        }
    }
  return NULL;
}

void
ibb_place_init (IBBPlace *self, IBBTerms *terms)
{
  self->terms = terms;
  self->peer_link.data = terms->owner;
  self->changed_link.data = terms->owner;
}

gboolean
ibb_place_is_taken (const IBBPlace *self)
{
  return g_hash_table_contains (self->terms->shared->sessions, &self->terms->key);
}

static void
join_peer (IBBPlace *self)
{
  IBBTerms *terms = self->terms;
  IBBPeer  *peer = ibb_peers_get (terms->shared->peers, terms->key.peer, terms->peer_jid);

  ibb_terms_set_peer (terms, peer);
  ibb_peer_add_session (peer, &self->peer_link, terms->shared->is_domain ? terms->local_jid : NULL);
}

static void
leave_peer (IBBPlace *self)
{
  ibb_peer_remove_session (self->terms->peer, &self->peer_link);
  ibb_terms_set_peer (self->terms, NULL);
}

void
ibb_place_enter (IBBPlace *self)
{
  IBBTerms *terms = self->terms;

  g_hash_table_insert (terms->shared->sessions, &terms->key, terms->owner);
  join_peer (self);
  self->is_counted = TRUE;
  ibb_memory_add_sharer (&terms->shared->memory);
}

void
ibb_place_leave (IBBPlace *self)
{
  leave_peer (self);
  g_hash_table_remove (self->terms->shared->sessions, &self->terms->key);
}

/* Takes the session out of the table and away from its peer, unless another session has the new
 * key. */
static gboolean
begin_move (IBBPlace *self, const IBBSessionKey *key)
{
  GHashTable *sessions = self->terms->shared->sessions;

  if (g_hash_table_contains (sessions, key) || !ibb_terms_may_move (self->terms))
    return FALSE;

  leave_peer (self);
  g_hash_table_steal (sessions, &self->terms->key);
  return TRUE;
}

static void
end_move (IBBPlace *self)
{
  IBBTerms *terms = self->terms;

  g_hash_table_insert (terms->shared->sessions, &terms->key, terms->owner);
  join_peer (self);
}

static gboolean
begin_move_of_peer (IBBPlace *self, const char *normal)
{
  IBBSessionKey key = self->terms->key;

  key.peer = (char *) normal;
  return begin_move (self, &key);
}

gboolean
ibb_place_rename_peer (IBBPlace *self, const char *normal)
{
  if (!begin_move_of_peer (self, normal))
    return FALSE;

  ibb_terms_rename_peer (self->terms, normal);
  end_move (self);
  return TRUE;
}

gboolean
ibb_place_move_peer (IBBPlace *self, const char *jid, const char *normal)
{
  if (!begin_move_of_peer (self, normal))
    return FALSE;

  ibb_terms_move_peer (self->terms, jid, normal);
  end_move (self);
  return TRUE;
}

gboolean
ibb_place_move_local (IBBPlace *self, const char *jid, const char *normal)
{
  IBBSessionKey key = self->terms->key;

  key.local = (char *) normal;
  if (!begin_move (self, &key))
    return FALSE;

  ibb_terms_move_local (self->terms, jid, normal);
  end_move (self);
  return TRUE;
}

void
ibb_place_uncount (IBBPlace *self)
{
  if (!self->is_counted)
    return;

  self->is_counted = FALSE;
  ibb_memory_remove_sharer (&self->terms->shared->memory);
}

gboolean
ibb_place_note_change (IBBPlace *self)
{
  IBBShared *shared = self->terms->shared;

  if (self->is_changed || shared->is_gone)
    return FALSE;

  self->is_changed = TRUE;
  g_queue_push_tail_link (&shared->changed, &self->changed_link);
  return TRUE;
}

void
ibb_place_take_change (IBBPlace *self)
{
  self->is_changed = FALSE;
}
