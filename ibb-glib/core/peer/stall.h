/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Stalled sessions: the reader of the peer is slow, and no acknowledgement comes (D-50).
 *
 * Stanzas keep their order from us to our server and back. When one that left
 * after an acknowledgement was overdue has been answered, that acknowledgement
 * cannot be on its way to us any more: the session is stalled, and the path is not
 * congested. The stanza may be a block of another session. Where the window is
 * full of overdue bytes, it is a ping to our own server, which is sent only when
 * a session waits.
 *
 * The bytes of a stalled session do not count in the window of the path. The session
 * sends one block for each acknowledgement. A block that is acknowledged in time ends
 * the stall.
 *
 * Any number of sessions may be stalled. The sender bounds their bytes: the more
 * sessions are stalled, the less a session may have in flight, down to one block.
 */

#pragma once

#include <glib.h>

#include "core/peer/parameters.h"

/* The bytes in flight of one session. */
typedef struct
{
  const IBBParameters *parameters;
  gsize                in_flight;
  guint                n_blocks; /* number of these blocks */
  gboolean             is_aside; /* the blocks do not count in n_blocks of the peer (D-65) */
  gboolean             is_stalled;
  gboolean is_probing; /* the block in flight is beyond the send window, and in no count (D-54) */
  guint64  until;      /* while stalled, nothing is sent before this is ... */
  guint64  acked;      /* ... acknowledged: a position in the outgoing bytes, as this is */
  gint64   late_since; /* when its oldest acknowledgement became overdue, or IBB_NEVER */
  gint64   round_trip; /* smoothed, microseconds; 0 before one */
  GList    late_link;
  GList    stalled_link; /* among those of the peer */
} IBBStall;

/* Marks sessions as stalled: a stanza that was sent then has been answered, so acknowledgements
 * that were overdue then are not on their way. */
void ibb_stalls_note_answer (IBBContext *context, gint64 sent);
/* Called when the window is full and a session waits. Returns whether there may be room now. */
gboolean ibb_stalls_make_room (IBBContext *context, gint64 now);
/* Bytes that one session may have in flight. One block always may be. */
gsize ibb_stalls_get_window (const IBBContext *context);
/* Makes the peers of late sessions runnable. */
void ibb_stalls_try (IBBContext *context);

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
/* A block of that length is no longer in flight. */
void ibb_stall_unsent (IBBStall *self, gsize length);
/* Notes a round trip, 0 if unknown. Returns the round trip of the path, 0 if unknown. */
gint64 ibb_stall_note_round_trip (IBBStall *self, gint64 round_trip);
/* The block up to end, sent last then, and all before it are acknowledged.
 * oldest_sent: when the oldest block in flight was sent, or IBB_NEVER. */
void
ibb_stall_acknowledged (IBBStall *self, guint64 end, gint64 sent, gint64 oldest_sent, gint64 now);
/* When the oldest acknowledgement becomes overdue, unless it is known to be. */
gint64 ibb_stall_get_due (const IBBStall *self, gint64 oldest_sent);
void   ibb_stall_timeout (IBBStall *self, gint64 oldest_sent, gint64 now);
