/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The window of the path to one peer, or to several near by, and the length of blocks, found by the
 * rate that they carry (D-55). first-hop.h has the limit for all peers together.
 *
 * By Little's law, what arrives in a time is what is in flight, divided by the mean round trip. A
 * larger window is tried now and then, and kept where more arrives; so are a smaller one and longer
 * blocks, and kept where hardly less does. The length of a round trip alone
 * decides nothing: a path may be long, or noisy, and needs no other treatment.
 */

#pragma once

#include <glib.h>

#include "core/base/quirks.h"

/* Never more than this in flight, whatever arrives (D-50). */
#define IBB_CONTROLLER_MAX (32 * 1024 * 1024)
#define IBB_CONTROLLER_SESSION_MAX (4 * 1024 * 1024) /* of one session */
#define IBB_CONTROLLER_BLOCK 4096     /* bytes in a block until longer ones are tried */
#define IBB_CONTROLLER_BLOCKS_MAX 200 /* in flight to one peer (D-65) */
/* The longest wait of a chat message, microseconds (D-56). */
#define IBB_CONTROLLER_WAIT (100 * 1000)

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
  guint    n_trials;     /* that were begun */
  guint    next_longer;  /* of them, before which no longer block is tried */
  guint    longer_pause; /* trials between those of longer blocks, which are in vain */
  gint64   next_larger;  /* beside others no larger window is tried before */
} IBBController;

/* A block that was acknowledged. */
typedef struct
{
  gsize    in_flight; /* bytes when it left, itself included */
  gint64   sent;
  gint64   round_trip; /* microseconds */
  gsize    limit;      /* the most bytes that its session puts into a block */
  gboolean fits;       /* blocks get a length of quirks.h */
  gboolean has_others; /* sessions that send little use the connection */
  gint64   hop_trip;   /* the shortest one to our own server, microseconds */
} IBBControllerSample;

/* A new path, or another one to the same peer, while nothing is in flight. */
void ibb_controller_init (IBBController *self);
/* Whether length more bytes may be sent now. One block always may. share: limit of the bytes in
 * flight (ibb_first_hop_get_share ()). is_chatting: a person chats. */
gboolean
ibb_controller_may_send (IBBController *self, gsize length, gsize share, gboolean is_chatting);
/* Length of a block. limit: of its session. */
gsize ibb_controller_get_block (const IBBController *self, gsize limit, gboolean is_chatting);
/* The same while a chat message may wait behind it. passing: bytes that pass in
 * IBB_CONTROLLER_WAIT. */
static inline gsize
ibb_controller_get_brief (double passing, gsize limit)
{
  return MIN (limit, MAX (IBB_QUIRKS_BLOCK_MIN, (gsize) passing));
}

/* Notes that the peer may have no more blocks in flight (D-65): only longer blocks carry more. */
void ibb_controller_cap (IBBController *self);
/* Enlarges the window by length bytes, unless a trial is under way. */
void ibb_controller_enlarge (IBBController *self, gsize length);
void ibb_controller_sent (IBBController *self, gsize length);
/* Subtracts bytes from the count in flight: acknowledged, stalled, given up. */
void ibb_controller_forget (IBBController *self, gsize length);
void
ibb_controller_acknowledged (IBBController *self, const IBBControllerSample *sample, gint64 now);
/* Notes the round trip of a short stanza. is_alone: no other session uses the connection, so that
 * the first window may be larger. */
void
ibb_controller_note_answer (IBBController *self, gint64 round_trip, gboolean is_alone, gint64 now);
/* Ends the start: several blocks in flight were refused. */
void ibb_controller_refused (IBBController *self);
/* Copies the measurements of another controller, if nothing was acknowledged here: returns TRUE. */
gboolean ibb_controller_learn (IBBController *self, const IBBController *other);
/* The usual round trip in microseconds; 0: not known. */
double ibb_controller_get_trip (const IBBController *self);
/* Whether several blocks may be sent before the first acknowledgement: the round trip is long, or
 * the session was alone when the first window began. */
gboolean ibb_controller_may_hurry (const IBBController *self, gint64 now);

static inline gsize
ibb_controller_get_in_flight (const IBBController *self)
{
  return self->in_flight;
}
