/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "base/intl.h"
#include "files/ibb-files-transfer-private.h"
#include "files/protocol/initiation.h"

#define ANSWER_TIMEOUT 3600 /* s for a person to decide */

/* The end. */

static gboolean
received_timeout_cb (gpointer user_data)
{
  IBBFilesTransfer *self = user_data;

  self->timer = 0;
  ibb_jingle_terminate (self->jingle, IBB_REASON_SUCCESS, NULL);
  ibb_files_transfer_flush (self);
  ibb_files_transfer_end (self, self->jingle->is_received ? IBB_FILES_STATE_DELIVERED
                                                          : IBB_FILES_STATE_SENT);
  return G_SOURCE_REMOVE;
}

static void
finish (IBBFilesTransfer *self)
{
  g_autofree char *hash = ibb_hasher_finish (self->mover->hasher);

  if (self->jingle == NULL)
    {
      ibb_files_transfer_end (self, IBB_FILES_STATE_SENT);
      return;
    }
  ibb_jingle_send_checksum (self->jingle, ibb_hasher_get_algorithm (self->mover->hasher), hash);
  ibb_files_transfer_flush (self);
  /* Some receivers check when the session ends. */
  if (self->transport != NULL)
    g_io_stream_close_async (G_IO_STREAM (self->transport), G_PRIORITY_DEFAULT, NULL, NULL, NULL);
  ibb_files_transfer_set_timer (self, IBB_FILES_RECEIVED_TIMEOUT, received_timeout_cb);
  ibb_files_transfer_set_state (self, IBB_FILES_STATE_CHECKING);
  if (ibb_files_transfer_goes_on (self))
    ibb_files_transfer_send_heard (self);
}

static void
moved_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  IBBFilesTransfer *self = IBB_FILES_TRANSFER (object);
  GError           *error = NULL;

  if (!ibb_mover_run_finish (result, &error))
    ibb_files_transfer_fail (self, error);
  if (ibb_files_transfer_end_call (self))
    finish (self);
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

static void
open_session (IBBFilesTransfer *self)
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

/* Stream initiation has one error for a person who refuses, and some programs use others. */
static GError *
new_answer_error (IBBFilesTransfer *self, GError *error)
{
  if (g_error_matches (error, IBB_ERROR, IBB_ERROR_FORBIDDEN) ||
      g_error_matches (error, IBB_ERROR, IBB_ERROR_NOT_ACCEPTABLE))
    {
      /* Translators: the second %s is a sentence: what was answered */
      GError *refused =
          g_error_new (IBB_ERROR, IBB_ERROR_FORBIDDEN, _ ("“%s” has refused the file (%s)"),
                       self->peer_jid, error->message);

      g_error_free (error);
      return refused;
    }
  return error;
}

static void
fail_misaccepted (IBBFilesTransfer *self)
{
  ibb_files_transfer_fail (
      self,
      g_error_new (IBB_ERROR, IBB_ERROR_PROTOCOL,
                   _ ("“%s” has accepted the file by a way that was not offered"), self->peer_jid));
}

static void
initiated_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  IBBFilesTransfer     *self = user_data;
  GError               *error = NULL;
  g_autoptr (IBBStanza) answer =
      ibb_connection_query_finish (IBB_CONNECTION (object), result, &error);
  g_autoptr (IBBElement) element = answer != NULL ? ibb_stanza_dup_element (answer) : NULL;
  IBBElement            *si =
      element != NULL ? ibb_element_get_child (element, "si", IBB_INITIATION_NAMESPACE) : NULL;

  if (answer == NULL)
    ibb_files_transfer_fail (self, new_answer_error (self, error));
  else if (si == NULL || !ibb_initiation_read_answer (si))
    fail_misaccepted (self);
  if (ibb_files_transfer_end_call (self))
    open_session (self);
}

static void
initiate (IBBFilesTransfer *self)
{
  g_autofree char      *payload = ibb_initiation_write_offer (self->sid, self->metadata);
  g_autoptr (IBBStanza) stanza = ibb_files_transfer_new_iq (self, "set", NULL, payload);

  ibb_files_transfer_begin_call (self);
  ibb_connection_query_async (self->connection, stanza, 0, self->cancellable, initiated_cb, self);
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
  if (self->courier != NULL)
    ibb_files_transfer_offer_in_bundle (self);
  else if (self->way == IBB_FILES_WAY_JINGLE)
    {
      g_autofree char *local_jid = ibb_connection_dup_local_jid (self->connection);
      g_autofree char *session = g_uuid_string_random ();

      self->jingle = ibb_jingle_new_offer (local_jid, session, self->sid, self->block_size,
                                           self->metadata, TRUE, NULL);
      ibb_files_transfer_flush (self);
    }
  else
    initiate (self);
  if (!ibb_files_transfer_goes_on (self))
    return;
  ibb_files_transfer_set_timer (self, ANSWER_TIMEOUT, answer_timeout_cb);
  ibb_files_transfer_watch_peer (self);
}

void
ibb_files_transfer_send_heard (IBBFilesTransfer *self)
{
  gboolean is_success = ibb_reason_is (self->jingle->reason, IBB_REASON_SUCCESS);

  ibb_files_transfer_flush (self);
  if (self->failure != NULL)
    return;
  if (self->jingle->is_misaccepted)
    {
      fail_misaccepted (self);
      return;
    }
  if (self->jingle->state == IBB_JINGLE_ACCEPTED && self->state == IBB_FILES_STATE_OFFERED)
    open_session (self);
  else if (self->jingle->state != IBB_JINGLE_ENDED)
    return;
  else if (self->state == IBB_FILES_STATE_CHECKING && (is_success || self->jingle->is_received))
    ibb_files_transfer_end (self, IBB_FILES_STATE_DELIVERED);
  /* The last acknowledgement, and that of an open, may come after this success. */
  else if (self->state == IBB_FILES_STATE_OFFERED || !is_success)
    ibb_files_transfer_fail (self, ibb_files_transfer_new_peer_error (self));
}
