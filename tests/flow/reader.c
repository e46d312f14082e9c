/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "reader.h"

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
