/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The outgoing half of an XML stream: the buffer that any thread appends to, and how it is
 * written.
 */

#pragma once

#include <gio/gio.h>

#include "core/base/stanza.h"

typedef struct _IBBXmlOutput IBBXmlOutput;

IBBXmlOutput *ibb_xml_output_new (void);
void          ibb_xml_output_free (IBBXmlOutput *self);

/* Any thread may call this. is_secret: the output overwrites the text in memory once the text is
 * written; only before the first stanza. */
void ibb_xml_output_append (IBBXmlOutput *self, const char *text, gboolean is_secret);
/* FALSE once the output is closed. */
gboolean ibb_xml_output_append_stanza (IBBXmlOutput *self, const IBBStanza *stanza);
void     ibb_xml_output_close (IBBXmlOutput *self); /* for stanzas */
gsize    ibb_xml_output_get_unsent (IBBXmlOutput *self);
/* Whether so much is unsent that no more blocks should come. */
gboolean ibb_xml_output_is_congested (IBBXmlOutput *self);
gint64   ibb_xml_output_get_last_write_time (IBBXmlOutput *self);

/* On the worker. From now on what is appended at a time is an element, and a WebSocket message
 * (RFC 7395). Before anything is appended that any other thread appends. */
void ibb_xml_output_set_framed (IBBXmlOutput *self);
/* For the next write: answers a ping of the server. */
void ibb_xml_output_pong (IBBXmlOutput *self, const guint8 *payload, gsize length);
/* Closes the WebSocket, unless something else is unsent: nothing is waited for. */
void ibb_xml_output_end_frames (IBBXmlOutput *self, GPollableOutputStream *stream);

/* On the worker: writes until all is written, or an error, G_IO_ERROR_WOULD_BLOCK among
 * them. in_records: over TLS. drained: there is room again after is_congested () was TRUE. */
gboolean ibb_xml_output_write (IBBXmlOutput          *self,
                               GPollableOutputStream *stream,
                               gboolean               in_records,
                               gboolean              *drained,
                               GError               **error);
