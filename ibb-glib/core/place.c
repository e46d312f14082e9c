/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/place.h"

#include "core/jid.h"

gpointer
ibb_place_find (const IBBShared *shared, const char *local, const char *peer, const char *sid)
{
  IBBSessionKey key = { .local = (char *) local, .peer = (char *) peer, .sid = (char *) sid };

  if (local == NULL || peer == NULL || sid == NULL)
    return NULL;
  return g_hash_table_lookup (shared->sessions, &key);
}

/* A normalised JID has no line breaks, so two accounts never have the same name. */
static char *
create_name (const char *local, const char *peer, const char *sid)
{
  g_autofree char *bare = ibb_jid_dup_bare (peer);

  return g_strconcat (local, "\n", bare, "\n", sid, NULL);
}

static char *
create_own_name (const IBBPlace *self)
{
  const IBBSessionKey *key = &self->terms->key;

  return create_name (key->local, key->peer, key->sid);
}

gpointer
ibb_place_find_resumable (const IBBShared *shared,
                          const char      *local,
                          const char      *peer,
                          const IBBStanza *stanza,
                          IBBPlaceFilter   filter)
{
  g_autofree char *name = create_name (local, peer, stanza->sid);
  const GQueue    *queue = g_hash_table_lookup (shared->resumable, name);
  const GList     *l = queue != NULL ? queue->head : NULL;

  while (l != NULL && !filter (l->data, stanza))
    l = l->next;
  return l != NULL ? l->data : NULL;
}

void
ibb_place_init (IBBPlace *self, IBBTerms *terms)
{
  self->terms = terms;
  self->peer_link.data = terms->owner;
  self->resumable_link.data = terms->owner;
  self->changed_link.data = terms->owner;
}

gboolean
ibb_place_is_taken (const IBBPlace *self)
{
  return g_hash_table_contains (self->terms->shared->sessions, &self->terms->key);
}

static void
join_resumable (IBBPlace *self)
{
  GHashTable      *resumable = self->terms->shared->resumable;
  g_autofree char *name = NULL;

  if (!ibb_terms_can_resume (self->terms))
    return;

  name = create_own_name (self);
  self->resumable = g_hash_table_lookup (resumable, name);
  if (self->resumable == NULL)
    {
      self->resumable = g_queue_new ();
      g_hash_table_insert (resumable, g_steal_pointer (&name), self->resumable);
    }
  g_queue_push_tail_link (self->resumable, &self->resumable_link);
}

static void
leave_resumable (IBBPlace *self)
{
  g_autofree char *name = NULL;

  if (self->resumable == NULL)
    return;

  g_queue_unlink (self->resumable, &self->resumable_link);
  if (g_queue_is_empty (self->resumable))
    {
      name = create_own_name (self);
      g_hash_table_remove (self->terms->shared->resumable, name);
    }
  self->resumable = NULL;
}

/* A <resume/> costs a proof for each session of its name, and the peer that opens sessions chooses
 * their names. */
void
ibb_place_set_secret (IBBPlace *self, const char *secret)
{
  g_autofree char *name = create_own_name (self);
  const GQueue    *others;

  leave_resumable (self);
  others = g_hash_table_lookup (self->terms->shared->resumable, name);
  if (others != NULL && others->length >= IBB_RESUMABLE_MAX)
    secret = NULL;
  ibb_terms_set_secret (self->terms, secret);
  join_resumable (self);
}

static void
join_peer (IBBPlace *self)
{
  IBBTerms *terms = self->terms;
  IBBPeer  *peer = ibb_peers_get (terms->shared->peers, terms->key.peer, terms->peer_jid);

  ibb_terms_set_peer (terms, peer);
  ibb_peer_add_session (peer, &self->peer_link, terms->shared->is_domain ? terms->local_jid : NULL);
  join_resumable (self);
}

static void
leave_peer (IBBPlace *self)
{
  leave_resumable (self);
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
