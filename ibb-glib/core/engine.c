/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/engine.h"

#include "core/base/jid.h"
#include "core/incoming.h"
#include "core/peer/first-hop.h"
#include "core/peer/pair.h"
#include "core/peer/registration.h"
#include "core/peer/server.h"
#include "core/peer/stall.h"
#include "core/session/abandoned.h"
#include "core/session/closing.h"
#include "core/session/delivery.h"
#include "core/session/finished.h"
#include "core/session/lifecycle.h"
#include "core/session/opening.h"
#include "core/session/resume.h"

static gint64
get_time (IBBEngine *self, gint64 now)
{
  return ibb_clock_get_time (&self->context->clock, now);
}

/* Sessions with a reference to each: the end of one may end another. */
typedef GList HeldSessions;

static HeldSessions *
hold_sessions (GList *sessions)
{
  for (GList *l = sessions; l != NULL; l = l->next)
    ibb_session_ref (l->data);
  return sessions;
}

static void
held_sessions_free (HeldSessions *sessions)
{
  g_list_free_full (sessions, (GDestroyNotify) ibb_session_unref);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HeldSessions, held_sessions_free)

static HeldSessions *
hold_all (IBBEngine *self)
{
  return hold_sessions (g_hash_table_get_values (self->context->sessions));
}

/* Peers. */

static void
heed_peer (IBBPair *pair, IBBPeerVerdict verdict, gint64 now)
{
  g_autoptr (HeldSessions) sessions = NULL;

  if (verdict == IBB_PEER_UNKNOWN)
    return;

  if (verdict == IBB_PEER_THERE)
    ibb_pair_update_timer (pair, ibb_session_is_peer_needed (pair), now);
  sessions = hold_sessions (g_list_copy (pair->sessions.head));
  for (GList *l = sessions; l != NULL; l = l->next)
    ibb_delivery_heed_peer (l->data, verdict, now);
}

static void
peer_timeout (gpointer owner, gint64 now)
{
  IBBPair *pair = owner;

  ibb_delivery_ask_about_idle (pair, now);
  heed_peer (pair, ibb_pair_timeout (pair, ibb_session_is_peer_needed (pair), now), now);
}

/* When the peer has forgotten one session, it is asked about the next one at once. The last answer
 * shows all sessions that the peer is there. */
static void
heed_forgetting (IBBPair *pair, IBBSession *asked, gint64 now)
{
  g_autoptr (IBBSession) keep = ibb_session_ref (asked);
  gboolean               is_last = pair->sessions.head->next == NULL;

  ibb_delivery_heed_peer (asked, IBB_PEER_FORGOT, now);
  if (is_last && asked->parameters.pair == NULL)
    return; /* the pair has ended with it */

  peer_timeout (pair, now);
  if (ibb_pair_get_next_probe (pair) != IBB_NEVER)
    heed_peer (pair, IBB_PEER_THERE, now);
}

static void
probe_answered (IBBPair *pair, IBBStanza *answer, gint64 now)
{
  IBBSession    *asked = ibb_probe_get_session (&pair->probe);
  IBBPeerVerdict verdict = ibb_pair_probe_answered (pair, answer, now);

  if (verdict == IBB_PEER_FORGOT)
    heed_forgetting (pair, asked, now);
  else
    heed_peer (pair, verdict, now);
}

static void
peer_not_probed (IBBPair *pair)
{
  ibb_pair_not_probed (pair);
  for (GList *l = pair->sessions.head; l != NULL; l = l->next)
    ibb_session_update_timer (l->data);
}

static void
peer_order_answered (IBBPeer *peer, IBBStanza *answer, gint64 now)
{
  ibb_order_answered (&peer->order, answer);
  for (GList *pair = peer->pairs.head; pair != NULL; pair = pair->next)
    for (GList *l = ((IBBPair *) pair->data)->sessions.head; l != NULL; l = l->next)
      ibb_sender_update_ready (&((IBBSession *) l->data)->sender, now);
}

static void
not_pinged (IBBEngine *self, gint64 now)
{
  ibb_first_hop_not_pinged (self->context->first_hop, now);
  ibb_stalls_try (self->context);
}

static void
ping_timeout (gpointer owner, gint64 now)
{
  IBBEngine *self = owner;

  ibb_first_hop_timeout (self->context->first_hop);
  ibb_stalls_try (self->context);
}

static void
ping_answered (IBBEngine *self, gint64 now)
{
  gint64 sent = ibb_first_hop_ping_answered (self->context->first_hop, now);

  ibb_stalls_note_answer (self->context, sent);
  ibb_stalls_try (self->context);
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
  self->context->first_hop = ibb_first_hop_new (self->context, ping_timeout, self);
  self->context->peers = ibb_peers_new (self->context, peer_timeout);
  ibb_acceptor_init (&self->acceptor, self->context, &self->events);
  self->outgoing = (IBBOutgoing){ .context = self->context };
  return self;
}

static void
end_all (IBBEngine *self)
{
  g_autoptr (HeldSessions) sessions = hold_all (self);

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
  GHashTableIter iter;
  gpointer       session;

  g_hash_table_iter_init (&iter, self->context->sessions);
  while (g_hash_table_iter_next (&iter, NULL, &session))
    ibb_lifecycle_settings_changed (session, get_time (self, now));
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
  const IBBFailure         lost = IBB_FAILURE_OF (IBB_FAILURE_CONNECTION_LOST);
  g_autoptr (HeldSessions) sessions = NULL;
  gboolean                 is_too_short = FALSE;

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
  g_autoptr (HeldSessions) sessions = NULL;
  IBBContext              *context = self->context;

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
  g_autoptr (HeldSessions) sessions = hold_all (self);

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

static void
send_failed (IBBSession *session)
{
  ibb_closing_fail (session, &(IBBFailure) IBB_FAILURE_OF (IBB_FAILURE_SEND_FAILED));
  ibb_session_settle (session);
}

void
ibb_engine_send_failed (IBBEngine *self, IBBStanza *stanza, gint64 now)
{
  IBBPending *pending = NULL;

  if (stanza->payload == IBB_PAYLOAD_DATA || ibb_stanza_record_is_kind (stanza, "set") ||
      ibb_stanza_record_is_kind (stanza, "get"))
    pending = ibb_pendings_find (self->context->pendings, stanza->id);
  if (pending == NULL)
    return;

  now = get_time (self, now);
  switch (pending->type)
    {
    case IBB_PENDING_OPEN:
    case IBB_PENDING_BLOCK:
    case IBB_PENDING_CLOSE:
      send_failed (pending->owner);
      break;
    case IBB_PENDING_ABANDONED_OPEN:
      ibb_abandoned_open_forget (pending->owner);
      break;
    case IBB_PENDING_QUERY:
      ibb_order_not_asked (&((IBBPeer *) pending->owner)->order, now);
      break;
    case IBB_PENDING_PROBE:
      peer_not_probed (pending->owner);
      break;
    case IBB_PENDING_SERVER:
      ibb_server_answered (pending->owner, NULL);
      break;
    case IBB_PENDING_PING:
      not_pinged (self, now);
      break;
    case IBB_PENDING_RESUME:
      ibb_resume_answered (pending->owner, NULL, now);
      break;
    case IBB_PENDING_FINISHED:
      break; /* its timer sends it again */
    default:
      g_assert_not_reached ();
    }
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

/* Incoming stanzas: an answer that the engine waits for, a request to a session, or a stanza that
 * is not for the engine. */

static gboolean
receive_reply (IBBEngine *self, IBBStanza *stanza, const char *from, gint64 now)
{
  IBBPending *pending = ibb_pendings_find (self->context->pendings, stanza->id);

  if (pending == NULL ||
      !ibb_pending_is_answered_by (pending, stanza, from, self->context->local_normal))
    return FALSE;

  switch (pending->type)
    {
    case IBB_PENDING_OPEN:
      ibb_opening_answered (pending->owner, stanza, from, now);
      break;
    case IBB_PENDING_BLOCK:
      ibb_delivery_block_answered (pending->owner, pending, stanza, now);
      break;
    case IBB_PENDING_CLOSE:
      ibb_delivery_close_answered (pending->owner, stanza, now);
      break;
    case IBB_PENDING_ABANDONED_OPEN:
      ibb_abandoned_open_answered (pending->owner, stanza);
      break;
    case IBB_PENDING_QUERY:
      peer_order_answered (pending->owner, stanza, now);
      break;
    case IBB_PENDING_PROBE:
      probe_answered (pending->owner, stanza, now);
      break;
    case IBB_PENDING_SERVER:
      ibb_server_answered (pending->owner, stanza);
      break;
    case IBB_PENDING_PING:
      ping_answered (self, now);
      break;
    case IBB_PENDING_RESUME:
      ibb_resume_answered (pending->owner, stanza, now);
      break;
    case IBB_PENDING_FINISHED:
      ibb_finished_answered (pending->owner, stanza);
      break;
    default:
      g_assert_not_reached ();
    }
  return TRUE;
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
      return receive_reply (self, stanza, from, now);

    case IBB_PAYLOAD_OPEN:
    case IBB_PAYLOAD_DATA:
    case IBB_PAYLOAD_CLOSE:
    case IBB_PAYLOAD_UNKNOWN:
    case IBB_PAYLOAD_RESUME:
      if (self->acceptor.is_stopped && g_hash_table_size (context->sessions) == 0)
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
