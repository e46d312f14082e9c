/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "files/bundle.h"

#include "files/description.h"
#include "ibb-foreign-text-private.h"

#include <string.h>

#define HEADER_LENGTH 8 /* bytes: the type, three of the length, four of the number */
#define REASON_MAX 1024 /* bytes of a reason and its text in a frame */
#define WORD_MAX 64     /* bytes of the reason alone */

typedef enum
{
  FRAME_PADDING,
  FRAME_OFFER,
  FRAME_ACCEPT,
  FRAME_DATA,
  FRAME_END,
  FRAME_DELIVERED,
  FRAME_FAIL,
  N_FRAMES
} FrameType;

/* The lengths of what follows the header. */
static const struct
{
  gsize min;
  gsize max;
} lengths[N_FRAMES] = {
  [FRAME_PADDING] = { 0, IBB_BUNDLE_BLOCK_SIZE },
  [FRAME_OFFER] = { 1, IBB_BUNDLE_DESCRIPTION_MAX },
  [FRAME_ACCEPT] = { 8, 8 },
  [FRAME_DATA] = { 1, IBB_BUNDLE_DATA_MAX },
  [FRAME_END] = { IBB_BUNDLE_HASH_LENGTH, IBB_BUNDLE_HASH_LENGTH },
  [FRAME_DELIVERED] = { IBB_BUNDLE_HASH_LENGTH, IBB_BUNDLE_HASH_LENGTH },
  [FRAME_FAIL] = { 1, REASON_MAX },
};

typedef struct
{
  guint32  number;
  gsize    n_description; /* bytes */
  guint64  size;
  guint64  left; /* bytes to move, once it is accepted */
  gboolean is_accepted;
  gboolean is_sent;    /* the half of the sender has ended */
  gboolean is_decided; /* that of the receiver has ended */
  gboolean has_hash;   /* the sender has not failed it */
  guint8   hash[IBB_BUNDLE_HASH_LENGTH];
} IBBBundleFile;

IBBBundle *
ibb_bundle_new (gboolean is_sender)
{
  IBBBundle *self = g_new0 (IBBBundle, 1);

  self->is_sender = is_sender;
  self->files = g_hash_table_new_full (g_int_hash, g_int_equal, NULL, g_free);
  self->input = g_byte_array_new ();
  self->output = g_byte_array_new ();
  return self;
}

void
ibb_bundle_free (IBBBundle *self)
{
  g_hash_table_unref (self->files);
  g_byte_array_unref (self->input);
  g_byte_array_unref (self->output);
  g_clear_object (&self->metadata);
  g_free (self->reason);
  g_free (self);
}

/* The files. */

static IBBBundleFile *
find (const IBBBundle *self, guint32 number)
{
  return g_hash_table_lookup (self->files, &number);
}

static IBBBundleFile *
add (IBBBundle *self, guint64 size, gsize n_description)
{
  IBBBundleFile *file = g_new0 (IBBBundleFile, 1);

  file->number = ++self->last;
  file->size = size;
  file->n_description = n_description;
  self->n_open_bytes += n_description;
  g_hash_table_insert (self->files, &file->number, file);
  return file;
}

static void
forget (IBBBundle *self, IBBBundleFile *file)
{
  if (!file->is_sent || !file->is_decided)
    return;
  self->n_open_bytes -= file->n_description;
  g_hash_table_remove (self->files, &file->number);
}

static gboolean *
get_own_half (const IBBBundle *self, IBBBundleFile *file)
{
  return self->is_sender ? &file->is_sent : &file->is_decided;
}

/* The own half, or that of the peer. */
static void
end_half (IBBBundle *self, IBBBundleFile *file, gboolean *half)
{
  *half = TRUE;
  if (file->is_sent && self->turn == file->number)
    self->turn = 0;
  forget (self, file);
}

/* Writing. */

static void
write_frame (IBBBundle *self, FrameType type, guint32 number, const void *payload, gsize length)
{
  const guint8 header[HEADER_LENGTH] = {
    (guint8) type,           (guint8) (length >> 16), (guint8) (length >> 8), (guint8) length,
    (guint8) (number >> 24), (guint8) (number >> 16), (guint8) (number >> 8), (guint8) number,
  };

  g_byte_array_append (self->output, header, sizeof header);
  g_byte_array_append (self->output, payload, (guint) length);
}

static void
write_fail (IBBBundle *self, guint32 number, const char *reason, const char *text)
{
  g_autofree char *shown = ibb_foreign_text_dup (text);
  g_autofree char *payload =
      shown != NULL ? g_strdup_printf ("%s\n%s", reason, shown) : g_strdup (reason);
  gsize length = strlen (payload);

  if (length > REASON_MAX)
    length = (gsize) (g_utf8_find_prev_char (payload, payload + REASON_MAX) - payload);
  write_frame (self, FRAME_FAIL, number, payload, length);
}

static void
write_padding (IBBBundle *self, gsize length)
{
  static const guint8 nothing[IBB_BUNDLE_BLOCK_SIZE] = { 0 };

  write_frame (self, FRAME_PADDING, 0, nothing, length);
}

void
ibb_bundle_pad (IBBBundle *self)
{
  write_padding (self, 0);
}

gsize
ibb_bundle_get_n_output (const IBBBundle *self)
{
  return self->output->len;
}

GBytes *
ibb_bundle_take_output (IBBBundle *self)
{
  gsize   rest = self->output->len % IBB_BUNDLE_BLOCK_SIZE;
  gsize   left = rest > 0 ? IBB_BUNDLE_BLOCK_SIZE - rest : 0;
  GBytes *bytes;

  if (self->output->len == 0)
    return NULL;
  if (left > 0)
    write_padding (self,
                   (left >= HEADER_LENGTH ? 0 : IBB_BUNDLE_BLOCK_SIZE) + left - HEADER_LENGTH);
  bytes = g_byte_array_free_to_bytes (self->output);
  self->output = g_byte_array_new ();
  return bytes;
}

gboolean
ibb_bundle_has_room (const IBBBundle *self)
{
  return g_hash_table_size (self->files) < IBB_BUNDLE_OPEN_MAX &&
         self->n_open_bytes + IBB_BUNDLE_DESCRIPTION_MAX <= IBB_BUNDLE_OPEN_BYTES_MAX &&
         self->last < G_MAXUINT32;
}

guint32
ibb_bundle_offer (IBBBundle *self, IBBFilesMetadata *metadata)
{
  g_autoptr (GString) xml = g_string_new ("<file xmlns='" IBB_DESCRIPTION_NAMESPACE "'>");

  g_assert (self->is_sender && ibb_bundle_has_room (self));

  ibb_description_write (xml, metadata, FALSE, 0);
  g_string_append (xml, "</file>");
  if (xml->len > IBB_BUNDLE_DESCRIPTION_MAX)
    return 0;
  add (self, ibb_files_metadata_get_size (metadata), xml->len);
  write_frame (self, FRAME_OFFER, self->last, xml->str, xml->len);
  return self->last;
}

gboolean
ibb_bundle_can_send (const IBBBundle *self, guint32 number)
{
  const IBBBundleFile *file = find (self, number);

  return file != NULL && file->is_accepted && !file->is_sent &&
         (self->turn == 0 || self->turn == number);
}

void
ibb_bundle_send (IBBBundle *self, guint32 number, const void *bytes, gsize length)
{
  IBBBundleFile *file = find (self, number);

  g_assert (self->is_sender && ibb_bundle_can_send (self, number));
  g_assert (length > 0 && length <= IBB_BUNDLE_DATA_MAX && length <= file->left);

  self->turn = number;
  file->left -= length;
  write_frame (self, FRAME_DATA, number, bytes, length);
}

void
ibb_bundle_end (IBBBundle *self, guint32 number, const guint8 *hash)
{
  IBBBundleFile *file = find (self, number);

  g_assert (self->is_sender && ibb_bundle_can_send (self, number) && file->left == 0);

  memcpy (file->hash, hash, sizeof file->hash);
  file->has_hash = TRUE;
  write_frame (self, FRAME_END, number, hash, sizeof file->hash);
  end_half (self, file, &file->is_sent);
}

void
ibb_bundle_accept (IBBBundle *self, guint32 number, guint64 offset)
{
  IBBBundleFile *file = find (self, number);
  guint64        payload = GUINT64_TO_BE (offset);

  /* The sender may have failed the file. */
  if (file == NULL || file->is_decided)
    return;
  g_assert (!self->is_sender && !file->is_accepted && offset <= file->size);

  file->is_accepted = TRUE;
  file->left = file->size - offset;
  write_frame (self, FRAME_ACCEPT, number, &payload, sizeof payload);
}

void
ibb_bundle_deliver (IBBBundle *self, guint32 number)
{
  IBBBundleFile *file = find (self, number);

  if (file == NULL || file->is_decided)
    return;
  g_assert (!self->is_sender && file->has_hash);

  write_frame (self, FRAME_DELIVERED, number, file->hash, sizeof file->hash);
  end_half (self, file, &file->is_decided);
}

void
ibb_bundle_fail (IBBBundle *self, guint32 number, const char *reason, const char *text)
{
  IBBBundleFile *file = find (self, number);

  if (file == NULL || *get_own_half (self, file))
    return;
  write_fail (self, number, reason, text);
  end_half (self, file, get_own_half (self, file));
}
