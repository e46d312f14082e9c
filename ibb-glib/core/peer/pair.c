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
  self->probe = (IBBProbe){
    .context = get_context (self),
    .owner = self,
    .jid = peer->jid,
    .address = peer->address,
    .from = self->from,
  };
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
  ibb_probe_stop (&self->probe);
  self->silent_at = IBB_NEVER;
  self->n_away = 0;
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
  ibb_probe_clear (&self->probe);
  g_free (self);
}

void
ibb_pair_leave (IBBPair *self, GList *link)
{
  IBBPeer *peer = self->peer;

  g_queue_unlink (&self->sessions, link);
  if (link == self->probe.session)
    self->probe.session = NULL; /* a probe that names the session is repeated as it is */
  if (g_queue_is_empty (&self->sessions))
    pair_free (self);
  ibb_peer_remove_session (peer);
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
        self->probe.is_query = FALSE;
      }
}

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
  return self->probe.pending.id != NULL ? IBB_NEVER : self->next_probe;
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
  self->n_away = 0;
}

void
ibb_pair_ask_about (IBBPair *self, GList *link, const char *sid, const char *from)
{
  if (self->probe.pending.id != NULL || !self->peer->order.has_our_feature)
    return;

  /* The next question is about another session. */
  g_queue_unlink (&self->sessions, link);
  g_queue_push_tail_link (&self->sessions, link);
  ibb_probe_name (&self->probe, link, sid, from);
  /* A program that was started again at this address answers a query as the one before it did. */
  self->probe.is_query = FALSE;
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
  ibb_probe_send (&self->probe);
  ibb_pace_asked (&self->pace);
  put_off_probe (self, now);
}

static void
ask (IBBPair *self, gint64 now)
{
  /* Our feature decides what the silence of one session means. */
  ibb_order_ask (&self->peer->order, now);
  self->asked = now;
  start_probe (self, now);
}

/* Asks now or later, if messages have left since the last question. */
static void
keep_pace (IBBPair *self, gint64 now)
{
  gint64 due = self->pace.due;

  if (self->probe.pending.id != NULL)
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

  if (self->probe.pending.id != NULL)
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
  self->probe.was_answered = self->probe.is_query = FALSE;
  return IBB_PEER_GONE;
}

static void
is_there (IBBPair *self, gint64 now)
{
  forget_probe (self);
  ibb_timer_clear (&self->timer); /* its owner sets it again: nothing is awaited any more */
  self->probe.was_answered |= !self->probe.is_query;
  ibb_pace_answered (&self->pace);
  self->heard = now;
}

IBBPeerVerdict
ibb_pair_timeout (IBBPair *self, gboolean is_needed, gint64 now)
{
  gboolean       is_probed = self->probe.pending.id != NULL;
  IBBPeerVerdict verdict = IBB_PEER_UNKNOWN;

  /* The peer is not asked before the connection has taken the first probe. */
  if (is_probed && !ibb_probe_has_left (&self->probe))
    self->asked = now;
  if (is_probed && now >= get_give_up_time (self))
    return has_gone (self);

  if (is_probed && now >= get_silence_time (self))
    {
      self->silent_at = now;
      verdict = IBB_PEER_SILENT;
    }
  if (is_probed && now >= self->next_probe)
    {
      ibb_probe_repeat (&self->probe);
      put_off_probe (self, now);
    }
  else if (!is_probed && is_needed &&
           (self->probe.sid != NULL || now >= self->heard + ibb_pair_get_probe_interval (self)))
    ibb_pair_probe (self, now);
  ibb_pair_update_timer (self, is_needed, now);
  return verdict;
}

/* A server answers in place of the peer, which may come back. A session that waits for the peer
 * asks as often as a refused block is sent again (D-26). */
static IBBPeerVerdict
is_away (IBBPair *self, gboolean is_awaited, gint64 now)
{
  const IBBSettings *settings = &get_context (self)->settings;

  if (!is_awaited)
    return IBB_PEER_UNKNOWN;
  if (self->n_away >= settings->max_retries)
    {
      self->n_away = 0;
      return IBB_PEER_AWAY;
    }
  self->n_away++;
  self->next_probe = MIN (self->next_probe, now + ibb_settings_get_wait (settings, self->n_away));
  await_answer (self);
  return IBB_PEER_UNKNOWN;
}

IBBPeerVerdict
ibb_pair_probe_answered (IBBPair *self, const IBBStanza *answer, gboolean is_awaited, gint64 now)
{
  IBBPeerVerdict verdict = ibb_probe_judge (&self->probe, answer);

  if (verdict == IBB_PEER_UNKNOWN)
    return verdict; /* the timer repeats the probe */
  if (verdict == IBB_PEER_AWAY)
    return is_away (self, is_awaited, now);
  if (verdict != IBB_PEER_GONE)
    {
      is_there (self, now);
      if (verdict == IBB_PEER_FORGOT)
        self->next_probe = now; /* the peer may have forgotten other sessions, too */
      return verdict;
    }
  if (self->probe.was_answered || self->probe.is_query)
    return has_gone (self);

  /* A client may give this error itself to a request that it does not understand (RFC 6120 §8.4).
   * Clients answer disco#info. */
  self->probe.is_query = TRUE;
  start_probe (self, now);
  return IBB_PEER_UNKNOWN;
}

void
ibb_pair_not_probed (IBBPair *self)
{
  forget_probe (self);
  ibb_pace_not_asked (&self->pace, self->next_probe);
}
