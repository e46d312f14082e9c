/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/peer/first-hop.h"

#include "core/base/jid.h"
#include "core/base/quirks.h"
#include "core/flow/controller.h"

#define PING_TIMEOUT (60 * G_USEC_PER_SEC)

/* A ping and its answer have some 120 bytes each: 1 % of the bytes that were answered since the
 * ping before. */
#define PING_BYTES (16 * 1024)
#define PING_INTERVAL G_USEC_PER_SEC
/* While a peer waits for others: time until the next ping, as a multiple of the last round trip. */
#define PATIENCE 8

/* Rate from which on the reads of the server matter, in bytes a microsecond, and its least sample.
 */
#define FAST_RATE 1.0
#define FAST_BYTES (256 * 1024)
/* From one time at which the server reads all there is to the next one, microseconds, and as a
 * multiple of the time for which nothing leaves. */
#define HOLD_INTERVAL (5 * G_USEC_PER_SEC)
#define HOLD_PAUSE 100

IBBFirstHop *
ibb_first_hop_new (IBBContext *context, IBBTimerFunc timeout, gpointer owner)
{
  IBBFirstHop *self = g_new0 (IBBFirstHop, 1);

  self->context = context;
  ibb_timer_init (&self->ping_timer, timeout, owner);
  return self;
}

static void
forget_ping (IBBFirstHop *self)
{
  ibb_timer_clear (&self->ping_timer);
  self->is_unanswered = self->is_holding = FALSE;
  ibb_pendings_remove (self->context->pendings, &self->ping);
}

void
ibb_first_hop_free (IBBFirstHop *self)
{
  g_free (self->domain);
  g_free (self);
}

void
ibb_first_hop_reset (IBBFirstHop *self)
{
  forget_ping (self);
  *self = (IBBFirstHop){ .context = self->context,
                         .in_flight = self->in_flight,
                         .domain = self->domain,
                         .ping_timer = self->ping_timer };
}

/* The ping. */

/* For how long blocks wait for the answer to a ping at most. On a long way it comes much later than
 * the server has read what is in flight. */
static gint64
get_hold_timeout (const IBBFirstHop *self)
{
  gint64 reading = (gint64) self->in_flight * IBB_QUIRKS_READ_TIME / IBB_QUIRKS_READ;

  return IBB_CONTROLLER_WAIT + MAX (reading - self->least, 0);
}

void
ibb_first_hop_ping (IBBFirstHop *self, gint64 now)
{
  IBBContext *context = self->context;
  IBBStanza  *ping;

  if (self->ping.id != NULL)
    return;

  g_free (self->domain);
  self->domain = ibb_jid_dup_domain (context->local_normal);
  self->ping_sent = now;
  self->ping_flight = self->in_flight;
  ibb_pendings_add (context->pendings, &self->ping, IBB_PENDING_PING,
                    ibb_ids_create (&context->ids), self->domain, self);
  ping =
      ibb_stanza_record_new (IBB_STANZA_IQ, "get", IBB_PAYLOAD_PING, self->ping.id, self->domain);
  ping->ends_read = self->is_holding;
  ibb_control_push (&context->control, ping);
  ibb_timer_set (&self->ping_timer, &context->timers,
                 now + (self->is_holding ? get_hold_timeout (self) : PING_TIMEOUT));
}

void
ibb_first_hop_timeout (IBBFirstHop *self)
{
  /* The timer of a ping that waits to be sent: the next look for a block sends it. */
  if (self->ping.id == NULL)
    return;
  if (self->is_holding)
    {
      self->is_holding = FALSE;
      ibb_timer_set (&self->ping_timer, &self->context->timers, self->ping_sent + PING_TIMEOUT);
      return;
    }

  self->is_unanswered = TRUE;
  self->is_bounded = FALSE;
}

void
ibb_first_hop_not_pinged (IBBFirstHop *self, gint64 now)
{
  forget_ping (self);
  self->next_ping = now + PING_TIMEOUT;
  self->is_bounded = FALSE;
}

gboolean
ibb_first_hop_is_mute (const IBBFirstHop *self, gint64 now)
{
  return self->is_unanswered || now < self->next_ping || self->context->local_normal == NULL;
}

static gboolean
may_ping (const IBBFirstHop *self, gint64 now)
{
  return self->ping.id == NULL && !ibb_first_hop_is_mute (self, now);
}

/* How the server reads (quirks.h). */

/* Each acknowledgement tells, so that the first bytes that are many are enough. A limit may let
 * fewer pass at once, and few after that. */
static void
note_rate (IBBFirstHop *self, gint64 now)
{
  gint64 time = now - self->judged;

  if (self->arrived < FAST_BYTES && time < PING_INTERVAL)
    return;

  self->is_fast = (double) self->arrived >= (double) time * FAST_RATE / (self->is_fast ? 2 : 1);
  self->judged = now;
  self->arrived = 0;
}

/* Pauses until the server's buffer is empty, so that the next block begins with a read.
 * @round_trip: of a ping. */
static void
hold_if_due (IBBFirstHop *self, gint64 round_trip, gint64 now)
{
  gint64 hold;

  if (!self->is_fast || now < self->next_hold || !may_ping (self, now))
    return;

  hold = MIN (round_trip, get_hold_timeout (self));
  self->next_hold = now + CLAMP (HOLD_PAUSE * hold, HOLD_INTERVAL, PING_TIMEOUT);
  self->is_holding = TRUE;
  ibb_first_hop_ping (self, now);
}

/* The bound. */

/* If bytes waited for our server, fewer bytes in flight carry as much. Otherwise another connection
 * makes the queue, or the way has become longer: then fewer bytes in flight are of no use. The
 * limit is half of what they would cost if all of the round trip were distance. */
static gboolean
is_ours (const IBBFirstHop *self, double rate)
{
  double share = MIN (1.0, (double) self->ping_flight / (double) MAX (self->flight, 1));

  return rate > self->rate * (1 + share) / 2;
}

static void
take_for_distance (IBBFirstHop *self, gint64 delay)
{
  self->least += delay;
  self->is_bounded = FALSE;
}

/* A wait up to this is no queue: Nagle's algorithm at the server may hold the answer until the one
 * before is acknowledged. */
static gint64
get_tolerance (const IBBFirstHop *self)
{
  return self->least + IBB_CONTROLLER_WAIT;
}

static void
bind (IBBFirstHop *self, gint64 delay, double rate)
{
  if (!self->is_bounded)
    {
      self->is_bounded = TRUE;
      self->rate = rate;
      self->flight = self->ping_flight;
    }
  self->travelling = MAX (0.0, (double) self->ping_flight - (double) delay * rate);
  self->queue = IBB_CONTROLLER_WAIT * rate;
}

/* delay: how long the ping has waited. rate: bytes answered in a microsecond meanwhile. */
static void
adapt (IBBFirstHop *self, gint64 delay, double rate)
{
  gint64 tolerance = get_tolerance (self);

  if (!self->is_bounded)
    {
      if (delay > tolerance)
        bind (self, delay, rate);
    }
  else if (delay <= tolerance && !self->is_held)
    self->is_bounded = FALSE;
  else if (delay <= IBB_CONTROLLER_WAIT / 2)
    self->travelling += MAX (self->travelling, self->queue);
  else if (delay <= tolerance || is_ours (self, rate))
    bind (self, delay, rate);
  else
    take_for_distance (self, delay);
  self->is_held = FALSE;
}

/* Too few bytes were answered to know a rate. But a ping that has not waited shows that the bytes
 * in flight are not at our server. They are with a peer that does not answer. */
static void
pass (IBBFirstHop *self, gint64 delay)
{
  if (self->is_bounded && delay <= IBB_CONTROLLER_WAIT / 2)
    self->travelling = MAX (self->travelling, (double) self->ping_flight);
}

gint64
ibb_first_hop_note_trip (IBBFirstHop *self, gint64 round_trip)
{
  if (self->least == 0 || round_trip < self->least)
    self->least = round_trip;
  return self->least;
}

/* A ping that was given up, or was out while the XML stream was suspended, tells nothing. */
static void
note_round_trip (IBBFirstHop *self, gint64 now)
{
  gint64 round_trip = MAX (now - self->ping_sent, 1);
  double rate = (double) self->answered / (double) MAX (now - self->since, 1);

  self->pinged = now;
  self->delay = 0;
  if (self->is_unanswered || self->ping_sent < self->context->clock.resumed_at)
    self->is_bounded = FALSE;
  else
    {
      ibb_first_hop_note_trip (self, round_trip);
      self->delay = round_trip - self->least;
      /* While nothing leaves, no queue grows. */
      if (self->is_holding)
        return;
      if (self->answered < PING_BYTES)
        {
          pass (self, self->delay);
          return;
        }
      adapt (self, self->delay, rate);
    }
  self->since = now;
  self->answered = 0;
}

gint64
ibb_first_hop_ping_answered (IBBFirstHop *self, gint64 now)
{
  gint64 sent = self->ping_sent;

  note_round_trip (self, now);
  forget_ping (self);
  hold_if_due (self, now - sent, now);
  return sent;
}

gint64
ibb_first_hop_get_lag (const IBBFirstHop *self, gint64 sent, gint64 now)
{
  gint64 late = self->ping_sent - sent;

  if (late < 0)
    return IBB_NEVER;
  return self->ping.id != NULL ? late : late + now - self->pinged;
}

gsize
ibb_first_hop_get_share (const IBBFirstHop *self)
{
  return IBB_FIRST_HOP_MAX - MIN (IBB_FIRST_HOP_MAX, self->in_flight);
}

static gboolean
is_time (const IBBFirstHop *self, gint64 now)
{
  gint64 interval = self->is_bounded ? IBB_CONTROLLER_WAIT : PING_INTERVAL;

  return may_ping (self, now) && self->answered >= PING_BYTES && now - self->since >= interval;
}

void
ibb_first_hop_note (IBBFirstHop *self, gsize length, gint64 now)
{
  gboolean was_fast = self->is_fast;

  if (length == 0)
    return;
  if (self->since == 0)
    self->since = self->judged = now;
  self->noted = now;
  self->answered += length;
  self->arrived += length;
  note_rate (self, now);
  if (!was_fast)
    hold_if_due (self, self->least, now);
  if (is_time (self, now))
    ibb_first_hop_ping (self, now);
}

/* The ping is out for longer than a chat message should have to wait. */
static gboolean
is_late (const IBBFirstHop *self, gint64 now)
{
  return self->ping.id != NULL && !self->is_unanswered && self->least > 0 &&
         now - self->ping_sent > self->least + get_tolerance (self);
}

gboolean
ibb_first_hop_may_send (IBBFirstHop *self, gsize length, gint64 now)
{
  if (self->in_flight == 0)
    return TRUE;
  if (self->is_holding)
    return FALSE;
  if (is_late (self, now) && self->in_flight + length > self->ping_flight)
    return FALSE;
  if (!self->is_bounded ||
      (double) self->in_flight < self->travelling + MAX (self->queue, (double) length))
    return TRUE;

  self->is_held = TRUE;
  return FALSE;
}

void
ibb_first_hop_wait (IBBFirstHop *self, gint64 now)
{
  gint64 due = self->pinged + MAX (PING_INTERVAL, PATIENCE * (self->pinged - self->ping_sent));

  if (!self->is_bounded || !may_ping (self, now))
    return;
  if (now >= due)
    ibb_first_hop_ping (self, now);
  else if (self->ping_timer.due != due)
    ibb_timer_set (&self->ping_timer, &self->context->timers, due);
}

gboolean
ibb_first_hop_grants (const IBBFirstHop *self, gsize in_flight, guint n_peers, double round_trip)
{
  return self->delay >= IBB_CONTROLLER_WAIT / 2 && round_trip <= (double) (2 * self->delay) &&
         in_flight <= self->in_flight / n_peers;
}

gsize
ibb_first_hop_get_brief (const IBBFirstHop *self, gsize limit)
{
  return self->is_bounded ? ibb_controller_get_brief (self->queue, limit) : limit;
}

/* The rate leaves out a pause with nothing in flight. Otherwise it would seem to be near 0
 * afterwards. */
static void
skip_pause (IBBFirstHop *self, gint64 now)
{
  if (self->since == 0)
    return;
  self->since += now - MAX (self->since, self->noted);
  self->judged += now - MAX (self->judged, self->noted);
}

void
ibb_first_hop_sent (IBBFirstHop *self, gsize length, gint64 now)
{
  if (self->in_flight == 0)
    skip_pause (self, now);
  self->in_flight += length;
}

void
ibb_first_hop_forget (IBBFirstHop *self, gsize length)
{
  g_assert (self->in_flight >= length);
  self->in_flight -= length;
}
