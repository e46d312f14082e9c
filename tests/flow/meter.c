/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "meter.h"

#include <stdlib.h>

/* A slow reader reads that often. */
#define PERIOD (50 * FLOW_MILLISECOND)

void
reader_init (Reader *self, const Cell *cell, guint session, const Events *events)
{
  gboolean is_slow = session != G_MAXUINT && !cell->hostile && cell_is_slow (cell, session);

  *self = (Reader){
    .events = events,
    .rate = cell->slow_rate,
    .slow_from = is_slow ? (gint64) (cell->stall_from * FLOW_SECOND) : FLOW_NEVER,
    .slow_until = is_slow ? (gint64) (cell->stall_until * FLOW_SECOND) : FLOW_NEVER,
  };
}

static gboolean
is_slow_now (const Reader *self)
{
  return self->events->now >= self->slow_from && self->events->now < self->slow_until;
}

gsize
reader_get_room (const Reader *self)
{
  if (!is_slow_now (self))
    return READER_MAX;
  if (self->rate <= 0 || self->events->now < self->next)
    return 0;
  return (gsize) CLAMP (self->rate * PERIOD / FLOW_SECOND, 1, READER_MAX);
}

void
reader_note_read (Reader *self, gsize length)
{
  if (is_slow_now (self))
    self->next = self->events->now + (gint64) ((double) length * FLOW_SECOND / self->rate);
}

gint64
reader_get_due (const Reader *self)
{
  if (!is_slow_now (self))
    return self->events->now;
  return self->rate > 0 ? MIN (self->next, self->slow_until) : self->slow_until;
}

void
meter_init (Meter *self, const Cell *cell, const Events *events)
{
  guint n = MAX (1, (guint) (cell->seconds * FLOW_SECOND / METER_INTERVAL));

  *self = (Meter){
    .events = events,
    .n_sessions = cell_get_n_sessions (cell),
    .n_intervals = n,
    .read = g_new0 (guint32, (gsize) n * cell_get_n_sessions (cell)),
    .in_flight = g_new0 (gsize, n),
    .round_trip = g_new0 (gint64, n),
    .n_acknowledged = g_new0 (guint, n),
  };
  for (guint i = 0; i < METER_N_LATENCIES; i++)
    self->latencies[i] = g_array_new (FALSE, FALSE, sizeof (MeterSample));
}

void
meter_clear (Meter *self)
{
  g_free (self->read);
  g_free (self->in_flight);
  g_free (self->round_trip);
  g_free (self->n_acknowledged);
  g_free (self->window);
  for (guint i = 0; i < METER_N_LATENCIES; i++)
    g_array_unref (self->latencies[i]);
}

static guint
get_interval (const Meter *self)
{
  return MIN ((guint) (self->events->now / METER_INTERVAL), self->n_intervals - 1);
}

void
meter_note_read (Meter *self, guint session, gsize length)
{
  self->read[(gsize) session * self->n_intervals + get_interval (self)] += (guint32) length;
}

void
meter_note_sent (Meter *self, gsize length)
{
  guint i = get_interval (self);

  self->now_in_flight += length;
  self->in_flight[i] = MAX (self->in_flight[i], self->now_in_flight);
  self->max_in_flight = MAX (self->max_in_flight, self->now_in_flight);
}

void
meter_note_acknowledged (Meter *self, gsize length, gint64 sent)
{
  guint i = get_interval (self);

  self->in_flight[i] = MAX (self->in_flight[i], self->now_in_flight);
  self->now_in_flight -= length;
  self->round_trip[i] += self->events->now - sent;
  self->n_acknowledged[i]++;
}

void
meter_note_window (Meter *self, gint64 window)
{
  if (self->window == NULL)
    self->window = g_new0 (gint64, self->n_intervals);
  self->window[get_interval (self)] = window;
}

void
meter_note_latency (Meter *self, MeterLatency which, gint64 begun)
{
  MeterSample sample = { begun, self->events->now - begun };

  g_array_append_val (self->latencies[which], sample);
}

double
meter_get_goodput (const Meter *self, guint session, guint first_interval)
{
  double bytes = 0;

  for (guint i = first_interval; i < self->n_intervals; i++)
    bytes += self->read[(gsize) session * self->n_intervals + i];
  return bytes * FLOW_SECOND / METER_INTERVAL / (self->n_intervals - first_interval);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  gint64 x = *(const gint64 *) a;
  gint64 y = *(const gint64 *) b;

  return (x > y) - (x < y);
}

gint64
meter_get_percentile (const Meter *self, MeterLatency which, double percent)
{
  const GArray      *samples = self->latencies[which];
  g_autofree gint64 *sorted = g_new (gint64, samples->len + 1);

  if (samples->len == 0)
    return 0;
  for (guint i = 0; i < samples->len; i++)
    sorted[i] = g_array_index (samples, MeterSample, i).latency;
  qsort (sorted, samples->len, sizeof *sorted, compare);
  return sorted[(guint) (percent / 100 * (samples->len - 1) + 0.5)];
}
