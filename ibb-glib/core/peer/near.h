/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The shared path of the peers near by (D-63).
 *
 * Bytes in flight to a peer near by spend most of the time in the queue of our server, behind bytes
 * to the other peers. So one controller (controller.h) finds the window with the greatest rate for
 * all members together. With a controller for each peer, the controllers would compare windows
 * while the others change theirs, and all windows would be full at the same time. Behind reads of
 * Prosody (quirks.h) these peers would then carry less than one peer alone.
 *
 * A peer joins if its acknowledgement came as soon as our server got to the block. A member leaves
 * if it does not answer: the other members would wait.
 */

#pragma once

#include "core/base/timer.h"
#include "core/flow/controller.h"
#include "core/peer/context.h"

/* A peer. Private to near.c, except for owner. */
typedef struct
{
  gpointer      owner;
  IBBController path; /* its own, while it is not a member */
  gsize         in_flight;
  gint64        since; /* blocks sent before belong to another path */
  gboolean      is_member;

  gint64   tried;     /* when the block was sent that decides about membership; 0: none */
  gboolean is_beside; /* other peers had bytes in flight then */
  gint64   next_try;  /* no such block is sent before */
  gint64   pause;     /* after the next refusal of membership, microseconds */
  gint64   away;      /* after the next time that the peer leaves, microseconds */
  gint64   joined;

  GList holder_link; /* among the members with bytes in flight */
  guint look;        /* n_looks when the peer last answered */
} IBBNearPeer;

typedef struct
{
  IBBFirstHop  *first_hop; /* (unowned) */
  IBBController path;
  guint         n_senders; /* peers with bytes in flight, members or not */
  GQueue        holders;   /* (element-type IBBNearPeer): with bytes in flight, by last answer */
  guint         n_looks;   /* passes over holders in which each of them had answered */
  gint64        asked;     /* since when an answer of our server is awaited; 0: none */
  IBBTimer      timer;     /* for the next pass */
} IBBNear;

/* timeout: calls ibb_near_take_mute () until it returns NULL; it gets owner. */
void ibb_near_init (IBBNear *self, IBBFirstHop *first_hop, IBBTimerFunc timeout, gpointer owner);
void ibb_near_init_peer (IBBNearPeer *peer, gpointer owner);
/* Forgets the path after the end of an XML stream, once each peer is forgotten; forgets a peer.
 * Nothing is in flight. */
void ibb_near_forget (IBBNear *self);
void ibb_near_forget_peer (IBBNear *self, IBBNearPeer *peer);

static inline IBBController *
ibb_near_get_path (IBBNear *self, IBBNearPeer *peer)
{
  return peer->is_member ? &self->path : &peer->path;
}

/* Called before a block of that length is sent to the peer. Enlarges the window to the share of the
 * peer where the queue at our server is the bottleneck (D-57). */
void ibb_near_share (IBBNear *self, IBBNearPeer *peer, gsize length);
/* Adds bytes to the count in flight, after the first hop has; or subtracts bytes. */
void ibb_near_sent (IBBNear *self, IBBNearPeer *peer, gsize length, gint64 now);
void ibb_near_unsent (IBBNear *self, IBBNearPeer *peer, gsize length);
/* Notes a round trip. The peer may join. Returns whether the block was sent on the present path of
 * the peer. */
gboolean
ibb_near_note (IBBNear *self, IBBNearPeer *peer, gint64 sent, gint64 round_trip, gint64 now);

/* Starts the timer that finds members which do not answer. */
void ibb_near_set_timer (IBBNear *self, IBBTimers *timers, gint64 now);
/* Removes a member that does not answer, and returns its owner, or NULL. */
gpointer ibb_near_take_mute (IBBNear *self, gint64 now);
