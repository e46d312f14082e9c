/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/peer/peer.h"

/* Peers remembered without a session (D-29). */
#define IDLE_PEERS_MAX 1000

/* Where the peer takes its turns, for its sessions by IQ: with those near by, or with all. */
static IBBScheduler *
get_turns (const IBBPeer *self)
{
  IBBPeers *peers = self->peers;

  return self->near.is_member ? &peers->near_turns : &peers->context->peer_turns;
}

static void
peer_free (gpointer data)
{
  IBBPeer *self = data;

  ibb_scheduler_leave (get_turns (self), &self->turn);
  g_free (self->jid);
  g_free (self->address);
  g_free (self);
}

/* Members of the shared path have one turn among all peers, within which they take turns. */

/* A group is runnable while one of its members is. */
static void
try_turn (IBBScheduler *turns, IBBTurn *turn, IBBScheduler *within)
{
  gboolean is_urgent = ibb_scheduler_may_exceed (within, IBB_SCHEDULER_URGENT_MAX);

  if (ibb_scheduler_peek (within) != NULL)
    ibb_scheduler_want (turns, turn, IBB_SCHEDULER_URGENT_MAX, is_urgent);
}

static void
near_try (IBBPeers *self)
{
  try_turn (&self->context->peer_turns, &self->near_turn, &self->near_turns);
}

/* Room for one member of the shared path is room for all members. */
void
ibb_peer_try (IBBPeer *self)
{
  try_turn (get_turns (self), &self->turn, &self->turns);
  if (self->near.is_member)
    near_try (self->peers);
}

/* The other members wait for one that does not answer. */
static void
near_timeout (gpointer owner, gint64 now)
{
  IBBPeers *self = owner;
  IBBPeer  *peer;

  while ((peer = ibb_near_take_mute (&self->near, now)) != NULL)
    {
      ibb_scheduler_leave (&self->near_turns, &peer->turn);
      ibb_peer_try (peer);
    }
  near_try (self);
}

IBBPeers *
ibb_peers_new (IBBContext *context, IBBTimerFunc timeout)
{
  IBBPeers *self = g_new0 (IBBPeers, 1);

  self->context = context;
  self->timeout = timeout;
  self->by_jid = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, peer_free);
  ibb_near_init (&self->near, context->first_hop, near_timeout, self);
  ibb_scheduler_init_turn (&self->near_turn, &self->near);
  return self;
}

/* None of the peers has a turn there any more. */
static void
forget_near (IBBPeers *self)
{
  ibb_scheduler_leave (&self->context->peer_turns, &self->near_turn);
  ibb_near_forget (&self->near);
}

void
ibb_peers_free (IBBPeers *self)
{
  g_hash_table_unref (self->by_jid);
  forget_near (self);
  g_free (self);
}

IBBPeer *
ibb_peers_get (IBBPeers *self, const char *normal_jid, const char *address)
{
  IBBPeer *peer = g_hash_table_lookup (self->by_jid, normal_jid);

  if (peer != NULL)
    return peer;

  peer = g_new0 (IBBPeer, 1);
  peer->peers = self;
  peer->jid = g_strdup (normal_jid);
  peer->address = g_strdup (address);
  peer->idle_link.data = peer;
  peer->order = (IBBOrder){
    .context = self->context,
    .owner = peer,
    .jid = peer->jid,
    .address = peer->address,
  };
  ibb_near_init_peer (&peer->near, peer);
  ibb_scheduler_init_turn (&peer->turn, peer);
  g_hash_table_insert (self->by_jid, peer->jid, peer);
  g_queue_push_tail_link (&self->idle, &peer->idle_link);
  return peer;
}

void
ibb_peer_add_session (IBBPeer *self, const char *from)
{
  if (self->n_sessions++ > 0)
    return;

  g_queue_unlink (&self->peers->idle, &self->idle_link);
  ibb_order_set_from (&self->order, from);
}

void
ibb_peer_remove_session (IBBPeer *self)
{
  IBBPeers *peers = self->peers;

  if (--self->n_sessions > 0)
    return;

  ibb_order_stop (&self->order);
  ibb_order_set_from (&self->order, NULL);
  g_queue_push_tail_link (&peers->idle, &self->idle_link);
  if (g_queue_get_length (&peers->idle) > IDLE_PEERS_MAX)
    {
      IBBPeer *oldest = g_queue_pop_head_link (&peers->idle)->data;

      g_hash_table_remove (peers->by_jid, oldest->jid);
    }
}

/* The features of the peer stay known: its sessions go on with the same program. */
static void
forget_way (IBBPeer *self)
{
  ibb_order_stop (&self->order);
  ibb_scheduler_leave (get_turns (self), &self->turn);
  ibb_near_forget_peer (&self->peers->near, &self->near);
}

static gboolean
forget_peer (gpointer key, gpointer value, gpointer data)
{
  IBBPeer *self = value;

  if (self->n_sessions == 0)
    return TRUE;

  forget_way (self);
  return FALSE;
}

void
ibb_peers_forget (IBBPeers *self)
{
  g_queue_init (&self->idle); /* all of those go; the table owns them */
  g_hash_table_foreach_remove (self->by_jid, forget_peer, NULL);
  forget_near (self);
}

/* The path to the peer. */

guint
ibb_peer_limit_block_size (const IBBPeer *self, guint block_size)
{
  return self->block_size_max > 0 ? MIN (block_size, self->block_size_max) : block_size;
}

void
ibb_peer_note_block_size (IBBPeer *self, guint block_size)
{
  self->block_size_max = block_size;
}

gboolean
ibb_peer_note_trip (IBBPeer *self, gint64 sent, gint64 round_trip, gint64 now)
{
  IBBScheduler *before = get_turns (self);
  gboolean      is_same = ibb_near_note (&self->peers->near, &self->near, sent, round_trip, now);

  if (get_turns (self) != before)
    {
      ibb_scheduler_leave (before, &self->turn);
      near_try (self->peers);
      ibb_peer_try (self);
    }
  return is_same;
}

/* Whether several blocks may leave at once, and nobody waits behind them. */
static gboolean
may_hurry (const IBBPeer *self)
{
  IBBContext *context = self->peers->context;

  return ibb_order_allows_several (&self->order) && g_hash_table_size (context->sessions) == 1 &&
         !context->is_chatting;
}

void
ibb_peer_note_answer (IBBPeer *self, gint64 round_trip, gint64 now)
{
  ibb_controller_note_answer (ibb_peer_get_path (self), round_trip, may_hurry (self), now);
}

void
ibb_peer_pause (IBBPeer *self)
{
  ibb_scheduler_pause (get_turns (self), &self->turn);
}

/* Whether bytes to others are in flight on its path. */
static gboolean
has_others (const IBBPeer *self)
{
  return self->near.is_member && self->peers->near.path.in_flight > self->near.in_flight;
}

void
ibb_peer_cap (IBBPeer *self)
{
  if (!has_others (self))
    ibb_controller_cap (ibb_peer_get_path (self));
  ibb_peer_pause (self);
}

/* Members of the path near by may wait for another one of them. */
void
ibb_peer_wait (IBBPeer *self, gint64 now)
{
  IBBPeers *peers = self->peers;

  if (!self->near.is_member)
    {
      ibb_peer_pause (self);
      return;
    }

  ibb_scheduler_pause (&peers->context->peer_turns, &peers->near_turn);
  if (peers->near_turns.round.length > 1 || has_others (self))
    ibb_near_set_timer (&peers->near, &peers->context->timers, now);
}

/* The members share a turn, in which each of them sends as much as a peer with its own path. */
void
ibb_peer_took (IBBPeer *self, gsize size)
{
  IBBPeers *peers = self->peers;

  if (self->near.is_member)
    ibb_scheduler_took (&peers->context->peer_turns, &peers->near_turn,
                        size / MAX (peers->near_turns.round.length, 1));
  ibb_scheduler_took (get_turns (self), &self->turn, size);
}

IBBPeer *
ibb_peers_get_next (IBBPeers *self)
{
  IBBScheduler *all = &self->context->peer_turns;
  gpointer      next;

  /* An urgent block of a member does not wait for the turn of the group. */
  if (ibb_scheduler_is_wanted (&self->near_turn) &&
      ibb_scheduler_may_exceed (&self->near_turns, IBB_SCHEDULER_URGENT_MAX))
    return ibb_scheduler_peek (&self->near_turns);

  while ((next = ibb_scheduler_peek (all)) == &self->near)
    {
      next = ibb_scheduler_peek (&self->near_turns);
      if (next != NULL)
        break;
      ibb_scheduler_pause (all, &self->near_turn);
    }
  return next;
}

gboolean
ibb_peers_are_several (const IBBPeers *self)
{
  return self->context->peer_turns.round.length > 1 || self->near_turns.round.length > 1;
}
