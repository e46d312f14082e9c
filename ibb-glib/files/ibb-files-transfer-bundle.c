/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The transfer of a file or a folder in a bundle, whose session a courier has. */

#include "config.h"

#include "base/intl.h"
#include "files/ibb-files-transfer-private.h"

#define BUNDLE_TIMEOUT 3600 /* s for the receiver to check the file, while its session is there */

static void
accepted (gpointer client, IBBTransport *transport)
{
  g_autoptr (IBBFilesTransfer) self = g_object_ref (client);

  g_set_object (&self->transport, transport);
  ibb_files_transfer_set_state (self, IBB_FILES_STATE_ACCEPTED);
  if (ibb_files_transfer_goes_on (self))
    ibb_files_transfer_begin_move (self);
}

static void
delivered (gpointer client)
{
  ibb_files_transfer_end (client, IBB_FILES_STATE_DELIVERED);
}

/* Takes error. Before the decision the session alone tells that the program of the peer was started
 * again. */
static void
fail (IBBFilesTransfer *self, GError *error)
{
  if (self->state == IBB_FILES_STATE_OFFERED &&
      g_error_matches (error, IBB_ERROR, IBB_ERROR_ITEM_NOT_FOUND))
    {
      g_error_free (error);
      error = ibb_peer_watch_new_gone_error (self->peer_jid);
    }
  ibb_files_transfer_fail_offer (self, error);
}

static void
tell (IBBFilesTransfer *self, IBBReason reason, const char *text)
{
  ibb_courier_fail (self->courier, self->number, reason, text);
}

/* The sender. */

/* code: of G_IO_ERROR, or IBB_ERROR_FAILED. */
static void
fail_unknown (IBBFilesTransfer *self, GQuark domain, int code)
{
  ibb_files_transfer_fail (self,
                           g_error_new (domain, code,
                                        _ ("“%s” has received all bytes, but has not confirmed "
                                           "that it has the file"),
                                        self->peer_jid));
}

static gboolean
unconfirmed_cb (gpointer user_data)
{
  IBBFilesTransfer *self = user_data;

  self->timer = 0;
  fail_unknown (self, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  return G_SOURCE_REMOVE;
}

static gboolean
is_cancelled (IBBFilesTransfer *self)
{
  return g_error_matches (self->withdrawal, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* A receiver that has the hash decides; in the clear it learns of a cancellation. */
static gboolean
withdraw (IBBFilesTransfer *self, const GError *error)
{
  const char *text;
  IBBReason   reason = ibb_reason_from_error (error, self->direction, FALSE, &text);

  if (!ibb_courier_withdraw (self->courier, self->number, reason))
    return FALSE;
  if (is_cancelled (self))
    return TRUE;
  g_clear_error (&self->withdrawal);
  self->withdrawal = g_error_copy (error);
  g_cancellable_cancel (self->cancellable);
  if (is_cancelled (self) && self->state >= IBB_FILES_STATE_ACTIVE)
    ibb_files_transfer_set_timer (self, IBB_FILES_RECEIVED_TIMEOUT, unconfirmed_cb);
  return TRUE;
}

static void
sender_released (gpointer client, const char *hash, GError *error)
{
  IBBFilesTransfer *self = client;

  if (self->withdrawal != NULL && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_error_free (error);
      error = g_error_copy (self->withdrawal);
    }
  if (error != NULL)
    ibb_files_transfer_fail (self, error);
  if (ibb_files_transfer_end_call (self) && self->state == IBB_FILES_STATE_ACTIVE)
    {
      ibb_files_transfer_set_timer (
          self, is_cancelled (self) ? IBB_FILES_RECEIVED_TIMEOUT : BUNDLE_TIMEOUT, unconfirmed_cb);
      ibb_files_transfer_set_state (self, IBB_FILES_STATE_CHECKING);
    }
}

static void
sender_failed (gpointer client, const char *reason, GError *error)
{
  IBBFilesTransfer *self = client;
  gboolean          is_known = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT) ||
                      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);

  /* The answer of the receiver. */
  if (is_cancelled (self) && ibb_reason_is (reason, IBB_REASON_CANCEL))
    {
      g_error_free (error);
      ibb_files_transfer_fail (self, g_error_copy (self->withdrawal));
      return;
    }
  if (reason != NULL || self->state != IBB_FILES_STATE_CHECKING)
    {
      fail (self, error);
      return;
    }
  fail_unknown (self, is_known ? G_IO_ERROR : IBB_ERROR, is_known ? error->code : IBB_ERROR_FAILED);
  g_error_free (error);
}

static const IBBCourierFuncs sender_funcs = { accepted, sender_released, delivered, sender_failed };

static void
offer (IBBFilesTransfer *self)
{
  self->number =
      ibb_courier_offer (self->courier, self->mover, self->metadata, &sender_funcs, self);
  if (self->number == 0)
    ibb_files_transfer_fail (self, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                                                        _ ("The description of the file is too "
                                                           "long")));
  else
    ibb_files_transfer_begin_call (self);
}

/* The receiver. */

static const IBBCourierFuncs receiver_funcs;

static void
deliver (IBBFilesTransfer *self)
{
  ibb_courier_deliver (self->courier, self->number, &receiver_funcs, self);
}

/* All files of the folder are in their places. */
static void
deliver_folder (IBBFilesTransfer *self)
{
  g_autoptr (IBBFilesTransfer) kept = g_object_ref (self);

  self->file = self->mover->class->dup_file (self->mover);
  self->is_in_place = TRUE;
  deliver (self);
  ibb_files_transfer_set_state (self, IBB_FILES_STATE_CHECKING);
}

static void
receiver_released (gpointer client, const char *hash, GError *error)
{
  IBBFilesTransfer *self = client;

  if (error != NULL)
    ibb_files_transfer_fail (self, error);
  if (!ibb_files_transfer_end_call (self) || hash == NULL)
    return;
  if (ibb_files_metadata_get_is_folder (self->metadata))
    {
      deliver_folder (self);
      return;
    }
  ibb_files_metadata_set_hash (self->metadata, IBB_HASHER_DEFAULT, hash);
  self->has_all = self->has_ended = TRUE;
  ibb_files_transfer_check (self);
  ibb_files_transfer_set_state (self, IBB_FILES_STATE_CHECKING);
}

/* A file whose bytes are all here may still get its name, unless the sender cancels. */
static void
receiver_failed (gpointer client, const char *reason, GError *error)
{
  IBBFilesTransfer *self = client;
  gboolean          is_cancel = ibb_reason_is (reason, IBB_REASON_CANCEL);

  if (self->state == IBB_FILES_STATE_CHECKING && !is_cancel)
    {
      g_error_free (error);
      return;
    }
  if (is_cancel)
    self->keeps_part = FALSE;
  fail (self, error);
}

static const IBBCourierFuncs receiver_funcs = { accepted, receiver_released, delivered,
                                                receiver_failed };

void
ibb_files_transfer_set_courier (IBBFilesTransfer *self, IBBCourier *courier, guint32 number)
{
  self->protocol = &ibb_files_transfer_in_bundle;
  self->courier = ibb_courier_ref (courier);
  self->number = number;
  self->keeps_part = TRUE;
  ibb_courier_add (courier, number, &receiver_funcs, self);
}

static void
accept (IBBFilesTransfer *self)
{
  ibb_files_transfer_begin_call (self);
  ibb_files_transfer_set_state (self, IBB_FILES_STATE_ACCEPTED);
  if (ibb_files_transfer_goes_on (self))
    ibb_courier_accept (self->courier, self->number, self->mover);
  else
    ibb_files_transfer_end_call (self);
}

/* The session is that of the courier, and goes on after the transfer. */
const IBBFilesProtocol ibb_files_transfer_in_bundle = {
  .shares_session = TRUE,
  .offer = offer,
  .withdraw = withdraw,
  .accept = accept,
  .deliver = deliver,
  .tell = tell,
};
