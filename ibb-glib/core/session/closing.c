/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The exchange of <close/>: ours, the peer's, both at once, orderly or not. */

#include "config.h"

#include "core/session/closing.h"

/* Longest time between two acknowledgements after the peer's close (D-38). */
#define LINGER (4 * G_USEC_PER_SEC)
#define TIMEOUTS_MAX 10 /* in times IBB_CLOSE_TIMEOUT, the longest wait for an answer (D-37) */

/* Whether the peer reads on after its close. A peer with our feature says so. Others do not say:
 * with half-close they count as reading on (D-39). */
static gboolean
peer_reads_on (const IBBSession *self)
{
  return self->closing.peer_reads ||
         (self->closing.half_close && !self->parameters.peer->order.has_our_feature);
}

/* Both ends have shut their output, and the answer to our close is the word of the peer that its
 * application has closed, too: no other end will do (D-67). */
static gboolean
awaits_word (const IBBSession *self)
{
  return self->closing.is_mutual && self->closing.pending.id != NULL;
}

static void
reply_result (IBBSession *self, const IBBStanza *close)
{
  ibb_control_reply_result (&self->parameters.context->control, close);
}

static void
reply_error (IBBSession *self, const IBBStanza *close)
{
  ibb_control_reply_error (&self->parameters.context->control, close, IBB_CONDITION_ITEM_NOT_FOUND,
                           IBB_ERROR_TYPE_CANCEL, NULL);
}

/* The timeout for the answer to our <close/>. */

static gint64
get_timeout (const IBBSession *self)
{
  return (gint64) self->parameters.context->settings.close_timeout * 1000;
}

void
ibb_closing_begin_timeout (IBBSession *self, gint64 now)
{
  self->closing.began = now;
  self->closing.at = now + get_timeout (self);
}

/* This may take up to TIMEOUTS_MAX times IBB_CLOSE_TIMEOUT (D-37). */
void
ibb_closing_prolong (IBBSession *self, gint64 now)
{
  IBBClosing *closing = &self->closing;
  gint64      timeout = get_timeout (self);

  if (closing->at != IBB_NEVER)
    closing->at = MIN (now + timeout, closing->began + TIMEOUTS_MAX * timeout);
}

void
ibb_closing_prolong_linger (IBBSession *self, gint64 now)
{
  if (self->closing.linger_until != IBB_NEVER)
    self->closing.linger_until = now + LINGER;
}

/* Sends an unclean <close/>, whose answer changes nothing (D-49). During an interruption the peer
 * may know us by the address of an earlier login: a <resume/> says the same, and its proof tells
 * the session (D-58). */
static void
send_unclean (IBBSession *self, const IBBFailure *reason)
{
  const IBBParameters *parameters = &self->parameters;
  IBBContext          *context = parameters->context;
  gboolean             is_interrupted = self->state == IBB_SESSION_INTERRUPTED;
  g_autofree char     *id = ibb_ids_create (&context->ids);
  IBBStanza           *stanza =
      ibb_parameters_create_stanza (parameters, IBB_STANZA_IQ, "set",
                                    is_interrupted ? IBB_PAYLOAD_RESUME : IBB_PAYLOAD_CLOSE, id);

  stanza->unclean = TRUE;
  if (is_interrupted)
    ibb_session_sign (self, stanza, IBB_PROOF_UNCLEAN, 0);
  else if (reason != NULL && reason->has_condition)
    {
      stanza->gives_reason = TRUE;
      stanza->condition = reason->condition;
      stanza->text = g_strdup (reason->text);
    }
  ibb_control_push (&context->control, stanza);
}

static void
refuse_owed (IBBSession *self)
{
  if (self->closing.peer_close != NULL)
    reply_error (self, self->closing.peer_close);
}

/* The answer to a close of the peer is an error: a result would tell that the peer has everything
 * (D-37). A peer that can resume the session would take the error for a lost result, and ask
 * (D-58): so an unclean <close/> leaves before. It leaves also to a peer that reads on, with the
 * reason (D-39, D-49), and to a peer that has not closed, even after our orderly close (D-39,
 * D-41). When both have closed, nothing is left to tell (D-40). */
void
ibb_closing_tell_peer (IBBSession *self, const IBBFailure *reason)
{
  const IBBClosing *closing = &self->closing;

  if (closing->peer_close != NULL ? closing->peer_reads || self->parameters.secret != NULL
                                  : !closing->is_peer_closed)
    send_unclean (self, reason);
  refuse_owed (self);
}

/* The end. */

void
ibb_closing_end_unconfirmed (IBBSession *self, const IBBFailure *failure)
{
  /* Half of an answer must not look like a whole one; messages that were sent may not have arrived
   * (D-37). */
  if (!self->closing.is_peer_closed && self->parameters.by_message && self->sender.written > 0)
    ibb_session_end (self, failure);
  else
    ibb_session_end_orderly (self);
}

static void
end_unanswered (IBBSession *self)
{
  refuse_owed (self); /* no request stays without an answer (N-20) */
  ibb_closing_end_unconfirmed (self, &(IBBFailure) IBB_FAILURE_OF (IBB_FAILURE_CLOSE_UNCONFIRMED));
}

/* The end of the peer ends a close as the timeout does. */
static gboolean
is_end_of_close (const IBBSession *self)
{
  return self->closing.out == IBB_OUT_CLOSE_SENT && !awaits_word (self) &&
         (self->closing.is_whole || self->closing.is_peer_closed);
}

/* Whether the peer cannot be reached, or our connection is about to be lost. The engine interrupts
 * the sessions when the connection is lost. */
static gboolean
is_of_connection (const IBBFailure *failure)
{
  switch (failure->kind)
    {
    case IBB_FAILURE_PEER_GONE:
    case IBB_FAILURE_SEND_FAILED:
      return TRUE;
    case IBB_FAILURE_CONDITION:
    case IBB_FAILURE_RETRIES:
      return ibb_condition_means_unreachable (failure->condition);
    default:
      return FALSE;
    }
}

/* Whether the peer's <close/> explains the failure. While the peer only takes the rest (D-38), each
 * refusal says that it takes no more. While it reads on (D-39), only item-not-found does. A failure
 * because the peer is gone is another matter. */
static gboolean
is_due_to_peer_close (const IBBSession *self, const IBBFailure *failure)
{
  if (self->closing.peer_close == NULL)
    return FALSE;
  if (failure->kind == IBB_FAILURE_CONDITION && failure->condition == IBB_CONDITION_ITEM_NOT_FOUND)
    return TRUE;
  return self->closing.linger_until != IBB_NEVER &&
         (failure->kind == IBB_FAILURE_RETRIES || failure->kind == IBB_FAILURE_CONDITION) &&
         !ibb_condition_means_nobody (failure->condition);
}

static void
end_at_both (IBBSession *self, const IBBFailure *failure)
{
  const IBBFailure peer_closed = IBB_FAILURE_OF (IBB_FAILURE_PEER_CLOSED);

  ibb_receiver_release_all (&self->receiver);
  ibb_closing_tell_peer (self, NULL);
  ibb_session_end (self, is_due_to_peer_close (self, failure) ? &peer_closed : failure);
}

void
ibb_closing_fail (IBBSession *self, const IBBFailure *failure)
{
  if (!ibb_session_is_lasting (self))
    ibb_session_end (self, failure);
  else if (failure->kind == IBB_FAILURE_PEER_GONE && is_end_of_close (self))
    end_unanswered (self);
  else if (!is_of_connection (failure) || !ibb_session_interrupt (self, failure))
    end_at_both (self, failure);
}

void
ibb_closing_give_up (IBBSession *self)
{
  if (is_end_of_close (self))
    end_unanswered (self);
  else
    end_at_both (self, &self->cause);
}

void
ibb_closing_timeout (IBBSession *self, gint64 now)
{
  if (now >= self->closing.linger_until)
    {
      ibb_closing_tell_peer (self, NULL);
      ibb_session_end_for (self, IBB_FAILURE_PEER_CLOSED);
    }
  else if (now >= self->closing.at)
    end_unanswered (self);
}

/* Our close. */

/* Also repeats the close, after a silence (D-27). */
void
ibb_closing_push (IBBSession *self)
{
  IBBStanza *close = ibb_parameters_create_stanza (&self->parameters, IBB_STANZA_IQ, "set",
                                                   IBB_PAYLOAD_CLOSE, self->closing.pending.id);

  close->reads = !self->closing.is_whole || self->closing.is_mutual;
  ibb_control_push (&self->parameters.context->control, close);
}

static void
send_close (IBBSession *self, gint64 now)
{
  IBBContext *context = self->parameters.context;

  self->closing.out = IBB_OUT_CLOSE_SENT;
  self->silent_since = now;
  ibb_pendings_add (context->pendings, &self->closing.pending, IBB_PENDING_CLOSE,
                    ibb_ids_create (&context->ids), self->parameters.key.peer, self);
  ibb_closing_push (self);
  if (self->closing.is_whole)
    ibb_closing_begin_timeout (self, now);
}

/* The application has closed: it has stored what it read. Our answer leaves, and the session ends
 * with that to ours (D-67). */
static void
end_mutual (IBBSession *self, gint64 now)
{
  IBBClosing *closing = &self->closing;

  if (!closing->is_whole || closing->peer_close == NULL)
    return;

  self->silent_since = now;
  reply_result (self, closing->peer_close);
  g_clear_pointer (&closing->peer_close, ibb_stanza_record_unref);
  if (!awaits_word (self))
    ibb_session_end_orderly (self);
}

void
ibb_closing_proceed (IBBSession *self, gint64 now)
{
  IBBClosing *closing = &self->closing;

  if (self->state != IBB_SESSION_OPEN)
    return;
  if (closing->is_mutual && closing->out == IBB_OUT_CLOSE_SENT)
    {
      end_mutual (self, now);
      return;
    }
  if (!ibb_sender_is_drained (&self->sender) ||
      (closing->out != IBB_OUT_DRAINING && closing->out != IBB_OUT_SHUT))
    return;

  closing->is_mutual = closing->confirms && closing->peer_reads && !closing->is_whole;
  if (closing->peer_close == NULL || closing->is_mutual)
    send_close (self, now);
  else if (closing->confirms && !closing->is_whole && peer_reads_on (self))
    closing->output_shut = TRUE; /* the answer, which is our end, waits for the application */
  else
    {
      self->silent_since = now;
      reply_result (self, closing->peer_close);
      ibb_receiver_end (&self->receiver, TRUE); /* where the end of file has waited (D-38) */
      ibb_session_end_orderly (self);
    }
}

/* The peer's close. */

/* Whether the bytes before the peer's close are all that it meant to send (D-45). Some peers end a
 * session upon an error of their own with a close (H-03). */
static gboolean
is_complete (const IBBSession *self, gint64 now)
{
  return ibb_receiver_is_complete (&self->receiver, now) && !self->sender.refused_for_good;
}

static void
end_input (IBBSession *self, gboolean orderly)
{
  ibb_receiver_end (&self->receiver, orderly);
  self->has_changed = TRUE;
}

static void
peer_aborted (IBBSession *self, const IBBStanza *stanza)
{
  IBBFailure failure = IBB_FAILURE_OF (IBB_FAILURE_PEER_ABORTED);

  reply_result (self, stanza);
  if (stanza->gives_reason)
    ibb_failure_set_condition (&failure, IBB_FAILURE_PEER_ABORTED, stanza->condition, stanza->text);
  /* After a close of the transport nobody reads any more, and all of our bytes have arrived
   * (D-37). */
  if (self->closing.is_whole && ibb_sender_is_drained (&self->sender) && !awaits_word (self))
    ibb_session_end_orderly (self);
  else
    ibb_session_end (self, &failure);
  ibb_failure_clear (&failure);
}

/* The peer has closed, and takes no more than the rest: the application writes no more (D-39).
 * Written bytes leave as long as acknowledgements come in time (D-38), or without that limit after
 * a shutdown of our output (D-40). */
static void
stop_writing (IBBSession *self, gint64 now)
{
  IBBClosing *closing = &self->closing;

  if (closing->out == IBB_OUT_CLOSE_SENT)
    return;
  if (closing->out != IBB_OUT_SHUT)
    closing->linger_until = now + LINGER;
  if (closing->out == IBB_OUT_OPEN)
    closing->out = IBB_OUT_DRAINING;
  ibb_sender_stop_writes (&self->sender, IBB_FAILURE_PEER_CLOSED);
  ibb_sender_flush (&self->sender, now);
  self->has_changed = TRUE;
}

static void
peer_reads_no_more (IBBSession *self, gint64 now)
{
  self->closing.peer_reads = FALSE;
  ibb_session_heard (self, now);
  stop_writing (self, now);
  ibb_closing_proceed (self, now);
}

/* The peer has closed its output before. */
static void
take_peer_close_again (IBBSession *self, const IBBStanza *stanza, gint64 now)
{
  const IBBStanza *owed = self->closing.peer_close;

  if (owed == NULL && !stanza->unclean && self->parameters.secret != NULL)
    reply_result (self, stanza); /* both ends have closed, and an interruption lost our result */
  else if (owed != NULL && g_strcmp0 (owed->id, stanza->id) == 0)
    {
      /* Repeated (D-27): the answer follows once our bytes have arrived. Without the mark the peer
       * has closed its input, too, since the first time (D-39). */
      if (self->closing.peer_reads && !stanza->reads)
        peer_reads_no_more (self, now);
    }
  else if (stanza->unclean && (owed != NULL || awaits_word (self)))
    {
      /* The peer aborts, and does not wait for the rest of our bytes any more (D-41); or could not
       * store them (D-67). */
      refuse_owed (self);
      peer_aborted (self, stanza);
    }
  else
    reply_error (self, stanza);
}

void
ibb_closing_take_peer_close (IBBSession *self, IBBStanza *stanza, gint64 now)
{
  IBBClosing *closing = &self->closing;
  gboolean    is_orderly;

  if (closing->is_peer_closed)
    {
      take_peer_close_again (self, stanza, now);
      return;
    }

  ibb_session_heard (self, now);
  is_orderly = is_complete (self, now);
  ibb_receiver_release_all (&self->receiver);
  if (stanza->unclean)
    {
      peer_aborted (self, stanza);
      return;
    }

  closing->is_peer_closed = TRUE;
  closing->is_mutual = closing->out == IBB_OUT_CLOSE_SENT && closing->confirms && stanza->reads &&
                       !closing->is_whole;
  if (closing->out == IBB_OUT_CLOSE_SENT && !closing->is_mutual)
    {
      reply_result (self, stanza); /* both ends have closed at the same time (D-40) */
      if (closing->began == IBB_NEVER)
        ibb_closing_begin_timeout (self, now);
    }
  else
    {
      closing->peer_close = ibb_stanza_record_ref (stanza);
      closing->peer_reads = stanza->reads;
    }

  /* A peer that reads no more may leave bytes that were written undelivered. Until they have
   * arrived, an end of file would look like a clean end to a program that only reads (D-38). */
  if (!is_orderly || peer_reads_on (self) || ibb_sender_is_drained (&self->sender))
    end_input (self, is_orderly);
  if (closing->peer_close != NULL && !peer_reads_on (self))
    stop_writing (self, now);
  else if (closing->peer_close != NULL && !closing->peer_reads)
    ibb_order_ask (&self->parameters.peer->order, now);
  ibb_closing_proceed (self, now);
}

void
ibb_closing_peer_known (IBBSession *self, gint64 now)
{
  const IBBClosing *closing = &self->closing;

  if (self->state == IBB_SESSION_OPEN && closing->half_close && closing->peer_close != NULL &&
      !peer_reads_on (self))
    peer_reads_no_more (self, now);
}

/* The answer to our close. */

/* Whether a <resume/> would tell more: nobody was there, or the session has ended, and the result
 * of our close was lost. */
static gboolean
may_be_told (const IBBStanza *answer)
{
  return !ibb_probe_is_answer_of_peer (answer) || answer->condition == IBB_CONDITION_ITEM_NOT_FOUND;
}

void
ibb_closing_take_answer (IBBSession *self, const IBBStanza *answer, gint64 now)
{
  gboolean   is_whole = self->closing.is_whole;
  IBBFailure failure = IBB_FAILURE_INIT;

  if (answer->payload != IBB_PAYLOAD_ERROR || (self->closing.is_peer_closed && !awaits_word (self)))
    {
      end_input (self, is_complete (self, now));
      ibb_pendings_remove (self->parameters.context->pendings, &self->closing.pending);
      /* The peer has our bytes, and waits until the application has stored its own (D-67). */
      if (!self->closing.is_mutual || self->closing.peer_close == NULL)
        ibb_session_end_orderly (self);
      return;
    }

  ibb_failure_set_condition (&failure, IBB_FAILURE_CLOSE_UNCONFIRMED, answer->condition,
                             answer->text);
  if ((!is_whole || self->closing.is_mutual) && may_be_told (answer) &&
      self->state == IBB_SESSION_OPEN && ibb_session_interrupt (self, &failure))
    ; /* the answer to <resume/> tells whether the peer has ended in order (D-58) */
  else if (is_whole && !self->closing.is_mutual)
    ibb_closing_end_unconfirmed (self, &failure);
  else
    ibb_session_end (self, &failure);
  ibb_failure_clear (&failure);
}

/* Interruption (D-58). */

/* A <resume/> begins the timeout again, as a block does. TIMEOUTS_MAX bounds the sum without
 * interruptions, and resume-timeout bounds these: no peer can delay our close for ever. */
static void
resume_timeout (IBBSession *self, gint64 outage, gint64 now)
{
  IBBClosing *closing = &self->closing;

  closing->began += MIN (outage, now - closing->began);
  ibb_closing_prolong (self, now);
}

void
ibb_closing_resume (IBBSession *self, gboolean has_moved, gint64 outage, gint64 now)
{
  IBBClosing *closing = &self->closing;

  /* Without progress the peer gets only the rest of its time. A peer that takes nothing could hold
   * our close otherwise (D-38). */
  if (has_moved)
    ibb_closing_prolong_linger (self, now);
  else if (closing->linger_until != IBB_NEVER)
    closing->linger_until += outage;

  if (closing->pending.id == NULL)
    return;
  ibb_closing_push (self);
  if (closing->began != IBB_NEVER)
    resume_timeout (self, outage, now);
}

/* The owed result goes to the present address of the peer. */
void
ibb_closing_move (IBBSession *self)
{
  const IBBParameters *parameters = &self->parameters;
  IBBClosing          *closing = &self->closing;
  IBBStanza           *close;

  ibb_pendings_set_jid (parameters->context->pendings, &closing->pending, parameters->key.peer);
  if (closing->peer_close == NULL)
    return;

  close = ibb_stanza_record_new (IBB_STANZA_IQ, "set", IBB_PAYLOAD_CLOSE, closing->peer_close->id,
                                 NULL);
  close->to = ibb_parameters_dup_from (parameters);
  close->from = g_strdup (parameters->peer_jid);
  ibb_stanza_record_unref (closing->peer_close);
  closing->peer_close = close;
}

void
ibb_closing_peer_ended (IBBSession *self, const IBBStanza *answer, gint64 now)
{
  refuse_owed (self); /* no request stays without an answer (N-20) */
  ibb_sender_resume (&self->sender, answer, 0, 0, now);
  if (self->closing.out != IBB_OUT_CLOSE_SENT)
    ibb_sender_stop_writes (&self->sender, IBB_FAILURE_PEER_CLOSED);
  if (ibb_sender_is_drained (&self->sender))
    {
      end_input (self, is_complete (self, now));
      ibb_session_end_orderly (self);
    }
  else
    ibb_session_end_for (self, IBB_FAILURE_PEER_CLOSED);
}

void
ibb_closing_peer_forgot (IBBSession *self, const IBBStanza *answer, gint64 now)
{
  if (self->closing.out == IBB_OUT_CLOSE_SENT)
    ibb_closing_take_answer (self, answer, now);
  else
    {
      refuse_owed (self);
      ibb_session_end (self, &self->cause);
    }
}
