/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The end of a session: ours, the peer's, both at once, orderly or not. */

#include "config.h"

#include "core/engine-private.h"
#include "core/session-private.h"

static IBBStanza *
make_close (IBBSession *self, const char *id, gboolean unclean)
{
  IBBStanza *close =
      ibb_stanza_record_new (IBB_STANZA_IQ, "set", IBB_PAYLOAD_CLOSE, id, self->peer_jid);

  ibb_session_set_from (self, close);
  close->sid = g_strdup (self->sid);
  close->unclean = unclean;
  return close;
}

static gint64
get_close_timeout (IBBSession *self)
{
  return (gint64) self->engine->settings.close_timeout * 1000;
}

static void
send_close (IBBSession *self, gint64 now)
{
  IBBEngine *engine = self->engine;

  self->close_sent = TRUE;
  self->close_id = ibb_engine_new_id (engine);
  ibb_engine_add_pending (engine, IBB_PENDING_CLOSE, self->close_id, self->peer_normal)->session =
      self;
  ibb_engine_queue_control (engine, make_close (self, self->close_id, FALSE));
  self->sender.heard = now;
  if (self->close)
    self->close_at = now + get_close_timeout (self);
}

/* The same <close/> again, after a silence (D-27). */
void
ibb_session_repeat_close (IBBSession *self)
{
  ibb_engine_queue_control (self->engine, make_close (self, self->close_id, FALSE));
}

/* Nobody waits for the reply to this one (D-49). */
static void
send_unclean_close (IBBSession *self)
{
  g_autofree char *id = ibb_engine_new_id (self->engine);

  ibb_engine_queue_control (self->engine, make_close (self, id, TRUE));
}

/* The peer may read until the result that we owe, which would tell it that it
 * has everything (D-37): not when something of ours is missing. */
static void
refuse_peer_close (IBBSession *self)
{
  ibb_engine_reply_error (self->engine, self->peer_close, IBB_CONDITION_ITEM_NOT_FOUND,
                          IBB_ERROR_TYPE_CANCEL, NULL);
}

/* The peer learns that it is over: by the answer that we owe, or by a <close/>,
 * after an orderly one as well, upon which it may be writing on (D-39, D-41).
 * When both have closed, both have said all (D-40). */
static void
tell_peer (IBBSession *self)
{
  if (self->peer_close != NULL)
    refuse_peer_close (self);
  else if (!self->peer_closed)
    send_unclean_close (self);
}

static void
end_orderly (IBBSession *self)
{
  /* The way in may have failed while ours went well. */
  if (self->input_failure.kind == IBB_FAILURE_PEER_ABORTED)
    ibb_failure_copy (&self->failure, &self->input_failure);
  ibb_session_end (self, &(IBBFailure) IBB_FAILURE_INIT);
}

static void
answer_peer_close (IBBSession *self)
{
  IBBFailure failure = IBB_FAILURE_INIT;

  if (ibb_sender_is_drained (self))
    {
      ibb_engine_reply_result (self->engine, self->peer_close);
      end_orderly (self);
    }
  else
    {
      refuse_peer_close (self);
      ibb_failure_set (&failure, IBB_FAILURE_PEER_CLOSED);
      ibb_session_end (self, &failure);
    }
}

/* Whether our application may still write although the peer has closed (D-39). */
static gboolean
may_write_on (IBBSession *self)
{
  return self->half_close && !self->shutdown && !self->close;
}

void
ibb_session_proceed (IBBSession *self, gint64 now)
{
  if (self->state != IBB_SESSION_OPEN || !ibb_sender_is_drained (self))
    return;

  if (self->peer_close != NULL)
    {
      if (!may_write_on (self))
        answer_peer_close (self);
    }
  else if ((self->shutdown || self->close) && !self->close_sent)
    {
      send_close (self, now);
      ibb_session_update_timer (self, now); /* its time-out begins */
    }
}

/* The peer's. */

/* D-45: what came before may not be all that it meant to send. */
static gboolean
is_orderly (IBBSession *self, gboolean unclean, gint64 now)
{
  IBBReceiver   *receiver = &self->receiver;
  const IBBHeld *held = g_queue_peek_head (&receiver->held);

  if (unclean || receiver->refusing || receiver->answered_error)
    return FALSE;
  /* Some end a session upon an error of their own, with this for a word (H-03). */
  if (self->sender.refused_for_good)
    return FALSE;
  return held == NULL || g_queue_get_length (&receiver->held) > 1 ||
         now - held->arrived <= IBB_ACK_DELAY;
}

static void
end_input (IBBSession *self, gboolean orderly)
{
  if (self->input_failure.kind != IBB_FAILURE_NONE)
    return;

  if (orderly)
    self->receiver.eof = TRUE;
  else
    ibb_failure_set (&self->input_failure, IBB_FAILURE_PEER_ABORTED);
  ibb_session_changed (self);
}

static void
set_if_none (IBBFailure *failure, IBBFailureKind kind)
{
  if (failure->kind == IBB_FAILURE_NONE)
    ibb_failure_set (failure, kind);
}

/* What was written still goes out, for as long as the peer takes it (D-38):
 * without end where the application has agreed to say its last word after the
 * peer's (D-39, D-40). */
static void
stop_writing (IBBSession *self, gint64 now)
{
  if (!self->half_close && !self->shutdown)
    self->linger_until = now + IBB_LINGER;
  set_if_none (&self->output_failure, IBB_FAILURE_PEER_CLOSED);
  ibb_sender_flush (self, now);
  ibb_session_changed (self);
}

static void
peer_aborted (IBBSession *self, IBBStanza *stanza)
{
  IBBFailure failure = IBB_FAILURE_INIT;

  ibb_engine_reply_result (self->engine, stanza);
  /* Whoever closed the whole wants no more, and all of theirs arrived (D-37). */
  if (self->close && ibb_sender_is_drained (self))
    {
      end_orderly (self);
      return;
    }

  ibb_failure_set (&failure, IBB_FAILURE_PEER_ABORTED);
  ibb_session_end (self, &failure);
}

static void
closed_again (IBBSession *self, IBBStanza *stanza)
{
  if (self->peer_close == NULL)
    ibb_engine_reply_error (self->engine, stanza, IBB_CONDITION_ITEM_NOT_FOUND,
                            IBB_ERROR_TYPE_CANCEL, NULL);
  /* Ours to answer still, if it is the same one again (D-27). */
  else if (g_strcmp0 (self->peer_close->id, stanza->id) == 0)
    return;
  /* It does not wait for our last word any more (D-41). */
  else if (stanza->unclean)
    {
      refuse_peer_close (self);
      peer_aborted (self, stanza);
    }
  else
    ibb_engine_reply_error (self->engine, stanza, IBB_CONDITION_ITEM_NOT_FOUND,
                            IBB_ERROR_TYPE_CANCEL, NULL);
}

void
ibb_session_receive_close (IBBSession *self, IBBStanza *stanza, gint64 now)
{
  if (self->peer_closed)
    {
      closed_again (self, stanza);
      return;
    }

  self->peer_closed = TRUE;
  ibb_sender_heard (self, now);
  end_input (self, is_orderly (self, stanza->unclean, now));
  ibb_receiver_release_all (self);
  if (stanza->unclean)
    {
      peer_aborted (self, stanza);
      return;
    }

  if (self->close_sent)
    {
      /* Crossing closes (D-40): both sides have said all. */
      ibb_engine_reply_result (self->engine, stanza);
      if (self->close_at == IBB_NEVER)
        self->close_at = now + get_close_timeout (self);
    }
  else
    {
      self->peer_close = ibb_stanza_record_ref (stanza);
      if (!may_write_on (self))
        stop_writing (self, now);
      ibb_session_proceed (self, now);
    }
  ibb_session_update_timer (self, now);
}

void
ibb_session_close_answered (IBBSession *self, IBBStanza *answer, gint64 now)
{
  gboolean   result = answer->payload != IBB_PAYLOAD_ERROR;
  IBBFailure failure = IBB_FAILURE_INIT;

  if (result || self->peer_closed)
    {
      end_input (self, is_orderly (self, FALSE, now));
      end_orderly (self);
    }
  else if (self->close && (self->carrier == IBB_CARRIER_IQ || self->sender.written == 0))
    end_orderly (self);
  else
    {
      /* Half of an answer must not look whole; sent messages may not have
       * arrived (D-37). */
      ibb_failure_set_condition (&failure, IBB_FAILURE_CLOSE_UNCONFIRMED, answer->condition,
                                 answer->text);
      ibb_session_end (self, &failure);
    }
  ibb_failure_clear (&failure);
}

gint64
ibb_session_get_close_due (IBBSession *self)
{
  return MIN (self->linger_until, self->close_at);
}

void
ibb_session_restart_close_timeout (IBBSession *self, gint64 now)
{
  self->close_at = now + get_close_timeout (self);
  ibb_session_update_timer (self, now);
}

void
ibb_session_close_timeout (IBBSession *self, gint64 now)
{
  IBBFailure failure = IBB_FAILURE_INIT;

  if (now >= self->linger_until)
    answer_peer_close (self);
  else if (now >= self->close_at)
    {
      if (self->carrier == IBB_CARRIER_MESSAGE && self->sender.written > 0 && !self->peer_closed)
        {
          ibb_failure_set (&failure, IBB_FAILURE_CLOSE_UNCONFIRMED);
          ibb_session_end (self, &failure);
        }
      else
        end_orderly (self);
    }
}

/* Ours. */

void
ibb_session_set_half_close (IBBSession *self, gboolean half_close, gint64 now)
{
  self->half_close = half_close;
  if (self->state != IBB_SESSION_OPEN)
    return;

  now = ibb_engine_get_time (self->engine, now);
  if (self->peer_close != NULL && !may_write_on (self) && self->linger_until == IBB_NEVER)
    stop_writing (self, now);
  ibb_session_proceed (self, now);
  ibb_session_update_timer (self, now);
}

void
ibb_session_close_output (IBBSession *self, gint64 now)
{
  set_if_none (&self->output_failure, IBB_FAILURE_CLOSED);
  ibb_session_changed (self);
}

void
ibb_session_shutdown_output (IBBSession *self, gint64 now)
{
  if (self->state != IBB_SESSION_OPEN || self->shutdown)
    return;

  now = ibb_engine_get_time (self->engine, now);
  self->shutdown = TRUE;
  set_if_none (&self->output_failure, IBB_FAILURE_CLOSED);
  ibb_sender_flush (self, now);
  ibb_session_proceed (self, now);
  ibb_session_changed (self);
  ibb_session_update_timer (self, now);
}

void
ibb_session_close (IBBSession *self, gint64 now)
{
  if (self->close)
    return;
  if (self->state == IBB_SESSION_OPENING || self->state == IBB_SESSION_REQUESTED)
    {
      ibb_session_abort (self, now);
      return;
    }

  now = ibb_engine_get_time (self->engine, now);
  self->close = TRUE;
  set_if_none (&self->output_failure, IBB_FAILURE_CLOSED);
  set_if_none (&self->input_failure, IBB_FAILURE_CLOSED);
  self->receiver.closed = TRUE;
  if (self->state == IBB_SESSION_OPEN)
    {
      ibb_receiver_refuse_held (self);
      if (self->close_sent)
        self->close_at = MIN (self->close_at, now + get_close_timeout (self));
      ibb_sender_flush (self, now);
    }
  ibb_receiver_drop_unread (self);
  ibb_session_proceed (self, now);
  ibb_session_changed (self);
  ibb_session_update_timer (self, now);
}

void
ibb_session_abort (IBBSession *self, gint64 now)
{
  IBBFailure failure = IBB_FAILURE_INIT;

  now = ibb_engine_get_time (self->engine, now);
  self->close = TRUE;
  set_if_none (&self->input_failure, IBB_FAILURE_ABORTED);
  ibb_failure_set (&failure, IBB_FAILURE_ABORTED);

  if (self->state == IBB_SESSION_REQUESTED)
    ibb_session_refuse (self, IBB_CONDITION_NOT_ACCEPTABLE, NULL, now);
  else if (self->state == IBB_SESSION_OPENING)
    ibb_engine_abandon_open (self, now);
  else if (self->state == IBB_SESSION_OPEN)
    {
      ibb_receiver_refuse_held (self);
      tell_peer (self);
    }
  ibb_session_end (self, &failure);
  ibb_receiver_drop_unread (self);
  ibb_session_changed (self);
}

void
ibb_session_fail (IBBSession *self, const IBBFailure *failure, gint64 now)
{
  IBBFailure peer_closed = IBB_FAILURE_INIT;

  if (self->state != IBB_SESSION_OPEN)
    return;

  ibb_receiver_release_all (self);
  tell_peer (self);
  /* What ends the lingering after the peer's close is that close (D-38). */
  if (self->peer_close != NULL)
    {
      ibb_failure_set (&peer_closed, IBB_FAILURE_PEER_CLOSED);
      ibb_session_end (self, &peer_closed);
    }
  else
    ibb_session_end (self, failure);
}
