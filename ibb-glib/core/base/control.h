/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Stanzas that leave before any block: replies to peers, and our own opens, closes and
 * questions, in the order in which they were queued.
 *
 * The replies to all blocks of a session that ends are queued as one entry, which
 * keeps their ids and makes each stanza when it is taken: a stanza takes ten
 * times as much.
 */

#pragma once

#include <glib.h>

#include "core/base/stanza.h"

#define IBB_CONTROL_BACKLOG (1024 * 1024) /* acknowledgements are delayed */

typedef struct
{
  GQueue  entries;
  guint   length;   /* stanzas */
  guint64 n_popped; /* stanzas, ever */
  gsize   size;     /* bytes of memory, about */
  gsize   errors;   /* of those, error replies */
  gsize   replies;  /* of those, ids of replies that are not made yet */
} IBBControl;

void ibb_control_push (IBBControl *self, IBBStanza *stanza); /* (transfer full) */
/* Queues a result, or item-not-found, for each id. (transfer full), except for ids (element-type
 * utf8), whose elements are taken. */
void
ibb_control_push_replies (IBBControl *self, char *to, char *from, gboolean refuse, GQueue *ids);
IBBStanza *ibb_control_pop (IBBControl *self); /* (transfer full) (nullable) */
void       ibb_control_clear (IBBControl *self);

/* Whether the queue is so long that acknowledgements are delayed (D-47). */
static inline gboolean
ibb_control_is_backlogged (const IBBControl *self)
{
  return self->size >= IBB_CONTROL_BACKLOG;
}

/* Whether the queue is so long that no unexpected open is accepted, and no session resumed (D-47).
 */
gboolean ibb_control_is_flooded (const IBBControl *self);

gboolean ibb_control_has_stanza_to (const IBBControl *self, const char *jid);

void ibb_control_reply_result (IBBControl *self, const IBBStanza *request);
/* Queues the result of a repeated request, unless much waits to be sent: the peer will ask again.
 */
void ibb_control_repeat_result (IBBControl *self, const IBBStanza *request);
/* Answers an IQ, or a message that is not an error itself, by an error. Nothing is queued where too
 * many errors wait to be sent. */
void ibb_control_reply_error (IBBControl      *self,
                              const IBBStanza *request,
                              IBBCondition     condition,
                              IBBErrorType     type,
                              const char      *text);
/* The refusal of an open, with the type that N-09 and N-10 name for its
 * condition, or else RFC 6120 (D-48). */
void ibb_control_refuse_open (IBBControl      *self,
                              const IBBStanza *open,
                              IBBCondition     condition,
                              const char      *text);
