/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/peer/stall.h"

#include "core/peer/first-hop.h"

/* Bytes of stalled sessions beyond which each session has one block in flight. */
#define STALLED_MAX (64 * 1024 * 1024)
#define PATIENCE_MIN G_USEC_PER_SEC
#define PATIENCE_ROUND_TRIPS 8
/* Less than the shortest time for which an acknowledgement is delayed (D-22). */
#define LONG_PATH_MAX (3 * G_USEC_PER_SEC)

gsize
ibb_stalls_get_window (const IBBContext *context)
{
  gsize room = STALLED_MAX - MIN (STALLED_MAX, context->stalled);

  return room / (STALLED_MAX / IBB_CONTROLLER_SESSION_MAX);
}

/* The count of one session. */

void
ibb_stall_init (IBBStall *self, const IBBParameters *parameters)
{
  self->parameters = parameters;
  self->late_since = IBB_NEVER;
  self->late_link.data = self;
  self->stalled_link.data = self;
}

/* Messages are in flight until they are sent, and wait for nobody (D-35). A block beyond the room
 * of the reader counts nowhere (D-54). */
gboolean
ibb_stall_is_counted (const IBBStall *self)
{
  return !self->is_stalled && !self->is_probing && !self->parameters->by_message;
}

static void
count (IBBStall *self, gsize length, gint64 now)
{
  ibb_first_hop_sent (self->parameters->context->first_hop, length, now);
  ibb_near_sent (&self->parameters->peer->peers->near, &self->parameters->peer->near, length, now);
}

static void
uncount (IBBStall *self, gsize length)
{
  IBBPeer *peer = self->parameters->peer;

  ibb_first_hop_forget (self->parameters->context->first_hop, length);
  ibb_near_unsent (&peer->peers->near, &peer->near, length);
  ibb_peer_try (peer);
}

static gboolean
is_late (const IBBStall *self)
{
  return self->late_since != IBB_NEVER;
}

static void
leave_late (IBBStall *self)
{
  if (!is_late (self))
    return;

  g_queue_unlink (&self->parameters->context->late, &self->late_link);
  self->late_since = IBB_NEVER;
}

/* A peer can make a round trip last as long as it likes. */
static gint64
get_patience (const IBBStall *self)
{
  return MAX (PATIENCE_MIN, PATIENCE_ROUND_TRIPS * MIN (self->round_trip, LONG_PATH_MAX));
}

static gint64
get_overdue_time (const IBBStall *self, gint64 oldest_sent)
{
  return oldest_sent != IBB_NEVER ? oldest_sent + get_patience (self) : IBB_NEVER;
}

gint64
ibb_stall_get_due (const IBBStall *self, gint64 oldest_sent)
{
  return self->is_stalled || self->is_probing || is_late (self)
             ? IBB_NEVER
             : get_overdue_time (self, oldest_sent);
}

void
ibb_stall_timeout (IBBStall *self, gint64 oldest_sent, gint64 now)
{
  if (now < ibb_stall_get_due (self, oldest_sent))
    return;

  self->late_since = now;
  g_queue_push_tail_link (&self->parameters->context->late, &self->late_link);
  ibb_peer_try (self->parameters->peer); /* a session that waits for the window has to ask */
}

gboolean
ibb_stall_may_send (const IBBStall *self)
{
  return !is_late (self) && (!self->is_stalled || self->acked >= self->until);
}

void
ibb_stall_sent (IBBStall *self, gsize length, guint64 end, gint64 now)
{
  self->n_blocks++;
  if (!self->is_aside)
    self->parameters->peer->n_blocks++;
  self->in_flight += length;
  if (self->is_stalled)
    {
      self->parameters->context->stalled += length;
      self->until = end;
    }
  else if (ibb_stall_is_counted (self))
    count (self, length, now);
}

void
ibb_stall_probed (IBBStall *self, gsize length, guint64 end, gint64 now)
{
  g_assert (self->in_flight == 0);
  self->is_probing = !self->is_stalled;
  ibb_stall_sent (self, length, end, now);
}

static void
forget (IBBStall *self, gsize length, guint n_blocks)
{
  self->n_blocks -= n_blocks;
  if (!self->is_aside)
    self->parameters->peer->n_blocks -= n_blocks;
  self->in_flight -= length;
  if (self->is_stalled)
    self->parameters->context->stalled -= length;
  if (ibb_stall_is_counted (self))
    uncount (self, length);
  else
    ibb_peer_try (self->parameters->peer); /* one block less: another session may send one */
  self->is_probing = FALSE;
  if (self->in_flight == 0)
    leave_late (self);
}

void
ibb_stall_unsent (IBBStall *self, gsize length)
{
  forget (self, length, 1);
}

static void
set_going (IBBStall *self)
{
  if (!self->is_stalled)
    return;

  if (self->is_aside)
    self->parameters->peer->n_blocks += self->n_blocks;
  else
    g_queue_unlink (&self->parameters->peer->stalled, &self->stalled_link);
  self->is_aside = self->is_stalled = FALSE;
}

void
ibb_stall_clear (IBBStall *self)
{
  if (self->n_blocks > 0)
    forget (self, self->in_flight, self->n_blocks);
  set_going (self);
}

gint64
ibb_stall_note_round_trip (IBBStall *self, gint64 round_trip)
{
  /* The round trip of a stalled session tells nothing about the path. It is used only while no
   * other one is known. Otherwise each block would stall on a path of more than a second. */
  if (self->is_stalled)
    {
      if (self->round_trip == 0 && round_trip <= LONG_PATH_MAX)
        self->round_trip = round_trip;
      return 0;
    }
  if (round_trip > 0)
    self->round_trip =
        self->round_trip == 0 ? round_trip : self->round_trip + (round_trip - self->round_trip) / 8;
  return round_trip;
}

/* All bytes of the session return to the window. As a rule nothing is in flight. */
static void
end_stall (IBBStall *self, gint64 now)
{
  self->parameters->context->stalled -= self->in_flight;
  if (self->in_flight > 0)
    count (self, self->in_flight, now);
  set_going (self);
}

/* The peer is there: blocks of its stalled sessions are set aside. */
static void
set_aside (IBBPeer *peer)
{
  guint  before = peer->n_blocks;
  GList *link;

  while ((link = g_queue_pop_head_link (&peer->stalled)) != NULL)
    {
      IBBStall *stall = link->data;

      stall->is_aside = TRUE;
      peer->n_blocks -= stall->n_blocks;
    }
  if (peer->n_blocks < before)
    ibb_peer_try (peer);
}

void
ibb_stall_acknowledged (IBBStall *self, guint64 end, gint64 sent, gint64 oldest_sent, gint64 now)
{
  set_aside (self->parameters->peer);
  if (self->is_stalled && end == self->until && now - sent < get_patience (self))
    end_stall (self, now);
  self->acked = end;
  if (now < get_overdue_time (self, oldest_sent))
    leave_late (self);
}

static void
stall (IBBStall *self)
{
  leave_late (self);
  uncount (self, self->in_flight);
  self->parameters->context->stalled += self->in_flight;
  self->is_stalled = TRUE;
  g_queue_push_tail_link (&self->parameters->peer->stalled, &self->stalled_link);
  self->until = self->acked + 1; /* until the next acknowledgement of any block */
}

void
ibb_stalls_note_answer (IBBContext *context, gint64 sent)
{
  IBBStall *first;

  while ((first = g_queue_peek_head (&context->late)) != NULL && first->late_since <= sent)
    stall (first);
}

/* The ping. */

void
ibb_stalls_try (IBBContext *context)
{
  for (GList *l = context->late.head; l != NULL; l = l->next)
    ibb_peer_try (((IBBStall *) l->data)->parameters->peer);
}

gboolean
ibb_stalls_make_room (IBBContext *context, gint64 now)
{
  IBBFirstHop *first_hop = context->first_hop;

  if (g_queue_is_empty (&context->late))
    return FALSE;

  /* The server answers no ping, so the time alone decides. */
  if (ibb_first_hop_is_mute (first_hop, now))
    {
      ibb_stalls_note_answer (context, now);
      return TRUE;
    }
  ibb_first_hop_ping (first_hop, now);
  return FALSE;
}
