/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/peer/near.h"

#include "core/peer/first-hop.h"

/* Microseconds by which a peer may be slower than our server. */
#define NEAR_MAX (5 * 1000)

/* Microseconds without an answer of a member, and after an answer of our server that follows. So a
 * member leaves after 40 to 80 ms. */
#define SILENCE (20 * 1000)

/* Microseconds from a block that refuses membership to the next one that decides. */
#define PAUSE_MIN (20 * 1000)
/* From leaving until the next try. */
#define AWAY_MIN G_USEC_PER_SEC
#define AWAY_MAX (60 * G_USEC_PER_SEC)

void
ibb_near_init (IBBNear *self, IBBFirstHop *first_hop, IBBTimerFunc timeout, gpointer owner)
{
  *self = (IBBNear){ .first_hop = first_hop };
  ibb_controller_init (&self->path);
  ibb_timer_init (&self->timer, timeout, owner);
}

void
ibb_near_init_peer (IBBNearPeer *peer, gpointer owner)
{
  *peer = (IBBNearPeer){ .owner = owner, .pause = PAUSE_MIN, .away = AWAY_MIN };
  ibb_controller_init (&peer->path);
  peer->holder_link.data = peer;
}

/* Bytes in flight. */

/* The peer gives a sign of life. */
static void
hold (IBBNear *self, IBBNearPeer *peer)
{
  peer->look = self->n_looks;
  g_queue_push_tail_link (&self->holders, &peer->holder_link);
}

static void
count (IBBNear *self, IBBNearPeer *peer, gsize length)
{
  ibb_controller_sent (ibb_near_get_path (self, peer), length);
  if (peer->in_flight == 0 && length > 0)
    {
      self->n_senders++;
      if (peer->is_member)
        hold (self, peer);
    }
  peer->in_flight += length;
}

static void
uncount (IBBNear *self, IBBNearPeer *peer, gsize length)
{
  ibb_controller_forget (ibb_near_get_path (self, peer), length);
  if (length > 0 && peer->in_flight == length)
    {
      self->n_senders--;
      if (peer->is_member)
        g_queue_unlink (&self->holders, &peer->holder_link);
    }
  peer->in_flight -= length;
}

void
ibb_near_share (IBBNear *self, IBBNearPeer *peer, gsize length)
{
  IBBController *path = ibb_near_get_path (self, peer);
  guint          n_peers = self->n_senders + (peer->in_flight == 0);

  if (ibb_first_hop_grants (self->first_hop, peer->in_flight + length, n_peers,
                            ibb_window_get_trip (path)))
    ibb_controller_enlarge (path, length);
}

/* Whether a ping tells how far away a peer is that has others in front of it. */
static gboolean
is_pinged (const IBBNear *self, const IBBNearPeer *peer, gint64 now)
{
  const IBBFirstHop *hop = self->first_hop;

  return peer->is_beside && hop->least > 0 && hop->least < NEAR_MAX &&
         !ibb_first_hop_is_mute (hop, now);
}

/* If others have bytes in flight, the block waits behind them, and so does a ping. */
static void
begin_try (IBBNear *self, IBBNearPeer *peer, gsize length, gint64 now)
{
  IBBFirstHop *hop = self->first_hop;

  if (peer->is_member || peer->tried > 0 || now < peer->next_try)
    return;

  peer->tried = now;
  peer->is_beside = hop->in_flight > peer->in_flight + length;
  if (is_pinged (self, peer, now))
    ibb_first_hop_ping (hop, now);
}

void
ibb_near_sent (IBBNear *self, IBBNearPeer *peer, gsize length, gint64 now)
{
  begin_try (self, peer, length, now);
  count (self, peer, length);
}

void
ibb_near_unsent (IBBNear *self, IBBNearPeer *peer, gsize length)
{
  uncount (self, peer, length);
  if (!peer->is_member || peer->in_flight == 0 || length == 0)
    return;

  g_queue_unlink (&self->holders, &peer->holder_link);
  hold (self, peer);
}

/* Members. */

static void
change (IBBNear *self, IBBNearPeer *peer, gboolean is_member)
{
  gsize in_flight = peer->in_flight;

  uncount (self, peer, in_flight);
  peer->is_member = is_member;
  count (self, peer, in_flight);
  peer->tried = 0;
}

/* The first member brings what it knows of the path. */
static void
join (IBBNear *self, IBBNearPeer *peer, gint64 now)
{
  if (!ibb_controller_learn (&self->path, &peer->path))
    peer->since = now;
  peer->pause = PAUSE_MIN;
  peer->joined = now;
  change (self, peer, TRUE);
}

/* A peer that leaves again and again is away for longer and longer. */
static void
leave (IBBNear *self, IBBNearPeer *peer, gint64 now)
{
  if (now - peer->joined >= AWAY_MAX)
    peer->away = AWAY_MIN;
  peer->next_try = now + peer->away;
  peer->away = MIN (2 * peer->away, AWAY_MAX);
  peer->since = now;
  ibb_controller_init (&peer->path);
  change (self, peer, FALSE);
}

/* Whether a peer is near. */

/* By how much a block took longer than our server; IBB_NEVER if that is not known, since a former
 * ping was still out. */
static gint64
get_distance (const IBBNear *self, const IBBNearPeer *peer, gint64 round_trip, gint64 now)
{
  return is_pinged (self, peer, now) ? ibb_first_hop_get_lag (self->first_hop, peer->tried, now)
                                     : round_trip;
}

static void
end_try (IBBNear *self, IBBNearPeer *peer, gint64 round_trip, gint64 now)
{
  gint64 distance = get_distance (self, peer, round_trip, now);

  peer->tried = 0;
  if (distance < NEAR_MAX)
    join (self, peer, now);
  else if (distance != IBB_NEVER)
    {
      peer->next_try = now + peer->pause;
      peer->pause = MIN (2 * peer->pause, AWAY_MAX);
    }
}

gboolean
ibb_near_note (IBBNear *self, IBBNearPeer *peer, gint64 sent, gint64 round_trip, gint64 now)
{
  if (sent < peer->since)
    return FALSE;
  if (peer->tried > 0 && sent == peer->tried)
    end_try (self, peer, round_trip, now);
  else if (sent > peer->tried)
    peer->tried = 0; /* the block was sent again */
  return sent >= peer->since;
}

/* Members that do not answer. */

/* It may be our server that does not answer. Its answer to a ping shows that it has got to the
 * blocks before that. */
static gboolean
is_server_answering (IBBNear *self, gint64 now)
{
  gint64 lag = ibb_first_hop_get_lag (self->first_hop, self->asked, now);

  if (ibb_first_hop_is_mute (self->first_hop, now))
    return TRUE;
  /* A former ping may be out, which tells nothing. */
  if (self->asked == 0 || lag == IBB_NEVER)
    {
      self->asked = now;
      ibb_first_hop_ping (self->first_hop, now);
      return FALSE;
    }
  return self->first_hop->ping.id == NULL && self->first_hop->pinged > 0 && lag >= SILENCE;
}

gpointer
ibb_near_take_mute (IBBNear *self, gint64 now)
{
  IBBNearPeer *peer = g_queue_peek_head (&self->holders);

  if (peer == NULL || peer->look == self->n_looks)
    {
      self->n_looks++;
      self->asked = 0;
      return NULL;
    }
  if (!is_server_answering (self, now))
    return NULL;

  leave (self, peer, now);
  return peer->owner;
}

void
ibb_near_set_timer (IBBNear *self, IBBTimers *timers, gint64 now)
{
  if (self->timer.iter == NULL)
    ibb_timer_set (&self->timer, timers, now + SILENCE);
}

void
ibb_near_forget_peer (IBBNear *self, IBBNearPeer *peer)
{
  g_assert (peer->in_flight == 0);
  ibb_near_init_peer (peer, peer->owner);
}

void
ibb_near_forget (IBBNear *self)
{
  ibb_timer_clear (&self->timer);
  ibb_near_init (self, self->first_hop, self->timer.func, self->timer.owner);
}
