/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "link.h"

#define CLOCK_START (1000 * G_USEC_PER_SEC)

typedef struct
{
  gint64     time;
  guint64    order;
  EventsFunc func;
  gpointer   owner;
  gpointer   item;
} Event;

void
events_init (Events *self)
{
  *self = (Events){ .heap = g_array_new (FALSE, FALSE, sizeof (Event)), .clock = CLOCK_START };
}

void
events_clear (Events *self, GDestroyNotify free_item)
{
  for (guint i = 0; i < self->heap->len; i++)
    {
      gpointer item = g_array_index (self->heap, Event, i).item;

      if (item != NULL)
        free_item (item);
    }
  g_clear_pointer (&self->heap, g_array_unref);
}

gint64
events_from_clock (gint64 clock)
{
  return clock == G_MAXINT64 ? FLOW_NEVER : (clock - CLOCK_START) * FLOW_MICROSECOND;
}

static gboolean
is_earlier (const Event *a, const Event *b)
{
  return a->time < b->time || (a->time == b->time && a->order < b->order);
}

void
events_add (Events *self, gint64 time, EventsFunc func, gpointer owner, gpointer item)
{
  Event  event = { MAX (time, self->now), self->n_asked++, func, owner, item };
  Event *heap;
  guint  i = self->heap->len;

  if (time == FLOW_NEVER)
    return;

  g_array_append_val (self->heap, event);
  heap = (Event *) (gpointer) self->heap->data;
  while (i > 0 && is_earlier (&event, &heap[(i - 1) / 2]))
    {
      heap[i] = heap[(i - 1) / 2];
      i = (i - 1) / 2;
    }
  heap[i] = event;
}

static Event
take_first (Events *self)
{
  Event *heap = (Event *) (gpointer) self->heap->data;
  Event  first = heap[0];
  Event  last = heap[self->heap->len - 1];
  guint  n = self->heap->len - 1;
  guint  i = 0;

  while (2 * i + 1 < n)
    {
      guint child = 2 * i + 1;

      if (child + 1 < n && is_earlier (&heap[child + 1], &heap[child]))
        child++;
      if (!is_earlier (&heap[child], &last))
        break;
      heap[i] = heap[child];
      i = child;
    }
  heap[i] = last;
  g_array_set_size (self->heap, n);
  return first;
}

void
events_run (Events *self, gint64 end)
{
  while (self->heap->len > 0 && ((Event *) (gpointer) self->heap->data)->time <= end)
    {
      Event event = take_first (self);

      self->now = event.time;
      self->clock = CLOCK_START + event.time / FLOW_MICROSECOND;
      event.func (event.owner, event.item);
    }
  self->now = end;
  self->clock = CLOCK_START + end / FLOW_MICROSECOND;
}

/* The length of usual stanzas, without the bytes of a block. */
#define BLOCK_SIZE 180
#define ACK_SIZE 120
#define OTHER_SIZE 220
#define SEGMENT_ACK_SIZE 52

static gsize
get_block_size (gsize length)
{
  return BLOCK_SIZE + IBB_BASE64_ENCODED_LENGTH (length);
}

Packet *
packet_new (PacketKind kind, gsize length, gint64 now)
{
  Packet *self = g_new0 (Packet, 1);

  self->kind = kind;
  self->created = now;
  self->length = length;
  self->to = PACKET_TO_SERVER;
  if (kind == PACKET_BLOCK)
    self->size = get_block_size (length);
  else
    self->size = kind == PACKET_ACK ? ACK_SIZE : OTHER_SIZE;
  if (kind == PACKET_SEGMENT_ACK)
    self->size = SEGMENT_ACK_SIZE;
  return self;
}

Packet *
packet_new_stanza (IBBStanza *stanza, gint64 now)
{
  Packet *self = packet_new (PACKET_STANZA, 0, now);

  self->stanza = stanza;
  if (stanza->payload == IBB_PAYLOAD_DATA)
    {
      self->length = g_bytes_get_size (stanza->bytes);
      self->size = get_block_size (self->length);
    }
  else if (stanza->payload == IBB_PAYLOAD_RESULT || stanza->payload == IBB_PAYLOAD_PING)
    self->size = ACK_SIZE;
  return self;
}

void
packet_free (Packet *self)
{
  g_clear_pointer (&self->stanza, ibb_stanza_record_unref);
  g_free (self);
}

#define BURST_MAX (64 * 1024 * 1024)

static gint64
draw_jitter (Link *self)
{
  return random_between (&self->random, 0, self->jitter);
}

static gint64
get_jitter (Link *self, gint64 time)
{
  gint64 elapsed;

  if (self->jitter_time <= 0)
    return draw_jitter (self);

  while (self->jitter_period <= time / self->jitter_time)
    {
      self->jitter_values[0] = self->jitter_values[1];
      self->jitter_values[1] = draw_jitter (self);
      self->jitter_period++;
    }
  elapsed = time % self->jitter_time;
  return self->jitter_values[0] +
         (gint64) ((double) (self->jitter_values[1] - self->jitter_values[0]) * (double) elapsed /
                   (double) self->jitter_time);
}

/* When the last bytes of a packet leave that comes to the link at start. */
static gint64
begin_slowly (Link *self, gsize size, gint64 start)
{
  if (start - self->round >= self->trip)
    {
      self->burst *= 2 * self->begun >= self->burst && self->burst < BURST_MAX ? 2 : 1;
      self->round = start;
      self->begun = 0;
    }
  while (self->begun + size > self->burst)
    {
      size -= self->burst - self->begun;
      self->burst *= 2;
      self->begun = 0;
      self->round += self->trip;
      start = MAX (start, self->round);
    }
  self->begun += size;
  return start;
}

gint64
link_send (Link *self, gsize size, gpointer item)
{
  gint64 start = MAX (self->free_at, self->events->now);
  gint64 arrival;

  if (self->trip > 0)
    start = begin_slowly (self, size, start);
  self->free_at = start;
  if (self->rate > 0)
    self->free_at += (gint64) ((double) size * FLOW_SECOND / self->rate);
  arrival = self->free_at + self->delay;
  if (self->jitter > 0)
    arrival += get_jitter (self, self->free_at);
  self->last_arrival = MAX (self->last_arrival, arrival);
  events_add (self->events, self->last_arrival, self->arrived, self->owner, item);
  return start;
}

gint64
link_get_time_below (const Link *self, gsize size)
{
  if (self->rate <= 0)
    return self->events->now;
  return MAX (self->events->now,
              self->free_at - (gint64) ((double) size * FLOW_SECOND / self->rate) + 1);
}

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
