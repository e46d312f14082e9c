/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "files/move/folder-source.h"

#include "base/disk.h"
#include "base/intl.h"
#include "files/disk/walk.h"
#include "files/ibb-files-metadata-private.h"
#include "files/protocol/folder.h"

#include <string.h>

#define PATHS_MAX (16 * 1024 * 1024) /* bytes of their paths */

typedef struct
{
  guint64         size;
  struct timespec time;
  gboolean        is_folder; /* an empty or a private one, or one that cannot be read */
  guint           mode;      /* see ibb_files_metadata_set_mode () */
  int             failure;   /* errno of the list, with which the entry fails; 0: none */
  guint64         offset;    /* bytes that the receiver has already, once it has accepted */
  char            path[];
} Entry;

struct _IBBFolderSource
{
  char      *path;  /* (owned) */
  char      *shown; /* (owned): the path, for errors */
  IBBWalk    walk;
  GPtrArray *entries; /* (owned) (element-type Entry) */
  gsize      n_path_bytes;
  guint64    size;
  guint      mode;     /* of the root, see ibb_files_metadata_set_mode () */
  GPtrArray *left_out; /* (owned) (element-type utf8): with a NULL at the end */
  guint      n_left_out;

  guint   next;     /* entry to offer */
  guint32 first;    /* number of the first entry in the bundle */
  guint   n_open;   /* offered, and neither delivered nor failed */
  GQueue  accepted; /* numbers: of entries to be sent in this order */

  IBBMover *mover; /* (owned) (nullable): of the first of these, once its bytes have begun */
};

static void
clear (IBBFolderSource *self)
{
  g_clear_pointer (&self->mover, ibb_mover_unref);
  ibb_walk_close (&self->walk);
}

void
ibb_folder_source_free (IBBFolderSource *self)
{
  clear (self);
  g_free (self->path);
  g_free (self->shown);
  g_ptr_array_unref (self->entries);
  g_ptr_array_unref (self->left_out);
  g_queue_clear (&self->accepted);
  g_free (self);
}

/* Returns FALSE, for the caller to return. path (nullable): in the folder. */
static gboolean
fail (IBBFolderSource *self, const char *path, GError **error)
{
  int              failure = errno;
  g_autofree char *place = g_build_filename (self->path, path, NULL);

  return ibb_file_source_fail (place, failure, error);
}

/* The list. */

static gboolean list (IBBFolderSource *self,
                      int              folder,
                      const char      *path,
                      guint            depth,
                      GCancellable    *cancellable,
                      GError         **error);

/* Takes message. */
static gboolean
fail_bound (char *message, GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, message);
  g_free (message);
  return FALSE;
}

static gboolean
check_n_entries (IBBFolderSource *self, guint n, GError **error)
{
  return n <= IBB_FOLDER_ENTRIES_MAX ||
         fail_bound (g_strdup_printf (_ ("“%s” has more than %d files"), self->shown,
                                      IBB_FOLDER_ENTRIES_MAX),
                     error);
}

static gboolean
check_depth (IBBFolderSource *self, guint depth, GError **error)
{
  return depth <= IBB_FOLDER_DEPTH_MAX ||
         fail_bound (g_strdup_printf (_ ("“%s” has more than %d levels of folders"), self->shown,
                                      IBB_FOLDER_DEPTH_MAX),
                     error);
}

/* length: bytes of one more path. */
static gboolean
check_path (IBBFolderSource *self, gsize length, GError **error)
{
  if (length > IBB_FOLDER_PATH_MAX)
    return fail_bound (g_strdup_printf (_ ("A path in “%s” has more than %d bytes"), self->shown,
                                        IBB_FOLDER_PATH_MAX),
                       error);
  return self->n_path_bytes + length < PATHS_MAX ||
         fail_bound (g_strdup_printf (_ ("The paths in “%s” have more than %d MiB"), self->shown,
                                      PATHS_MAX / 1024 / 1024),
                     error);
}

static gboolean
check_size (IBBFolderSource *self, guint64 size, GError **error)
{
  return size <= G_MAXINT64 - self->size ||
         fail_bound (g_strdup_printf (_ ("The files in “%s” are too large together"), self->shown),
                     error);
}

static guint
get_mode (const struct stat *info)
{
  guint mode = S_ISDIR (info->st_mode) || (info->st_mode & S_IXUSR) != 0 ? 0777 : 0666;

  return (info->st_mode & (S_IRWXG | S_IRWXO)) != 0 ? mode : mode & 0700;
}

/* info: (nullable): of the file or folder; failure: see Entry. */
static gboolean
add (IBBFolderSource   *self,
     const char        *path,
     const struct stat *info,
     gboolean           is_folder,
     int                failure,
     GError           **error)
{
  gsize   length = strlen (path);
  guint64 size = info != NULL && !is_folder ? (guint64) info->st_size : 0;
  Entry  *entry;

  if (!check_n_entries (self, self->entries->len + 1, error) || !check_path (self, length, error) ||
      !check_size (self, size, error))
    return FALSE;
  entry = g_malloc0 (sizeof *entry + length + 1);
  entry->is_folder = is_folder;
  entry->failure = failure;
  /* What fails may be private, and be sent later. */
  entry->mode = info != NULL ? get_mode (info) : failure != 0 ? 0600 : 0666;
  entry->size = size;
  entry->time = info != NULL ? info->st_mtim : (struct timespec){ 0 };
  memcpy (entry->path, path, length);
  self->size += size;
  self->n_path_bytes += length + 1;
  g_ptr_array_add (self->entries, entry);
  return TRUE;
}

static void
leave_out (IBBFolderSource *self, const char *path)
{
  if (self->n_left_out++ < IBB_FOLDER_SOURCE_LEFT_OUT_MAX)
    g_ptr_array_insert (self->left_out, (int) self->left_out->len - 1,
                        g_filename_display_name (path));
}

/* An empty folder, or what cannot be read. What has gone since it was listed is no part of the
 * folder any more; the rest fails when it is sent. */
static gboolean
add_bare (IBBFolderSource *self, const char *path, gboolean is_folder, int failure, GError **error)
{
  if (failure != ENOENT)
    return add (self, path, NULL, is_folder, failure, error);
  leave_out (self, path);
  return TRUE;
}

static gboolean
add_folder (IBBFolderSource *self,
            int              parent,
            const char      *name,
            const char      *path,
            guint            depth,
            GCancellable    *cancellable,
            GError         **error)
{
  int      folder;
  gboolean is_good;

  if (!check_depth (self, depth + 1, error))
    return FALSE;
  IBB_DISK_CALL (folder, open_folder_in (parent, name));
  if (folder < 0)
    return add_bare (self, path, TRUE, errno, error);
  is_good = list (self, folder, path, depth + 1, cancellable, error);
  ibb_disk->close (folder);
  return is_good;
}

/* Sorted: the list is the same when the folder is sent again. */
static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* Adds the file or the folder with the name. An entry whose kind cannot be read counts as a file.
 */
static gboolean
list_name (IBBFolderSource *self,
           int              folder,
           const char      *name,
           const char      *path,
           guint            depth,
           GCancellable    *cancellable,
           GError         **error)
{
  struct stat info;

  if (!ibb_folder_is_name (name))
    leave_out (self, path);
  else if (ibb_disk->stat (folder, name, &info) != 0)
    return add_bare (self, path, FALSE, errno, error);
  else if (S_ISDIR (info.st_mode))
    return add_folder (self, folder, name, path, depth, cancellable, error);
  else if (S_ISREG (info.st_mode))
    return add (self, path, &info, FALSE, 0, error);
  else
    leave_out (self, path);
  return TRUE;
}

/* Adds the rights of a folder. A private one is an entry before those in it, so that the receiver
 * makes it private. */
static gboolean
add_rights (IBBFolderSource *self, const struct stat *info, const char *path, GError **error)
{
  gboolean is_private = (get_mode (info) & 077) == 0;

  if (*path == '\0')
    self->mode = get_mode (info);
  return *path == '\0' || !is_private || add (self, path, info, TRUE, 0, error);
}

/* Lists the names in a folder, and finds its rights. Names that come without rights do not count:
 * the folder may be private. Returns 0 or an errno. */
static int
read_folder (int folder, GPtrArray **names, struct stat *info)
{
  int failure;

  *names = ibb_disk->list (folder, "", IBB_FOLDER_ENTRIES_MAX + 1, &failure);
  g_ptr_array_sort (*names, compare_names);
  if (ibb_disk->stat (folder, NULL, info) == 0)
    return failure;
  failure = errno;
  g_ptr_array_set_size (*names, 0);
  return failure;
}

/* Lists a folder with the path, "" for the root. What cannot be read below the root fails when it
 * is sent, so that the receiver learns of it, too. */
static gboolean
list (IBBFolderSource *self,
      int              folder,
      const char      *path,
      guint            depth,
      GCancellable    *cancellable,
      GError         **error)
{
  g_autoptr (GPtrArray) names = NULL;
  struct stat           info;
  int                   failure = read_folder (folder, &names, &info);
  guint                 n_before = self->entries->len;
  gboolean              is_good;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  errno = failure;
  if (failure != 0 && *path == '\0')
    return fail (self, path, error);
  if (!check_n_entries (self, names->len, error))
    return FALSE;
  is_good = (failure != 0 && names->len == 0) || add_rights (self, &info, path, error);
  for (guint i = 0; is_good && i < names->len; i++)
    {
      const char      *name = g_ptr_array_index (names, i);
      g_autofree char *place =
          *path != '\0' ? g_strconcat (path, "/", name, NULL) : g_strdup (name);

      is_good = list_name (self, folder, name, place, depth, cancellable, error);
    }
  if (is_good && *path != '\0' && (failure != 0 || self->entries->len == n_before))
    is_good = add_bare (self, path, TRUE, failure, error);
  return is_good;
}

IBBFolderSource *
ibb_folder_source_new (const char *path, GCancellable *cancellable, GError **error)
{
  g_autoptr (IBBFolderSource) self = g_new0 (IBBFolderSource, 1);
  int                         root;

  self->path = g_strdup (path);
  self->shown = g_filename_display_name (path);
  self->entries = g_ptr_array_new_with_free_func (g_free);
  self->left_out = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (self->left_out, NULL);
  g_queue_init (&self->accepted);
  IBB_DISK_CALL (root, open_folder (path));
  ibb_walk_init (&self->walk, root);
  if (root < 0 && !fail (self, NULL, error))
    return NULL;
  return list (self, root, "", 1, cancellable, error) ? g_steal_pointer (&self) : NULL;
}

IBBFilesMetadata *
ibb_folder_source_describe (IBBFolderSource *self, const char *name)
{
  IBBFilesMetadata *metadata = ibb_files_metadata_new (name, self->size);

  ibb_files_metadata_set_folder (metadata, self->entries->len);
  ibb_files_metadata_set_mode (metadata, self->mode);
  return metadata;
}

const char *const *
ibb_folder_source_get_left_out (IBBFolderSource *self, guint *n)
{
  *n = self->n_left_out;
  return (const char *const *) self->left_out->pdata;
}

/* The files. */

static Entry *
get_entry (IBBFolderSource *self, guint32 number)
{
  return g_ptr_array_index (self->entries, number - self->first);
}

/* The entry has ended, or has failed. */
static void
drop (IBBFolderSource *self, guint32 number)
{
  if (g_queue_peek_head (&self->accepted) == GUINT_TO_POINTER (number))
    g_clear_pointer (&self->mover, ibb_mover_unref);
  g_queue_remove (&self->accepted, GUINT_TO_POINTER (number));
}

static gboolean
begin (IBBFolderSource *self, const Entry *entry, IBBMover *whole, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (entry->path);
  g_autofree char *name = g_path_get_basename (entry->path);
  g_autofree char *place = g_build_filename (self->path, entry->path, NULL);
  IBBFileSource   *source;

  errno = entry->failure;
  if (entry->failure != 0)
    return fail (self, entry->path, error);
  errno = ibb_walk_to (&self->walk, entry->is_folder ? entry->path : folder, NULL, NULL);
  if (errno != 0)
    return fail (self, entry->is_folder ? entry->path : folder, error);
  source = entry->is_folder
               ? ibb_file_source_new (NULL, NULL, NULL)
               : ibb_file_source_new_in (self->walk.folder, name, place, entry->size, entry->time);
  self->mover = ibb_mover_new (source, entry->size, entry->offset, whole->cancellable);
  self->mover->whole = whole;
  return TRUE;
}

static void
offer_next (IBBFolderSource *self, IBBBundle *bundle, guint32 folder)
{
  const Entry                 *entry = g_ptr_array_index (self->entries, self->next++);
  g_autoptr (IBBFilesMetadata) metadata = ibb_files_metadata_new (entry->path, entry->size);
  g_autoptr (GDateTime)        date = g_date_time_new_from_unix_utc (entry->time.tv_sec);
  guint32                      number;

  if (entry->is_folder)
    ibb_files_metadata_set_folder (metadata, 0);
  else
    ibb_files_metadata_set_date (metadata, date);
  ibb_files_metadata_set_mode (metadata, entry->mode);
  number = ibb_bundle_offer_entry (bundle, folder, metadata);
  if (self->first == 0)
    self->first = number;
  self->n_open++;
}

/* Each entry is delivered or has failed. */
static IBBMoverState
end (IBBMover *mover, IBBBundle *bundle, guint32 folder, GError **error)
{
  static const guint8 no_hash[IBB_BUNDLE_HASH_LENGTH] = { 0 };
  GError             *reason = ibb_mover_dup_error (mover);

  if (reason != NULL)
    {
      g_propagate_error (error, reason);
      return IBB_MOVER_FAILED;
    }
  ibb_bundle_end (bundle, folder, no_hash);
  return IBB_MOVER_ENDED;
}

/* Offers the next entry of the folder, which is accepted, or sends the next bytes of one. */
static IBBMoverState
send_next (IBBMover *mover, IBBBundle *bundle, guint32 folder, GError **error)
{
  IBBFolderSource *self = mover->folder;
  guint32          number = GPOINTER_TO_UINT (g_queue_peek_head (&self->accepted));
  IBBMoverState    state = IBB_MOVER_FAILED;
  GError          *reason = NULL;

  if (self->next < self->entries->len && ibb_bundle_has_room (bundle))
    {
      offer_next (self, bundle, folder);
      return IBB_MOVER_WORKS;
    }
  if (number == 0)
    return self->n_open > 0 || self->next < self->entries->len ? IBB_MOVER_WAITS
                                                               : end (mover, bundle, folder, error);
  if (self->mover != NULL || begin (self, get_entry (self, number), mover, &reason))
    state = self->mover->class->send (self->mover, bundle, number, &reason);
  if (state == IBB_MOVER_FAILED)
    {
      self->n_open--;
      ibb_mover_fail_entry (mover, get_entry (self, number)->path, bundle, number, reason);
    }
  if (state != IBB_MOVER_WORKS)
    drop (self, number);
  return IBB_MOVER_WORKS;
}

static gboolean
take (IBBMover *mover, IBBBundle *bundle, const IBBBundleEvent *event, GError **error)
{
  IBBFolderSource *self = mover->folder;
  Entry           *entry = get_entry (self, event->number);

  if (event->type == IBB_BUNDLE_ACCEPTED)
    {
      entry->offset = event->offset;
      ibb_mover_add_found (mover, event->offset);
      g_queue_push_tail (&self->accepted, GUINT_TO_POINTER (event->number));
      return TRUE;
    }
  self->n_open--;
  if (event->type == IBB_BUNDLE_FAILED)
    {
      ibb_mover_take_failure (mover, entry->path, event);
      drop (self, event->number);
    }
  return TRUE;
}

static void
stop (IBBMover *mover, gboolean keeps)
{
  clear (mover->folder);
}

static const IBBMoverClass source_class = {
  .send = send_next,
  .take = take,
  .stop = stop,
  .close = stop,
  .free = (GDestroyNotify) ibb_folder_source_free,
};

IBBMover *
ibb_folder_source_new_mover (IBBFolderSource *self, const char *peer_jid, GCancellable *cancellable)
{
  return ibb_mover_new_for_folder (&source_class, self, TRUE, peer_jid, self->size,
                                   self->entries->len, cancellable);
}
