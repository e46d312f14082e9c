/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "quota.h"

#include "files/part-file.h"
#include "options.h"
#include "watched.h"

#include <glib/gi18n.h>

gboolean
tool_quota_parse_limit (const char *text, guint64 *limit)
{
  return text == NULL || (tool_options_parse_size (text, limit) && *limit > 0);
}

struct _ToolQuota
{
  guint64 max_size;
  guint64 max_total;
  guint64 received; /* bytes of the files that are whole, and of folders all that came */
};

ToolQuota *
tool_quota_new (guint64 max_size, guint64 max_total)
{
  ToolQuota *self = g_new0 (ToolQuota, 1);

  self->max_size = max_size;
  self->max_total = max_total;
  return self;
}

void
tool_quota_free (ToolQuota *self)
{
  g_free (self);
}

static guint64
get_size (IBBFilesTransfer *transfer)
{
  return ibb_files_metadata_get_size (ibb_files_transfer_get_metadata (transfer));
}

static char *
dup_key (IBBFilesTransfer *transfer)
{
  IBBFilesMetadata *metadata = ibb_files_transfer_get_metadata (transfer);
  g_autofree char  *text = ibb_part_file_dup_text (
       ibb_files_transfer_get_peer_jid (transfer), ibb_files_metadata_get_name (metadata),
       ibb_files_metadata_get_size (metadata), ibb_files_metadata_get_date (metadata));

  return ibb_part_file_dup_key (text);
}

static gboolean
is_folder (IBBFilesTransfer *transfer)
{
  return ibb_files_metadata_get_is_folder (ibb_files_transfer_get_metadata (transfer));
}

/* What came of a folder stays, whole or not. */
void
tool_quota_add (ToolQuota *self, IBBFilesTransfer *transfer, gboolean is_whole)
{
  if (is_folder (transfer))
    self->received += ibb_files_transfer_get_bytes_moved (transfer) -
                      ibb_files_transfer_get_bytes_resumed (transfer);
  else if (is_whole)
    self->received += get_size (transfer);
}

/* A file on the way counts with its whole size, and the part that it goes on with does not count.
 * Neither count the part that the offered file would go on with, and an earlier transfer of that
 * file, which ends. */
static guint64
get_total (const ToolQuota *self, const char *folder, GQueue *receiving, IBBFilesTransfer *transfer)
{
  g_autoptr (GHashTable) keys = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  guint64                total = self->received;

  g_hash_table_add (keys, dup_key (transfer));
  for (GList *l = receiving->head; l != NULL; l = l->next)
    {
      IBBFilesTransfer *other = tool_watched_get_transfer (l->data);

      if (is_folder (other) || g_hash_table_add (keys, dup_key (other)))
        total += get_size (other);
    }
  return total + ibb_part_file_sum (folder, keys);
}

char *
tool_quota_dup_objection (const ToolQuota  *self,
                          const char       *folder,
                          GQueue           *receiving,
                          IBBFilesTransfer *transfer,
                          ToolRefusals     *refusals)
{
  const char      *peer = ibb_files_transfer_get_peer_jid (transfer);
  guint64          size = get_size (transfer);
  g_autofree char *size_text = g_format_size_full (size, G_FORMAT_SIZE_IEC_UNITS);
  guint64          total;

  if (self->max_size > 0 && size > self->max_size)
    {
      g_autofree char *limit = g_format_size_full (self->max_size, G_FORMAT_SIZE_IEC_UNITS);

      /* Translators: a size, an address, and the size that is allowed */
      tool_refusals_note (refusals, _ ("Refused a file of %s from “%s”: --max-size is %s"),
                          size_text, peer, limit);
      return g_strdup_printf ("This end takes files of %" G_GUINT64_FORMAT " bytes at most",
                              self->max_size);
    }
  if (self->max_total == 0)
    return NULL;
  total = get_total (self, folder, receiving, transfer);
  if (total > self->max_total || size > self->max_total - total)
    {
      g_autofree char *left = g_format_size_full (
          total < self->max_total ? self->max_total - total : 0, G_FORMAT_SIZE_IEC_UNITS);

      /* Translators: a size, an address, and the size that is still allowed */
      tool_refusals_note (refusals, _ ("Refused a file of %s from “%s”: --max-total leaves %s"),
                          size_text, peer, left);
      return g_strdup ("This end has no room for a file of this size");
    }
  return NULL;
}
