/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a window carries (D-55): the bytes in flight and the round trips of the blocks that were
 * sent with it, and acknowledged since. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  gint64   from; /* or IBB_NEVER before the round in which the window changed is over */
  gint64   begun;
  gint64   round;
  guint    n_rounds;
  guint    n_samples;
  guint    n_full; /* of them, with a block in flight at least */
  double   ahead;  /* sums */
  double   trips;
  gboolean is_limited; /* a larger window would have sent more */
  gsize    cap;        /* bytes in flight, when no more blocks might be last (D-65); 0: never */
} IBBMeasurement;

/* is_changed: the window is another one. Blocks count that are sent once the first one with it was
 * acknowledged. */
void ibb_measurement_begin (IBBMeasurement *self, gboolean is_changed, gint64 now);
/* Whether a block counts that was sent then and is acknowledged now. */
gboolean ibb_measurement_covers (IBBMeasurement *self, gint64 sent, gint64 now);
/* It does. in_flight: when it was sent, itself included; is_full: with another block in flight.
 * TRUE: a round trip is over since the last time. */
gboolean ibb_measurement_add (IBBMeasurement *self,
                              gsize           in_flight,
                              gint64          sent,
                              gint64          round_trip,
                              gboolean        is_full,
                              gint64          now);
/* The blocks up to now do not count, but the rounds do. */
void ibb_measurement_drop_samples (IBBMeasurement *self);
/* The window keeps back bytes that could be sent. */
void ibb_measurement_limit (IBBMeasurement *self);
/* So does the number of blocks in flight, with so many bytes. */
void ibb_measurement_cap (IBBMeasurement *self, gsize in_flight);

gboolean ibb_measurement_is_limited (const IBBMeasurement *self);
gboolean ibb_measurement_is_capped (const IBBMeasurement *self);
/* Whether so much was in flight when no more blocks might be. Where blocks become longer or
 * shorter, the last time counts. block: the length of the next one. */
gboolean ibb_measurement_is_at_cap (const IBBMeasurement *self, gsize in_flight, gsize block);
/* Whether each block found another one in flight, at least. This may be all that the peer
 * allows. */
gboolean ibb_measurement_is_full (const IBBMeasurement *self);
/* Whether it says enough. */
gboolean ibb_measurement_is_enough (const IBBMeasurement *self, gint64 now);
guint    ibb_measurement_get_n_rounds (const IBBMeasurement *self);
gint64   ibb_measurement_get_begun (const IBBMeasurement *self);
/* Means, of one block at least: bytes, and microseconds. */
double ibb_measurement_get_in_flight (const IBBMeasurement *self);
double ibb_measurement_get_trip (const IBBMeasurement *self);

G_END_DECLS
