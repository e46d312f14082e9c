/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "server.h"

#include "core/base/quirks.h"

#define READ_SIZE IBB_QUIRKS_READ
/* Prosody's "min_wait". */
#define PAUSE FLOW_MILLISECOND
/* Prosody's usual "burst". */
#define BURST_SECONDS 2
/* The user-level buffer of Erlang's sockets. */
#define SHAPER_READ_SIZE 1460

static void
gate_init (Gate *self, const Cell *cell, gboolean is_own)
{
  *self = (Gate){ .kind = cell->pacing ? GATE_RECORDS : GATE_OPEN, .rate = cell->limit_rate };
  if (!is_own || cell->limit == CELL_LIMIT_NONE)
    return;

  self->kind = cell->limit == CELL_LIMIT_PROSODY ? GATE_BUCKET : GATE_PAUSING;
  self->tokens = self->rate * BURST_SECONDS;
}

static gint64
get_time (const Gate *self, double bytes)
{
  return (gint64) (bytes * FLOW_SECOND / self->rate) + 1;
}

/* The bytes that were read and may not be processed yet: one read at most. */
static gsize
read_bucket (Gate *self, gsize waiting, gint64 now)
{
  double passed = (double) (now - self->updated) / FLOW_SECOND;
  gsize  n;

  self->tokens = MIN (self->tokens + passed * self->rate, self->rate * BURST_SECONDS);
  self->updated = now;
  n = MIN (waiting, (gsize) self->tokens);
  self->tokens -= (double) n;
  if (n < waiting)
    self->closed_until =
        now + get_time (self, (double) MIN (waiting - n, READ_SIZE) - self->tokens);
  return n;
}

static gsize
read_pausing (Gate *self, gsize waiting, gint64 now)
{
  gsize n = MIN (waiting, SHAPER_READ_SIZE);

  self->closed_until = now + get_time (self, (double) n);
  return n;
}

static gsize
gate_read (Gate *self, gsize waiting, gint64 now)
{
  if (now < self->closed_until)
    return 0;
  if (self->kind == GATE_BUCKET)
    return read_bucket (self, waiting, now);
  return self->kind == GATE_PAUSING ? read_pausing (self, waiting, now) : waiting;
}

void
server_init (Server *self, const Cell *cell, Events *events, guint n_ports)
{
  *self = (Server){
    .events = events,
    .stanza_cost = cell->server_stanza * FLOW_MICROSECOND,
    .byte_cost = cell->server_byte,
    .n_ports = n_ports,
    .ports = g_new0 (ServerPort, n_ports),
  };
  for (guint i = 0; i < n_ports; i++)
    {
      ServerPort *port = &self->ports[i];
      CellNagle   nagle = i == 0 ? CELL_NAGLE_SENDER : CELL_NAGLE_RECEIVER;

      port->server = self;
      gate_init (&port->gate, cell, i == 0);
      stream_init (&port->stream, events, cell->nagle == nagle || cell->nagle == CELL_NAGLE_BOTH,
                   cell->mss, (gint64) (cell->ack_delay * FLOW_MILLISECOND));
    }
}

void
server_clear (Server *self)
{
  for (guint i = 0; i < self->n_ports; i++)
    {
      stream_clear (&self->ports[i].stream);
      g_queue_clear_full (&self->ports[i].waiting, (GDestroyNotify) packet_free);
    }
  g_free (self->ports);
}

/* The server's own answer to a stanza. FALSE if it has none. */
static gboolean
answer (Packet *packet)
{
  IBBStanza *request = packet->stanza;

  if (packet->kind == PACKET_CHAT)
    return TRUE;
  if (request == NULL ||
      (request->payload != IBB_PAYLOAD_PING && request->payload != IBB_PAYLOAD_DISCO_QUERY))
    return FALSE;

  packet->stanza = ibb_stanza_record_new_result (request);
  if (request->payload == IBB_PAYLOAD_DISCO_QUERY)
    packet->stanza->payload = IBB_PAYLOAD_DISCO_INFO;
  ibb_stanza_record_unref (request);
  return TRUE;
}

static void
processed (gpointer owner, gpointer item)
{
  Server *self = owner;
  Packet *packet = item;

  if (packet->to == PACKET_TO_SERVER && answer (packet))
    packet->to = packet->from;
  if (packet->to < self->n_ports)
    stream_write (&self->ports[packet->to].stream, packet);
  else
    packet_free (packet);
}

static void
process (Server *self, Packet *packet)
{
  packet->size -= packet->spaces;
  self->free_at = MAX (self->free_at, self->events->now) +
                  (gint64) (self->stanza_cost + self->byte_cost * (double) packet->size);
  events_add (self->events, self->free_at, processed, self, packet);
}

static void read_some (ServerPort *self);

static void
read_cb (gpointer owner, gpointer item)
{
  ServerPort *self = owner;

  self->is_planned = FALSE;
  read_some (self);
}

/* Each record of TLS has a part of one stanza, of READ_SIZE at most. A read takes records until it
 * is full. Of the last one the rest stays in a buffer, and then Prosody makes a pause. */
static gsize
read_records (ServerPort *self, gint64 now)
{
  Gate  *gate = &self->gate;
  GList *next = self->waiting.head;
  gsize  at = self->n_read;
  gsize  n = 0;

  gate->closed_until = MAX (gate->closed_until, self->server->free_at);
  if (now < gate->closed_until)
    return 0;

  while (n < READ_SIZE && next != NULL)
    {
      gsize left = ((Packet *) next->data)->size - at;
      gsize record = gate->rest > 0 ? gate->rest : MIN (left, READ_SIZE - at % READ_SIZE);
      gsize taken = MIN (record, READ_SIZE - n);

      gate->rest = record - taken;
      n += taken;
      at += taken;
      if (taken == left)
        {
          next = next->next;
          at = 0;
        }
    }
  return n;
}

/* Reads as much as the gate allows. */
static void
read_some (ServerPort *self)
{
  Server  *server = self->server;
  Events  *events = server->events;
  gboolean in_records = self->gate.kind == GATE_RECORDS;
  gsize    n = in_records ? read_records (self, events->now)
                          : gate_read (&self->gate, self->n_waiting, events->now);
  Packet  *first;

  self->n_waiting -= n;
  self->n_read += n;
  while ((first = g_queue_peek_head (&self->waiting)) != NULL && self->n_read >= first->size)
    {
      self->n_read -= first->size;
      process (server, g_queue_pop_head (&self->waiting));
    }
  if (n > 0 && self->gate.rest > 0)
    self->gate.closed_until = MAX (server->free_at, events->now) + PAUSE;
  if (self->n_waiting > 0 && !self->is_planned)
    {
      self->is_planned = TRUE;
      events_add (events, MAX (self->gate.closed_until, in_records ? server->free_at : 0), read_cb,
                  self, NULL);
    }
}

void
server_arrived (gpointer port, gpointer packet)
{
  ServerPort *self = port;
  Packet     *arrived = packet;

  stream_acknowledged (&self->stream, arrived->acknowledged);
  if (arrived->kind == PACKET_SEGMENT_ACK)
    {
      packet_free (arrived);
      return;
    }
  g_queue_push_tail (&self->waiting, arrived);
  self->n_waiting += arrived->size;
  read_some (self);
}
