/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The counting of XEP-0198: what was sent and is not known to have arrived, to
 * be sent again after a resumption, and when to ask. It holds the stanzas
 * themselves, whose blocks the engine holds too, not their XML: hardly ever is
 * one encoded a second time. The caller serialises.
 */

#pragma once

#include <glib.h>

#include "ibb-stanza.h"

G_BEGIN_DECLS

/* So much unacknowledged is enough (bytes, with what a stanza costs). */
#define IBB_ACK_QUEUE_MAX (4 * 1024 * 1024)

typedef struct _IBBAckQueue IBBAckQueue;

/* h: where the server's count stands, 0 for a fresh stream. */
IBBAckQueue *ibb_ack_queue_new (guint32 h);
void         ibb_ack_queue_free (IBBAckQueue *self);

/* Adds one that is to be sent. is_awaited: somebody waits for its acknowledgement. */
void ibb_ack_queue_push (IBBAckQueue *self, IBBStanza *stanza, gboolean is_awaited);
/* The next one to be sent on this stream, and that it was. */
IBBStanza *ibb_ack_queue_get_next (IBBAckQueue *self); /* (transfer none) (nullable) */
void       ibb_ack_queue_note_sent (IBBAckQueue *self);

/* The server has handled h stanzas altogether, modulo 2^32. What it
 * acknowledges goes; of that, what is awaited goes to awaited (element-type
 * IBBStanza, owned). FALSE: it cannot have handled so many. */
gboolean ibb_ack_queue_acknowledge (IBBAckQueue *self, guint32 h, GQueue *awaited);
/* The rest goes again, on another stream. */
void ibb_ack_queue_restart (IBBAckQueue *self);
/* Nothing will ever be acknowledged: all that is awaited, as above. */
void ibb_ack_queue_give_up (IBBAckQueue *self, GQueue *awaited);

/* Whether to ask now: one request at a time, once enough was sent since the last
 * one, or at once if somebody waits. */
gboolean ibb_ack_queue_wants_request (IBBAckQueue *self);
void     ibb_ack_queue_note_request (IBBAckQueue *self);
gboolean ibb_ack_queue_is_asked (IBBAckQueue *self); /* the answer is outstanding */

gboolean ibb_ack_queue_is_empty (IBBAckQueue *self);
gboolean ibb_ack_queue_is_full (IBBAckQueue *self);
guint32  ibb_ack_queue_get_acknowledged (IBBAckQueue *self);
guint32  ibb_ack_queue_get_sent (IBBAckQueue *self); /* the largest h there can be */

/* The value of an attribute h; FALSE if it is none. */
gboolean ibb_ack_queue_parse_h (const char *text, guint32 *h);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBAckQueue, ibb_ack_queue_free)

G_END_DECLS
