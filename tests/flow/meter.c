/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "meter.h"

#include <stdlib.h>

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
