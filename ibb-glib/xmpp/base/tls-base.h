/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The connection that the TLS library reads from. Output passes unchanged.
 *
 * Bounds the messages of TLS without data, such as session tickets and key updates: within one
 * read the TLS library handles all of them that have come, without a return to the main context.
 *
 * glib-networking keeps the session tickets of a GSocketConnection in the process, without a bound.
 * This type is not a GSocketConnection, so that no ticket is kept and each handshake is complete.
 */

#pragma once

#include <gio/gio.h>

#define IBB_TYPE_TLS_BASE (ibb_tls_base_get_type ())
G_DECLARE_FINAL_TYPE (IBBTlsBase, ibb_tls_base, IBB, TLS_BASE, GIOStream)

IBBTlsBase *ibb_tls_base_new (GIOStream *connection);
/* (transfer none) */
GIOStream *ibb_tls_base_get_connection (IBBTlsBase *self);

/* The base of tls, a connection of handshake.c. (transfer none) */
IBBTlsBase *ibb_tls_base_get (GTlsConnection *tls);
/* Starts the count of bytes without data at 0. After the first call, which ends the handshake, a
 * read fails with %G_IO_ERROR_INVALID_DATA once the count exceeds its bound. */
void ibb_tls_base_note_data (IBBTlsBase *self);
