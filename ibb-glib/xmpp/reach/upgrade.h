/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The request by which an HTTP connection becomes a WebSocket (RFC 6455 §4.1), with the
 * subprotocol of XMPP (RFC 7395 §3.1).
 */

#pragma once

#include <gio/gio.h>

#include "xmpp/reach/endpoint.h"

/* io: TLS with the endpoint. Afterwards its bytes are frames. */
void     ibb_upgrade_async (GIOStream          *io,
                            IBBEndpoint        *endpoint,
                            GCancellable       *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer            user_data);
gboolean ibb_upgrade_finish (GAsyncResult *result, GError **error);
