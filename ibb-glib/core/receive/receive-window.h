/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The room that the reader of a session offers to its peer (D-53), as the receive window of TCP
 * (RFC 9293 §3.8.6): a position in the incoming bytes up to which the peer may send. The position
 * never goes back.
 *
 * Most acknowledgements tell no room. The peer then counts the room told last from the acknowledged
 * block on, so the position moves with the blocks. An acknowledgement tells the room where the peer
 * would expect too much, or much too little.
 */

#pragma once

#include <glib.h>

/* Additions to an acknowledgement. */
typedef struct
{
  guint32 room;  /* bytes behind the block that the reader takes */
  guint32 delay; /* microseconds for which the acknowledgement was delayed */
} IBBRoom;

typedef struct
{
  gboolean is_asked; /* the peer has asked, and understands an answer */
  gboolean is_told;  /* the peer knows .room */
  guint32  room;     /* told last */
  guint64  limit;    /* a position in the incoming bytes */
  double   recent;   /* bytes that were read, by .recent_at: the longer ago, the less they count */
  gint64   recent_at;
} IBBReceiveWindow;

/* A block asks: the next acknowledgement tells. limit: how far the reader takes bytes. */
void ibb_receive_window_ask (IBBReceiveWindow *self, guint64 limit);
/* The block up to end is acknowledged. limit: the position up to which the reader takes bytes;
 * slack: a difference that need not be told; room: bears the delay. TRUE: the acknowledgement tells
 * the room, which is set. */
gboolean ibb_receive_window_tell (
    IBBReceiveWindow *self, guint64 end, guint64 limit, gsize slack, IBBRoom *room);

void ibb_receive_window_note_read (IBBReceiveWindow *self, gsize length, gint64 now);
/* How many bytes were read in the last second, about. */
gsize ibb_receive_window_get_recent (const IBBReceiveWindow *self, gint64 now);
