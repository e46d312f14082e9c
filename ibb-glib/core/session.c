/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/engine-private.h"
#include "core/jid.h"
#include "core/session-private.h"

static void
timeout (gpointer owner, gint64 now)
{
  g_autoptr (IBBSession) self = ibb_session_ref (owner);
  IBBFailure             failure = IBB_FAILURE_INIT;

  if (self->state == IBB_SESSION_OPENING && now >= self->deadline)
    {
      ibb_engine_abandon_open (self, now);
      ibb_failure_set (&failure, IBB_FAILURE_OPEN_TIMEOUT);
      ibb_session_end (self, &failure);
    }
  else if (self->state == IBB_SESSION_REQUESTED && now >= self->deadline)
    {
      ibb_session_refuse (self, IBB_CONDITION_NOT_ACCEPTABLE, NULL, now); /* D-15 */
      ibb_failure_set (&self->failure, IBB_FAILURE_ACCEPT_TIMEOUT);
    }
  else if (self->state == IBB_SESSION_OPEN)
    {
      ibb_receiver_release (self, now);
      ibb_sender_timeout (self, now);
      if (self->state == IBB_SESSION_OPEN)
        ibb_session_close_timeout (self, now);
    }

  ibb_session_update_timer (self, now);
}

IBBSession *
ibb_session_new (IBBEngine  *engine,
                 const char *local,
                 const char *peer,
                 const char *sid,
                 IBBCarrier  carrier,
                 guint       block_size)
{
  IBBSession *self = g_new0 (IBBSession, 1);

  g_ref_count_init (&self->ref_count);
  self->engine = engine;
  self->carrier = carrier;
  self->block_size = block_size;
  self->sid = g_strdup (sid);
  self->peer_jid = g_strdup (peer);
  self->local_jid = g_strdup (local);
  self->peer_normal = ibb_jid_normalize (peer);
  self->local_normal = ibb_jid_normalize (local);
  self->engine_link.data = self;
  self->peer_link.data = self;
  self->ready_link.data = self;
  self->late_link.data = self;
  self->changed_link.data = self;
  self->memory_link.data = self;
  self->deadline = IBB_NEVER;
  self->close_at = IBB_NEVER;
  self->linger_until = IBB_NEVER;
  self->half_close = engine->settings.half_close;
  ibb_timer_init (&self->timer, timeout, self);
  ibb_sender_init (self);
  g_queue_push_tail_link (&engine->all, &self->engine_link);
  return self;
}

void
ibb_session_enter_table (IBBSession *self)
{
  IBBEngine *engine = self->engine;

  g_hash_table_add (engine->sessions, ibb_session_ref (self));
  self->is_counted = TRUE;
  engine->n_counted++;
  ibb_peer_add_session (ibb_peer_get (engine, self->peer_normal, self->peer_jid), self);
}

static void
uncount (IBBSession *self)
{
  if (!self->is_counted)
    return;

  self->is_counted = FALSE;
  self->engine->n_counted--;
}

static void
leave_engine (IBBSession *self)
{
  IBBEngine *engine = self->engine;

  if (engine == NULL)
    return;

  ibb_receiver_drop_unread (self);
  uncount (self);
  g_queue_unlink (&engine->all, &self->engine_link);
  self->engine = NULL;
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

  leave_engine (self);
  ibb_sender_clear (self);
  ibb_receiver_clear (self);
  ibb_failure_clear (&self->first_refusal);
  ibb_failure_clear (&self->input_failure);
  ibb_failure_clear (&self->output_failure);
  ibb_failure_clear (&self->delivery_failure);
  ibb_failure_clear (&self->failure);
  g_clear_pointer (&self->request, ibb_stanza_record_unref);
  g_clear_pointer (&self->peer_close, ibb_stanza_record_unref);
  g_free (self->open_id);
  g_free (self->close_id);
  g_free (self->sid);
  g_free (self->peer_jid);
  g_free (self->local_jid);
  g_free (self->peer_normal);
  g_free (self->local_normal);
  g_free (self);
}

void
ibb_session_set_from (IBBSession *self, IBBStanza *stanza)
{
  if (g_strcmp0 (self->local_normal, self->engine->local_normal) != 0)
    stanza->from = g_strdup (self->local_jid);
}

void
ibb_session_changed (IBBSession *self)
{
  if (self->is_changed || self->engine == NULL)
    return;

  self->is_changed = TRUE;
  ibb_session_ref (self);
  g_queue_push_tail_link (&self->engine->changed, &self->changed_link);
}

void
ibb_session_opened (IBBSession *self, gint64 now)
{
  if (self->request != NULL)
    {
      ibb_engine_request_gone (self->engine, self);
      g_clear_pointer (&self->request, ibb_stanza_record_unref);
      self->sender.accepted = now;
    }
  self->state = IBB_SESSION_OPEN;
  self->deadline = IBB_NEVER;
  ibb_sender_opened (self);
  ibb_session_changed (self);
  ibb_session_proceed (self, now);
  ibb_sender_update_ready (self, now);
  ibb_session_update_timer (self, now);
}

/* One timer serves all that a session may wait for. When what it was set for
 * was put off, it may fire early; it is never late. */
void
ibb_session_update_timer (IBBSession *self, gint64 now)
{
  gint64 due = IBB_NEVER;

  if (self->engine == NULL)
    return;

  if (self->state == IBB_SESSION_OPEN)
    {
      due = MIN (ibb_sender_get_due (self), ibb_receiver_get_due (self));
      due = MIN (due, ibb_session_get_close_due (self));
    }
  else if (self->state != IBB_SESSION_ENDED)
    due = self->deadline;

  if (due == IBB_NEVER)
    ibb_timer_clear (&self->timer);
  else if (due < self->timer.due)
    ibb_timer_set (&self->timer, &self->engine->timers, due);
}

/* The end. */

static void
copy_if_none (IBBFailure *failure, const IBBFailure *from)
{
  if (failure->kind == IBB_FAILURE_NONE)
    ibb_failure_copy (failure, from);
}

void
ibb_session_end (IBBSession *self, const IBBFailure *failure)
{
  IBBEngine             *engine = self->engine;
  g_autoptr (IBBSession) keep = ibb_session_ref (self);
  IBBFailure             closed = IBB_FAILURE_INIT;
  const IBBFailure      *reason = failure;

  if (self->state == IBB_SESSION_ENDED)
    return;

  if (self->state == IBB_SESSION_REQUESTED)
    ibb_engine_request_gone (engine, self);
  while (!g_queue_is_empty (&self->receiver.early))
    {
      IBBStanza *stanza = g_queue_pop_head (&self->receiver.early);

      ibb_engine_reply_error (engine, stanza, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL,
                              NULL); /* D-24 */
      ibb_stanza_record_unref (stanza);
    }

  ibb_failure_set (&closed, self->peer_closed && !self->close ? IBB_FAILURE_PEER_CLOSED
                                                              : IBB_FAILURE_CLOSED);
  if (failure->kind == IBB_FAILURE_NONE)
    reason = &closed;
  if (!self->receiver.eof)
    copy_if_none (&self->input_failure, reason);
  copy_if_none (&self->output_failure, reason);
  if (self->sender.delivered < self->sender.written)
    copy_if_none (&self->delivery_failure, reason);
  copy_if_none (&self->failure, failure);

  /* An end that is not orderly says nothing of the kind to the peer. */
  if (failure->kind == IBB_FAILURE_NONE)
    self->output_shut = self->delivery_failure.kind == IBB_FAILURE_NONE;
  self->state = IBB_SESSION_ENDED;
  ibb_sender_clear (self);
  if (self->open_id != NULL)
    ibb_engine_remove_pending (engine, self->open_id);
  if (self->close_id != NULL)
    ibb_engine_remove_pending (engine, self->close_id);
  g_clear_pointer (&self->open_id, g_free);
  g_clear_pointer (&self->close_id, g_free);
  g_clear_pointer (&self->request, ibb_stanza_record_unref);
  g_clear_pointer (&self->peer_close, ibb_stanza_record_unref);
  ibb_timer_clear (&self->timer);
  /* No request stays without an answer (N-20); what is held can be read. */
  if (engine->lost)
    ibb_receiver_forget_held (self);
  else
    ibb_receiver_release_all (self);

  ibb_session_changed (self);
  ibb_peer_remove_session (self->peer, self);
  g_clear_pointer (&self->own_server, ibb_server_leave);
  g_clear_pointer (&self->peer_server, ibb_server_leave);
  g_hash_table_remove (engine->sessions, self);
  if (g_hash_table_size (engine->sessions) == 0)
    ibb_parking_forget_ping (engine);
  ibb_session_check_counted (self);
  ibb_failure_clear (&closed);
}

void
ibb_session_check_counted (IBBSession *self)
{
  if (self->engine != NULL && self->state == IBB_SESSION_ENDED && self->receiver.queue.length == 0)
    uncount (self);
}

/* What it is like. */

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
  return self->state;
}

const char *
ibb_session_get_sid (IBBSession *self)
{
  return self->sid;
}

const char *
ibb_session_get_peer (IBBSession *self)
{
  return self->peer_jid;
}

const char *
ibb_session_get_local (IBBSession *self)
{
  return self->local_jid;
}

guint
ibb_session_get_block_size (IBBSession *self)
{
  return self->block_size;
}

IBBCarrier
ibb_session_get_carrier (IBBSession *self)
{
  return self->carrier;
}

const IBBFailure *
ibb_session_get_input_failure (IBBSession *self)
{
  return &self->input_failure;
}

const IBBFailure *
ibb_session_get_output_failure (IBBSession *self)
{
  return &self->output_failure;
}

const IBBFailure *
ibb_session_get_delivery_failure (IBBSession *self)
{
  return &self->delivery_failure;
}

const IBBFailure *
ibb_session_get_failure (IBBSession *self)
{
  return &self->failure;
}

gboolean
ibb_session_is_output_shut (IBBSession *self)
{
  return self->output_shut;
}

gboolean
ibb_session_is_close_begun (IBBSession *self)
{
  return self->close;
}
