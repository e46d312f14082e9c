/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/session/session-private.h"

#include "core/peer/first-hop.h"

static void timeout (gpointer owner, gint64 now);
static void wait_timeout (gpointer owner, gint64 time);

static gint64
get_time (IBBSession *self, gint64 now)
{
  return ibb_clock_get_time (&self->parameters.context->clock, now);
}

static IBBLife *
get_life (IBBSession *self)
{
  return ibb_duplex_get_life (&self->duplex);
}

static gboolean
is_open (IBBSession *self)
{
  return ibb_life_is_open (get_life (self));
}

static const IBBSender *
get_sender (IBBSession *self)
{
  return ibb_duplex_get_sender (&self->duplex);
}

static const IBBReceiver *
get_receiver (IBBSession *self)
{
  return ibb_duplex_get_receiver (&self->duplex);
}

/* Lifetime. */

static IBBSession *
create (IBBContext *context, const IBBOpen *open, gboolean is_initiator)
{
  IBBSession *self = g_new0 (IBBSession, 1);

  g_ref_count_init (&self->ref_count);
  self->untaken_until = IBB_NEVER;
  ibb_timer_init (&self->timer, timeout, self);
  ibb_parameters_init (&self->parameters, context, self, open, is_initiator);
  ibb_registration_init (&self->registration, &self->parameters);
  ibb_duplex_init (&self->duplex, &self->parameters);
  ibb_resume_init (&self->resume, &self->parameters, &self->registration, &self->duplex,
                   wait_timeout);
  return self;
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
  g_clear_pointer (&self->opening, ibb_opening_free);
  ibb_duplex_clear (&self->duplex);
  ibb_registration_uncount (&self->registration);
  ibb_parameters_clear (&self->parameters);
  g_free (self);
}

/* An ended session counts for as long as it has unread bytes, or an end of which the application
 * does not know (D-08). */
static void
check_counted (IBBSession *self)
{
  if (ibb_life_get_state (get_life (self)) == IBB_LIFE_ENDED &&
      ibb_receiver_get_readable (get_receiver (self)) == 0 &&
      (!self->is_waiting || ibb_session_is_over (self)))
    ibb_registration_uncount (&self->registration);
}

void
ibb_session_take_change (IBBSession *self)
{
  ibb_registration_take_change (&self->registration);
}

/* Timers. */

/* One timer serves everything that a session may wait for. It may fire early, when its reason was
 * put off. It is never late. */
static void
update_timer (IBBSession *self)
{
  gint64 due = ibb_duplex_get_due (&self->duplex);

  due = MIN (due, self->untaken_until);
  due = MIN (due, ibb_resume_get_due (&self->resume));
  if (self->opening != NULL)
    due = MIN (due, ibb_opening_get_due (self->opening));
  if (due == IBB_NEVER)
    ibb_timer_clear (&self->timer);
  else if (due < self->timer.due)
    ibb_timer_set (&self->timer, &self->parameters.context->timers, due);
}

static void
leave (IBBSession *self)
{
  g_autoptr (IBBSession) keep = ibb_session_ref (self);
  IBBContext            *context = self->parameters.context;

  /* A session that the application has not taken is still aborted after its time (D-09). */
  ibb_timer_set (&self->timer, &context->timers, self->untaken_until);
  g_clear_pointer (&self->opening, ibb_opening_free);
  ibb_resume_finish (&self->resume);
  ibb_registration_leave (&self->registration);
  if (g_hash_table_size (context->sessions) == 0)
    ibb_first_hop_reset (context->first_hop);
  check_counted (self);
}

/* Reports the changes of a call after which no timer is due earlier than before. */
static void
report (IBBSession *self)
{
  IBBLifeNews news = ibb_life_take_news (get_life (self));

  if ((news & IBB_LIFE_HAS_CHANGED) != 0 && ibb_registration_note_change (&self->registration))
    ibb_session_ref (self);
  if ((news & IBB_LIFE_HAS_ENDED) != 0)
    leave (self);
}

/* Reports the changes of any call. */
static void
settle (IBBSession *self)
{
  g_autoptr (IBBSession) keep = ibb_session_ref (self);

  ibb_resume_update (&self->resume);
  report (self);
  update_timer (self);
}

void
ibb_session_end (IBBSession *self, const IBBFailure *failure)
{
  ibb_life_end (get_life (self), failure);
  settle (self);
}

static void
end_for (IBBSession *self, IBBFailureKind reason)
{
  ibb_session_end (self, &(IBBFailure) IBB_FAILURE_OF (reason));
}

/* told: the condition and text for the peer, (nullable). */
static void
abort_session (IBBSession *self, const IBBFailure *told, gint64 now)
{
  IBBFailure reason = IBB_FAILURE_OF (IBB_FAILURE_ABORTED);

  if (told != NULL)
    reason = *told;
  if (self->opening != NULL)
    reason.kind = ibb_opening_abort (self->opening, now);
  ibb_duplex_abort (&self->duplex, &reason);
  report (self);
  check_counted (self);
}

void
ibb_session_stop (IBBSession *self, gboolean abort_open, gint64 now)
{
  if (self->opening != NULL)
    {
      ibb_opening_give_up (self->opening, now);
      end_for (self, IBB_FAILURE_STOPPED);
    }
  else if (abort_open)
    abort_session (self, NULL, now);
}

/* Interruption (D-58). */

gboolean
ibb_session_is_interrupted (IBBSession *self)
{
  return ibb_life_is_interrupted (get_life (self));
}

gboolean
ibb_session_needs_stream (IBBSession *self)
{
  return ibb_life_needs_stream (get_life (self));
}

gboolean
ibb_session_interrupt (IBBSession *self, const IBBFailure *cause)
{
  if (!ibb_resume_interrupt (&self->resume, cause))
    return FALSE;

  settle (self);
  return TRUE;
}

static void
tell_wait (IBBSession *self)
{
  if (!ibb_life_is_lasting (get_life (self)))
    return;

  ibb_life_changed (get_life (self));
  report (self);
}

void
ibb_session_suspend (IBBSession *self, gint64 time)
{
  ibb_resume_suspend (&self->resume, time);
  tell_wait (self);
}

void
ibb_session_continue (IBBSession *self)
{
  ibb_resume_continue (&self->resume);
  tell_wait (self);
}

IBBSessionWait
ibb_session_get_wait (IBBSession *self)
{
  const IBBContext *context = self->parameters.context;

  if (!ibb_life_is_lasting (get_life (self)))
    return IBB_SESSION_WAIT_NONE;
  if (context->is_lost || ibb_clock_is_stopped (&context->clock))
    return IBB_SESSION_WAIT_CONNECTION;
  if (ibb_session_is_interrupted (self) || ibb_peer_is_silent (self->parameters.peer))
    return IBB_SESSION_WAIT_PEER;
  return IBB_SESSION_WAIT_NONE;
}

void
ibb_session_restored (IBBSession *self, const char *local, const char *normal)
{
  ibb_resume_restored (&self->resume, local, normal);
  settle (self);
  tell_wait (self);
}

gboolean
ibb_session_is_proven (IBBSession *self, const IBBStanza *resume)
{
  return ibb_resume_is_proven (&self->resume, resume);
}

void
ibb_session_receive_resume (IBBSession *self, IBBStanza *stanza, const char *from, gint64 now)
{
  ibb_resume_receive (&self->resume, stanza, from, now);
  settle (self);
}

void
ibb_session_resume_answered (IBBSession *self, IBBStanza *answer, gint64 now)
{
  ibb_resume_answered (&self->resume, answer, now);
  settle (self);
}

static void
timeout (gpointer owner, gint64 now)
{
  g_autoptr (IBBSession) self = ibb_session_ref (owner);

  if (self->opening != NULL)
    {
      if (now >= ibb_opening_get_due (self->opening))
        end_for (self, ibb_opening_timeout (self->opening, now));
    }
  else if (now >= self->untaken_until)
    {
      /* The session may have ended. */
      self->untaken_until = IBB_NEVER;
      abort_session (self, NULL, now);
    }
  else if (is_open (self))
    ibb_duplex_timeout (&self->duplex, now);
  else
    ibb_resume_timeout (&self->resume, now);
  settle (self);
}

/* The session has waited for resume-timeout, by the caller's time. */
static void
wait_timeout (gpointer owner, gint64 time)
{
  const IBBFailure       lost = IBB_FAILURE_OF (IBB_FAILURE_CONNECTION_LOST);
  g_autoptr (IBBSession) self = ibb_session_ref (owner);
  IBBLife               *life = get_life (self);

  if (self->opening != NULL)
    {
      ibb_opening_give_up (self->opening, get_time (self, time));
      ibb_life_end (life, &lost);
    }
  else if (ibb_resume_interrupt (&self->resume, &lost))
    ibb_life_give_up (life);
  else
    ibb_life_fail (life, &lost);
  settle (self);
}

void
ibb_session_set_untaken (IBBSession *self, gboolean untaken, gint64 now)
{
  IBBContext *context = self->parameters.context;

  if (context->is_gone || (untaken && ibb_session_is_over (self)))
    return;

  self->untaken_until =
      untaken ? ibb_timer_get_deadline (get_time (self, now), context->settings.accept_timeout)
              : IBB_NEVER;
  update_timer (self);
}

/* Opening. */

static void
opened (IBBSession *self, gint64 now)
{
  g_clear_pointer (&self->opening, ibb_opening_free);
  ibb_duplex_open (&self->duplex, now);
  ibb_peer_update_timer (self->parameters.peer,
                         ibb_session_is_peer_listened_to (self->parameters.peer), now);
}

IBBSession *
ibb_session_new (IBBContext *context, const IBBOpen *open, gint64 time, IBBFailure *failure)
{
  IBBSession *self = create (context, open, TRUE);
  gint64      now = get_time (self, time);

  if (ibb_registration_is_taken (&self->registration))
    ibb_failure_set (failure, IBB_FAILURE_IN_USE);
  else if (!ibb_parameters_have_room (&self->parameters))
    ibb_failure_set (failure, IBB_FAILURE_NO_ROOM);
  else
    {
      ibb_registration_enter (&ibb_session_ref (self)->registration);
      self->opening = ibb_opening_new (&self->parameters, &self->registration, open, now);
      update_timer (self);
      if (ibb_clock_is_stopped (&context->clock))
        ibb_session_suspend (self, time);
      return self;
    }

  ibb_session_unref (self);
  return NULL;
}

IBBSession *
ibb_session_new_request (
    IBBContext *context, IBBStanza *open, guint block_size, const char *local, const char *peer)
{
  IBBOpen     proposal = { .peer = open->from != NULL ? open->from : peer,
                           .local = open->to != NULL ? open->to : local,
                           .sid = open->sid,
                           .by_message = open->by_message,
                           .block_size = block_size };
  IBBSession *self = create (context, &proposal, FALSE);

  if (!ibb_parameters_have_room (&self->parameters))
    {
      ibb_session_unref (self);
      return NULL;
    }
  ibb_registration_enter (&ibb_session_ref (self)->registration);
  self->opening = ibb_opening_new_request (&self->parameters, &self->registration, open);
  return self;
}

void
ibb_session_ask (IBBSession *self, gint64 now)
{
  ibb_opening_ask (self->opening, now);
  update_timer (self);
}

void
ibb_session_open_answered (IBBSession *self, IBBStanza *answer, const char *from, gint64 now)
{
  g_autoptr (IBBSession) keep = ibb_session_ref (self);
  IBBOpeningVerdict      verdict;

  verdict = ibb_opening_answered (self->opening, answer, from, now);
  if (verdict == IBB_OPENING_ACCEPTED)
    {
      opened (self, now);
      ibb_duplex_receive_early (&self->duplex, now);
      settle (self);
    }
  else if (verdict == IBB_OPENING_REFUSED)
    ibb_session_end (self, ibb_opening_get_refusal (self->opening));
}

void
ibb_session_accept_now (IBBSession *self, gint64 now)
{
  /* The result is queued before our blocks (N-07). */
  ibb_opening_accept (self->opening);
  opened (self, now);
  settle (self);
}

gboolean
ibb_session_accept (IBBSession *self, gint64 now)
{
  if (ibb_session_get_state (self) != IBB_SESSION_REQUESTED)
    return FALSE;

  ibb_session_accept_now (self, get_time (self, now));
  return TRUE;
}

gboolean
ibb_session_refuse (IBBSession *self, IBBCondition condition, const char *text)
{
  if (ibb_session_get_state (self) != IBB_SESSION_REQUESTED)
    return FALSE;

  /* The peer gets the condition. The caller knows the reason. */
  ibb_opening_refuse (self->opening, condition, text);
  end_for (self, IBB_FAILURE_CLOSED);
  return TRUE;
}

void
ibb_session_withdraw (IBBSession *self)
{
  ibb_opening_refuse (self->opening, IBB_CONDITION_NOT_ACCEPTABLE, NULL);
  end_for (self, IBB_FAILURE_WITHDRAWN);
}

/* Stanzas. */

void
ibb_session_receive (IBBSession *self, IBBStanza *stanza, gint64 now)
{
  ibb_duplex_receive (&self->duplex, stanza, now);
  settle (self);
}

void
ibb_session_block_answered (IBBSession *self, IBBPending *pending, IBBStanza *answer, gint64 now)
{
  ibb_duplex_block_answered (&self->duplex, pending, answer, now);
  settle (self);
}

void
ibb_session_close_answered (IBBSession *self, IBBStanza *answer, gint64 now)
{
  ibb_duplex_close_answered (&self->duplex, answer, now);
  settle (self);
}

gboolean
ibb_session_can_send (IBBSession *self, gint64 now)
{
  return ibb_sender_can_send (get_sender (self), now);
}

gboolean
ibb_session_has_in_flight (IBBSession *self)
{
  return ibb_sender_has_in_flight (get_sender (self));
}

gsize
ibb_session_get_next_size (IBBSession *self)
{
  return ibb_sender_get_next_size (get_sender (self));
}

IBBStanza *
ibb_session_take_block (IBBSession *self, gint64 now)
{
  IBBStanza *stanza = ibb_duplex_take_block (&self->duplex, now);

  settle (self);
  return stanza;
}

void
ibb_session_update_ready (IBBSession *self, gint64 now)
{
  ibb_duplex_update_ready (&self->duplex, now);
}

void
ibb_session_stanza_passed (IBBSession *self, IBBPending *pending)
{
  ibb_duplex_passed (&self->duplex, pending);
  report (self);
}

void
ibb_session_stanza_sent (IBBSession *self, IBBPending *pending, gint64 now)
{
  if (ibb_duplex_sent (&self->duplex, pending, now))
    settle (self);
  else
    report (self);
}

void
ibb_session_send_failed (IBBSession *self)
{
  ibb_life_fail (get_life (self), &(IBBFailure) IBB_FAILURE_OF (IBB_FAILURE_SEND_FAILED));
  settle (self);
}

gsize
ibb_session_get_longest (IBBSession *self)
{
  return ibb_sender_get_longest (get_sender (self));
}

gboolean
ibb_session_has_room (IBBSession *self)
{
  return ibb_parameters_have_room (&self->parameters);
}

/* The peer, memory and settings. */

gboolean
ibb_session_is_peer_listened_to (IBBPeer *peer)
{
  const GList *l = ibb_peer_get_sessions (peer)->head;

  while (l != NULL && !ibb_duplex_listens (&((IBBSession *) l->data)->duplex))
    l = l->next;
  return l != NULL;
}

void
ibb_session_ask_about_idle (IBBPeer *peer, gint64 now)
{
  GList *l = ibb_peer_get_sessions (peer)->head;

  while (l != NULL && !ibb_duplex_is_idle (&((IBBSession *) l->data)->duplex, now))
    l = l->next;
  if (l != NULL)
    {
      const IBBParameters *parameters = &((IBBSession *) l->data)->parameters;
      g_autofree char     *from = ibb_parameters_dup_from (parameters);

      ibb_peer_ask_about (peer, l, parameters->key.sid, from);
    }
}

void
ibb_session_heed_peer (IBBSession *self, IBBPeerVerdict verdict, gint64 now)
{
  gboolean is_silent = verdict == IBB_PEER_SILENT;

  if (is_silent != self->heeds_silence)
    ibb_life_changed (get_life (self));
  self->heeds_silence = is_silent;
  ibb_duplex_heed_peer (&self->duplex, verdict, now);
  settle (self);
}

void
ibb_session_peer_not_probed (IBBSession *self)
{
  update_timer (self);
}

void
ibb_session_release_waiting (IBBSession *self, gint64 now)
{
  ibb_duplex_release_waiting (&self->duplex, now);
  update_timer (self);
}

void
ibb_session_settings_changed (IBBSession *self, gint64 now)
{
  if (is_open (self))
    ibb_duplex_settings_changed (&self->duplex, now);
  ibb_resume_settings_changed (&self->resume);
  settle (self);
  if (is_open (self))
    ibb_peer_update_timer (self->parameters.peer,
                           ibb_session_is_peer_listened_to (self->parameters.peer), now);
}

/* Closing. */

void
ibb_session_close_output (IBBSession *self)
{
  ibb_duplex_close_output (&self->duplex);
}

void
ibb_session_close_input (IBBSession *self)
{
  ibb_duplex_close_input (&self->duplex);
  check_counted (self);
}

void
ibb_session_shutdown_output (IBBSession *self, gint64 now)
{
  ibb_duplex_shutdown_output (&self->duplex, get_time (self, now));
  settle (self);
}

void
ibb_session_close (IBBSession *self, gint64 now)
{
  if (self->opening != NULL)
    {
      ibb_session_abort (self, now);
      return;
    }

  ibb_duplex_close (&self->duplex, get_time (self, now));
  check_counted (self);
  settle (self);
}

void
ibb_session_abort (IBBSession *self, gint64 now)
{
  abort_session (self, NULL, get_time (self, now));
}

void
ibb_session_abort_with_reason (IBBSession  *self,
                               IBBCondition condition,
                               const char  *text,
                               gint64       now)
{
  IBBFailure reason = IBB_FAILURE_INIT;

  ibb_failure_set_condition (&reason, IBB_FAILURE_ABORTED, condition, text);
  abort_session (self, &reason, get_time (self, now));
  ibb_failure_clear (&reason);
}

gboolean
ibb_session_is_over (IBBSession *self)
{
  const IBBReceiver *receiver = get_receiver (self);

  return ibb_life_get_state (get_life (self)) == IBB_LIFE_ENDED &&
         ibb_receiver_get_readable (receiver) == 0 &&
         (!ibb_receiver_has_eof (receiver) ||
          ibb_closing_is_whole (ibb_duplex_get_closing (&self->duplex)));
}

void
ibb_session_set_waiting (IBBSession *self, gboolean is_waiting)
{
  self->is_waiting = is_waiting;
  check_counted (self);
}

/* Reading and writing. */

IBBInput
ibb_session_get_input (IBBSession *self)
{
  if (ibb_receiver_get_readable (get_receiver (self)) > 0)
    return IBB_INPUT_DATA;
  if (ibb_receiver_get_failure (get_receiver (self))->kind != IBB_FAILURE_NONE)
    return IBB_INPUT_FAILED;
  return ibb_receiver_has_eof (get_receiver (self)) ? IBB_INPUT_EOF : IBB_INPUT_EMPTY;
}

gsize
ibb_session_read (IBBSession *self, guint8 *bytes, gsize length, gint64 now)
{
  gsize n;

  now = get_time (self, now);
  n = ibb_duplex_read (&self->duplex, bytes, length, now);
  if (n == 0)
    return 0;

  if (is_open (self))
    {
      update_timer (self);
      if (ibb_duplex_listens (&self->duplex))
        ibb_peer_update_timer (self->parameters.peer, TRUE, now);
    }
  check_counted (self);
  return n;
}

IBBOutput
ibb_session_get_output (IBBSession *self)
{
  if (ibb_sender_get_output_failure (get_sender (self))->kind != IBB_FAILURE_NONE)
    return IBB_OUTPUT_FAILED;
  return ibb_session_get_writable (self) > 0 ? IBB_OUTPUT_ROOM : IBB_OUTPUT_FULL;
}

gsize
ibb_session_get_writable (IBBSession *self)
{
  return ibb_life_is_lasting (get_life (self)) ? ibb_sender_get_room (get_sender (self)) : 0;
}

gboolean
ibb_session_is_worth_waking (IBBSession *self, gsize length)
{
  return ibb_life_is_lasting (get_life (self)) &&
         ibb_sender_is_worth_waking (get_sender (self), length);
}

gsize
ibb_session_write (IBBSession *self, const guint8 *bytes, gsize length, gint64 now)
{
  return ibb_duplex_write (&self->duplex, bytes, length, get_time (self, now));
}

void
ibb_session_flush (IBBSession *self, gint64 now)
{
  ibb_duplex_flush (&self->duplex, get_time (self, now));
}

gboolean
ibb_session_get_auto_flush (IBBSession *self)
{
  return ibb_sender_get_auto_flush (get_sender (self));
}

void
ibb_session_set_auto_flush (IBBSession *self, gboolean auto_flush, gint64 now)
{
  ibb_duplex_set_auto_flush (&self->duplex, auto_flush, get_time (self, now));
}

/* Queries. */

gpointer
ibb_session_get_data (IBBSession *self)
{
  return self->data;
}

void
ibb_session_set_data (IBBSession *self, gpointer data)
{
  self->data = data;
}

IBBSessionState
ibb_session_get_state (IBBSession *self)
{
  switch (ibb_life_get_state (get_life (self)))
    {
    case IBB_LIFE_OPEN:
    case IBB_LIFE_INTERRUPTED:
      return IBB_SESSION_OPEN;
    case IBB_LIFE_ENDED:
      return IBB_SESSION_ENDED;
    case IBB_LIFE_NEW:
    default:
      return ibb_opening_is_request (self->opening) ? IBB_SESSION_REQUESTED : IBB_SESSION_OPENING;
    }
}

const char *
ibb_session_get_sid (IBBSession *self)
{
  return self->parameters.key.sid;
}

const char *
ibb_session_get_peer (IBBSession *self)
{
  return self->parameters.peer_jid;
}

const char *
ibb_session_get_local (IBBSession *self)
{
  return self->parameters.local_jid;
}

guint
ibb_session_get_block_size (IBBSession *self)
{
  return self->parameters.block_size;
}

gboolean
ibb_session_is_by_message (IBBSession *self)
{
  return self->parameters.by_message;
}

const IBBFailure *
ibb_session_get_input_failure (IBBSession *self)
{
  return ibb_receiver_get_failure (get_receiver (self));
}

const IBBFailure *
ibb_session_get_output_failure (IBBSession *self)
{
  return ibb_sender_get_output_failure (get_sender (self));
}

const IBBFailure *
ibb_session_get_delivery_failure (IBBSession *self)
{
  return ibb_sender_get_delivery_failure (get_sender (self));
}

const IBBFailure *
ibb_session_get_failure (IBBSession *self)
{
  return ibb_life_get_failure (get_life (self));
}

gboolean
ibb_session_is_output_shut (IBBSession *self)
{
  return ibb_closing_is_output_shut (ibb_duplex_get_closing (&self->duplex));
}

guint64
ibb_session_get_written (IBBSession *self)
{
  return ibb_sender_get_written (get_sender (self));
}

guint64
ibb_session_get_passed (IBBSession *self)
{
  return ibb_sender_get_passed (get_sender (self));
}

guint64
ibb_session_get_delivered (IBBSession *self)
{
  return ibb_sender_get_delivered (get_sender (self));
}

guint64
ibb_session_get_received (IBBSession *self)
{
  return ibb_receiver_get_received (get_receiver (self));
}

guint64
ibb_session_get_segmented (IBBSession *self)
{
  return ibb_sender_get_segmented (get_sender (self));
}
