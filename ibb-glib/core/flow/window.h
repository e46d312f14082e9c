/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The state of the window of one path, and what its sizes mean. controller.h changes them. */

#pragma once

#include <glib.h>

#include "core/base/quirks.h"
#include "core/flow/scheduler.h"

/* Never more than this in flight, whatever arrives (D-50). */
#define IBB_CONTROLLER_MAX (32 * 1024 * 1024)
#define IBB_CONTROLLER_SESSION_MAX (4 * 1024 * 1024) /* of one session */
#define IBB_CONTROLLER_BLOCK 4096     /* bytes in a block until longer ones are tried */
#define IBB_CONTROLLER_BLOCKS_MAX 200 /* in flight to one peer (D-65) */
/* The longest wait of a chat message, microseconds (D-56). */
#define IBB_CONTROLLER_WAIT (100 * 1000)

/* Microseconds: a longer block takes no more, and a measurement takes no less. */
#define IBB_WINDOW_BLOCK_TIME (20 * 1000.0)

typedef enum
{
  IBB_CONTROLLER_STARTING, /* the window grows with each measurement that carries more */
  IBB_CONTROLLER_KEEPING,
  IBB_CONTROLLER_TRYING, /* another size */
} IBBControllerPhase;

typedef struct
{
  gsize window; /* bytes in flight at most, or one block */
  gsize block;  /* bytes in a block at most, before it fits (quirks.h) */
} IBBSize;

typedef struct
{
  gint64   from; /* blocks count that were sent then or later; IBB_NEVER: not known yet */
  gint64   begun;
  gint64   round; /* when the present round trip began */
  guint    n_rounds;
  guint    n_samples;
  double   in_flight;  /* bytes, sum */
  double   trips;      /* microseconds, sum */
  gboolean is_limited; /* a larger window would have sent more */
  gsize    cap;        /* bytes in flight, when no more blocks might be last (D-65); 0: never */
} IBBMeasurement;

typedef struct
{
  gsize              in_flight; /* bytes sent and not yet answered, stalled sessions left out */
  IBBControllerPhase phase;
  IBBSize            size;
  IBBMeasurement     measurement;

  IBBSize kept;           /* the size that trials are compared with, and what it carries: */
  double  kept_rate;      /* bytes a microsecond; 0: not known */
  double  kept_trip;      /* mean round trip, microseconds; 0: not known */
  double  kept_in_flight; /* mean, bytes */

  gsize    block_max;   /* the longest block of the session that was acknowledged last */
  gboolean fits;        /* blocks have a length of quirks.h */
  gboolean has_fitted;  /* once, at least */
  gboolean has_others;  /* sessions that send little, which wait behind the window */
  gint64   heard;       /* when a block was acknowledged last; 0: never */
  gboolean had_silence; /* in this measurement */

  double answer_trip; /* the shortest of a short stanza, microseconds; 0: not known */
  double hop_trip;    /* likewise, to our own server */
  double least_trip;  /* the shortest of a block, since the start began; 0: not known */
  gsize  first;       /* bytes of the first window that may leave; G_MAXSIZE: any */
  guint  n_single;    /* measurements at the start with one block in flight */

  guint    next;         /* trial */
  gboolean leaps;        /* the next trial of a larger window is fourfold */
  guint    n_before;     /* measurements until the next trial */
  guint    pause;        /* and between those that are in vain */
  guint    n_trials;     /* begun so far */
  guint    next_longer;  /* number of the trial before which no longer block is tried */
  guint    longer_pause; /* trials between two vain ones of longer blocks */
  gint64   next_larger;  /* beside others no larger window is tried before */
} IBBController;

/* The length that blocks have in a session that allows limit. */
gsize ibb_window_get_length (const IBBController *self, gsize block, gsize limit);
/* That length in the session that was acknowledged last. */
gsize ibb_window_get_block (const IBBController *self);
/* Whether in_flight, a mean, is one block and not several. */
static inline gboolean
ibb_window_is_single (const IBBController *self, double in_flight)
{
  return in_flight < 2.0 * (double) ibb_window_get_block (self);
}

/* A window of more blocks than may be in flight (D-65) gets blocks of twice the length, if the
 * session allows them. Not longer ones at once: whether twice the length carries as much is seen
 * before. */
void ibb_window_lengthen (IBBController *self);
/* The usual round trip in microseconds; 0: not known. */
static inline double
ibb_window_get_trip (const IBBController *self)
{
  return self->kept_trip > 0 ? self->kept_trip : self->least_trip;
}

/* Whether others notice a larger window. They do near by, where their own round trip is short. */
gboolean ibb_window_is_noticed (const IBBController *self);
/* The window in whole blocks, one at least: more bytes, unless others notice. */
void ibb_window_round (IBBController *self);
/* Whether a larger window makes a person wait, unless the distance takes that round trip. */
gboolean ibb_window_takes_long (double trip);
/* A session that sends a few bytes now and then may send although the window is full (D-50). These
 * bytes must not take the room of a block: a window of a few blocks would carry one less for as
 * long as they are in flight. */
static inline gsize
ibb_window_get_slack (gsize length)
{
  return MIN (length, IBB_SCHEDULER_URGENT_MAX) - 1;
}

static inline gboolean
ibb_window_has_room (const IBBController *self, gsize in_flight, gsize length)
{
  return in_flight + length <= self->size.window + ibb_window_get_slack (length);
}

/* Whether the window is the first one of a session that is alone. */
static inline gboolean
ibb_window_is_first (const IBBController *self)
{
  return self->phase == IBB_CONTROLLER_STARTING && self->kept_rate <= 0 &&
         self->first <= IBB_QUIRKS_FIRST;
}

/* Whether one block takes long because of its length, and not of the distance: much longer than a
 * short stanza. */
gboolean ibb_window_is_slow (const IBBController *self);
