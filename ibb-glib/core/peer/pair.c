/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/peer/pair.h"

/* How long a peer with a session is silent before it is asked (D-27), at most. */
#define PROBE_INTERVAL_MAX (60 * G_USEC_PER_SEC)
#define PROBE_INTERVAL_MIN G_USEC_PER_SEC
#define PROBES_PER_TIMEOUT 10
/* A part of this interval without an answer makes the peer silent for the application. */
#define SILENCES_PER_INTERVAL 2

static IBBContext *
get_context (const IBBPair *self)
{
  return self->peer->peers->context;
}

static IBBPair *
new_pair (IBBPeer *peer, const char *local, const char *from)
{
  IBBPair *self = g_new0 (IBBPair, 1);

  self->peer = peer;
  self->local = g_strdup (local);
  self->from = g_strdup (from);
  self->silent_at = IBB_NEVER;
  self->link.data = self;
  ibb_pace_init (&self->pace);
  ibb_timer_init (&self->timer, peer->peers->timeout, self);
  g_queue_push_tail_link (&peer->pairs, &self->link);
  return self;
}

static IBBPair *
find (const IBBPeer *peer, const char *local)
{
  GList *l = peer->pairs.head;

  while (l != NULL && !g_str_equal (((IBBPair *) l->data)->local, local))
    l = l->next;
  return l != NULL ? l->data : NULL;
}

IBBPair *
ibb_pair_join (IBBPeer *peer, GList *link, const char *local, const char *from)
{
  IBBPair *self = find (peer, local);

  ibb_peer_add_session (peer, from);
  if (self == NULL)
    self = new_pair (peer, local, from);
  g_queue_push_tail_link (&self->sessions, link);
  return self;
}

static void
forget_probe (IBBPair *self)
{
  ibb_pendings_remove (get_context (self)->pendings, &self->probe);
  self->silent_at = IBB_NEVER;
  self->asked_link = NULL;
  g_clear_pointer (&self->asked_sid, g_free);
}

/* Nobody waits for the answer any more. */
static void
stop_asking (IBBPair *self)
{
  forget_probe (self);
  ibb_timer_clear (&self->timer);
  ibb_pace_init (&self->pace);
}

static void
pair_free (IBBPair *self)
{
  stop_asking (self);
  g_queue_unlink (&self->peer->pairs, &self->link);
  g_free (self->local);
  g_free (self->from);
  g_free (self->asked_from);
  g_free (self);
}

void
ibb_pair_leave (IBBPair *self, GList *link)
{
  IBBPeer *peer = self->peer;

  g_queue_unlink (&self->sessions, link);
  if (link == self->asked_link)
    self->asked_link = NULL; /* a probe that names the session is repeated as it is */
  if (g_queue_is_empty (&self->sessions))
    pair_free (self);
  ibb_peer_remove_session (peer);
}

GList *
ibb_pair_get_sessions (const IBBPair *self)
{
  return self->sessions.head;
}

IBBPace *
ibb_pair_get_pace (IBBPair *self)
{
  return &self->pace;
}

void
ibb_pairs_forget (IBBPeers *peers)
{
  GHashTableIter iter;
  gpointer       peer;

  g_hash_table_iter_init (&iter, peers->by_jid);
  while (g_hash_table_iter_next (&iter, NULL, &peer))
    for (GList *l = ((IBBPeer *) peer)->pairs.head; l != NULL; l = l->next)
      {
        IBBPair *self = l->data;

        stop_asking (self);
        self->next_probe = 0;
        self->probe_by_query = FALSE;
      }
}

/* The probe is a <close/> of a session that does not exist. item-not-found shows that the peer is
 * there, and that it has processed everything before the probe, since stanzas between two JIDs stay
 * in order. A probe to a peer with our feature may name a session that exists at our end: if it
 * exists at the peer's, too, the answer is a result. */

gint64
ibb_pair_get_probe_interval (const IBBPair *self)
{
  gint64 timeout = (gint64) get_context (self)->settings.peer_timeout * 1000;

  if (timeout == 0)
    return PROBE_INTERVAL_MAX;
  return CLAMP (timeout / PROBES_PER_TIMEOUT, PROBE_INTERVAL_MIN, PROBE_INTERVAL_MAX);
}

gint64
ibb_pair_get_next_probe (const IBBPair *self)
{
  return self->probe.id != NULL ? IBB_NEVER : self->next_probe;
}

/* Since when no answer has come. The time begins with the first probe that got none. An
 * interruption of our own XML stream is noticed late, so a resumption begins the time again. */
static gint64
get_silence (const IBBPair *self)
{
  gint64 resumed_at = get_context (self)->clock.resumed_at;

  return MAX (MAX (self->asked, self->heard), resumed_at);
}

/* When the peer counts as gone. */
static gint64
get_give_up_time (IBBPair *self)
{
  IBBContext *context = get_context (self);

  return ibb_timer_get_deadline (get_silence (self), context->settings.peer_timeout);
}

gboolean
ibb_pair_is_silent (const IBBPair *self)
{
  return self->silent_at != IBB_NEVER && get_silence (self) < self->silent_at;
}

/* When it will be silent. */
static gint64
get_silence_time (const IBBPair *self)
{
  return ibb_pair_is_silent (self)
             ? IBB_NEVER
             : get_silence (self) + ibb_pair_get_probe_interval (self) / SILENCES_PER_INTERVAL;
}

static void
set_timer (IBBPair *self, gint64 due)
{
  if (due < self->timer.due)
    ibb_timer_set (&self->timer, &get_context (self)->timers, due);
}

static void
await_answer (IBBPair *self)
{
  gint64 due = MIN (self->next_probe, get_give_up_time (self));

  set_timer (self, MIN (due, get_silence_time (self)));
}

void
ibb_pair_heard (IBBPair *self, gint64 now)
{
  self->heard = now;
}

gpointer
ibb_pair_get_asked (const IBBPair *self)
{
  return self->probe.id != NULL && self->asked_link != NULL ? self->asked_link->data : NULL;
}

void
ibb_pair_ask_about (IBBPair *self, GList *link, const char *sid, const char *from)
{
  if (self->probe.id != NULL || !self->peer->has_our_feature || self->probe_by_query)
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
name_session (const IBBPair *self, IBBStanza *probe)
{
  if (self->asked_sid == NULL)
    return;

  probe->asked = g_strdup (self->asked_sid);
  g_free (probe->from);
  probe->from = g_strdup (self->asked_from);
}

static void
send_probe (IBBPair *self)
{
  IBBContext *context = get_context (self);
  IBBStanza  *probe;

  if (self->probe_by_query)
    probe = ibb_peer_create_question (self->peer, self->from, "get", IBB_PAYLOAD_DISCO_QUERY,
                                      self->probe.id);
  else
    {
      probe = ibb_peer_create_question (self->peer, self->from, "set", IBB_PAYLOAD_CLOSE,
                                        self->probe.id);
      probe->sid = ibb_ids_create (&context->ids);
      name_session (self, probe);
    }
  ibb_control_push (&context->control, probe);
  self->probe_end = context->control.n_popped + context->control.length;
}

/* The next one follows after an interval. */
static void
put_off_probe (IBBPair *self, gint64 now)
{
  self->next_probe = now + ibb_pair_get_probe_interval (self);
  await_answer (self);
}

static void
start_probe (IBBPair *self, gint64 now)
{
  IBBContext *context = get_context (self);

  ibb_pendings_add (context->pendings, &self->probe, IBB_PENDING_PROBE,
                    ibb_ids_create (&context->ids), self->peer->jid, self);
  send_probe (self);
  self->first_end = self->probe_end;
  ibb_pace_asked (&self->pace);
  put_off_probe (self, now);
}

static void
ask (IBBPair *self, gint64 now)
{
  /* Our feature decides what the silence of one session means. */
  ibb_peer_ask_order (self->peer, now);
  self->asked = now;
  start_probe (self, now);
}

/* Asks now or later, if messages have left since the last question. */
static void
keep_pace (IBBPair *self, gint64 now)
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
ibb_pair_update_timer (IBBPair *self, gboolean is_needed, gint64 now)
{
  gint64 interval = ibb_pair_get_probe_interval (self);
  gint64 due = MAX (self->heard + interval, self->next_probe);

  if (self->probe.id != NULL)
    await_answer (self);
  else if (is_needed)
    set_timer (self, due > now ? due : now + interval); /* no session has waited until now */
  keep_pace (self, now);
}

void
ibb_pair_probe (IBBPair *self, gint64 now)
{
  if (now >= ibb_pair_get_next_probe (self))
    ask (self, now);
}

void
ibb_pair_note_message (IBBPair *self, gsize size, gint64 now)
{
  ibb_pace_sent (&self->pace, size, now);
  keep_pace (self, now);
}

static IBBPeerVerdict
has_gone (IBBPair *self)
{
  forget_probe (self);
  ibb_pace_init (&self->pace); /* a session that opens later does not wait for earlier messages */
  self->knows_probe = FALSE;
  self->probe_by_query = FALSE;
  return IBB_PEER_GONE;
}

static IBBPeerVerdict
is_there (IBBPair *self, gint64 now)
{
  forget_probe (self);
  ibb_timer_clear (&self->timer); /* its owner sets it again: nothing is awaited any more */
  self->knows_probe = TRUE;
  ibb_pace_answered (&self->pace);
  ibb_pair_heard (self, now);
  return IBB_PEER_THERE;
}

/* The probe or its answer may have been lost, unless the probe is still queued. */
static void
repeat_probe (IBBPair *self, gint64 now)
{
  if (get_context (self)->control.n_popped >= self->probe_end)
    send_probe (self);
  put_off_probe (self, now);
}

IBBPeerVerdict
ibb_pair_timeout (IBBPair *self, gboolean is_needed, gint64 now)
{
  gboolean       is_probed = self->probe.id != NULL;
  IBBPeerVerdict verdict = IBB_PEER_UNKNOWN;

  /* The peer is not asked before the connection has taken the first probe. */
  if (is_probed && get_context (self)->control.n_popped < self->first_end)
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
           (self->asked_sid != NULL || now >= self->heard + ibb_pair_get_probe_interval (self)))
    ibb_pair_probe (self, now);
  ibb_pair_update_timer (self, is_needed, now);
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
ibb_pair_gave_answer (const IBBStanza *answer)
{
  /* This condition answers a probe, whatever the type (H-06). */
  if (answer->payload != IBB_PAYLOAD_ERROR || answer->condition == IBB_CONDITION_ITEM_NOT_FOUND)
    return TRUE;
  return answer->error_type != IBB_ERROR_TYPE_WAIT &&
         answer->condition != IBB_CONDITION_REMOTE_SERVER_TIMEOUT && !is_bounce (answer);
}

static gboolean
has_forgotten (const IBBPair *self, const IBBStanza *answer)
{
  return ibb_pair_get_asked (self) != NULL && answer->payload == IBB_PAYLOAD_ERROR &&
         answer->condition == IBB_CONDITION_ITEM_NOT_FOUND;
}

IBBPeerVerdict
ibb_pair_probe_answered (IBBPair *self, const IBBStanza *answer, gint64 now)
{
  if (has_forgotten (self, answer))
    {
      is_there (self, now);
      self->next_probe = now; /* the peer may have forgotten other sessions, too */
      return IBB_PEER_FORGOT;
    }
  if (ibb_pair_gave_answer (answer))
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
ibb_pair_not_probed (IBBPair *self)
{
  forget_probe (self);
  ibb_pace_not_asked (&self->pace, self->next_probe);
}
