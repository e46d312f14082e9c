/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What follows from the reply to a block: an acknowledgement, another try, or
 * the end (protocol.md 2.3 and 2.5).
 */

#include "config.h"

#include "core/engine-private.h"
#include "core/session-private.h"

#define EARLY_TIME (5 * G_USEC_PER_SEC) /* D-32 */
#define EARLY_RETRIES 3
#define EARLY_WAIT (250 * 1000)
#define RETRY_WAIT_MAX (3600.0 * 1000) /* milliseconds */
#define REFUSALS_MAX 3                 /* D-30 */
/* Less than what an acknowledgement is held for at least (D-22). */
#define LONG_PATH_MAX (3 * G_USEC_PER_SEC)

typedef enum
{
  RETRY,
  RETRY_SMALLER, /* D-16 */
  RETRY_EARLY,   /* D-32 */
  FINAL,
} Reaction;

/* Takes a block that is no longer SENT out of what is in flight. */
static void
leave_flight (IBBSession *self, IBBBlock *block)
{
  gsize size = g_bytes_get_size (block->bytes);

  self->sender.n_sent--;
  self->sender.in_flight -= size;
  ibb_parking_unsent (self, size);
}

/* The first block in flight is done with. */
static void
finish_first (IBBSession *self)
{
  IBBSender *sender = &self->sender;
  IBBBlock  *block = g_queue_peek_head (&sender->flight);

  switch (block->state)
    {
    case IBB_BLOCK_SENT:
      leave_flight (self, block);
      break;
    case IBB_BLOCK_REFUSED:
      sender->n_refused--;
      break;
    case IBB_BLOCK_TO_SEND:
      sender->to_send = sender->flight.head->next;
      break;
    case IBB_BLOCK_GIVEN:
    default:
      g_assert_not_reached ();
    }

  sender->delivered = block->end;
  sender->handed = MAX (sender->handed, block->end);
  g_queue_pop_head (&sender->flight);
  ibb_sender_free_block (self, block);
}

static void
take_sample (IBBSession *self, IBBBlock *block, gint64 now)
{
  IBBSender *sender = &self->sender;
  gsize      size = g_bytes_get_size (block->bytes);
  gint64     round_trip = 0;

  /* Karn: which attempt a reply is for cannot be told. Nor, for what was in
   * flight while the connection was suspended, how long it lay where (D-42). */
  if (block->attempts == 1 && block->state == IBB_BLOCK_SENT &&
      block->sent >= self->engine->resumed_at)
    round_trip = MAX (now - block->sent, 1);
  /* Of a parked session it says nothing about the path, except where nothing
   * else is known: a way of more than a second would park each block for ever. */
  if (sender->parked)
    {
      if (sender->smoothed == 0 && round_trip <= LONG_PATH_MAX)
        sender->smoothed = round_trip;
      round_trip = 0;
    }
  if (round_trip > 0)
    sender->smoothed =
        sender->smoothed == 0 ? round_trip : sender->smoothed + (round_trip - sender->smoothed) / 8;
  ibb_flow_note (&self->engine->flow, size, block->sent, round_trip,
                 ibb_sender_get_block_max (self), now);
}

static void fail_for_block (IBBSession *self, IBBBlock *block, gint64 now);
static void react_to_refusals (IBBSession *self, gint64 now);

/* A result acknowledges every earlier block too that has had no reply, since
 * blocks are processed in order (N-28, D-27). An earlier one that was refused
 * is a hole, unless the peer is known to refuse without consuming. */
static void
acknowledge (IBBSession *self, IBBBlock *block, gint64 now)
{
  IBBSender *sender = &self->sender;
  IBBBlock  *first;
  guint64    end = block->end;
  gint64     sent = block->sent;

  first = g_queue_peek_head (&sender->flight);
  if (first != block && first->state == IBB_BLOCK_REFUSED && !self->peer->has_our_feature)
    {
      fail_for_block (self, first, now);
      return;
    }

  take_sample (self, block, now);
  do
    {
      first = g_queue_peek_head (&sender->flight);
      finish_first (self);
    }
  while (first != block);

  ibb_parking_acknowledged (self, end, sent, now);
  sender->acknowledged = TRUE;
  sender->refused_for_good = FALSE;
  sender->one_block = FALSE;
  sender->retries = 0;
  sender->retry_at = IBB_NEVER;
  if (self->linger_until != IBB_NEVER)
    self->linger_until = now + IBB_LINGER;

  if (sender->n_refused > 0 && sender->n_sent == 0)
    react_to_refusals (self, now);
  ibb_session_changed (self);
}

/* 2.5, D-25: by condition, the type only where the table says so. */
static Reaction
classify (IBBSession *self, IBBBlock *block, gint64 now)
{
  IBBSender *sender = &self->sender;

  switch (block->condition)
    {
    case IBB_CONDITION_RECIPIENT_UNAVAILABLE:
    case IBB_CONDITION_REMOTE_SERVER_TIMEOUT:
      return RETRY;

    case IBB_CONDITION_RESOURCE_CONSTRAINT:
    case IBB_CONDITION_INTERNAL_SERVER_ERROR:
      return block->error_type == IBB_ERROR_TYPE_WAIT ? RETRY : FINAL;

    case IBB_CONDITION_POLICY_VIOLATION:
      if (g_bytes_get_size (block->bytes) > IBB_SENDING_SIZE_MIN)
        return RETRY_SMALLER;
      return block->error_type == IBB_ERROR_TYPE_WAIT ? RETRY : FINAL;

    case IBB_CONDITION_ITEM_NOT_FOUND:
      return !self->initiator && block->seq == 0 && !sender->acknowledged &&
                     now - sender->accepted < EARLY_TIME && sender->early_retries < EARLY_RETRIES
                 ? RETRY_EARLY
                 : FINAL;

    default:
      return FINAL;
    }
}

static void
fail_for_block (IBBSession *self, IBBBlock *block, gint64 now)
{
  IBBFailure failure = IBB_FAILURE_INIT;

  /* D-28: an attempt whose end nobody knows has arrived after all. */
  if (block->condition == IBB_CONDITION_UNEXPECTED_REQUEST && block->ambiguous)
    self->sender.delivered = block->end;

  ibb_failure_set_condition (&failure, IBB_FAILURE_CONDITION, block->condition, NULL);
  ibb_session_fail (self, &failure, now);
}

static void
fail_for_retries (IBBSession *self, IBBBlock *block, gint64 now)
{
  IBBFailure failure = IBB_FAILURE_INIT;

  ibb_failure_set_condition (&failure, IBB_FAILURE_RETRIES, block->condition, NULL);
  ibb_session_fail (self, &failure, now);
}

static gint64
get_retry_wait (IBBSession *self)
{
  const IBBSettings *settings = &self->engine->settings;
  double             wait = settings->initial_wait_time;

  for (guint i = 1; i < self->sender.retries && wait < RETRY_WAIT_MAX; i++)
    wait *= settings->wait_backoff_factor;
  return (gint64) (MIN (wait, RETRY_WAIT_MAX) * 1000);
}

static void
wait_for_retry (IBBSession *self, gint64 wait, gint64 now)
{
  self->sender.total_retries++;
  self->sender.retry_at = now + wait;
}

/* The refused blocks go again as they are, from the first one on. */
static void
resend_refused (IBBSession *self)
{
  IBBSender *sender = &self->sender;

  sender->to_send = sender->flight.head;
  for (GList *l = sender->flight.head; l != NULL; l = l->next)
    ((IBBBlock *) l->data)->state = IBB_BLOCK_TO_SEND;
  sender->n_refused = 0;
}

/* The refused blocks are cut anew, smaller, from the same seq on (D-16). */
static void
recut_refused (IBBSession *self)
{
  IBBSender *sender = &self->sender;
  IBBBlock  *block = g_queue_peek_head (&sender->flight);

  sender->sending_size = MAX (g_bytes_get_size (block->bytes) / 2, (gsize) IBB_SENDING_SIZE_MIN);
  sender->flush_to = MAX (sender->flush_to, sender->cut); /* they were to go at once */
  while ((block = g_queue_pop_tail (&sender->flight)) != NULL)
    {
      sender->next_seq = block->seq;
      sender->cut -= g_bytes_get_size (block->bytes);
      ibb_byte_queue_push_head (&sender->queue, block->bytes);
      ibb_sender_free_block (self, block);
    }
  sender->to_send = NULL;
  sender->n_refused = 0;
}

/* Whether the other refusals fit the first one (D-16, D-30). */
static gboolean
are_refused_alike (IBBSession *self, IBBCondition condition)
{
  for (GList *l = self->sender.flight.head; l != NULL; l = l->next)
    {
      IBBBlock *block = l->data;

      if (block->state == IBB_BLOCK_REFUSED && block->condition != condition)
        return FALSE;
    }
  return TRUE;
}

static void
note_refusal_in_flight (IBBSession *self)
{
  IBBSender *sender = &self->sender;

  sender->n_refusals++;
  sender->one_block_ever = sender->n_refusals >= REFUSALS_MAX;
  sender->cap = MAX (sender->refused_flight / 2, self->block_size);
  ibb_flow_refused (&self->engine->flow);
}

/* Every block in flight has its reply, the first of them a refusal (D-30). */
static void
react_to_refusals (IBBSession *self, gint64 now)
{
  IBBSender *sender = &self->sender;
  IBBBlock  *first = g_queue_peek_head (&sender->flight);
  gboolean   several = sender->n_refused > 1 || sender->n_flight_refused > 1;
  Reaction   reaction = classify (self, first, now);

  if (reaction == FINAL || (several && self->peer_closed) ||
      (reaction == RETRY_SMALLER && several && !are_refused_alike (self, first->condition)))
    {
      fail_for_block (self, first, now);
      return;
    }
  if (reaction == RETRY_EARLY)
    {
      sender->early_retries++;
      resend_refused (self);
      wait_for_retry (self, EARLY_WAIT, now);
      return;
    }
  if (sender->retries >= self->engine->settings.max_retries)
    {
      fail_for_retries (self, first, now);
      return;
    }

  sender->retries++;
  /* Nothing goes beside the repetition: where the peer has spent its number
   * (B-07), the reply to a later block would acknowledge it. */
  sender->one_block = TRUE;
  if (several)
    note_refusal_in_flight (self);
  if (reaction == RETRY_SMALLER)
    recut_refused (self);
  else
    resend_refused (self);
  wait_for_retry (self, get_retry_wait (self), now);
}

/* D-36: only the last message can go again, later ones already made a gap. The
 * server's refusal comes before its acknowledgement by XEP-0198. */
static gboolean
is_last_message (IBBSession *self, IBBBlock *block)
{
  IBBSender *sender = &self->sender;

  if (block->state == IBB_BLOCK_SENT)
    return block->end <= sender->handed;
  return g_queue_peek_tail (&sender->given) == block && g_queue_is_empty (&sender->flight);
}

static void
message_refused (IBBSession *self, IBBBlock *block, IBBStanza *answer, gint64 now)
{
  IBBSender *sender = &self->sender;

  block->condition = answer->condition;
  block->error_type = answer->error_type;
  if (!is_last_message (self, block) || classify (self, block, now) != RETRY)
    fail_for_block (self, block, now);
  else if (block->attempts > self->engine->settings.max_retries)
    fail_for_retries (self, block, now);
  else
    {
      if (block->state == IBB_BLOCK_SENT)
        leave_flight (self, block);
      else
        {
          g_queue_pop_tail (&sender->given);
          g_queue_push_head (&sender->flight, block);
        }
      block->state = IBB_BLOCK_TO_SEND;
      sender->to_send = sender->flight.head;
      sender->retries = block->attempts;
      wait_for_retry (self, get_retry_wait (self), now);
    }
}

/* Whether a server says so in place of a peer that has gone. */
static gboolean
means_nobody (IBBCondition condition)
{
  return condition == IBB_CONDITION_SERVICE_UNAVAILABLE || condition == IBB_CONDITION_GONE ||
         condition == IBB_CONDITION_REMOTE_SERVER_NOT_FOUND;
}

static void
refuse (IBBSession *self, IBBBlock *block, IBBStanza *answer, gint64 now)
{
  IBBSender *sender = &self->sender;

  if (block->state != IBB_BLOCK_SENT)
    return; /* late (D-27) */

  if (sender->n_refused == 0)
    {
      sender->refused_flight = sender->in_flight;
      sender->n_flight_refused = sender->n_sent;
    }
  block->condition = answer->condition;
  block->error_type = answer->error_type;
  if (answer->condition == IBB_CONDITION_REMOTE_SERVER_TIMEOUT ||
      answer->condition == IBB_CONDITION_RECIPIENT_UNAVAILABLE)
    block->ambiguous = TRUE;
  if (answer->condition == IBB_CONDITION_UNEXPECTED_REQUEST && sender->n_flight_refused > 1)
    ibb_peer_set_reorders (self->peer);

  if (classify (self, block, now) == FINAL)
    sender->refused_for_good = TRUE;

  leave_flight (self, block);
  block->state = IBB_BLOCK_REFUSED;
  sender->n_refused++;
  /* What the others get cannot mend it, and may never come. */
  if (sender->n_sent == 0 ||
      (block == g_queue_peek_head (&sender->flight) && classify (self, block, now) == FINAL))
    react_to_refusals (self, now);
  else if (means_nobody (block->condition) && !sender->doubted)
    {
      /* What went before it reached the peer, perhaps in its last moment, and
       * has no reply to wait for then. */
      sender->doubted = TRUE;
      ibb_peer_probe (self->peer, now);
    }
}

void
ibb_sender_block_answered (IBBSession *self, IBBBlock *block, IBBStanza *answer, gint64 now)
{
  /* Karn, as in take_sample (). */
  if (block->attempts == 1 && block->state == IBB_BLOCK_SENT)
    ibb_parking_note_answer (self->engine, block->sent);

  if (answer->payload != IBB_PAYLOAD_ERROR)
    {
      if (self->carrier == IBB_CARRIER_IQ)
        acknowledge (self, block, now);
    }
  else if (self->carrier == IBB_CARRIER_MESSAGE)
    message_refused (self, block, answer, now);
  else
    refuse (self, block, answer, now);

  ibb_session_proceed (self, now);
  ibb_sender_update_ready (self, now);
  ibb_session_update_timer (self, now);
}
