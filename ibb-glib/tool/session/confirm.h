/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The end of an encrypted session. The end of TLS says that the peer writes no more, not that it
 * has read what this end has written, and a server can forge the acknowledgements of blocks. So
 * each end that has read bytes, once it has sent its own end of TLS and has read that of the peer,
 * writes a receipt below TLS, and shuts its output down. An end that has written bytes waits for
 * it. The receipt is a MAC by the key of the TLS connection (RFC
 * 9266) of a text with the role of its writer, without which the peer could send that of this end
 * back. */

#pragma once

#include "tool/account/run.h"

/* Call these when all bytes of the peer were read to their end and are where they belong. They
 * write the receipt, and wait for that of the peer, behind which nothing may come. In a session
 * that is not encrypted they do nothing. has_read, has_written: at least one byte within TLS. */

/* The output was ended before. */
void     tool_confirm_async (IBBTransport       *transport,
                             gboolean            has_read,
                             gboolean            has_written,
                             GCancellable       *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer            user_data);
gboolean tool_confirm_finish (IBBTransport *transport, GAsyncResult *result, GError **error);
/* Ends the output. */
gboolean tool_confirm (
    ToolRun *run, IBBTransport *transport, gboolean has_read, gboolean has_written, GError **error);
/* Joins standard input and output with the session, confirms the end of both directions, and closes
 * the session; or gives it up. */
gboolean tool_confirm_join (ToolRun       *run,
                            IBBConnection *connection,
                            IBBTransport  *transport,
                            GError       **error);
