/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/session/delivery.h"

#include "core/session/closing.h"

static void take_close (IBBSession *self, IBBStanza *stanza, gint64 now);
static void
take_block_answer (IBBSession *self, IBBPending *pending, IBBStanza *answer, gint64 now);

/* Signs of life of the peer, and its silence while a session awaits a reply (D-27). */

static void
heard_answer (IBBSession *self, const IBBStanza *answer, gint64 now)
{
  self->silent_since = now;
  if (ibb_probe_is_answer_of_peer (answer))
    ibb_pair_heard (self->parameters.pair, now);
}

/* Whether the peer has been silent for a probe interval. */
static gboolean
is_silent (const IBBSession *self, gint64 now)
{
  return now - self->silent_since >= ibb_pair_get_probe_interval (self->parameters.pair);
}

/* Whether a peer that is there has the session. After a close without the mark it reads no more,
 * and waits for our answer only as long as D-37 says, however long IBBService:half-close lets us
 * write. */
static gboolean
is_kept_by_peer (const IBBSession *self)
{
  return ibb_session_needs_peer (self) &&
         (!self->closing.is_peer_closed || self->closing.peer_reads);
}

static gboolean
is_idle (const IBBSession *self, gint64 now)
{
  return is_kept_by_peer (self) && !ibb_session_awaits_reply (self) && is_silent (self, now);
}

void
ibb_delivery_ask_about_idle (IBBPair *pair, gint64 now)
{
  GList *l = pair->sessions.head;

  while (l != NULL && !is_idle (l->data, now))
    l = l->next;
  if (l != NULL)
    {
      const IBBParameters *parameters = &((IBBSession *) l->data)->parameters;
      g_autofree char     *from = ibb_parameters_dup_from (parameters);

      ibb_pair_ask_about (pair, l, parameters->key.sid, from);
    }
}

static void
repeat_last_word (IBBSession *self)
{
  IBBStanza *block = ibb_sender_repeat (&self->sender);

  if (block != NULL)
    ibb_control_push (&self->parameters.context->control, block);
  else
    ibb_closing_push (self);
}

static void
peer_is_gone (IBBSession *self)
{
  ibb_closing_fail (self, &(IBBFailure) IBB_FAILURE_OF (IBB_FAILURE_PEER_GONE));
}

/* The peer answers probes and no blocks. A peer with our feature may delay an acknowledgement for
 * as long as its reader is slow. */
static void
peer_is_there (IBBSession *self, gint64 now)
{
  const IBBContext *context = self->parameters.context;
  gint64            timeout = (gint64) context->settings.peer_timeout * 1000;
  gint64            since = MAX (self->silent_since, context->clock.resumed_at);

  /* The timer of the peer covers a session that awaits no reply. */
  if (!ibb_session_awaits_reply (self) || !is_silent (self, now))
    return;

  if (self->parameters.peer->order.has_our_feature)
    {
      /* One repetition for each probe interval: while messages leave, there are more probes. */
      self->silent_since = now;
      repeat_last_word (self);
    }
  else if (timeout > 0 && now - since >= timeout)
    peer_is_gone (self);
}

void
ibb_delivery_heed_peer (IBBSession *self, IBBPeerVerdict verdict, gint64 now)
{
  if ((verdict == IBB_PEER_SILENT) != self->heeds_silence)
    self->has_changed = TRUE;
  self->heeds_silence = verdict == IBB_PEER_SILENT;

  if (self->state == IBB_SESSION_OPEN && verdict == IBB_PEER_THERE)
    {
      peer_is_there (self, now);
      if (self->state == IBB_SESSION_OPEN)
        ibb_sender_update_ready (&self->sender, now); /* its messages may go on */
    }
  else if (self->state == IBB_SESSION_OPEN &&
           (verdict == IBB_PEER_GONE ||
            (verdict == IBB_PEER_AWAY && ibb_session_waits_for_peer (self)) ||
            (verdict == IBB_PEER_FORGOT && is_kept_by_peer (self))))
    peer_is_gone (self); /* forgotten, and not closed since the probe */
  ibb_session_settle (self);
}

/* Receiving. */

static void
take_verdict (IBBSession *self, IBBReceiverVerdict verdict, gint64 now)
{
  switch (verdict)
    {
    case IBB_RECEIVER_READABLE:
      self->has_changed = TRUE;
      G_GNUC_FALLTHROUGH;
    case IBB_RECEIVER_STORED:
      self->parameters.context->has_moved = TRUE;
      /* Repeated blocks do not count: two ends that repeat would never notice that nothing moves
       * (D-27). */
      ibb_session_heard (self, now);
      break;
    case IBB_RECEIVER_MISSING:
      ibb_session_interrupt (self, &self->receiver.mistake);
      break;
    case IBB_RECEIVER_FAILED:
      ibb_closing_fail (self, &self->receiver.mistake);
      break;
    case IBB_RECEIVER_HANDLED:
    default:
      break;
    }
}

static void
receive_block (IBBSession *self, IBBStanza *stanza, gint64 now)
{
  gboolean is_peer_closed = self->closing.is_peer_closed;

  /* After the peer's close, or a close of the transport: no bytes are read any more (D-51). */
  if (is_peer_closed || self->closing.is_whole)
    {
      if (ibb_receiver_refuse_rest (&self->receiver, stanza, is_peer_closed))
        ibb_closing_prolong (self, now);
      return;
    }

  take_verdict (self, ibb_receiver_receive_data (&self->receiver, stanza, now), now);
}

/* Handles the stanzas ahead of their turn without the missing blocks. */
static void
flush_ahead (IBBSession *self, gint64 now)
{
  IBBStanza *stanza;

  while (self->state == IBB_SESSION_OPEN &&
         (stanza = ibb_receiver_pop_ahead (&self->receiver)) != NULL)
    {
      gboolean is_over = self->closing.is_peer_closed || self->closing.is_whole;

      if (stanza->payload != IBB_PAYLOAD_DATA)
        take_close (self, stanza, now);
      else
        take_verdict (self, ibb_receiver_refuse_ahead (&self->receiver, stanza, is_over), now);
      ibb_stanza_record_unref (stanza);
    }
}

void
ibb_delivery_take_deferred (IBBSession *self, gint64 now)
{
  if (self->closing.is_whole || !ibb_receiver_has_block_ahead (&self->receiver))
    flush_ahead (self, now);
}

static void
receive_data (IBBSession *self, IBBStanza *stanza, gint64 now)
{
  receive_block (self, stanza, now);
  if (G_LIKELY (self->receiver.ahead.length == 0))
    return;

  while (self->state == IBB_SESSION_OPEN &&
         (stanza = ibb_receiver_take_next (&self->receiver)) != NULL)
    {
      receive_block (self, stanza, now);
      ibb_stanza_record_unref (stanza);
    }
  /* The peer sends all blocks again, from the refused one on. */
  if (self->state == IBB_SESSION_OPEN && self->receiver.refusing)
    flush_ahead (self, now);
}

/* Takes the peer's close, the answer to our close, or a refusal that waited with either. */
static void
take_close (IBBSession *self, IBBStanza *stanza, gint64 now)
{
  /* NULL for a message that is not among the last IBB_RECENT_BLOCKS (D-36). */
  IBBPending *pending = ibb_pendings_find (self->parameters.context->pendings, stanza->id);

  if (stanza->payload == IBB_PAYLOAD_CLOSE)
    ibb_closing_take_peer_close (self, stanza, now);
  else if (pending != NULL && pending->type == IBB_PENDING_BLOCK)
    take_block_answer (self, pending, stanza, now);
  else if (pending != NULL)
    ibb_closing_take_answer (self, stanza, now);
}

/* A close, or the answer to ours, that may have overtaken a block waits for the block (D-42). */
static void
receive_close (IBBSession *self, IBBStanza *stanza, gint64 now)
{
  if (self->closing.is_peer_closed || self->closing.is_whole ||
      !ibb_receiver_defer (&self->receiver, stanza, now))
    take_close (self, stanza, now);
}

static void
receive (IBBSession *self, IBBStanza *stanza, gint64 now)
{
  if (self->opening != NULL)
    ibb_receiver_receive_early (&self->receiver, stanza);
  else if (self->state == IBB_SESSION_INTERRUPTED)
    {
      /* The peer repeats all other stanzas. */
      if (stanza->payload == IBB_PAYLOAD_CLOSE && stanza->unclean)
        ibb_closing_take_peer_close (self, stanza, now);
    }
  else if (ibb_stanza_record_has_long_id (stanza))
    /* No implementation writes such an id. A record of the id would take memory (D-47). */
    take_verdict (self, ibb_receiver_refuse_malformed (&self->receiver, stanza), now);
  else if (stanza->payload == IBB_PAYLOAD_CLOSE)
    receive_close (self, stanza, now);
  else
    receive_data (self, stanza, now);
}

void
ibb_delivery_receive (IBBSession *self, IBBStanza *stanza, gint64 now)
{
  receive (self, stanza, now);
  ibb_session_settle (self);
}

void
ibb_delivery_receive_early (IBBSession *self, gint64 now)
{
  IBBStanza *stanza;

  while ((stanza = g_queue_pop_head (&self->receiver.early)) != NULL)
    {
      receive (self, stanza, now);
      ibb_stanza_record_unref (stanza);
    }
}

void
ibb_delivery_close_answered (IBBSession *self, IBBStanza *answer, gint64 now)
{
  heard_answer (self, answer, now);
  if (self->state == IBB_SESSION_OPEN)
    receive_close (self, answer, now);
  else if (answer->payload != IBB_PAYLOAD_ERROR)
    ibb_closing_take_answer (self, answer, now); /* late, and still good */
  ibb_session_settle (self);
}

/* Sending. */

IBBStanza *
ibb_delivery_take_block (IBBSession *self, gint64 now)
{
  IBBStanza *stanza;

  if (!ibb_sender_awaits_reply (&self->sender))
    self->silent_since = now;
  stanza = ibb_sender_take_stanza (&self->sender, now);
  if (ibb_sender_is_worth_waking (&self->sender, G_MAXSIZE))
    self->has_changed = TRUE;
  ibb_sender_update_ready (&self->sender, now);
  ibb_session_settle (self);
  return stanza;
}

void
ibb_delivery_stanza_passed (IBBSession *self, IBBPending *pending)
{
  if (pending->type != IBB_PENDING_BLOCK)
    return;

  ibb_sender_passed (&self->sender, ibb_block_of_pending (pending));
  self->has_changed = TRUE;
  ibb_session_report (self);
}

void
ibb_delivery_stanza_sent (IBBSession *self, IBBPending *pending, gint64 now)
{
  self->has_changed = TRUE;
  if (pending->type == IBB_PENDING_CLOSE)
    self->closing.output_shut = TRUE;
  else if (pending->type == IBB_PENDING_BLOCK &&
           ibb_sender_sent (&self->sender, ibb_block_of_pending (pending), now))
    {
      ibb_closing_prolong_linger (self, now); /* a sent message counts as acknowledged (D-38) */
      ibb_closing_proceed (self, now);
      ibb_session_settle (self);
      return;
    }
  ibb_session_report (self);
}

static void
take_block_answer (IBBSession *self, IBBPending *pending, IBBStanza *answer, gint64 now)
{
  IBBSenderVerdict verdict;

  heard_answer (self, answer, now);
  verdict = ibb_sender_block_answered (&self->sender, ibb_block_of_pending (pending), answer, now);
  if ((verdict & IBB_SENDER_ADVANCED) != 0)
    {
      self->parameters.context->has_moved = TRUE;
      ibb_closing_prolong_linger (self, now);
      self->has_changed = TRUE;
    }
  if ((verdict & IBB_SENDER_FAILED) != 0)
    {
      ibb_closing_fail (self, &self->sender.refusal);
      return;
    }

  ibb_closing_proceed (self, now);
  ibb_sender_update_ready (&self->sender, now);
}

/* A peer that has closed refuses our blocks. The refusal waits with the close: the close tells
 * more, and may have overtaken a block (D-42). */
static void
block_answered (IBBSession *self, IBBPending *pending, IBBStanza *answer, gint64 now)
{
  if (answer->payload == IBB_PAYLOAD_ERROR && self->receiver.ahead.length > 0)
    {
      if (!self->closing.is_whole && ibb_receiver_defer (&self->receiver, answer, now))
        return;
      ibb_delivery_take_deferred (self, now);
    }
  if (self->state == IBB_SESSION_OPEN) /* unless the close has ended the session */
    take_block_answer (self, pending, answer, now);
}

void
ibb_delivery_block_answered (IBBSession *self, IBBPending *pending, IBBStanza *answer, gint64 now)
{
  block_answered (self, pending, answer, now);
  ibb_session_settle (self);
}

/* A result says that the peer has stored the whole block, which came late, and takes the first part
 * for a copy of it: the bytes of the other parts would be delivered twice (D-58). */
void
ibb_delivery_cut_block_answered (IBBSession *self, const IBBStanza *answer)
{
  IBBFailure failure = IBB_FAILURE_INIT;

  if (answer->payload == IBB_PAYLOAD_ERROR)
    return;

  ibb_failure_set_condition (&failure, IBB_FAILURE_PROTOCOL, IBB_CONDITION_UNEXPECTED_REQUEST,
                             NULL);
  ibb_closing_fail (self, &failure);
  ibb_session_settle (self);
}

/* Timers. */

void
ibb_delivery_timeout (IBBSession *self, gint64 now)
{
  if (now >= ibb_receiver_get_ahead_due (&self->receiver))
    flush_ahead (self, now);
  if (self->state != IBB_SESSION_OPEN)
    return;

  ibb_receiver_release (&self->receiver, now);
  ibb_sender_timeout (&self->sender, now);
  if (ibb_session_awaits_reply (self) && is_silent (self, now))
    ibb_pair_probe (self->parameters.pair, now);
  ibb_sender_update_ready (&self->sender, now);
  ibb_closing_timeout (self, now);
}
