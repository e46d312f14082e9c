/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime/channel.h"

#include "base/callback-source.h"
#include "base/ibb-error-private.h"
#include "base/intl.h"
#include "base/source.h"
#include "base/weak.h"
#include "core/session/lifecycle.h"

#define BYTES_INTERVAL (100 * 1000) /* µs, between two notifications of bytes */

/* Whether only a session that was open ends in this way. */
static gboolean
is_end_of_open_session (const IBBFailure *failure)
{
  switch (failure->kind)
    {
    case IBB_FAILURE_NONE:
    case IBB_FAILURE_PEER_CLOSED:
    case IBB_FAILURE_PEER_ABORTED:
    case IBB_FAILURE_PROTOCOL:
    case IBB_FAILURE_OVERFLOW:
      return TRUE;
    default:
      return FALSE;
    }
}

/* The answer to an open may bring blocks and a close with it (D-24). Such a session ends before
 * anybody sees it open. */
static gboolean
is_or_was_open_locked (IBBChannel *self)
{
  switch (ibb_session_get_state (self->session))
    {
    case IBB_SESSION_OPEN:
      return TRUE;
    case IBB_SESSION_ENDED:
      return is_end_of_open_session (&self->session->failure);
    case IBB_SESSION_OPENING:
    case IBB_SESSION_REQUESTED:
    default:
      return FALSE;
    }
}

gboolean
ibb_channel_has_opened_locked (IBBChannel *self)
{
  if (!self->opened)
    self->opened = is_or_was_open_locked (self);
  return self->opened;
}

static void
session_changed_locked (gpointer data, IBBSession *session)
{
  ibb_channel_changed_locked (data);
}

IBBChannel *
ibb_channel_new_locked (IBBHost *host, IBBSession *session)
{
  IBBChannel *self = g_new0 (IBBChannel, 1);

  host->n_users++;
  self->host = host;
  self->session = ibb_session_ref (session);
  self->ref_count = 1;
  self->session_owner.changed_locked = session_changed_locked;
  self->session_owner.object = self;
  session->data = &self->session_owner;
  ibb_channel_changed_locked (self);
  return self;
}

static IBBChannel *
channel_ref_locked (IBBChannel *self)
{
  self->ref_count++;
  return self;
}

IBBChannel *
ibb_channel_ref (IBBChannel *self)
{
  ibb_host_lock (self->host);
  channel_ref_locked (self);
  ibb_host_unlock (self->host);
  return self;
}

IBBSession *
ibb_channel_steal_session_locked (IBBChannel *self)
{
  self->session->data = NULL;
  return g_steal_pointer (&self->session);
}

void
ibb_channel_unref (IBBChannel *self)
{
  IBBHost *host = self->host;

  ibb_host_lock (host);
  self->ref_count--;
  if (self->ref_count > 0)
    {
      ibb_host_unlock (host);
      return;
    }

  /* The session was dropped before it had a transport. */
  if (self->owner == NULL && self->session != NULL)
    {
      ibb_lifecycle_abort (self->session, g_get_monotonic_time ());
      ibb_host_update_locked (host);
    }
  if (self->session != NULL)
    ibb_session_unref (ibb_channel_steal_session_locked (self));
  if (self->is_listed != self->listed_told)
    g_queue_unlink (&host->listings, &self->link); /* the list is gone */
  ibb_host_unlock (host);

  g_assert (g_queue_is_empty (&self->readers) && g_queue_is_empty (&self->writers));
  g_assert (self->changed_source == NULL);
  g_clear_pointer (&self->owner, ibb_weak_unref);
  g_free (self->peer_told);
  g_free (self->local_told);
  g_free (self);
  ibb_host_release (host);
}

/* What the transport is told. */

/* What has changed since the owner was last told. */
static IBBChannelNews
get_news_locked (IBBChannel *self)
{
  IBBChannelNews news = 0;

  if (self->wait_told != ibb_session_get_wait (self->session))
    news |= IBB_CHANNEL_WAITING;
  if (g_strcmp0 (self->peer_told, self->session->parameters.peer_jid) != 0)
    news |= IBB_CHANNEL_PEER_JID;
  if (g_strcmp0 (self->local_told, self->session->parameters.local_jid) != 0)
    news |= IBB_CHANNEL_LOCAL_JID;
  if (self->ended_told != (self->session->state == IBB_SESSION_ENDED))
    news |= IBB_CHANNEL_ENDED;
  if (self->send_rate.bytes != self->session->sender.delivered)
    news |= IBB_CHANNEL_ACKNOWLEDGED;
  if (self->receive_rate.bytes != self->session->receiver.received)
    news |= IBB_CHANNEL_RECEIVED;
  return news;
}

static void
note_told_locked (IBBChannel *self)
{
  gint64 now = g_get_monotonic_time ();

  self->wait_told = ibb_session_get_wait (self->session);
  g_free (self->peer_told);
  self->peer_told = g_strdup (self->session->parameters.peer_jid);
  g_free (self->local_told);
  self->local_told = g_strdup (self->session->parameters.local_jid);
  ibb_rate_update (&self->send_rate, self->session->sender.delivered, now);
  ibb_rate_update (&self->receive_rate, self->session->receiver.received, now);
}

static gboolean
changed_cb (gpointer data)
{
  IBBChannel           *self = data;
  g_autoptr (GObject)   owner = NULL;
  IBBChannelChangedFunc changed;
  IBBChannelNews        news;

  ibb_host_lock (self->host);
  if (self->changed_source != NULL)
    g_source_unref (g_steal_pointer (&self->changed_source));
  changed = self->changed;
  news = get_news_locked (self);
  note_told_locked (self);
  self->ended_told = self->session->state == IBB_SESSION_ENDED;
  ibb_host_unlock (self->host);

  owner = ibb_weak_get (self->owner);
  if (owner != NULL && changed != NULL && news != 0)
    changed (owner, news);
  return G_SOURCE_REMOVE;
}

/* The source holds no reference to the owner: that would keep the owner after the application has
 * dropped it. */
static void
tell_changed_locked (IBBChannel *self)
{
  IBBChannelNews news = self->changed != NULL ? get_news_locked (self) : 0;
  gint64         at = 0;

  if (news == 0)
    return;
  if ((news & ~(IBB_CHANNEL_ACKNOWLEDGED | IBB_CHANNEL_RECEIVED)) == 0)
    at = self->send_rate.at + BYTES_INTERVAL;
  if (self->changed_source != NULL)
    {
      g_source_set_ready_time (self->changed_source, at);
      return;
    }
  self->changed_source =
      ibb_callback_source_new ("[ibb-glib] changed", changed_cb, channel_ref_locked (self),
                               (GDestroyNotify) ibb_channel_unref);
  ibb_source_attach_at (self->changed_source, at, self->host->signal_context);
}

static const char *const waits_for_peer[] = {
  [IBB_RESUME_NOT_ANSWERED] = "waiting for the peer",
  [IBB_RESUME_REFUSED] = "waiting for the peer, which refuses to resume it",
  [IBB_RESUME_NOT_PROVEN] = "waiting for the peer, whose answer to <resume/> has no valid proof",
  [IBB_RESUME_NOT_POSSIBLE] =
      "waiting for the peer, whose answer to <resume/> has an impossible position",
};

static const char *
get_stage_locked (IBBChannel *self)
{
  switch (ibb_session_get_state (self->session))
    {
    case IBB_SESSION_OPENING:
      return "opening";
    case IBB_SESSION_REQUESTED:
      return "requested";
    case IBB_SESSION_ENDED:
      return "ended";
    case IBB_SESSION_OPEN:
    case IBB_SESSION_INTERRUPTED:
    default:
      break;
    }
  switch (ibb_session_get_wait (self->session))
    {
    case IBB_SESSION_WAIT_CONNECTION:
      return "waiting for the connection";
    case IBB_SESSION_WAIT_PEER:
      return waits_for_peer[self->session->resume.answer];
    case IBB_SESSION_WAIT_NONE:
    default:
      return "open";
    }
}

static void
trace_locked (IBBChannel *self)
{
  IBBSession        *session = self->session;
  const char        *stage = get_stage_locked (self);
  g_autoptr (GError) error = NULL;

  if (stage == self->traced)
    return;
  self->traced = stage;
  if (self->session->state != IBB_SESSION_ENDED)
    {
      ibb_host_trace_locked (self->host, "Session %s with %s: %s, blocks of %u bytes by %s",
                             session->parameters.key.sid, session->parameters.peer_jid, stage,
                             session->parameters.block_size,
                             session->parameters.by_message ? "message" : "IQ");
      return;
    }
  error = ibb_host_new_error_locked (self->host, session);
  ibb_host_trace_locked (self->host,
                         "Session %s with %s: ended after %" G_GUINT64_FORMAT
                         " bytes written, %" G_GUINT64_FORMAT " acknowledged, %" G_GUINT64_FORMAT
                         " received: %s",
                         session->parameters.key.sid, session->parameters.peer_jid,
                         session->sender.written, session->sender.delivered,
                         session->receiver.received, error != NULL ? error->message : "no error");
}

static void
set_listed_locked (IBBChannel *self, gboolean is_listed)
{
  IBBHost *host = self->host;

  if (self->is_listed == is_listed)
    return;
  self->is_listed = is_listed;
  self->link.data = self;
  if (is_listed == self->listed_told)
    g_queue_unlink (&host->listings, &self->link);
  else
    g_queue_push_tail_link (&host->listings, &self->link);
  if (host->list_source != NULL)
    g_source_set_ready_time (host->list_source, 0);
}

IBBChannel *
ibb_channel_take_listing (IBBHost *host, gboolean *is_added)
{
  GList      *link;
  IBBChannel *self = NULL;

  ibb_host_lock (host);
  link = g_queue_pop_head_link (&host->listings);
  if (link != NULL)
    {
      self = channel_ref_locked (link->data);
      *is_added = self->listed_told = self->is_listed;
    }
  ibb_host_unlock (host);
  return self;
}

void
ibb_channel_changed_locked (IBBChannel *self)
{
  if (self->session->state == IBB_SESSION_ENDED)
    set_listed_locked (self, FALSE);
  trace_locked (self);
  ibb_channel_has_opened_locked (self);
  tell_changed_locked (self);
  ibb_waiters_wake (&self->readers);
  ibb_waiters_wake (&self->writers);
}

GError *
ibb_channel_new_stream_error_locked (IBBChannel *self, const IBBFailure *failure)
{
  return ibb_error_add_reason (ibb_error_new_for_stream (failure,
                                                         self->session->parameters.peer_jid,
                                                         self->session->parameters.key.sid),
                               ibb_host_get_reason_locked (self->host, failure));
}

/* The transport. */

void
ibb_channel_set_owner (IBBChannel *self, GObject *owner, IBBChannelChangedFunc changed)
{
  g_assert (self->owner == NULL);
  self->owner = ibb_weak_new (owner);
  ibb_host_lock (self->host);
  self->changed = changed;
  set_listed_locked (self, self->session->state != IBB_SESSION_ENDED);
  note_told_locked (self);
  tell_changed_locked (self);
  ibb_host_unlock (self->host);
}

GObject *
ibb_channel_hold_owner (IBBChannel *self, GError **error)
{
  GObject *owner = self != NULL ? ibb_weak_get (self->owner) : NULL;

  if (owner == NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, _ ("The transport of this stream is gone"));
  return owner;
}

void
ibb_channel_drop_owner (IBBChannel *self, GObject *owner)
{
  GSource *changed;

  ibb_weak_forget (owner);
  ibb_host_lock (self->host);
  changed = g_steal_pointer (&self->changed_source);
  self->changed = NULL;
  set_listed_locked (self, FALSE);
  if (!self->closing)
    {
      self->closing = TRUE;
      ibb_lifecycle_abort (self->session, g_get_monotonic_time ());
      ibb_channel_changed_locked (self);
      ibb_host_update_locked (self->host);
    }
  ibb_host_unlock (self->host);

  ibb_source_clear (&changed);
}

/* Closing. */

void
ibb_channel_begin_close (IBBChannel *self)
{
  ibb_host_lock (self->host);
  self->closing = TRUE;
  ibb_host_unlock (self->host);
}

void
ibb_channel_abort (IBBChannel *self, const IBBCondition *condition, const char *text)
{
  gint64 now = g_get_monotonic_time ();

  ibb_host_lock (self->host);
  if (condition != NULL)
    ibb_lifecycle_abort_with_reason (self->session, *condition, text, now);
  else
    ibb_lifecycle_abort (self->session, now);
  ibb_channel_changed_locked (self);
  ibb_host_update_locked (self->host);
  ibb_host_unlock (self->host);
}

void
ibb_channel_close_input (IBBChannel *self)
{
  if (self == NULL)
    return;
  ibb_host_lock (self->host);
  if (!self->closing)
    {
      ibb_session_close_input (self->session, g_get_monotonic_time ());
      ibb_channel_changed_locked (self);
      ibb_host_update_locked (self->host);
    }
  ibb_host_unlock (self->host);
}

void
ibb_channel_close_output (IBBChannel *self)
{
  gint64 now = g_get_monotonic_time ();

  if (self == NULL)
    return;
  ibb_host_lock (self->host);
  if (!self->closing)
    {
      ibb_session_flush (self->session, now);
      ibb_session_close_output (self->session);
      ibb_channel_changed_locked (self);
      ibb_host_update_locked (self->host);
    }
  ibb_host_unlock (self->host);
}

/* Settings and statistics. */

guint
ibb_channel_get_timeout (IBBChannel *self, IBBChannelWay way)
{
  return (guint) g_atomic_int_get (&self->timeouts[way]);
}

gboolean
ibb_channel_set_timeout (IBBChannel *self, IBBChannelWay way, guint milliseconds)
{
  return (guint) g_atomic_int_exchange (&self->timeouts[way], milliseconds) != milliseconds;
}

gboolean
ibb_channel_get_auto_flush (IBBChannel *self)
{
  gboolean auto_flush;

  ibb_host_lock (self->host);
  auto_flush = self->session->sender.auto_flush;
  ibb_host_unlock (self->host);
  return auto_flush;
}

gboolean
ibb_channel_set_auto_flush (IBBChannel *self, gboolean auto_flush)
{
  gboolean changed;

  ibb_host_lock (self->host);
  changed = !self->session->sender.auto_flush != !auto_flush;
  ibb_session_set_auto_flush (self->session, !!auto_flush, g_get_monotonic_time ());
  ibb_host_update_locked (self->host);
  ibb_host_unlock (self->host);
  return changed;
}

void
ibb_channel_get_statistics (IBBChannel *self, IBBStatistics *statistics)
{
  IBBSession *session = self->session;
  gint64      now = g_get_monotonic_time ();
  IBBRate     send_rate, receive_rate;

  ibb_host_lock (self->host);
  send_rate = self->send_rate;
  receive_rate = self->receive_rate;
  statistics->bytes_acknowledged = session->sender.delivered;
  statistics->bytes_received = session->receiver.received;
  statistics->bytes_queued = session->sender.written - statistics->bytes_acknowledged;
  statistics->bytes_in_flight = session->sender.segmented - statistics->bytes_acknowledged;
  ibb_host_unlock (self->host);
  statistics->send_rate = ibb_rate_update (&send_rate, statistics->bytes_acknowledged, now);
  statistics->receive_rate = ibb_rate_update (&receive_rate, statistics->bytes_received, now);
}

IBBSession *
ibb_channel_lock_session (IBBChannel *self)
{
  ibb_host_lock (self->host);
  return self->session;
}

void
ibb_channel_unlock_session (IBBChannel *self)
{
  ibb_host_unlock (self->host);
}

GError *
ibb_channel_dup_error (IBBChannel *self)
{
  GError *error;

  ibb_host_lock (self->host);
  error = ibb_host_new_error_locked (self->host, self->session);
  ibb_host_unlock (self->host);
  return error;
}
