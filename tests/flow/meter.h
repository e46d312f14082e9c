/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The applications of a cell: how fast they read, and what is measured while the cell runs. */

#pragma once

#include "cell.h"
#include "link.h"

/* When an application reads, and how much. */

#define READER_MAX (64 * 1024)

typedef struct
{
  const Events *events;
  double        rate; /* bytes a second; 0: does not read */
  gint64        slow_from;
  gint64        slow_until;
  gint64        next; /* not before that */
} Reader;

/* session: a number, or G_MAXUINT for one that reads at once. */
void   reader_init (Reader *self, const Cell *cell, guint session, const Events *events);
gsize  reader_get_room (const Reader *self); /* bytes that it takes now */
void   reader_note_read (Reader *self, gsize length);
gint64 reader_get_due (const Reader *self); /* when it has room; FLOW_NEVER */

/* The measurements while a cell runs. */

#define METER_INTERVAL (100 * FLOW_MILLISECOND)

typedef enum
{
  METER_CHAT,
  METER_INTERACTIVE,
  METER_N_LATENCIES,
} MeterLatency;

typedef struct
{
  gint64 time;
  gint64 latency;
} MeterSample;

typedef struct
{
  const Events *events;
  guint         n_sessions;
  guint         n_intervals;
  guint32      *read;       /* bytes, of each session in each interval */
  gsize        *in_flight;  /* most bytes, of all sessions, in each interval */
  gint64       *round_trip; /* of blocks that were acknowledged, sum, in each interval */
  guint        *n_acknowledged;
  gint64       *window; /* of the engine, where that can be seen; else NULL */
  gsize         now_in_flight;
  gsize         max_in_flight;
  GArray       *latencies[METER_N_LATENCIES]; /* (element-type MeterSample) */
} Meter;

void meter_init (Meter *self, const Cell *cell, const Events *events);
void meter_clear (Meter *self);
void meter_note_read (Meter *self, guint session, gsize length);
void meter_note_sent (Meter *self, gsize length);
void meter_note_acknowledged (Meter *self, gsize length, gint64 sent);
void meter_note_window (Meter *self, gint64 window);
void meter_note_latency (Meter *self, MeterLatency which, gint64 begun);

/* Bytes a second, from that interval on. */
double meter_get_goodput (const Meter *self, guint session, guint first_interval);
/* The latency that so many percent do not exceed; 0 where there is none. */
gint64 meter_get_percentile (const Meter *self, MeterLatency which, double percent);
