/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The send window of the reader at the other end (D-54), as that of TCP (RFC 9293 §3.8.6): a
 * position in the outgoing bytes. A peer that tells nothing sets no limit.
 *
 * While nothing is in flight, one block may be sent beyond the limit, as the window probe of TCP.
 * Its acknowledgement is delayed until there is room, and tells the room. The round trip of the
 * probe says nothing of the path.
 */

#pragma once

#include <glib.h>

#include "core/base/stanza.h"

typedef struct
{
  gboolean has_asked; /* a block did: the peer may tell */
  gboolean is_told;
  guint32  room;    /* told last */
  guint64  limit;   /* a position in the outgoing bytes */
  gint64   told_at; /* when */
} IBBSendWindow;

/* Whether a block that ends there may be sent beside others. */
gboolean ibb_send_window_covers (const IBBSendWindow *self, guint64 end);
/* Whether the block that ends there has to ask for the room. resumed_at: when the connection was
 * last resumed, and may have lost an answer. */
gboolean ibb_send_window_must_ask (const IBBSendWindow *self, guint64 end, gint64 resumed_at);
/* The last answer that told the room may be lost. */
void ibb_send_window_ask_again (IBBSendWindow *self);
void ibb_send_window_note_asked (IBBSendWindow *self);
/* answer: the result of the block that ends there. */
void ibb_send_window_acknowledged (IBBSendWindow   *self,
                                   const IBBStanza *answer,
                                   guint64          end,
                                   gint64           now);
/* The part of the time between block and answer for which the reader kept the answer. */
gint64 ibb_send_window_get_delay (const IBBSendWindow *self, const IBBStanza *answer);
