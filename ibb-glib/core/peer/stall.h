/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sessions whose acknowledgements stay out (D-50). Is it congestion, which
 * concerns all of them, or a slow reader, which concerns none but its own?
 *
 * Stanzas keep their order from us to our server and back. When one that left
 * after an acknowledgement was overdue has been answered, that acknowledgement
 * cannot be on its way to us any more: the peer does not give it, and its
 * session is stalled. Blocks of other sessions tell that without being asked.
 * Where the window is shut by overdue bytes, so that none of them is out, a
 * ping to our own server has to: it is sent only when a session waits.
 *
 * The bytes of a stalled session are out of the shared count. It goes on with one
 * block for an acknowledgement, and when that one is acknowledged in time it is a
 * session like any other again.
 *
 * Any number of sessions may be stalled, or the others would wait for those that
 * are not. The sender bounds their bytes: the more are stalled, the less a
 * session may have in flight, down to one block.
 */

#pragma once

#include <glib.h>

#include "core/peer/parameters.h"

G_BEGIN_DECLS

/* The part of one session: what it has in flight. */
typedef struct
{
  const IBBParameters *parameters;
  IBBStalls           *stalls; /* (unowned) */
  gsize                in_flight;
  guint                n_blocks; /* how many these are */
  gboolean             is_aside; /* they do not count in those of the peer (D-65) */
  gboolean             is_stalled;
  gboolean is_probing; /* what is in flight went beyond the credit, and is in no count (D-54) */
  guint64  until;      /* while it is stalled no more is sent before so much is ... */
  guint64  acked;      /* ... acknowledged: a position in the outgoing bytes, as this is */
  gint64   late_since; /* when its oldest acknowledgement became overdue, or IBB_NEVER */
  gint64   round_trip; /* smoothed, microseconds; 0 before one */
  GList    late_link;
  GList    stalled_link; /* among those of the peer */
} IBBStall;

struct _IBBStalls
{
  IBBContext *context; /* (unowned) */
  gsize       stalled; /* bytes in flight of stalled sessions */
  GQueue      late;    /* (element-type IBBStall): overdue and not stalled, by late_link, in turn */
};

IBBStalls *ibb_stalls_new (IBBContext *context);
/* A stanza that left then has been answered: acknowledgements that were overdue
 * by then are not held up on the way. */
void ibb_stalls_note_answer (IBBStalls *self, gint64 sent);
/* The window is shut, and a session waits. Whether there may be room now. */
gboolean ibb_stalls_make_room (IBBStalls *self, gint64 now);
/* How many bytes one session may have in flight; beyond one block, which it
 * always may. */
gsize ibb_stalls_get_window (const IBBStalls *self);
/* Lets sessions ask again that wait for a path which late sessions had shut. */
void ibb_stalls_try (IBBStalls *self);

void ibb_stall_init (IBBStall *self, const IBBParameters *parameters);
void ibb_stall_clear (IBBStall *self);
/* Whether its bytes count as in flight on the path to the peer. */
gboolean ibb_stall_is_counted (const IBBStall *self);
/* Whether another block may go beside those in flight. */
gboolean ibb_stall_may_send (const IBBStall *self);
/* end: the position in the outgoing bytes behind the block. */
void ibb_stall_sent (IBBStall *self, gsize length, guint64 end, gint64 now);
/* The same for a block beyond the limit of the peer: the only one in flight. */
void ibb_stall_probed (IBBStall *self, gsize length, guint64 end, gint64 now);
/* A block of so many bytes is no longer in flight. */
void ibb_stall_unsent (IBBStall *self, gsize length);
/* A round trip was measured (0: it cannot be told). Returns what it says about the
 * path, 0 where it says nothing. */
gint64 ibb_stall_note_round_trip (IBBStall *self, gint64 round_trip);
/* The block up to end, sent last then, and all before it are acknowledged.
 * oldest_sent: when the oldest block in flight was sent, or IBB_NEVER. */
void
ibb_stall_acknowledged (IBBStall *self, guint64 end, gint64 sent, gint64 oldest_sent, gint64 now);
/* When the oldest acknowledgement becomes overdue, unless it is known to be. */
gint64 ibb_stall_get_due (const IBBStall *self, gint64 oldest_sent);
void   ibb_stall_timeout (IBBStall *self, gint64 oldest_sent, gint64 now);

G_END_DECLS
