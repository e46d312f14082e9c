/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/flow/measurement.h"

#include "core/base/timer.h"

/* The least time of a measurement, in microseconds, and how many blocks or round trips it has. */
#define TIME_MIN (20 * 1000)
#define SAMPLES_MIN 24
#define ROUNDS_MIN 2
#define ROUNDS_MAX 6

void
ibb_measurement_begin (IBBMeasurement *self, gboolean is_changed, gint64 now)
{
  *self = (IBBMeasurement){
    .from = is_changed ? IBB_NEVER : now,
    .begun = now,
    .round = now,
  };
}

gboolean
ibb_measurement_covers (IBBMeasurement *self, gint64 sent, gint64 now)
{
  if (self->from != IBB_NEVER)
    return sent >= self->from;

  /* Only now the queue of the window before is gone. */
  if (sent >= self->begun)
    self->from = self->round = now;
  return FALSE;
}

gboolean
ibb_measurement_add (IBBMeasurement *self,
                     gsize           in_flight,
                     gint64          sent,
                     gint64          round_trip,
                     gboolean        is_full,
                     gint64          now)
{
  self->n_samples++;
  if (is_full)
    self->n_full++;
  self->ahead += (double) in_flight;
  self->trips += (double) round_trip;
  if (sent < self->round)
    return FALSE;

  self->n_rounds++;
  self->round = now;
  return TRUE;
}

void
ibb_measurement_drop_samples (IBBMeasurement *self)
{
  self->ahead = self->trips = 0;
  self->n_samples = self->n_full = 0;
}

void
ibb_measurement_limit (IBBMeasurement *self)
{
  self->is_limited = TRUE;
}

void
ibb_measurement_cap (IBBMeasurement *self, gsize in_flight)
{
  self->is_limited = TRUE;
  self->cap = in_flight;
}

gboolean
ibb_measurement_is_limited (const IBBMeasurement *self)
{
  return self->is_limited;
}

gboolean
ibb_measurement_is_capped (const IBBMeasurement *self)
{
  return self->cap > 0;
}

gboolean
ibb_measurement_is_at_cap (const IBBMeasurement *self, gsize in_flight, gsize block)
{
  return self->cap > 0 && in_flight + block > self->cap;
}

gboolean
ibb_measurement_is_full (const IBBMeasurement *self)
{
  return self->n_samples > 0 && self->n_full == self->n_samples;
}

gboolean
ibb_measurement_is_enough (const IBBMeasurement *self, gint64 now)
{
  return self->n_rounds >= ROUNDS_MIN &&
         (self->n_samples >= SAMPLES_MIN || self->n_rounds >= ROUNDS_MAX) &&
         now - self->from >= TIME_MIN;
}

guint
ibb_measurement_get_n_rounds (const IBBMeasurement *self)
{
  return self->n_rounds;
}

gint64
ibb_measurement_get_begun (const IBBMeasurement *self)
{
  return self->begun;
}

double
ibb_measurement_get_in_flight (const IBBMeasurement *self)
{
  return self->ahead / self->n_samples;
}

double
ibb_measurement_get_trip (const IBBMeasurement *self)
{
  return self->trips / self->n_samples;
}
