/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/session/lifecycle.h"

#include "core/session/closing.h"
#include "core/session/delivery.h"
#include "core/session/opening.h"
#include "core/session/resume.h"

/* reason: of the end of the session as a whole; its condition and text are for the peer. */
static void
abort_session (IBBSession *self, IBBFailure reason, gint64 now)
{
  const IBBFailure aborted = IBB_FAILURE_OF (IBB_FAILURE_ABORTED);

  if (self->opening != NULL)
    {
      if (self->state == IBB_SESSION_REQUESTED)
        reason.kind = IBB_FAILURE_CLOSED;
      ibb_opening_give_up (self, now);
    }
  self->closing.is_whole = TRUE;
  ibb_receiver_fail (&self->receiver, &aborted);
  if (ibb_session_is_lasting (self))
    {
      ibb_closing_tell_peer (self, &reason);
      ibb_receiver_refuse_all (&self->receiver);
    }
  ibb_session_end_for (self, reason.kind);
  ibb_receiver_drop_unread (&self->receiver);
  ibb_session_report (self);
  ibb_session_check_counted (self);
}

void
ibb_lifecycle_abort_with_reason (IBBSession  *self,
                                 IBBCondition condition,
                                 const char  *text,
                                 gint64       now)
{
  IBBFailure reason = IBB_FAILURE_INIT;

  ibb_failure_set_condition (&reason, IBB_FAILURE_ABORTED, condition, text);
  abort_session (self, reason, ibb_session_get_time (self, now));
  ibb_failure_clear (&reason);
}

void
ibb_lifecycle_abort (IBBSession *self, gint64 now)
{
  abort_session (self, (IBBFailure) IBB_FAILURE_OF (IBB_FAILURE_ABORTED),
                 ibb_session_get_time (self, now));
}

void
ibb_lifecycle_stop (IBBSession *self, gboolean abort_open, gint64 now)
{
  if (self->opening != NULL)
    {
      ibb_opening_give_up (self, ibb_session_get_time (self, now));
      ibb_session_end_for (self, IBB_FAILURE_STOPPED);
      ibb_session_settle (self);
    }
  else if (abort_open)
    ibb_lifecycle_abort (self, now);
}

/* Timers. */

static void
timeout (gpointer owner, gint64 now)
{
  g_autoptr (IBBSession) self = ibb_session_ref (owner);

  if (self->opening != NULL)
    {
      if (now >= self->opening->deadline)
        {
          ibb_opening_give_up (self, now);
          ibb_session_end_for (self, self->state == IBB_SESSION_REQUESTED
                                         ? IBB_FAILURE_ACCEPT_TIMEOUT
                                         : IBB_FAILURE_OPEN_TIMEOUT);
        }
    }
  else if (now >= self->untaken_until)
    {
      /* The session may have ended. */
      self->untaken_until = IBB_NEVER;
      abort_session (self, (IBBFailure) IBB_FAILURE_OF (IBB_FAILURE_ABORTED), now);
    }
  else if (self->state == IBB_SESSION_OPEN)
    ibb_delivery_timeout (self, now);
  else
    ibb_resume_timeout (self, now);
  ibb_session_settle (self);
}

static void
wait_timeout (gpointer owner, gint64 time)
{
  const IBBFailure       lost = IBB_FAILURE_OF (IBB_FAILURE_CONNECTION_LOST);
  g_autoptr (IBBSession) self = ibb_session_ref (owner);

  if (self->opening != NULL)
    {
      ibb_opening_give_up (self, ibb_session_get_time (self, time));
      ibb_session_end (self, &lost);
    }
  else if (ibb_session_interrupt (self, &lost))
    ibb_closing_give_up (self);
  else
    ibb_closing_fail (self, &lost);
  ibb_session_settle (self);
}

void
ibb_lifecycle_set_untaken (IBBSession *self, gboolean untaken, gint64 now)
{
  IBBContext *context = self->parameters.context;

  if (context->is_gone || (untaken && ibb_session_is_over (self)))
    return;

  self->untaken_until = untaken ? ibb_timer_get_deadline (ibb_session_get_time (self, now),
                                                          context->settings.accept_timeout)
                                : IBB_NEVER;
  ibb_session_update_timer (self);
}

void
ibb_lifecycle_settings_changed (IBBSession *self, gint64 now)
{
  IBBPair *pair = self->parameters.pair;

  if (self->state == IBB_SESSION_OPEN)
    {
      ibb_receiver_release (&self->receiver, now);
      ibb_sender_update_ready (&self->sender, now);
      self->has_changed = TRUE;
      ibb_pair_update_timer (pair, ibb_session_is_peer_needed (pair), now);
    }
  if (self->state == IBB_SESSION_INTERRUPTED && !self->parameters.context->settings.resume_sessions)
    ibb_closing_give_up (self);
  else
    ibb_resume_settings_changed (self);
  ibb_session_settle (self);
}

/* Opening. */

static IBBSession *
create (IBBContext *context, const IBBOpen *open, gboolean is_initiator)
{
  IBBSession *self = g_new0 (IBBSession, 1);

  g_ref_count_init (&self->ref_count);
  self->untaken_until = IBB_NEVER;
  self->resume.resumed = IBB_NEVER;
  self->resume.since = IBB_NEVER;
  ibb_timer_init (&self->timer, timeout, self);
  ibb_timer_init (&self->wait, wait_timeout, self);
  ibb_parameters_init (&self->parameters, context, self, open, is_initiator);
  ibb_registration_init (&self->registration, &self->parameters);
  ibb_sender_init (&self->sender, &self->parameters);
  ibb_receiver_init (&self->receiver, &self->parameters);
  self->closing.half_close = context->settings.half_close;
  self->closing.confirms = context->settings.confirm_close;
  self->closing.began = IBB_NEVER;
  self->closing.at = IBB_NEVER;
  self->closing.linger_until = IBB_NEVER;
  return self;
}

IBBSession *
ibb_lifecycle_open (IBBContext *context, const IBBOpen *open, gint64 time, IBBFailure *failure)
{
  IBBSession *self = create (context, open, TRUE);

  if (!ibb_parameters_have_room (&self->parameters))
    ibb_failure_set (failure, IBB_FAILURE_NO_ROOM);
  else if (!ibb_registration_enter (&self->registration))
    ibb_failure_set (failure, IBB_FAILURE_IN_USE);
  else
    {
      ibb_session_ref (self);
      ibb_opening_begin (self, open, ibb_session_get_time (self, time));
      if (context->clock.is_stopped)
        ibb_resume_suspend (self, time);
      return self;
    }

  ibb_session_unref (self);
  return NULL;
}

IBBSession *
ibb_lifecycle_take_request (
    IBBContext *context, IBBStanza *open, guint block_size, const char *local, const char *peer)
{
  IBBOpen     proposal = { .peer = open->from != NULL ? open->from : peer,
                           .local = open->to != NULL ? open->to : local,
                           .sid = open->sid,
                           .by_message = open->by_message,
                           .block_size = block_size };
  IBBSession *self = create (context, &proposal, FALSE);

  if (!ibb_parameters_have_room (&self->parameters) ||
      !ibb_registration_enter (&self->registration))
    {
      ibb_session_unref (self);
      return NULL;
    }
  ibb_session_ref (self);
  ibb_opening_keep_request (self, open);
  return self;
}

gboolean
ibb_lifecycle_accept (IBBSession *self, gint64 now)
{
  if (self->state != IBB_SESSION_REQUESTED)
    return FALSE;

  ibb_opening_accept (self, ibb_session_get_time (self, now));
  return TRUE;
}

gboolean
ibb_lifecycle_refuse (IBBSession *self, IBBCondition condition, const char *text)
{
  if (self->state != IBB_SESSION_REQUESTED)
    return FALSE;

  /* The peer gets the condition. The caller knows the reason. */
  ibb_opening_refuse (self, condition, text, IBB_FAILURE_CLOSED);
  return TRUE;
}

/* Closing. */

void
ibb_lifecycle_shutdown_output (IBBSession *self, gint64 now)
{
  IBBClosing *closing = &self->closing;

  if (!ibb_session_is_lasting (self))
    return;

  now = ibb_session_get_time (self, now);
  if (closing->out == IBB_OUT_OPEN || closing->out == IBB_OUT_DRAINING)
    closing->out = IBB_OUT_SHUT;
  ibb_sender_stop_writes (&self->sender, IBB_FAILURE_CLOSED);
  ibb_sender_flush (&self->sender, now);
  ibb_closing_proceed (self, now);
  ibb_session_settle (self);
}

static void
close_whole (IBBSession *self, gint64 now)
{
  const IBBFailure failure = IBB_FAILURE_OF (IBB_FAILURE_CLOSED);
  IBBClosing      *closing = &self->closing;

  closing->is_whole = TRUE;
  if (closing->out == IBB_OUT_OPEN)
    closing->out = IBB_OUT_DRAINING;

  ibb_sender_stop_writes (&self->sender, IBB_FAILURE_CLOSED);
  ibb_receiver_fail (&self->receiver, &failure);
  if (self->state == IBB_SESSION_OPEN)
    {
      ibb_receiver_refuse_all (&self->receiver);
      ibb_delivery_take_deferred (self, now);
    }
  else if (self->state == IBB_SESSION_INTERRUPTED)
    ibb_receiver_note_close (&self->receiver, now);
  if (closing->out == IBB_OUT_CLOSE_SENT && closing->began == IBB_NEVER && !closing->is_mutual)
    {
      /* The peer learns that nobody reads any more (D-39). */
      if (self->state == IBB_SESSION_OPEN)
        ibb_closing_push (self);
      ibb_closing_begin_timeout (self, now);
    }
  if (ibb_session_is_lasting (self))
    ibb_sender_flush (&self->sender, now);
  ibb_receiver_drop_unread (&self->receiver);
  ibb_closing_proceed (self, now);
}

void
ibb_lifecycle_close (IBBSession *self, gint64 now)
{
  if (self->opening != NULL)
    {
      ibb_lifecycle_abort (self, now);
      return;
    }

  if (!self->closing.is_whole)
    close_whole (self, ibb_session_get_time (self, now));
  ibb_session_check_counted (self);
  ibb_session_settle (self);
}
