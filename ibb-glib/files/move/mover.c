/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "files/move/mover.h"

#include "base/intl.h"

#define BUFFER_SIZE (64 * 1024)

/* Of an open file: who puts back the date of the bytes cannot put back the other one. */
static const char *const change_attributes[] = { G_FILE_ATTRIBUTE_STANDARD_SIZE,
                                                 G_FILE_ATTRIBUTE_TIME_CHANGED,
                                                 G_FILE_ATTRIBUTE_TIME_CHANGED_NSEC, NULL };

IBBMover *
ibb_mover_new (void)
{
  IBBMover *self = g_new0 (IBBMover, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  return self;
}

IBBMover *
ibb_mover_ref (IBBMover *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
ibb_mover_unref (IBBMover *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_clear_object (&self->source);
  g_clear_object (&self->sink);
  g_clear_pointer (&self->part, ibb_part_unref);
  g_clear_object (&self->transport);
  g_clear_pointer (&self->hasher, ibb_hasher_free);
  g_clear_object (&self->file);
  g_free (self->etag);
  g_clear_object (&self->change);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->folder, ibb_folder_source_free);
  g_mutex_clear (&self->lock);
  g_free (self);
}

guint64
ibb_mover_get_n_moved (IBBMover *self)
{
  guint64 n_moved;

  g_mutex_lock (&self->lock);
  n_moved = self->n_moved;
  g_mutex_unlock (&self->lock);
  return n_moved;
}

guint64
ibb_mover_get_offset (IBBMover *self)
{
  guint64 offset;

  g_mutex_lock (&self->lock);
  offset = self->offset;
  g_mutex_unlock (&self->lock);
  return offset;
}

void
ibb_mover_add_progress (IBBMover *self, const IBBFolderProgress *progress)
{
  g_mutex_lock (&self->lock);
  self->offset += progress->n_found;
  self->n_moved += progress->n_found + progress->n_moved;
  g_mutex_unlock (&self->lock);
}

static void
add_moved (IBBMover *self, gsize n)
{
  g_mutex_lock (&self->lock);
  self->n_moved += n;
  g_mutex_unlock (&self->lock);
}

static gboolean
fail_partial (IBBMover *self, GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT,
                       self->is_sender ? _ ("The file became shorter while it was being sent")
                                       : _ ("The peer stopped before the file was complete"));
  return FALSE;
}

/* Reads what the receiver has already. */
static gboolean
hash_beginning (IBBMover *self, GError **error)
{
  g_autofree guint8 *buffer = self->offset > 0 ? g_malloc (BUFFER_SIZE) : NULL;
  guint64            left = self->offset;

  while (left > 0)
    {
      gssize n = g_input_stream_read (self->source, buffer, (gsize) MIN (left, BUFFER_SIZE),
                                      self->cancellable, error);

      if (n < 0)
        return FALSE;
      if (n == 0)
        break;
      ibb_hasher_update (self->hasher, buffer, (gsize) n);
      left -= (guint64) n;
    }
  return TRUE;
}

/* change: (nullable): NULL where the source does not tell, or is no file. */
static gboolean
query_change (IBBMover *self, GFileInfo **change, GError **error)
{
  g_autofree char   *attributes = g_strjoinv (",", (char **) change_attributes);
  g_autoptr (GError) reason = NULL;

  if (self->file == NULL)
    return TRUE;
  *change = g_file_input_stream_query_info (G_FILE_INPUT_STREAM (self->source), attributes,
                                            self->cancellable, &reason);
  if (*change != NULL || g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&reason));
  return FALSE;
}

static gboolean
is_unchanged (GFileInfo *before, GFileInfo *after)
{
  gboolean is_same = (before == NULL) == (after == NULL);

  for (guint i = 0; is_same && before != NULL && change_attributes[i] != NULL; i++)
    {
      g_autofree char *old = g_file_info_get_attribute_as_string (before, change_attributes[i]);
      g_autofree char *new = g_file_info_get_attribute_as_string (after, change_attributes[i]);

      is_same = g_strcmp0 (old, new) == 0;
    }
  return is_same;
}

gboolean
ibb_mover_begin (IBBMover *self, GError **error)
{
  if (self->is_sender &&
      (!query_change (self, &self->change, error) || !hash_beginning (self, error)))
    return FALSE;
  self->left = self->size - self->offset;
  add_moved (self, self->offset);
  return TRUE;
}

gboolean
ibb_mover_write (IBBMover *self, const guint8 *bytes, gsize length, GError **error)
{
  ibb_hasher_update (self->hasher, bytes, length);
  if (!(self->part != NULL ? ibb_part_write (self->part, bytes, length, self->cancellable, error)
                           : g_output_stream_write_all (self->sink, bytes, length, NULL,
                                                        self->cancellable, error)))
    return FALSE;
  add_moved (self, length);
  self->left -= length;
  return TRUE;
}

gssize
ibb_mover_read (IBBMover *self, guint8 *buffer, gsize size, GError **error)
{
  gsize length = (gsize) MIN (self->left, size);
  gsize n;

  if (!g_input_stream_read_all (self->source, buffer, length, &n, self->cancellable, error) ||
      (n < length && !fail_partial (self, error)))
    return -1;
  ibb_hasher_update (self->hasher, buffer, n);
  add_moved (self, n);
  self->left -= n;
  return (gssize) n;
}

static gboolean
copy (IBBMover *self, GError **error)
{
  g_autofree guint8 *buffer = g_malloc (BUFFER_SIZE);

  while (self->left > 0)
    {
      gssize n = g_input_stream_read (self->source, buffer, (gsize) MIN (self->left, BUFFER_SIZE),
                                      self->cancellable, error);

      if (n < 0)
        return FALSE;
      if (n == 0)
        return fail_partial (self, error);
      if (!ibb_mover_write (self, buffer, (gsize) n, error))
        return FALSE;
    }
  return TRUE;
}

/* The file has still the size and the time that it had when it was offered, and nothing was written
 * to it since the first byte was read. */
gboolean
ibb_mover_check_source (IBBMover *self, GError **error)
{
  guint8                byte;
  gssize                n = g_input_stream_read (self->source, &byte, 1, self->cancellable, error);
  g_autoptr (GFileInfo) info = NULL;
  g_autoptr (GFileInfo) change = NULL;

  if (n < 0 || !query_change (self, &change, error))
    return FALSE;
  if (self->file != NULL && n == 0)
    {
      info = g_file_query_info (self->file, G_FILE_ATTRIBUTE_ETAG_VALUE, G_FILE_QUERY_INFO_NONE,
                                self->cancellable, error);
      if (info == NULL)
        return FALSE;
    }
  if (n == 0 && (info == NULL || g_strcmp0 (g_file_info_get_etag (info), self->etag) == 0) &&
      is_unchanged (self->change, change))
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WRONG_ETAG,
                       _ ("The file changed while it was being sent"));
  return FALSE;
}

void
ibb_mover_stop (IBBMover *self, gboolean keeps)
{
  if (self->part != NULL && self->part->folder != NULL)
    ibb_folder_sink_stop (self->part->folder, keeps);
  if (self->part != NULL && self->part->sink != NULL && self->left > 0)
    ibb_sink_settle (self->part->sink);
}

GError *
ibb_mover_dup_folder_error (IBBMover *self)
{
  if (self->folder != NULL)
    return ibb_folder_source_dup_error (self->folder);
  if (self->part != NULL && self->part->folder != NULL)
    return ibb_folder_sink_dup_error (self->part->folder);
  return NULL;
}

static gboolean
move (IBBMover *self, GError **error)
{
  if (!ibb_mover_begin (self, error) || !copy (self, error))
    return FALSE;
  if (self->is_sender)
    return ibb_mover_check_source (self, error) &&
           (self->transport == NULL ||
            ibb_transport_drain (self->transport, self->cancellable, error));
  return TRUE;
}

static gpointer
move_thread (gpointer data)
{
  g_autoptr (GTask) task = data;
  GError           *error = NULL;

  IBBMover *self = g_task_get_task_data (task);

  if (move (self, &error))
    g_task_return_boolean (task, TRUE);
  else
    {
      ibb_mover_stop (self, TRUE);
      g_task_return_error (task, error);
    }
  return NULL;
}

/* Not one of GTask's threads: a transfer may take hours, and these are few. */
void
ibb_mover_run_async (IBBMover           *self,
                     gpointer            source,
                     GAsyncReadyCallback callback,
                     gpointer            user_data)
{
  GTask   *task = g_task_new (source, self->cancellable, callback, user_data);
  GError  *error = NULL;
  GThread *thread;

  g_task_set_source_tag (task, ibb_mover_run_async);
  g_task_set_name (task, "[ibb-files] move");
  g_task_set_task_data (task, ibb_mover_ref (self), (GDestroyNotify) ibb_mover_unref);
  thread = g_thread_try_new ("ibb-file", move_thread, task, &error);
  if (thread != NULL)
    {
      g_thread_unref (thread);
      return;
    }
  g_task_return_error (task, error);
  g_object_unref (task);
}

gboolean
ibb_mover_run_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
