/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(IBB_FILES_INSIDE) && !defined(IBB_GLIB_COMPILATION)
#error "Only <ibb-glib/files/ibb-files.h> can be included directly."
#endif

#include <ibb-glib/ibb-glib.h>

G_BEGIN_DECLS

/**
 * IBBFilesDirection:
 * @IBB_FILES_DIRECTION_SEND: from here to the peer
 * @IBB_FILES_DIRECTION_RECEIVE: from the peer to here
 *
 * Where a file goes.
 *
 * Since: 1.0
 */
typedef enum
{
  IBB_FILES_DIRECTION_SEND,
  IBB_FILES_DIRECTION_RECEIVE,
} IBBFilesDirection;

/**
 * IBBFilesWay:
 * @IBB_FILES_WAY_NONE: not chosen yet
 * @IBB_FILES_WAY_JINGLE: Jingle (XEP-0166, XEP-0234, XEP-0261)
 * @IBB_FILES_WAY_STREAM_INITIATION: stream initiation (XEP-0095, XEP-0096)
 *
 * How two programs agree on a transfer.
 *
 * Since: 1.0
 */
typedef enum
{
  IBB_FILES_WAY_NONE,
  IBB_FILES_WAY_JINGLE,
  IBB_FILES_WAY_STREAM_INITIATION,
} IBBFilesWay;

/**
 * IBBFilesExisting:
 * @IBB_FILES_EXISTING_FAIL: the transfer fails with %G_IO_ERROR_EXISTS
 * @IBB_FILES_EXISTING_REPLACE: a regular file is replaced, and nothing else
 * @IBB_FILES_EXISTING_NUMBER: the file gets the next name that is free: of a second `letter.pdf` it
 *   makes `letter (2).pdf`
 *
 * What happens when a received file is whole and something has its name.
 *
 * Since: 1.0
 */
typedef enum
{
  IBB_FILES_EXISTING_FAIL,
  IBB_FILES_EXISTING_REPLACE,
  IBB_FILES_EXISTING_NUMBER,
} IBBFilesExisting;

/**
 * IBBFilesState:
 * @IBB_FILES_STATE_OFFERED: the receiver has not decided yet
 * @IBB_FILES_STATE_ACCEPTED: the receiver has accepted, and no byte has moved
 * @IBB_FILES_STATE_ACTIVE: bytes move
 * @IBB_FILES_STATE_CHECKING: all bytes have moved: the receiver checks them, or its answer is
 *   awaited
 * @IBB_FILES_STATE_SENT: over: the peer’s program has acknowledged every byte, and has not said
 *   that it has the file. Some programs lose the file at this point
 * @IBB_FILES_STATE_DELIVERED: over: the receiver has the whole file
 * @IBB_FILES_STATE_FAILED: over: see [method@IBBFiles.Transfer.dup_error]
 *
 * The life of a transfer. It never goes back to an earlier state.
 *
 * Since: 1.0
 */
typedef enum
{
  IBB_FILES_STATE_OFFERED,
  IBB_FILES_STATE_ACCEPTED,
  IBB_FILES_STATE_ACTIVE,
  IBB_FILES_STATE_CHECKING,
  IBB_FILES_STATE_SENT,
  IBB_FILES_STATE_DELIVERED,
  IBB_FILES_STATE_FAILED,
} IBBFilesState;

G_END_DECLS
