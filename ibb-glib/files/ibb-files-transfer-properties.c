/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "files/ibb-files-transfer-private.h"

/**
 * ibb_files_transfer_get_direction: (get-property direction)
 * @self: a transfer
 *
 * Gets whether the file is sent or received.
 *
 * Returns: the direction
 *
 * Since: 1.0
 */
IBBFilesDirection
ibb_files_transfer_get_direction (IBBFilesTransfer *self)
{
  g_return_val_if_fail (IBB_FILES_IS_TRANSFER (self), IBB_FILES_DIRECTION_SEND);

  return self->direction;
}

/**
 * ibb_files_transfer_get_peer_jid: (get-property peer-jid)
 * @self: a transfer
 *
 * Gets the address of the other end.
 *
 * Returns: a full JID
 *
 * Since: 1.0
 */
const char *
ibb_files_transfer_get_peer_jid (IBBFilesTransfer *self)
{
  g_return_val_if_fail (IBB_FILES_IS_TRANSFER (self), NULL);

  return self->peer_jid;
}

/**
 * ibb_files_transfer_get_way: (get-property way)
 * @self: a transfer
 *
 * Gets how both programs have agreed on the transfer.
 *
 * Returns: the way
 *
 * Since: 1.0
 */
IBBFilesWay
ibb_files_transfer_get_way (IBBFilesTransfer *self)
{
  g_return_val_if_fail (IBB_FILES_IS_TRANSFER (self), IBB_FILES_WAY_NONE);

  return self->way;
}

/**
 * ibb_files_transfer_get_metadata: (get-property metadata)
 * @self: a transfer
 *
 * Gets what is known of the file. For a file of a peer these are the peer’s words.
 *
 * Returns: (transfer none): the metadata
 *
 * Since: 1.0
 */
IBBFilesMetadata *
ibb_files_transfer_get_metadata (IBBFilesTransfer *self)
{
  g_return_val_if_fail (IBB_FILES_IS_TRANSFER (self), NULL);

  return self->metadata;
}

/**
 * ibb_files_transfer_get_state: (get-property state)
 * @self: a transfer
 *
 * Gets what happens to the transfer.
 *
 * Returns: the state
 *
 * Since: 1.0
 */
IBBFilesState
ibb_files_transfer_get_state (IBBFilesTransfer *self)
{
  g_return_val_if_fail (IBB_FILES_IS_TRANSFER (self), IBB_FILES_STATE_FAILED);

  return self->state;
}

/**
 * ibb_files_transfer_get_bytes_moved: (get-property bytes-moved)
 * @self: a transfer
 *
 * Gets how many bytes of the file are at the other end, those of an earlier transfer included.
 *
 * Returns: bytes
 *
 * Since: 1.0
 */
guint64
ibb_files_transfer_get_bytes_moved (IBBFilesTransfer *self)
{
  g_return_val_if_fail (IBB_FILES_IS_TRANSFER (self), 0);

  if (self->mover == NULL)
    return self->n_moved;
  /* The difference of the bytes written and the bytes queued would be taken at two moments, and
   * could decrease. */
  if (self->direction == IBB_FILES_DIRECTION_SEND && self->transport != NULL)
    {
      guint64 n = ibb_mover_get_offset (self->mover) +
                  ibb_transport_get_bytes_acknowledged (self->transport);

      /* The session of a bundle has further bytes than those of the file. */
      return MIN (n, ibb_mover_get_n_moved (self->mover));
    }
  return ibb_mover_get_n_moved (self->mover);
}

/**
 * ibb_files_transfer_get_bytes_resumed: (get-property bytes-resumed)
 * @self: a transfer
 *
 * Gets how many bytes of the file an earlier transfer has moved.
 *
 * Returns: bytes
 *
 * Since: 1.0
 */
guint64
ibb_files_transfer_get_bytes_resumed (IBBFilesTransfer *self)
{
  g_return_val_if_fail (IBB_FILES_IS_TRANSFER (self), 0);

  return self->mover != NULL ? ibb_mover_get_offset (self->mover) : self->n_resumed;
}

/**
 * ibb_files_transfer_get_progress: (get-property progress)
 * @self: a transfer
 *
 * Gets the share of the file that has moved.
 *
 * Returns: from 0 to 1
 *
 * Since: 1.0
 */
double
ibb_files_transfer_get_progress (IBBFilesTransfer *self)
{
  guint64 size;

  g_return_val_if_fail (IBB_FILES_IS_TRANSFER (self), 0);

  size = ibb_files_metadata_get_size (self->metadata);
  if (size == 0)
    return self->state == IBB_FILES_STATE_SENT || self->state == IBB_FILES_STATE_DELIVERED;
  return (double) ibb_files_transfer_get_bytes_moved (self) / (double) size;
}

/**
 * ibb_files_transfer_get_rate: (get-property rate)
 * @self: a transfer
 *
 * Gets the smoothed rate.
 *
 * Returns: bytes per second; 0 while nothing moves
 *
 * Since: 1.0
 */
guint64
ibb_files_transfer_get_rate (IBBFilesTransfer *self)
{
  g_return_val_if_fail (IBB_FILES_IS_TRANSFER (self), 0);

  if (self->transport == NULL || self->mover == NULL)
    return 0;
  return self->direction == IBB_FILES_DIRECTION_SEND
             ? ibb_transport_get_send_rate (self->transport)
             : ibb_transport_get_receive_rate (self->transport);
}

/**
 * ibb_files_transfer_get_time_left: (get-property time-left)
 * @self: a transfer
 *
 * Gets how long the rest takes at this rate.
 *
 * Returns: seconds; -1 if that is not known
 *
 * Since: 1.0
 */
int
ibb_files_transfer_get_time_left (IBBFilesTransfer *self)
{
  guint64 rate;
  double  left;

  g_return_val_if_fail (IBB_FILES_IS_TRANSFER (self), -1);

  rate = ibb_files_transfer_get_rate (self);
  if (rate == 0)
    return -1;
  left = (double) (ibb_files_metadata_get_size (self->metadata) -
                   ibb_files_transfer_get_bytes_moved (self)) /
         (double) rate;
  return left < G_MAXINT ? (int) left : G_MAXINT;
}

/**
 * ibb_files_transfer_get_transport: (get-property transport)
 * @self: a transfer
 *
 * Gets the in-band session that moves the bytes, such as for its statistics.
 *
 * Returns: (transfer none) (nullable): the session; %NULL before it is open
 *
 * Since: 1.0
 */
IBBTransport *
ibb_files_transfer_get_transport (IBBFilesTransfer *self)
{
  g_return_val_if_fail (IBB_FILES_IS_TRANSFER (self), NULL);

  return self->transport;
}

/**
 * ibb_files_transfer_get_file: (get-property file)
 * @self: a transfer
 *
 * Gets the received file, under the name that it got.
 *
 * Returns: (transfer none) (nullable): the file; %NULL before it has its name, and for one that
 * goes to a stream
 *
 * Since: 1.0
 */
GFile *
ibb_files_transfer_get_file (IBBFilesTransfer *self)
{
  g_return_val_if_fail (IBB_FILES_IS_TRANSFER (self), NULL);

  return self->file;
}

/**
 * ibb_files_transfer_dup_error: (get-property error)
 * @self: a transfer
 *
 * Gets why the transfer has failed, as [method@IBBFiles.Transfer.wait_async] reports it.
 *
 * Returns: (transfer full) (nullable): the error; %NULL unless the transfer has failed
 *
 * Since: 1.0
 */
GError *
ibb_files_transfer_dup_error (IBBFilesTransfer *self)
{
  g_return_val_if_fail (IBB_FILES_IS_TRANSFER (self), NULL);

  return self->error != NULL ? g_error_copy (self->error) : NULL;
}

/**
 * ibb_files_transfer_get_left_out: (get-property left-out)
 * @self: a transfer
 *
 * Gets what is in a folder that this end sends, and is not sent; see
 * [property@IBBFiles.Transfer:left-out].
 *
 * Returns: (transfer none) (array zero-terminated=1): paths in the folder, of the first 100
 *
 * Since: 1.0
 */
const char *const *
ibb_files_transfer_get_left_out (IBBFilesTransfer *self)
{
  static const char *const nothing[] = { NULL };

  g_return_val_if_fail (IBB_FILES_IS_TRANSFER (self), NULL);

  return self->left_out != NULL ? (const char *const *) self->left_out : nothing;
}

/**
 * ibb_files_transfer_get_n_left_out: (get-property n-left-out)
 * @self: a transfer
 *
 * Gets how many links, devices, pipes, sockets, and names that the receiver would have to change
 * are in a folder that this end sends. Of these the first 100 are in
 * [property@IBBFiles.Transfer:left-out].
 *
 * Returns: their number; 0 for a file, and for what is received
 *
 * Since: 1.0
 */
guint
ibb_files_transfer_get_n_left_out (IBBFilesTransfer *self)
{
  g_return_val_if_fail (IBB_FILES_IS_TRANSFER (self), 0);

  return self->n_left_out;
}
