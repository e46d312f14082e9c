/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "files/move/mover.h"

#include "base/intl.h"

#define BUFFER_SIZE (64 * 1024)

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
  g_clear_pointer (&self->source, ibb_file_source_free);
  g_clear_object (&self->sink);
  g_clear_pointer (&self->part, ibb_part_unref);
  g_clear_object (&self->transport);
  g_clear_pointer (&self->hasher, ibb_hasher_free);
  g_clear_object (&self->cancellable);
  if (self->folder != NULL)
    self->funcs->free (self->folder);
  g_free (self->piece);
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
  if (self->whole != NULL)
    add_moved (self->whole, n);
}

static gboolean
fail_partial (IBBMover *self, GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT,
                       self->is_sender ? _ ("The file became shorter while it was being sent")
                                       : _ ("The peer stopped before the file was complete"));
  return FALSE;
}

/* Reads and hashes as many bytes. */
static gboolean
read_all (IBBMover *self, guint8 *buffer, gsize length, GError **error)
{
  gsize n_read = 0;

  while (n_read < length)
    {
      gssize n = ibb_file_source_read (self->source, buffer + n_read, length - n_read,
                                       self->cancellable, error);

      if (n < 0)
        return FALSE;
      if (n == 0)
        return fail_partial (self, error);
      n_read += (gsize) n;
    }
  ibb_hasher_update (self->hasher, buffer, length);
  return TRUE;
}

void
ibb_mover_begin (IBBMover *self)
{
  self->left = self->size - self->offset;
  g_mutex_lock (&self->lock);
  self->n_moved = self->offset;
  g_mutex_unlock (&self->lock);
}

/* Opens the source, and reads what the receiver has already. */
static gboolean
begin_to_send (IBBMover *self, guint8 *buffer, GError **error)
{
  guint64 left = self->offset;

  if (self->source != NULL && !ibb_file_source_open (self->source, self->cancellable, error))
    return FALSE;
  while (left > 0)
    {
      gsize length = (gsize) MIN (left, BUFFER_SIZE);

      if (g_cancellable_set_error_if_cancelled (self->cancellable, error) ||
          !read_all (self, buffer, length, error))
        return FALSE;
      left -= length;
    }
  ibb_mover_begin (self);
  return TRUE;
}

static void
end_in_bundle (IBBMover *self, IBBBundle *bundle, guint32 number)
{
  g_autofree char   *hash = ibb_hasher_finish (self->hasher);
  gsize              length;
  g_autofree guint8 *digest = g_base64_decode (hash, &length);

  ibb_bundle_end (bundle, number, digest);
}

IBBMoverState
ibb_mover_send (IBBMover *self, IBBBundle *bundle, guint32 number, GError **error)
{
  gsize length;

  if (self->folder != NULL)
    return self->funcs->send (self->folder, self, bundle, number, error);
  if (self->piece == NULL)
    {
      self->piece = g_malloc (BUFFER_SIZE);
      if (!begin_to_send (self, self->piece, error))
        return IBB_MOVER_FAILED;
    }
  length = (gsize) MIN (self->left, IBB_BUNDLE_DATA_MAX);
  if (length > 0)
    {
      if (!read_all (self, self->piece, length, error))
        return IBB_MOVER_FAILED;
      ibb_bundle_send (bundle, number, self->piece, length);
      add_moved (self, length);
      self->left -= length;
    }
  if (self->left > 0)
    return IBB_MOVER_WORKS;
  if (self->source != NULL && !ibb_file_source_check (self->source, self->cancellable, error))
    return IBB_MOVER_FAILED;
  end_in_bundle (self, bundle, number);
  return IBB_MOVER_ENDED;
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

static gboolean
copy (IBBMover *self, guint8 *buffer, GError **error)
{
  while (self->left > 0)
    {
      gssize n = ibb_file_source_read (self->source, buffer, (gsize) MIN (self->left, BUFFER_SIZE),
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

void
ibb_mover_stop (IBBMover *self, gboolean keeps)
{
  if (self->part != NULL && self->part->folder != NULL)
    ibb_folder_sink_stop (self->part->folder, keeps);
  if (self->part != NULL && self->part->sink != NULL && self->left > 0)
    ibb_sink_settle (self->part->sink);
  if (self->folder != NULL)
    self->funcs->stop (self->folder);
}

GError *
ibb_mover_dup_folder_error (IBBMover *self)
{
  if (self->folder != NULL)
    return self->funcs->dup_error (self->folder);
  if (self->part != NULL && self->part->folder != NULL)
    return ibb_folder_sink_dup_error (self->part->folder);
  return NULL;
}

static gboolean
move (IBBMover *self, GError **error)
{
  g_autofree guint8 *buffer = g_malloc (BUFFER_SIZE);

  if (!self->is_sender)
    {
      ibb_mover_begin (self);
      return copy (self, buffer, error);
    }
  return begin_to_send (self, buffer, error) && copy (self, buffer, error) &&
         ibb_file_source_check (self->source, self->cancellable, error) &&
         (self->transport == NULL ||
          ibb_transport_drain (self->transport, self->cancellable, error));
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
