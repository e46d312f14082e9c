/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What round trips tell while the window of a search grows (D-55): how much larger the next one may
 * be, and why one that is larger brings no more. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  double answer_trip; /* the shortest of a short stanza, microseconds; 0: not known */
  double least_trip;  /* the shortest of a block, since the start began; 0: not known */
} IBBStart;

/* A short stanza was answered after that time, or later. */
void ibb_start_note_answer (IBBStart *self, gint64 round_trip);
void ibb_start_copy_answer (IBBStart *self, const IBBStart *from);
/* The first block that found a window full was. */
void ibb_start_note_full (IBBStart *self, double trip);
/* The window grows again, from one with that round trip. */
void   ibb_start_again (IBBStart *self, double trip);
double ibb_start_get_least (const IBBStart *self);
double ibb_start_get_answer (const IBBStart *self);
/* Whether blocks take much longer than a short stanza. */
gboolean ibb_start_is_slow (const IBBStart *self);
/* How many times as large the next window may be. trip: of the last block in this one. */
guint ibb_start_get_growth (const IBBStart *self, double trip);
/* Whether the second block, which took that long, may have been held for one round trip. */
gboolean ibb_start_is_held (const IBBStart *self, double trip);

G_END_DECLS
