/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "events.h"

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
