/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "connection.h"

void
connection_init (Connection             *self,
                 Events                 *events,
                 guint                   number,
                 gsize                   room,
                 const ConnectionSource *source_class,
                 gpointer                source)
{
  *self = (Connection){
    .events = events,
    .number = number,
    .room = room,
    .pump_at = FLOW_NEVER,
    .source_class = source_class,
    .source = source,
  };
}

static void
pump_cb (gpointer owner, gpointer item)
{
  Connection *self = owner;

  self->pump_at = FLOW_NEVER;
  self->source_class->ready (self->source);
}

static gboolean
is_congested (Connection *self)
{
  gint64 free_at;

  if (self->room == 0)
    return FALSE;

  free_at = link_get_time_below (&self->link, self->room);
  if (free_at <= self->events->now)
    return FALSE;
  if (self->pump_at == FLOW_NEVER)
    {
      self->pump_at = free_at;
      events_add (self->events, free_at, pump_cb, self, NULL);
    }
  return TRUE;
}

void
connection_send (Connection *self, Packet *packet)
{
  packet->from = self->number;
  packet->acknowledged = stream_get_acknowledgement (self->stream);
  link_send (&self->link, packet->size, packet);
  self->source_class->sent (self->source, packet);
}

gboolean
connection_pump (Connection *self)
{
  gboolean any = FALSE;
  Packet  *packet;

  while (!is_congested (self) && (packet = self->source_class->take (self->source)) != NULL)
    {
      connection_send (self, packet);
      any = TRUE;
    }
  return any;
}

void
connection_arrived (gpointer connection, gpointer packet)
{
  Connection *self = connection;

  stream_arrived (self->stream, packet);
  while ((packet = stream_take (self->stream)) != NULL)
    self->source_class->receive (self->source, packet);
}

void
connection_acknowledge (gpointer connection, gpointer item)
{
  Connection *self = connection;

  connection_send (self, packet_new (PACKET_SEGMENT_ACK, 0, self->events->now));
}
