/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime/listener.h"

#include "ibb-error.h"

typedef struct
{
  IBBConnectionListener parent;

  IBBHost  *host;  /* (owned) */
  IBBInbox *inbox; /* (owned) */
} IBBListener;

/* Whether the stanza is an open that was refused for lack of a session-limit. n: the number of
 * sessions before. */
static gboolean
lacks_limit_locked (IBBListener *self, const IBBStanza *stanza, guint n)
{
  IBBEngine *engine = self->host->engine;

  return stanza->payload == IBB_PAYLOAD_OPEN && ibb_engine_is_running (engine) &&
         g_hash_table_size (engine->context->sessions) == n &&
         ibb_inbox_lacks_limit_locked (self->inbox);
}

static gboolean
receive (IBBListener *self, const IBBConnectionEvent *event)
{
  IBBStanza *stanza = event->stanza;
  IBBHost   *host = self->host;
  IBBEngine *engine = host->engine;
  gboolean   taken = FALSE;
  gboolean   lacks_limit = FALSE;
  guint      n;

  ibb_host_lock (host);
  /* This is the connection's context, so its JID may be read here. A client notifies of its JID
   * later, and in another context. */
  if (engine->context->local_jid == NULL)
    {
      ibb_host_unlock (host);
      ibb_host_read_connection (host);
      ibb_host_lock (host);
    }
  if (!host->retired)
    {
      if (stanza->payload == IBB_PAYLOAD_OPEN)
        ibb_inbox_update_listen_locked (self->inbox);
      n = g_hash_table_size (engine->context->sessions);
      taken = ibb_engine_receive (engine, stanza, event->claim, g_get_monotonic_time ());
      lacks_limit = taken && lacks_limit_locked (self, stanza, n);
      if (taken && stanza->payload == IBB_PAYLOAD_OPEN && stanza->sid != NULL &&
          stanza->from != NULL)
        ibb_host_trace_locked (host, "Session %s with %s: %s, the peer offers blocks of %u bytes",
                               stanza->sid, stanza->from,
                               g_hash_table_size (engine->context->sessions) > n ? "requested"
                                                                                 : "refused",
                               stanza->block_size);
      if (taken)
        ibb_host_received_locked (host, event->may_others_follow);
      else
        ibb_host_update_locked (host);
    }
  ibb_host_unlock (host);
  if (lacks_limit)
    g_message ("The service refused a session of a peer: it has a handler for sessions, and its "
               "session-limit is 0, the default");
  return taken;
}

static void
confirmed (IBBListener *self, IBBStanza *stanza)
{
  ibb_host_lock (self->host);
  if (!self->host->retired)
    {
      ibb_engine_sent (self->host->engine, stanza, g_get_monotonic_time ());
      ibb_host_update_locked (self->host);
    }
  ibb_host_unlock (self->host);
}

/* Returns whether stanzas are shorter from now on. */
static gboolean
lost (IBBListener *self, const GError *error, gboolean is_returning)
{
  IBBHost *host = self->host;
  gboolean is_shorter = FALSE;

  ibb_host_hold_connection (host);
  ibb_host_lock (host);
  if (!host->retired)
    {
      IBBUplink *uplink = &host->uplink;

      /* The first reason stays, unless the connection was to return: then it has given up. */
      if (uplink->is_returning)
        g_clear_pointer (&uplink->lost_reason, g_free);
      uplink->is_returning = is_returning;
      if (uplink->lost_reason == NULL && error != NULL)
        uplink->lost_reason = g_strdup (error->message);
      uplink->congested = FALSE;
      if (g_error_matches (error, IBB_ERROR, IBB_ERROR_POLICY_VIOLATION))
        is_shorter = ibb_engine_note_violation (host->engine);
      ibb_engine_lost (host->engine);
      ibb_inbox_wake_accepts_locked (self->inbox);
      ibb_host_update_now_locked (host);
    }
  ibb_host_unlock (host);
  return is_shorter;
}

static void
restored (IBBListener *self)
{
  IBBHost *host = self->host;

  ibb_host_hold_connection (host);
  /* Before all else: a session that another thread opens must have the new address. */
  ibb_host_read_connection (host);
  ibb_host_lock (host);
  if (host->uplink.connection != NULL)
    {
      host->uplink.is_returning = FALSE;
      g_clear_pointer (&host->uplink.lost_reason, g_free);
      ibb_engine_restored (host->engine);
      ibb_host_update_now_locked (host); /* the suspension has ended, so stanzas may leave */
    }
  ibb_host_unlock (host);
}

static void
suspended (IBBListener *self)
{
  ibb_host_lock (self->host);
  if (!self->host->retired)
    {
      ibb_engine_suspend (self->host->engine, g_get_monotonic_time ());
      ibb_host_update_locked (self->host); /* sessions wait no longer than resume-timeout */
    }
  ibb_host_unlock_and_let_go (self->host);
}

static void
resumed (IBBListener *self)
{
  IBBEngine *engine = self->host->engine;

  ibb_host_hold_connection (self->host);
  ibb_host_lock (self->host);
  if (engine->context->clock.is_stopped)
    {
      self->host->uplink.congested = FALSE;
      ibb_engine_resume (engine, g_get_monotonic_time ());
      ibb_host_arm_locked (self->host, 0);
    }
  ibb_host_unlock (self->host);
}

static gboolean
ask_engine (IBBListener *self, IBBConnectionEventType question)
{
  IBBEngine *engine = self->host->engine;
  gboolean   answer;

  ibb_host_lock (self->host);
  answer = question == IBB_CONNECTION_NEEDED ? ibb_engine_needs_stream (engine)
                                             : engine->context->has_moved;
  ibb_host_unlock (self->host);
  return answer;
}

static void
drained (IBBListener *self)
{
  ibb_host_hold_connection (self->host);
  ibb_host_lock (self->host);
  ibb_host_drained_locked (self->host);
  ibb_host_unlock (self->host);
}

static void
chatted (IBBListener *self)
{
  ibb_host_lock (self->host);
  ibb_engine_note_chat (self->host->engine, g_get_monotonic_time ());
  ibb_host_unlock (self->host);
}

static void
local_jid_changed (IBBListener *self)
{
  gboolean is_lost;

  /* A connection that is restored is read then. Until then its thread has nothing to do here. */
  ibb_host_lock (self->host);
  is_lost = self->host->engine->context->is_lost;
  ibb_host_unlock (self->host);
  if (is_lost)
    return;

  /* A client may notify in another context than that of the connection. */
  if (g_main_context_is_owner (self->host->context))
    {
      ibb_host_read_connection (self->host);
      return;
    }
  ibb_host_lock (self->host);
  ibb_host_refresh_locked (self->host);
  ibb_host_unlock (self->host);
}

static gboolean
listener_notify (IBBConnectionListener *listener, const IBBConnectionEvent *event)
{
  IBBListener *self = (IBBListener *) listener;

  switch (event->type)
    {
    case IBB_CONNECTION_RECEIVED:
      return receive (self, event);
    case IBB_CONNECTION_CONFIRMED:
      confirmed (self, event->stanza);
      break;
    case IBB_CONNECTION_DRAINED:
      drained (self);
      break;
    case IBB_CONNECTION_CHAT:
      chatted (self);
      break;
    case IBB_CONNECTION_SUSPENDED:
      suspended (self);
      break;
    case IBB_CONNECTION_RESUMED:
      resumed (self);
      break;
    case IBB_CONNECTION_LEAVING:
      ibb_host_send_last (self->host);
      break;
    case IBB_CONNECTION_LOST:
      return lost (self, event->error, FALSE);
    case IBB_CONNECTION_INTERRUPTED:
      return lost (self, event->error, TRUE);
    case IBB_CONNECTION_RESTORED:
      restored (self);
      break;
    case IBB_CONNECTION_NEEDED:
    case IBB_CONNECTION_MOVED:
      return ask_engine (self, event->type);
    case IBB_CONNECTION_LOCAL_JID_CHANGED:
      local_jid_changed (self);
      break;
    case IBB_CONNECTION_BATCH_BEGAN:
      self->host->in_batch = TRUE;
      break;
    case IBB_CONNECTION_BATCH_ENDED:
      ibb_host_end_batch (self->host);
      break;
    case IBB_CONNECTION_GONE:
      ibb_host_retire (self->host);
      break;
    default:
      g_assert_not_reached ();
    }
  return FALSE;
}

static char **
listener_dup_features (IBBConnectionListener *listener)
{
  return ibb_inbox_dup_features (((IBBListener *) listener)->inbox);
}

static void
listener_free (IBBConnectionListener *listener)
{
  IBBListener *self = (IBBListener *) listener;

  ibb_inbox_unref (self->inbox);
  ibb_host_unref (self->host);
  g_free (self);
}

IBBConnectionListener *
ibb_listener_new (IBBHost *host, IBBInbox *inbox)
{
  static const IBBConnectionListenerClass class = {
    .notify = listener_notify,
    .dup_features = listener_dup_features,
    .free = listener_free,
  };
  IBBListener *self = g_new0 (IBBListener, 1);

  ibb_connection_listener_init (&self->parent, &class);
  self->host = ibb_host_ref (host);
  self->inbox = ibb_inbox_ref (inbox);
  return &self->parent;
}
