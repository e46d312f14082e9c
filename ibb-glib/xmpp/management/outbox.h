/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The way out of every stanza, over the XML streams that a login has one after another.
 * Where the server acknowledges (XEP-0198), the outbox keeps what was not acknowledged, asks
 * for acknowledgements, and sends the rest again after a resumption.
 *
 * On the worker, but for what any thread may call.
 */

#pragma once

#include "xmpp/management/ack-queue.h"
#include "xmpp/stream/xml-stream.h"

typedef struct _IBBOutbox IBBOutbox;

/* Whether the server acknowledges what it gets. */
typedef enum
{
  IBB_OUTBOX_CONFIRMATION_NONE,
  IBB_OUTBOX_CONFIRMATION_ASK,   /* it has to be asked to */
  IBB_OUTBOX_CONFIRMATION_ASKED, /* the login did, and counts from its end on */
} IBBOutboxConfirmation;

IBBOutbox *ibb_outbox_new (GMainContext *context);
void       ibb_outbox_free (IBBOutbox *self);
/* Once, before any other thread knows it: what stanzas without a "from" get, where the server
 * adds none. */
void ibb_outbox_set_from (IBBOutbox *self, const char *from);

/* Any thread. FALSE: not logged in, or too much waits for a resumption. */
gboolean ibb_outbox_send (IBBOutbox *self, IBBStanza *stanza);
/* Sends an answer, or drops it when much waits for a server that does not read. */
void     ibb_outbox_send_answer (IBBOutbox *self, IBBStanza *answer);
gboolean ibb_outbox_is_congested (IBBOutbox *self);
/* Whether the server was asked to acknowledge, and has not refused. */
gboolean ibb_outbox_confirms (IBBOutbox *self);

/* A login has succeeded. first (nullable) is sent before all else. */
void ibb_outbox_open (IBBOutbox            *self,
                      IBBXmlStream         *stream,
                      IBBOutboxConfirmation confirmation,
                      IBBStanza            *first);
/* The XML stream broke: stanzas wait for ibb_outbox_resume (). */
void ibb_outbox_suspend (IBBOutbox *self);
/* Goes on with another XML stream, on which the server had handled h stanzas; those that are
 * awaited go to awaited. FALSE: it cannot have handled so many. */
gboolean ibb_outbox_resume (IBBOutbox *self, IBBXmlStream *stream, guint32 h, GQueue *awaited);
/* The logout has begun: nothing more is taken. */
void ibb_outbox_close (IBBOutbox *self);
/* The login is over: everything is forgotten. */
void ibb_outbox_reset (IBBOutbox *self);

/* The server grants acknowledgements. FALSE: they were not requested, or are granted already. */
gboolean ibb_outbox_grant (IBBOutbox *self);
/* The server refuses acknowledgements: all that are awaited go to awaited. FALSE: as above. */
gboolean ibb_outbox_refuse (IBBOutbox *self, GQueue *awaited);
gboolean ibb_outbox_is_granted (IBBOutbox *self);
/* An acknowledgement came, see ibb_ack_queue_acknowledge (). */
gboolean ibb_outbox_acknowledge (IBBOutbox *self, guint32 h, GQueue *awaited);
guint32  ibb_outbox_get_sent_count (IBBOutbox *self); /* the largest h there can be */
/* Asks for an acknowledgement. FALSE: the server does not acknowledge. */
gboolean ibb_outbox_request (IBBOutbox *self);
gint64   ibb_outbox_get_request_time (IBBOutbox *self); /* of the last request, 0: none */
/* Whether a stanza of the application is not acknowledged. */
gboolean ibb_outbox_has_other (IBBOutbox *self);

/* The XML stream has room again: sends what waits. TRUE: there is room for more. */
gboolean ibb_outbox_refill (IBBOutbox *self);
/* TRUE once there is room again after ibb_outbox_is_congested () found none. */
gboolean ibb_outbox_take_drained (IBBOutbox *self);
