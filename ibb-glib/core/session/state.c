/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/session/state.h"

#include "core/peer/first-hop.h"
#include "core/session/finished.h"

gint64
ibb_session_get_time (const IBBSession *self, gint64 now)
{
  return ibb_clock_get_time (&self->parameters.context->clock, now);
}

gboolean
ibb_session_is_lasting (const IBBSession *self)
{
  return self->state == IBB_SESSION_OPEN || self->state == IBB_SESSION_INTERRUPTED;
}

gboolean
ibb_session_is_over (const IBBSession *self)
{
  return self->state == IBB_SESSION_ENDED && self->receiver.queue.length == 0 &&
         (!self->receiver.eof || self->closing.is_whole);
}

gboolean
ibb_session_awaits_reply (const IBBSession *self)
{
  return ibb_sender_awaits_reply (&self->sender) ||
         (self->closing.pending.id != NULL && self->closing.at == IBB_NEVER);
}

gboolean
ibb_session_needs_peer (const IBBSession *self)
{
  const IBBClosing *closing = &self->closing;
  gboolean waits_for_us = closing->peer_close != NULL && closing->linger_until == IBB_NEVER;

  return self->state == IBB_SESSION_OPEN && !closing->is_whole &&
         self->receiver.queue.length == 0 && (!closing->is_peer_closed || waits_for_us);
}

/* Lifetime. */

static void
free_opening (IBBSession *self)
{
  IBBOpening *opening = self->opening;
  IBBContext *context = self->parameters.context;

  if (opening == NULL)
    return;

  ibb_pendings_remove (context->pendings, &opening->pending);
  if (opening->request != NULL)
    ibb_context_remove_request (context, self->parameters.key.peer);
  g_clear_pointer (&opening->request, ibb_stanza_record_unref);
  ibb_failure_clear (&opening->refusal);
  g_clear_pointer (&self->opening, g_free);
}

IBBSession *
ibb_session_ref (IBBSession *self)
{
  g_ref_count_inc (&self->ref_count);
  return self;
}

void
ibb_session_unref (IBBSession *self)
{
  if (!g_ref_count_dec (&self->ref_count))
    return;

  ibb_timer_clear (&self->timer);
  free_opening (self);
  ibb_sender_clear (&self->sender);
  ibb_receiver_clear (&self->receiver);
  ibb_session_clear_closing (self);
  ibb_failure_clear (&self->failure);
  ibb_failure_clear (&self->cause);
  ibb_registration_uncount (&self->registration);
  ibb_parameters_clear (&self->parameters);
  g_free (self);
}

void
ibb_session_begin (IBBSession *self, gint64 now)
{
  free_opening (self);
  self->state = IBB_SESSION_OPEN;
  self->parameters.context->has_moved = TRUE;
  self->has_changed = TRUE;
  self->silent_since = now;
  ibb_pair_heard (self->parameters.pair, now);
  ibb_sender_open (&self->sender, now);
}

/* Changes. */

void
ibb_session_check_counted (IBBSession *self)
{
  if (self->state == IBB_SESSION_ENDED && self->receiver.queue.length == 0 &&
      (!self->is_waiting || ibb_session_is_over (self)))
    ibb_registration_uncount (&self->registration);
}

/* While the session is open: see the list in state.h. */
static gint64
get_due (const IBBSession *self)
{
  const IBBPair *pair = self->parameters.pair;
  gint64         due, other;

  due = MIN (self->closing.linger_until, self->closing.at);
  other = ibb_sender_get_due (&self->sender);
  due = MIN (due, other);
  other = ibb_receiver_get_due (&self->receiver);
  due = MIN (due, other);
  if (!ibb_session_awaits_reply (self))
    return due;

  other = self->silent_since + ibb_pair_get_probe_interval (pair);
  other = MAX (other, ibb_pair_get_next_probe (pair));
  return MIN (due, other);
}

/* The timer may fire early, when its reason was put off. It is never late. */
void
ibb_session_update_timer (IBBSession *self)
{
  gint64 due = self->untaken_until;

  if (self->opening != NULL)
    due = MIN (due, self->opening->deadline);
  else if (self->state == IBB_SESSION_INTERRUPTED)
    due = MIN (due, self->resume.at);
  else if (self->state == IBB_SESSION_OPEN)
    {
      gint64 other = get_due (self);

      due = MIN (due, other);
    }
  if (due == IBB_NEVER)
    ibb_timer_clear (&self->timer);
  else if (due < self->timer.due)
    ibb_timer_set (&self->timer, &self->parameters.context->timers, due);
}

/* An orderly end is kept for a peer that has missed it. */
static void
leave (IBBSession *self)
{
  g_autoptr (IBBSession) keep = ibb_session_ref (self);
  IBBContext            *context = self->parameters.context;

  /* A session that the application has not taken is still aborted after its time (D-09). */
  ibb_timer_set (&self->timer, &context->timers, self->untaken_until);
  ibb_timer_clear (&self->wait);
  ibb_pendings_remove (context->pendings, &self->resume.pending);
  free_opening (self);
  if (self->parameters.secret != NULL && self->failure.kind == IBB_FAILURE_NONE)
    ibb_finished_add (&self->parameters, ibb_receiver_get_kept (&self->receiver),
                      ibb_receiver_get_acknowledged (&self->receiver),
                      self->resume.since == IBB_NEVER ? self->silent_since : IBB_NEVER);
  ibb_registration_leave (&self->registration);
  if (g_hash_table_size (context->sessions) == 0)
    ibb_first_hop_reset (context->first_hop);
  ibb_session_check_counted (self);
}

void
ibb_session_report (IBBSession *self)
{
  gboolean has_ended = self->has_ended;

  if (self->has_changed && ibb_registration_note_change (&self->registration))
    ibb_session_ref (self);
  self->has_changed = FALSE;
  self->has_ended = FALSE;
  if (has_ended)
    leave (self);
}

void
ibb_session_settle (IBBSession *self)
{
  g_autoptr (IBBSession) keep = ibb_session_ref (self);

  ibb_session_report (self);
  ibb_session_update_timer (self);
}

/* Interruption (D-58). */

static gboolean
can_be_interrupted (const IBBSession *self)
{
  return self->state == IBB_SESSION_OPEN && self->parameters.secret != NULL;
}

gboolean
ibb_session_needs_stream (const IBBSession *self)
{
  return self->state != IBB_SESSION_INTERRUPTED && !can_be_interrupted (self);
}

gboolean
ibb_session_interrupt (IBBSession *self, const IBBFailure *cause)
{
  if (!can_be_interrupted (self))
    return self->state == IBB_SESSION_INTERRUPTED;

  self->state = IBB_SESSION_INTERRUPTED;
  self->resume.at = 0; /* at once */
  ibb_failure_copy (&self->cause, cause);
  ibb_sender_interrupt (&self->sender);
  ibb_receiver_interrupt (&self->receiver);
  self->has_changed = TRUE;
  return TRUE;
}

/* The end. */

/* Refuses the stanzas that waited for the answer to an open, or for a missing block (D-24, D-42).
 */
static void
refuse_early (IBBSession *self)
{
  IBBStanza *stanza;

  while ((stanza = g_queue_pop_head (&self->receiver.early)) != NULL ||
         (stanza = ibb_receiver_pop_ahead (&self->receiver)) != NULL)
    {
      if (stanza->payload == IBB_PAYLOAD_DATA || stanza->payload == IBB_PAYLOAD_CLOSE)
        ibb_control_reply_error (&self->parameters.context->control, stanza,
                                 IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL, NULL);
      ibb_stanza_record_unref (stanza);
    }
}

void
ibb_session_end (IBBSession *self, const IBBFailure *failure)
{
  const IBBFailure  closed = IBB_FAILURE_OF (IBB_FAILURE_CLOSED);
  gboolean          is_orderly = failure->kind == IBB_FAILURE_NONE;
  const IBBFailure *reason = is_orderly ? &closed : failure;

  if (self->state == IBB_SESSION_ENDED)
    return;

  refuse_early (self);
  if (!self->receiver.eof)
    ibb_receiver_fail (&self->receiver, reason);
  ibb_sender_end (&self->sender, reason);
  if (self->failure.kind == IBB_FAILURE_NONE)
    ibb_failure_copy (&self->failure, failure);
  self->closing.out = IBB_OUT_ENDED;
  /* All our bytes have arrived, and the peer knows of the end. */
  if (is_orderly && self->sender.delivery_failure.kind == IBB_FAILURE_NONE)
    self->closing.output_shut = TRUE;
  ibb_session_clear_closing (self);

  self->state = IBB_SESSION_ENDED;
  /* Each request gets its answer (N-20). The bytes can still be read. */
  if (failure->kind == IBB_FAILURE_CONNECTION_LOST)
    ibb_acks_clear (&self->receiver.acks);
  else
    ibb_receiver_release_all (&self->receiver);
  self->has_changed = TRUE;
  self->has_ended = TRUE;
}

void
ibb_session_end_for (IBBSession *self, IBBFailureKind kind)
{
  ibb_session_end (self, &(IBBFailure) IBB_FAILURE_OF (kind));
}

void
ibb_session_end_orderly (IBBSession *self)
{
  if (self->receiver.failure.kind == IBB_FAILURE_PEER_ABORTED)
    ibb_failure_copy (&self->failure, &self->receiver.failure);
  ibb_session_end_for (self, IBB_FAILURE_NONE);
}

void
ibb_session_end_unconfirmed (IBBSession *self, const IBBFailure *failure)
{
  /* Half of an answer must not look like a whole one; messages that were sent may not have arrived
   * (D-37). */
  if (!self->closing.is_peer_closed && self->parameters.by_message && self->sender.written > 0)
    ibb_session_end (self, failure);
  else
    ibb_session_end_orderly (self);
}

void
ibb_session_end_unanswered (IBBSession *self)
{
  ibb_session_end_unconfirmed (self, &(IBBFailure) IBB_FAILURE_OF (IBB_FAILURE_CLOSE_UNCONFIRMED));
}

/* The end of the peer ends a close as the timeout does. */
static gboolean
is_end_of_close (const IBBSession *self)
{
  return self->closing.out == IBB_OUT_CLOSE_SENT &&
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
      return ibb_condition_means_nobody (failure->condition) ||
             failure->condition == IBB_CONDITION_RECIPIENT_UNAVAILABLE ||
             failure->condition == IBB_CONDITION_REMOTE_SERVER_TIMEOUT;
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
  ibb_session_tell_peer (self, NULL);
  ibb_session_end (self, is_due_to_peer_close (self, failure) ? &peer_closed : failure);
}

void
ibb_session_fail (IBBSession *self, const IBBFailure *failure)
{
  if (!ibb_session_is_lasting (self))
    ibb_session_end (self, failure);
  else if (failure->kind == IBB_FAILURE_PEER_GONE && is_end_of_close (self))
    ibb_session_end_unanswered (self);
  else if (!is_of_connection (failure) || !ibb_session_interrupt (self, failure))
    end_at_both (self, failure);
}

void
ibb_session_give_up (IBBSession *self)
{
  if (is_end_of_close (self))
    ibb_session_end_unanswered (self);
  else
    end_at_both (self, &self->cause);
}
