/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The path to our own server, shared by the blocks to all peers (D-57).
 *
 * Where this path is the bottleneck, a larger window of one peer carries more at the cost of the
 * other peers. All windows would grow, and everything else on the connection would wait behind the
 * blocks. A ping to our own server measures this wait. While the wait is long, the bytes in flight
 * to all peers together are bounded by the bytes travelling elsewhere and a short queue.
 *
 * The ping also shows which acknowledgements are not on their way to us any more (stall.h).
 */

#pragma once

#include <glib.h>

#include "core/peer/context.h"

/* Never more than this in flight, whatever arrives, but for one block to each peer (D-50). */
#define IBB_FIRST_HOP_MAX (64 * 1024 * 1024)

struct _IBBFirstHop
{
  IBBContext *context;   /* (unowned) */
  gsize       in_flight; /* bytes sent and not yet answered, stalled sessions left out */

  IBBPending ping;
  char      *domain; /* (nullable): of the server that was pinged */
  gint64     ping_sent;
  gsize      ping_flight;   /* bytes in flight then */
  gint64     pinged;        /* when the last one was answered */
  IBBTimer   ping_timer;    /* gives up the ping, or sends the next one */
  gboolean   is_unanswered; /* the ping was given up */
  gint64     next_ping;     /* no ping is sent before, since the connection refused the last one */

  gint64  delay;    /* of the last ping beyond the shortest round trip, microseconds */
  gint64  least;    /* the shortest round trip of a ping, microseconds; 0 before one */
  gint64  since;    /* begin of the time in which answered is counted; 0: not begun */
  gint64  noted;    /* when bytes were answered last */
  guint64 answered; /* bytes acknowledged since then */

  gboolean is_fast;    /* stanzas fill the reads of the server (quirks.h) */
  gboolean is_holding; /* no block leaves until the ping is answered */
  gint64   next_hold;  /* none begins before */
  gint64   judged;     /* when is_fast was last decided */
  guint64  arrived;    /* bytes acknowledged since then */

  gboolean is_bounded;
  gboolean is_held;    /* the bound held a block back since the last ping */
  double   travelling; /* bytes in flight beyond our server */
  double   queue;      /* bytes allowed in the queue of our server */
  double   rate;       /* bytes a microsecond acknowledged before the bound, ... */
  gsize    flight;     /* ... with this many bytes in flight */
};

/* timeout: calls ibb_first_hop_timeout (); called with owner. */
IBBFirstHop *ibb_first_hop_new (IBBContext *context, IBBTimerFunc timeout, gpointer owner);
void         ibb_first_hop_free (IBBFirstHop *self);
/* Forgets the ping and all measurements: no session is left. */
void ibb_first_hop_reset (IBBFirstHop *self);

/* Bytes that one peer may have in flight, beyond one block: the free part of IBB_FIRST_HOP_MAX. So
 * two peers get a third each, and the last third stays free. */
gsize ibb_first_hop_get_share (const IBBFirstHop *self);
/* Whether length more bytes may be sent now. One block always may. */
gboolean ibb_first_hop_may_send (IBBFirstHop *self, gsize length, gint64 now);
/* Notes that a block waits because of the bytes in flight to other peers: a ping follows. */
void ibb_first_hop_wait (IBBFirstHop *self, gint64 now);
/* Whether the queue at our server holds bytes to other peers than the one with in_flight bytes.
 * Then the rate of that peer is its share of the queue, and says nothing of its path. */
static inline gboolean
ibb_first_hop_is_shared (const IBBFirstHop *self, gsize in_flight)
{
  return self->is_bounded && self->in_flight > in_flight;
}

/* Whether a peer may have in_flight bytes in flight, whatever its window: the path to our server is
 * the bottleneck, and the share of one of n_peers is as large. round_trip: of its blocks,
 * microseconds. */
gboolean
ibb_first_hop_grants (const IBBFirstHop *self, gsize in_flight, guint n_peers, double round_trip);
/* Length of a block while a person chats, limit at most. */
gsize ibb_first_hop_get_brief (const IBBFirstHop *self, gsize limit);
void  ibb_first_hop_sent (IBBFirstHop *self, gsize length, gint64 now);
/* Subtracts bytes from the count in flight: acknowledged, stalled, given up. */
void ibb_first_hop_forget (IBBFirstHop *self, gsize length);
/* Notes the round trip of another stanza, 1 at least: that of a ping is no longer. Returns the
 * shortest one. */
gint64 ibb_first_hop_note_trip (IBBFirstHop *self, gint64 round_trip);

/* Notes acknowledged bytes, and queues a ping if one is due. */
void ibb_first_hop_note (IBBFirstHop *self, gsize length, gint64 now);

/* Queues a ping unless one is unanswered. */
void ibb_first_hop_ping (IBBFirstHop *self, gint64 now);
/* Whether the server answers no ping. */
gboolean ibb_first_hop_is_mute (const IBBFirstHop *self, gint64 now);
/* Takes the answer. Returns when the ping was sent. */
gint64 ibb_first_hop_ping_answered (IBBFirstHop *self, gint64 now);
/* For a stanza that was sent then and answered now: microseconds from its sending to that of the
 * last ping, and from the answer to the ping until now, if that has come. IBB_NEVER if no ping was
 * sent since. */
gint64 ibb_first_hop_get_lag (const IBBFirstHop *self, gint64 sent, gint64 now);
/* The timer of the ping is due. */
void ibb_first_hop_timeout (IBBFirstHop *self);
/* The connection refused the ping, which is sent again later. */
void ibb_first_hop_not_pinged (IBBFirstHop *self, gint64 now);
