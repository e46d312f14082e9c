/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The counters of XEP-0198: the stanzas that the server has not acknowledged, which are sent
 * again after a resumption, and when to request an acknowledgement. The queue holds the
 * stanzas, whose blocks the engine holds too, and not their XML: one is hardly ever encoded a
 * second time. The caller serialises.
 */

#pragma once

#include <glib.h>

#include "ibb-stanza.h"

/* Limit of unacknowledged bytes, the memory of a stanza included. */
#define IBB_ACK_QUEUE_MAX (4 * 1024 * 1024)

typedef struct _IBBAckQueue IBBAckQueue;

/* h: the count of the server, 0 for a new XML stream. */
IBBAckQueue *ibb_ack_queue_new (guint32 h);
void         ibb_ack_queue_free (IBBAckQueue *self);

/* Queues a stanza. is_awaited: a service waits for its acknowledgement. */
void ibb_ack_queue_push (IBBAckQueue *self, IBBStanza *stanza, gboolean is_awaited);
/* The next stanza to send on this XML stream; note_sent () says that it was sent. */
IBBStanza *ibb_ack_queue_get_next (IBBAckQueue *self); /* (transfer none) (nullable) */
void       ibb_ack_queue_note_sent (IBBAckQueue *self);

/* The server has handled h stanzas in all, modulo 2^32. Frees those; the awaited ones are
 * appended to awaited (element-type IBBStanza, owned). FALSE: it cannot have handled so
 * many. */
gboolean ibb_ack_queue_acknowledge (IBBAckQueue *self, guint32 h, GQueue *awaited);
/* The rest is sent again, on another XML stream. */
void ibb_ack_queue_restart (IBBAckQueue *self);
/* The server will not acknowledge anything: frees all, as above. */
void ibb_ack_queue_give_up (IBBAckQueue *self, GQueue *awaited);

/* Whether to request an acknowledgement now: one request at a time, once enough was sent
 * since the last one, or at once if a service waits. */
gboolean ibb_ack_queue_wants_request (IBBAckQueue *self);
void     ibb_ack_queue_note_request (IBBAckQueue *self);
gboolean ibb_ack_queue_is_asked (IBBAckQueue *self); /* the answer is outstanding */

gboolean ibb_ack_queue_is_empty (IBBAckQueue *self);
gboolean ibb_ack_queue_is_full (IBBAckQueue *self);
/* Whether one of the stanzas is the application's. */
gboolean ibb_ack_queue_has_other (IBBAckQueue *self);
guint32  ibb_ack_queue_get_sent (IBBAckQueue *self); /* the largest h there can be */

/* Parses the attribute h; FALSE if it is not valid. */
gboolean ibb_ack_queue_parse_h (const char *text, guint32 *h);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBAckQueue, ibb_ack_queue_free)
