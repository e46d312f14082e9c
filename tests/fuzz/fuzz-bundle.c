/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The frames of a peer in pieces, and what this end does between them: the first byte says which
 * end it is, a byte from 128 how many bytes follow of a piece, and one below which act comes, and
 * of which file. No event contradicts those before and the acts, nothing is taken or said after a
 * mistake, and what is kept has its bounds. */

#include "config.h"

#include "fuzz.h"

#include "files/ibb-files-metadata-private.h"
#include "files/protocol/bundle.h"

#include <string.h>

#define HEADER_LENGTH 8
#define N_FILES 4 /* that are watched, and as many entries */
#define N_ENTRIES 3
#define SIZE 20 /* of what this end offers */

typedef struct
{
  gboolean is_offered;
  gboolean is_folder;
  gboolean is_accepted;
  gboolean is_ended; /* by the sender */
  gboolean is_over;  /* failed, or delivered */
  guint64  size;
  guint64  left; /* bytes that come, or that this end sends */
} File;

typedef struct
{
  IBBBundle *bundle; /* (owned) */
  File       files[2 * N_FILES];
  guint      n_offered;
  guint      n_entries;
} End;

static guint32
to_number (guint index)
{
  return index < N_FILES ? index + 1 : IBB_BUNDLE_FIRST_ENTRY + index - N_FILES;
}

/* NULL: it is not watched. */
static File *
find (End *self, guint32 number)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->files); i++)
    if (to_number (i) == number)
      return &self->files[i];
  return NULL;
}

static void
take_offer (File *file, const IBBBundleEvent *event)
{
  g_autofree char *name = ibb_files_metadata_dup_safe_name (event->metadata);

  g_assert (!file->is_offered && *name != '\0');
  file->is_offered = TRUE;
  file->is_folder = ibb_files_metadata_get_is_folder (event->metadata);
  file->size = ibb_files_metadata_get_size (event->metadata);
  g_assert (file->size <= G_MAXINT64);
}

static void
take_event (End *self, const IBBBundleEvent *event)
{
  gboolean is_sender = self->bundle->is_sender;
  File    *file = find (self, event->number);

  g_assert ((event->type == IBB_BUNDLE_BROKEN) == (self->bundle->mistake != NULL));
  if (event->type == IBB_BUNDLE_BROKEN || file == NULL)
    return;
  /* Entries end with their folder, which their events may have crossed. */
  g_assert (!file->is_over || event->folder > 0);
  g_assert (file->is_offered || event->type == IBB_BUNDLE_OFFERED);
  switch (event->type)
    {
    case IBB_BUNDLE_OFFERED:
      g_assert (!is_sender);
      take_offer (file, event);
      break;
    case IBB_BUNDLE_ACCEPTED:
      g_assert (is_sender && !file->is_accepted && event->offset <= file->size);
      file->is_accepted = TRUE;
      file->left = file->size - event->offset;
      break;
    case IBB_BUNDLE_DATA:
      g_assert (!is_sender && file->is_accepted && !file->is_ended);
      g_assert (event->length > 0 && event->length <= file->left);
      file->left -= event->length;
      break;
    case IBB_BUNDLE_ENDED:
      g_assert (!is_sender && file->is_accepted && !file->is_ended);
      g_assert (event->length == IBB_BUNDLE_HASH_LENGTH && (file->is_folder || file->left == 0));
      file->is_ended = TRUE;
      break;
    case IBB_BUNDLE_DELIVERED:
      g_assert (is_sender && file->is_ended);
      file->is_over = TRUE;
      break;
    default:
      g_assert (event->type == IBB_BUNDLE_FAILED && *event->reason != '\0');
      file->is_over = TRUE;
    }
}

static void
push (End *self, const uint8_t *bytes, gsize length)
{
  IBBBundle     *bundle = self->bundle;
  gboolean       was_broken = bundle->mistake != NULL;
  gsize          n_output = ibb_bundle_get_n_output (bundle);
  IBBBundleEvent event;

  ibb_bundle_push (bundle, bytes, length);
  while (ibb_bundle_next (bundle, &event))
    {
      g_assert (!was_broken && event.type != IBB_BUNDLE_NOTHING);
      take_event (self, &event);
    }
  g_assert (!was_broken || ibb_bundle_get_n_output (bundle) == n_output);
  g_assert (bundle->input->len - bundle->n_taken < HEADER_LENGTH + IBB_BUNDLE_DATA_MAX + length);
  g_assert (bundle->n_open_bytes <= IBB_BUNDLE_OPEN_BYTES_MAX);
  g_assert (g_hash_table_size (bundle->files) <= IBB_BUNDLE_OPEN_MAX);
}

/* The acts of one end. */

static void
offer (End *self, guint index)
{
  g_autoptr (IBBFilesMetadata) metadata = ibb_files_metadata_new ("a", SIZE);
  gboolean                     is_entry = index >= N_FILES;
  gboolean                     is_folder = index == 0;
  guint32                      number;
  File                        *file;

  if (!ibb_bundle_has_room (self->bundle) || self->n_offered + self->n_entries == 2 * N_FILES)
    return;
  if (is_entry)
    {
      if (!self->files[0].is_folder || !self->files[0].is_accepted ||
          !ibb_bundle_is_open (self->bundle, 1) || self->n_entries == N_ENTRIES)
        return;
      number = ibb_bundle_offer_entry (self->bundle, 1, metadata);
      g_assert (number == to_number (N_FILES + self->n_entries++));
    }
  else
    {
      if (is_folder)
        ibb_files_metadata_set_folder (metadata, N_ENTRIES);
      number = ibb_bundle_offer (self->bundle, metadata);
      g_assert (number == ++self->n_offered);
    }
  file = find (self, number);
  if (file != NULL)
    *file = (File){ .is_offered = TRUE, .is_folder = !is_entry && is_folder, .size = SIZE };
}

static void
act_as_sender (End *self, guint act, guint index, File *file)
{
  static const guint8 zeros[IBB_BUNDLE_HASH_LENGTH];
  guint32             number = to_number (index);

  if (act == 0)
    offer (self, index);
  else if (act == 1 && file->left > 0 && !file->is_folder &&
           ibb_bundle_can_send (self->bundle, number))
    {
      gsize n = MIN (file->left, SIZE / 2);

      ibb_bundle_send (self->bundle, number, zeros, n);
      file->left -= n;
    }
  else if (act == 2 && file->left == 0 && !file->is_folder &&
           ibb_bundle_can_send (self->bundle, number))
    {
      ibb_bundle_end (self->bundle, number, zeros);
      file->is_ended = TRUE;
    }
}

static void
act_as_receiver (End *self, guint act, guint index, File *file)
{
  guint32 number = to_number (index);

  if (act < 2 && file->is_offered && !file->is_accepted)
    {
      guint64 offset = file->is_folder ? 0 : MIN (act, file->size);

      ibb_bundle_accept (self->bundle, number, offset);
      file->is_accepted = TRUE;
      file->left = file->size - offset;
    }
  else if (act == 2 && file->is_ended)
    {
      ibb_bundle_deliver (self->bundle, number);
      file->is_over = TRUE;
    }
}

static void
do_act (End *self, guint8 byte)
{
  guint              act = byte & 7;
  guint              index = (byte >> 3) % G_N_ELEMENTS (self->files);
  File              *file = &self->files[index];
  g_autoptr (GBytes) output = NULL;

  if (act == 7)
    ibb_bundle_pad (self->bundle);
  else if (act == 6)
    output = ibb_bundle_take_output (self->bundle, TRUE);
  else if (act == 5)
    {
      file->is_over |= ibb_bundle_is_open (self->bundle, to_number (index));
      ibb_bundle_fail (self->bundle, to_number (index), IBB_REASON_CANCEL, "t");
    }
  else if (self->bundle->is_sender)
    act_as_sender (self, act, index, file);
  else
    act_as_receiver (self, act, index, file);
  g_assert (output == NULL || g_bytes_get_size (output) % IBB_BUNDLE_BLOCK_SIZE == 0);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (IBBBundle) bundle = ibb_bundle_new (size > 0 && data[0] % 2 == 1);
  End                   self = { .bundle = bundle };

  for (size_t i = 1; i < size; i++)
    {
      size_t n = MIN ((size_t) (data[i] & 127), size - i - 1);

      if (data[i] < 128)
        do_act (&self, data[i]);
      else
        {
          push (&self, data + i + 1, n);
          i += n;
        }
    }
  return 0;
}
