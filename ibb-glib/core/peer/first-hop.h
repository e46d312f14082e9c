/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The way to our own server, which the blocks to all peers share (D-57).
 *
 * Each peer's window is as large as carries more. Where the way to our server is what holds
 * them up, a larger window carries more at the cost of the others, so that all would grow,
 * and everything else on the connection would wait behind them. A ping to our own server
 * tells how long that is. While it is long, the bytes in flight to all peers together are
 * bounded: by those that are under way elsewhere, and a short queue.
 *
 * The ping also tells which acknowledgements are not on their way to us any more (stall.h).
 */

#pragma once

#include <glib.h>

#include "core/peer/context.h"

G_BEGIN_DECLS

/* Never more than this in flight, whatever arrives, but for one block to each peer (D-50). */
#define IBB_FIRST_HOP_MAX (64 * 1024 * 1024)

struct _IBBFirstHop
{
  IBBContext *context;   /* (unowned) */
  gsize       in_flight; /* bytes sent and not yet answered, stalled sessions left out */

  IBBPending ping;
  char      *domain; /* (nullable): of our server, which was pinged */
  gint64     ping_sent;
  gsize      ping_flight;   /* bytes in flight then */
  gint64     pinged;        /* when the last one was answered */
  IBBTimer   ping_timer;    /* the ping is out for too long, or it is time for one */
  gboolean   is_unanswered; /* the ping, for so long that it is given up */
  gint64     next_ping;     /* it is not sent before, since the connection refused the last one */

  gint64  delay;    /* for how long the last ping waited, microseconds */
  gint64  least;    /* the shortest round trip of a ping, microseconds; 0 before one */
  gint64  since;    /* when a ping told the rate last, or the first bytes; 0 before */
  gint64  noted;    /* when bytes were answered last */
  guint64 answered; /* bytes that were answered since the former of these */

  gboolean is_fast;    /* stanzas fill what the server reads at a time (quirks.h) */
  gboolean is_holding; /* no block leaves until the ping is answered */
  gint64   next_hold;  /* none begins before */
  gint64   judged;     /* when it was known last whether it is fast, or the first bytes */
  guint64  arrived;    /* bytes that were answered since then */

  gboolean is_bounded;
  gboolean is_held;    /* and the bound held something back since the last ping */
  double   travelling; /* bytes in flight that do not wait for our server */
  double   queue;      /* bytes that may, beside them */
  double   rate;       /* bytes a microsecond that were answered without it, ... */
  gsize    flight;     /* ... while so many were in flight */
};

/* timeout: calls ibb_first_hop_timeout (); it gets owner. */
IBBFirstHop *ibb_first_hop_new (IBBContext *context, IBBTimerFunc timeout, gpointer owner);
void         ibb_first_hop_free (IBBFirstHop *self);
/* No session is left: nobody waits for the ping, and the next one may take another way. */
void ibb_first_hop_reset (IBBFirstHop *self);

/* How many bytes one peer may have in flight, beyond one block: as many as all leave. So two have
 * a third each, and a third is left, and nobody finds all of it taken. */
gsize ibb_first_hop_get_share (const IBBFirstHop *self);
/* Whether length more bytes may go now; one block always may. */
gboolean ibb_first_hop_may_send (IBBFirstHop *self, gsize length, gint64 now);
/* A block may not go, because of the bytes in flight to other peers. A ping follows when it is
 * time. */
void ibb_first_hop_wait (IBBFirstHop *self, gint64 now);
/* There is a queue at our server, and others than the peer that has so many bytes in flight wait
 * in it: what the peer carries is its share, and says nothing of its path. */
gboolean ibb_first_hop_is_shared (const IBBFirstHop *self, gsize in_flight);
/* Whether a peer may have so many bytes in flight, whatever its window: the way to our server is
 * what takes the time, and its share of n_peers is as large. round_trip: of its blocks,
 * microseconds. */
gboolean
ibb_first_hop_grants (const IBBFirstHop *self, gsize in_flight, guint n_peers, double round_trip);
/* Whether so much is answered that it matters how the server reads (quirks.h). */
gboolean ibb_first_hop_is_fast (const IBBFirstHop *self);
/* How long a block may be while a person chats, if its session allows so much. */
gsize ibb_first_hop_get_brief (const IBBFirstHop *self, gsize limit);
void  ibb_first_hop_sent (IBBFirstHop *self, gsize length, gint64 now);
/* Bytes leave the count: answered, stalled, given up. */
void ibb_first_hop_forget (IBBFirstHop *self, gsize length);
/* Something was answered after that time, 1 at least: a ping would have been answered before. */
void ibb_first_hop_note_trip (IBBFirstHop *self, gint64 round_trip);

static inline gsize
ibb_first_hop_get_in_flight (const IBBFirstHop *self)
{
  return self->in_flight;
}

/* So many bytes of the count were acknowledged. If it is time, a ping is queued. */
void ibb_first_hop_note (IBBFirstHop *self, gsize length, gint64 now);

/* Sends a ping unless one is out. */
void ibb_first_hop_ping (IBBFirstHop *self, gint64 now);
/* The server does not answer: nothing can be asked. */
gboolean ibb_first_hop_is_mute (const IBBFirstHop *self, gint64 now);
/* Returns when the ping was sent. */
gint64 ibb_first_hop_ping_answered (IBBFirstHop *self, gint64 now);
/* For how much longer than a ping, in microseconds, something was on its way that left then and was
 * answered now, and for how much later the ping left; only the latter while it is still out.
 * IBB_NEVER if none has left since. */
gint64 ibb_first_hop_get_lag (const IBBFirstHop *self, gint64 sent, gint64 now);
/* No answer has come in time; or it is time for a ping, if somebody still waits. */
void ibb_first_hop_timeout (IBBFirstHop *self);
/* The connection refused the ping: it is sent again later. */
void ibb_first_hop_not_pinged (IBBFirstHop *self, gint64 now);

G_END_DECLS
