/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One XML stream (RFC 6120 §4) over one socket, from its first header to its end. Everything
 * on the worker, but for send (), send_text (), is_congested () and get_unsent (), which any
 * thread may call.
 */

#pragma once

#include <gio/gio.h>

#include "xmpp/stream/element.h"
#include "xmpp/stream/parser.h"

typedef struct _IBBXmlStream IBBXmlStream;

/* What the owner is told, on the worker's thread. No call holds a lock; each
 * may close the XML stream or change the owner. */
typedef struct
{
  void (*element) (IBBXmlStream *stream, IBBParserEvent event, IBBElement *element, gpointer owner);
  /* stanza NULL: one came that exceeded a bound and was dropped. */
  void (*stanza) (IBBXmlStream *stream, IBBStanza *stanza, gpointer owner);
  /* Before and after each piece of input; stanzas sent in between are written together. */
  void (*begin) (IBBXmlStream *stream, gpointer owner);
  void (*end) (IBBXmlStream *stream, gpointer owner);
  void (*drained) (IBBXmlStream *stream, gpointer owner);
  /* Once; error is NULL after a close () that both sides went through. */
  void (*closed) (IBBXmlStream *stream, const GError *error, gpointer owner);
} IBBXmlStreamHandler;

IBBXmlStream *ibb_xml_stream_new (GMainContext *context, GSocketConnection *connection);
IBBXmlStream *ibb_xml_stream_ref (IBBXmlStream *self);
void          ibb_xml_stream_unref (IBBXmlStream *self);
/* owner_free (nullable) is called when another owner follows or the XML stream goes. */
void ibb_xml_stream_set_owner (IBBXmlStream              *self,
                               const IBBXmlStreamHandler *handler,
                               gpointer                   owner,
                               GDestroyNotify             owner_free);
/* The GIOStream that bytes go through: the socket's own, or TLS over it. */
GIOStream *ibb_xml_stream_get_io (IBBXmlStream *self);
void       ibb_xml_stream_set_io (IBBXmlStream *self, GIOStream *io);

/* The bytes are those of a WebSocket from now on (RFC 7395). */
void ibb_xml_stream_set_framed (IBBXmlStream *self);

/* Sends a header and waits for the other one, with a new parser. Also the
 * restart after STARTTLS and SASL. from is (nullable). */
void ibb_xml_stream_open (IBBXmlStream *self, const char *from, const char *to);
/* Opens the XML stream of a component (XEP-0114). */
void ibb_xml_stream_open_component (IBBXmlStream *self, const char *to);
/* Stops reading before another one takes over the bytes. FALSE: more has come
 * than was meant to be sent in plain text. */
gboolean ibb_xml_stream_pause (IBBXmlStream *self);
/* See the functions of IBBParser. */
void ibb_xml_stream_expect_stanzas (IBBXmlStream *self);
void ibb_xml_stream_set_awaited (IBBXmlStream *self, const char *id);

void ibb_xml_stream_send_text (IBBXmlStream *self, const char *text);
/* One with a password, of which nothing stays in memory once it is written. */
void ibb_xml_stream_send_secret (IBBXmlStream *self, const char *text);
/* Any thread. FALSE once the XML stream is closed or closing. */
gboolean ibb_xml_stream_send (IBBXmlStream *self, IBBStanza *stanza);
gboolean ibb_xml_stream_is_congested (IBBXmlStream *self);
gsize    ibb_xml_stream_get_unsent (IBBXmlStream *self);
gint64   ibb_xml_stream_get_last_read_time (IBBXmlStream *self);
gint64   ibb_xml_stream_get_last_write_time (IBBXmlStream *self);
/* Seconds after which the server ends an XML stream on which it gets nothing (XEP-0478); 0, as at
 * first: it names none. */
void  ibb_xml_stream_set_idle_limit (IBBXmlStream *self, guint seconds);
guint ibb_xml_stream_get_idle_limit (IBBXmlStream *self);

/* Ends the XML stream after all that is queued, and waits a short while until the server ends it,
 * too. */
void ibb_xml_stream_close (IBBXmlStream *self);
/* At once; condition (nullable) is the stream error to name to the peer. */
void ibb_xml_stream_abort (IBBXmlStream *self, const char *condition, const GError *error);
/* Ends the XML stream at once, with an element of the application's own beside the condition. */
void ibb_xml_stream_abort_with (IBBXmlStream *self,
                                const char   *condition,
                                const char   *detail,
                                const GError *error);
/* At once, and sends nothing more: the network is gone, or seems to be. */
void     ibb_xml_stream_drop (IBBXmlStream *self, const GError *error);
gboolean ibb_xml_stream_is_closed (IBBXmlStream *self);
/* Whether neither side ended it: XEP-0198 may resume it. */
gboolean ibb_xml_stream_is_broken (IBBXmlStream *self);
/* (nullable): where the server wants it to be opened instead (RFC 7395 §3.6.1), once it has ended
 * the XML stream of a WebSocket. */
const char *ibb_xml_stream_get_other_uri (IBBXmlStream *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBXmlStream, ibb_xml_stream_unref)
