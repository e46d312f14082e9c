/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The outgoing frames of a WebSocket (RFC 6455 §5): each element of XML is one message, in one
 * frame. A record holds what is written together, and no more is taken until it is written.
 */

#pragma once

#include <gio/gio.h>

typedef struct _IBBFrameWriter IBBFrameWriter;

IBBFrameWriter *ibb_frame_writer_new (void);
void            ibb_frame_writer_free (IBBFrameWriter *self);

/* Answers a ping. An answer that waits is replaced (RFC 6455 §5.5.3). */
void ibb_frame_writer_pong (IBBFrameWriter *self, const guint8 *payload, gsize length);
/* The last frame. */
void ibb_frame_writer_close (IBBFrameWriter *self);

/* Whether a record is to be written before more is added. */
gboolean ibb_frame_writer_has_record (IBBFrameWriter *self);
/* Puts an element into the record, or the next part of one, and returns how much of it. One
 * that is longer than a record gets a record of its own, and others after it. */
gsize ibb_frame_writer_add (IBBFrameWriter *self, const guint8 *element, gsize length);
/* Whether there is anything to write. */
gboolean ibb_frame_writer_is_busy (IBBFrameWriter *self);
/* Writes the record. FALSE: an error, G_IO_ERROR_WOULD_BLOCK among them; the rest stays. */
gboolean
ibb_frame_writer_flush (IBBFrameWriter *self, GPollableOutputStream *stream, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBFrameWriter, ibb_frame_writer_free)
