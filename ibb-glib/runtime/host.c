/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime/host.h"

#include "base/callback-source.h"
#include "base/ibb-error-private.h"
#include "runtime/names.h"

#include <string.h>

/* After so many stanzas in one dispatch other sources have their turn. */
#define STANZAS_PER_DISPATCH 64

IBBHost *
ibb_host_ref (IBBHost *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
ibb_host_unref (IBBHost *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  ibb_engine_free (self->engine);
  g_clear_pointer (&self->names, ibb_names_unref);
  if (self->arrival_data_free != NULL)
    self->arrival_data_free (self->arrival_data);
  g_main_context_unref (self->context);
  g_clear_pointer (&self->thread, g_thread_unref);
  ibb_uplink_clear (&self->uplink);
  ibb_lock_clear (&self->lock);
  g_free (self);
}

void
ibb_host_lock (IBBHost *self)
{
  ibb_lock_lock (&self->lock);
}

static void
unlock_and_trace (IBBHost *self)
{
  GQueue lines = self->trace;
  char  *line;

  g_queue_init (&self->trace);
  ibb_lock_unlock (&self->lock);
  while ((line = g_queue_pop_head (&lines)) != NULL)
    {
      g_debug ("%s", line);
      g_free (line);
    }
}

void
ibb_host_unlock (IBBHost *self)
{
  if (g_queue_is_empty (&self->trace))
    ibb_lock_unlock (&self->lock);
  else
    unlock_and_trace (self);
}

void
ibb_host_trace_locked (IBBHost *self, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  g_queue_push_tail (&self->trace, g_strdup_vprintf (format, arguments));
  va_end (arguments);
}

GMainContext *
ibb_host_get_signal_context (IBBHost *self)
{
  return self->signal_context;
}

const char *
ibb_host_get_reason_locked (IBBHost *self, const IBBFailure *failure)
{
  if (failure->kind == IBB_FAILURE_CONNECTION_LOST)
    return self->uplink.lost_reason;
  return failure->kind == IBB_FAILURE_SEND_FAILED ? self->uplink.refusal_reason : NULL;
}

GError *
ibb_host_new_error_locked (IBBHost *self, const IBBSession *session)
{
  return ibb_error_add_reason (ibb_error_new_from_failure (&session->failure,
                                                           session->parameters.peer_jid,
                                                           session->parameters.key.sid),
                               ibb_host_get_reason_locked (self, &session->failure));
}

gboolean
ibb_host_is_returning_locked (IBBHost *self)
{
  return !self->retired && self->engine->context->is_lost && self->uplink.is_returning;
}

gboolean
ibb_host_is_own_thread_locked (IBBHost *self)
{
  /* Once the connection is lost for good there is nothing to wait for, except for sessions that
   * outlive the connection. */
  return (!self->engine->context->is_lost || ibb_host_is_returning_locked (self) ||
          g_hash_table_size (self->engine->context->sessions) > 0) &&
         (self->thread == g_thread_self () || g_main_context_is_owner (self->context));
}

/* Timers and events. */

void
ibb_host_arm_locked (IBBHost *self, gint64 time)
{
  if (time >= self->armed || self->retired)
    return;
  self->armed = time;
  if (time == 0)
    ibb_callback_source_request (self->source);
  else
    g_source_set_ready_time (self->source, time);
}

static gboolean
dispatch_event_locked (IBBHost *self)
{
  IBBEvent             event = IBB_EVENT_INIT;
  IBBSessionOwner     *owner;
  IBBExpectationOwner *expectation_owner;

  if (!ibb_engine_take_event (self->engine, &event))
    return FALSE;
  switch (event.type)
    {
    case IBB_EVENT_CHANGED:
      owner = event.session->data;
      if (owner != NULL)
        owner->changed_locked (owner->object, event.session);
      break;

    case IBB_EVENT_REQUESTED:
    case IBB_EVENT_ACCEPTED:
      self->arrived_locked (self->arrival_data, event.session, event.type == IBB_EVENT_REQUESTED);
      break;

    case IBB_EVENT_EXPECTED:
    case IBB_EVENT_EXPECTATION_FAILED:
      expectation_owner = event.expectation;
      expectation_owner->ended_locked (expectation_owner->object, event.session, &event.failure);
      break;

    case IBB_EVENT_NONE:
    default:
      g_assert_not_reached ();
    }
  ibb_event_clear (&event);
  return TRUE;
}

/* Call this before the lock is given up: such an event may be the end of an expectation, which its
 * operation would otherwise try to cancel. */
static void
dispatch_outcomes_locked (IBBHost *self)
{
  while (!g_queue_is_empty (&self->engine->events))
    dispatch_event_locked (self);
}

/* The other events only wake waiting calls. That may be done later. */
static void
dispatch_events_locked (IBBHost *self)
{
  while (dispatch_event_locked (self))
    ;
}

/* Whether the connection takes no stanza for now. */
static gboolean
is_blocked_locked (IBBHost *self)
{
  return self->uplink.congested || self->engine->context->clock.is_stopped;
}

static gboolean
has_stanza_locked (IBBHost *self)
{
  return ibb_engine_has_stanza (self->engine, g_get_monotonic_time ());
}

/* Whether nobody uses the engine, and it has nothing left to do. */
static gboolean
is_idle_locked (IBBHost *self)
{
  return self->n_users == 0 && !self->retired && !self->pumping &&
         g_hash_table_size (self->engine->context->sessions) == 0 && !has_stanza_locked (self);
}

void
ibb_host_update_locked (IBBHost *self)
{
  gboolean is_blocked;

  dispatch_outcomes_locked (self);
  if (self->batching)
    return;
  dispatch_events_locked (self);
  if (self->pumping || self->retired)
    return;

  is_blocked = is_blocked_locked (self);
  if (!is_blocked && has_stanza_locked (self))
    ibb_host_arm_locked (self, 0);
  else if (!is_blocked && is_idle_locked (self))
    ibb_host_arm_locked (self, 0); /* to retire: the last session has just ended */
  else
    ibb_host_arm_locked (self, ibb_engine_get_wake_time (self->engine));
}

/* The source is armed only if there is something to send, which often there is not: the last block
 * of the window has just left. While the host sends, it may have found the connection congested. */
void
ibb_host_drained_locked (IBBHost *self)
{
  if (!ibb_uplink_drained_locked (&self->uplink))
    return;
  if (self->pumping)
    ibb_host_arm_locked (self, 0);
  else
    ibb_host_update_locked (self);
}

void
ibb_host_update_now_locked (IBBHost *self)
{
  self->batching = FALSE;
  ibb_host_update_locked (self);
}

/* Settings: the engine and the place of its settings never change. The lock protects the values. */

void
ibb_host_get_setting (IBBHost *self, glong offset, gpointer value, gsize size)
{
  ibb_host_lock (self);
  memcpy (value, G_STRUCT_MEMBER_P (&self->engine->context->settings, offset), size);
  ibb_host_unlock (self);
}

gboolean
ibb_host_set_setting (IBBHost *self, glong offset, gconstpointer value, gsize size)
{
  gpointer setting = G_STRUCT_MEMBER_P (&self->engine->context->settings, offset);
  gboolean changed;

  ibb_host_lock (self);
  changed = memcmp (setting, value, size) != 0;
  memcpy (setting, value, size);
  /* The change may let a session go on that waits for room, to send, or for a silent peer. */
  if (changed)
    {
      ibb_engine_settings_changed (self->engine, g_get_monotonic_time ());
      ibb_host_update_locked (self);
    }
  ibb_host_unlock (self);
  return changed;
}

/* The connection. */

/* Called in the connection's context, without the lock. */
static void
read_connection (IBBHost *self, IBBConnection *connection)
{
  g_autofree char *local_jid = ibb_connection_dup_local_jid (connection);
  guint            limit = ibb_connection_get_stanza_limit (connection);

  ibb_host_lock (self);
  self->stale = FALSE;
  self->n_reads++;
  self->engine->context->named_limit = limit;
  if (g_strcmp0 (local_jid, self->engine->context->local_jid) != 0)
    ibb_engine_set_local_jid (self->engine, local_jid);
  ibb_waiters_wake (&self->refresh_waiters);
  ibb_host_unlock (self);
}

void
ibb_host_read_connection (IBBHost *self)
{
  g_autoptr (IBBConnection) connection = NULL;

  ibb_host_lock (self);
  connection = self->uplink.connection;
  if (connection != NULL)
    g_object_ref (connection);
  ibb_host_unlock (self);
  if (connection != NULL)
    read_connection (self, connection);
}

void
ibb_host_refresh_locked (IBBHost *self)
{
  self->stale = TRUE;
  ibb_host_arm_locked (self, 0);
}

/* Nobody uses the host any more, and it can send nothing until the connection says so. If only the
 * host held the connection, the connection would never say so. */
void
ibb_host_unlock_and_let_go (IBBHost *self)
{
  g_autoptr (IBBConnection) connection = NULL;

  if (self->n_users == 0 && !self->pumping && is_blocked_locked (self))
    connection = g_steal_pointer (&self->uplink.connection);
  ibb_host_unlock (self);
}

void
ibb_host_hold_connection (IBBHost *self)
{
  g_autoptr (IBBConnection) connection = ibb_weak_get (self->uplink.weak_connection);

  ibb_host_lock (self);
  if (connection != NULL && self->uplink.connection == NULL && !self->retired)
    self->uplink.connection = g_object_ref (connection);
  ibb_host_unlock (self);
}

/* Call this with the lock; it returns without it. */
static void
retire_and_unlock (IBBHost *self)
{
  g_autoptr (IBBConnection) connection = g_steal_pointer (&self->uplink.connection);
  g_autoptr (GSource)       source = g_steal_pointer (&self->source);

  self->retired = TRUE;
  ibb_host_unlock (self);

  if (connection != NULL)
    ibb_connection_remove_listener (connection, self->listener);
  g_source_destroy (source);
}

void
ibb_host_retire (IBBHost *self)
{
  ibb_host_lock (self);
  if (self->retired)
    ibb_host_unlock (self);
  else
    retire_and_unlock (self);
}

/* The pump. */

/* The connection, which may refuse the stanza, is called without the lock. */
static void
send_stanza_locked (IBBHost *self, IBBConnection *connection, IBBStanza *stanza)
{
  g_autoptr (GError) error = NULL;
  IBBUplinkAnswer    answer;
  gboolean           confirms;
  gboolean           sent;
  gint64             now;

  ibb_host_unlock (self);
  confirms = stanza->name == IBB_STANZA_MESSAGE && ibb_connection_confirms (connection);
  sent = ibb_connection_send_for_service (connection, stanza, &error);
  answer = ibb_uplink_ask (&self->uplink, connection);
  ibb_host_lock (self);
  ibb_uplink_heed_locked (&self->uplink, &answer, self->engine->context->is_lost);

  now = g_get_monotonic_time ();
  if (sent && confirms)
    ibb_engine_passed (self->engine, stanza);
  else if (sent)
    ibb_engine_sent (self->engine, stanza, now);
  else
    {
      g_free (self->uplink.refusal_reason);
      self->uplink.refusal_reason = g_strdup (error->message);
      ibb_engine_send_failed (self->engine, stanza, now);
    }
}

/* Sends the stanzas that may leave, in the connection's context. The connection is called without
 * the lock. Returns FALSE when there are more. */
static gboolean
send_stanzas_locked (IBBHost *self, IBBConnection *connection)
{
  gint64 now = g_get_monotonic_time ();

  ibb_engine_advance (self->engine, now);
  for (guint n = 0; n < STANZAS_PER_DISPATCH; n++)
    {
      IBBStanza *stanza;

      if (is_blocked_locked (self))
        return TRUE;

      stanza = ibb_engine_take_stanza (self->engine, now);
      if (stanza == NULL)
        return TRUE;

      dispatch_outcomes_locked (self);
      send_stanza_locked (self, connection, stanza);
      ibb_stanza_record_unref (stanza);
      now = g_get_monotonic_time (); /* sending takes time */
    }
  return FALSE;
}

/* A peer whose session was given up would otherwise wait for it. */
void
ibb_host_send_last (IBBHost *self)
{
  g_autoptr (IBBConnection) connection = ibb_weak_get (self->uplink.weak_connection);
  IBBStanza                *stanza;
  gboolean                  was_pumping;

  ibb_host_lock (self);
  was_pumping = self->pumping; /* within a batch */
  self->pumping = TRUE;
  while (!self->retired && connection != NULL && self->engine->context->control.length > 0 &&
         (stanza = ibb_engine_take_stanza (self->engine, g_get_monotonic_time ())) != NULL)
    {
      dispatch_outcomes_locked (self);
      send_stanza_locked (self, connection, stanza);
      ibb_stanza_record_unref (stanza);
    }
  self->pumping = was_pumping;
  ibb_host_unlock (self);
}

/* Lets the engine's time pass without the connection, which has been let go. */
static void
advance_locked (IBBHost *self)
{
  self->pumping = FALSE;
  ibb_engine_advance (self->engine, g_get_monotonic_time ());
  dispatch_events_locked (self);
  ibb_host_arm_locked (self, ibb_engine_get_wake_time (self->engine));
}

static void
note_thread_locked (IBBHost *self)
{
  if (self->thread == g_thread_self ())
    return;
  g_clear_pointer (&self->thread, g_thread_unref);
  self->thread = g_thread_ref (g_thread_self ());
}

/* Advances, sends, and passes on events. Call this with the lock; it returns without it. */
static void
pump_and_unlock (IBBHost *self, IBBConnection *connection, const IBBUplinkAnswer *answer)
{
  gboolean all_sent;

  self->batching = FALSE;
  note_thread_locked (self);
  ibb_uplink_heed_locked (&self->uplink, answer, self->engine->context->is_lost);
  self->pumping = TRUE;
  if (self->stale)
    {
      ibb_host_unlock (self);
      read_connection (self, connection);
      ibb_host_lock (self);
    }

  all_sent = send_stanzas_locked (self, connection);
  dispatch_events_locked (self);
  self->pumping = FALSE;

  if (all_sent && !is_blocked_locked (self) && is_idle_locked (self))
    {
      retire_and_unlock (self);
      return;
    }
  if (!all_sent || self->stale)
    ibb_host_arm_locked (self, 0);
  else
    ibb_host_arm_locked (self, ibb_engine_get_wake_time (self->engine));
  ibb_host_unlock_and_let_go (self);
}

static void
pump (IBBHost *self, gboolean is_armed)
{
  g_autoptr (IBBConnection) connection = ibb_weak_get (self->uplink.weak_connection);
  IBBUplinkAnswer           answer = { 0 };

  /* The host may retire in this dispatch, and has to live until its end. */
  ibb_host_ref (self);
  if (connection != NULL)
    answer = ibb_uplink_ask (&self->uplink, connection);
  ibb_host_lock (self);
  if (is_armed)
    self->armed = G_MAXINT64;
  if (!self->retired && self->uplink.connection != NULL && connection != NULL)
    pump_and_unlock (self, connection, &answer);
  else
    {
      self->batching = FALSE;
      if (!self->retired)
        advance_locked (self);
      ibb_host_unlock (self);
    }
  ibb_host_unref (self);
}

static gboolean
pump_cb (gpointer data)
{
  pump (data, TRUE);
  return G_SOURCE_CONTINUE;
}

void
ibb_host_received_locked (IBBHost *self, gboolean may_others_follow)
{
  if (self->in_batch)
    self->pumping = self->batching = TRUE;
  else if (may_others_follow && !self->batching)
    {
      self->batching = TRUE;
      ibb_host_arm_locked (self, 0);
    }
  ibb_host_update_locked (self);
}

/* Without a stanza for this host nothing follows from the batch. The source may be left armed too
 * early: then it finds nothing to do. */
void
ibb_host_end_batch (IBBHost *self)
{
  self->in_batch = FALSE;
  if (self->pumping)
    pump (self, FALSE);
}

/* Lifetime. */

static void
take_random (guint8 *bytes, gsize length, gpointer data)
{
  ibb_random_take (data, bytes, length);
}

IBBHost *
ibb_host_new (IBBConnection *connection)
{
  IBBHost      *self = g_new0 (IBBHost, 1);
  GMainContext *own = g_main_context_ref_thread_default ();
  GMainContext *context = connection != NULL ? ibb_connection_get_context (connection) : NULL;

  g_atomic_ref_count_init (&self->ref_count);
  ibb_lock_init (&self->lock);
  ibb_uplink_init (&self->uplink, connection);
  self->signal_context = own;
  self->context = g_main_context_ref (context != NULL ? context : own);
  /* Until the source is dispatched, this thread counts as the one that runs the context, if that is
   * its own. Of another context the thread is not known. */
  self->thread = self->context == own ? g_thread_ref (g_thread_self ()) : NULL;
  self->n_users = 1;
  self->armed = G_MAXINT64;
  self->stale = TRUE;
  self->engine = ibb_engine_new (take_random, &self->random);
  self->names = connection != NULL ? ibb_names_get (connection) : NULL;
  self->engine->context->names = self->names;
  self->source = ibb_callback_source_new ("[ibb-glib] host", pump_cb, ibb_host_ref (self),
                                          (GDestroyNotify) ibb_host_unref);
  return self;
}

void
ibb_host_set_arrival (IBBHost       *self,
                      IBBArrivalFunc arrived_locked,
                      gpointer       data,
                      GDestroyNotify data_free)
{
  self->arrived_locked = arrived_locked;
  self->arrival_data = data;
  self->arrival_data_free = data_free;
}

void
ibb_host_start (IBBHost *self, IBBConnectionListener *listener)
{
  IBBConnection *connection = self->uplink.connection;

  if (connection == NULL)
    {
      ibb_engine_lost (self->engine);
      ibb_connection_listener_unref (listener);
      return;
    }

  /* This thread runs the context, so there is no need to wait for the source. */
  if (self->context == self->signal_context)
    read_connection (self, connection);

  self->listener = listener;
  ibb_connection_add_listener (connection, listener);

  ibb_host_lock (self);
  if (self->source != NULL)
    {
      g_source_attach (self->source, self->context);
      ibb_host_arm_locked (self, 0);
    }
  ibb_host_unlock (self);
}

void
ibb_host_release (IBBHost *self)
{
  g_autoptr (GMainContext) signal_context = NULL; /* not under the lock: it may free sources */

  ibb_host_lock (self);
  if (self->n_users > 1)
    {
      self->n_users--;
      ibb_host_unlock (self);
      return;
    }

  signal_context = g_steal_pointer (&self->signal_context);
  /* The last user is gone, so the end of a batch has nobody to wake. */
  if (!self->pumping)
    self->batching = FALSE;
  /* While the host still has its user: the source of an idle host without users is woken to retire,
   * and would hold the connection in its thread while the application drops the connection. */
  ibb_host_update_locked (self);
  self->n_users = 0;
  if (!is_blocked_locked (self) && is_idle_locked (self))
    retire_and_unlock (self); /* now: the context may never be iterated again */
  else
    {
      ibb_host_arm_locked (self, 0);
      ibb_host_unlock_and_let_go (self);
    }
  ibb_host_unref (self); /* the reference that all users share */
}
