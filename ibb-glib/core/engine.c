/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/engine.h"

#include "core/answers.h"
#include "core/base/jid.h"
#include "core/incoming.h"
#include "core/peer/first-hop.h"
#include "core/peer/registration.h"
#include "core/session/abandoned.h"
#include "core/session/delivery.h"
#include "core/session/finished.h"
#include "core/session/held.h"
#include "core/session/lifecycle.h"
#include "core/session/resume.h"

static gint64
get_time (IBBEngine *self, gint64 now)
{
  return ibb_clock_get_time (&self->context->clock, now);
}

static IBBHeldSessions *
hold_all (IBBEngine *self)
{
  return ibb_held_sessions_new (g_hash_table_get_values (self->context->sessions));
}

/* Lifetime. */

IBBEngine *
ibb_engine_new (IBBRandomFunc random, gpointer random_data)
{
  IBBEngine *self = g_new0 (IBBEngine, 1);

  self->context =
      ibb_context_new (random, random_data,
                       g_hash_table_new_full (ibb_parameters_hash, ibb_parameters_equal, NULL,
                                              (GDestroyNotify) ibb_session_unref));
  self->context->first_hop =
      ibb_first_hop_new (self->context, ibb_answers_ping_timeout, self->context);
  self->context->peers = ibb_peers_new (self->context, ibb_answers_peer_timeout);
  ibb_acceptor_init (&self->acceptor, self->context, &self->events);
  self->outgoing = (IBBOutgoing){ .context = self->context };
  return self;
}

static void
end_all (IBBEngine *self)
{
  g_autoptr (IBBHeldSessions) sessions = hold_all (self);

  for (GList *l = sessions; l != NULL; l = l->next)
    {
      ibb_session_end_for (l->data, IBB_FAILURE_CONNECTION_LOST);
      ibb_session_settle (l->data);
    }
}

void
ibb_engine_free (IBBEngine *self)
{
  IBBEvent event = IBB_EVENT_INIT;

  end_all (self);
  self->context->is_gone = TRUE;
  while (ibb_engine_take_event (self, &event))
    ibb_event_clear (&event);

  g_hash_table_unref (self->acceptor.expectations);
  ibb_abandoned_forget_all (self->context);
  ibb_finished_forget_all (self->context);
  g_clear_pointer (&self->context->first_hop, ibb_first_hop_free);
  g_clear_pointer (&self->context->peers, ibb_peers_free);
  g_clear_pointer (&self->context->servers, g_hash_table_unref);
  ibb_context_unref (self->context);
  g_free (self);
}

void
ibb_engine_settings_changed (IBBEngine *self, gint64 now)
{
  g_autoptr (IBBHeldSessions) sessions = hold_all (self);

  for (GList *l = sessions; l != NULL; l = l->next)
    ibb_lifecycle_settings_changed (l->data, get_time (self, now));
}

void
ibb_engine_note_chat (IBBEngine *self, gint64 now)
{
  self->context->chat_at = get_time (self, now);
}

/* Events. */

gboolean
ibb_engine_take_event (IBBEngine *self, IBBEvent *event)
{
  g_autofree IBBEvent *first = g_queue_pop_head (&self->events);
  IBBSession          *session;

  if (first != NULL)
    {
      *event = *first;
      return TRUE;
    }

  session = ibb_registration_take_changed (self->context);
  if (session == NULL)
    return FALSE;
  *event = (IBBEvent) IBB_EVENT_INIT;
  event->type = IBB_EVENT_CHANGED;
  event->session = session;
  return TRUE;
}

/* The connection. */

void
ibb_engine_suspend (IBBEngine *self, gint64 now)
{
  IBBContext    *context = self->context;
  GHashTableIter iter;
  gpointer       session;

  if (context->is_lost || context->clock.is_stopped)
    return;

  context->clock.is_stopped = TRUE;
  context->clock.stopped_at = now;
  context->has_moved = FALSE;
  g_hash_table_iter_init (&iter, context->sessions);
  while (g_hash_table_iter_next (&iter, NULL, &session))
    ibb_resume_suspend (session, now);
}

void
ibb_engine_resume (IBBEngine *self, gint64 now)
{
  IBBClock      *clock = &self->context->clock;
  GHashTableIter iter;
  gpointer       session;

  if (clock->is_stopped)
    {
      clock->is_stopped = FALSE;
      clock->stood += now - clock->stopped_at;
      clock->resumed_at = ibb_clock_get_time (clock, now);
    }
  g_hash_table_iter_init (&iter, self->context->sessions);
  while (g_hash_table_iter_next (&iter, NULL, &session))
    ibb_resume_continue (session);
}

gboolean
ibb_engine_note_violation (IBBEngine *self)
{
  gsize          longest = 0;
  GHashTableIter iter;
  gpointer       session;

  g_hash_table_iter_init (&iter, self->context->sessions);
  while (g_hash_table_iter_next (&iter, NULL, &session))
    {
      gsize length = ibb_sender_get_longest (&((IBBSession *) session)->sender);

      longest = MAX (longest, length);
    }
  /* The length may be the reason although a longer stanza has passed before (quirks.h). */
  if (longest > 0)
    self->context->learnt_limit = longest / 2;
  return longest > 0;
}

void
ibb_engine_lost (IBBEngine *self)
{
  const IBBFailure            lost = IBB_FAILURE_OF (IBB_FAILURE_CONNECTION_LOST);
  g_autoptr (IBBHeldSessions) sessions = NULL;
  gboolean                    is_too_short = FALSE;

  if (self->context->is_lost)
    return;

  self->context->is_lost = TRUE;
  self->context->has_moved = FALSE;
  self->context->clock.is_stopped = FALSE;
  self->context->clock.resumed_at = 0;
  sessions = hold_all (self);
  for (GList *l = sessions; l != NULL; l = l->next)
    {
      IBBSession *session = l->data;

      if (!ibb_parameters_have_room (&session->parameters))
        {
          ibb_session_end_for (session, IBB_FAILURE_NO_ROOM);
          is_too_short = TRUE;
        }
      else if (!ibb_session_interrupt (session, &lost))
        ibb_session_end (session, &lost);
      ibb_session_settle (session);
    }
  if (is_too_short)
    self->context->learnt_limit = 0; /* the length was not the reason */
  ibb_acceptor_fail_all (&self->acceptor, IBB_FAILURE_CONNECTION_LOST);

  ibb_abandoned_forget_all (self->context);
  ibb_first_hop_reset (self->context->first_hop);
  ibb_pairs_forget (self->context->peers);
  ibb_peers_forget (self->context->peers);
  ibb_control_clear (&self->context->control);
  ibb_finished_connection_changed (self->context);
}

gboolean
ibb_engine_needs_stream (IBBEngine *self)
{
  GHashTableIter iter;
  gpointer       session;

  g_hash_table_iter_init (&iter, self->context->sessions);
  while (g_hash_table_iter_next (&iter, NULL, &session))
    if (ibb_session_needs_stream (session))
      return TRUE;
  return FALSE;
}

/* The interrupted sessions go on once the connection and its JID are there. */
static void
restore_sessions (IBBEngine *self)
{
  g_autoptr (IBBHeldSessions) sessions = NULL;
  IBBContext                 *context = self->context;

  if (context->local_normal == NULL)
    return;

  sessions = hold_all (self);
  for (GList *l = sessions; l != NULL; l = l->next)
    ibb_resume_restored (l->data, context->local_jid, context->local_normal);
  ibb_finished_connection_changed (context);
}

/* Stanzas that wait to be sent tell the end of sessions of the account before. They leave in the
 * name of that account, or not at all. */
static void
forget_other_account (IBBEngine *self, const char *before)
{
  IBBContext      *context = self->context;
  g_autofree char *bare = ibb_jid_dup_bare (context->local_normal);
  g_autofree char *bare_before = before != NULL ? ibb_jid_dup_bare (before) : NULL;

  if (context->is_lost && g_strcmp0 (bare, bare_before) != 0)
    ibb_control_clear (&context->control);
}

/* Interrupted sessions go on with the new JID. */
void
ibb_engine_set_local_jid (IBBEngine *self, const char *jid)
{
  IBBContext      *context = self->context;
  g_autofree char *before = g_strdup (context->local_normal);

  ibb_context_set_local_jid (context, jid);
  if (context->local_normal == NULL)
    return;

  forget_other_account (self, before);
  restore_sessions (self);
}

void
ibb_engine_restored (IBBEngine *self)
{
  if (self->context->clock.is_stopped)
    ibb_engine_lost (self); /* this XML stream is not the suspended one */
  if (!self->context->is_lost)
    return;

  self->context->is_lost = FALSE;
  restore_sessions (self);
}

void
ibb_engine_stop (IBBEngine *self, gboolean abort_sessions, gint64 now)
{
  g_autoptr (IBBHeldSessions) sessions = hold_all (self);

  for (GList *l = sessions; l != NULL; l = l->next)
    ibb_lifecycle_stop (l->data, abort_sessions, now);
  ibb_abandoned_close_all (self->context); /* nobody is there for later answers */
  ibb_acceptor_stop (&self->acceptor);
}

void
ibb_engine_advance (IBBEngine *self, gint64 now)
{
  ibb_timers_advance (&self->context->waits, now);
  if (!self->context->clock.is_stopped)
    ibb_timers_advance (&self->context->timers, get_time (self, now));
}

gint64
ibb_engine_get_wake_time (IBBEngine *self)
{
  IBBClock *clock = &self->context->clock;
  gint64    next = ibb_timers_get_next (&self->context->waits);
  gint64    due = clock->is_stopped ? IBB_NEVER : ibb_timers_get_next (&self->context->timers);

  return due == IBB_NEVER ? next : MIN (next, ibb_clock_get_callers_time (clock, due));
}

/* Stanzas that leave. */

static gboolean
is_connected (IBBEngine *self)
{
  return !self->context->clock.is_stopped && !self->context->is_lost;
}

gboolean
ibb_engine_has_stanza (IBBEngine *self, gint64 now)
{
  return is_connected (self) && ibb_outgoing_has_stanza (&self->outgoing, get_time (self, now));
}

IBBStanza *
ibb_engine_take_stanza (IBBEngine *self, gint64 now)
{
  return is_connected (self) ? ibb_outgoing_take_stanza (&self->outgoing, get_time (self, now))
                             : NULL;
}

/* The block or close that the connection has taken, unless its session is over. */
static IBBPending *
find_taken (IBBEngine *self, const IBBStanza *stanza)
{
  IBBPending *pending;

  if (stanza->payload != IBB_PAYLOAD_DATA && stanza->payload != IBB_PAYLOAD_CLOSE)
    return NULL;
  pending = ibb_pendings_find (self->context->pendings, stanza->id);
  return pending != NULL &&
                 (pending->type == IBB_PENDING_BLOCK || pending->type == IBB_PENDING_CLOSE)
             ? pending
             : NULL;
}

void
ibb_engine_passed (IBBEngine *self, IBBStanza *stanza)
{
  IBBPending *pending = find_taken (self, stanza);

  if (pending != NULL)
    ibb_delivery_stanza_passed (pending->owner, pending);
}

void
ibb_engine_sent (IBBEngine *self, IBBStanza *stanza, gint64 now)
{
  IBBPending *pending = find_taken (self, stanza);

  if (pending != NULL)
    ibb_delivery_stanza_sent (pending->owner, pending, get_time (self, now));
}

void
ibb_engine_send_failed (IBBEngine *self, IBBStanza *stanza, gint64 now)
{
  ibb_answers_not_sent (self->context, stanza, get_time (self, now));
}

/* Opening. */

static gboolean
check_running (IBBEngine *self, IBBFailure *failure)
{
  if (self->context->is_lost)
    ibb_failure_set (failure, IBB_FAILURE_CONNECTION_LOST);
  else if (self->acceptor.is_stopped)
    ibb_failure_set (failure, IBB_FAILURE_STOPPED);
  else
    return TRUE;
  return FALSE;
}

IBBSession *
ibb_engine_open (IBBEngine *self, const IBBOpen *open, gint64 now, IBBFailure *failure)
{
  IBBContext      *context = self->context;
  g_autofree char *random_sid = NULL;
  IBBOpen          whole = *open;

  if (!check_running (self, failure))
    return NULL;
  if (whole.local == NULL)
    whole.local = context->local_jid;
  if (whole.local == NULL)
    {
      ibb_failure_set (failure, IBB_FAILURE_CONNECTION_LOST);
      return NULL;
    }

  if (whole.sid == NULL)
    whole.sid = random_sid = ibb_ids_create_sid (&context->ids);
  if (whole.block_size == 0)
    {
      whole.block_size = context->settings.default_block_size;
      whole.may_be_longer = TRUE;
    }
  return ibb_lifecycle_open (context, &whole, now, failure);
}

IBBExpectation *
ibb_engine_expect (IBBEngine *self, const IBBOpen *open, gpointer data, IBBFailure *failure)
{
  IBBExpectation *expectation;

  if (!check_running (self, failure))
    return NULL;

  expectation = ibb_acceptor_expect (&self->acceptor, open, data);
  if (expectation == NULL)
    ibb_failure_set (failure, IBB_FAILURE_IN_USE);
  return expectation;
}

/* Incoming stanzas: an answer, a request, or a stanza that is not for the engine. */

/* A peer that has missed the end of a session learns of that end from a stopped service, too
 * (D-58). */
static gboolean
has_nothing_for (const IBBEngine *self, const IBBStanza *request)
{
  IBBContext *context = self->context;

  return self->acceptor.is_stopped && g_hash_table_size (context->sessions) == 0 &&
         (request->payload != IBB_PAYLOAD_RESUME || g_queue_is_empty (&context->finished));
}

gboolean
ibb_engine_receive (IBBEngine *self, IBBStanza *stanza, IBBClaim least, gint64 now)
{
  IBBContext      *context = self->context;
  g_autofree char *from_copy = NULL;
  g_autofree char *to_copy = NULL;
  const char      *from = NULL;

  if (self->context->is_lost || stanza->name == IBB_STANZA_PRESENCE ||
      !ibb_context_may_get (context, stanza->to))
    return FALSE;

  now = get_time (self, now);
  /* Without "from" it came from our own server or account (RFC 6120 §8.1.2.1). */
  if (stanza->from != NULL)
    from = ibb_jid_peek_normal (stanza->from, &from_copy);
  else if (context->local_normal != NULL)
    from = from_copy = ibb_jid_dup_bare (context->local_normal);

  switch (stanza->payload)
    {
    case IBB_PAYLOAD_RESULT:
    case IBB_PAYLOAD_DISCO_INFO:
    case IBB_PAYLOAD_ERROR:
      return ibb_answers_receive (context, stanza, from, now);

    case IBB_PAYLOAD_OPEN:
    case IBB_PAYLOAD_DATA:
    case IBB_PAYLOAD_CLOSE:
    case IBB_PAYLOAD_UNKNOWN:
    case IBB_PAYLOAD_RESUME:
      if (has_nothing_for (self, stanza))
        return FALSE; /* the application answers that there is no such service (N-08) */
      if (stanza->to == NULL || g_strcmp0 (stanza->to, context->local_jid) == 0)
        return ibb_incoming_receive (&self->acceptor, stanza, context->local_normal, from, least,
                                     now);
      return ibb_incoming_receive (&self->acceptor, stanza,
                                   ibb_jid_peek_normal (stanza->to, &to_copy), from, least, now);

    case IBB_PAYLOAD_OTHER:
    case IBB_PAYLOAD_DISCO_QUERY:
    case IBB_PAYLOAD_PING:
    default:
      return FALSE;
    }
}

/* Queries. */

gboolean
ibb_engine_is_running (IBBEngine *self)
{
  return !self->acceptor.is_stopped && !self->context->is_lost;
}

gboolean
ibb_engine_can_accept (IBBEngine *self)
{
  return ibb_engine_is_running (self) && ibb_acceptor_can_accept (&self->acceptor);
}

gboolean
ibb_engine_has_address (IBBEngine *self, const char *jid)
{
  const IBBContext *context = self->context;

  return context->local_jid != NULL &&
         (context->is_domain ? ibb_context_may_get (context, jid)
                             : ibb_jid_equal (context->local_jid, jid));
}
