/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How many bytes to keep in flight, found by what they carry.
 *
 * By Little's law, what arrives in a time is what is in flight, divided by the mean
 * round trip. A larger window is tried now and then, and kept where more arrives; so
 * is a smaller one, and kept where hardly less does. The length of a round trip alone
 * decides nothing: a path may be long, or noisy, and needs no other treatment.
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  IBB_SEARCH_STARTING, /* the window doubles each round trip */
  IBB_SEARCH_KEEPING,
  IBB_SEARCH_RAISED, /* a trial */
  IBB_SEARCH_LOWERED,
} IBBSearchPhase;

typedef struct
{
  gsize          window; /* bytes */
  gsize          most;   /* that it may become */
  gsize          kept;   /* that it returns to when a trial was in vain */
  IBBSearchPhase phase;
  gboolean       limited;    /* the window held something back in this measurement */
  gboolean       leaps;      /* so does the next one, if it is to a larger window */
  gboolean       lower_next; /* the next trial */
  guint          n_before;   /* measurements until the next trial */
  guint          pause;      /* and between trials that are in vain */
  double         kept_rate;  /* bytes a microsecond, 0: not known */
  double         kept_trip;  /* mean round trip, microseconds */
  guint          growth;     /* while starting: how many times the window before this one is */
  double         least_trip; /* while starting: the shortest */

  /* The measurement: blocks that were sent since from. */
  gint64   from; /* or IBB_NEVER before the round in which the window changed is over */
  gint64   changed;
  gint64   round;
  guint    n_rounds;
  guint    n_samples;
  double   ahead; /* sums */
  double   trips;
  gint64   heard;
  gboolean is_interrupted;
} IBBSearch;

void  ibb_search_init (IBBSearch *self, gsize window, gsize most);
gsize ibb_search_get_window (const IBBSearch *self);
/* Bytes a microsecond with that window; 0 while it is not known. */
double ibb_search_get_rate (const IBBSearch *self);
/* So much was refused: the window grows slowly from here. */
void ibb_search_refused (IBBSearch *self);
/* The window holds something back. */
void ibb_search_limit (IBBSearch *self);
/* A block was sent then, with so many bytes in flight, itself included, and was
 * acknowledged after that time. block: the usual length of one. */
void ibb_search_note (
    IBBSearch *self, gsize in_flight, gint64 sent, gint64 round_trip, gsize block, gint64 now);

G_END_DECLS
