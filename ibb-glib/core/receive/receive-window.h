/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The room that the reader of a session offers to its peer (D-53), as the receive
 * window of TCP (RFC 9293 §3.8.6): a position in the incoming bytes up to which the
 * peer may send. The position never goes back.
 *
 * Most acknowledgements do not tell it. The peer then takes the room that it was told
 * last for the room behind each block, so the position goes on with the blocks. It is
 * told where that promises too much, or much less than there is.
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What an acknowledgement tells beside that the block has arrived. */
typedef struct
{
  guint32 room;  /* bytes behind the block that the reader takes */
  guint32 delay; /* microseconds for which the acknowledgement was delayed */
} IBBRoom;

typedef struct
{
  gboolean is_asked; /* the peer has asked: it understands */
  gboolean is_told;  /* it knows .room */
  guint32  room;     /* told last */
  guint64  limit;    /* a position in the incoming bytes */
  double   recent;   /* bytes that were read, by .recent_at: the longer ago, the less they count */
  gint64   recent_at;
} IBBReceiveWindow;

/* A block asks: the next acknowledgement tells. limit: how far the reader takes bytes. */
void ibb_receive_window_ask (IBBReceiveWindow *self, guint64 limit);
/* The block up to end is acknowledged. limit: how far the reader takes bytes; slack: what
 * makes no difference; room: with the delay. TRUE: it has to tell, and the room is set. */
gboolean ibb_receive_window_tell (
    IBBReceiveWindow *self, guint64 end, guint64 limit, gsize slack, IBBRoom *room);

void ibb_receive_window_note_read (IBBReceiveWindow *self, gsize length, gint64 now);
/* How many bytes were read in the last second, about. */
gsize ibb_receive_window_get_recent (const IBBReceiveWindow *self, gint64 now);

G_END_DECLS
