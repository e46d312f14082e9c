/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "files/protocol/bundle.h"

#include "base/foreign-text.h"
#include "files/protocol/offer.h"

#include <string.h>

#define HEADER_LENGTH 8 /* bytes: the type, three of the length, four of the number */
#define REASON_MAX 1024 /* bytes of a reason and its text in a frame */
#define WORD_MAX 64     /* bytes of the reason alone */
#define FOLDER_LENGTH 4 /* bytes: the number of the folder of an entry */

typedef enum
{
  FRAME_PADDING,
  FRAME_OFFER,
  FRAME_ACCEPT,
  FRAME_DATA,
  FRAME_END,
  FRAME_DELIVERED,
  FRAME_FAIL,
  FRAME_ENTRY,
  N_FRAMES
} FrameType;

static const guint8 no_hash[IBB_BUNDLE_HASH_LENGTH]; /* of a folder that has ended */

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
  [FRAME_ENTRY] = { FOLDER_LENGTH + 1, FOLDER_LENGTH + IBB_BUNDLE_DESCRIPTION_MAX },
};

typedef struct
{
  guint32  number;
  gsize    n_description; /* bytes */
  guint64  size;
  guint64  left; /* bytes to move, once it is accepted; of a folder, that entries may still have */
  guint32  folder; /* number, of an entry */
  gboolean is_folder;
  guint    n_entries;  /* of a folder: that are not offered yet */
  guint    n_open;     /* of these that are, the ones that have not ended */
  gboolean has_failed; /* of a folder: an entry */
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
  self->last_entry = IBB_BUNDLE_FIRST_ENTRY - 1;
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

static gboolean *
get_own_half (const IBBBundle *self, IBBBundleFile *file)
{
  return self->is_sender ? &file->is_sent : &file->is_decided;
}

/* folder: (nullable). */
static IBBBundleFile *
add (IBBBundle        *self,
     guint32           number,
     IBBBundleFile    *folder,
     IBBFilesMetadata *metadata,
     gsize             n_description)
{
  IBBBundleFile *file = g_new0 (IBBBundleFile, 1);

  file->number = number;
  file->size = ibb_files_metadata_get_size (metadata);
  file->folder = folder != NULL ? folder->number : 0;
  file->is_folder = folder == NULL && ibb_files_metadata_get_is_folder (metadata);
  file->n_entries = file->is_folder ? ibb_files_metadata_get_n_files (metadata) : 0;
  file->n_description = n_description;
  self->n_open_bytes += n_description;
  g_hash_table_insert (self->files, &file->number, file);
  return file;
}

static void
forget (IBBBundle *self, IBBBundleFile *file)
{
  IBBBundleFile *folder = find (self, file->folder);

  if (!file->is_sent || !file->is_decided)
    return;
  if (folder != NULL)
    folder->n_open--;
  self->n_open_bytes -= file->n_description;
  g_hash_table_remove (self->files, &file->number);
}

static void
add_entry (IBBBundle *self, IBBBundleFile *folder, IBBFilesMetadata *metadata, gsize n_description)
{
  IBBBundleFile *file = add (self, ++self->last_entry, folder, metadata, n_description);

  folder->n_entries--;
  folder->n_open++;
  folder->left -= file->size;
  /* An entry that has crossed the end of our half of its folder. */
  *get_own_half (self, file) = *get_own_half (self, folder);
}

static gboolean *
get_other_half (const IBBBundle *self, IBBBundleFile *file)
{
  return self->is_sender ? &file->is_decided : &file->is_sent;
}

/* The end of a failed folder is that of its entries, of which neither end says more. by_peer: nor
 * do frames that have crossed the failure. */
static void
end_entries (IBBBundle *self, IBBBundleFile *folder, gboolean by_peer)
{
  GHashTableIter iter;
  gpointer       value;

  g_hash_table_iter_init (&iter, self->files);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      IBBBundleFile *file = value;

      if (file->folder != folder->number)
        continue;
      *get_own_half (self, file) = TRUE;
      *get_other_half (self, file) |= by_peer;
      if (file->is_sent && self->turn == file->number)
        self->turn = 0;
      if (!file->is_sent || !file->is_decided)
        continue;
      folder->n_open--;
      self->n_open_bytes -= file->n_description;
      g_hash_table_iter_remove (&iter);
    }
}

/* half: ours, or the peer's. */
static void
end_half (IBBBundle *self, IBBBundleFile *file, gboolean *half)
{
  *half = TRUE;
  if (file->is_sent && self->turn == file->number)
    self->turn = 0;
  forget (self, file);
}

/* The folder of the entry will not end as whole. */
static void
note_failure (IBBBundle *self, const IBBBundleFile *entry)
{
  IBBBundleFile *folder = find (self, entry->folder);

  if (folder != NULL)
    folder->has_failed = TRUE;
}

static gboolean
is_complete (const IBBBundleFile *file)
{
  return file->n_entries == 0 && file->n_open == 0 && file->left == 0;
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
write_fail (IBBBundle *self, guint32 number, IBBReason reason, const char *text)
{
  const char      *word = ibb_reason_get_word (reason);
  g_autofree char *shown = ibb_foreign_text_dup (text);
  g_autofree char *payload =
      shown != NULL ? g_strdup_printf ("%s\n%s", word, shown) : g_strdup (word);
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
ibb_bundle_take_output (IBBBundle *self, gboolean is_padded)
{
  gsize   rest = self->output->len % IBB_BUNDLE_BLOCK_SIZE;
  gsize   left = rest > 0 ? IBB_BUNDLE_BLOCK_SIZE - rest : 0;
  GBytes *bytes;

  if (self->output->len == 0)
    return NULL;
  if (is_padded && left > 0)
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
         self->last < IBB_BUNDLE_FIRST_ENTRY - 1 && self->last_entry < G_MAXUINT32;
}

gboolean
ibb_bundle_can_describe (IBBFilesMetadata *metadata)
{
  g_autoptr (GString) xml = ibb_offer_write (metadata);

  return xml->len <= IBB_BUNDLE_DESCRIPTION_MAX;
}

gboolean
ibb_bundle_is_open (const IBBBundle *self, guint32 number)
{
  IBBBundleFile *file = find (self, number);

  return file != NULL && !*get_own_half (self, file);
}

guint32
ibb_bundle_offer (IBBBundle *self, IBBFilesMetadata *metadata)
{
  g_autoptr (GString) xml = ibb_offer_write (metadata);

  g_assert (self->is_sender && ibb_bundle_has_room (self));

  if (xml->len > IBB_BUNDLE_DESCRIPTION_MAX)
    return 0;
  add (self, ++self->last, NULL, metadata, xml->len);
  write_frame (self, FRAME_OFFER, self->last, xml->str, xml->len);
  return self->last;
}

guint32
ibb_bundle_offer_entry (IBBBundle *self, guint32 folder, IBBFilesMetadata *metadata)
{
  g_autoptr (GString) xml = ibb_offer_write (metadata);
  IBBBundleFile      *file = find (self, folder);
  guint32             prefix = GUINT32_TO_BE (folder);

  g_assert (self->is_sender && ibb_bundle_has_room (self));
  g_assert (file->is_folder && file->is_accepted && !file->is_sent && file->n_entries > 0);

  if (xml->len > IBB_BUNDLE_DESCRIPTION_MAX)
    return 0;
  add_entry (self, file, metadata, xml->len);
  g_string_prepend_len (xml, (const char *) &prefix, FOLDER_LENGTH);
  write_frame (self, FRAME_ENTRY, self->last_entry, xml->str, xml->len);
  return self->last_entry;
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

  g_assert (self->is_sender && ibb_bundle_can_send (self, number) && is_complete (file));

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
  g_assert (!file->is_folder || offset == 0);

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
ibb_bundle_fail (IBBBundle *self, guint32 number, IBBReason reason, const char *text)
{
  IBBBundleFile *file = find (self, number);

  if (file == NULL || *get_own_half (self, file))
    return;
  write_fail (self, number, reason, text);
  note_failure (self, file);
  if (file->is_folder)
    end_entries (self, file, FALSE);
  end_half (self, file, get_own_half (self, file));
}

/* Reading. */

void
ibb_bundle_announce (IBBBundle *self, IBBFilesMetadata *metadata)
{
  g_assert (!self->is_sender && self->last == 0);

  self->is_announced = TRUE;
  add (self, 1, NULL, metadata, 0);
}

/* Whether each end sends frames of the type. */
static gboolean
is_for_this_end (const IBBBundle *self, FrameType type)
{
  if (type == FRAME_PADDING || type == FRAME_FAIL)
    return TRUE;
  return self->is_sender == (type == FRAME_ACCEPT || type == FRAME_DELIVERED);
}

/* Reads the description of a file into the metadata of the event. Returns the mistake of the peer;
 * NULL: there is none. */
static const char *
read_description (IBBBundle *self, const guint8 *payload, gsize length, IBBBundleEvent *event)
{
  if (g_hash_table_size (self->files) >= IBB_BUNDLE_OPEN_MAX ||
      self->n_open_bytes + length > IBB_BUNDLE_OPEN_BYTES_MAX)
    return "too many files were offered at once";
  g_clear_object (&self->metadata); /* of an entry that was no event */
  self->metadata = ibb_offer_read (payload, length);
  if (self->metadata == NULL)
    return "an offer does not say what is offered";
  event->metadata = self->metadata;
  return NULL;
}

static const char *
read_offer (
    IBBBundle *self, guint32 number, const guint8 *payload, gsize length, IBBBundleEvent *event)
{
  const char *mistake;

  if (self->last == IBB_BUNDLE_FIRST_ENTRY - 1 || number != self->last + 1)
    return "an offer has not the next number";
  if (self->is_announced)
    {
      self->is_announced = FALSE;
      self->last++;
      return NULL;
    }
  mistake = read_description (self, payload, length, event);
  if (mistake != NULL)
    return mistake;
  add (self, ++self->last, NULL, self->metadata, length);
  event->type = IBB_BUNDLE_OFFERED;
  return NULL;
}

static const char *
read_entry (
    IBBBundle *self, guint32 number, const guint8 *payload, gsize length, IBBBundleEvent *event)
{
  IBBBundleFile *folder;
  const char    *mistake;

  memcpy (&event->folder, payload, FOLDER_LENGTH);
  event->folder = GUINT32_FROM_BE (event->folder);
  folder = find (self, event->folder);
  if (self->last_entry == G_MAXUINT32 || number != self->last_entry + 1)
    return "an offer has not the next number";
  if (folder == NULL || !folder->is_folder || folder->is_sent)
    return "an entry names a folder that is not open";
  if (!folder->is_accepted)
    return "an entry came of a folder that was not accepted";
  if (folder->n_entries == 0)
    return "more entries came than were offered";
  mistake = read_description (self, payload + FOLDER_LENGTH, length - FOLDER_LENGTH, event);
  if (mistake != NULL)
    return mistake;
  if (ibb_files_metadata_get_is_folder (self->metadata) &&
      ibb_files_metadata_get_n_files (self->metadata) > 0)
    return "an entry is a folder with files of its own";
  if (ibb_files_metadata_get_size (self->metadata) >
      (ibb_files_metadata_get_is_folder (self->metadata) ? 0 : folder->left))
    return "more bytes came than were offered";
  add_entry (self, folder, self->metadata, length - FOLDER_LENGTH);
  if (!folder->is_decided)
    event->type = IBB_BUNDLE_OFFERED;
  return NULL;
}

static const char *
read_accept (IBBBundleFile *file, const guint8 *payload, IBBBundleEvent *event)
{
  guint64 offset;

  memcpy (&offset, payload, sizeof offset);
  offset = GUINT64_FROM_BE (offset);
  if (file->is_accepted)
    return "a file was accepted twice";
  if (offset > file->size || (file->is_folder && offset > 0))
    return "a file was to begin behind its end";
  file->is_accepted = TRUE;
  file->left = file->size - offset;
  event->type = IBB_BUNDLE_ACCEPTED;
  event->offset = offset;
  return NULL;
}

static const char *
read_data (IBBBundle *self, IBBBundleFile *file, gsize length)
{
  if (!file->is_accepted)
    return "bytes came of a file that was not accepted";
  if (self->turn != 0 && self->turn != file->number)
    return "bytes of two files came in turns";
  if (length > (file->is_folder ? 0 : file->left))
    return "more bytes came than were offered";
  file->left -= length;
  self->turn = file->number;
  return NULL;
}

static const char *
check_folder_end (const IBBBundleFile *folder, const guint8 *payload)
{
  if (folder->n_entries > 0 || folder->n_open > 0)
    return "a folder ended before its last entry";
  if (folder->has_failed)
    return "a folder ended as whole, although an entry has failed";
  if (folder->left > 0)
    return "the entries of a folder have fewer bytes than were offered";
  if (memcmp (payload, no_hash, sizeof no_hash) != 0)
    return "the end of a folder has a hash";
  return NULL;
}

static const char *
read_end (IBBBundle *self, IBBBundleFile *file, const guint8 *payload)
{
  const char *mistake = read_data (self, file, 0);

  if (mistake == NULL && file->is_folder)
    mistake = check_folder_end (file, payload);
  else if (mistake == NULL && file->left > 0)
    mistake = "a file ended before its last byte";
  if (mistake != NULL)
    return mistake;
  memcpy (file->hash, payload, sizeof file->hash);
  file->has_hash = TRUE;
  end_half (self, file, &file->is_sent);
  return NULL;
}

static gboolean
is_word (const char *text)
{
  gsize length = strlen (text);

  for (gsize i = 0; i < length; i++)
    if (!g_ascii_islower (text[i]) && text[i] != '-')
      return FALSE;
  return length > 0 && length <= WORD_MAX;
}

/* Ends both halves: a file that one end has failed is of no use to the other one. */
static const char *
read_fail (IBBBundle      *self,
           IBBBundleFile  *file,
           const guint8   *payload,
           gsize           length,
           IBBBundleEvent *event)
{
  gboolean *own = get_own_half (self, file);
  char     *text;

  g_free (self->reason); /* of a failure that was no event */
  self->reason = g_strndup ((const char *) payload, length);
  text = strchr (self->reason, '\n');
  if (text == NULL && strlen (self->reason) < length)
    return "a failure has no reason";
  if (text != NULL)
    *text++ = '\0';
  if (!is_word (self->reason))
    return "a failure has no reason";
  event->reason = self->reason;
  event->text = text != NULL && g_utf8_validate (text, -1, NULL) ? text : NULL;
  event->is_accepted = file->is_accepted;
  if (!*own || file->has_hash)
    event->type = IBB_BUNDLE_FAILED;
  if (!*own)
    write_fail (self, file->number, IBB_REASON_GONE, NULL);
  *own = TRUE;
  note_failure (self, file);
  if (file->is_folder)
    end_entries (self, file, TRUE);
  end_half (self, file, get_other_half (self, file));
  return NULL;
}

static const char *
read_delivered (IBBBundle *self, IBBBundleFile *file, const guint8 *payload, IBBBundleEvent *event)
{
  if (!file->has_hash || memcmp (payload, file->hash, sizeof file->hash) != 0)
    return "another file was delivered than was sent";
  event->type = IBB_BUNDLE_DELIVERED;
  end_half (self, file, &file->is_decided);
  return NULL;
}

/* Reads a frame of an offered file. The bytes of a file that this end has failed are only
 * counted. */
static const char *
read_of_file (IBBBundle      *self,
              FrameType       type,
              IBBBundleFile  *file,
              const guint8   *payload,
              gsize           length,
              IBBBundleEvent *event)
{
  gboolean    is_failed = *get_own_half (self, file) && !file->has_hash;
  const char *mistake;

  if (*get_other_half (self, file))
    return "a frame came after the end of its file";
  if (type == FRAME_FAIL)
    return read_fail (self, file, payload, length, event);
  if (type == FRAME_DELIVERED)
    return read_delivered (self, file, payload, event);
  if (type == FRAME_ACCEPT)
    mistake = read_accept (file, payload, event);
  else if (type == FRAME_DATA)
    {
      mistake = read_data (self, file, length);
      event->type = IBB_BUNDLE_DATA;
    }
  else
    {
      mistake = read_end (self, file, payload);
      event->type = IBB_BUNDLE_ENDED;
    }
  event->data = payload;
  event->length = length;
  if (is_failed)
    event->type = IBB_BUNDLE_NOTHING;
  return mistake;
}

static const char *
read_frame (IBBBundle      *self,
            FrameType       type,
            guint32         number,
            const guint8   *payload,
            gsize           length,
            IBBBundleEvent *event)
{
  IBBBundleFile *file = find (self, number);

  event->number = number;
  if (type == FRAME_PADDING)
    return number == 0 ? NULL : "padding has the number of a file";
  if (type == FRAME_OFFER)
    return read_offer (self, number, payload, length, event);
  if (self->is_announced || (file == NULL && type != FRAME_ENTRY))
    return "a frame names a file that was not offered";
  if (type == FRAME_ENTRY)
    return read_entry (self, number, payload, length, event);
  event->folder = file->folder;
  return read_of_file (self, type, file, payload, length, event);
}

/* FALSE: it is not whole. */
static gboolean
take_frame (IBBBundle *self, IBBBundleEvent *event)
{
  gsize         left = self->input->len - self->n_taken;
  const guint8 *header;
  gsize         length;
  guint32       number;

  if (left < HEADER_LENGTH)
    return FALSE;
  header = self->input->data + self->n_taken;
  length = (gsize) header[1] << 16 | (gsize) header[2] << 8 | header[3];
  number =
      (guint32) header[4] << 24 | (guint32) header[5] << 16 | (guint32) header[6] << 8 | header[7];
  if (header[0] >= N_FRAMES || !is_for_this_end (self, header[0]))
    self->mistake = "a frame is of a type that this end does not take";
  else if (length < lengths[header[0]].min || length > lengths[header[0]].max)
    self->mistake = "a frame has a length that it may not have";
  else if (left < HEADER_LENGTH + length)
    return FALSE;
  else
    self->mistake = read_frame (self, header[0], number, header + HEADER_LENGTH, length, event);
  if (self->mistake != NULL)
    event->type = IBB_BUNDLE_BROKEN;
  else
    self->n_taken += HEADER_LENGTH + length;
  return TRUE;
}

void
ibb_bundle_push (IBBBundle *self, const void *bytes, gsize length)
{
  if (self->mistake != NULL)
    return;
  if (self->n_taken > 0)
    g_byte_array_remove_range (self->input, 0, (guint) self->n_taken);
  self->n_taken = 0;
  g_byte_array_append (self->input, bytes, (guint) length);
}

gboolean
ibb_bundle_next (IBBBundle *self, IBBBundleEvent *event)
{
  *event = (IBBBundleEvent){ IBB_BUNDLE_NOTHING };
  g_clear_object (&self->metadata);
  g_clear_pointer (&self->reason, g_free);
  while (event->type == IBB_BUNDLE_NOTHING)
    if (self->mistake != NULL || !take_frame (self, event))
      return FALSE;
  return TRUE;
}

gboolean
ibb_bundle_is_idle (const IBBBundle *self)
{
  return g_hash_table_size (self->files) == 0 && self->n_taken == self->input->len;
}
