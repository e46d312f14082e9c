/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "core/engine-private.h"
#include "core/jid.h"

/* Strangers may provoke errors, and peers may repeat blocks, faster than the
 * answers can be sent (D-47). */
#define ERROR_REPLIES_MAX 1000
#define REPEATED_RESULTS_MAX 1000
#define BACKLOG 4096

static guint
session_hash (gconstpointer key)
{
  const IBBSession *session = key;

  return g_str_hash (session->sid) ^ (g_str_hash (session->peer_normal) * 31) ^
         (g_str_hash (session->local_normal) * 131);
}

static gboolean
session_equal (gconstpointer a, gconstpointer b)
{
  const IBBSession *session_a = a;
  const IBBSession *session_b = b;

  return g_str_equal (session_a->sid, session_b->sid) &&
         g_str_equal (session_a->peer_normal, session_b->peer_normal) &&
         g_str_equal (session_a->local_normal, session_b->local_normal);
}

static void
pending_free (IBBPending *pending)
{
  g_free (pending->id);
  g_free (pending->jid);
  g_free (pending->address);
  g_free (pending->local);
  g_free (pending->sid);
  g_free (pending);
}

static void
expectation_free (IBBExpectation *expectation)
{
  g_free (expectation->key);
  g_free (expectation);
}

void
ibb_engine_forget_abandoned (IBBEngine *self, IBBPending *pending)
{
  g_queue_unlink (&self->abandoned, &pending->link);
  g_hash_table_remove (self->pending, pending->id);
}

static void
abandoned_timeout (gpointer owner, gint64 now)
{
  IBBEngine  *self = owner;
  IBBPending *oldest;

  while ((oldest = g_queue_peek_head (&self->abandoned)) != NULL && oldest->until <= now)
    ibb_engine_forget_abandoned (self, oldest);
  if (oldest != NULL)
    ibb_timer_set (&self->abandoned_timer, &self->timers, oldest->until);
}

IBBEngine *
ibb_engine_new (IBBRandomFunc random, gpointer random_data)
{
  IBBEngine *self = g_new0 (IBBEngine, 1);

  self->settings = (IBBSettings) IBB_SETTINGS_INIT;
  self->random = random;
  self->random_data = random_data;
  self->sessions =
      g_hash_table_new_full (session_hash, session_equal, (GDestroyNotify) ibb_session_unref, NULL);
  self->expectations =
      g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) expectation_free);
  self->pending =
      g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) pending_free);
  self->peers =
      g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) ibb_peer_free);
  self->servers =
      g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) ibb_server_free);
  self->requests = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  ibb_flow_init (&self->flow);
  ibb_timers_init (&self->timers);
  ibb_timer_init (&self->abandoned_timer, abandoned_timeout, self);
  ibb_parking_init (self);
  return self;
}

void
ibb_engine_free (IBBEngine *self)
{
  GList *link;

  ibb_engine_lost (self, 0);
  g_queue_clear_full (&self->control, (GDestroyNotify) ibb_stanza_record_unref);
  while ((link = g_queue_pop_head_link (&self->changed)) != NULL)
    {
      IBBSession *session = link->data;

      session->is_changed = FALSE;
      ibb_session_unref (session); /* the reference that the queue held */
    }
  while (!g_queue_is_empty (&self->events))
    {
      IBBEvent *event = g_queue_pop_head (&self->events);

      ibb_event_clear (event);
      g_free (event);
    }
  while ((link = g_queue_pop_head_link (&self->all)) != NULL)
    ((IBBSession *) link->data)->engine = NULL;

  g_hash_table_unref (self->sessions);
  g_hash_table_unref (self->expectations);
  g_hash_table_unref (self->pending);
  g_hash_table_unref (self->peers);
  g_hash_table_unref (self->servers);
  g_hash_table_unref (self->requests);
  ibb_timers_clear (&self->timers);
  g_free (self->local_jid);
  g_free (self->local_normal);
  g_free (self);
}

IBBSettings *
ibb_engine_get_settings (IBBEngine *self)
{
  return &self->settings;
}

gint64
ibb_engine_get_time (IBBEngine *self, gint64 now)
{
  if (self == NULL)
    return now;
  return (self->suspended ? self->suspended_at : now) - self->stood;
}

void
ibb_engine_settings_changed (IBBEngine *self, gint64 now)
{
  GHashTableIter iter;
  gpointer       key;

  now = ibb_engine_get_time (self, now);
  g_hash_table_iter_init (&iter, self->sessions);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    {
      IBBSession *session = key;

      if (session->state != IBB_SESSION_OPEN)
        continue;
      ibb_receiver_release (session, now);
      ibb_sender_update_ready (session, now);
      ibb_session_update_timer (session, now);
      ibb_session_changed (session);
    }
}

void
ibb_engine_set_local_jid (IBBEngine *self, const char *jid)
{
  g_free (self->local_jid);
  g_free (self->local_normal);
  self->local_jid = g_strdup (jid);
  self->local_normal = jid != NULL ? ibb_jid_normalize (jid) : NULL;
}

void
ibb_engine_set_stanza_limit (IBBEngine *self, gsize limit)
{
  self->stanza_limit = limit;
}

void
ibb_engine_set_listen (IBBEngine *self, IBBListen listen)
{
  self->listen = listen;
}

/* Ids and sids are guessed by nobody: 64 random bits (D-33). */
char *
ibb_engine_new_id (IBBEngine *self)
{
  static const char digits[] = "0123456789abcdef";
  guint8            bytes[8];
  char             *id = g_malloc (2 * sizeof bytes + 1);

  self->random (bytes, sizeof bytes, self->random_data);
  for (gsize i = 0; i < sizeof bytes; i++)
    {
      id[2 * i] = digits[bytes[i] >> 4];
      id[2 * i + 1] = digits[bytes[i] & 15];
    }
  id[2 * sizeof bytes] = '\0';
  return id;
}

void
ibb_engine_queue_control (IBBEngine *self, IBBStanza *stanza)
{
  if (stanza->payload == IBB_PAYLOAD_ERROR)
    self->n_error_replies++;
  g_queue_push_tail (&self->control, stanza);
}

void
ibb_engine_reply_result (IBBEngine *self, IBBStanza *request)
{
  if (request->name == IBB_STANZA_IQ)
    ibb_engine_queue_control (self, ibb_stanza_record_new_result (request));
}

gboolean
ibb_engine_is_backlogged (IBBEngine *self)
{
  return g_queue_get_length (&self->control) >= BACKLOG;
}

void
ibb_engine_repeat_result (IBBEngine *self, IBBStanza *request)
{
  if (g_queue_get_length (&self->control) < REPEATED_RESULTS_MAX)
    ibb_engine_reply_result (self, request);
}

void
ibb_engine_reply_error (IBBEngine   *self,
                        IBBStanza   *request,
                        IBBCondition condition,
                        IBBErrorType type,
                        const char  *text)
{
  if (self->n_error_replies >= ERROR_REPLIES_MAX)
    return;

  ibb_engine_queue_control (self, ibb_stanza_record_new_error (request, condition, type, text));
}

void
ibb_engine_push_event (IBBEngine   *self,
                       IBBEventType type,
                       IBBSession  *session,
                       gpointer     expectation)
{
  IBBEvent *event = g_new0 (IBBEvent, 1);

  event->type = type;
  event->session = session != NULL ? ibb_session_ref (session) : NULL;
  event->expectation = expectation;
  g_queue_push_tail (&self->events, event);
}

IBBPending *
ibb_engine_add_pending (IBBEngine     *self,
                        IBBPendingType type,
                        const char    *id,
                        const char    *normal_jid)
{
  IBBPending *pending = g_new0 (IBBPending, 1);

  pending->type = type;
  pending->id = g_strdup (id);
  pending->jid = g_strdup (normal_jid);
  g_hash_table_replace (self->pending, pending->id, pending);
  return pending;
}

void
ibb_engine_remove_pending (IBBEngine *self, const char *id)
{
  g_hash_table_remove (self->pending, id);
}

/* Expectations and sessions end alike when the stream is lost and on stop. */
static void
fail_expectations (IBBEngine *self, IBBFailureKind kind)
{
  GHashTableIter iter;
  gpointer       value;

  g_hash_table_iter_init (&iter, self->expectations);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      IBBEvent *event;

      ibb_engine_push_event (self, IBB_EVENT_EXPECTATION_FAILED, NULL,
                             ((IBBExpectation *) value)->data);
      event = g_queue_peek_tail (&self->events);
      ibb_failure_set (&event->failure, kind);
      g_hash_table_iter_remove (&iter);
    }
}

void
ibb_engine_suspend (IBBEngine *self, gint64 now)
{
  if (self->lost || self->suspended)
    return;

  self->suspended = TRUE;
  self->suspended_at = now;
}

void
ibb_engine_resume (IBBEngine *self, gint64 now)
{
  if (!self->suspended)
    return;

  self->suspended = FALSE;
  self->stood += now - self->suspended_at;
  self->resumed_at = ibb_engine_get_time (self, now);
}

void
ibb_engine_lost (IBBEngine *self, gint64 now)
{
  g_autoptr (GList) sessions = NULL;
  IBBFailure        failure = IBB_FAILURE_INIT;

  if (self->lost)
    return;

  self->lost = TRUE;
  self->suspended = FALSE; /* nothing is left that time would mean anything to */
  ibb_failure_set (&failure, IBB_FAILURE_CONNECTION_LOST);
  sessions = g_hash_table_get_keys (self->sessions);
  for (GList *l = sessions; l != NULL; l = l->next)
    ibb_session_end (l->data, &failure);
  fail_expectations (self, IBB_FAILURE_CONNECTION_LOST);

  while (!g_queue_is_empty (&self->abandoned))
    ibb_engine_forget_abandoned (self, g_queue_peek_head (&self->abandoned));
  ibb_timer_clear (&self->abandoned_timer);
  g_queue_clear_full (&self->control, (GDestroyNotify) ibb_stanza_record_unref);
  self->n_error_replies = 0;
}

void
ibb_engine_restored (IBBEngine *self)
{
  if (self->suspended)
    ibb_engine_lost (self, 0); /* another stream is not the same one resumed */
  if (!self->lost)
    return;

  self->lost = FALSE;
  g_queue_init (&self->idle_peers); /* without a session all are idle; the table owns them */
  g_hash_table_remove_all (self->peers);
  ibb_flow_init (&self->flow);
}

void
ibb_engine_stop (IBBEngine *self, gboolean abort_sessions, gint64 now)
{
  g_autoptr (GList) sessions = NULL;

  self->stopped = TRUE;
  sessions = g_hash_table_get_keys (self->sessions);
  for (GList *l = sessions; l != NULL; l = l->next)
    {
      IBBSession *session = l->data;

      if (session->state == IBB_SESSION_OPENING)
        {
          IBBFailure failure = IBB_FAILURE_INIT;

          ibb_failure_set (&failure, IBB_FAILURE_STOPPED);
          ibb_engine_abandon_open (session, ibb_engine_get_time (self, now));
          ibb_session_end (session, &failure);
        }
      else if (session->state == IBB_SESSION_REQUESTED || abort_sessions)
        ibb_session_abort (session, now);
    }
  ibb_engine_close_abandoned_opens (self);
  fail_expectations (self, IBB_FAILURE_STOPPED);
}

/* Time. */

void
ibb_engine_advance (IBBEngine *self, gint64 now)
{
  if (!self->suspended)
    ibb_timers_advance (&self->timers, ibb_engine_get_time (self, now));
}

gint64
ibb_engine_get_wake_time (IBBEngine *self)
{
  gint64 next = self->suspended ? IBB_NEVER : ibb_timers_get_next (&self->timers);

  return next == IBB_NEVER ? IBB_NEVER : next + self->stood;
}

/* Outgoing. */

static IBBStanza *
take_control (IBBEngine *self, gint64 now)
{
  IBBStanza *stanza = g_queue_pop_head (&self->control);

  if (stanza != NULL && stanza->payload == IBB_PAYLOAD_ERROR)
    self->n_error_replies--;
  if (stanza != NULL && !ibb_engine_is_backlogged (self))
    ibb_receiver_release_waiting (self, now);
  return stanza;
}

/* The next block of the sessions with that carrier in turn. */
static IBBStanza *
take_block_of (IBBEngine *self, IBBCarrier carrier, gint64 now)
{
  GQueue *ready = &self->ready[carrier];
  GList  *link;

  while ((link = g_queue_peek_head_link (ready)) != NULL)
    {
      IBBSession *session = link->data;
      IBBStanza  *stanza;

      if (!ibb_sender_can_send (session, now))
        {
          ibb_sender_update_ready (session, now);
          continue;
        }
      if (carrier == IBB_CARRIER_IQ &&
          !ibb_flow_may_send (&self->flow, ibb_sender_get_next_size (session)))
        {
          if (!ibb_parking_make_room (self, now))
            return NULL;
          continue;
        }

      g_queue_unlink (ready, link);
      session->is_ready = FALSE;
      stanza = ibb_sender_take_stanza (session, now);
      ibb_sender_update_ready (session, now);
      return stanza;
    }
  return NULL;
}

/* Messages have a queue of their own: they do not wait for acknowledgements,
 * so the shut window of the others must not hold them up. */
static IBBStanza *
take_block (IBBEngine *self, gint64 now)
{
  IBBCarrier first = self->turn;
  IBBCarrier second = first == IBB_CARRIER_IQ ? IBB_CARRIER_MESSAGE : IBB_CARRIER_IQ;
  IBBStanza *stanza = take_block_of (self, first, now);

  self->turn = second;
  return stanza != NULL ? stanza : take_block_of (self, second, now);
}

IBBStanza *
ibb_engine_take_stanza (IBBEngine *self, gint64 now)
{
  IBBStanza *stanza;

  if (self->suspended)
    return NULL;

  now = ibb_engine_get_time (self, now);
  stanza = take_control (self, now);
  if (stanza == NULL)
    stanza = take_block (self, now);
  /* A session that found its window shut may have asked about its peer, or for
   * a sign of the server. */
  return stanza != NULL ? stanza : take_control (self, now);
}

/* What a stanza of a session that the connection took was, unless it is over. */
static IBBPending *
find_taken (IBBEngine *self, IBBStanza *stanza)
{
  IBBPending *pending;

  if (stanza->payload != IBB_PAYLOAD_DATA && stanza->payload != IBB_PAYLOAD_CLOSE)
    return NULL;
  pending = stanza->id != NULL ? g_hash_table_lookup (self->pending, stanza->id) : NULL;
  return pending != NULL && pending->session != NULL ? pending : NULL;
}

void
ibb_engine_handed (IBBEngine *self, IBBStanza *stanza)
{
  IBBPending *pending = find_taken (self, stanza);

  if (pending != NULL && pending->type == IBB_PENDING_BLOCK)
    ibb_sender_handed (pending->session, pending->block);
}

void
ibb_engine_sent (IBBEngine *self, IBBStanza *stanza, gint64 now)
{
  IBBPending *pending = find_taken (self, stanza);

  if (pending == NULL)
    return;

  now = ibb_engine_get_time (self, now);
  if (pending->type == IBB_PENDING_BLOCK)
    ibb_sender_sent (pending->session, pending->block, now);
  else
    {
      pending->session->output_shut = TRUE;
      ibb_session_changed (pending->session);
    }
}

void
ibb_engine_send_failed (IBBEngine *self, IBBStanza *stanza, gint64 now)
{
  IBBPending            *pending;
  g_autoptr (IBBSession) session = NULL;
  IBBFailure             failure = IBB_FAILURE_INIT;

  pending = stanza->id != NULL && ibb_stanza_record_is_kind (stanza, "set")
                ? g_hash_table_lookup (self->pending, stanza->id)
                : NULL;
  if (pending == NULL && stanza->payload == IBB_PAYLOAD_DATA && stanza->id != NULL)
    pending = g_hash_table_lookup (self->pending, stanza->id);
  if (pending == NULL || pending->session == NULL)
    return;

  session = ibb_session_ref (pending->session);
  now = ibb_engine_get_time (self, now);
  ibb_failure_set (&failure, IBB_FAILURE_SEND_FAILED);
  if (session->state == IBB_SESSION_OPEN)
    ibb_session_fail (session, &failure, now);
  else
    ibb_session_end (session, &failure);
}

gboolean
ibb_engine_take_event (IBBEngine *self, IBBEvent *event)
{
  GList *link;

  if (!g_queue_is_empty (&self->events))
    {
      g_autofree IBBEvent *first = g_queue_pop_head (&self->events);

      *event = *first;
      return TRUE;
    }

  link = g_queue_pop_head_link (&self->changed);
  if (link == NULL)
    return FALSE;
  *event = (IBBEvent) IBB_EVENT_INIT;
  event->type = IBB_EVENT_CHANGED;
  event->session = link->data; /* the reference that the queue held */
  event->session->is_changed = FALSE;
  return TRUE;
}

gboolean
ibb_engine_has_outcome (IBBEngine *self)
{
  return !g_queue_is_empty (&self->events);
}

void
ibb_event_clear (IBBEvent *event)
{
  g_clear_pointer (&event->session, ibb_session_unref);
  ibb_failure_clear (&event->failure);
  event->type = IBB_EVENT_NONE;
}

/* What it is like. */

gboolean
ibb_engine_is_running (IBBEngine *self)
{
  return !self->stopped && !self->lost;
}

gboolean
ibb_engine_can_accept (IBBEngine *self)
{
  if (!ibb_engine_is_running (self))
    return FALSE;
  return (self->settings.session_limit > 0 && self->listen != IBB_LISTEN_NONE) ||
         g_hash_table_size (self->expectations) > 0;
}

guint
ibb_engine_get_n_sessions (IBBEngine *self)
{
  return g_hash_table_size (self->sessions);
}

guint
ibb_engine_get_n_counted (IBBEngine *self)
{
  return self->n_counted;
}

guint
ibb_engine_get_n_timers (IBBEngine *self)
{
  return ibb_timers_get_length (&self->timers);
}

guint
ibb_engine_get_n_pending (IBBEngine *self)
{
  return g_hash_table_size (self->pending);
}

gsize
ibb_engine_get_unread (IBBEngine *self)
{
  return self->unread;
}

guint
ibb_engine_get_n_waiting (IBBEngine *self)
{
  return g_queue_get_length (&self->control);
}
