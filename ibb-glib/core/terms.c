/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/terms.h"

#include <string.h>

#include "core/jid.h"

#define STANZA_OVERHEAD 320 /* tags, attributes, id, what a server adds (D-16) */
#define RULES_OVERHEAD 180  /* of a message (N-31) */
#define MOVES_MAX 100
#define FORMER_OVERHEAD                                                                            \
  64 /* of a former address: a link of the list, and what the allocator adds */

/* As our writer of stanzas escapes, and as servers do. */
static gsize
get_escaped_length (const char *text)
{
  gsize length = 0;

  for (const char *p = text; *p != '\0'; p++)
    switch (*p)
      {
      case '"':
      case '\'':
        length += strlen ("&quot;");
        break;
      case '&':
        length += strlen ("&amp;");
        break;
      case '<':
      case '>':
        length += strlen ("&lt;");
        break;
      default:
        length++; /* there are no control characters in a JID or a sid */
        break;
      }
  return length;
}

/* For each change of an address: the length of stanzas is asked for with each block. */
static void
measure_overhead (IBBTerms *self)
{
  self->overhead = STANZA_OVERHEAD + get_escaped_length (self->peer_jid) +
                   get_escaped_length (self->local_jid) + get_escaped_length (self->key.sid);
  if (self->by_message)
    self->overhead += RULES_OVERHEAD;
}

void
ibb_terms_init (
    IBBTerms *self, IBBShared *shared, gpointer owner, const IBBOpen *open, gboolean is_initiator)
{
  self->shared = ibb_shared_ref (shared);
  self->owner = owner;
  self->by_message = open->by_message;
  self->block_size = open->block_size;
  self->is_initiator = is_initiator;
  self->peer_jid = g_strdup (open->peer);
  self->local_jid = g_strdup (open->local);
  self->key.sid = g_strdup (open->sid);
  self->key.peer = ibb_jid_normalize (open->peer);
  self->key.local = ibb_jid_normalize (open->local);
  self->is_own_jid = g_strcmp0 (self->key.local, shared->local_normal) == 0;
  measure_overhead (self);
}

void
ibb_terms_clear (IBBTerms *self)
{
  g_free (self->peer_jid);
  g_free (self->local_jid);
  g_free (self->key.sid);
  g_free (self->key.peer);
  g_free (self->key.local);
  g_free (self->secret);
  g_slist_free_full (self->former_jids, g_free);
  ibb_memory_remove_records (&self->shared->memory, self->former_size);
  ibb_shared_unref (self->shared);
}

void
ibb_terms_rename_peer (IBBTerms *self, const char *normal)
{
  g_free (self->key.peer);
  self->key.peer = g_strdup (normal);
}

gboolean
ibb_terms_may_move (const IBBTerms *self)
{
  const IBBMemory *memory = &self->shared->memory;

  return g_slist_length (self->former_jids) < MOVES_MAX &&
         (!ibb_memory_is_short (memory) ||
          self->former_size <= ibb_memory_get_share (memory, self->block_size));
}

/* Applications read the JID in any thread, and may keep it for as long as the session lives. */
static void
replace_jid (IBBTerms *self, char **place, const char *jid)
{
  gsize size = FORMER_OVERHEAD + strlen (*place);

  self->former_jids = g_slist_prepend (self->former_jids, *place);
  self->former_size += size;
  ibb_memory_add_records (&self->shared->memory, size);
  *place = g_strdup (jid);
  measure_overhead (self);
}

void
ibb_terms_move_peer (IBBTerms *self, const char *jid, const char *normal)
{
  ibb_terms_rename_peer (self, normal);
  replace_jid (self, &self->peer_jid, jid);
}

void
ibb_terms_move_local (IBBTerms *self, const char *jid, const char *normal)
{
  g_free (self->key.local);
  self->key.local = g_strdup (normal);
  replace_jid (self, &self->local_jid, jid);
}

void
ibb_terms_set_secret (IBBTerms *self, const char *secret)
{
  g_free (self->secret);
  self->secret = g_strdup (secret);
}

gboolean
ibb_terms_can_resume (const IBBTerms *self)
{
  return self->secret != NULL;
}

void
ibb_terms_set_peer (IBBTerms *self, IBBPeer *peer)
{
  self->peer = peer;
}

void
ibb_terms_set_block_size (IBBTerms *self, guint block_size)
{
  self->block_size = block_size;
}

guint
ibb_terms_hash (gconstpointer key)
{
  const IBBSessionKey *session = key;

  return g_str_hash (session->sid) ^ (g_str_hash (session->peer) * 31) ^
         (g_str_hash (session->local) * 131);
}

gboolean
ibb_terms_equal (gconstpointer a, gconstpointer b)
{
  const IBBSessionKey *session_a = a;
  const IBBSessionKey *session_b = b;

  return g_str_equal (session_a->sid, session_b->sid) &&
         g_str_equal (session_a->peer, session_b->peer) &&
         g_str_equal (session_a->local, session_b->local);
}

char *
ibb_terms_dup_from (const IBBTerms *self)
{
  if (self->is_own_jid || g_strcmp0 (self->key.local, self->shared->local_normal) == 0)
    return NULL;
  return g_strdup (self->local_jid);
}

IBBStanza *
ibb_terms_create_stanza (
    const IBBTerms *self, IBBStanzaName name, const char *kind, IBBPayload payload, const char *id)
{
  IBBStanza *stanza = ibb_stanza_record_new (name, kind, payload, id, self->peer_jid);

  stanza->from = ibb_terms_dup_from (self);
  return stanza;
}

gsize
ibb_terms_get_length (const IBBTerms *self, gsize size)
{
  return self->overhead + (size + 2) / 3 * 4;
}

gsize
ibb_terms_get_room (const IBBTerms *self)
{
  gsize limit = ibb_limit_get (&self->shared->limit);

  if (limit == 0)
    return G_MAXSIZE;
  return (MAX (limit, self->overhead) - self->overhead) / 4 * 3;
}

gboolean
ibb_terms_have_room (const IBBTerms *self)
{
  return ibb_terms_get_room (self) >= MIN (self->block_size, IBB_SENDING_SIZE_MIN);
}
