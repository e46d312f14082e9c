/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "base/intl.h"
#include "files/ibb-files-transfer-private.h"

#define ANSWER_TIMEOUT 3600 /* s for a person to decide */

/* The end. */

static void
moved_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  IBBFilesTransfer *self = IBB_FILES_TRANSFER (object);
  GError           *error = NULL;

  if (!ibb_mover_run_finish (result, &error))
    ibb_files_transfer_fail (self, error);
  if (ibb_files_transfer_end_call (self))
    self->protocol->finish (self);
}

/* The beginning. */

static void
start (IBBFilesTransfer *self, IBBTransport *transport)
{
  ibb_mover_set_offset (self->mover, self->jingle != NULL ? self->jingle->offset : 0);
  ibb_mover_set_transport (self->mover, transport);
  g_set_object (&self->transport, transport);
  ibb_files_transfer_move (self, moved_cb);
}

static void
opened_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  IBBFilesTransfer        *self = user_data;
  GError                  *error = NULL;
  g_autoptr (IBBTransport) transport =
      ibb_service_open_session_finish (IBB_SERVICE (object), result, &error);

  /* Some receivers take an empty file for whole at once, and have no session for it. */
  if (transport == NULL && self->mover->size == 0)
    g_clear_error (&error);
  else if (transport == NULL)
    ibb_files_transfer_fail (self, error);
  else if (self->failure != NULL)
    ibb_transport_abort (transport);
  if (ibb_files_transfer_end_call (self))
    start (self, transport);
}

void
ibb_files_transfer_open_session (IBBFilesTransfer *self)
{
  g_autoptr (IBBSessionParams) params = ibb_files_transfer_dup_params (self);

  ibb_files_transfer_set_timer (self, 0, NULL);
  ibb_files_transfer_begin_call (self);
  ibb_service_open_session_async (self->sessions, self->peer_jid, params, self->cancellable,
                                  opened_cb, self);
  ibb_files_transfer_set_state (self, IBB_FILES_STATE_ACCEPTED);
}

static gboolean
answer_timeout_cb (gpointer user_data)
{
  IBBFilesTransfer *self = user_data;

  self->timer = 0;
  ibb_files_transfer_fail (self, g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                                              _ ("“%s” has not answered the offer of the file"),
                                              self->peer_jid));
  return G_SOURCE_REMOVE;
}

void
ibb_files_transfer_fail_misaccepted (IBBFilesTransfer *self)
{
  ibb_files_transfer_fail (
      self,
      g_error_new (IBB_ERROR, IBB_ERROR_PROTOCOL,
                   _ ("“%s” has accepted the file by a way that was not offered"), self->peer_jid));
}

void
ibb_files_transfer_offer (IBBFilesTransfer *self,
                          GInputStream     *source,
                          GFile            *file,
                          const char       *etag,
                          IBBFolderSource  *folder)
{
  if (folder != NULL)
    {
      self->left_out =
          g_strdupv ((GStrv) ibb_folder_source_get_left_out (folder, &self->n_left_out));
      self->mover = ibb_folder_source_new_mover (folder, self->peer_jid, self->cancellable);
    }
  else
    self->mover =
        ibb_mover_new (ibb_file_source_new (source, file, etag),
                       ibb_files_metadata_get_size (self->metadata), 0, self->cancellable);
  self->sid = g_uuid_string_random ();
  self->protocol->offer (self);
  if (!ibb_files_transfer_goes_on (self))
    return;
  ibb_files_transfer_set_timer (self, ANSWER_TIMEOUT, answer_timeout_cb);
  ibb_files_transfer_watch_peer (self);
}
