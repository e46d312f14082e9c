/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ibb-worker-private.h"

#include <errno.h>
#include <sys/random.h>

#include "ibb-channel-private.h"
#include "ibb-connection-private.h"
#include "ibb-error-private.h"
#include "ibb-operation-private.h"

/* So many stanzas leave in one dispatch before other sources have their turn. */
#define BATCH 64

typedef struct
{
  GSource    source;
  IBBWorker *worker; /* (owned) */
} WorkerSource;

static gpointer
worker_ref (gpointer data)
{
  IBBWorker *self = data;

  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

static void
worker_unref (gpointer data)
{
  IBBWorker *self = data;

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_assert (self->connection == NULL && self->n_wakes == 0);
  ibb_engine_free (self->engine);
  g_queue_clear_full (&self->outbox, (GDestroyNotify) ibb_stanza_record_unref);
  g_main_context_unref (self->context);
  g_main_context_unref (self->signal_context);
  g_clear_pointer (&self->thread, g_thread_unref);
  g_free (self->local_jid);
  g_free (self->lost_reason);
  g_free (self->send_reason);
  g_mutex_clear (&self->lock);
  g_free (self);
}

void
ibb_worker_lock (IBBWorker *self)
{
  g_mutex_lock (&self->lock);
}

/* Takes what is to be signalled. */
static guint
steal_wakes_locked (IBBWorker *self, IBBWaiter **wakes)
{
  guint n = self->n_wakes;

  for (guint i = 0; i < n; i++)
    wakes[i] = self->wakes[i];
  self->n_wakes = 0;
  return n;
}

static void
signal_wakes (IBBWaiter **wakes, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      g_cond_signal (&wakes[i]->cond);
      ibb_waiter_unref (wakes[i]);
    }
}

void
ibb_worker_unlock (IBBWorker *self)
{
  IBBWaiter *wakes[IBB_WAKES_MAX];
  guint      n = steal_wakes_locked (self, wakes);

  g_mutex_unlock (&self->lock);
  signal_wakes (wakes, n);
}

void
ibb_worker_wake_locked (IBBWorker *self, IBBWaiter *waiter)
{
  if (self->n_wakes == IBB_WAKES_MAX)
    {
      g_cond_signal (&waiter->cond);
      return;
    }
  g_atomic_ref_count_inc (&waiter->ref_count);
  self->wakes[self->n_wakes++] = waiter;
}

void
ibb_worker_wait_locked (IBBWorker *self, IBBWaiter *waiter, gint64 deadline)
{
  IBBWaiter *wakes[IBB_WAKES_MAX];

  signal_wakes (wakes, steal_wakes_locked (self, wakes));
  if (deadline == G_MAXINT64)
    g_cond_wait (&waiter->cond, &self->lock);
  else
    g_cond_wait_until (&waiter->cond, &self->lock, deadline);
}

IBBWaiter *
ibb_waiter_new (void)
{
  IBBWaiter *self = g_new (IBBWaiter, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_cond_init (&self->cond);
  return self;
}

void
ibb_waiter_unref (IBBWaiter *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_cond_clear (&self->cond);
  g_free (self);
}

/* The kernel's random numbers, some at a time: a stanza needs few. */
static void
fill_random (guint8 *bytes, gsize length, gpointer data)
{
  IBBWorker *self = data;

  for (gsize i = 0; i < length; i++)
    {
      if (self->random_left == 0)
        {
          /* Up to 256 bytes come whole, or not at all when a signal was first. */
          while (getrandom (self->random, sizeof self->random, 0) != sizeof self->random)
            g_assert (errno == EINTR);
          self->random_left = sizeof self->random;
        }
      self->random_left--;
      bytes[i] = self->random[self->random_left];
      self->random[self->random_left] = 0;
    }
}

/* Wakes the source at a time, unless it will be awake by then. */
static void
arm_locked (IBBWorker *self, gint64 time)
{
  if (time >= self->armed || self->retired)
    return;
  self->armed = time;
  g_source_set_ready_time (self->source, time);
}

static void
notify_service_locked (IBBWorker *self, IBBSession *session, IBBChannel *channel)
{
  IBBNotice *notice = g_new0 (IBBNotice, 1);

  notice->worker = self;
  if (session != NULL)
    {
      notice->session = ibb_session_ref (session);
      ibb_worker_use_locked (self);
    }
  notice->channel = channel;
  g_queue_push_tail (&self->notices, notice);
  if (self->notice_source != NULL)
    g_source_set_ready_time (self->notice_source, 0);
}

void
ibb_notice_free (IBBNotice *notice)
{
  if (notice->session != NULL)
    {
      ibb_worker_lock (notice->worker);
      ibb_session_refuse (notice->session, IBB_CONDITION_NOT_ACCEPTABLE, NULL,
                          g_get_monotonic_time ());
      ibb_worker_update_locked (notice->worker);
      ibb_session_unref (notice->session);
      ibb_worker_unlock (notice->worker);
      ibb_worker_release (notice->worker);
    }
  g_clear_pointer (&notice->channel, ibb_channel_unref);
  g_free (notice);
}

static void
move_queue (GQueue *from, GQueue *to)
{
  *to = *from;
  g_queue_init (from);
}

void
ibb_worker_steal_waiting_locked (IBBWorker *self, GQueue *notices, GQueue *accepted)
{
  move_queue (&self->notices, notices);
  move_queue (&self->accepted, accepted);
}

void
ibb_worker_wake_accepts_locked (IBBWorker *self)
{
  guint n = ibb_engine_is_running (self->engine) ? self->accepted.length : G_MAXUINT;

  for (GList *link = self->accepts.head; link != NULL && n > 0; link = link->next, n--)
    ibb_operation_wake_locked (link->data);
}

static gboolean
has_handler_locked (IBBWorker *self, guint signal)
{
  return self->service != NULL && g_signal_has_handler_pending (self->service, signal, 0, TRUE);
}

static gboolean
dispatch_event_locked (IBBWorker *self)
{
  IBBEvent event = IBB_EVENT_INIT;

  if (!ibb_engine_take_event (self->engine, &event))
    return FALSE;
  switch (event.type)
    {
    case IBB_EVENT_CHANGED:
      if (ibb_session_get_data (event.session) != NULL)
        ibb_channel_changed_locked (ibb_session_get_data (event.session));
      break;

    case IBB_EVENT_REQUESTED:
      notify_service_locked (self, event.session, NULL);
      break;

    case IBB_EVENT_ACCEPTED:
      {
        IBBChannel *channel = ibb_channel_new_locked (self, event.session);

        if (has_handler_locked (self, self->signal_accepted))
          notify_service_locked (self, NULL, channel);
        else
          {
            g_queue_push_tail (&self->accepted, channel);
            ibb_worker_wake_accepts_locked (self);
          }
      }
      break;

    case IBB_EVENT_EXPECTED:
      ibb_operation_expected_locked (event.expectation, event.session, NULL);
      break;

    case IBB_EVENT_EXPECTATION_FAILED:
      ibb_operation_expected_locked (event.expectation, NULL, &event.failure);
      break;

    case IBB_EVENT_NONE:
    default:
      g_assert_not_reached ();
    }
  ibb_event_clear (&event);
  return TRUE;
}

/* To be called before the lock is given up: such an event is the end of an
 * expectation, say, of which its operation still believes that it can cancel it. */
static void
dispatch_outcomes_locked (IBBWorker *self)
{
  while (ibb_engine_has_outcome (self->engine))
    dispatch_event_locked (self);
}

/* With those that only wake who waits, which can be left for later. */
static void
dispatch_events_locked (IBBWorker *self)
{
  while (dispatch_event_locked (self))
    ;
}

/* Whether nothing can be handed over for now. */
static gboolean
is_held_locked (IBBWorker *self)
{
  return self->congested || self->suspended;
}

/* Nobody uses the engine, and it has nothing left to do. */
static gboolean
is_idle_locked (IBBWorker *self)
{
  return self->n_users == 0 && !self->retired && !self->pumping &&
         ibb_engine_get_n_sessions (self->engine) == 0 && g_queue_is_empty (&self->outbox);
}

void
ibb_worker_update_locked (IBBWorker *self)
{
  IBBStanza *stanza;

  dispatch_outcomes_locked (self);
  if (self->batching)
    return;
  dispatch_events_locked (self);
  if (self->pumping || self->retired)
    return;

  /* One stanza is taken to see whether there are any: the source is not woken
   * for nothing. */
  if (!is_held_locked (self) && g_queue_is_empty (&self->outbox))
    {
      stanza = ibb_engine_take_stanza (self->engine, g_get_monotonic_time ());
      if (stanza != NULL)
        g_queue_push_tail (&self->outbox, stanza);
      dispatch_events_locked (self);
    }
  if (!is_held_locked (self) && !g_queue_is_empty (&self->outbox))
    arm_locked (self, 0);
  else if (!is_held_locked (self) && is_idle_locked (self))
    arm_locked (self, 0); /* to retire: its last session ended just now */
  else
    arm_locked (self, ibb_engine_get_wake_time (self->engine));
}

gboolean
ibb_worker_is_own_thread_locked (IBBWorker *self)
{
  /* Once the connection is lost there is nothing to wait for. */
  return !self->lost &&
         (self->thread == g_thread_self () || g_main_context_is_owner (self->context));
}

void
ibb_worker_refresh_locked (IBBWorker *self)
{
  self->stale = TRUE;
  arm_locked (self, 0);
}

/* Called in the connection's context, without the lock. */
static void
read_connection (IBBWorker *self, IBBConnection *connection)
{
  g_autofree char *local_jid = ibb_connection_dup_local_jid (connection);
  guint            limit = ibb_connection_get_stanza_limit (connection);

  ibb_worker_lock (self);
  self->stale = FALSE;
  self->n_reads++;
  ibb_engine_set_stanza_limit (self->engine, limit);
  if (g_strcmp0 (local_jid, self->local_jid) != 0)
    {
      ibb_engine_set_local_jid (self->engine, local_jid);
      g_free (self->local_jid);
      self->local_jid = g_steal_pointer (&local_jid);
    }
  ibb_operations_wake_locked (&self->opens);
  ibb_worker_unlock (self);
}

static void
local_jid_changed_cb (IBBConnection *connection, GParamSpec *pspec, gpointer data)
{
  IBBWorker *self = data;

  /* A client may notify in another context than the one it works in. */
  if (g_main_context_is_owner (self->context))
    {
      read_connection (self, connection);
      return;
    }
  ibb_worker_lock (self);
  ibb_worker_refresh_locked (self);
  ibb_worker_unlock (self);
}

void
ibb_worker_update_listen_locked (IBBWorker *self)
{
  IBBListen listen = IBB_LISTEN_NONE;

  if (has_handler_locked (self, self->signal_requested))
    listen = IBB_LISTEN_ASK;
  else if (self->service != NULL &&
           (self->listening || has_handler_locked (self, self->signal_accepted)))
    listen = IBB_LISTEN_ACCEPT;
  ibb_engine_set_listen (self->engine, listen);
}

static gboolean
receive (gpointer data, IBBStanza *stanza)
{
  IBBWorker *self = data;
  gboolean   taken = FALSE;

  ibb_worker_lock (self);
  /* The context is known to be this thread's, so it may be read here, and a
   * client notifies of its JID elsewhere and later. */
  if (!self->retired && self->local_jid == NULL)
    {
      IBBConnection *connection = g_object_ref (self->connection);

      ibb_worker_unlock (self);
      read_connection (self, connection);
      g_object_unref (connection);
      ibb_worker_lock (self);
    }
  if (!self->retired)
    {
      if (stanza->payload == IBB_PAYLOAD_OPEN)
        ibb_worker_update_listen_locked (self);
      taken = ibb_engine_receive (self->engine, stanza, g_get_monotonic_time ());
      ibb_worker_update_locked (self);
    }
  ibb_worker_unlock (self);
  return taken;
}

static void
lost (gpointer data, const GError *error)
{
  IBBWorker *self = data;

  ibb_worker_lock (self);
  if (!self->retired)
    {
      if (self->lost_reason == NULL && error != NULL)
        self->lost_reason = g_strdup (error->message);
      self->lost = TRUE;
      self->congested = FALSE;
      self->suspended = FALSE;
      ibb_engine_lost (self->engine, g_get_monotonic_time ());
      g_queue_clear_full (&self->outbox, (GDestroyNotify) ibb_stanza_record_unref);
      ibb_worker_wake_accepts_locked (self);
      ibb_worker_update_locked (self);
    }
  ibb_worker_unlock (self);
}

static void
restored (gpointer data)
{
  IBBWorker     *self = data;
  IBBConnection *connection = NULL;

  ibb_worker_lock (self);
  if (!self->retired)
    {
      connection = g_object_ref (self->connection);
      self->lost = FALSE;
      self->suspended = FALSE;
      g_clear_pointer (&self->lost_reason, g_free);
      g_queue_clear_full (&self->outbox, (GDestroyNotify) ibb_stanza_record_unref);
      ibb_engine_restored (self->engine);
    }
  ibb_worker_unlock (self);

  if (connection != NULL)
    read_connection (self, connection);
  g_clear_object (&connection);
}

static void
suspended (gpointer data)
{
  IBBWorker *self = data;

  ibb_worker_lock (self);
  if (!self->retired && !self->lost)
    {
      self->suspended = TRUE;
      ibb_engine_suspend (self->engine, g_get_monotonic_time ());
    }
  ibb_worker_unlock (self);
}

static void
resumed (gpointer data)
{
  IBBWorker *self = data;

  ibb_worker_lock (self);
  if (self->suspended)
    {
      self->suspended = FALSE;
      self->congested = FALSE; /* it is asked anew */
      ibb_engine_resume (self->engine, g_get_monotonic_time ());
      arm_locked (self, 0);
    }
  ibb_worker_unlock (self);
}

static void
confirmed (gpointer data, IBBStanza *stanza)
{
  IBBWorker *self = data;

  ibb_worker_lock (self);
  if (!self->retired)
    {
      ibb_engine_sent (self->engine, stanza, g_get_monotonic_time ());
      ibb_worker_update_locked (self);
    }
  ibb_worker_unlock (self);
}

static void
drained (gpointer data)
{
  IBBWorker *self = data;

  ibb_worker_lock (self);
  self->drained = TRUE;
  if (self->congested)
    {
      self->congested = FALSE;
      arm_locked (self, 0);
    }
  ibb_worker_unlock (self);
}

char **
ibb_worker_dup_features (IBBWorker *self)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  ibb_worker_lock (self);
  if (!self->retired && ibb_engine_is_running (self->engine))
    {
      ibb_worker_update_listen_locked (self);
      g_strv_builder_add (builder, IBB_FEATURE_NAMESPACE);
      if (ibb_engine_can_accept (self->engine))
        g_strv_builder_add (builder, IBB_NAMESPACE);
    }
  ibb_worker_unlock (self);
  return g_strv_builder_end (builder);
}

static char **
dup_features (gpointer data)
{
  return ibb_worker_dup_features (data);
}

/* Gives up the lock. */
static void
retire_locked (IBBWorker *self)
{
  IBBConnection *connection = g_steal_pointer (&self->connection);
  GSource       *source = g_steal_pointer (&self->source);

  self->retired = TRUE;
  ibb_worker_unlock (self);

  if (connection != NULL)
    {
      g_signal_handlers_disconnect_by_func (connection, local_jid_changed_cb, self);
      ibb_connection_remove_service (connection, self);
      g_object_unref (connection);
    }
  g_source_destroy (source);
  g_source_unref (source);
}

/* Sends what there is to send. Called in the connection's context with the
 * lock, which it gives up for each call of the connection. Returns FALSE when
 * there is more. */
static gboolean
pump_locked (IBBWorker *self)
{
  IBBConnection *connection = self->connection;
  gint64         now = g_get_monotonic_time ();

  ibb_engine_advance (self->engine, now);
  for (guint n = 0; n < BATCH; n++)
    {
      g_autoptr (GError) error = NULL;
      IBBStanza         *stanza;
      gboolean           congested;
      gboolean           confirms;
      gboolean           sent;

      dispatch_outcomes_locked (self);
      if (self->suspended)
        return TRUE;

      self->drained = FALSE;
      ibb_worker_unlock (self);
      congested = ibb_connection_is_congested (connection);
      ibb_worker_lock (self);
      self->congested = congested && !self->drained && !self->lost;
      if (is_held_locked (self))
        return TRUE;

      stanza = g_queue_pop_head (&self->outbox);
      if (stanza == NULL)
        stanza = ibb_engine_take_stanza (self->engine, now);
      if (stanza == NULL)
        return TRUE;

      dispatch_outcomes_locked (self);
      ibb_worker_unlock (self);
      confirms = stanza->name == IBB_STANZA_MESSAGE && ibb_connection_confirms (connection);
      sent = ibb_connection_send (connection, stanza, &error);
      ibb_worker_lock (self);

      now = g_get_monotonic_time (); /* sending takes time */
      if (sent && confirms)
        ibb_engine_handed (self->engine, stanza);
      else if (sent)
        ibb_engine_sent (self->engine, stanza, now);
      else
        {
          g_free (self->send_reason);
          self->send_reason = g_strdup (error->message);
          ibb_engine_send_failed (self->engine, stanza, now);
        }
      ibb_stanza_record_unref (stanza);
    }
  return FALSE;
}

/* Looks at everything anew, with the lock, which it gives up in the end. */
static void
pump_all_locked (IBBWorker *self)
{
  gboolean all_sent;

  if (self->thread != g_thread_self ())
    {
      g_clear_pointer (&self->thread, g_thread_unref);
      self->thread = g_thread_ref (g_thread_self ());
    }
  self->pumping = TRUE;
  if (self->stale)
    {
      ibb_worker_unlock (self);
      read_connection (self, self->connection);
      ibb_worker_lock (self);
    }

  all_sent = pump_locked (self);
  dispatch_events_locked (self);
  self->pumping = FALSE;

  if (all_sent && !is_held_locked (self) && is_idle_locked (self))
    {
      retire_locked (self);
      return;
    }
  if (!all_sent || self->stale)
    arm_locked (self, 0);
  else
    arm_locked (self, ibb_engine_get_wake_time (self->engine));
  ibb_worker_unlock (self);
}

static gboolean
worker_source_dispatch (GSource *source, GSourceFunc callback, gpointer data)
{
  /* The worker outlives the dispatch even if it retires in it. */
  IBBWorker *self = worker_ref (((WorkerSource *) source)->worker);

  ibb_worker_lock (self);
  if (self->retired)
    {
      ibb_worker_unlock (self);
    }
  else
    {
      self->armed = G_MAXINT64;
      g_source_set_ready_time (source, -1);
      pump_all_locked (self);
    }
  worker_unref (self);
  return G_SOURCE_CONTINUE;
}

/* Until the end of the batch nothing is sent, nor is the source woken. */
static void
begin_batch (gpointer data)
{
  IBBWorker *self = data;

  ibb_worker_lock (self);
  self->pumping = self->batching = !self->retired;
  ibb_worker_unlock (self);
}

/* The source may be left armed too early: then it finds nothing to do. */
static void
end_batch (gpointer data)
{
  IBBWorker *self = worker_ref (data);

  ibb_worker_lock (self);
  self->batching = FALSE;
  if (self->pumping)
    pump_all_locked (self);
  else
    ibb_worker_unlock (self);
  worker_unref (self);
}

static const IBBConnectionHooks hooks = {
  .receive = receive,
  .lost = lost,
  .restored = restored,
  .suspended = suspended,
  .resumed = resumed,
  .confirmed = confirmed,
  .drained = drained,
  .dup_features = dup_features,
  .begin = begin_batch,
  .end = end_batch,
  .ref = worker_ref,
  .unref = worker_unref,
};

static void
worker_source_finalize (GSource *source)
{
  worker_unref (((WorkerSource *) source)->worker);
}

static GSourceFuncs worker_source_funcs = {
  NULL, NULL, worker_source_dispatch, worker_source_finalize, NULL, NULL,
};

IBBWorker *
ibb_worker_new (IBBConnection *connection)
{
  IBBWorker    *self = g_new0 (IBBWorker, 1);
  GMainContext *own = g_main_context_ref_thread_default ();
  GMainContext *context = connection != NULL ? ibb_connection_get_context (connection) : NULL;

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  self->connection = connection != NULL ? g_object_ref (connection) : NULL;
  self->signal_context = own;
  self->context = g_main_context_ref (context != NULL ? context : own);
  /* Until the source was dispatched, our own context is taken to be served by
   * our own thread; who serves another one is not known. */
  self->thread = self->context == own ? g_thread_ref (g_thread_self ()) : NULL;
  self->n_users = 1;
  self->armed = G_MAXINT64;
  self->stale = TRUE;
  self->engine = ibb_engine_new (fill_random, self);

  self->source = g_source_new (&worker_source_funcs, sizeof (WorkerSource));
  ((WorkerSource *) self->source)->worker = worker_ref (self);
  g_source_set_static_name (self->source, "[ibb-glib] worker");
  return self;
}

void
ibb_worker_start (IBBWorker *self)
{
  if (self->connection == NULL)
    {
      self->lost = TRUE;
      ibb_engine_lost (self->engine, g_get_monotonic_time ());
      return;
    }

  /* In our own context there is no need to wait for the source. */
  if (self->context == self->signal_context)
    read_connection (self, self->connection);

  g_signal_connect_data (self->connection, "notify::local-jid", G_CALLBACK (local_jid_changed_cb),
                         worker_ref (self), (GClosureNotify) (GCallback) worker_unref, 0);
  ibb_connection_add_service (self->connection, &hooks, self);

  g_source_attach (self->source, self->context);
  ibb_worker_lock (self);
  arm_locked (self, 0);
  ibb_worker_unlock (self);
}

GError *
ibb_worker_add_reason_locked (IBBWorker *self, const IBBFailure *failure, GError *error)
{
  const char *reason = NULL;
  char       *message;

  if (failure->kind == IBB_FAILURE_CONNECTION_LOST)
    reason = self->lost_reason;
  else if (failure->kind == IBB_FAILURE_SEND_FAILED)
    reason = self->send_reason;
  if (error == NULL || reason == NULL)
    return error;

  message = g_strdup_printf ("%s: %s", error->message, reason);
  g_free (error->message);
  error->message = message;
  return error;
}

void
ibb_worker_use_locked (IBBWorker *self)
{
  g_assert (self->n_users > 0);
  self->n_users++;
}

void
ibb_worker_use (IBBWorker *self)
{
  ibb_worker_lock (self);
  ibb_worker_use_locked (self);
  ibb_worker_unlock (self);
}

void
ibb_worker_release (IBBWorker *self)
{
  ibb_worker_lock (self);
  self->n_users--;
  if (self->n_users > 0)
    {
      ibb_worker_unlock (self);
      return;
    }

  ibb_worker_update_locked (self);
  if (!is_held_locked (self) && is_idle_locked (self))
    retire_locked (self); /* now: the context may never be iterated again */
  else
    {
      arm_locked (self, 0);
      ibb_worker_unlock (self);
    }
  worker_unref (self); /* the reference of all users together */
}

GError *
ibb_worker_new_error_locked (IBBWorker *self, const IBBFailure *failure, IBBSession *session)
{
  return ibb_worker_add_reason_locked (self, failure,
                                       ibb_error_new_from_failure (failure,
                                                                   ibb_session_get_peer (session),
                                                                   ibb_session_get_sid (session)));
}

GError *
ibb_worker_new_stream_error_locked (IBBWorker *self, const IBBFailure *failure, IBBSession *session)
{
  return ibb_worker_add_reason_locked (self, failure,
                                       ibb_error_new_for_stream (failure,
                                                                 ibb_session_get_peer (session),
                                                                 ibb_session_get_sid (session)));
}
