/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* When an application reads, and how much. */

#pragma once

#include "cell.h"
#include "events.h"

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
