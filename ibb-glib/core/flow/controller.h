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

#include "core/flow/window.h"

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

/* Begins with a path of which nothing is known, while nothing is in flight. */
void ibb_controller_init (IBBController *self);
/* Whether length more bytes may be sent now. One block always may. share: limit of the bytes in
 * flight (ibb_first_hop_get_share ()). is_chatting: a person chats. */
gboolean
ibb_controller_may_send (IBBController *self, gsize length, gsize share, gboolean is_chatting);
/* Length of a block. limit: of its session. */
gsize ibb_controller_get_block (const IBBController *self, gsize limit, gboolean is_chatting);
/* Length of a block behind which a chat message may wait. passing: bytes that pass in
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
/* Whether several blocks may be sent before the first acknowledgement: the round trip is long, or
 * the session was alone when the first window began. */
gboolean ibb_controller_may_hurry (const IBBController *self, gint64 now);
