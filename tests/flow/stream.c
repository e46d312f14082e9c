/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "stream.h"

/* Prosody writes so much at a time. */
#define WRITE_SIZE 8192

void
stream_init (Stream *self, Events *events, gboolean has_nagle, gsize mss, gint64 ack_delay)
{
  *self = (Stream){
    .events = events,
    .has_nagle = has_nagle,
    .mss = mss,
    .ack_delay = ack_delay,
    .ack_at = FLOW_NEVER,
  };
}

void
stream_clear (Stream *self)
{
  g_queue_clear_full (&self->packets, (GDestroyNotify) packet_free);
}

static void
send_segments (Stream *self, gsize size)
{
  Packet *segment = packet_new (PACKET_SEGMENT, 0, self->events->now);

  self->sent += size;
  segment->size = size;
  segment->position = self->sent;
  link_send (&self->link, size, segment);
}

static void
send_some (Stream *self)
{
  gsize unsent = (gsize) (self->written - self->sent);

  if (unsent >= self->mss)
    send_segments (self, unsent - unsent % self->mss);
  if (self->written > self->sent && self->acknowledged == self->sent)
    send_segments (self, (gsize) (self->written - self->sent));
}

void
stream_write (Stream *self, Packet *packet)
{
  if (!self->has_nagle)
    {
      link_send (&self->link, packet->size, packet);
      return;
    }

  packet->position = self->written + packet->size;
  g_queue_push_tail (&self->packets, packet);
  while (self->written < packet->position)
    {
      self->written += MIN (packet->position - self->written, WRITE_SIZE);
      send_some (self);
    }
}

void
stream_acknowledged (Stream *self, guint64 position)
{
  self->acknowledged = MAX (self->acknowledged, position);
  if (self->has_nagle)
    send_some (self);
}

static void
late_ack_cb (gpointer owner, gpointer item)
{
  Stream *self = owner;

  if (self->events->now < self->ack_at)
    return; /* it left with something else */
  self->send_ack (self->link.owner, NULL);
}

void
stream_arrived (Stream *self, Packet *packet)
{
  if (packet->kind != PACKET_SEGMENT)
    {
      g_queue_push_tail (&self->packets, packet);
      packet->position = self->received;
      return;
    }

  self->owed += (gsize) (packet->position - self->received);
  self->received = packet->position;
  packet_free (packet);
  /* More than one segment is acknowledged at once. */
  if (self->owed > self->mss || self->ack_delay == 0)
    self->send_ack (self->link.owner, NULL);
  else if (self->ack_at == FLOW_NEVER)
    {
      self->ack_at = self->events->now + self->ack_delay;
      events_add (self->events, self->ack_at, late_ack_cb, self, NULL);
    }
}

Packet *
stream_take (Stream *self)
{
  Packet *packet = g_queue_peek_head (&self->packets);

  if (packet == NULL || packet->position > self->received)
    return NULL;
  return g_queue_pop_head (&self->packets);
}

guint64
stream_get_acknowledgement (Stream *self)
{
  self->owed = 0;
  self->ack_at = FLOW_NEVER;
  return self->received;
}
