/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The transfer of a file by Jingle (XEP-0234), as other programs do it. */

#include "config.h"

#include "base/intl.h"
#include "files/ibb-files-transfer-private.h"

#define REQUEST_TIMEOUT 60000 /* ms for the program of the peer to say that the offer has come */

static void
answered_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (IBBFilesTransfer) self = user_data;
  GError                      *error = NULL;
  g_autoptr (IBBStanza)        answer =
      ibb_connection_query_finish (IBB_CONNECTION (object), result, &error);

  if (answer == NULL && self->jingle->state == IBB_JINGLE_OFFERED &&
      self->state == IBB_FILES_STATE_OFFERED)
    {
      ibb_jingle_refused (self->jingle);
      ibb_files_transfer_fail_offer (self, error);
    }
  else
    g_clear_error (&error);
}

/* Only the answer to the offer matters. The others tell nothing that the session does not, and a
 * transfer that is over is not kept for them. */
static void
flush (IBBFilesTransfer *self)
{
  gboolean is_offer = self->jingle->is_initiator && self->jingle->state == IBB_JINGLE_OFFERED;
  gboolean is_farewell =
      self->direction == IBB_FILES_DIRECTION_RECEIVE && self->state >= IBB_FILES_STATE_ACTIVE &&
      self->jingle->state == IBB_JINGLE_ENDED && !g_queue_is_empty (&self->jingle->requests);
  g_autoptr (GStrvBuilder) farewell = g_strv_builder_new ();
  char                    *payload;

  while ((payload = g_queue_pop_head (&self->jingle->requests)) != NULL)
    {
      g_autofree char      *id = g_uuid_string_random ();
      g_autoptr (IBBStanza) stanza = ibb_files_transfer_new_iq (self, "set", id, payload);

      if (stanza != NULL && is_offer)
        ibb_connection_query_async (self->connection, stanza, REQUEST_TIMEOUT, NULL, answered_cb,
                                    g_object_ref (self));
      else if (stanza != NULL)
        ibb_connection_send (self->connection, stanza, NULL);
      g_strv_builder_add (farewell, payload);
      g_free (payload);
    }
  if (is_farewell)
    ibb_farewells_add (self->farewells, self->peer_jid, self->jingle->sid,
                       g_strv_builder_end (farewell));
}

/* Answers the end that the peer has said while the file was checked: with an error if that came too
 * late. */
static void
answer_late (IBBFilesTransfer *self)
{
  static const char     too_late[] = "<error type='wait'><unexpected-request"
                                     " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
                                     "<out-of-order xmlns='urn:xmpp:jingle:errors:1'/></error>";
  g_autoptr (IBBStanza) late = g_steal_pointer (&self->late);
  g_autoptr (IBBStanza) answer = NULL;

  if (late != NULL)
    answer = ibb_jingle_new_iq (self->is_in_place ? "error" : "result", ibb_stanza_get_from (late),
                                self->local_jid, ibb_stanza_get_id (late),
                                self->is_in_place ? too_late : "");
  if (answer != NULL)
    ibb_connection_send (self->connection, answer, NULL);
}

static void
tell (IBBFilesTransfer *self, IBBReason reason, const char *text)
{
  ibb_jingle_terminate (self->jingle, reason, text);
  flush (self);
  answer_late (self);
}

static GError *
new_peer_error (IBBFilesTransfer *self)
{
  return ibb_reason_to_error (self->jingle->reason, self->jingle->reason_text, self->peer_jid,
                              self->direction, self->state == IBB_FILES_STATE_OFFERED);
}

/* The sender. */

static void
offer (IBBFilesTransfer *self)
{
  g_autofree char *local_jid = ibb_connection_dup_local_jid (self->connection);
  g_autofree char *session = g_uuid_string_random ();

  self->jingle = ibb_jingle_new_offer (local_jid, session, self->sid, self->block_size,
                                       self->metadata, TRUE, NULL);
  flush (self);
}

static void
sender_heard (IBBFilesTransfer *self)
{
  gboolean is_success = ibb_reason_is (self->jingle->reason, IBB_REASON_SUCCESS);

  if (self->failure != NULL)
    return;
  if (self->jingle->is_misaccepted)
    {
      ibb_files_transfer_fail_misaccepted (self);
      return;
    }
  if (self->jingle->state == IBB_JINGLE_ACCEPTED && self->state == IBB_FILES_STATE_OFFERED)
    ibb_files_transfer_open_session (self);
  else if (self->jingle->state != IBB_JINGLE_ENDED)
    return;
  else if (self->state == IBB_FILES_STATE_CHECKING && (is_success || self->jingle->is_received))
    ibb_files_transfer_end (self, IBB_FILES_STATE_DELIVERED);
  /* The last acknowledgement, and that of an open, may come after this success. */
  else if (self->state == IBB_FILES_STATE_OFFERED || !is_success)
    ibb_files_transfer_fail (self, new_peer_error (self));
}

static gboolean
received_timeout_cb (gpointer user_data)
{
  IBBFilesTransfer *self = user_data;

  self->timer = 0;
  ibb_jingle_terminate (self->jingle, IBB_REASON_SUCCESS, NULL);
  flush (self);
  ibb_files_transfer_end (self, self->jingle->is_received ? IBB_FILES_STATE_DELIVERED
                                                          : IBB_FILES_STATE_SENT);
  return G_SOURCE_REMOVE;
}

static void
finish (IBBFilesTransfer *self)
{
  g_autofree char *hash = ibb_hasher_finish (self->mover->hasher);

  ibb_jingle_send_checksum (self->jingle, ibb_hasher_get_algorithm (self->mover->hasher), hash);
  flush (self);
  /* Some receivers check when the session ends. */
  if (self->transport != NULL)
    g_io_stream_close_async (G_IO_STREAM (self->transport), G_PRIORITY_DEFAULT, NULL, NULL, NULL);
  ibb_files_transfer_set_timer (self, IBB_FILES_RECEIVED_TIMEOUT, received_timeout_cb);
  ibb_files_transfer_set_state (self, IBB_FILES_STATE_CHECKING);
  if (ibb_files_transfer_goes_on (self))
    sender_heard (self);
}

/* The receiver. */

static void
accept (IBBFilesTransfer *self)
{
  ibb_files_transfer_expect_session (self);
  ibb_jingle_accept (self->jingle, self->jingle->block_size, ibb_mover_get_offset (self->mover));
  flush (self);
  ibb_files_transfer_set_state (self, IBB_FILES_STATE_ACCEPTED);
}

static void
deliver (IBBFilesTransfer *self)
{
  if (self->late != NULL)
    ibb_jingle_reopen (self->jingle);
  answer_late (self);
  ibb_jingle_send_received (self->jingle);
  ibb_jingle_terminate (self->jingle, IBB_REASON_SUCCESS, NULL);
  flush (self);
  ibb_files_transfer_end (self, IBB_FILES_STATE_DELIVERED);
}

static void
receiver_heard (IBBFilesTransfer *self)
{
  gboolean is_success = ibb_reason_is (self->jingle->reason, IBB_REASON_SUCCESS);

  if (self->jingle->state == IBB_JINGLE_ENDED && self->failure == NULL &&
      (!is_success || self->early != NULL || self->state == IBB_FILES_STATE_OFFERED))
    {
      /* The part of a file is not kept if the sender has cancelled the transfer. */
      if (ibb_reason_is (self->jingle->reason, IBB_REASON_CANCEL))
        self->keeps_part = FALSE;
      ibb_files_transfer_fail (self, is_success && self->early != NULL
                                         ? g_steal_pointer (&self->early)
                                         : new_peer_error (self));
    }
  else if (self->has_all)
    ibb_files_transfer_check_when_known (self);
}

void
ibb_files_transfer_heard (IBBFilesTransfer *self)
{
  flush (self);
  if (self->direction == IBB_FILES_DIRECTION_SEND)
    sender_heard (self);
  else
    receiver_heard (self);
}

const IBBFilesProtocol ibb_files_transfer_by_jingle = {
  .offer = offer,
  .finish = finish,
  .accept = accept,
  .deliver = deliver,
  .tell = tell,
};
