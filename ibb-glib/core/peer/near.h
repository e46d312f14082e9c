/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The path that the peers near by share (D-63).
 *
 * Bytes in flight to a peer near by spend most of the time at our server. There they wait behind
 * those to the others, since the server takes longer than the way to the peer. So one controller
 * (controller.h) finds what carries most to all of them together. With one for each, each would
 * compare its windows while the others change theirs, and all would be full at the same time.
 * Behind reads of Prosody (quirks.h) they would carry less than one peer alone.
 *
 * A peer joins if a block was acknowledged as soon as our server got to it. It leaves if it takes
 * longer than the others, or does not answer: then they would wait for it.
 */

#pragma once

#include "core/base/timer.h"
#include "core/flow/controller.h"
#include "core/peer/context.h"

G_BEGIN_DECLS

typedef struct
{
  guint   n_blocks;
  guint64 ahead; /* bytes in flight when they left, sum */
  guint64 trips; /* microseconds, sum of the round trips */
} IBBNearSums;

/* A peer. All but owner is for near.c. */
typedef struct
{
  gpointer      owner;
  IBBController path; /* its own, while it is not a member */
  gsize         in_flight;
  gint64        since; /* blocks that left before did so on another path */
  gboolean      is_member;

  gint64   tried;     /* when a block left that tells whether it is near; 0: none */
  gboolean is_beside; /* and others had bytes in flight */
  gint64   next_try;  /* no block tells before */
  gint64   pause;     /* after the next one that says no, microseconds */
  gint64   away;      /* after it leaves the next time, microseconds */
  gint64   joined;

  GList       holder_link; /* among the members with bytes in flight */
  guint       look;        /* the last one at the holders before it answered */
  guint       epoch;       /* that its sums belong to */
  IBBNearSums sums;
} IBBNearPeer;

typedef struct
{
  IBBFirstHop  *first_hop; /* (unowned) */
  IBBController path;
  guint         n_senders; /* peers with bytes in flight, members or not */
  GQueue        holders;   /* (element-type IBBNearPeer): the one that answered last is last */
  guint         n_looks;   /* at the holders that found each of them answering */
  gint64        asked;     /* our server is, since then, whether it answers; 0: not */
  IBBTimer      timer;     /* for the next look */

  guint       epoch;   /* in each one the sums count half as much as in the next one */
  guint       n_left;  /* blocks until it is over */
  guint       n_peers; /* in this epoch, and ... */
  guint       n_known; /* ... in the one before */
  IBBNearSums sums;    /* of all members, ... */
  gint64      begun;   /* ... which began then; 0: never */
} IBBNear;

/* timeout: calls ibb_near_take_mute () until it returns NULL; it gets owner. */
void ibb_near_init (IBBNear *self, IBBFirstHop *first_hop, IBBTimerFunc timeout, gpointer owner);
void ibb_near_init_peer (IBBNearPeer *peer, gpointer owner);
/* The XML stream is gone, and with it what is known of the path, once each peer is forgotten; or a
 * peer goes. Nothing is in flight. */
void ibb_near_forget (IBBNear *self);
void ibb_near_forget_peer (IBBNear *self, IBBNearPeer *peer);

IBBController *ibb_near_get_path (IBBNear *self, IBBNearPeer *peer);
/* Length more bytes to the peer go next. Where all wait for our server, a window that is smaller
 * than the share of the peer becomes as large. */
void ibb_near_share (IBBNear *self, IBBNearPeer *peer, gsize length);
/* length bytes to the peer, which the first hop counts, are in flight from now on; or bytes are so
 * no longer. */
void ibb_near_sent (IBBNear *self, IBBNearPeer *peer, gsize length, gint64 now);
void ibb_near_unsent (IBBNear *self, IBBNearPeer *peer, gsize length);
/* A block that left then, with so many bytes in flight, itself included, was acknowledged after
 * that time, whatever the peer says. The peer may join or leave. Returns whether the block left on
 * the path that the peer has now. */
gboolean ibb_near_note (
    IBBNear *self, IBBNearPeer *peer, gsize in_flight, gint64 sent, gint64 round_trip, gint64 now);

/* Another member waits for room on the path: it is time soon to look who does not answer. */
void ibb_near_set_timer (IBBNear *self, IBBTimers *timers, gint64 now);
/* The owner of a member that does not answer, and leaves, or NULL. */
gpointer ibb_near_take_mute (IBBNear *self, gint64 now);

G_END_DECLS
