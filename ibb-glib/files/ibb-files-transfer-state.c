/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What both ends of a transfer share: its state and its end, the progress, and the stanzas. */

#include "config.h"

#include "base/intl.h"
#include "files/disk/part-file.h"
#include "files/ibb-files-enum-types.h"
#include "files/ibb-files-transfer-private.h"
#include "files/protocol/reason.h"

#define TICK 100 /* ms between two notifications of the progress */

gboolean
ibb_files_transfer_is_over (IBBFilesTransfer *self)
{
  return self->state >= IBB_FILES_STATE_SENT;
}

gboolean
ibb_files_transfer_goes_on (IBBFilesTransfer *self)
{
  return self->failure == NULL && !ibb_files_transfer_is_over (self);
}

gboolean
ibb_files_transfer_waits_for_decision (IBBFilesTransfer *self)
{
  return self->direction == IBB_FILES_DIRECTION_RECEIVE && self->protocol != NULL &&
         self->mover == NULL && self->state == IBB_FILES_STATE_OFFERED && self->failure == NULL;
}

/* The progress. */

static void
notify_progress (IBBFilesTransfer *self)
{
  g_autoptr (GObject) object = g_object_ref (G_OBJECT (self));

  g_object_freeze_notify (object);
  g_object_notify (object, "bytes-moved");
  g_object_notify (object, "bytes-resumed");
  g_object_notify (object, "progress");
  g_object_notify (object, "rate");
  g_object_notify (object, "time-left");
  g_object_thaw_notify (object);
}

static gboolean
tick_cb (gpointer user_data)
{
  notify_progress (user_data);
  return G_SOURCE_CONTINUE;
}

static guint
attach (GSource *source, GSourceFunc function, gpointer data)
{
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();
  guint                    id;

  g_source_set_callback (source, function, data, NULL);
  id = g_source_attach (source, context);
  g_source_unref (source);
  return id;
}

static void
clear_source (guint *id)
{
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();
  GSource *source = *id > 0 ? g_main_context_find_source_by_id (context, *id) : NULL;

  if (source != NULL)
    g_source_destroy (source);
  *id = 0;
}

void
ibb_files_transfer_set_timer (IBBFilesTransfer *self, guint seconds, GSourceFunc function)
{
  clear_source (&self->timer);
  if (function != NULL)
    self->timer = attach (g_timeout_source_new (seconds * 1000), function, self);
}

void
ibb_files_transfer_move (IBBFilesTransfer *self, GAsyncReadyCallback callback)
{
  ibb_files_transfer_begin_call (self);
  ibb_mover_run_async (self->mover, self, callback, NULL);
  ibb_files_transfer_begin_move (self);
}

void
ibb_files_transfer_begin_move (IBBFilesTransfer *self)
{
  self->ticker = attach (g_timeout_source_new (TICK), tick_cb, self);
  ibb_files_transfer_set_timer (self, 0, NULL);
  g_object_freeze_notify (G_OBJECT (self));
  g_object_notify (G_OBJECT (self), "transport");
  if (ibb_mover_get_offset (self->mover) > 0)
    g_object_notify (G_OBJECT (self), "bytes-resumed");
  ibb_files_transfer_set_state (self, IBB_FILES_STATE_ACTIVE);
  g_object_thaw_notify (G_OBJECT (self));
}

/* Stanzas. */

char *
ibb_files_transfer_dup_jid (IBBFilesTransfer *self)
{
  return self->transport != NULL ? ibb_transport_dup_peer_jid (self->transport)
                                 : g_strdup (self->peer_jid);
}

IBBStanza *
ibb_files_transfer_new_iq (IBBFilesTransfer *self,
                           const char       *type,
                           const char       *id,
                           const char       *payload)
{
  g_autofree char *to = ibb_files_transfer_dup_jid (self);

  return ibb_jingle_new_iq (type, to, self->local_jid, id, payload);
}

void
ibb_files_transfer_send (IBBFilesTransfer *self,
                         const char       *type,
                         const char       *id,
                         const char       *payload)
{
  g_autoptr (IBBStanza) stanza = ibb_files_transfer_new_iq (self, type, id, payload);

  if (stanza != NULL)
    ibb_connection_send (self->connection, stanza, NULL);
}

/* The state. */

static void
trace (IBBFilesTransfer *self)
{
  g_autofree char *name = g_enum_to_string (IBB_FILES_TYPE_STATE, (int) self->state);

  g_debug ("File of %" G_GUINT64_FORMAT " bytes, with %s: %s%s%s",
           ibb_files_metadata_get_size (self->metadata), self->peer_jid, name,
           self->error != NULL ? ": " : "", self->error != NULL ? self->error->message : "");
}

void
ibb_files_transfer_set_state (IBBFilesTransfer *self, IBBFilesState state)
{
  if (state == self->state || ibb_files_transfer_is_over (self))
    return;
  g_clear_pointer (&self->watch, ibb_peer_watch_free);
  self->state = state;
  trace (self);
  g_object_notify (G_OBJECT (self), "state");
}

void
ibb_files_transfer_return (IBBFilesTransfer *self, GTask *task)
{
  if (self->error != NULL)
    g_task_return_error (task, g_error_copy (self->error));
  else
    g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

/* An application may keep what is over: that has the values of its properties, and no descriptor.
 * The last acknowledgement of what has arrived may be on its way. */
static void
let_go (IBBFilesTransfer *self, IBBFilesState state)
{
  if (self->mover != NULL)
    {
      self->mover->class->close (self->mover, self->keeps_part);
      self->n_moved = state == IBB_FILES_STATE_FAILED ? ibb_files_transfer_get_bytes_moved (self)
                                                      : ibb_mover_get_n_moved (self->mover);
      self->n_resumed = ibb_files_transfer_get_bytes_resumed (self);
    }
  g_clear_pointer (&self->mover, ibb_mover_unref);
  g_clear_pointer (&self->courier, ibb_courier_unref);
}

void
ibb_files_transfer_end (IBBFilesTransfer *self, IBBFilesState state)
{
  g_autoptr (IBBFilesTransfer) kept = g_object_ref (self);
  g_autoptr (GObject)          service = NULL;
  GTask                       *task;
  guint                        position;

  if (ibb_files_transfer_is_over (self))
    return;
  clear_source (&self->timer);
  clear_source (&self->ticker);
  let_go (self, state);
  /* Closes the session without a wait: a peer's program may never answer. */
  if (self->transport != NULL && !self->protocol->shares_session && state != IBB_FILES_STATE_FAILED)
    g_io_stream_close_async (G_IO_STREAM (self->transport), G_PRIORITY_DEFAULT, NULL, NULL, NULL);
  service = g_steal_pointer (&self->service);
  g_object_freeze_notify (G_OBJECT (self));
  if (self->error != NULL)
    g_object_notify (G_OBJECT (self), "error");
  if (self->file != NULL)
    g_object_notify (G_OBJECT (self), "file");
  ibb_files_transfer_set_state (self, state);
  notify_progress (self);
  if (g_ptr_array_find (self->transfers, self, &position))
    {
      g_ptr_array_remove_index (self->transfers, position);
      g_list_model_items_changed (G_LIST_MODEL (service), position, 1, 0);
    }
  g_object_thaw_notify (G_OBJECT (self));
  while ((task = g_queue_pop_head (&self->waits)) != NULL)
    ibb_files_transfer_return (self, task);
}

/* Ends a failed transfer once the last call that uses its mover has returned. */
static void
end_failed (IBBFilesTransfer *self)
{
  self->error = g_steal_pointer (&self->failure);
  ibb_files_transfer_end (self, IBB_FILES_STATE_FAILED);
}

void
ibb_files_transfer_begin_call (IBBFilesTransfer *self)
{
  g_object_ref (self);
  self->n_running++;
}

gboolean
ibb_files_transfer_end_call (IBBFilesTransfer *self)
{
  gboolean goes_on = ibb_files_transfer_goes_on (self);

  self->n_running--;
  if (self->failure != NULL && self->n_running == 0)
    end_failed (self);
  g_object_unref (self);
  return goes_on;
}

void
ibb_files_transfer_tell_failure (IBBFilesTransfer *self)
{
  const char *text;
  IBBReason   reason = ibb_reason_from_error (self->failure, self->direction,
                                              self->state == IBB_FILES_STATE_OFFERED, &text);

  if (self->protocol != NULL)
    self->protocol->tell (self, reason, text);
  if (self->transport != NULL && !self->protocol->shares_session)
    ibb_transport_abort (self->transport);
}

void
ibb_files_transfer_fail (IBBFilesTransfer *self, GError *error)
{
  if (ibb_part_file_is_spoilt_by (error))
    self->keeps_part = FALSE;
  if (ibb_files_transfer_is_over (self) || self->failure != NULL)
    {
      g_error_free (error);
      return;
    }
  /* The sender may know already that it was delivered. */
  if (self->is_in_place)
    {
      g_error_free (error);
      ibb_files_transfer_end (self, IBB_FILES_STATE_DELIVERED);
      return;
    }
  ibb_files_transfer_begin_call (self);
  self->failure = error;
  if (!self->is_checking)
    ibb_files_transfer_tell_failure (self);
  g_cancellable_cancel (self->cancellable);
  ibb_files_transfer_end_call (self);
}

/* The answer to an offer may be that there is no room for one more. */
void
ibb_files_transfer_fail_offer (IBBFilesTransfer *self, GError *error)
{
  if (g_error_matches (error, IBB_ERROR, IBB_ERROR_RESOURCE_CONSTRAINT))
    {
      g_error_free (error);
      error = g_error_new (IBB_ERROR, IBB_ERROR_RESOURCE_CONSTRAINT,
                           _ ("“%s” takes no more files at the moment: try again later"),
                           self->peer_jid);
    }
  ibb_files_transfer_fail (self, error);
}

void
ibb_files_transfer_withdraw (IBBFilesTransfer *self, GError *error)
{
  if (self->direction == IBB_FILES_DIRECTION_SEND && self->protocol != NULL &&
      self->protocol->withdraw != NULL && self->protocol->withdraw (self, error))
    g_error_free (error);
  else
    ibb_files_transfer_fail (self, error);
}

/* News of the decision may be on its way. */
static void
gone_cb (GError *error, gpointer user_data)
{
  ibb_files_transfer_withdraw (user_data, error);
}

/* By Jingle the question is a ping of the session (XEP-0166 §6.8). Stream initiation has none, so
 * that the peer is asked for its features. */
void
ibb_files_transfer_watch_peer (IBBFilesTransfer *self)
{
  g_autofree char *payload =
      self->jingle != NULL ? ibb_jingle_dup_ping (self->jingle)
                           : g_strdup ("<query xmlns='http://jabber.org/protocol/disco#info'/>");
  g_autoptr (IBBStanza) question =
      ibb_files_transfer_new_iq (self, self->jingle != NULL ? "set" : "get", NULL, payload);

  if (question != NULL)
    self->watch = ibb_peer_watch_new (self->sessions, self->peer_jid, question, gone_cb, self);
}

IBBSessionParams *
ibb_files_transfer_dup_params (IBBFilesTransfer *self)
{
  IBBSessionParams *params = ibb_session_params_new ();
  guint             block_size = self->jingle != NULL ? self->jingle->block_size : self->block_size;

  ibb_session_params_set_sid (params, self->sid);
  ibb_session_params_set_block_size (params, block_size);
  ibb_session_params_set_agreed (params, self->jingle != NULL);
  ibb_session_params_set_local_jid (params, self->local_jid);
  return params;
}
