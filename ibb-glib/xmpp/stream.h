/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One XML stream over one socket: the socket's sources, the parser and the
 * output buffer. Everything on the worker's thread, but for send () and
 * is_congested (), which any thread may call.
 */

#pragma once

#include <gio/gio.h>

#include "xmpp/element.h"
#include "xmpp/parser.h"

G_BEGIN_DECLS

/* With more than this many bytes unsent no more blocks are asked for: they are
 * better off where the application's stanzas can still overtake them. */
#define IBB_STREAM_HIGH_WATER (16 * 1024)
#define IBB_STREAM_LOW_WATER (4 * 1024)

typedef struct _IBBStream IBBStream;

/* What the owner is told, on the worker's thread. No call holds a lock; each
 * may close the stream or change the owner. */
typedef struct
{
  void (*element) (IBBStream *stream, IBBParserEvent event, IBBElement *element, gpointer owner);
  /* stanza NULL: one came that exceeded a bound and was dropped. */
  void (*stanza) (IBBStream *stream, IBBStanza *stanza, gpointer owner);
  /* Around each piece of input; what is sent in between leaves together. */
  void (*begin) (IBBStream *stream, gpointer owner);
  void (*end) (IBBStream *stream, gpointer owner);
  void (*drained) (IBBStream *stream, gpointer owner);
  /* Once; error is NULL after a close () that both sides went through. */
  void (*closed) (IBBStream *stream, const GError *error, gpointer owner);
} IBBStreamHandler;

IBBStream *ibb_stream_new (GMainContext *context, GSocketConnection *connection);
IBBStream *ibb_stream_ref (IBBStream *self);
void       ibb_stream_unref (IBBStream *self);
/* owner_free (nullable) is called when another owner follows or the stream goes. */
void ibb_stream_set_owner (IBBStream              *self,
                           const IBBStreamHandler *handler,
                           gpointer                owner,
                           GDestroyNotify          owner_free);
/* The stream that bytes go through: the socket's own, or TLS over it. */
GIOStream *ibb_stream_get_io (IBBStream *self);
void       ibb_stream_set_io (IBBStream *self, GIOStream *io);

/* Sends a header and waits for the other one, with a new parser. Also the
 * restart after STARTTLS and SASL. */
void ibb_stream_open (IBBStream *self, const char *to);
/* Stops reading before another one takes over the bytes. FALSE: more has come
 * than was meant to be sent in plain text. */
gboolean ibb_stream_pause (IBBStream *self);
void     ibb_stream_set_read_stanzas (IBBStream *self);

void ibb_stream_send_text (IBBStream *self, const char *text);
/* Any thread. FALSE once the stream is closed or closing. */
gboolean ibb_stream_send (IBBStream *self, IBBStanza *stanza);
gboolean ibb_stream_is_congested (IBBStream *self);
gsize    ibb_stream_get_unsent (IBBStream *self);
gint64   ibb_stream_get_last_write_time (IBBStream *self);
gint64   ibb_stream_get_last_read_time (IBBStream *self);

/* Says good-bye after what was handed over, and waits a short while for the
 * peer to do the same. */
void ibb_stream_close (IBBStream *self);
/* At once; condition (nullable) is the stream error to name to the peer. */
void ibb_stream_abort (IBBStream *self, const char *condition, const GError *error);
/* The same with an element of the application's own beside the condition. */
void ibb_stream_abort_with (IBBStream    *self,
                            const char   *condition,
                            const char   *detail,
                            const GError *error);
/* At once and without a word: the network is taken to be gone. */
void     ibb_stream_drop (IBBStream *self, const GError *error);
gboolean ibb_stream_is_closed (IBBStream *self);
/* Whether it ended without a word from either side: XEP-0198 may resume it. */
gboolean ibb_stream_is_broken (IBBStream *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBStream, ibb_stream_unref)

G_END_DECLS
