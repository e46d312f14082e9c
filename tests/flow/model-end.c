/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "model-end.h"

#include "core/base/quirks.h"

/* The window and the rate that the path of a session allows. */

/* Where each read of the server is followed by a pause. */
#define PACED_RATE (IBB_QUIRKS_READ * 1000.0)
#define UNLIMITED ((gsize) 256 * 1024 * 1024)

static gsize
get_size (PacketKind kind, gsize length)
{
  Packet *packet = packet_new (kind, length, 0);
  gsize   size = packet->size;

  packet_free (packet);
  return size;
}

/* Seconds of the server for a block and its acknowledgement. */
static double
get_cost (const Cell *cell)
{
  double bytes = (double) (get_size (PACKET_BLOCK, cell->model_block) + get_size (PACKET_ACK, 0));

  return (2 * cell->server_stanza * 1e3 + bytes * cell->server_byte) / 1e9;
}

static double
get_minimum (double a, double b)
{
  if (a <= 0 || b <= 0)
    return MAX (a, b);
  return MIN (a, b);
}

/* Bytes of payload a second, of all sessions together, as far as our client's own
 * connection and the server go. */
static double
get_path_rate (const Cell *cell)
{
  double share = (double) cell->model_block / (double) get_size (PACKET_BLOCK, cell->model_block);
  double rate = cell->rate * share;

  if (cell->limit != CELL_LIMIT_NONE)
    rate = get_minimum (rate, cell->limit_rate * share);
  else if (cell->pacing)
    rate = get_minimum (rate, PACED_RATE * share);
  return get_minimum (rate, cell->model_block / get_cost (cell));
}

static double
get_transmission (const Cell *cell, double rate)
{
  double bytes = (double) (get_size (PACKET_BLOCK, cell->model_block) + get_size (PACKET_ACK, 0));

  return rate > 0 ? bytes / rate : 0;
}

/* The time that one block and its acknowledgement take where nothing else waits, with
 * the mean of the jitter, in seconds. */
static double
get_path_round_trip (const Cell *cell, guint session)
{
  guint  peer = cell_get_peer (cell, session);
  double delay = cell->delay + cell_get (&cell->peer_delay, peer);
  double jitter = cell->jitter + cell_get (&cell->peer_jitter, peer);

  return 2 * (delay + jitter / 2) / 1e3 + get_cost (cell) + get_transmission (cell, cell->rate) +
         get_transmission (cell, cell_get (&cell->peer_rate, peer));
}

static gsize
get_path_window (const Cell *cell, guint session)
{
  guint  n_usual = cell->peers * cell->sessions - cell->slow;
  double peer_rate = cell_get (&cell->peer_rate, cell_get_peer (cell, session));
  double share = (double) cell->model_block / (double) get_size (PACKET_BLOCK, cell->model_block);
  double rate = get_path_rate (cell) / MAX (n_usual, 1);

  if (cell->sender == CELL_SENDER_UNLIMITED)
    return UNLIMITED;
  if (cell->window > 0)
    return cell->window;
  rate = get_minimum (rate, peer_rate * share / MAX (cell->sessions, 1));
  if (cell_is_slow (cell, session))
    rate = get_minimum (rate, cell->slow_rate);
  return MAX ((gsize) (2 * rate * get_path_round_trip (cell, session)), cell->model_block);
}

/* As receive-buffer-size of an engine: a block within it is acknowledged before it is read. */
#define RECEIVE_BUFFER (256 * 1024)

static void
settle (ModelEnd *self)
{
  connection_pump (self->connection);
}

/* Our client. */

static void
tick_cb (gpointer owner, gpointer item)
{
  ModelSession *self = owner;
  gboolean      is_interactive = self->kind == CELL_INTERACTIVE;
  Events       *events = self->end->events;
  gint64        period = is_interactive ? CELL_INTERACTIVE_PERIOD : CELL_TRICKLE_PERIOD;

  self->to_send++;
  if (is_interactive)
    g_queue_push_tail (&self->begun, g_memdup2 (&events->now, sizeof events->now));
  settle (self->end);
  events_add (events, events->now + period * FLOW_MILLISECOND, tick_cb, self, NULL);
}

static void
open_cb (gpointer owner, gpointer item)
{
  ModelSession *self = owner;

  self->is_open = TRUE;
  if (self->kind == CELL_BULK)
    settle (self->end);
  else
    tick_cb (self, NULL);
}

static gsize
get_next_length (const ModelSession *self)
{
  gsize block = self->end->cell->model_block;

  if (self->end->number > 0 || self->kind != CELL_BULK)
    return MIN (self->to_send, block);
  return self->is_open && (self->in_flight == 0 || self->in_flight + block <= self->window) ? block
                                                                                            : 0;
}

static Packet *
create_block (ModelSession *self, gsize length)
{
  ModelEnd *end = self->end;
  Packet   *packet = packet_new (PACKET_BLOCK, length, end->events->now);

  packet->session = self->number;
  packet->to = end->number == 0 ? 1 + cell_get_peer (end->cell, self->number) : 0;
  self->to_send -= MIN (self->to_send, length);
  self->in_flight += length;
  if (end->number == 0)
    meter_note_sent (end->meter, length);
  return packet;
}

static Packet *
take (gpointer source)
{
  ModelEnd *self = source;
  Packet   *reply = g_queue_pop_head (&self->replies);

  if (reply != NULL)
    return reply;
  for (guint i = 0; i < self->n_sessions; i++)
    {
      ModelSession *session = &self->sessions[self->turn];
      gsize         length = get_next_length (session);

      self->turn = (self->turn + 1) % self->n_sessions;
      if (length > 0)
        return create_block (session, length);
    }
  return NULL;
}

/* Both ends. */

static void
send_ack (ModelSession *self, Packet *block)
{
  Packet *ack = packet_new (PACKET_ACK, 0, block->created);

  ack->session = self->number;
  ack->to = block->from;
  ack->length = block->length;
  g_queue_push_tail (&self->end->replies, ack);
  packet_free (block);
}

static void
release (ModelSession *self)
{
  Packet *first;
  gsize   behind = 0; /* bytes of later blocks */

  for (GList *l = self->unacknowledged.head; l != NULL; l = l->next)
    behind += ((Packet *) l->data)->length;
  while ((first = g_queue_peek_head (&self->unacknowledged)) != NULL)
    {
      behind -= first->length;
      if (self->unread > RECEIVE_BUFFER + behind)
        return;
      send_ack (self, g_queue_pop_head (&self->unacknowledged));
    }
}

static void read_some (ModelSession *self);

static void
read_cb (gpointer owner, gpointer item)
{
  ModelSession *self = owner;

  self->is_read_planned = FALSE;
  read_some (self);
  settle (self->end);
}

static void
note_read (ModelSession *self, gsize length)
{
  self->unread -= length;
  reader_note_read (&self->reader, length);
  if (self->end->number > 0)
    {
      meter_note_read (self->end->meter, self->number, length);
      if (self->kind == CELL_INTERACTIVE)
        self->to_send += length;
      return;
    }
  for (gsize i = 0; i < length; i++)
    {
      g_autofree gint64 *begun = g_queue_pop_head (&self->begun);

      meter_note_latency (self->end->meter, METER_INTERACTIVE, *begun);
    }
}

static void
read_some (ModelSession *self)
{
  gsize room;

  while (self->unread > 0 && (room = reader_get_room (&self->reader)) > 0)
    note_read (self, MIN (room, self->unread));
  release (self);
  if (self->unread > 0 && !self->is_read_planned)
    {
      self->is_read_planned = TRUE;
      events_add (self->end->events, reader_get_due (&self->reader), read_cb, self, NULL);
    }
}

static void
receive (gpointer source, Packet *packet)
{
  ModelEnd     *self = source;
  ModelSession *session = &self->sessions[packet->session];

  if (packet->kind == PACKET_BLOCK)
    {
      session->unread += packet->length;
      g_queue_push_tail (&session->unacknowledged, packet);
      read_some (session);
    }
  else
    {
      if (packet->kind == PACKET_CHAT)
        meter_note_latency (self->meter, METER_CHAT, packet->created);
      else
        {
          session->in_flight -= packet->length;
          if (self->number == 0)
            meter_note_acknowledged (self->meter, packet->length, packet->created);
        }
      packet_free (packet);
    }
  settle (self);
}

static void
ready (gpointer source)
{
  settle (source);
}

static void
sent (gpointer source, Packet *packet)
{
}

const ConnectionSource model_end_source = {
  .take = take,
  .ready = ready,
  .sent = sent,
  .receive = receive,
};

/* Life. */

void
model_end_init (ModelEnd   *self,
                const Cell *cell,
                Events     *events,
                Meter      *meter,
                Connection *connection,
                guint       number)
{
  *self = (ModelEnd){
    .cell = cell,
    .events = events,
    .meter = meter,
    .connection = connection,
    .number = number,
    .n_sessions = cell_get_n_sessions (cell),
    .sessions = g_new0 (ModelSession, cell_get_n_sessions (cell)),
  };
  for (guint i = 0; i < self->n_sessions; i++)
    {
      ModelSession *session = &self->sessions[i];

      *session = (ModelSession){
        .end = self,
        .number = i,
        .kind = cell_get_kind (cell, i),
        .window = get_path_window (cell, i),
      };
      reader_init (&session->reader, cell, number == 0 ? G_MAXUINT : i, events);
    }
}

void
model_end_clear (ModelEnd *self)
{
  for (guint i = 0; i < self->n_sessions; i++)
    {
      g_queue_clear_full (&self->sessions[i].begun, g_free);
      g_queue_clear_full (&self->sessions[i].unacknowledged, (GDestroyNotify) packet_free);
    }
  g_queue_clear_full (&self->replies, (GDestroyNotify) packet_free);
  g_free (self->sessions);
}

void
model_end_start (ModelEnd *self)
{
  for (guint i = 0; i < self->n_sessions; i++)
    events_add (self->events, (gint64) (cell_get (&self->cell->start, i) * FLOW_SECOND), open_cb,
                &self->sessions[i], NULL);
}

void
model_end_finish (ModelEnd *self)
{
  for (guint i = 0; i < self->n_sessions; i++)
    for (GList *l = self->sessions[i].begun.head; l != NULL; l = l->next)
      meter_note_latency (self->meter, METER_INTERACTIVE, *(gint64 *) l->data);
}
