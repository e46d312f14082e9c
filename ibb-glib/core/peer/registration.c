/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/peer/registration.h"

#include "core/base/jid.h"

gpointer
ibb_registration_find (const IBBContext *context,
                       const char       *local,
                       const char       *peer,
                       const char       *sid)
{
  IBBSessionKey key = { .local = (char *) local, .peer = (char *) peer, .sid = (char *) sid };

  if (local == NULL || peer == NULL || sid == NULL)
    return NULL;
  return g_hash_table_lookup (context->sessions, &key);
}

static gboolean
take_name (const IBBContext *context, const IBBSessionKey *key)
{
  return !g_hash_table_contains (context->sessions, key) &&
         (context->names == NULL || context->names->take (context->names, key));
}

static void
hand_over_name (const IBBContext *context, const IBBSessionKey *from, const IBBSessionKey *to)
{
  if (context->names != NULL)
    context->names->hand_over (context->names, from, to);
}

/* A normalised JID has no line breaks, so two accounts never have the same name. */
static char *
create_name (const char *local, const char *peer, const char *sid)
{
  g_autofree char *bare = ibb_jid_dup_bare (peer);

  return g_strconcat (local, "\n", bare, "\n", sid, NULL);
}

static char *
create_own_name (const IBBRegistration *self)
{
  const IBBSessionKey *key = &self->parameters->key;

  return create_name (key->local, key->peer, key->sid);
}

gpointer
ibb_registration_find_resumable (const IBBContext *context,
                                 const char       *local,
                                 const char       *peer,
                                 const IBBStanza  *stanza,
                                 IBBPlaceFilter    filter)
{
  g_autofree char *name = create_name (local, peer, stanza->sid);
  const GQueue    *queue = g_hash_table_lookup (context->resumable, name);
  const GList     *l = queue != NULL ? queue->head : NULL;

  while (l != NULL && !filter (l->data, stanza))
    l = l->next;
  return l != NULL ? l->data : NULL;
}

void
ibb_registration_init (IBBRegistration *self, IBBParameters *parameters)
{
  self->parameters = parameters;
  self->peer_link.data = parameters->owner;
  self->resumable_link.data = parameters->owner;
  self->changed_link.data = self;
}

static void
join_resumable (IBBRegistration *self)
{
  GHashTable      *resumable = self->parameters->context->resumable;
  g_autofree char *name = NULL;

  if (self->parameters->secret == NULL)
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
leave_resumable (IBBRegistration *self)
{
  g_autofree char *name = NULL;

  if (self->resumable == NULL)
    return;

  g_queue_unlink (self->resumable, &self->resumable_link);
  if (g_queue_is_empty (self->resumable))
    {
      name = create_own_name (self);
      g_hash_table_remove (self->parameters->context->resumable, name);
    }
  self->resumable = NULL;
}

/* A <resume/> costs a proof for each session of its name, and the peer that opens sessions chooses
 * their names. */
void
ibb_registration_set_secret (IBBRegistration *self, const char *secret)
{
  g_autofree char *name = create_own_name (self);
  const GQueue    *others;

  leave_resumable (self);
  others = g_hash_table_lookup (self->parameters->context->resumable, name);
  if (others != NULL && others->length >= IBB_RESUMABLE_MAX)
    secret = NULL;
  ibb_parameters_set_secret (self->parameters, secret);
  join_resumable (self);
}

static void
join_peer (IBBRegistration *self)
{
  IBBParameters *parameters = self->parameters;
  IBBPeer       *peer =
      ibb_peers_get (parameters->context->peers, parameters->key.peer, parameters->peer_jid);

  parameters->peer = peer;
  parameters->pair = ibb_pair_join (peer, &self->peer_link, parameters->key.local,
                                    parameters->context->is_domain ? parameters->local_jid : NULL);
  join_resumable (self);
}

static void
leave_peer (IBBRegistration *self)
{
  leave_resumable (self);
  ibb_pair_leave (self->parameters->pair, &self->peer_link);
  self->parameters->peer = NULL;
  self->parameters->pair = NULL;
}

gboolean
ibb_registration_enter (IBBRegistration *self)
{
  IBBParameters *parameters = self->parameters;

  if (!take_name (parameters->context, &parameters->key))
    return FALSE;

  g_hash_table_insert (parameters->context->sessions, &parameters->key, parameters->owner);
  join_peer (self);
  self->is_counted = TRUE;
  parameters->context->memory.n_sharers++;
  return TRUE;
}

void
ibb_registration_leave (IBBRegistration *self)
{
  IBBParameters *parameters = self->parameters;

  leave_peer (self);
  hand_over_name (parameters->context, &parameters->key, NULL);
  g_hash_table_remove (parameters->context->sessions, &parameters->key);
}

gboolean
ibb_registration_move (IBBRegistration *self,
                       const char      *peer_jid,
                       const char      *peer,
                       const char      *local_jid,
                       const char      *local)
{
  IBBParameters    *parameters = self->parameters;
  const IBBContext *context = parameters->context;
  IBBSessionKey     key = parameters->key;

  if (peer != NULL)
    key.peer = (char *) peer;
  if (local != NULL)
    key.local = (char *) local;
  if (!take_name (context, &key))
    return FALSE;

  leave_peer (self);
  hand_over_name (context, &parameters->key, NULL);
  g_hash_table_steal (context->sessions, &parameters->key);
  ibb_parameters_move (parameters, peer_jid, peer, local_jid, local);
  hand_over_name (context, &key, &parameters->key);
  g_hash_table_insert (context->sessions, &parameters->key, parameters->owner);
  join_peer (self);
  return TRUE;
}

void
ibb_registration_uncount (IBBRegistration *self)
{
  IBBMemory *memory = &self->parameters->context->memory;

  if (!self->is_counted)
    return;

  self->is_counted = FALSE;
  memory->n_sharers--;
  ibb_memory_wake (memory); /* the share of each of the others has grown */
}

gboolean
ibb_registration_note_change (IBBRegistration *self)
{
  IBBContext *context = self->parameters->context;

  if (self->is_changed || context->is_gone)
    return FALSE;

  self->is_changed = TRUE;
  g_queue_push_tail_link (&context->changed, &self->changed_link);
  return TRUE;
}
