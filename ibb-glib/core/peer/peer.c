/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/peer/peer.h"

#include <string.h>

/* Peers remembered without a session (D-29). */
#define IDLE_PEERS_MAX 1000

/* Identities of implementations that are known to keep the order of blocks, as "category/type/name"
 * (D-29). aioxmpp has this one once its DiscoServer is used, and handles blocks in the order of
 * arrival, in one event loop: tests/interop. slixmpp does so, too, but other programs may have its
 * identity, "client/bot/", as well. */
static const char *const ordered_identities[] = {
  "client/bot/aioxmpp default identity",
};

/* How long a peer with a session is silent before it is asked (D-27), at most. */
#define PROBE_INTERVAL_MAX (60 * G_USEC_PER_SEC)
#define PROBE_INTERVAL_MIN G_USEC_PER_SEC
#define PROBES_PER_TIMEOUT 10
/* A part of this interval without an answer makes the peer silent for the application. */
#define SILENCES_PER_INTERVAL 2

/* Where the peer takes its turns, for its sessions by IQ: with those near by, or with all. */
static IBBScheduler *
get_turns (const IBBPeer *self)
{
  IBBPeers *peers = self->peers;

  return self->near.is_member ? &peers->near_turns : &peers->context->peer_turns;
}

static void
peer_free (gpointer data)
{
  IBBPeer *self = data;

  ibb_scheduler_leave (get_turns (self), &self->turn);
  g_free (self->jid);
  g_free (self->address);
  g_free (self->asked_sid);
  g_free (self->asked_from);
  g_free (self);
}

/* Members of the shared path have one turn among all peers, within which they take turns. */

/* A group is runnable while one of its members is. */
static void
try_turn (IBBScheduler *turns, IBBTurn *turn, IBBScheduler *within)
{
  gboolean is_urgent = ibb_scheduler_may_exceed (within, IBB_SCHEDULER_URGENT_MAX);

  if (ibb_scheduler_peek (within) != NULL)
    ibb_scheduler_want (turns, turn, IBB_SCHEDULER_URGENT_MAX, is_urgent);
}

static void
near_try (IBBPeers *self)
{
  try_turn (&self->context->peer_turns, &self->near_turn, &self->near_turns);
}

/* Room for one member of the shared path is room for all members. */
void
ibb_peer_try (IBBPeer *self)
{
  try_turn (get_turns (self), &self->turn, &self->turns);
  if (self->near.is_member)
    near_try (self->peers);
}

/* The other members wait for one that does not answer. */
static void
near_timeout (gpointer owner, gint64 now)
{
  IBBPeers *self = owner;
  IBBPeer  *peer;

  while ((peer = ibb_near_take_mute (&self->near, now)) != NULL)
    {
      ibb_scheduler_leave (&self->near_turns, &peer->turn);
      ibb_peer_try (peer);
    }
  near_try (self);
}

IBBPeers *
ibb_peers_new (IBBContext *context, IBBTimerFunc timeout)
{
  IBBPeers *self = g_new0 (IBBPeers, 1);

  self->context = context;
  self->by_jid = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, peer_free);
  self->timeout = timeout;
  ibb_near_init (&self->near, context->first_hop, near_timeout, self);
  ibb_scheduler_init_turn (&self->near_turn, &self->near);
  return self;
}

/* None of the peers has a turn there any more. */
static void
forget_near (IBBPeers *self)
{
  ibb_scheduler_leave (&self->context->peer_turns, &self->near_turn);
  ibb_near_forget (&self->near);
}

void
ibb_peers_free (IBBPeers *self)
{
  g_hash_table_unref (self->by_jid);
  forget_near (self);
  g_free (self);
}

IBBPeer *
ibb_peers_get (IBBPeers *self, const char *normal_jid, const char *address)
{
  IBBPeer *peer = g_hash_table_lookup (self->by_jid, normal_jid);

  if (peer != NULL)
    return peer;

  peer = g_new0 (IBBPeer, 1);
  peer->peers = self;
  peer->jid = g_strdup (normal_jid);
  peer->address = g_strdup (address);
  peer->idle_link.data = peer;
  peer->silent_at = IBB_NEVER;
  ibb_near_init_peer (&peer->near, peer);
  ibb_scheduler_init_turn (&peer->turn, peer);
  ibb_pace_init (&peer->pace);
  ibb_timer_init (&peer->timer, self->timeout, peer);
  g_hash_table_insert (self->by_jid, peer->jid, peer);
  g_queue_push_tail_link (&self->idle, &peer->idle_link);
  return peer;
}

void
ibb_peer_add_session (IBBPeer *self, GList *link, const char *from)
{
  if (g_queue_is_empty (&self->sessions))
    {
      g_queue_unlink (&self->peers->idle, &self->idle_link);
      self->from = g_strdup (from);
    }
  g_queue_push_tail_link (&self->sessions, link);
}

static void
forget_query (IBBPeer *self)
{
  ibb_pendings_remove (self->peers->context->pendings, &self->query);
}

static void
forget_probe (IBBPeer *self)
{
  ibb_pendings_remove (self->peers->context->pendings, &self->probe);
  self->silent_at = IBB_NEVER;
  self->asked_link = NULL;
  g_clear_pointer (&self->asked_sid, g_free);
}

/* Nobody waits for the answers any more. */
static void
stop_asking (IBBPeer *self)
{
  forget_query (self);
  forget_probe (self);
  ibb_timer_clear (&self->timer);
  ibb_pace_init (&self->pace);
  if (self->order == IBB_ORDER_ASKED)
    self->order = IBB_ORDER_UNKNOWN;
}

void
ibb_peer_remove_session (IBBPeer *self, GList *link)
{
  IBBPeers *peers = self->peers;

  g_queue_unlink (&self->sessions, link);
  if (link == self->asked_link)
    self->asked_link = NULL; /* a probe that names the session is repeated as it is */
  if (!g_queue_is_empty (&self->sessions))
    return;

  stop_asking (self);
  g_clear_pointer (&self->from, g_free);
  g_queue_push_tail_link (&peers->idle, &self->idle_link);
  if (g_queue_get_length (&peers->idle) > IDLE_PEERS_MAX)
    {
      IBBPeer *oldest = g_queue_pop_head_link (&peers->idle)->data;

      g_hash_table_remove (peers->by_jid, oldest->jid);
    }
}

/* The features of the peer stay known: its sessions go on with the same program. */
static void
forget_way (IBBPeer *self)
{
  stop_asking (self);
  self->next_probe = 0;
  self->probe_by_query = FALSE;
  ibb_scheduler_leave (get_turns (self), &self->turn);
  ibb_near_forget_peer (&self->peers->near, &self->near);
}

static gboolean
forget_peer (gpointer key, gpointer value, gpointer data)
{
  IBBPeer *self = value;

  if (g_queue_is_empty (&self->sessions))
    return TRUE;

  forget_way (self);
  return FALSE;
}

void
ibb_peers_forget (IBBPeers *self)
{
  g_queue_init (&self->idle); /* all of those go; the table owns them */
  g_hash_table_foreach_remove (self->by_jid, forget_peer, NULL);
  forget_near (self);
}

/* The path to the peer. */

guint
ibb_peer_limit_block_size (const IBBPeer *self, guint block_size)
{
  return self->block_size_max > 0 ? MIN (block_size, self->block_size_max) : block_size;
}

IBBController *
ibb_peer_get_path (IBBPeer *self)
{
  return self->near.is_member ? &self->peers->near.path : &self->near.path;
}

gboolean
ibb_peer_note_trip (IBBPeer *self, gint64 sent, gint64 round_trip, gint64 now)
{
  IBBScheduler *before = get_turns (self);
  gboolean      is_same = ibb_near_note (&self->peers->near, &self->near, sent, round_trip, now);

  if (get_turns (self) != before)
    {
      ibb_scheduler_leave (before, &self->turn);
      near_try (self->peers);
      ibb_peer_try (self);
    }
  return is_same;
}

/* Whether several blocks may leave at once, and nobody waits behind them. */
static gboolean
may_hurry (const IBBPeer *self)
{
  IBBContext *context = self->peers->context;

  return ibb_peer_takes_several (self) && g_hash_table_size (context->sessions) == 1 &&
         !context->is_chatting;
}

void
ibb_peer_note_answer (IBBPeer *self, gint64 round_trip, gint64 now)
{
  ibb_controller_note_answer (ibb_peer_get_path (self), round_trip, may_hurry (self), now);
}

void
ibb_peer_share (IBBPeer *self, gsize size)
{
  ibb_near_share (&self->peers->near, &self->near, size);
}

void
ibb_peer_pause (IBBPeer *self)
{
  ibb_scheduler_pause (get_turns (self), &self->turn);
}

/* Whether bytes to others are in flight on its path. */
static gboolean
has_others (const IBBPeer *self)
{
  return self->near.is_member &&
         ibb_controller_get_in_flight (&self->peers->near.path) > self->near.in_flight;
}

void
ibb_peer_cap (IBBPeer *self)
{
  if (!has_others (self))
    ibb_controller_cap (ibb_peer_get_path (self));
  ibb_peer_pause (self);
}

/* Members of the path near by may wait for another one of them. */
void
ibb_peer_wait (IBBPeer *self, gint64 now)
{
  IBBPeers *peers = self->peers;

  if (!self->near.is_member)
    {
      ibb_peer_pause (self);
      return;
    }

  ibb_scheduler_pause (&peers->context->peer_turns, &peers->near_turn);
  if (ibb_scheduler_get_n (&peers->near_turns) > 1 || has_others (self))
    ibb_near_set_timer (&peers->near, &peers->context->timers, now);
}

/* The members share a turn, in which each of them sends as much as a peer with its own path. */
void
ibb_peer_took (IBBPeer *self, gsize size)
{
  IBBPeers *peers = self->peers;

  if (self->near.is_member)
    ibb_scheduler_took (&peers->context->peer_turns, &peers->near_turn,
                        size / MAX (ibb_scheduler_get_n (&peers->near_turns), 1));
  ibb_scheduler_took (get_turns (self), &self->turn, size);
}

IBBPeer *
ibb_peers_get_next (IBBPeers *self)
{
  IBBScheduler *all = &self->context->peer_turns;
  gpointer      next;

  /* An urgent block of a member does not wait for the turn of the group. */
  if (ibb_scheduler_is_wanted (&self->near_turn) &&
      ibb_scheduler_may_exceed (&self->near_turns, IBB_SCHEDULER_URGENT_MAX))
    return ibb_scheduler_peek (&self->near_turns);

  while ((next = ibb_scheduler_peek (all)) == &self->near)
    {
      next = ibb_scheduler_peek (&self->near_turns);
      if (next != NULL)
        break;
      ibb_scheduler_pause (all, &self->near_turn);
    }
  return next;
}

gboolean
ibb_peers_are_several (const IBBPeers *self)
{
  return ibb_scheduler_get_n (&self->context->peer_turns) > 1 ||
         ibb_scheduler_get_n (&self->near_turns) > 1;
}

/* Whether the peer keeps blocks in order (D-29). */

gboolean
ibb_peer_takes_several (const IBBPeer *self)
{
  if (self->reorders)
    return FALSE;
  return self->peers->context->settings.window > 0 || self->order == IBB_ORDER_KEPT;
}

void
ibb_peer_note_our_feature (IBBPeer *self)
{
  forget_query (self);
  self->has_our_feature = TRUE;
  self->order = IBB_ORDER_KEPT;
}

static IBBStanza *
create_question (const IBBPeer *self, const char *kind, IBBPayload payload, const char *id)
{
  IBBStanza *question = ibb_stanza_record_new (IBB_STANZA_IQ, kind, payload, id, self->address);

  question->from = g_strdup (self->from);
  return question;
}

void
ibb_peer_ask_order (IBBPeer *self, gint64 now)
{
  IBBContext *context = self->peers->context;

  if (self->reorders || self->order != IBB_ORDER_UNKNOWN || now < self->next_query)
    return;

  self->order = IBB_ORDER_ASKED;
  ibb_pendings_add (context->pendings, &self->query, IBB_PENDING_QUERY,
                    ibb_ids_create (&context->ids), self->jid, self);
  ibb_control_push (&context->control,
                    create_question (self, "get", IBB_PAYLOAD_DISCO_QUERY, self->query.id));
}

void
ibb_peer_order_not_asked (IBBPeer *self, gint64 now)
{
  forget_query (self);
  self->order = IBB_ORDER_UNKNOWN;
  self->next_query = now + PROBE_INTERVAL_MAX;
}

static gboolean
keeps_order (const IBBStanza *answer)
{
  if (answer->identities == NULL)
    return FALSE;

  for (gsize i = 0; i < G_N_ELEMENTS (ordered_identities); i++)
    if (g_strv_contains ((const char *const *) answer->identities, ordered_identities[i]))
      return TRUE;
  return FALSE;
}

void
ibb_peer_order_answered (IBBPeer *self, const IBBStanza *answer)
{
  forget_query (self);
  self->order = IBB_ORDER_UNCERTAIN;
  if (answer->payload == IBB_PAYLOAD_DISCO_INFO)
    {
      self->has_our_feature =
          answer->features != NULL &&
          g_strv_contains ((const char *const *) answer->features, IBB_FEATURE_NAMESPACE);
      if (self->has_our_feature || keeps_order (answer))
        self->order = IBB_ORDER_KEPT;
    }
}

/* Whether the peer is there (D-27).
 *
 * The probe is a <close/> of a session that does not exist. item-not-found shows that the peer is
 * there, and that it has processed everything before the probe, since stanzas between two JIDs stay
 * in order. A probe to a peer with our feature may name a session that exists at our end: if it
 * exists at the peer's, too, the answer is a result. */

gint64
ibb_peer_get_probe_interval (const IBBPeer *self)
{
  gint64 timeout = (gint64) self->peers->context->settings.peer_timeout * 1000;

  if (timeout == 0)
    return PROBE_INTERVAL_MAX;
  return CLAMP (timeout / PROBES_PER_TIMEOUT, PROBE_INTERVAL_MIN, PROBE_INTERVAL_MAX);
}

gint64
ibb_peer_get_next_probe (const IBBPeer *self)
{
  return self->probe.id != NULL ? IBB_NEVER : self->next_probe;
}

/* Since when no answer has come. The time begins with the first probe that got none. An
 * interruption of our own XML stream is noticed late, so a resumption begins the time again. */
static gint64
get_silence (const IBBPeer *self)
{
  gint64 resumed_at = self->peers->context->clock.resumed_at;

  return MAX (MAX (self->asked, self->heard), resumed_at);
}

/* When the peer counts as gone. */
static gint64
get_give_up_time (IBBPeer *self)
{
  IBBContext *context = self->peers->context;

  return ibb_timer_get_deadline (get_silence (self), context->settings.peer_timeout);
}

gboolean
ibb_peer_is_silent (const IBBPeer *self)
{
  return self->silent_at != IBB_NEVER && get_silence (self) < self->silent_at;
}

/* When it will be silent. */
static gint64
get_silence_time (const IBBPeer *self)
{
  return ibb_peer_is_silent (self)
             ? IBB_NEVER
             : get_silence (self) + ibb_peer_get_probe_interval (self) / SILENCES_PER_INTERVAL;
}

static void
set_timer (IBBPeer *self, gint64 due)
{
  if (due < self->timer.due)
    ibb_timer_set (&self->timer, &self->peers->context->timers, due);
}

static void
await_answer (IBBPeer *self)
{
  gint64 due = MIN (self->next_probe, get_give_up_time (self));

  set_timer (self, MIN (due, get_silence_time (self)));
}

void
ibb_peer_heard (IBBPeer *self, gint64 now)
{
  self->heard = now;
}

gpointer
ibb_peer_get_asked (const IBBPeer *self)
{
  return self->probe.id != NULL && self->asked_link != NULL ? self->asked_link->data : NULL;
}

void
ibb_peer_ask_about (IBBPeer *self, GList *link, const char *sid, const char *from)
{
  if (self->probe.id != NULL || !self->has_our_feature || self->probe_by_query)
    return;

  /* The next question is about another session. */
  g_queue_unlink (&self->sessions, link);
  g_queue_push_tail_link (&self->sessions, link);
  self->asked_link = link;
  g_free (self->asked_sid);
  self->asked_sid = g_strdup (sid);
  g_free (self->asked_from);
  self->asked_from = g_strdup (from);
}

static void
name_session (const IBBPeer *self, IBBStanza *probe)
{
  if (self->asked_sid == NULL)
    return;

  probe->asked = g_strdup (self->asked_sid);
  g_free (probe->from);
  probe->from = g_strdup (self->asked_from);
}

static void
send_probe (IBBPeer *self)
{
  IBBContext *context = self->peers->context;
  IBBStanza  *probe;

  if (self->probe_by_query)
    probe = create_question (self, "get", IBB_PAYLOAD_DISCO_QUERY, self->probe.id);
  else
    {
      probe = create_question (self, "set", IBB_PAYLOAD_CLOSE, self->probe.id);
      probe->sid = ibb_ids_create (&context->ids);
      name_session (self, probe);
    }
  ibb_control_push (&context->control, probe);
  self->probe_end = context->control.n_popped + context->control.length;
}

/* The next one follows after an interval. */
static void
put_off_probe (IBBPeer *self, gint64 now)
{
  self->next_probe = now + ibb_peer_get_probe_interval (self);
  await_answer (self);
}

static void
start_probe (IBBPeer *self, gint64 now)
{
  IBBContext *context = self->peers->context;

  ibb_pendings_add (context->pendings, &self->probe, IBB_PENDING_PROBE,
                    ibb_ids_create (&context->ids), self->jid, self);
  send_probe (self);
  self->first_end = self->probe_end;
  ibb_pace_asked (&self->pace);
  put_off_probe (self, now);
}

static void
ask (IBBPeer *self, gint64 now)
{
  /* Our feature decides what the silence of one session means. */
  ibb_peer_ask_order (self, now);
  self->asked = now;
  start_probe (self, now);
}

/* Asks now or later, if messages have left since the last question. */
static void
keep_pace (IBBPeer *self, gint64 now)
{
  gint64 due = ibb_pace_get_due (&self->pace);

  if (self->probe.id != NULL)
    return;
  if (now >= due)
    ask (self, now);
  else
    set_timer (self, due);
}

/* A session that waits for an acknowledgement asks by its own timer. Where every
 * session has unread bytes, nothing is to be asked until they are read. */
void
ibb_peer_update_timer (IBBPeer *self, gboolean is_needed, gint64 now)
{
  gint64 interval = ibb_peer_get_probe_interval (self);
  gint64 due = MAX (self->heard + interval, self->next_probe);

  if (self->probe.id != NULL)
    await_answer (self);
  else if (is_needed)
    set_timer (self, due > now ? due : now + interval); /* no session has waited until now */
  keep_pace (self, now);
}

void
ibb_peer_probe (IBBPeer *self, gint64 now)
{
  if (now >= ibb_peer_get_next_probe (self))
    ask (self, now);
}

void
ibb_peer_note_message (IBBPeer *self, gsize size, gint64 now)
{
  ibb_pace_sent (&self->pace, size, now);
  keep_pace (self, now);
}

static IBBPeerVerdict
has_gone (IBBPeer *self)
{
  forget_probe (self);
  self->knows_probe = FALSE;
  self->probe_by_query = FALSE;
  return IBB_PEER_GONE;
}

static IBBPeerVerdict
is_there (IBBPeer *self, gint64 now)
{
  forget_probe (self);
  ibb_timer_clear (&self->timer); /* its owner sets it again: nothing is awaited any more */
  self->knows_probe = TRUE;
  ibb_pace_answered (&self->pace);
  ibb_peer_heard (self, now);
  return IBB_PEER_THERE;
}

/* The probe or its answer may have been lost, unless the probe is still queued. */
static void
repeat_probe (IBBPeer *self, gint64 now)
{
  if (self->peers->context->control.n_popped >= self->probe_end)
    send_probe (self);
  put_off_probe (self, now);
}

IBBPeerVerdict
ibb_peer_timeout (IBBPeer *self, gboolean is_needed, gint64 now)
{
  gboolean       is_probed = self->probe.id != NULL;
  IBBPeerVerdict verdict = IBB_PEER_UNKNOWN;

  /* The peer is not asked before the connection has taken the first probe. */
  if (is_probed && self->peers->context->control.n_popped < self->first_end)
    self->asked = now;
  if (is_probed && now >= get_give_up_time (self))
    return has_gone (self);

  if (is_probed && now >= get_silence_time (self))
    {
      self->silent_at = now;
      verdict = IBB_PEER_SILENT;
    }
  if (is_probed && now >= self->next_probe)
    repeat_probe (self, now);
  else if (!is_probed && is_needed &&
           (self->asked_sid != NULL || now >= self->heard + ibb_peer_get_probe_interval (self)))
    ibb_peer_probe (self, now);
  ibb_peer_update_timer (self, is_needed, now);
  return verdict;
}

/* An error that a server gives for a peer that is not there. */
static gboolean
is_bounce (const IBBStanza *error)
{
  if (error->error_type == IBB_ERROR_TYPE_WAIT)
    return FALSE;
  return error->condition == IBB_CONDITION_RECIPIENT_UNAVAILABLE ||
         ibb_condition_means_nobody (error->condition);
}

gboolean
ibb_peer_gave_answer (const IBBStanza *answer)
{
  /* This condition answers a probe, whatever the type (H-06). */
  if (answer->payload != IBB_PAYLOAD_ERROR || answer->condition == IBB_CONDITION_ITEM_NOT_FOUND)
    return TRUE;
  return answer->error_type != IBB_ERROR_TYPE_WAIT &&
         answer->condition != IBB_CONDITION_REMOTE_SERVER_TIMEOUT && !is_bounce (answer);
}

static gboolean
has_forgotten (const IBBPeer *self, const IBBStanza *answer)
{
  return ibb_peer_get_asked (self) != NULL && answer->payload == IBB_PAYLOAD_ERROR &&
         answer->condition == IBB_CONDITION_ITEM_NOT_FOUND;
}

IBBPeerVerdict
ibb_peer_probe_answered (IBBPeer *self, const IBBStanza *answer, gint64 now)
{
  if (has_forgotten (self, answer))
    {
      is_there (self, now);
      self->next_probe = now; /* the peer may have forgotten other sessions, too */
      return IBB_PEER_FORGOT;
    }
  if (ibb_peer_gave_answer (answer))
    return is_there (self, now);
  if (!is_bounce (answer))
    return IBB_PEER_UNKNOWN; /* the timer repeats the probe */
  if (self->knows_probe || self->probe_by_query)
    return has_gone (self);

  /* A client may give this error itself to a request that it does not understand (RFC 6120 §8.4).
   * Clients answer disco#info. */
  self->probe_by_query = TRUE;
  start_probe (self, now);
  return IBB_PEER_UNKNOWN;
}

void
ibb_peer_not_probed (IBBPeer *self)
{
  forget_probe (self);
  ibb_pace_not_asked (&self->pace, self->next_probe);
}
