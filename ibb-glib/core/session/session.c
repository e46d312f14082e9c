/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/session/session.h"

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

gboolean
ibb_session_waits_for_peer (const IBBSession *self)
{
  const IBBParameters *parameters = &self->parameters;

  return self->state == IBB_SESSION_OPEN &&
         (ibb_session_awaits_reply (self) ||
          (parameters->by_message && !ibb_pace_may_send (&parameters->pair->pace)));
}

gboolean
ibb_session_is_peer_awaited (const IBBPair *pair)
{
  const GList *l = pair->sessions.head;

  while (l != NULL && !ibb_session_waits_for_peer (l->data))
    l = l->next;
  return l != NULL;
}

gboolean
ibb_session_is_peer_needed (const IBBPair *pair)
{
  const GList *l = pair->sessions.head;

  while (l != NULL && !ibb_session_needs_peer (l->data))
    l = l->next;
  return l != NULL;
}

void
ibb_session_heard (IBBSession *self, gint64 now)
{
  self->silent_since = now;
  ibb_pair_heard (self->parameters.pair, now);
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

static void
clear_closing (IBBSession *self)
{
  ibb_pendings_remove (self->parameters.context->pendings, &self->closing.pending);
  g_clear_pointer (&self->closing.peer_close, ibb_stanza_record_unref);
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
  clear_closing (self);
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

/* While the session is open: see the list in session.h. */
static gint64
get_due (const IBBSession *self)
{
  const IBBPair *pair = self->parameters.pair;
  gint64         due, other, next;

  due = MIN (self->closing.linger_until, self->closing.at);
  other = ibb_sender_get_due (&self->sender);
  due = MIN (due, other);
  other = ibb_receiver_get_due (&self->receiver);
  due = MIN (due, other);
  if (!ibb_session_awaits_reply (self))
    return due;

  other = self->silent_since + ibb_pair_get_probe_interval (pair);
  next = ibb_pair_get_next_probe (pair);
  other = MAX (other, next);
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
  return self->state == IBB_SESSION_OPEN && self->parameters.secret != NULL &&
         self->parameters.context->settings.resume_sessions;
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
  clear_closing (self);

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

/* Proofs (D-58). */

/* is_ours: this end makes the statement. */
static IBBStatement
get_statement (const IBBSession *self,
               const IBBStanza  *stanza,
               IBBProofKind      kind,
               guint32           count,
               gboolean          is_ours)
{
  const IBBParameters *parameters = &self->parameters;

  return (IBBStatement){ kind,
                         parameters->is_initiator == is_ours,
                         parameters->key.sid,
                         count,
                         stanza->received,
                         stanza->acknowledged };
}

/* Proofs. */

void
ibb_session_sign (const IBBSession *self, IBBStanza *stanza, IBBProofKind kind, guint32 count)
{
  IBBStatement statement = get_statement (self, stanza, kind, count, TRUE);

  stanza->has_position = TRUE;
  stanza->proof = ibb_proof_create (self->parameters.secret, &statement);
}

gboolean
ibb_session_is_signed (const IBBSession *self,
                       const IBBStanza  *stanza,
                       IBBProofKind      kind,
                       guint32           count)
{
  IBBStatement statement = get_statement (self, stanza, kind, count, FALSE);

  return self->parameters.secret != NULL &&
         ibb_proof_matches (stanza->proof, self->parameters.secret, &statement);
}

/* The application. */

/* Queries. */

IBBSessionState
ibb_session_get_state (IBBSession *self)
{
  return self->state == IBB_SESSION_INTERRUPTED ? IBB_SESSION_OPEN : self->state;
}

IBBSessionWait
ibb_session_get_wait (IBBSession *self)
{
  const IBBContext *context = self->parameters.context;

  if (!ibb_session_is_lasting (self))
    return IBB_SESSION_WAIT_NONE;
  if (context->is_lost || context->clock.is_stopped)
    return IBB_SESSION_WAIT_CONNECTION;
  if (self->state == IBB_SESSION_INTERRUPTED || ibb_pair_is_silent (self->parameters.pair))
    return IBB_SESSION_WAIT_PEER;
  return IBB_SESSION_WAIT_NONE;
}

void
ibb_session_set_waiting (IBBSession *self, gboolean is_waiting)
{
  self->is_waiting = is_waiting;
  ibb_session_check_counted (self);
}

/* Reading and writing. */

IBBInput
ibb_session_get_input (IBBSession *self)
{
  if (self->receiver.queue.length > 0)
    return IBB_INPUT_DATA;
  if (self->receiver.failure.kind != IBB_FAILURE_NONE)
    return IBB_INPUT_FAILED;
  return self->receiver.eof ? IBB_INPUT_EOF : IBB_INPUT_EMPTY;
}

/* After the last unread byte is gone: the session may depend on the peer. */
static void
update_peer (IBBSession *self, gint64 now)
{
  if (ibb_session_needs_peer (self))
    ibb_pair_update_timer (self->parameters.pair, TRUE, now);
}

gsize
ibb_session_read (IBBSession *self, guint8 *bytes, gsize length, gint64 now)
{
  gsize n = ibb_receiver_read (&self->receiver, bytes, length, ibb_session_get_time (self, now));

  if (n == 0)
    return 0;

  if (self->state == IBB_SESSION_OPEN)
    {
      now = ibb_session_get_time (self, now);
      ibb_receiver_release (&self->receiver, now);
      ibb_session_update_timer (self);
      update_peer (self, now);
    }
  ibb_session_check_counted (self);
  return n;
}

void
ibb_session_close_input (IBBSession *self, gint64 now)
{
  const IBBFailure failure = IBB_FAILURE_OF (IBB_FAILURE_CLOSED);

  if (self->state == IBB_SESSION_OPEN)
    ibb_receiver_release_all (&self->receiver);
  ibb_receiver_discard (&self->receiver, &failure);
  update_peer (self, ibb_session_get_time (self, now));
  ibb_session_check_counted (self);
}

IBBOutput
ibb_session_get_output (IBBSession *self)
{
  if (self->sender.output_failure.kind != IBB_FAILURE_NONE)
    return IBB_OUTPUT_FAILED;
  return ibb_session_get_writable (self) > 0 ? IBB_OUTPUT_ROOM : IBB_OUTPUT_FULL;
}

gsize
ibb_session_get_writable (IBBSession *self)
{
  return ibb_session_is_lasting (self) ? ibb_sender_get_room (&self->sender) : 0;
}

gboolean
ibb_session_is_worth_waking (IBBSession *self, gsize length)
{
  return ibb_session_is_lasting (self) && ibb_sender_is_worth_waking (&self->sender, length);
}

gsize
ibb_session_write (IBBSession *self, const guint8 *bytes, gsize length, gint64 now)
{
  if (!ibb_session_is_lasting (self))
    return 0;
  return ibb_sender_write (&self->sender, bytes, length, ibb_session_get_time (self, now));
}

void
ibb_session_flush (IBBSession *self, gint64 now)
{
  ibb_sender_flush (&self->sender, ibb_session_get_time (self, now));
}

void
ibb_session_set_auto_flush (IBBSession *self, gboolean auto_flush, gint64 now)
{
  ibb_sender_set_auto_flush (&self->sender, auto_flush, ibb_session_get_time (self, now));
}

/* Closing. */

void
ibb_session_close_output (IBBSession *self)
{
  ibb_sender_stop_writes (&self->sender, IBB_FAILURE_CLOSED);
}
