/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Finds out whether the server is still there. Only what arrives says so: what was written
 * may have gone nowhere. After a silence the server is asked, by a request for an
 * acknowledgement (XEP-0198) or else a ping (XEP-0199); and when nothing at all arrives
 * then, the XML stream is dropped. A change of the network, or a sleep of the machine, is a
 * reason to ask at once, but not all the time, and to wait no longer than some seconds. The
 * question also keeps networks from forgetting an idle connection (RFC 6120 §4.6.1).
 *
 * On the worker, but for the settings.
 */

#pragma once

#include "base/thread.h"
#include "core/base/stanza.h"
#include "xmpp/management/outbox.h"

/* Milliseconds. */
#define IBB_KEEPALIVE_DEFAULT_INTERVAL 15000
#define IBB_KEEPALIVE_DEFAULT_TIMEOUT 15000

/* Microseconds between two questions after changes of the network, at least. */
#define IBB_KEEPALIVE_CHANGE_INTERVAL (10 * G_USEC_PER_SEC)

/* How often the server may fall silent without having acknowledged anything: a resumed
 * XML stream may stay deaf. */
#define IBB_KEEPALIVE_MAX_SILENCES 3

typedef struct _IBBKeepalive IBBKeepalive;

IBBKeepalive *ibb_keepalive_new (IBBThread *thread, IBBOutbox *outbox);
void          ibb_keepalive_free (IBBKeepalive *self);

/* Any thread; milliseconds, 0 for never. A change counts at once. TRUE: it was another one. */
gboolean ibb_keepalive_set_interval (IBBKeepalive *self, guint interval);
gboolean ibb_keepalive_set_timeout (IBBKeepalive *self, guint timeout);
guint    ibb_keepalive_get_interval (IBBKeepalive *self);
guint    ibb_keepalive_get_timeout (IBBKeepalive *self);

/* jid: of the account, for messages and for the server's address. */
void ibb_keepalive_start (IBBKeepalive *self,
                          IBBXmlStream *stream,
                          const char   *jid,
                          gboolean      is_component);
void ibb_keepalive_stop (IBBKeepalive *self);
/* TRUE: it is the answer to the ping. */
gboolean ibb_keepalive_take_pong (IBBKeepalive *self, const IBBStanza *stanza);

/* After the start of a resumed XML stream, on which an acknowledgement was requested first of all.
 * duration: how long it took to resume it, in microseconds. may_drop: a new login ends nothing. If
 * then the server does not answer in good time, and no stanza of the application would be lost, the
 * XML stream is dropped, and to resume it again is in vain. */
void ibb_keepalive_expect_answer (IBBKeepalive *self, gint64 duration, gboolean may_drop);
/* Whether the server has acknowledged nothing since then, also after the end of the XML stream. */
gboolean ibb_keepalive_is_unanswered (IBBKeepalive *self);

/* The server acknowledged something, or there is a new login. */
void ibb_keepalive_forget_silences (IBBKeepalive *self);
/* Whether the server has fallen silent too often. */
gboolean ibb_keepalive_is_in_vain (IBBKeepalive *self);
