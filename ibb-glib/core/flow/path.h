/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The path of blocks to one peer: how many bytes may be in flight on it, and how long a block
 * is. first-hop.h has the limit for all peers together.
 */

#pragma once

#include <glib.h>

#include "core/flow/search.h"

G_BEGIN_DECLS

/* Never more than this in flight, whatever arrives (D-50). */
#define IBB_PATH_MAX (32 * 1024 * 1024)
#define IBB_PATH_SESSION_MAX (4 * 1024 * 1024) /* of one session */

typedef struct
{
  IBBSearch search;
  gsize     in_flight; /* bytes sent and not yet answered, stalled sessions left out */
} IBBPath;

/* A new path, or another one to the same peer, while nothing is in flight. */
void ibb_path_init (IBBPath *self);
/* Whether length more bytes may go now; one block always may. share: how many bytes may be in
 * flight beside those to other peers. */
gboolean ibb_path_may_send (IBBPath *self, gsize length, gsize share, gboolean is_chatting);
/* Length more bytes may go whatever the window is, unless another one is just tried. */
void ibb_path_enlarge (IBBPath *self, gsize length);
/* Microseconds that a round trip usually takes; 0 while it is not known. */
double ibb_path_get_trip (const IBBPath *self);
/* Whether a round trip takes so long that one more matters, as far as is known. */
gboolean ibb_path_is_far (const IBBPath *self, gint64 now);
/* How long a block is, and how long it may be while a person chats, if its session allows
 * so much. */
gsize ibb_path_get_block (const IBBPath *self, gsize limit);
gsize ibb_path_get_brief (const IBBPath *self, gsize limit);
/* The peer may have no more blocks in flight (D-65): more bytes would go in longer ones. */
void ibb_path_cap (IBBPath *self);
void ibb_path_sent (IBBPath *self, gsize length);
/* Bytes leave the count: answered, stalled, given up. */
void  ibb_path_forget (IBBPath *self, gsize length);
gsize ibb_path_get_in_flight (const IBBPath *self);
/* Whether nothing was acknowledged on it. */
gboolean ibb_path_is_new (const IBBPath *self);
/* Takes over what another one has found. */
void ibb_path_learn (IBBPath *self, const IBBPath *other);
/* Whether blocks get a length that fits (fit.h). */
void ibb_path_set_fits (IBBPath *self, gboolean fits, gint64 now);
/* Whether sessions that send little use the connection: they wait behind the bytes in flight. */
void ibb_path_set_others (IBBPath *self, gboolean has_others);
/* A short stanza was answered after that time, or later. is_alone: nobody else uses the
 * connection. */
void ibb_path_note_answer (IBBPath *self, gint64 round_trip, gboolean is_alone);
/* A block that left then, with so many bytes in flight, itself included, was
 * acknowledged now, a round trip later. limit: the most bytes that its session puts into one. */
void ibb_path_note (
    IBBPath *self, gsize in_flight, gint64 sent, gint64 round_trip, gsize limit, gint64 now);
/* Several blocks in flight were refused. */
void ibb_path_refused (IBBPath *self);

G_END_DECLS
