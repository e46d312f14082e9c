/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "server.h"

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
    self->ports[i].server = self;
}

void
server_clear (Server *self)
{
  g_free (self->ports);
}

/* What the server itself says to a stanza. FALSE: nothing. */
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
    link_send (&self->ports[packet->to].link, packet->size, packet);
  else
    packet_free (packet);
}

static void
process (Server *self, Packet *packet)
{
  self->free_at = MAX (self->free_at, self->events->now) +
                  (gint64) (self->stanza_cost + self->byte_cost * (double) packet->size);
  events_add (self->events, self->free_at, processed, self, packet);
}

void
server_arrived (gpointer port, gpointer packet)
{
  process (((ServerPort *) port)->server, packet);
}
