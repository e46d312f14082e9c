/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "core/engine-private.h"
#include "core/peer.h"

/* Peers remembered without a session (D-29). */
#define IDLE_PEERS_MAX 1000

/* Identities that are known to keep the order of blocks, as
 * "category/type/name" (D-29). aioxmpp says so once its DiscoServer is used, and
 * handles blocks in the order of arrival, in one event loop: tests/interop.
 * slixmpp does that, too, but its answer, "client/bot/", may be anybody's. */
static const char *const ordered_identities[] = {
  "client/bot/aioxmpp default identity",
};

static void
probe_timeout (gpointer owner, gint64 now)
{
  ibb_peer_probe_answered (owner, NULL, now);
}

IBBPeer *
ibb_peer_get (IBBEngine *engine, const char *normal_jid, const char *address)
{
  IBBPeer *self = g_hash_table_lookup (engine->peers, normal_jid);

  if (self != NULL)
    return self;

  self = g_new0 (IBBPeer, 1);
  self->engine = engine;
  self->jid = g_strdup (normal_jid);
  self->address = g_strdup (address);
  self->idle_link.data = self;
  ibb_timer_init (&self->probe_timer, probe_timeout, self);
  g_hash_table_insert (engine->peers, self->jid, self);
  g_queue_push_tail_link (&engine->idle_peers, &self->idle_link);
  return self;
}

void
ibb_peer_free (IBBPeer *self)
{
  ibb_timer_clear (&self->probe_timer);
  g_free (self->jid);
  g_free (self->address);
  g_free (self->query);
  g_free (self->probe);
  g_free (self);
}

void
ibb_peer_add_session (IBBPeer *self, IBBSession *session)
{
  if (g_queue_is_empty (&self->sessions))
    g_queue_unlink (&self->engine->idle_peers, &self->idle_link);
  session->peer = self;
  g_queue_push_tail_link (&self->sessions, &session->peer_link);
}

static void
forget_query (IBBPeer *self)
{
  if (self->query == NULL)
    return;

  ibb_engine_remove_pending (self->engine, self->query);
  g_clear_pointer (&self->query, g_free);
}

static void
forget_probe (IBBPeer *self)
{
  ibb_timer_clear (&self->probe_timer);
  if (self->probe == NULL)
    return;

  ibb_engine_remove_pending (self->engine, self->probe);
  g_clear_pointer (&self->probe, g_free);
}

void
ibb_peer_remove_session (IBBPeer *self, IBBSession *session)
{
  IBBEngine *engine = self->engine;

  g_queue_unlink (&self->sessions, &session->peer_link);
  session->peer = NULL;
  if (!g_queue_is_empty (&self->sessions))
    return;

  /* Nobody waits for the answers any more. */
  forget_query (self);
  forget_probe (self);
  if (self->order == IBB_ORDER_ASKED)
    self->order = IBB_ORDER_UNKNOWN;

  g_queue_push_tail_link (&engine->idle_peers, &self->idle_link);
  if (g_queue_get_length (&engine->idle_peers) > IDLE_PEERS_MAX)
    {
      IBBPeer *oldest = g_queue_pop_head_link (&engine->idle_peers)->data;

      g_hash_table_remove (engine->peers, oldest->jid);
    }
}

/* Order (D-29). */

void
ibb_peer_ask_order (IBBPeer *self)
{
  IBBEngine *engine = self->engine;
  IBBStanza *query;

  if (self->order != IBB_ORDER_UNKNOWN)
    return;

  self->order = IBB_ORDER_ASKED;
  self->query = ibb_engine_new_id (engine);
  ibb_engine_add_pending (engine, IBB_PENDING_QUERY, self->query, self->jid)->peer = self;
  query = ibb_stanza_record_new (IBB_STANZA_IQ, "get", IBB_PAYLOAD_DISCO_QUERY, self->query,
                                 self->address);
  ibb_engine_queue_control (engine, query);
}

static gboolean
keeps_order (IBBStanza *answer)
{
  if (answer->identities == NULL)
    return FALSE;

  for (gsize i = 0; i < G_N_ELEMENTS (ordered_identities); i++)
    if (g_strv_contains ((const char *const *) answer->identities, ordered_identities[i]))
      return TRUE;
  return FALSE;
}

void
ibb_peer_order_answered (IBBPeer *self, IBBStanza *answer, gint64 now)
{
  forget_query (self);
  self->order = IBB_ORDER_UNCERTAIN;
  if (answer->payload == IBB_PAYLOAD_DISCO_INFO)
    {
      self->has_our_feature =
          answer->features != NULL &&
          g_strv_contains ((const char *const *) answer->features, IBB_FEATURE_NAMESPACE);
      if (self->has_our_feature || keeps_order (answer))
        self->order = IBB_ORDER_KEPT;
    }

  for (GList *l = self->sessions.head; l != NULL; l = l->next)
    ibb_sender_update_ready (l->data, now);
}

void
ibb_peer_set_reorders (IBBPeer *self)
{
  self->reorders = TRUE;
}

/* The probe (D-27): a <close/> of a session that nobody has. item-not-found
 * shows that the peer is there, and that everything before it was processed,
 * since stanzas between two JIDs are ordered. */

void
ibb_peer_probe (IBBPeer *self, gint64 now)
{
  IBBEngine *engine = self->engine;
  IBBStanza *close;

  if (self->probe != NULL || now < self->next_probe)
    return;

  /* What a silence means depends on our feature. */
  ibb_peer_ask_order (self);

  self->probe = ibb_engine_new_id (engine);
  self->next_probe = now + IBB_PROBE_INTERVAL;
  ibb_engine_add_pending (engine, IBB_PENDING_PROBE, self->probe, self->jid)->peer = self;
  close =
      ibb_stanza_record_new (IBB_STANZA_IQ, "set", IBB_PAYLOAD_CLOSE, self->probe, self->address);
  close->sid = ibb_engine_new_id (engine);
  ibb_engine_queue_control (engine, close);
  ibb_timer_set (&self->probe_timer, &engine->timers, now + IBB_PROBE_INTERVAL);
}

void
ibb_peer_probe_answered (IBBPeer *self, IBBStanza *answer, gint64 now)
{
  gboolean          there;
  g_autoptr (GList) sessions = NULL;

  there = answer != NULL && (answer->payload != IBB_PAYLOAD_ERROR ||
                             answer->condition == IBB_CONDITION_ITEM_NOT_FOUND);
  forget_probe (self);

  sessions = g_list_copy (self->sessions.head);
  for (GList *l = sessions; l != NULL; l = l->next)
    ibb_session_ref (l->data);
  for (GList *l = sessions; l != NULL; l = l->next)
    {
      if (((IBBSession *) l->data)->state == IBB_SESSION_OPEN)
        ibb_sender_probe_answered (l->data, there, now);
      ibb_session_update_timer (l->data, now);
      ibb_session_unref (l->data);
    }
}
