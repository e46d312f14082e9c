/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime/inbox.h"

#include "base/callback-source.h"
#include "base/source.h"
#include "core/base/jid.h"
#include "core/session/lifecycle.h"

static gboolean
has_handler_locked (IBBInbox *self, guint signal)
{
  return self->service != NULL && g_signal_has_handler_pending (self->service, signal, 0, TRUE);
}

void
ibb_inbox_wake_accepts_locked (IBBInbox *self)
{
  guint n = ibb_engine_is_running (self->host->engine) ? self->accepted.length : G_MAXUINT;

  for (GList *link = self->accepts.head; link != NULL && n > 0; link = link->next, n--)
    ibb_waiter_wake (link->data);
}

/* Sessions that wait. A session that ends before it reaches the application, with nothing to read,
 * is dropped, because a peer may begin and end any number. So is a request that has ended. */

static void
leave_locked (IBBInbox *self, IBBSession *session)
{
  if (!g_queue_remove (&self->notices, session))
    g_queue_remove (&self->accepted, session);
  session->data = NULL;
  ibb_session_set_waiting (session, FALSE);
}

static void
session_changed_locked (gpointer data, IBBSession *session)
{
  IBBInbox *self = data;

  if (!ibb_session_is_over (session))
    return;
  leave_locked (self, session);
  ibb_session_unref (session);
}

/* Takes a reference to session, which may have ended already. position: 0 for the first, or -1 for
 * the last one. */
static void
enter_locked (IBBInbox *self, GQueue *queue, IBBSession *session, int position)
{
  g_queue_push_nth (queue, ibb_session_ref (session), position);
  session->data = &self->session_owner;
  ibb_session_set_waiting (session, TRUE);
  session_changed_locked (self, session);
}

/* The first session, which waits on. While a batch arrives, nobody has been told yet that a session
 * has ended. */
static IBBSession *
peek_locked (IBBInbox *self, GQueue *queue)
{
  IBBSession *session;

  while ((session = g_queue_peek_head (queue)) != NULL && ibb_session_is_over (session))
    session_changed_locked (self, session);
  return session;
}

/* (transfer full) (nullable) */
static IBBSession *
pop_locked (IBBInbox *self, GQueue *queue)
{
  IBBSession *session = peek_locked (self, queue);

  if (session != NULL)
    leave_locked (self, session);
  return session;
}

/* Refuses or aborts those that wait. */
static void
abort_all_locked (IBBInbox *self, GQueue *queue)
{
  IBBSession *session;

  while ((session = pop_locked (self, queue)) != NULL)
    {
      ibb_lifecycle_abort (session, g_get_monotonic_time ());
      ibb_session_unref (session);
    }
}

static void
arrived_locked (gpointer data, IBBSession *session, gboolean is_request)
{
  IBBInbox *self = data;

  if (is_request || has_handler_locked (self, self->signals.session_accepted))
    {
      enter_locked (self, &self->notices, session, -1);
      if (self->source != NULL)
        g_source_set_ready_time (self->source, 0);
    }
  else
    ibb_inbox_keep_for_accept_locked (self, session);
}

IBBInbox *
ibb_inbox_new (IBBHost *host)
{
  IBBInbox *self = g_new0 (IBBInbox, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->host = host;
  self->session_owner.changed_locked = session_changed_locked;
  self->session_owner.object = self;
  ibb_host_set_arrival (host, arrived_locked, ibb_inbox_ref (self),
                        (GDestroyNotify) ibb_inbox_unref);
  return self;
}

IBBInbox *
ibb_inbox_ref (IBBInbox *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
ibb_inbox_unref (IBBInbox *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_assert (self->service == NULL && g_queue_is_empty (&self->accepts));
  g_free (self);
}

void
ibb_inbox_open (IBBInbox              *self,
                GObject               *service,
                const IBBInboxSignals *signals,
                void (*emit) (gpointer service))
{
  self->source = ibb_callback_source_new_for_object ("[ibb-glib] service", service, emit);
  self->signals = *signals;
  self->service = service;
  self->host->list_source = self->source;
  g_source_attach (self->source, self->host->signal_context);
}

void
ibb_inbox_stop (IBBInbox *self, gboolean abort_sessions)
{
  GQueue untaken;

  ibb_host_lock (self->host);
  self->stopped = TRUE;
  ibb_engine_stop (self->host->engine, abort_sessions, g_get_monotonic_time ());
  ibb_host_update_now_locked (self->host);
  abort_all_locked (self, &self->notices);
  abort_all_locked (self, &self->accepted);
  ibb_host_update_locked (self->host);
  untaken = self->untaken;
  g_queue_init (&self->untaken);
  ibb_inbox_wake_accepts_locked (self);
  ibb_waiters_wake (&self->host->refresh_waiters);
  ibb_host_unlock (self->host);

  g_queue_clear_full (&untaken, (GDestroyNotify) ibb_channel_unref);
}

void
ibb_inbox_close (IBBInbox *self)
{
  GSource *source;

  ibb_host_lock (self->host);
  source = g_steal_pointer (&self->source);
  self->host->list_source = NULL;
  self->service = NULL;
  ibb_host_unlock (self->host);
  ibb_source_clear (&source);
  ibb_inbox_stop (self, FALSE);
}

void
ibb_inbox_update_listen_locked (IBBInbox *self)
{
  IBBListen listen = IBB_LISTEN_NONE;

  if (has_handler_locked (self, self->signals.session_requested))
    listen = IBB_LISTEN_ASK;
  else if (self->service != NULL &&
           (self->listening || has_handler_locked (self, self->signals.session_accepted)))
    listen = IBB_LISTEN_ACCEPT;
  ibb_acceptor_listen (&self->host->engine->acceptor, listen);
}

void
ibb_inbox_note_limit (IBBInbox *self)
{
  ibb_host_lock (self->host);
  self->has_limit = TRUE;
  ibb_host_unlock (self->host);
}

gboolean
ibb_inbox_lacks_limit_locked (IBBInbox *self)
{
  if (self->has_limit || (!has_handler_locked (self, self->signals.session_requested) &&
                          !has_handler_locked (self, self->signals.session_accepted)))
    return FALSE;

  self->has_limit = TRUE;
  return TRUE;
}

char **
ibb_inbox_dup_features (IBBInbox *self)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  IBBEngine               *engine = self->host->engine;

  ibb_host_lock (self->host);
  if (!self->host->retired && ibb_engine_is_running (engine))
    {
      ibb_inbox_update_listen_locked (self);
      g_strv_builder_add (builder, IBB_FEATURE_NAMESPACE);
      if (ibb_engine_can_accept (engine))
        g_strv_builder_add (builder, IBB_NAMESPACE);
    }
  ibb_host_unlock (self->host);
  return g_strv_builder_end (builder);
}

IBBSession *
ibb_inbox_take_notice (IBBInbox *self, gboolean *is_request)
{
  IBBSession *session;

  ibb_host_lock (self->host);
  session = pop_locked (self, &self->notices);
  *is_request = session != NULL && session->state == IBB_SESSION_REQUESTED;
  if (*is_request)
    self->host->n_users++;
  if (!g_queue_is_empty (&self->notices) && self->source != NULL)
    g_source_set_ready_time (self->source, 0);
  ibb_host_unlock (self->host);
  return session;
}

void
ibb_inbox_keep_for_accept_locked (IBBInbox *self, IBBSession *session)
{
  enter_locked (self, &self->accepted, session, -1);
  ibb_inbox_wake_accepts_locked (self);
}

gboolean
ibb_inbox_has_accepted_locked (IBBInbox *self)
{
  return peek_locked (self, &self->accepted) != NULL;
}

gboolean
ibb_inbox_may_accept_locked (IBBInbox *self)
{
  return ibb_engine_is_running (self->host->engine) ||
         (!self->stopped && ibb_host_is_returning_locked (self->host));
}

IBBChannel *
ibb_inbox_take_accepted_locked (IBBInbox *self)
{
  g_autoptr (IBBSession) session = pop_locked (self, &self->accepted);

  return session != NULL ? ibb_channel_new_locked (self->host, session) : NULL;
}

/* Whether a session that is given back can still get to the application. */
static gboolean
may_keep_locked (IBBInbox *self, IBBChannel *channel)
{
  return self->service != NULL && !ibb_session_is_over (channel->session);
}

void
ibb_inbox_give_back_accepted (IBBInbox *self, IBBChannel *channel)
{
  ibb_host_lock (self->host);
  if (may_keep_locked (self, channel))
    {
      g_autoptr (IBBSession) session = ibb_channel_steal_session_locked (channel);

      enter_locked (self, &self->accepted, session, 0);
      ibb_inbox_wake_accepts_locked (self);
    }
  ibb_host_unlock (self->host);
  ibb_channel_unref (channel);
}

void
ibb_inbox_keep_expected_locked (IBBInbox *self, IBBChannel *channel, gint64 now)
{
  ibb_lifecycle_set_untaken (channel->session, TRUE, now);
  g_queue_push_tail (&self->untaken, channel);
}

static gboolean
is_at (IBBSession *session, const char *local)
{
  return local == NULL || ibb_jid_equal (session->parameters.local_jid, local);
}

IBBChannel *
ibb_inbox_take_expected_locked (
    IBBInbox *self, const char *local, const char *peer, const char *sid, gint64 now)
{
  for (GList *link = self->untaken.head; link != NULL; link = link->next)
    {
      IBBChannel *channel = link->data;
      IBBSession *session = channel->session;

      if (ibb_session_is_over (session) || !g_str_equal (session->parameters.key.sid, sid) ||
          !ibb_jid_equal (session->parameters.peer_jid, peer) || !is_at (session, local))
        continue;
      g_queue_delete_link (&self->untaken, link);
      ibb_lifecycle_set_untaken (session, FALSE, now);
      return channel;
    }
  return NULL;
}

static void
steal_over_locked (IBBInbox *self, GQueue *over)
{
  GList *next;

  for (GList *link = self->untaken.head; link != NULL; link = next)
    {
      next = link->next;
      if (ibb_session_is_over (((const IBBChannel *) link->data)->session))
        {
          g_queue_unlink (&self->untaken, link);
          g_queue_push_tail_link (over, link);
        }
    }
}

void
ibb_inbox_give_back_expected (IBBInbox *self, IBBChannel *channel)
{
  GQueue over = G_QUEUE_INIT;

  ibb_host_lock (self->host);
  steal_over_locked (self, &over);
  if (may_keep_locked (self, channel))
    ibb_inbox_keep_expected_locked (self, channel, g_get_monotonic_time ());
  else
    g_queue_push_tail (&over, channel);
  ibb_host_update_locked (self->host);
  ibb_host_unlock (self->host);
  g_queue_clear_full (&over, (GDestroyNotify) ibb_channel_unref);
}
