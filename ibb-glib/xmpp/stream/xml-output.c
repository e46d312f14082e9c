/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/stream/xml-output.h"

#include <string.h>

#include "base/lock.h"
#include "core/base/quirks.h"
#include "stanza/stanza-writer.h"
#include "xmpp/stream/frame-writer.h"
#include "xmpp/stream/stream-xml.h"

/* While more than this many bytes are unsent no more blocks are taken: in the engine the
 * application's stanzas can still overtake them. Half of this, and of the limit in socket.c, would
 * cost more than it gains: a tenth of the processor time of a block. */
#define HIGH_WATER (8 * 1024)
#define LOW_WATER (2 * 1024)

#define MAX_KEPT (1024 * 1024)     /* of a buffer that was filled once */
#define RECORD_MAX IBB_QUIRKS_READ /* bytes of a TLS record */

/* Spaces after short stanzas that are not made up for, and the part of the bytes of blocks that
 * makes up for them. */
#define SPACES_MAX (64 * 1024)
#define SPACES_SHARE 32

struct _IBBXmlOutput
{
  /* worker thread only */
  GByteArray *writing;
  gsize       written;
  GArray     *writing_ends; /* (element-type gsize): see pending_ends */
  guint       n_ends;       /* how many of them were reached */
  gboolean    writing_is_secret;
  gsize       framed; /* bytes of writing in the record of frames */

  IBBFrameWriter *frames; /* (owned) (nullable): set before any other thread appends */

  GMutex lock;
  /* protected by lock */
  GByteArray *pending;
  GArray     *pending_ends; /* (element-type gsize): where each stanza in it ends */
  gboolean    pending_is_secret;
  gsize       unsent; /* of pending and writing */
  gboolean    fills;  /* blocks fill what a server reads at a time (quirks.h) */
  gsize       spaces; /* after other stanzas, and not made up for yet */
  gboolean    is_closed;
  gboolean    drain_wanted; /* somebody was told that it is congested */
  gint64      last_write;
};

IBBXmlOutput *
ibb_xml_output_new (void)
{
  IBBXmlOutput *self = g_new0 (IBBXmlOutput, 1);

  self->pending = g_byte_array_new ();
  self->writing = g_byte_array_new ();
  self->pending_ends = g_array_new (FALSE, FALSE, sizeof (gsize));
  self->writing_ends = g_array_new (FALSE, FALSE, sizeof (gsize));
  g_mutex_init (&self->lock);
  self->last_write = g_get_monotonic_time ();

  return self;
}

static void
clear_secret (GByteArray *bytes, gboolean *is_secret)
{
  if (*is_secret)
    explicit_bzero (bytes->data, bytes->len);
  *is_secret = FALSE;
}

void
ibb_xml_output_free (IBBXmlOutput *self)
{
  clear_secret (self->pending, &self->pending_is_secret);
  clear_secret (self->writing, &self->writing_is_secret);
  g_byte_array_unref (self->pending);
  g_byte_array_unref (self->writing);
  g_array_unref (self->pending_ends);
  g_array_unref (self->writing_ends);
  g_clear_pointer (&self->frames, ibb_frame_writer_free);
  g_mutex_clear (&self->lock);
  g_free (self);
}

static void
end_piece_locked (IBBXmlOutput *self, guint start)
{
  gsize end;

  if (self->frames != NULL)
    ibb_stream_xml_qualify (self->pending, start);
  end = self->pending->len;

  self->unsent += end - start;
  g_array_append_val (self->pending_ends, end);
}

/* An array that grows may leave its old memory as it is, so it is replaced and overwritten. */
static void
move_secret_locked (IBBXmlOutput *self, guint length)
{
  GByteArray *old = self->pending;

  self->pending = g_byte_array_sized_new (old->len + length);
  g_byte_array_append (self->pending, old->data, old->len);
  self->pending_is_secret = TRUE;
  explicit_bzero (old->data, old->len);
  g_byte_array_unref (old);
}

void
ibb_xml_output_append (IBBXmlOutput *self, const char *text, gboolean is_secret)
{
  guint length = (guint) strlen (text);
  guint start;

  g_mutex_lock (&self->lock);
  start = self->pending->len;
  if (is_secret || self->pending_is_secret)
    move_secret_locked (self, length);
  g_byte_array_append (self->pending, (const guint8 *) text, length);
  end_piece_locked (self, start);
  g_mutex_unlock (&self->lock);
}

/* Spaces between stanzas mean nothing (RFC 6120 §11.7). */
static void
append_spaces (GByteArray *bytes, gsize n)
{
  guint length = bytes->len;

  g_byte_array_set_size (bytes, length + (guint) n);
  memset (bytes->data + length, ' ', n);
}

/* After a block, with what is before it, the next one shall begin with the next read of the
 * server. */
static void
note_stanza_locked (IBBXmlOutput *self, const IBBStanza *stanza, guint start)
{
  gsize length = self->pending->len - start;

  if (stanza->ends_read)
    self->fills = FALSE;
  if (stanza->payload != IBB_PAYLOAD_DATA || stanza->name != IBB_STANZA_IQ)
    return;

  self->fills = stanza->fills && self->frames == NULL;
  if (!self->fills || !ibb_quirks_is_filled (length))
    return;

  self->spaces -= MIN (self->spaces, length / SPACES_SHARE);
  if (ibb_quirks_is_filled (self->pending->len))
    append_spaces (self->pending, ibb_quirks_get_gap (self->pending->len));
}

gboolean
ibb_xml_output_append_stanza (IBBXmlOutput *self, const IBBStanza *stanza)
{
  gboolean is_open;

  g_mutex_lock (&self->lock);
  is_open = !self->is_closed;
  if (is_open)
    {
      guint start = self->pending->len;

      ibb_stanza_writer_append (stanza, self->pending);
      note_stanza_locked (self, stanza, start);
      end_piece_locked (self, start);
    }
  g_mutex_unlock (&self->lock);

  return is_open;
}

void
ibb_xml_output_close (IBBXmlOutput *self)
{
  g_mutex_lock (&self->lock);
  self->is_closed = TRUE;
  g_mutex_unlock (&self->lock);
}

gsize
ibb_xml_output_get_unsent (IBBXmlOutput *self)
{
  IBB_AUTO_LOCK (&self->lock);

  return self->unsent;
}

gboolean
ibb_xml_output_is_congested (IBBXmlOutput *self)
{
  IBB_AUTO_LOCK (&self->lock);
  gboolean congested = self->unsent > HIGH_WATER;

  if (congested)
    self->drain_wanted = TRUE;
  return congested;
}

gint64
ibb_xml_output_get_last_write_time (IBBXmlOutput *self)
{
  IBB_AUTO_LOCK (&self->lock);

  return self->last_write;
}

/* Beside blocks that fill what a server reads at a time, a stanza that does not would make all that
 * follow begin in the middle. So spaces come after it, now and then. */
static void
fill_locked (IBBXmlOutput *self)
{
  gsize gap = ibb_quirks_get_gap (self->writing->len);
  gsize end = self->writing->len + gap;

  if (!self->fills || self->is_closed || gap == 0 || self->spaces + gap > SPACES_MAX)
    return;

  append_spaces (self->writing, gap);
  g_array_append_val (self->writing_ends, end);
  self->unsent += gap;
  self->spaces += gap;
}

/* Takes the bytes that others have appended. Returns whether anything is left to write. */
static gboolean
refill (IBBXmlOutput *self)
{
  GByteArray *empty;
  GArray     *no_ends;

  if (self->written < self->writing->len)
    return TRUE;

  clear_secret (self->writing, &self->writing_is_secret);
  if (self->writing->len > MAX_KEPT)
    {
      g_byte_array_unref (self->writing);
      self->writing = g_byte_array_new ();
    }
  g_byte_array_set_size (self->writing, 0);
  self->written = 0;
  g_array_set_size (self->writing_ends, 0);
  self->n_ends = 0;
  empty = self->writing;
  no_ends = self->writing_ends;
  g_mutex_lock (&self->lock);
  self->writing = self->pending;
  self->pending = empty;
  self->writing_is_secret = self->pending_is_secret;
  self->pending_is_secret = FALSE;
  self->writing_ends = self->pending_ends;
  self->pending_ends = no_ends;
  fill_locked (self);
  g_mutex_unlock (&self->lock);

  return self->writing->len > 0;
}

/* The bytes of one write. Over TLS these are whole stanzas, if a record can hold them, and a part
 * of a longer one. A server that had got half of a stanza when the connection broke might take the
 * bytes after a resumption for the other half: Prosody 0.12 does. */
static gsize
get_write_size (IBBXmlOutput *self, gboolean in_records)
{
  gsize left = self->writing->len - self->written;
  gsize begin, size = 0;

  if (left <= RECORD_MAX || !in_records)
    return left;

  begin = self->n_ends > 0 ? g_array_index (self->writing_ends, gsize, self->n_ends - 1) : 0;
  for (guint i = self->n_ends; i < self->writing_ends->len; i++)
    {
      gsize end = g_array_index (self->writing_ends, gsize, i);

      if (end <= self->written)
        self->n_ends++;
      else if (end - self->written <= RECORD_MAX)
        size = end - self->written;
      else
        return end - begin > RECORD_MAX ? RECORD_MAX : size;
      begin = end;
    }
  return size;
}

/* Puts the next elements into a record of frames: as many whole ones as fit, or a part of one. */
static void
frame (IBBXmlOutput *self)
{
  gsize at = self->written;

  for (; self->n_ends < self->writing_ends->len; self->n_ends++)
    {
      gsize end = g_array_index (self->writing_ends, gsize, self->n_ends);

      at += ibb_frame_writer_add (self->frames, self->writing->data + at, end - at);
      if (at < end)
        break;
    }
  self->framed = at - self->written;
}

static void
note_written (IBBXmlOutput *self, gsize length, gboolean *drained)
{
  self->written += length;
  g_mutex_lock (&self->lock);
  self->unsent -= length;
  self->last_write = g_get_monotonic_time ();
  if (self->drain_wanted && self->unsent <= LOW_WATER)
    {
      self->drain_wanted = FALSE;
      *drained = TRUE;
    }
  g_mutex_unlock (&self->lock);
}

static gboolean
write_frames (IBBXmlOutput *self, GPollableOutputStream *stream, gboolean *drained, GError **error)
{
  while (refill (self) || ibb_frame_writer_is_busy (self->frames))
    {
      if (!ibb_frame_writer_has_record (self->frames))
        frame (self);
      if (!ibb_frame_writer_flush (self->frames, stream, error))
        return FALSE;
      note_written (self, self->framed, drained);
      self->framed = 0;
    }

  return TRUE;
}

gboolean
ibb_xml_output_write (IBBXmlOutput          *self,
                      GPollableOutputStream *stream,
                      gboolean               in_records,
                      gboolean              *drained,
                      GError               **error)
{
  *drained = FALSE;
  if (self->frames != NULL)
    return write_frames (self, stream, drained, error);

  while (refill (self))
    {
      gssize n = g_pollable_output_stream_write_nonblocking (
          stream, self->writing->data + self->written, get_write_size (self, in_records), NULL,
          error);

      if (n < 0)
        return FALSE;
      note_written (self, (gsize) n, drained);
    }

  return TRUE;
}

void
ibb_xml_output_set_framed (IBBXmlOutput *self)
{
  self->frames = ibb_frame_writer_new ();
}

void
ibb_xml_output_pong (IBBXmlOutput *self, const guint8 *payload, gsize length)
{
  ibb_frame_writer_pong (self->frames, payload, length);
}

void
ibb_xml_output_end_frames (IBBXmlOutput *self, GPollableOutputStream *stream)
{
  if (self->frames == NULL || ibb_xml_output_get_unsent (self) > 0)
    return;

  ibb_frame_writer_close (self->frames);
  ibb_frame_writer_flush (self->frames, stream, NULL);
}
