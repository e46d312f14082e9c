/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "files/move/folder-sink.h"

#include "base/foreign-text.h"
#include "base/intl.h"
#include "files/disk/file-name.h"
#include "files/disk/part-file.h"
#include "files/disk/walk.h"
#include "files/ibb-files-metadata-private.h"
#include "files/protocol/folder.h"

#define COMPARED_MAX 8 /* files that are hashed to find the one with the bytes of an entry */

/* An entry that has not ended. No descriptor belongs to it before its first byte. */
typedef struct
{
  guint32    number;
  gboolean   is_folder;
  char      *path; /* (owned): in the folder */
  guint64    size;
  guint64    offset;
  GDateTime *date;       /* (owned) (nullable) */
  guint      mode;       /* see ibb_files_metadata_set_mode () */
  guint      found;      /* number of the file that is there: 1 has the name itself; 0: none is */
  gboolean   has_others; /* files of its name and size are there, with another date */
} Entry;

typedef struct
{
  char         *path;     /* (owned) */
  char         *peer_jid; /* (owned) */
  char         *offer;    /* (owned): what tells it from others of that place */
  IBBSinkPolicy policy;
  guint         mode; /* of the folder, see ibb_files_metadata_set_mode () */

  IBBWalk     walk;
  int         named;    /* the folder in which the last files got their names, or -1 */
  char       *place;    /* (owned) (nullable): the path of that folder in this one */
  int         failure;  /* errno of names that could not be had on the disk; 0: none */
  gboolean    has_room; /* for a part */
  guint       n_made;   /* folders */
  GHashTable *entries;  /* (owned) (element-type guint32 Entry) */
  GQueue      whole;    /* numbers: of entries to be delivered */
  guint32     begun;    /* number of the entry whose bytes have begun, or 0 */
  IBBMover   *mover;    /* (owned) (nullable): of this entry */
} IBBFolderSink;

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  g_free (entry->path);
  g_clear_pointer (&entry->date, g_date_time_unref);
  g_free (entry);
}

/* Returns FALSE, for the caller to return. path (nullable): in the folder. */
static gboolean
fail (IBBFolderSink *self, const char *path, int failure, GError **error)
{
  g_autofree char *place = g_build_filename (self->path, path, NULL);
  g_autofree char *shown = g_filename_display_name (place);

  /* O_NOFOLLOW fails with ELOOP. */
  return ibb_sink_fail (shown, failure == ELOOP ? ENOTDIR : failure, error);
}

/* The folders. */

/* Opens a folder, which is made if it is not there. Its name is on the disk when this returns, also
 * that of a folder that an interrupted transfer has made, unless is_synced. Returns -1 with errno.
 */
static int
enter (IBBFolderSink *self, int parent, const char *name, guint mode, gboolean is_synced)
{
  int folder;
  int failure;

  IBB_DISK_CALL (folder, open_folder_in (parent, name));
  if (folder < 0 && errno == ENOENT)
    {
      is_synced = FALSE;
      /* A path has many folders: as many as a folder may have files are enough. */
      if (self->n_made == IBB_FOLDER_ENTRIES_MAX)
        errno = EMLINK;
      else if (ibb_disk->make_folder_in (parent, name, mode) == 0 || errno == EEXIST)
        {
          self->n_made++;
          IBB_DISK_CALL (folder, open_folder_in (parent, name));
        }
    }
  if (folder < 0 || is_synced || ibb_disk_sync_folder (parent) == 0)
    return folder;
  failure = errno;
  ibb_disk->close (folder);
  errno = failure;
  return -1;
}

static int
enter_way (gpointer data, int above, const char *name, gboolean is_known)
{
  return enter (data, above, name, 0777, is_known);
}

static gboolean
go_to (IBBFolderSink *self, const char *path, GError **error)
{
  int failure;

  if (g_strcmp0 (path, self->walk.path) != 0)
    self->has_room = FALSE;
  failure = ibb_walk_to (&self->walk, path, enter_way, self);
  return failure == 0 || fail (self, path, failure, error);
}

static gboolean
go_to_entry (IBBFolderSink *self, const Entry *entry, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (entry->path);

  return go_to (self, entry->is_folder ? entry->path : folder, error);
}

/* Makes a folder with its rights, if it is not there: go_to () does not know them. */
static gboolean
make_folder (IBBFolderSink *self, const Entry *entry, GError **error)
{
  g_autofree char *parent = g_path_get_dirname (entry->path);
  g_autofree char *name = g_path_get_basename (entry->path);
  int              folder;

  if (!go_to (self, parent, error))
    return FALSE;
  folder = enter (self, self->walk.folder, name, entry->mode, FALSE);
  if (folder < 0)
    return fail (self, entry->path, errno, error);
  ibb_disk->close (folder);
  return TRUE;
}

/* The names of whole files, which are on the disk before their entries are delivered. */

/* Whether the path leads to the folder: another program may have renamed that, or one above. What
 * has come would then be where nobody looks for it. Returns 0 or an errno. */
static int
check_place (IBBFolderSink *self, const char *path, int folder)
{
  IBBWalk walk = { 0 };
  int     root;
  int     failure;

  IBB_DISK_CALL (root, open_folder (self->path));
  if (root < 0)
    return errno;
  ibb_walk_init (&walk, root);
  failure = ibb_walk_to (&walk, path, NULL, NULL);
  if (failure == 0 && !ibb_disk_is_named (walk.folder, NULL, folder))
    failure = ENOENT;
  ibb_walk_close (&walk);
  return failure;
}

/* Synchronizes the last names. A failure counts for all entries that wait for delivery. */
static void
sync_names (IBBFolderSink *self)
{
  if (self->named < 0)
    return;
  if (self->failure == 0 && ibb_disk_sync_folder (self->named) != 0)
    self->failure = errno;
  if (self->failure == 0)
    self->failure = check_place (self, self->place, self->named);
  ibb_disk->close (self->named);
  self->named = -1;
}

/* Takes the descriptor of a folder in which the entry has got its name. */
static void
add_name (IBBFolderSink *self, const Entry *entry, int folder)
{
  if (self->named >= 0 && !ibb_disk_is_named (self->named, ".", folder))
    sync_names (self);
  if (self->named >= 0)
    {
      ibb_disk->close (folder);
      return;
    }
  self->named = folder;
  g_free (self->place);
  self->place = g_path_get_dirname (entry->path);
}

/* What is there already: the part of an interrupted file, or the file of an earlier transfer, which
 * is found by name, size and date, and compared by its hash at the end. The folder is that which
 * was used last. */

static gint64
get_date (const Entry *entry)
{
  return entry->date != NULL ? g_date_time_to_unix (entry->date) : IBB_SINK_NO_DATE;
}

static IBBSink *
create_sink (IBBFolderSink *self, const Entry *entry, IBBSinkPolicy policy)
{
  g_autofree char *place = g_build_filename (self->path, entry->path, NULL);
  g_autofree char *name = g_path_get_basename (entry->path);
  g_autofree char *key =
      ibb_part_file_dup_text (self->peer_jid, entry->path, entry->size, entry->date);

  return ibb_sink_new_in (self->walk.folder, place, name, key, policy, get_date (entry),
                          entry->mode);
}

/* Opens the next file that may be the one of the entry: with its name or a numbered one, and its
 * size. number: of the last one, at first 0. Returns -1 after the last one. */
static int
open_next (IBBFolderSink *self, const Entry *entry, guint *number, struct stat *info)
{
  g_autofree char *base = g_path_get_basename (entry->path);
  guint            n_names = self->policy == IBB_SINK_NUMBER ? IBB_FILE_NAMES_MAX : 1;

  while (++*number <= n_names)
    {
      g_autofree char *name = ibb_file_name_number (base, *number);
      int              fd;

      if (ibb_disk->stat (self->walk.folder, name, info) != 0)
        break;
      if (!S_ISREG (info->st_mode) || (guint64) info->st_size != entry->size)
        continue;
      IBB_DISK_CALL (fd, open_to_read (self->walk.folder, name));
      if (fd < 0)
        continue;
      if (ibb_disk->stat (fd, NULL, info) == 0 && S_ISREG (info->st_mode) &&
          (guint64) info->st_size == entry->size)
        return fd;
      ibb_disk->close (fd);
    }
  return -1;
}

/* Returns the number of a file of that date, or 0. */
static guint
find_date (IBBFolderSink *self, Entry *entry, gint64 date)
{
  struct stat info;
  guint       number = 0;
  int         fd;

  while ((fd = open_next (self, entry, &number, &info)) >= 0)
    {
      ibb_disk->close (fd);
      if (info.st_mtime == date)
        return number;
      entry->has_others = TRUE;
    }
  return 0;
}

/* The date that a file of the entry would have here. */
static gint64
get_kept_date (IBBFolderSink *self, const Entry *entry)
{
  g_autoptr (IBBSink) sink = create_sink (self, entry, IBB_SINK_NUMBER);

  /* The part of an earlier transfer stays as it is. */
  return ibb_sink_open (sink, entry->size, TRUE, NULL) && ibb_sink_get_length (sink) == 0
             ? ibb_sink_try_date (sink)
             : get_date (entry);
}

/* Returns the number of the file that an earlier transfer seems to have made, or 0. */
static guint
find_file (IBBFolderSink *self, Entry *entry)
{
  gint64 date = get_date (entry);
  guint  found = find_date (self, entry, date);
  gint64 kept;

  if (found > 0 || !entry->has_others || entry->date == NULL)
    return found;
  kept = get_kept_date (self, entry);
  return kept != date ? find_date (self, entry, kept) : 0;
}

/* Finds out how many bytes of the entry are there. */
static gboolean
look (IBBFolderSink *self, Entry *entry, GError **error)
{
  g_autoptr (IBBSink) sink = NULL;

  if (entry->is_folder)
    return make_folder (self, entry, error);
  if (!go_to_entry (self, entry, error))
    return FALSE;
  entry->found = find_file (self, entry);
  if (entry->found > 0)
    {
      entry->offset = entry->size;
      return TRUE;
    }
  sink = create_sink (self, entry, self->policy);
  if (!ibb_sink_open (sink, entry->size, TRUE, error))
    return FALSE;
  entry->offset = ibb_sink_get_length (sink);
  return TRUE;
}

/* Whether a file that is there has the bytes of the entry, and has it on the disk. number: of the
 * last one that is not compared, or 0. Returns 0 or an errno, which is ENOENT without such a file.
 */
static int
check_there (IBBFolderSink *self,
             const Entry   *entry,
             guint          number,
             const char    *hash,
             GCancellable  *cancellable)
{
  int failure = ENOENT;

  for (guint i = 0; i < COMPARED_MAX && failure == ENOENT; i++)
    {
      g_autoptr (IBBHasher) hasher = ibb_hasher_new (IBB_HASHER_DEFAULT);
      g_autofree char      *own = NULL;
      guint64               offset = 0;
      struct stat           info;
      int                   fd = open_next (self, entry, &number, &info);
      int                   result = 0;

      if (fd < 0)
        break;
      /* One byte more, if the file has it meanwhile. */
      failure = ibb_sink_hash_file (fd, hasher, &offset, entry->size + 1, cancellable);
      own = ibb_hasher_finish (hasher);
      if (failure == 0 && !g_str_equal (own, hash))
        failure = ENOENT;
      if (failure == 0)
        IBB_DISK_CALL (result, sync (fd));
      if (result != 0)
        failure = errno;
      ibb_disk->close (fd);
    }
  return failure;
}

static gboolean
check_found (IBBFolderSink *self,
             const Entry   *entry,
             const char    *hash,
             GCancellable  *cancellable,
             GError       **error)
{
  int failure = check_there (self, entry, entry->found - 1, hash, cancellable);

  /* Others may have the size and the date as well, as “Letter” and “letter” have. */
  if (failure == ENOENT && entry->found > 1)
    failure = check_there (self, entry, 0, hash, cancellable);
  if (failure == 0)
    return TRUE;
  if (failure != ENOENT)
    return fail (self, entry->path, failure, error);
  if (!g_cancellable_set_error_if_cancelled (cancellable, error))
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_EXISTS,
                         _ ("Another file with this name, size and date is there"));
  return FALSE;
}

/* Whether a file that is there has the bytes that have come, so that these get no name. */
static gboolean
is_double (IBBFolderSink *self, const Entry *entry, const char *hash, GCancellable *cancellable)
{
  return entry->has_others && self->policy != IBB_SINK_REPLACE && go_to_entry (self, entry, NULL) &&
         check_there (self, entry, 0, hash, cancellable) == 0;
}

/* The entries. */

static void
finish (IBBFolderSink *self, gboolean keeps)
{
  if (self->mover == NULL)
    return;
  if (keeps)
    ibb_sink_settle (self->mover->target->sink);
  self->mover->class->close (self->mover, keeps);
  g_clear_pointer (&self->mover, ibb_mover_unref);
  self->begun = 0;
  self->has_room = self->has_room && !keeps;
}

/* Takes reason, and ends the entry. FALSE: the next ones would fail, too. */
static gboolean
fail_entry (IBBMover *mover, IBBBundle *bundle, Entry *entry, GError *reason, GError **error)
{
  IBBFolderSink *self = mover->folder;
  guint32        number = entry->number;

  /* The caller that has cancelled decides about the part, and has failed the folder. */
  if (g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_error_free (reason);
      return TRUE;
    }
  if (self->begun == number)
    finish (self, !ibb_part_file_is_spoilt_by (reason));
  if (g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_NO_SPACE))
    {
      g_propagate_error (error, reason);
      return FALSE;
    }
  ibb_mover_fail_entry (mover, entry->path, bundle, number, reason);
  g_hash_table_remove (self->entries, &number);
  return TRUE;
}

/* Makes a path that no entry has fit for messages, which quote it as the peer's words. */
static void
clean_path (Entry *entry)
{
  char *line = ibb_foreign_text_dup_line (entry->path);

  g_free (entry->path);
  entry->path = line;
}

static gboolean
take_offer (IBBMover *mover, IBBBundle *bundle, const IBBBundleEvent *event, GError **error)
{
  IBBFolderSink *self = mover->folder;
  Entry         *entry = g_new0 (Entry, 1);
  GDateTime     *date = ibb_files_metadata_get_date (event->metadata);
  GError        *reason = NULL;

  entry->number = event->number;
  entry->is_folder = ibb_files_metadata_get_is_folder (event->metadata);
  entry->path = g_strdup (ibb_files_metadata_get_name (event->metadata));
  entry->size = ibb_files_metadata_get_size (event->metadata);
  entry->mode = ibb_files_metadata_get_mode (event->metadata);
  entry->date = date != NULL ? g_date_time_ref (date) : NULL;
  g_hash_table_insert (self->entries, &entry->number, entry);
  if (!ibb_folder_is_path (entry->path))
    {
      clean_path (entry);
      reason = g_error_new (G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME,
                            _ ("“%s” is no name for a file in this folder"), entry->path);
      return fail_entry (mover, bundle, entry, reason, error);
    }
  if (!look (self, entry, &reason))
    return fail_entry (mover, bundle, entry, reason, error);
  ibb_mover_add_found (mover, entry->offset);
  ibb_bundle_accept (bundle, entry->number, entry->offset);
  return TRUE;
}

/* Opens the part, whose length must still be that of the answer to the offer. */
static gboolean
begin (IBBFolderSink *self, Entry *entry, IBBMover *whole, GError **error)
{
  IBBFileTarget *target;
  int            failure;

  if (self->begun == entry->number)
    return TRUE;
  if (!go_to_entry (self, entry, error))
    return FALSE;
  failure = self->has_room ? 0 : ibb_part_file_make_room (self->walk.folder);
  if (failure != 0)
    return fail (self, entry->path, failure, error);
  self->has_room = TRUE;
  target = ibb_file_target_new_for_sink (create_sink (self, entry, self->policy));
  self->mover = ibb_mover_new_for_target (target, entry->size, whole->cancellable);
  self->mover->whole = whole;
  self->begun = entry->number;
  self->mover->goes_on = entry->offset > 0;
  if (!self->mover->class->open (self->mover, error))
    return FALSE;
  if (ibb_mover_get_offset (self->mover) != entry->offset)
    return fail (self, entry->path, ESTALE, error);
  ibb_mover_begin (self->mover);
  return TRUE;
}

/* The entry is a file that is there, in the folder that was used last. An earlier transfer may have
 * been interrupted before the name was on the disk. */
static gboolean
add_found (IBBFolderSink *self, const Entry *entry, GError **error)
{
  int folder;

  IBB_DISK_CALL (folder, open_folder_in (self->walk.folder, "."));
  if (folder < 0)
    return fail (self, entry->path, errno, error);
  add_name (self, entry, folder);
  return TRUE;
}

/* A folder has the hash of no bytes. */
static gboolean
check_nothing (const char *hash, GError **error)
{
  g_autoptr (IBBHasher) hasher = ibb_hasher_new (IBB_HASHER_DEFAULT);
  g_autofree char      *own = ibb_hasher_finish (hasher);

  return g_str_equal (own, hash) || ibb_hasher_fail (error);
}

static gboolean
complete (
    IBBFolderSink *self, Entry *entry, const IBBBundleEvent *event, IBBMover *whole, GError **error)
{
  GCancellable    *cancellable = whole->cancellable;
  g_autofree char *hash = g_base64_encode (event->data, event->length);

  if (entry->is_folder)
    return go_to_entry (self, entry, error) && check_nothing (hash, error);
  if (entry->found > 0)
    return go_to_entry (self, entry, error) && add_found (self, entry, error) &&
           check_found (self, entry, hash, cancellable, error);
  if (!begin (self, entry, whole, error))
    return FALSE;
  if (is_double (self, entry, hash, cancellable))
    {
      finish (self, FALSE);
      return add_found (self, entry, error);
    }
  if (!ibb_sink_commit (self->mover->target->sink, IBB_HASHER_DEFAULT, hash, cancellable, error))
    return FALSE;
  add_name (self, entry, ibb_sink_steal_folder (self->mover->target->sink));
  finish (self, FALSE);
  return TRUE;
}

/* The peer has failed the entry, whose bytes will not be those of a later offer. */
static void
take_failure (IBBMover *mover, Entry *entry, const IBBBundleEvent *event)
{
  IBBFolderSink *self = mover->folder;
  guint32        number = entry->number;

  if (self->begun == number)
    finish (self, FALSE);
  ibb_mover_take_failure (mover, entry->path, event);
  g_hash_table_remove (self->entries, &number);
}

/* The folder. */

static gboolean
is_rival (IBBMover *mover, IBBMover *other_mover)
{
  IBBFolderSink *self = mover->folder;
  IBBFolderSink *other = other_mover->folder;

  return g_str_equal (self->path, other->path) && g_str_equal (self->offer, other->offer) &&
         mover->n_files == other_mover->n_files;
}

static GFile *
dup_file (IBBMover *mover)
{
  IBBFolderSink *self = mover->folder;

  return g_file_new_for_path (self->path);
}

static gboolean
open_sink (IBBMover *mover, GError **error)
{
  IBBFolderSink   *self = mover->folder;
  g_autofree char *parent = g_path_get_dirname (self->path);
  g_autofree char *name = g_path_get_basename (self->path);
  int              above;
  int              failure;

  IBB_DISK_CALL (above, open_folder (parent));
  if (above < 0)
    return fail (self, NULL, errno, error);
  ibb_walk_init (&self->walk, enter (self, above, name, self->mode, FALSE));
  failure = errno;
  ibb_disk->close (above);
  if (self->walk.root < 0)
    return fail (self, NULL, failure, error);
  return ibb_disk->access (self->walk.root) == 0 || fail (self, NULL, errno, error);
}

static gboolean
take (IBBMover *mover, IBBBundle *bundle, const IBBBundleEvent *event, GError **error)
{
  IBBFolderSink *self = mover->folder;
  Entry         *entry = g_hash_table_lookup (self->entries, &event->number);
  GError        *reason = NULL;

  /* No part is made of what has come after a cancellation. */
  if (g_cancellable_is_cancelled (mover->cancellable))
    return TRUE;
  if (event->type == IBB_BUNDLE_OFFERED)
    return take_offer (mover, bundle, event, error);
  if (entry == NULL)
    return TRUE;
  if (event->type == IBB_BUNDLE_FAILED)
    take_failure (mover, entry, event);
  else if (event->type == IBB_BUNDLE_DATA)
    {
      if (!begin (self, entry, mover, &reason) ||
          !self->mover->class->take (self->mover, bundle, event, &reason))
        return fail_entry (mover, bundle, entry, reason, error);
    }
  else if (!complete (self, entry, event, mover, &reason))
    return fail_entry (mover, bundle, entry, reason, error);
  else
    {
      g_queue_push_tail (&self->whole, GUINT_TO_POINTER (entry->number));
      g_hash_table_remove (self->entries, &event->number);
    }
  return TRUE;
}

static gboolean
flush (IBBMover *mover, IBBBundle *bundle, GError **error)
{
  IBBFolderSink *self = mover->folder;

  if (g_queue_is_empty (&self->whole))
    return TRUE;
  sync_names (self);
  if (self->failure != 0)
    return fail (self, NULL, self->failure, error);
  while (!g_queue_is_empty (&self->whole))
    ibb_bundle_deliver (bundle, GPOINTER_TO_UINT (g_queue_pop_head (&self->whole)));
  return TRUE;
}

static gboolean
check (IBBMover *mover, GError **error)
{
  IBBFolderSink *self = mover->folder;
  int            failure = check_place (self, ".", self->walk.root);

  return failure == 0 || fail (self, NULL, failure, error);
}

static void
leave (IBBFolderSink *self)
{
  sync_names (self);
  ibb_walk_close (&self->walk);
}

static void
stop (IBBMover *mover, gboolean keeps)
{
  IBBFolderSink *self = mover->folder;

  if (!keeps)
    finish (self, FALSE);
  else if (self->mover != NULL)
    self->mover->class->stop (self->mover, TRUE);
  leave (self);
}

static void
close_sink (IBBMover *mover, gboolean keeps)
{
  finish (mover->folder, keeps);
  leave (mover->folder);
}

static void
free_sink (gpointer data)
{
  IBBFolderSink *self = data;

  finish (self, TRUE);
  leave (self);
  g_free (self->path);
  g_free (self->place);
  g_free (self->peer_jid);
  g_free (self->offer);
  g_hash_table_unref (self->entries);
  g_queue_clear (&self->whole);
  g_free (self);
}

static const IBBMoverClass sink_class = {
  .open = open_sink,
  .take = take,
  .flush = flush,
  .check = check,
  .is_rival = is_rival,
  .dup_file = dup_file,
  .stop = stop,
  .close = close_sink,
  .free = free_sink,
};

IBBMover *
ibb_folder_sink_new_mover (const char       *path,
                           const char       *peer_jid,
                           IBBFilesMetadata *metadata,
                           IBBSinkPolicy     policy,
                           GCancellable     *cancellable)
{
  IBBFolderSink *self = g_new0 (IBBFolderSink, 1);

  self->path = g_strdup (path);
  self->peer_jid = g_strndup (peer_jid, strcspn (peer_jid, "/"));
  self->policy = policy;
  self->mode = ibb_files_metadata_get_mode (metadata);
  self->offer = ibb_part_file_dup_text (peer_jid, ibb_files_metadata_get_name (metadata),
                                        ibb_files_metadata_get_size (metadata),
                                        ibb_files_metadata_get_date (metadata));
  ibb_walk_init (&self->walk, -1);
  self->named = -1;
  self->entries = g_hash_table_new_full (g_int_hash, g_int_equal, NULL, entry_free);
  g_queue_init (&self->whole);
  return ibb_mover_new_for_folder (&sink_class, self, FALSE, self->peer_jid,
                                   ibb_files_metadata_get_size (metadata),
                                   ibb_files_metadata_get_n_files (metadata), cancellable);
}
