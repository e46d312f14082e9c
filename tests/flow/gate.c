/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "gate.h"

#define READ_SIZE 8192
#define PACE FLOW_MILLISECOND
/* Prosody's usual "burst". */
#define BURST_SECONDS 2
/* The user-level buffer of Erlang's sockets. */
#define SHAPER_READ_SIZE 1460

void
gate_init (Gate *self, const Cell *cell, gboolean is_own)
{
  *self = (Gate){ .kind = cell->pacing ? GATE_PACED : GATE_OPEN, .rate = cell->limit_rate };
  if (!is_own || cell->limit == CELL_LIMIT_NONE)
    return;

  self->kind = cell->limit == CELL_LIMIT_PROSODY ? GATE_BUCKET : GATE_PAUSING;
  self->tokens = self->rate * BURST_SECONDS;
}

static gint64
get_time (const Gate *self, double bytes)
{
  return (gint64) (bytes * FLOW_SECOND / self->rate) + 1;
}

static gsize
read_paced (Gate *self, gsize waiting, gsize queued, gint64 now)
{
  if (waiting + queued <= READ_SIZE)
    return waiting;
  self->closed_until = now + PACE;
  return MIN (waiting, READ_SIZE);
}

/* The bytes that were read and may not be processed yet: one read at most. */
static gsize
read_bucket (Gate *self, gsize waiting, gint64 now)
{
  double passed = (double) (now - self->updated) / FLOW_SECOND;
  gsize  n;

  self->tokens = MIN (self->tokens + passed * self->rate, self->rate * BURST_SECONDS);
  self->updated = now;
  n = MIN (waiting, (gsize) self->tokens);
  self->tokens -= (double) n;
  if (n < waiting)
    self->closed_until =
        now + get_time (self, (double) MIN (waiting - n, READ_SIZE) - self->tokens);
  return n;
}

static gsize
read_pausing (Gate *self, gsize waiting, gint64 now)
{
  gsize n = MIN (waiting, SHAPER_READ_SIZE);

  self->closed_until = now + get_time (self, (double) n);
  return n;
}

gsize
gate_read (Gate *self, gsize waiting, gsize queued, gint64 now)
{
  if (now < self->closed_until)
    return 0;

  switch (self->kind)
    {
    case GATE_PACED:
      return read_paced (self, waiting, queued, now);
    case GATE_BUCKET:
      return read_bucket (self, waiting, now);
    case GATE_PAUSING:
      return read_pausing (self, waiting, now);
    case GATE_OPEN:
    default:
      return waiting;
    }
}

gint64
gate_get_due (const Gate *self)
{
  return self->closed_until;
}
