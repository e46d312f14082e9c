/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/transfer/quota.h"

#include "tool/account/options.h"
#include "tool/transfer/entries.h"
#include "tool/transfer/watched.h"
#include "tool/words/jid.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENTRY_MIN 4096 /* bytes that a file or folder counts, at least */

gboolean
tool_quota_parse_limit (const char *text, guint64 *limit)
{
  return text == NULL || (tool_options_parse_size (text, limit) && *limit > 0);
}

struct _ToolQuota
{
  guint64 max_size;
  guint64 max_total;
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

static gboolean
is_folder (IBBFilesTransfer *transfer)
{
  return ibb_files_metadata_get_is_folder (ibb_files_transfer_get_metadata (transfer));
}

static guint64
add (guint64 a, guint64 b)
{
  return b <= G_MAXUINT64 - a ? a + b : G_MAXUINT64;
}

/* What the transfer may add to an empty folder. */
static guint64
get_cost (IBBFilesTransfer *transfer)
{
  guint n_files = ibb_files_metadata_get_n_files (ibb_files_transfer_get_metadata (transfer));

  return is_folder (transfer) ? add (get_size (transfer), ((guint64) n_files + 1) * ENTRY_MIN)
                              : MAX (get_size (transfer), ENTRY_MIN);
}

/* Adds what is in the folder. What the user cannot read was not put there by a peer, and what goes
 * meanwhile does not count. Returns 0 or an errno. */
static int
add_folder (int folder, guint depth, guint64 *total)
{
  g_autoptr (GPtrArray) names = tool_entries_list (folder);
  int                   failure = names != NULL || errno == EACCES ? 0 : errno;

  for (guint i = 0; failure == 0 && names != NULL && i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);
      struct stat info;
      int         below;

      if (fstatat (folder, name, &info, AT_SYMLINK_NOFOLLOW) != 0)
        {
          failure = errno == ENOENT ? 0 : errno;
          continue;
        }
      *total = add (*total,
                    S_ISREG (info.st_mode) ? MAX ((guint64) info.st_size, ENTRY_MIN) : ENTRY_MIN);
      if (!S_ISDIR (info.st_mode) || depth == TOOL_ENTRIES_DEPTH_MAX)
        continue;
      below = tool_entries_open (folder, name);
      if (below < 0)
        {
          failure = errno == ENOENT || errno == EACCES ? 0 : errno;
          continue;
        }
      failure = add_folder (below, depth + 1, total);
      close (below);
    }
  return failure;
}

/* Of a file, the bytes of the part that it goes on with. */
static guint64
get_part_size (IBBFilesTransfer *transfer, GFile *folder)
{
  guint64 size = ibb_files_part_query_stored (transfer, folder);

  return size > 0 ? MAX (size, ENTRY_MIN) : 0;
}

static gint64
get_time (IBBFilesTransfer *transfer)
{
  GDateTime *date = ibb_files_metadata_get_date (ibb_files_transfer_get_metadata (transfer));

  return date != NULL ? g_date_time_to_unix (date) : 0;
}

/* Whether both are of one file or folder of an account. */
static gboolean
is_twin (IBBFilesTransfer *transfer, IBBFilesTransfer *other)
{
  IBBFilesMetadata *metadata = ibb_files_transfer_get_metadata (transfer);
  IBBFilesMetadata *other_metadata = ibb_files_transfer_get_metadata (other);
  g_autofree char  *account = tool_jid_dup_bare (ibb_files_transfer_get_peer_jid (transfer));
  g_autofree char  *other_account = tool_jid_dup_bare (ibb_files_transfer_get_peer_jid (other));

  return transfer != other && is_folder (transfer) == is_folder (other) &&
         ibb_files_metadata_get_n_files (metadata) ==
             ibb_files_metadata_get_n_files (other_metadata) &&
         get_size (transfer) == get_size (other) && get_time (transfer) == get_time (other) &&
         g_strcmp0 (ibb_files_metadata_get_name (metadata),
                    ibb_files_metadata_get_name (other_metadata)) == 0 &&
         g_str_equal (account, other_account);
}

/* The offer does not end an earlier transfer whose bytes are all here. */
gboolean
tool_quota_is_again (IBBFilesTransfer *transfer, IBBFilesTransfer *other)
{
  return is_twin (transfer, other) &&
         ibb_files_transfer_get_state (other) < IBB_FILES_STATE_CHECKING;
}

static gboolean
has_twin (IBBFilesTransfer *transfer, GQueue *receiving)
{
  for (GList *l = receiving->head; l != NULL; l = l->next)
    if (is_twin (transfer, tool_watched_get_transfer (l->data)))
      return TRUE;
  return FALSE;
}

/* What a transfer on the way may still add to the folder. One of two for the same file has the
 * part. */
static guint64
get_rest (IBBFilesTransfer *transfer, GQueue *receiving, GFile *folder)
{
  guint64 cost = get_cost (transfer);
  guint64 part = has_twin (transfer, receiving) ? 0 : get_part_size (transfer, folder);

  return cost - MIN (cost, MAX (part, ibb_files_transfer_get_bytes_moved (transfer)));
}

/* Adds what will be in the folder, and apart from that what the offered file adds. All that is on
 * the way is looked at before the folder: what comes meanwhile counts twice, rather than never.
 * Returns 0 or an errno. */
static int
get_total (
    const char *path, GQueue *receiving, IBBFilesTransfer *transfer, guint64 *total, guint64 *added)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  gboolean          has_part = TRUE;
  int               folder = tool_entries_open (AT_FDCWD, path);
  int               failure;

  if (folder < 0)
    return errno;
  for (GList *l = receiving->head; l != NULL; l = l->next)
    {
      IBBFilesTransfer *other = tool_watched_get_transfer (l->data);

      if (tool_quota_is_again (transfer, other))
        continue;
      has_part = has_part && !is_twin (transfer, other);
      *total = add (*total, get_rest (other, receiving, file));
    }
  *added = get_cost (transfer);
  if (has_part)
    *added -= MIN (*added, get_part_size (transfer, file));
  failure = add_folder (folder, 0, total);
  close (folder);
  return failure;
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
  guint64          total = 0, added = 0;
  int              failure;

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
  failure = get_total (folder, receiving, transfer, &total, &added);
  if (failure != 0)
    {
      /* Translators: a size, an address, and why the folder cannot be read */
      tool_refusals_note (refusals,
                          _ ("Refused a file of %s from “%s”: --max-total cannot be counted: %s"),
                          size_text, peer, g_strerror (failure));
      return g_strdup ("This end does not know whether it has room for the file");
    }
  if (total > self->max_total || added > self->max_total - total)
    {
      g_autofree char *left = g_format_size_full (self->max_total - MIN (total, self->max_total),
                                                  G_FORMAT_SIZE_IEC_UNITS);

      /* Translators: a size, an address, and the size that is still allowed */
      tool_refusals_note (refusals, _ ("Refused a file of %s from “%s”: --max-total leaves %s"),
                          size_text, peer, left);
      return g_strdup ("This end has no room for a file of this size");
    }
  return NULL;
}
