/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The window of a peer and the length of blocks, found by the rate that they carry (D-55).
 *
 * By Little's law, what arrives in a time is what is in flight, divided by the mean
 * round trip. A larger window is tried now and then, and kept where more arrives; so
 * is a smaller one, and kept where hardly less does; and so are longer and shorter blocks.
 * The length of a round trip alone decides nothing: a path may be long, or noisy, and needs
 * no other treatment.
 */

#pragma once

#include "core/flow/measurement.h"
#include "core/flow/start.h"
#include "core/flow/trials.h"

G_BEGIN_DECLS

typedef enum
{
  IBB_SEARCH_STARTING, /* the window grows with each measurement that carries more */
  IBB_SEARCH_KEEPING,
  IBB_SEARCH_TRYING, /* another size */
  IBB_SEARCH_BRIEF,  /* one short block at a time: does distance take the time, or length? */
} IBBSearchPhase;

typedef struct
{
  IBBSize        size;
  IBBOutcome     kept; /* that it returns to when a trial was in vain */
  IBBSizeLimits  limits;
  IBBSearchPhase phase;
  gboolean       starts_far; /* the first window has several blocks */
  gboolean       has_fitted; /* blocks have had a length of fit.h */
  gboolean       has_asked;  /* since the window has grown, brief blocks have told what follows: */
  gboolean       is_far;     /* as brief blocks have just said */
  gboolean       is_slow;    /* as the last brief blocks said */
  IBBTrials      trials;
  guint          n_single;    /* measurements at the start with one block in flight */
  double         former_trip; /* the one before with the same window; 0: none */
  IBBStart       start;
  IBBMeasurement measurement;
  gint64         heard;       /* when a block was acknowledged last; 0: never */
  gboolean       had_silence; /* in this measurement */
} IBBSearch;

void  ibb_search_init (IBBSearch *self, gsize window, gsize most);
gsize ibb_search_get_window (const IBBSearch *self);
/* Whether a block of that length may go beside so much in flight. */
gboolean ibb_search_has_room (const IBBSearch *self, gsize in_flight, gsize length);
/* How long blocks are, of a session that allows limit. */
gsize ibb_search_get_block (const IBBSearch *self, gsize limit);
/* Whether one block takes long because of its length. */
gboolean ibb_search_is_slow (const IBBSearch *self);
/* Microseconds that a round trip usually takes; 0 while it is not known. */
double ibb_search_get_trip (const IBBSearch *self);
/* So many bytes may be in flight, whatever they carry, unless another size is just tried. */
void ibb_search_enlarge (IBBSearch *self, gsize in_flight);
/* Whether a round trip takes so long that one more matters, as far as is known. */
gboolean ibb_search_is_far (const IBBSearch *self, gint64 now);
/* Bytes a microsecond with that window; 0 while it is not known. */
double ibb_search_get_rate (const IBBSearch *self);
/* Whether no block was acknowledged. */
gboolean ibb_search_is_new (const IBBSearch *self);
/* Blocks were refused: from now on the window grows slowly. */
void ibb_search_refused (IBBSearch *self);
/* The window keeps back bytes that could be sent: a larger one would send more. */
void ibb_search_limit (IBBSearch *self);
/* As many blocks are in flight as may be: only longer ones than these bytes would send more. */
void ibb_search_cap (IBBSearch *self, gsize in_flight);
/* Whether a length of blocks becomes one of fit.h. */
void ibb_search_set_fits (IBBSearch *self, gboolean fits, gint64 now);
/* Whether sessions that send little use the connection: their blocks wait behind trials. */
void ibb_search_set_others (IBBSearch *self, gboolean has_others);
/* A short stanza was answered after that time, or later. is_alone: nobody else uses the connection,
 * so that the first window may be larger where the distance takes the time. */
void ibb_search_note_answer (IBBSearch *self, gint64 round_trip, gboolean is_alone);
/* A block was sent then, with so many bytes in flight, itself included, and was
 * acknowledged after that time. limit: the most bytes that its session puts into one. */
void ibb_search_note (
    IBBSearch *self, gsize in_flight, gint64 sent, gint64 round_trip, gsize limit, gint64 now);

G_END_DECLS
