/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The incoming frames of a WebSocket (RFC 6455 §5), of which each message is one element of
 * XML (RFC 7395 §3.3). Bytes go in as they come, and the text comes out as it comes: no
 * message is kept.
 */

#pragma once

#include <gio/gio.h>

typedef enum
{
  IBB_FRAME_NOTHING, /* more bytes are needed */
  IBB_FRAME_TEXT,    /* a piece of a message */
  IBB_FRAME_MESSAGE, /* the end of a message */
  IBB_FRAME_PING,    /* to be answered with the same payload */
  IBB_FRAME_CLOSE,   /* nothing more comes */
  IBB_FRAME_REFUSED, /* the server breaks the rules; so it stays */
} IBBFrameEvent;

typedef struct _IBBFrameReader IBBFrameReader;

IBBFrameReader *ibb_frame_reader_new (gsize max_message);
void            ibb_frame_reader_free (IBBFrameReader *self);

/* Takes some of *data. payload belongs to the data or to the reader, until the next call.
 * error: of a refused frame, IBB_ERROR_PROTOCOL. */
IBBFrameEvent ibb_frame_reader_read (IBBFrameReader *self,
                                     const guint8  **data,
                                     gsize          *length,
                                     const guint8  **payload,
                                     gsize          *payload_length,
                                     GError        **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBFrameReader, ibb_frame_reader_free)
