/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "files/move/mover.h"

#include "base/intl.h"
#include "files/protocol/reason.h"

#define BUFFER_SIZE (64 * 1024)
/* Bytes in a frame, which arrives as a whole. */
#define PIECE_SIZE (2 * IBB_BUNDLE_BLOCK_SIZE - 8)

static const IBBMoverClass file_class;

static IBBMover *
create (const IBBMoverClass *class, gboolean is_sender, guint64 size, GCancellable *cancellable)
{
  IBBMover *self = g_new0 (IBBMover, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  self->class = class;
  self->is_sender = is_sender;
  self->size = size;
  self->cancellable = g_object_ref (cancellable);
  return self;
}

IBBMover *
ibb_mover_new (IBBFileSource *source, guint64 size, guint64 offset, GCancellable *cancellable)
{
  IBBMover *self = create (&file_class, TRUE, size, cancellable);

  self->source = source;
  self->offset = self->n_moved = offset;
  self->hasher = ibb_hasher_new (IBB_HASHER_DEFAULT);
  return self;
}

IBBMover *
ibb_mover_new_for_target (IBBFileTarget *target, guint64 size, GCancellable *cancellable)
{
  IBBMover *self = create (&file_class, FALSE, size, cancellable);

  self->target = target;
  return self;
}

IBBMover *
ibb_mover_new_for_folder (const IBBMoverClass *class,
                          gpointer      folder,
                          gboolean      is_sender,
                          const char   *peer_jid,
                          guint64       size,
                          guint         n_files,
                          GCancellable *cancellable)
{
  IBBMover *self = create (class, is_sender, size, cancellable);

  self->folder = folder;
  self->peer_jid = g_strdup (peer_jid);
  self->n_files = n_files;
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
  g_clear_pointer (&self->folder, self->class->free);
  g_clear_pointer (&self->source, ibb_file_source_free);
  g_clear_pointer (&self->target, ibb_file_target_free);
  g_clear_object (&self->transport);
  g_clear_pointer (&self->hasher, ibb_hasher_free);
  g_clear_object (&self->cancellable);
  g_free (self->piece);
  g_free (self->peer_jid);
  g_free (self->failed_path);
  g_clear_error (&self->failure);
  g_mutex_clear (&self->lock);
  g_free (self);
}

/* The counters. */

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
ibb_mover_set_offset (IBBMover *self, guint64 offset)
{
  g_mutex_lock (&self->lock);
  self->offset = self->n_moved = offset;
  g_mutex_unlock (&self->lock);
}

void
ibb_mover_add_found (IBBMover *self, guint64 n)
{
  g_mutex_lock (&self->lock);
  self->offset += n;
  self->n_moved += n;
  g_mutex_unlock (&self->lock);
}

void
ibb_mover_begin (IBBMover *self)
{
  self->left = self->size - self->offset;
}

static void
add_moved (IBBMover *self, gsize n)
{
  self->left -= n;
  for (IBBMover *mover = self; mover != NULL; mover = mover->whole)
    {
      g_mutex_lock (&mover->lock);
      mover->n_moved += n;
      g_mutex_unlock (&mover->lock);
    }
}

/* A file is sent: its bytes are read, hashed, and put into the bundle. */

static gboolean
fail_partial (IBBMover *self, GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT,
                       self->is_sender ? _ ("The file became shorter while it was being sent")
                                       : _ ("The peer stopped before the file was complete"));
  return FALSE;
}

/* Reads and hashes length bytes. */
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

/* Opens the source, and reads what the receiver has already. */
static gboolean
begin_to_send (IBBMover *self, guint8 *buffer, GError **error)
{
  guint64 left = self->offset;

  if (!ibb_file_source_open (self->source, self->cancellable, error))
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

static IBBMoverState
send_file (IBBMover *self, IBBBundle *bundle, guint32 number, GError **error)
{
  gsize length;

  if (self->piece == NULL)
    {
      self->piece = g_malloc (BUFFER_SIZE);
      if (!begin_to_send (self, self->piece, error))
        return IBB_MOVER_FAILED;
    }
  length = (gsize) MIN (self->left, PIECE_SIZE);
  if (length > 0)
    {
      if (!read_all (self, self->piece, length, error))
        return IBB_MOVER_FAILED;
      ibb_bundle_send (bundle, number, self->piece, length);
      add_moved (self, length);
    }
  if (self->left > 0)
    return IBB_MOVER_WORKS;
  if (!ibb_file_source_check (self->source, self->cancellable, error))
    return IBB_MOVER_FAILED;
  end_in_bundle (self, bundle, number);
  return IBB_MOVER_ENDED;
}

/* A file is received: its bytes are hashed, and written to the target. */

void
ibb_mover_prepare (IBBMover *self, const char *algorithm, gboolean goes_on)
{
  self->hasher = ibb_hasher_new (algorithm);
  self->goes_on = goes_on;
}

static gboolean
open_file (IBBMover *self, GError **error)
{
  guint64 length;

  if (!self->target->class->open (self->target, self->size, self->goes_on, &length, error))
    return FALSE;
  ibb_mover_set_offset (self, length);
  return length == 0 || self->hasher == NULL ||
         ibb_sink_hash (self->target->sink, self->hasher, 0, self->cancellable, error);
}

static gboolean
write_bytes (IBBMover *self, const guint8 *bytes, gsize length, GError **error)
{
  if (self->hasher != NULL)
    ibb_hasher_update (self->hasher, bytes, length);
  if (!self->target->class->write (self->target, bytes, length, self->cancellable, error))
    return FALSE;
  add_moved (self, length);
  return TRUE;
}

static gboolean
take_file (IBBMover *self, IBBBundle *bundle, const IBBBundleEvent *event, GError **error)
{
  return write_bytes (self, event->data, event->length, error);
}

static gboolean
is_rival_file (IBBMover *self, IBBMover *other)
{
  const IBBFileTargetClass *class = self->target->class;

  return class == other->target->class && class->is_rival != NULL &&
         class->is_rival (self->target, other->target);
}

static GFile *
dup_file (IBBMover *self)
{
  return self->target->class->dup_file != NULL ? self->target->class->dup_file (self->target)
                                               : NULL;
}

static void
stop_file (IBBMover *self, gboolean keeps)
{
  g_clear_pointer (&self->piece, g_free);
  if (!self->is_sender && self->left > 0 && self->target->class->settle != NULL)
    self->target->class->settle (self->target);
}

/* A thread that is about to end may still have a reference. */
static void
close_file (IBBMover *self, gboolean keeps)
{
  if (!self->is_sender)
    self->target->class->close (self->target, keeps);
  g_clear_pointer (&self->source, ibb_file_source_free);
  g_clear_pointer (&self->target, ibb_file_target_free);
}

static const IBBMoverClass file_class = {
  .open = open_file,
  .send = send_file,
  .take = take_file,
  .is_rival = is_rival_file,
  .dup_file = dup_file,
  .stop = stop_file,
  .close = close_file,
};

/* A file that goes alone: a session is its source or its target, and it has a thread. */

void
ibb_mover_set_transport (IBBMover *self, IBBTransport *transport)
{
  GIOStream *stream = transport != NULL ? G_IO_STREAM (transport) : NULL;

  g_set_object (&self->transport, transport);
  if (!self->is_sender)
    self->source = ibb_file_source_new (
        stream != NULL ? g_io_stream_get_input_stream (stream) : NULL, NULL, NULL);
  else if (stream != NULL)
    self->target = ibb_file_target_new_for_stream (g_io_stream_get_output_stream (stream));
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
      if (!write_bytes (self, buffer, (gsize) n, error))
        return FALSE;
    }
  return TRUE;
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
      self->class->stop (self, TRUE);
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

/* A folder, whose entries fail one by one. */

static IBBFilesDirection
get_direction (IBBMover *self)
{
  return self->is_sender ? IBB_FILES_DIRECTION_SEND : IBB_FILES_DIRECTION_RECEIVE;
}

/* Takes error. */
static void
add_failure (IBBMover *self, const char *path, GError *error)
{
  if (self->n_failed++ > 0)
    {
      g_error_free (error);
      return;
    }
  self->failed_path = g_strdup (path);
  self->failure = error;
}

void
ibb_mover_fail_entry (
    IBBMover *self, const char *path, IBBBundle *bundle, guint32 number, GError *error)
{
  const char *text;
  IBBReason   reason = ibb_reason_from_error (error, get_direction (self), FALSE, &text);

  ibb_bundle_fail (bundle, number, reason, text);
  add_failure (self, path, error);
}

void
ibb_mover_take_failure (IBBMover *self, const char *path, const IBBBundleEvent *event)
{
  add_failure (self, path,
               ibb_reason_to_error (event->reason, event->text, self->peer_jid,
                                    get_direction (self), FALSE));
}

GError *
ibb_mover_dup_error (IBBMover *self)
{
  g_autofree char *shown = NULL;

  if (self->n_failed == 0)
    return NULL;
  shown = g_filename_display_name (self->failed_path);
  return g_error_new (IBB_ERROR, IBB_ERROR_FAILED,
                      /* Translators: a file of a folder, and a sentence: why it failed */
                      _ ("%u of %u files failed; the first is “%s”: %s"), self->n_failed,
                      self->n_files, shown, self->failure->message);
}
