/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/session/duplex.h"

static void proceed (IBBDuplex *self, gint64 now);
static void take_close (IBBDuplex *self, IBBStanza *stanza, gint64 now);
static void take_close_answer (IBBDuplex *self, IBBStanza *answer, gint64 now);
static void take_block_answer (IBBDuplex *self, IBBPending *pending, IBBStanza *answer, gint64 now);

static IBBContext *
get_context (const IBBDuplex *self)
{
  return self->parameters->context;
}

/* Lifetime. */

void
ibb_duplex_init (IBBDuplex *self, const IBBParameters *parameters)
{
  self->parameters = parameters;
  ibb_sender_init (&self->sender, parameters);
  ibb_receiver_init (&self->receiver, parameters);
  ibb_closing_init (&self->closing, parameters);
  ibb_silence_init (&self->silence, parameters);
  ibb_life_init (&self->life, parameters, &self->sender, &self->receiver, &self->closing);
}

void
ibb_duplex_clear (IBBDuplex *self)
{
  ibb_sender_clear (&self->sender);
  ibb_receiver_clear (&self->receiver);
  ibb_closing_clear (&self->closing);
  ibb_life_clear (&self->life);
}

void
ibb_duplex_open (IBBDuplex *self, gint64 now)
{
  ibb_life_begin (&self->life);
  ibb_silence_heard (&self->silence, now);
  ibb_sender_open (&self->sender, now);
}

IBBLife *
ibb_duplex_get_life (IBBDuplex *self)
{
  return &self->life;
}

const IBBSender *
ibb_duplex_get_sender (const IBBDuplex *self)
{
  return &self->sender;
}

const IBBReceiver *
ibb_duplex_get_receiver (const IBBDuplex *self)
{
  return &self->receiver;
}

const IBBClosing *
ibb_duplex_get_closing (const IBBDuplex *self)
{
  return &self->closing;
}

/* Takes the next step of a close, if it can be taken now. */
static void
proceed (IBBDuplex *self, gint64 now)
{
  IBBClosingVerdict verdict;

  if (!ibb_life_is_open (&self->life) || !ibb_sender_is_drained (&self->sender))
    return;

  verdict = ibb_closing_drained (&self->closing, now);
  if (verdict == IBB_CLOSING_SENT)
    ibb_silence_begin (&self->silence, now);
  else if (verdict == IBB_CLOSING_ENDS)
    {
      ibb_receiver_end (&self->receiver, TRUE); /* where the end of file has waited (D-38) */
      ibb_life_end_orderly (&self->life);
    }
}

/* The peer. */

gboolean
ibb_duplex_listens (const IBBDuplex *self)
{
  return ibb_life_is_open (&self->life) && !ibb_closing_is_peer_closed (&self->closing) &&
         ibb_receiver_is_open (&self->receiver);
}

static gboolean
awaits_reply (const IBBDuplex *self)
{
  return ibb_sender_awaits_reply (&self->sender) || ibb_closing_awaits_reply (&self->closing);
}

gboolean
ibb_duplex_is_idle (const IBBDuplex *self, gint64 now)
{
  return ibb_duplex_listens (self) && !awaits_reply (self) &&
         ibb_silence_is_long (&self->silence, now);
}

static void
repeat_last_word (IBBDuplex *self)
{
  IBBStanza *block = ibb_sender_repeat (&self->sender);

  if (block != NULL)
    ibb_control_push (&get_context (self)->control, block);
  else
    ibb_closing_repeat (&self->closing);
}

static void
peer_is_gone (IBBDuplex *self)
{
  ibb_life_fail (&self->life, &(IBBFailure) IBB_FAILURE_OF (IBB_FAILURE_PEER_GONE));
}

static void
peer_is_there (IBBDuplex *self, gint64 now)
{
  if (!awaits_reply (self))
    return; /* the silence of the peer is watched by its timer */

  switch (ibb_silence_conclude (&self->silence, now))
    {
    case IBB_SILENCE_REPEAT:
      repeat_last_word (self);
      break;
    case IBB_SILENCE_GONE:
      peer_is_gone (self);
      break;
    case IBB_SILENCE_GOES_ON:
    default:
      break;
    }
}

void
ibb_duplex_heed_peer (IBBDuplex *self, IBBPeerVerdict verdict, gint64 now)
{
  if (!ibb_life_is_open (&self->life))
    return;

  if (verdict == IBB_PEER_THERE)
    {
      peer_is_there (self, now);
      if (ibb_life_is_open (&self->life))
        ibb_sender_update_ready (&self->sender, now); /* its messages may go on */
    }
  else if (verdict == IBB_PEER_GONE)
    peer_is_gone (self);
  else if (verdict == IBB_PEER_FORGOT && ibb_duplex_listens (self))
    peer_is_gone (self); /* unless the peer has closed since */
}

/* Receiving. */

static void
take_verdict (IBBDuplex *self, IBBReceiverVerdict verdict, const IBBFailure *failure, gint64 now)
{
  switch (verdict)
    {
    case IBB_RECEIVER_READABLE:
      ibb_life_changed (&self->life);
      G_GNUC_FALLTHROUGH;
    case IBB_RECEIVER_STORED:
      get_context (self)->has_moved = TRUE;
      /* A repeated block is no sign of progress: two ends that each repeat would keep each other
       * from ever noticing that nothing moves (D-27). */
      ibb_silence_heard (&self->silence, now);
      break;
    case IBB_RECEIVER_MISSING:
      ibb_life_interrupt (&self->life, failure);
      break;
    case IBB_RECEIVER_FAILED:
      ibb_life_fail (&self->life, failure);
      break;
    case IBB_RECEIVER_ANSWERED:
    case IBB_RECEIVER_KEPT:
    default:
      break;
    }
}

static void
receive_block (IBBDuplex *self, IBBStanza *stanza, gint64 now)
{
  IBBFailure         failure = IBB_FAILURE_INIT;
  gboolean           is_peer_closed = ibb_closing_is_peer_closed (&self->closing);
  IBBReceiverVerdict verdict;

  /* The peer closed, or no bytes will ever be read (D-51). */
  if (is_peer_closed || ibb_closing_is_whole (&self->closing))
    {
      if (ibb_receiver_refuse_rest (&self->receiver, stanza, is_peer_closed))
        ibb_closing_prolong (&self->closing, now);
      return;
    }

  verdict = ibb_receiver_receive_data (&self->receiver, stanza, &failure, now);
  take_verdict (self, verdict, &failure, now);
}

/* Handles each stanza that is ahead of its turn as if no block could come before it. */
static void
flush_ahead (IBBDuplex *self, gint64 now)
{
  IBBStanza *stanza;

  while (ibb_life_is_open (&self->life) &&
         (stanza = ibb_receiver_pop_ahead (&self->receiver)) != NULL)
    {
      IBBFailure failure = IBB_FAILURE_INIT;
      gboolean   is_over =
          ibb_closing_is_peer_closed (&self->closing) || ibb_closing_is_whole (&self->closing);

      if (stanza->payload != IBB_PAYLOAD_DATA)
        take_close (self, stanza, now);
      else
        take_verdict (self, ibb_receiver_refuse_ahead (&self->receiver, stanza, is_over, &failure),
                      &failure, now);
      ibb_stanza_record_unref (stanza);
    }
}

/* Leaves a deferred close where a block before it is known to be missing. */
static void
take_deferred (IBBDuplex *self, gint64 now)
{
  if (ibb_closing_is_whole (&self->closing) || ibb_receiver_has_no_gap (&self->receiver))
    flush_ahead (self, now);
}

static void
receive_data (IBBDuplex *self, IBBStanza *stanza, gint64 now)
{
  receive_block (self, stanza, now);
  if (G_LIKELY (!ibb_receiver_has_ahead (&self->receiver)))
    return;

  while (ibb_life_is_open (&self->life) &&
         (stanza = ibb_receiver_take_next (&self->receiver)) != NULL)
    {
      receive_block (self, stanza, now);
      ibb_stanza_record_unref (stanza);
    }
  /* The peer sends all blocks again, from the one that was refused. */
  if (ibb_life_is_open (&self->life) && ibb_receiver_is_refusing (&self->receiver))
    flush_ahead (self, now);
}

/* Whether the bytes before the peer's close are all that it meant to send (D-45). Some peers end a
 * session upon an error of their own with a close (H-03). */
static gboolean
is_complete (const IBBDuplex *self, gint64 now)
{
  return ibb_receiver_is_complete (&self->receiver, now) &&
         !ibb_sender_was_refused_for_good (&self->sender);
}

static void
end_input (IBBDuplex *self, gboolean orderly)
{
  ibb_receiver_end (&self->receiver, orderly);
  ibb_life_changed (&self->life);
}

static void
peer_aborted (IBBDuplex *self, const IBBStanza *stanza)
{
  IBBFailure failure = IBB_FAILURE_OF (IBB_FAILURE_PEER_ABORTED);

  if (stanza->gives_reason)
    ibb_failure_set_condition (&failure, IBB_FAILURE_PEER_ABORTED, stanza->condition, stanza->text);
  /* After a close of the transport nobody reads any more, and all of our bytes have arrived
   * (D-37). */
  if (ibb_closing_is_whole (&self->closing) && ibb_sender_is_drained (&self->sender))
    ibb_life_end_orderly (&self->life);
  else
    ibb_life_end (&self->life, &failure);
  ibb_failure_clear (&failure);
}

/* After the peer's close the application writes on only if the peer reads on (D-39). */
static void
stop_writing (IBBDuplex *self, gint64 now)
{
  if (!ibb_closing_stop (&self->closing, now))
    return;

  ibb_sender_stop_writes (&self->sender, IBB_FAILURE_PEER_CLOSED);
  ibb_sender_flush (&self->sender, now);
  ibb_life_changed (&self->life);
}

/* A peer that reads no more may leave bytes that were written undelivered. Until they have arrived,
 * an end of file would look like a clean end to somebody who only reads (D-38). */
static gboolean
may_end_input (IBBDuplex *self)
{
  return ibb_closing_reads_on (&self->closing) || ibb_sender_is_drained (&self->sender);
}

static void
take_peer_close (IBBDuplex *self, IBBStanza *stanza, gint64 now)
{
  gboolean is_orderly;

  if (ibb_closing_is_peer_closed (&self->closing))
    {
      if (ibb_closing_receive_again (&self->closing, stanza) == IBB_CLOSING_ABORTED)
        peer_aborted (self, stanza);
      return;
    }

  ibb_silence_heard (&self->silence, now);
  is_orderly = is_complete (self, now);
  ibb_receiver_release_all (&self->receiver);
  if (ibb_closing_receive (&self->closing, stanza, now) == IBB_CLOSING_ABORTED)
    {
      peer_aborted (self, stanza);
      return;
    }

  if (!is_orderly || may_end_input (self))
    end_input (self, is_orderly);
  stop_writing (self, now);
  proceed (self, now);
}

/* Takes the peer's close, its answer to ours, or a refusal that was deferred with such a close. */
static void
take_close (IBBDuplex *self, IBBStanza *stanza, gint64 now)
{
  /* NULL: so many messages have left since that this one is forgotten (D-36). */
  IBBPending *pending = ibb_pendings_find (&get_context (self)->pendings, stanza->id);

  if (stanza->payload == IBB_PAYLOAD_CLOSE)
    take_peer_close (self, stanza, now);
  else if (pending != NULL && pending->type == IBB_PENDING_BLOCK)
    take_block_answer (self, pending, stanza, now);
  else if (pending != NULL)
    take_close_answer (self, stanza, now);
}

/* While the session is interrupted only an unclean close counts: all other stanzas come again. */
static void
receive_meanwhile (IBBDuplex *self, IBBStanza *stanza, gint64 now)
{
  if (stanza->payload == IBB_PAYLOAD_CLOSE && stanza->unclean)
    take_peer_close (self, stanza, now);
}

/* A close, or the answer to ours, may have overtaken a block: then it waits for the block
 * (D-42). */
static void
receive_close (IBBDuplex *self, IBBStanza *stanza, gint64 now)
{
  if (ibb_closing_is_peer_closed (&self->closing) || ibb_closing_is_whole (&self->closing) ||
      !ibb_receiver_defer (&self->receiver, stanza, now))
    take_close (self, stanza, now);
}

void
ibb_duplex_receive (IBBDuplex *self, IBBStanza *stanza, gint64 now)
{
  IBBFailure failure = IBB_FAILURE_INIT;

  if (ibb_life_get_state (&self->life) == IBB_LIFE_NEW)
    ibb_receiver_receive_early (&self->receiver, stanza);
  else if (ibb_life_is_interrupted (&self->life))
    receive_meanwhile (self, stanza, now);
  else if (ibb_stanza_record_has_long_id (stanza))
    {
      /* No implementation writes such an id, and it would be kept (D-47). */
      ibb_receiver_refuse_malformed (&self->receiver, stanza, &failure);
      ibb_life_fail (&self->life, &failure);
    }
  else if (stanza->payload == IBB_PAYLOAD_CLOSE)
    receive_close (self, stanza, now);
  else
    receive_data (self, stanza, now);
}

void
ibb_duplex_receive_early (IBBDuplex *self, gint64 now)
{
  IBBStanza *stanza;

  while ((stanza = ibb_receiver_pop_early (&self->receiver)) != NULL)
    {
      ibb_duplex_receive (self, stanza, now);
      ibb_stanza_record_unref (stanza);
    }
}

/* Whether a <resume/> would tell more: nobody was there, or the session has ended, and the result
 * of our close was lost. */
static gboolean
may_be_told (const IBBStanza *answer)
{
  return !ibb_peer_gave_answer (answer) || answer->condition == IBB_CONDITION_ITEM_NOT_FOUND;
}

static void
take_close_answer (IBBDuplex *self, IBBStanza *answer, gint64 now)
{
  gboolean   is_result = answer->payload != IBB_PAYLOAD_ERROR;
  gboolean   is_whole = ibb_closing_is_whole (&self->closing);
  IBBFailure failure = IBB_FAILURE_INIT;

  if (is_result || ibb_closing_is_peer_closed (&self->closing))
    {
      end_input (self, is_complete (self, now));
      ibb_life_end_orderly (&self->life);
      return;
    }

  ibb_failure_set_condition (&failure, IBB_FAILURE_CLOSE_UNCONFIRMED, answer->condition,
                             answer->text);
  if (!is_whole && may_be_told (answer) && ibb_life_interrupt (&self->life, &failure))
    ; /* the answer to <resume/> tells whether the peer has ended in order (D-58) */
  else if (is_whole)
    ibb_life_end_unconfirmed (&self->life, &failure);
  else
    ibb_life_end (&self->life, &failure);
  ibb_failure_clear (&failure);
}

void
ibb_duplex_close_answered (IBBDuplex *self, IBBStanza *answer, gint64 now)
{
  ibb_silence_heard_answer (&self->silence, answer, now);
  if (ibb_life_is_open (&self->life))
    receive_close (self, answer, now);
  else if (answer->payload != IBB_PAYLOAD_ERROR)
    take_close_answer (self, answer, now); /* the answer has arrived after all */
}

/* Sending. */

IBBStanza *
ibb_duplex_take_block (IBBDuplex *self, gint64 now)
{
  IBBStanza *stanza;

  if (!ibb_sender_awaits_reply (&self->sender))
    ibb_silence_begin (&self->silence, now);
  stanza = ibb_sender_take_stanza (&self->sender, now);
  /* The writer is not woken before half of the buffer is free. */
  if (ibb_sender_has_half_room (&self->sender))
    ibb_life_changed (&self->life);
  ibb_sender_update_ready (&self->sender, now);
  return stanza;
}

void
ibb_duplex_update_ready (IBBDuplex *self, gint64 now)
{
  ibb_sender_update_ready (&self->sender, now);
}

void
ibb_duplex_passed (IBBDuplex *self, IBBPending *pending)
{
  if (pending->type != IBB_PENDING_BLOCK)
    return;

  ibb_sender_passed (&self->sender, ibb_block_of_pending (pending));
  ibb_life_changed (&self->life);
}

gboolean
ibb_duplex_sent (IBBDuplex *self, IBBPending *pending, gint64 now)
{
  if (pending->type == IBB_PENDING_CLOSE)
    ibb_closing_sent (&self->closing);
  ibb_life_changed (&self->life);
  if (pending->type != IBB_PENDING_BLOCK ||
      !ibb_sender_sent (&self->sender, ibb_block_of_pending (pending), now))
    return FALSE;

  ibb_closing_prolong_linger (&self->closing, now); /* it counts as acknowledged (D-38) */
  proceed (self, now);
  return TRUE;
}

static void
take_block_answer (IBBDuplex *self, IBBPending *pending, IBBStanza *answer, gint64 now)
{
  IBBFailure       failure = IBB_FAILURE_INIT;
  IBBSenderVerdict verdict;

  ibb_silence_heard_answer (&self->silence, answer, now);
  verdict = ibb_sender_block_answered (&self->sender, ibb_block_of_pending (pending), answer,
                                       ibb_closing_is_peer_closed (&self->closing), &failure, now);
  if ((verdict & IBB_SENDER_ADVANCED) != 0)
    {
      get_context (self)->has_moved = TRUE;
      ibb_closing_prolong_linger (&self->closing, now);
      ibb_life_changed (&self->life);
    }
  if ((verdict & IBB_SENDER_DOUBTS_PEER) != 0)
    ibb_peer_probe (self->parameters->peer, now);
  if ((verdict & IBB_SENDER_FAILED) != 0)
    {
      ibb_life_fail (&self->life, &failure);
      return;
    }

  proceed (self, now);
  ibb_sender_update_ready (&self->sender, now);
}

/* A peer that has closed refuses our blocks. The refusal waits with the close, which tells more,
 * and which a block may still follow (D-42). */
void
ibb_duplex_block_answered (IBBDuplex *self, IBBPending *pending, IBBStanza *answer, gint64 now)
{
  if (answer->payload == IBB_PAYLOAD_ERROR && ibb_receiver_has_ahead (&self->receiver))
    {
      if (!ibb_closing_is_whole (&self->closing) &&
          ibb_receiver_defer (&self->receiver, answer, now))
        return;
      take_deferred (self, now);
    }
  if (ibb_life_is_open (&self->life)) /* else the session ended with the close */
    take_block_answer (self, pending, answer, now);
}

/* Timers. */

gint64
ibb_duplex_get_due (const IBBDuplex *self)
{
  gint64 due, other;

  if (!ibb_life_is_open (&self->life))
    return IBB_NEVER;

  due = ibb_sender_get_due (&self->sender);
  other = ibb_receiver_get_due (&self->receiver);
  due = MIN (due, other);
  other = ibb_closing_get_due (&self->closing);
  due = MIN (due, other);
  if (!awaits_reply (self))
    return due;

  other = ibb_silence_get_due (&self->silence);
  return MIN (due, other);
}

void
ibb_duplex_timeout (IBBDuplex *self, gint64 now)
{
  IBBClosingVerdict verdict;

  if (now >= ibb_receiver_get_ahead_due (&self->receiver))
    flush_ahead (self, now);
  if (!ibb_life_is_open (&self->life))
    return;

  ibb_receiver_release (&self->receiver, now);
  ibb_sender_timeout (&self->sender, now);
  if (awaits_reply (self))
    ibb_silence_timeout (&self->silence, now);
  ibb_sender_update_ready (&self->sender, now);
  verdict = ibb_closing_timeout (&self->closing, now);
  if (verdict == IBB_CLOSING_LINGERED)
    ibb_life_end (&self->life, &(IBBFailure) IBB_FAILURE_OF (IBB_FAILURE_PEER_CLOSED));
  else if (verdict == IBB_CLOSING_UNANSWERED)
    ibb_life_end_unanswered (&self->life);
}

void
ibb_duplex_release_waiting (IBBDuplex *self, gint64 now)
{
  ibb_receiver_release_waiting (&self->receiver, now);
}

void
ibb_duplex_settings_changed (IBBDuplex *self, gint64 now)
{
  ibb_receiver_release (&self->receiver, now);
  ibb_sender_update_ready (&self->sender, now);
  ibb_life_changed (&self->life);
}

/* Interruption (D-58). */

IBBPosition
ibb_duplex_get_position (const IBBDuplex *self)
{
  return (IBBPosition){ ibb_receiver_get_kept (&self->receiver),
                        ibb_receiver_get_acknowledged (&self->receiver) };
}

gboolean
ibb_duplex_may_resume (IBBDuplex *self, const IBBPosition *peer)
{
  return ibb_sender_may_resume (&self->sender, peer->received, peer->acknowledged);
}

void
ibb_duplex_resume (IBBDuplex *self, const IBBResumption *resumption, gint64 now)
{
  ibb_life_resume (&self->life);
  ibb_silence_heard (&self->silence, now);
  ibb_sender_resume (&self->sender, resumption, now);
  ibb_receiver_resume (&self->receiver, now);
  ibb_closing_resume (&self->closing, resumption->moved > 0, resumption->outage, now);
  proceed (self, now);
  if (ibb_life_is_open (&self->life))
    ibb_sender_update_ready (&self->sender, now);
}

/* The peer has ended the session, and its last stanza to us was lost: a close, or the answer to
 * ours. */
void
ibb_duplex_peer_ended (IBBDuplex *self, const IBBPosition *peer, gint64 now)
{
  ibb_closing_refuse_owed (&self->closing); /* no request stays without an answer (N-20) */
  ibb_sender_resume (&self->sender, &(IBBResumption){ .peer = *peer }, now);
  if (!ibb_closing_is_sent (&self->closing))
    ibb_sender_stop_writes (&self->sender, IBB_FAILURE_PEER_CLOSED);
  if (ibb_sender_is_drained (&self->sender))
    {
      end_input (self, is_complete (self, now));
      ibb_life_end_orderly (&self->life);
    }
  else
    ibb_life_end (&self->life, &(IBBFailure) IBB_FAILURE_OF (IBB_FAILURE_PEER_CLOSED));
}

void
ibb_duplex_peer_forgot (IBBDuplex *self, IBBStanza *answer, gint64 now)
{
  if (ibb_closing_is_sent (&self->closing))
    take_close_answer (self, answer, now);
  else
    {
      ibb_closing_refuse_owed (&self->closing);
      ibb_life_end (&self->life, ibb_life_get_cause (&self->life));
    }
}

void
ibb_duplex_peer_gave_up (IBBDuplex *self, IBBStanza *request, gint64 now)
{
  take_peer_close (self, request, now);
}

void
ibb_duplex_peer_moved (IBBDuplex *self)
{
  ibb_sender_peer_moved (&self->sender);
  ibb_closing_peer_moved (&self->closing);
}

/* Calls of the application. */

gsize
ibb_duplex_read (IBBDuplex *self, guint8 *bytes, gsize length, gint64 now)
{
  gsize n = ibb_receiver_read (&self->receiver, bytes, length, now);

  if (ibb_life_is_open (&self->life))
    ibb_receiver_release (&self->receiver, now);
  return n;
}

gsize
ibb_duplex_write (IBBDuplex *self, const guint8 *bytes, gsize length, gint64 now)
{
  return ibb_life_is_lasting (&self->life) ? ibb_sender_write (&self->sender, bytes, length, now)
                                           : 0;
}

void
ibb_duplex_flush (IBBDuplex *self, gint64 now)
{
  ibb_sender_flush (&self->sender, now);
}

void
ibb_duplex_set_auto_flush (IBBDuplex *self, gboolean auto_flush, gint64 now)
{
  ibb_sender_set_auto_flush (&self->sender, auto_flush, now);
}

void
ibb_duplex_close_output (IBBDuplex *self)
{
  ibb_sender_stop_writes (&self->sender, IBB_FAILURE_CLOSED);
}

void
ibb_duplex_close_input (IBBDuplex *self)
{
  const IBBFailure failure = IBB_FAILURE_OF (IBB_FAILURE_CLOSED);

  ibb_receiver_discard (&self->receiver);
  if (ibb_life_is_open (&self->life))
    ibb_receiver_release_all (&self->receiver);
  ibb_receiver_drop_unread (&self->receiver);
  ibb_receiver_fail (&self->receiver, &failure);
}

void
ibb_duplex_shutdown_output (IBBDuplex *self, gint64 now)
{
  if (!ibb_life_is_lasting (&self->life))
    return;

  ibb_closing_shutdown (&self->closing);
  ibb_sender_stop_writes (&self->sender, IBB_FAILURE_CLOSED);
  ibb_sender_flush (&self->sender, now);
  proceed (self, now);
}

void
ibb_duplex_close (IBBDuplex *self, gint64 now)
{
  const IBBFailure failure = IBB_FAILURE_OF (IBB_FAILURE_CLOSED);

  if (!ibb_closing_close (&self->closing, now))
    return;

  ibb_sender_stop_writes (&self->sender, IBB_FAILURE_CLOSED);
  ibb_receiver_fail (&self->receiver, &failure);
  if (ibb_life_is_open (&self->life))
    {
      ibb_receiver_refuse_all (&self->receiver);
      take_deferred (self, now);
    }
  else if (ibb_life_is_interrupted (&self->life))
    ibb_receiver_note_close (&self->receiver, now);
  if (ibb_life_is_lasting (&self->life))
    ibb_sender_flush (&self->sender, now);
  ibb_receiver_drop_unread (&self->receiver);
  proceed (self, now);
}

void
ibb_duplex_abort (IBBDuplex *self, const IBBFailure *reason)
{
  const IBBFailure aborted = IBB_FAILURE_OF (IBB_FAILURE_ABORTED);

  ibb_closing_abort (&self->closing);
  ibb_receiver_fail (&self->receiver, &aborted);
  if (ibb_life_is_lasting (&self->life))
    {
      ibb_receiver_refuse_all (&self->receiver);
      ibb_closing_tell_peer (&self->closing, ibb_life_is_interrupted (&self->life), reason);
    }
  ibb_life_end (&self->life, &(IBBFailure) IBB_FAILURE_OF (reason->kind));
  ibb_receiver_drop_unread (&self->receiver);
}
