/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/send/sender.h"

#include "core/base/jid.h"
#include "core/peer/first-hop.h"

#define SEND_BUFFER_BLOCKS 16
#define SEND_BUFFER_MIN (64 * 1024)
/* Bytes in the send buffers of all sessions, and the part that each session always has. */
#define SEND_MEMORY (32 * 1024 * 1024)
#define SEND_MEMORY_SHARE (16 * 1024)

void
ibb_sender_init (IBBSender *self, const IBBParameters *parameters)
{
  self->parameters = parameters;
  self->auto_flush = TRUE;
  self->sending_size = IBB_BLOCK_SIZE_MAX;
  ibb_scheduler_init_turn (&self->turn, parameters->owner);
  ibb_flight_init (&self->flight, parameters);
  ibb_retry_init (&self->retry);
}

/* Messages bear rules where both servers know XEP-0079: a server without it returns a message with
 * rules (§2.1.1). No message waits for the answers of the servers. */
void
ibb_sender_open (IBBSender *self, gint64 now)
{
  IBBContext      *context = self->parameters->context;
  g_autofree char *domain = NULL;

  self->retry.accepted = now;
  if (!self->parameters->by_message || context->local_normal == NULL)
    return;

  domain = ibb_jid_dup_domain (context->local_normal);
  self->own_server = ibb_servers_use (context, domain);
}

static IBBScheduler *
get_turns (const IBBSender *self)
{
  if (!self->parameters->by_message)
    return &self->parameters->peer->turns;
  return &self->parameters->context->message_turns;
}

/* before: bytes in the queue before the change. */
static void
count_unsent (IBBSender *self, gsize before)
{
  self->parameters->context->unsent += self->queue.length - before;
}

void
ibb_sender_end (IBBSender *self, const IBBFailure *failure)
{
  gsize before = self->queue.length;

  if (self->output_failure.kind == IBB_FAILURE_NONE)
    ibb_failure_copy (&self->output_failure, failure);
  if (self->delivered < self->written)
    ibb_failure_copy (&self->delivery_failure, failure);

  ibb_scheduler_leave (get_turns (self), &self->turn);
  ibb_flight_clear (&self->flight);
  ibb_byte_queue_clear (&self->queue);
  count_unsent (self, before);
  g_clear_pointer (&self->own_server, ibb_server_leave);
  g_clear_pointer (&self->peer_server, ibb_server_leave);
}

void
ibb_sender_clear (IBBSender *self)
{
  ibb_failure_clear (&self->output_failure);
  ibb_failure_clear (&self->delivery_failure);
}

/* The size of blocks, and how many are in flight. */

static gsize
get_block_limit (const IBBSender *self)
{
  gsize size = MIN (self->parameters->block_size, self->sending_size);
  gsize room = ibb_parameters_get_room (self->parameters);

  /* The server's limit may have become known after the session began. */
  return CLAMP (room, 1, size);
}

/* The length that suits the path to the peer. */
static gsize
get_block_max (const IBBSender *self)
{
  gsize                limit = get_block_limit (self);
  IBBContext          *context = self->parameters->context;
  const IBBController *path;
  gboolean             is_shared;
  gsize                block;

  if (self->parameters->peer == NULL)
    return limit;
  path = ibb_peer_get_path (self->parameters->peer);
  is_shared = ibb_first_hop_is_shared (context->first_hop, path->in_flight);
  block = ibb_controller_get_block (path, limit, context->is_chatting && !is_shared);
  return context->is_chatting ? ibb_first_hop_get_brief (context->first_hop, block) : block;
}

/* block_max: the longest block, computed once for each question. */

static gsize
get_buffer_size (const IBBSender *self, gsize block_max)
{
  const IBBContext *context = self->parameters->context;
  gsize             size = MAX (SEND_BUFFER_BLOCKS * block_max, SEND_BUFFER_MIN);
  gsize             share = SEND_MEMORY;

  if (context->settings.send_buffer_size > 0)
    return context->settings.send_buffer_size;

  /* The more sessions buffer, the less each may. Without a flush no block leaves, and no event
   * would tell the writer that the share has shrunk. */
  if (self->auto_flush)
    share = MAX (SEND_MEMORY - MIN (SEND_MEMORY, context->unsent), SEND_MEMORY_SHARE);
  size = MAX (size, 2 * self->flight.stall.in_flight);
  return MIN (size, share);
}

static gsize
get_room (const IBBSender *self, gsize block_max)
{
  gsize size = get_buffer_size (self, block_max);

  return self->output_failure.kind != IBB_FAILURE_NONE ? 0 : size - MIN (size, self->queue.length);
}

/* Small writes are gathered while a block is in flight (D-31). */
static gboolean
has_something_to_send (const IBBSender *self, gsize block_max)
{
  if (ibb_flight_peek_unsent (&self->flight) != NULL)
    return TRUE;
  if (self->queue.length == 0)
    return FALSE;
  /* A full buffer cannot grow to a block, even if the buffer was set to be small. */
  return self->flush_to > self->segmented || self->queue.length >= block_max ||
         self->queue.length >= get_buffer_size (self, block_max) ||
         (self->auto_flush && self->flight.stall.n_blocks == 0);
}

/* Whether several blocks may leave before the first acknowledgement (D-29). A peer with our feature
 * registers the session before its answer to the open. */
static gboolean
may_hurry (const IBBSender *self, gint64 now)
{
  IBBPeer *peer = self->parameters->peer;

  return self->parameters->is_initiator && peer->order.has_our_feature &&
         ibb_controller_may_hurry (ibb_peer_get_path (peer), now);
}

/* Limit of the bytes in flight. One block always may be (D-29). */
static gsize
get_window (const IBBSender *self, gint64 now)
{
  IBBContext *context = self->parameters->context;
  IBBPeer    *peer = self->parameters->peer;
  gsize       window = context->settings.window;
  gsize       other;

  if (window == 0)
    {
      ibb_order_ask (&peer->order, now);
      window = IBB_CONTROLLER_SESSION_MAX;
    }
  if (!ibb_order_allows_several (&peer->order))
    return 0;
  other = ibb_stalls_get_window (context);
  window = MIN (window, other);
  other = ibb_retry_get_window (&self->retry, may_hurry (self, now));
  return MIN (window, other);
}

gboolean
ibb_sender_can_send (const IBBSender *self, gsize *size, gint64 now)
{
  const IBBFlight *flight = &self->flight;
  gsize            block_max = get_block_max (self);
  const IBBBlock  *unsent = ibb_flight_peek_unsent (flight);

  *size = unsent != NULL ? ibb_block_get_size (unsent) : MIN (self->queue.length, block_max);
  if (self->is_interrupted || flight->n_refused > 0 || !has_something_to_send (self, block_max) ||
      (self->retry.at != IBB_NEVER && now < self->retry.at))
    return FALSE;
  if (self->parameters->by_message && !ibb_pace_may_send (&self->parameters->pair->pace))
    return FALSE;
  if (flight->stall.n_blocks == 0)
    return TRUE;
  if (self->parameters->by_message || !ibb_stall_may_send (&flight->stall) ||
      !ibb_send_window_covers (&self->credit,
                               unsent != NULL ? unsent->end : self->segmented + *size))
    return FALSE;
  return flight->stall.in_flight + *size <= get_window (self, now);
}

void
ibb_sender_update_ready (IBBSender *self, gint64 now)
{
  gsize size;

  if (!ibb_sender_can_send (self, &size, now))
    {
      if (ibb_scheduler_is_wanted (&self->turn))
        ibb_scheduler_pause (get_turns (self), &self->turn);
      return;
    }

  ibb_scheduler_want (get_turns (self), &self->turn, size, self->flight.stall.n_blocks == 0);
  if (!self->parameters->by_message)
    ibb_peer_try (self->parameters->peer);
}

void
ibb_sender_set_auto_flush (IBBSender *self, gboolean auto_flush, gint64 now)
{
  self->auto_flush = auto_flush;
  ibb_sender_update_ready (self, now);
}

/* Sending. */

static void
segment (IBBSender *self)
{
  gsize before = self->queue.length;
  gsize size = MIN (before, get_block_max (self));

  self->segmented += size;
  ibb_flight_add (&self->flight, ibb_byte_queue_take (&self->queue, size), self->next_seq++,
                  self->segmented);
  count_unsent (self, before);
}

static gboolean
may_have_rules (IBBSender *self)
{
  if (self->own_server == NULL || !self->own_server->heeds_rules)
    return FALSE;
  if (self->peer_server == NULL)
    {
      g_autofree char *domain = ibb_jid_dup_domain (self->parameters->key.peer);

      self->peer_server = ibb_servers_use (self->parameters->context, domain);
    }
  return self->peer_server->heeds_rules;
}

/* Whether the block asks for the room of the peer's reader. Only the result of an IQ from a peer
 * with our feature can tell the room (D-54). */
static gboolean
must_ask (const IBBSender *self, const IBBBlock *block)
{
  const IBBParameters *parameters = self->parameters;

  return !parameters->by_message && parameters->peer->order.has_our_feature &&
         ibb_send_window_must_ask (&self->credit, block->end,
                                   parameters->context->clock.resumed_at);
}

static IBBStanza *
create_stanza (IBBSender *self, const IBBBlock *block)
{
  gboolean   is_iq = !self->parameters->by_message;
  IBBStanza *stanza =
      ibb_parameters_create_stanza (self->parameters, is_iq ? IBB_STANZA_IQ : IBB_STANZA_MESSAGE,
                                    is_iq ? "set" : NULL, IBB_PAYLOAD_DATA, block->pending.id);

  if (!is_iq)
    stanza->has_rules = may_have_rules (self);
  if (must_ask (self, block))
    {
      stanza->asks_room = TRUE;
      ibb_send_window_note_asked (&self->credit);
    }
  stanza->fills = is_iq && self->parameters->context->first_hop->is_fast;
  stanza->seq = block->seq;
  stanza->seq_valid = TRUE;
  stanza->bytes = g_bytes_ref (block->bytes);
  return stanza;
}

IBBStanza *
ibb_sender_take_stanza (IBBSender *self, gint64 now)
{
  const IBBBlock *unsent, *block;
  gboolean        is_probe;

  if (ibb_flight_peek_unsent (&self->flight) == NULL)
    segment (self);
  unsent = ibb_flight_peek_unsent (&self->flight);
  is_probe = unsent != NULL && !ibb_send_window_covers (&self->credit, unsent->end);
  block = ibb_flight_send (&self->flight, is_probe, now);
  ibb_scheduler_took (get_turns (self), &self->turn, ibb_block_get_size (block));
  if (self->parameters->by_message)
    ibb_pair_note_message (self->parameters->pair, ibb_block_get_size (block), now);
  else
    ibb_peer_took (self->parameters->peer, ibb_block_get_size (block));
  return create_stanza (self, block);
}

void
ibb_sender_passed (IBBSender *self, const IBBBlock *block)
{
  self->passed = MAX (self->passed, block->end);
}

/* A message is delivered once the connection has sent it, or the server has acknowledged it
 * (D-35). */
gboolean
ibb_sender_sent (IBBSender *self, IBBBlock *block, gint64 now)
{
  ibb_sender_passed (self, block);
  if (!self->parameters->by_message || block->state != IBB_BLOCK_SENT)
    return FALSE;

  self->delivered = MAX (self->delivered, block->end);
  ibb_flight_deliver (&self->flight, block);
  ibb_sender_update_ready (self, now);
  return TRUE;
}

/* Acknowledgements. */

static IBBSenderVerdict
fail (IBBSender *self, IBBFailureKind kind, const IBBBlock *block)
{
  ibb_failure_set_condition (&self->refusal, kind, block->condition, NULL);
  return IBB_SENDER_FAILED;
}

static IBBSenderVerdict
fail_for_block (IBBSender *self, const IBBBlock *block)
{
  /* An earlier attempt, of unknown outcome, has reached the peer (D-28). */
  if (block->condition == IBB_CONDITION_UNEXPECTED_REQUEST && block->ambiguous)
    self->delivered = block->end;
  return fail (self, IBB_FAILURE_CONDITION, block);
}

/* Sends the bytes from the block on in shorter blocks (D-16). */
static void
cut (IBBSender *self, IBBBlock *block)
{
  self->next_seq = ibb_flight_cut (&self->flight, block, get_block_limit (self));
}

static IBBReaction
classify (IBBSender *self, const IBBBlock *block, gint64 now)
{
  if (block->is_doubtful)
    return IBB_REACTION_RETRY;
  return ibb_retry_classify (&self->retry, block, self->parameters->is_initiator, now);
}

/* Reacts once all blocks in flight have replies, the first block a refusal (D-30). */
static IBBSenderVerdict
react_to_refusals (IBBSender *self, gint64 now)
{
  const IBBSettings *settings = &self->parameters->context->settings;
  IBBBlock          *first = g_queue_peek_head (&self->flight.blocks);
  gboolean           several = self->flight.n_flight_refused > 1;
  IBBReaction        reaction = classify (self, first, now);

  if (reaction == IBB_REACTION_FINAL ||
      (reaction == IBB_REACTION_RETRY_SMALLER && several &&
       !ibb_flight_is_refused_alike (&self->flight, first->condition)))
    return fail_for_block (self, first);
  if (reaction == IBB_REACTION_RETRY_EARLY)
    {
      ibb_flight_resend (&self->flight);
      ibb_retry_wait_early (&self->retry, now);
      return IBB_SENDER_GOES_ON;
    }
  if (self->retry.n >= settings->max_retries)
    return fail (self, IBB_FAILURE_RETRIES, first);

  if (several)
    {
      ibb_retry_limit (&self->retry, self->flight.refused_flight, self->parameters->block_size);
      ibb_controller_refused (ibb_peer_get_path (self->parameters->peer));
    }
  if (reaction == IBB_REACTION_RETRY_SMALLER)
    {
      self->sending_size = MAX (ibb_block_get_size (first) / 2, (gsize) IBB_SENDING_SIZE_MIN);
      cut (self, first);
    }
  else
    ibb_flight_resend (&self->flight);
  ibb_retry_alone (&self->retry, settings, now);
  return IBB_SENDER_GOES_ON;
}

/* The block has arrived, and so have all before it. */
static void
advance (IBBSender *self, const IBBBlock *block, gint64 now)
{
  IBBFlight *flight = &self->flight;
  guint64    end = block->end;
  gint64     sent = block->sent;
  gsize      counted;

  ibb_flight_settle (flight, block);
  counted = ibb_flight_finish_up_to (flight, block);

  ibb_retry_acknowledged (&self->retry, end - self->delivered);
  self->delivered = end;
  self->passed = MAX (self->passed, end);
  if (flight->n_refused == 0)
    self->refused_for_good = FALSE;
  ibb_stall_acknowledged (&flight->stall, end, sent, ibb_flight_get_oldest_sent (flight), now);
  ibb_first_hop_note (self->parameters->context->first_hop, counted, now);
}

/* A result also acknowledges the earlier blocks without a reply, since peers process blocks in
 * order (N-28, D-27), but none that was refused. Such a block is sent again, with all after it,
 * where the refusal has not used up its number, as with our feature (D-30). A server may have
 * refused the block for no reason that lasts. */
static IBBSenderVerdict
acknowledge (IBBSender *self, IBBBlock *block, const IBBStanza *answer, gint64 now)
{
  IBBFlight       *flight = &self->flight;
  IBBBlock        *missing = ibb_flight_find_missing (flight, block);
  IBBSenderVerdict verdict = IBB_SENDER_GOES_ON;

  if (missing != NULL && !self->parameters->peer->order.has_our_feature)
    return fail_for_block (self, missing);

  if (missing != NULL)
    {
      ibb_flight_set_aside (flight, missing, block);
      block = missing->link.prev != NULL ? missing->link.prev->data : NULL;
    }
  else
    {
      ibb_flight_measure (flight, block, ibb_send_window_get_delay (&self->credit, answer),
                          get_block_limit (self), now);
      ibb_send_window_acknowledged (&self->credit, answer, block->end, now);
    }
  if (block != NULL)
    {
      advance (self, block, now);
      verdict = IBB_SENDER_ADVANCED;
    }
  if (flight->n_refused > 0 && flight->stall.n_blocks == 0)
    verdict |= react_to_refusals (self, now);
  return verdict;
}

/* Refusals. */

/* Only the last message can be sent again (D-36): after an earlier one the peer has seen a gap. The
 * server refuses a message before it acknowledges the message by XEP-0198. */
static gboolean
is_last_message (IBBSender *self, IBBBlock *block)
{
  if (block->state == IBB_BLOCK_SENT)
    return block->end <= self->passed;
  return g_queue_peek_tail (&self->flight.delivered) == block &&
         g_queue_is_empty (&self->flight.blocks);
}

static IBBSenderVerdict
message_refused (IBBSender *self, IBBBlock *block, const IBBStanza *answer, gint64 now)
{
  const IBBSettings *settings = &self->parameters->context->settings;

  block->condition = answer->condition;
  block->error_type = answer->error_type;
  if (!is_last_message (self, block) || classify (self, block, now) != IBB_REACTION_RETRY)
    return fail_for_block (self, block);
  if (block->attempts > settings->max_retries)
    return fail (self, IBB_FAILURE_RETRIES, block);

  ibb_flight_resend_message (&self->flight, block);
  ibb_retry_wait (&self->retry, block->attempts, settings, now);
  return IBB_SENDER_GOES_ON;
}

/* Where nobody was there to take the block, a session that can be resumed sends it again. */
static gboolean
is_refused_by_peer (const IBBSender *self, const IBBBlock *block)
{
  return self->parameters->secret == NULL || !ibb_condition_means_nobody (block->condition);
}

static IBBSenderVerdict
refuse (IBBSender *self, IBBBlock *block, const IBBStanza *answer, gint64 now)
{
  IBBFlight *flight = &self->flight;
  gboolean   is_final;

  if (block->state != IBB_BLOCK_SENT)
    return IBB_SENDER_GOES_ON; /* a late reply (D-27) */

  ibb_flight_refuse (flight, block, answer);
  if (answer->condition == IBB_CONDITION_UNEXPECTED_REQUEST && flight->n_flight_refused > 1)
    ibb_order_note_broken (&self->parameters->peer->order);
  is_final = classify (self, block, now) == IBB_REACTION_FINAL;
  if (is_final && is_refused_by_peer (self, block))
    self->refused_for_good = TRUE;

  /* Replies to the other blocks would change nothing, and may never come. */
  if (flight->stall.n_blocks == 0 || (block == g_queue_peek_head (&flight->blocks) && is_final))
    return react_to_refusals (self, now);
  /* Earlier blocks may have reached the peer before it left, and get no reply then. */
  if (ibb_condition_means_unreachable (block->condition))
    ibb_pair_probe (self->parameters->pair, now);
  return IBB_SENDER_GOES_ON;
}

IBBSenderVerdict
ibb_sender_block_answered (IBBSender *self, IBBBlock *block, const IBBStanza *answer, gint64 now)
{
  /* Karn's algorithm, as in ibb_flight_measure (). */
  if (block->attempts == 1 && block->state == IBB_BLOCK_SENT)
    ibb_stalls_note_answer (self->parameters->context, block->sent);

  if (answer->payload != IBB_PAYLOAD_ERROR)
    return !self->parameters->by_message ? acknowledge (self, block, answer, now)
                                         : IBB_SENDER_GOES_ON;
  if (self->parameters->by_message)
    return message_refused (self, block, answer, now);
  return refuse (self, block, answer, now);
}

/* Interruption (D-58). */

gsize
ibb_sender_get_longest (const IBBSender *self)
{
  gsize size = self->parameters->by_message ? ibb_pace_get_longest (&self->parameters->pair->pace)
                                            : ibb_flight_get_longest (&self->flight);

  return size > 0 ? ibb_parameters_get_length (self->parameters, size) : 0;
}

void
ibb_sender_interrupt (IBBSender *self)
{
  ibb_scheduler_leave (get_turns (self), &self->turn);
  ibb_stall_clear (&self->flight.stall);
  ibb_flight_resend (&self->flight);
  ibb_retry_forget (&self->retry);
  self->refused_for_good = FALSE; /* the block is sent again */
  self->is_interrupted = TRUE;
}

static gboolean
may_have_got_to (const IBBSender *self, guint64 position)
{
  const GList *l = self->flight.blocks.head;

  while (l != NULL && ((const IBBBlock *) l->data)->end < position)
    l = l->next;
  return position == self->delivered ||
         (l != NULL && ((const IBBBlock *) l->data)->end == position);
}

gboolean
ibb_sender_may_resume (const IBBSender *self, const IBBStanza *peer)
{
  return peer->acknowledged <= peer->received && peer->acknowledged >= self->delivered &&
         may_have_got_to (self, peer->received) && may_have_got_to (self, peer->acknowledged);
}

void
ibb_sender_resume (
    IBBSender *self, const IBBStanza *peer, guint64 moved, gint64 send_at, gint64 now)
{
  IBBFlight      *flight = &self->flight;
  const IBBBlock *first;
  IBBBlock       *longer;

  if (peer->acknowledged > self->delivered)
    ibb_retry_acknowledged (&self->retry, 0);
  while ((first = g_queue_peek_head (&flight->blocks)) != NULL && first->end <= peer->acknowledged)
    ibb_flight_finish_first (flight);
  self->delivered = peer->acknowledged;
  self->passed = MAX (self->passed, peer->received);
  ibb_flight_note_received (flight, peer->received, now);
  /* The server may take shorter stanzas than before the interruption. Blocks that are short enough
   * keep their numbers and ids: the peer may get these blocks twice. */
  longer = ibb_flight_find_longer (flight, get_block_limit (self));
  if (longer != NULL)
    cut (self, longer);
  ibb_send_window_ask_again (&self->credit);
  ibb_retry_resume (&self->retry, moved, send_at);
  self->is_interrupted = FALSE;
}

/* Timers. */

IBBStanza *
ibb_sender_repeat (IBBSender *self)
{
  IBBBlock *block = ibb_flight_choose_repetition (&self->flight);

  if (block == NULL)
    return NULL;

  block->attempts++;
  return create_stanza (self, block);
}

gint64
ibb_sender_get_due (const IBBSender *self)
{
  gint64 oldest_sent = ibb_flight_get_oldest_sent (&self->flight);
  gint64 due = ibb_stall_get_due (&self->flight.stall, oldest_sent);

  return MIN (due, self->retry.at);
}

void
ibb_sender_timeout (IBBSender *self, gint64 now)
{
  if (now >= self->retry.at)
    self->retry.at = IBB_NEVER;
  ibb_stall_timeout (&self->flight.stall, ibb_flight_get_oldest_sent (&self->flight), now);
}

/* Writing. */

gsize
ibb_sender_get_room (const IBBSender *self)
{
  return get_room (self, get_block_max (self));
}

/* Whether only more bytes make the session send: no block is in flight, or waits for its turn. */
static gboolean
is_idle (const IBBSender *self)
{
  return !ibb_scheduler_is_wanted (&self->turn) && self->flight.stall.n_blocks == 0;
}

gboolean
ibb_sender_is_worth_waking (const IBBSender *self, gsize length)
{
  gsize block_max = get_block_max (self);
  gsize room = get_room (self, block_max);

  if (room == 0)
    return FALSE;
  return room >= MIN (length, get_buffer_size (self, block_max) / 2) || is_idle (self);
}

gsize
ibb_sender_write (IBBSender *self, const guint8 *bytes, gsize length, gint64 now)
{
  gsize before = self->queue.length;
  gsize block_max = get_block_max (self);
  gsize n = MIN (length, get_room (self, block_max));

  if (n == 0)
    return 0;

  ibb_byte_queue_write (&self->queue, bytes, n, block_max);
  count_unsent (self, before);
  self->written += n;
  ibb_sender_update_ready (self, now);
  return n;
}

void
ibb_sender_flush (IBBSender *self, gint64 now)
{
  self->flush_to = self->written;
  ibb_sender_update_ready (self, now);
}

void
ibb_sender_stop_writes (IBBSender *self, IBBFailureKind kind)
{
  if (self->output_failure.kind == IBB_FAILURE_NONE)
    ibb_failure_set (&self->output_failure, kind);
}

gboolean
ibb_sender_is_drained (const IBBSender *self)
{
  return self->queue.length == 0 && self->flight.blocks.length == 0;
}
