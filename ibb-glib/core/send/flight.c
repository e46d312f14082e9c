/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/send/flight.h"

#include "core/peer/first-hop.h"

void
ibb_flight_init (IBBFlight *self, const IBBParameters *parameters)
{
  self->parameters = parameters;
  ibb_stall_init (&self->stall, parameters);
}

static void
free_block (IBBFlight *self, GQueue *queue, IBBBlock *block)
{
  g_queue_unlink (queue, &block->link);
  ibb_pendings_remove (self->parameters->context->pendings, &block->pending);
  g_bytes_unref (block->bytes);
  g_free (block);
}

static void
clear_queue (IBBFlight *self, GQueue *queue)
{
  IBBBlock *block;

  while ((block = g_queue_peek_head (queue)) != NULL)
    free_block (self, queue, block);
}

void
ibb_flight_clear (IBBFlight *self)
{
  ibb_stall_clear (&self->stall);
  self->to_send = NULL;
  clear_queue (self, &self->blocks);
  clear_queue (self, &self->delivered);
  clear_queue (self, &self->cut);
}

/* Measurements. */

void
ibb_flight_measure (IBBFlight *self, const IBBBlock *block, gint64 delay, gsize limit, gint64 now)
{
  IBBContext *context = self->parameters->context;
  IBBPeer    *peer = self->parameters->peer;
  IBBStall   *stall = &self->stall;
  gint64      round_trip = 0, least = 0;
  gboolean    is_same = FALSE;

  /* Karn's algorithm: a reply may belong to either of two attempts. A block that was in flight
   * while the connection was suspended may have waited anywhere (D-42). */
  if (block->attempts == 1 && block->state == IBB_BLOCK_SENT && !block->is_probe &&
      block->sent >= context->clock.resumed_at)
    {
      round_trip = MAX (now - block->sent, 1);
      least = ibb_first_hop_note_trip (context->first_hop, round_trip);
      is_same = ibb_stall_is_counted (stall) &&
                ibb_peer_note_trip (peer, block->sent, round_trip, now) &&
                (delay == 0 || !peer->near.is_member);
      round_trip = MAX (round_trip - delay, 0);
    }
  round_trip = ibb_stall_note_round_trip (stall, round_trip);
  if (round_trip <= 0 || !is_same)
    return;

  ibb_controller_acknowledged (
      ibb_peer_get_path (peer),
      &(IBBControllerSample){
          .in_flight = block->ahead,
          .sent = block->sent,
          .round_trip = round_trip,
          .hop_trip = least,
          .limit = limit,
          .fits = ibb_order_allows_several (&peer->order) && context->first_hop->is_fast,
          .has_others = context->has_urgent,
      },
      now);
}

/* Queries. */

/* The first of the blocks that have no reply, or NULL. */
static GList *
find_unanswered (const IBBFlight *self)
{
  GList *l = self->blocks.head;

  while (l != NULL && ((const IBBBlock *) l->data)->state != IBB_BLOCK_SENT)
    l = l->next;
  return l;
}

gint64
ibb_flight_get_oldest_sent (const IBBFlight *self)
{
  const GList *oldest = NULL;

  if (!self->parameters->by_message && self->stall.n_blocks > 0)
    oldest = find_unanswered (self);
  return oldest != NULL ? ((const IBBBlock *) oldest->data)->sent : IBB_NEVER;
}

/* The oldest block without a reply: the peer waits for a lost block. But a peer remembers only the
 * last IBB_RECENT_BLOCKS acknowledged blocks. Where more came after the oldest, the last block is
 * sent again: the peer remembers that block, and its result acknowledges the others (D-27). */
IBBBlock *
ibb_flight_choose_repetition (IBBFlight *self)
{
  IBBBlock *chosen = NULL;

  for (GList *l = find_unanswered (self); l != NULL; l = l->next)
    {
      IBBBlock *block = l->data;

      if (block->state != IBB_BLOCK_SENT)
        continue;
      chosen = block;
      if (self->stall.n_blocks <= IBB_RECENT_BLOCKS)
        break;
    }
  return chosen;
}

/* Sending. */

void
ibb_flight_add (IBBFlight *self, GBytes *bytes, guint16 seq, guint64 end)
{
  IBBContext *context = self->parameters->context;
  IBBBlock   *block = g_new0 (IBBBlock, 1);

  block->bytes = bytes;
  block->seq = seq;
  block->end = end;
  ibb_pendings_add (context->pendings, &block->pending, IBB_PENDING_BLOCK,
                    ibb_ids_create (&context->ids), self->parameters->key.peer,
                    self->parameters->owner);
  block->pending.is_message = self->parameters->by_message;
  block->link.data = block;
  g_queue_push_tail_link (&self->blocks, &block->link);
  self->to_send = &block->link;
}

IBBBlock *
ibb_flight_send (IBBFlight *self, gboolean is_probe, gint64 now)
{
  IBBBlock *block = self->to_send->data;
  gsize     size = ibb_block_get_size (block);

  self->to_send = self->to_send->next;
  block->state = IBB_BLOCK_SENT;
  block->sent = now;
  block->attempts++;
  block->is_probe = is_probe;
  block->is_missing = FALSE;
  block->is_doubtful = FALSE;
  if (is_probe)
    ibb_stall_probed (&self->stall, size, block->end, now);
  else
    ibb_stall_sent (&self->stall, size, block->end, now);
  block->ahead = ibb_peer_get_path (self->parameters->peer)->in_flight;
  return block;
}

/* For a block that is not SENT any more. */
static void
leave (IBBFlight *self, const IBBBlock *block)
{
  ibb_stall_unsent (&self->stall, ibb_block_get_size (block));
}

void
ibb_flight_finish_first (IBBFlight *self)
{
  IBBBlock *block = g_queue_peek_head (&self->blocks);

  switch (block->state)
    {
    case IBB_BLOCK_SENT:
      leave (self, block);
      break;
    case IBB_BLOCK_REFUSED:
      self->n_refused--;
      break;
    case IBB_BLOCK_TO_SEND:
      self->to_send = self->blocks.head->next;
      break;
    case IBB_BLOCK_DELIVERED:
    default:
      g_assert_not_reached ();
    }

  free_block (self, &self->blocks, block);
}

gsize
ibb_flight_finish_up_to (IBBFlight *self, const IBBBlock *last)
{
  const IBBFirstHop *first_hop = self->parameters->context->first_hop;
  gsize              before = first_hop->in_flight;
  const IBBBlock    *first;

  do
    {
      first = g_queue_peek_head (&self->blocks);
      ibb_flight_finish_first (self);
    }
  while (first != last);
  return before - first_hop->in_flight;
}

/* Refusals. */

static void
set_aside (IBBFlight *self, IBBBlock *block)
{
  leave (self, block);
  block->state = IBB_BLOCK_REFUSED;
  self->n_refused++;
}

void
ibb_flight_refuse (IBBFlight *self, IBBBlock *block, const IBBStanza *answer)
{
  if (self->n_refused == 0)
    {
      self->refused_flight = self->stall.in_flight;
      self->n_flight_refused = self->stall.n_blocks;
    }
  block->condition = answer->condition;
  block->error_type = answer->error_type;
  if (answer->condition == IBB_CONDITION_REMOTE_SERVER_TIMEOUT ||
      answer->condition == IBB_CONDITION_RECIPIENT_UNAVAILABLE)
    block->ambiguous = TRUE;
  block->is_missing = TRUE;
  set_aside (self, block);
}

IBBBlock *
ibb_flight_find_missing (const IBBFlight *self, const IBBBlock *last)
{
  const GList *l = self->blocks.head;

  while (l != &last->link && !((const IBBBlock *) l->data)->is_missing)
    l = l->next;
  return l != &last->link ? l->data : NULL;
}

void
ibb_flight_set_aside (IBBFlight *self, IBBBlock *first, const IBBBlock *last)
{
  first->is_doubtful = TRUE;
  for (GList *l = first->link.next; l != last->link.next; l = l->next)
    if (((const IBBBlock *) l->data)->state == IBB_BLOCK_SENT)
      set_aside (self, l->data);
}

gboolean
ibb_flight_is_refused_alike (IBBFlight *self, IBBCondition condition)
{
  for (GList *l = self->blocks.head; l != NULL; l = l->next)
    {
      IBBBlock *block = l->data;

      if (block->state == IBB_BLOCK_REFUSED && block->condition != condition)
        return FALSE;
    }
  return TRUE;
}

void
ibb_flight_resend (IBBFlight *self)
{
  self->to_send = self->blocks.head;
  for (GList *l = self->blocks.head; l != NULL; l = l->next)
    ((IBBBlock *) l->data)->state = IBB_BLOCK_TO_SEND;
  self->n_refused = 0;
}

/* The blocks count as sent twice, so that their round trips are not measured (Karn). */
void
ibb_flight_note_received (IBBFlight *self, guint64 end, gint64 now)
{
  while (self->to_send != NULL && ((IBBBlock *) self->to_send->data)->end <= end)
    ibb_flight_send (self, FALSE, now);
}

/* A block between other addresses does not reach the session any more. */
void
ibb_flight_peer_moved (IBBFlight *self)
{
  clear_queue (self, &self->cut);
  for (GList *l = self->blocks.head; l != NULL; l = l->next)
    ibb_pendings_set_jid (self->parameters->context->pendings, &((IBBBlock *) l->data)->pending,
                          self->parameters->key.peer);
}

/* A block that has left may still arrive, and be stored in place of the one that has its number
 * now. Its result would tell. */
static void
keep_cut (IBBFlight *self, IBBBlock *block)
{
  if (block->state == IBB_BLOCK_REFUSED)
    self->n_refused--;
  block->pending.type = IBB_PENDING_CUT_BLOCK;
  g_queue_push_tail_link (&self->cut, &block->link);
  if (block->attempts == 0)
    free_block (self, &self->cut, block);
}

/* Each block is cut for itself. So there are more numbers than before, and each number that has
 * left is used again: the peer compares both blocks. */
guint16
ibb_flight_cut (IBBFlight *self, IBBBlock *first, gsize size)
{
  GQueue  whole = G_QUEUE_INIT;
  GList  *link, *unsent = self->to_send;
  guint16 seq = first->seq;
  guint64 end = first->end - ibb_block_get_size (first);

  if (unsent != NULL && ((const IBBBlock *) unsent->data)->end >= first->end)
    unsent = NULL; /* one of those that are cut */
  do
    {
      link = g_queue_pop_tail_link (&self->blocks);
      g_queue_push_head_link (&whole, link);
    }
  while (link->data != first);

  while ((link = g_queue_pop_head_link (&whole)) != NULL)
    {
      IBBBlock *block = link->data;
      gsize     n;

      for (gsize done = 0; done < ibb_block_get_size (block); done += n)
        {
          n = MIN (size, ibb_block_get_size (block) - done);
          end += n;
          ibb_flight_add (self, g_bytes_new_from_bytes (block->bytes, done, n), seq++, end);
          if (unsent == NULL)
            unsent = self->to_send;
        }
      keep_cut (self, block);
    }
  self->to_send = unsent;
  return seq;
}

void
ibb_flight_settle (IBBFlight *self, const IBBBlock *acknowledged)
{
  GList *next;

  for (GList *l = self->cut.head; l != NULL; l = next)
    {
      IBBBlock *block = l->data;

      next = l->next;
      if ((gint16) (acknowledged->seq - block->seq) > 0)
        free_block (self, &self->cut, block);
    }
}

gsize
ibb_flight_get_longest (const IBBFlight *self)
{
  gsize longest = 0;

  for (const GList *l = self->blocks.head; l != NULL; l = l->next)
    if (((const IBBBlock *) l->data)->state == IBB_BLOCK_SENT)
      longest = MAX (longest, ibb_block_get_size (l->data));
  return longest;
}

IBBBlock *
ibb_flight_find_longer (const IBBFlight *self, gsize size)
{
  const GList *l = self->to_send;

  while (l != NULL && ibb_block_get_size (l->data) <= size)
    l = l->next;
  return l != NULL ? l->data : NULL;
}

/* Messages. */

void
ibb_flight_deliver (IBBFlight *self, IBBBlock *block)
{
  g_queue_unlink (&self->blocks, &block->link);
  leave (self, block);
  block->state = IBB_BLOCK_DELIVERED;
  g_queue_push_tail_link (&self->delivered, &block->link);
  if (g_queue_get_length (&self->delivered) > IBB_RECENT_BLOCKS)
    free_block (self, &self->delivered, g_queue_peek_head (&self->delivered));
}

void
ibb_flight_resend_message (IBBFlight *self, IBBBlock *block)
{
  if (block->state == IBB_BLOCK_SENT)
    leave (self, block);
  else
    {
      g_queue_unlink (&self->delivered, &block->link);
      g_queue_push_head_link (&self->blocks, &block->link);
    }
  block->state = IBB_BLOCK_TO_SEND;
  self->to_send = self->blocks.head;
}
