/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One request of HTTP/1.1 over a connection, and its answer within the bounds of IBBHttpReader. */

#pragma once

#include "xmpp/reach/http-reader.h"

/* text: the whole request. max_body: see ibb_http_reader_new (). Has no timeout of its own. */
void ibb_http_request_async (GIOStream          *io,
                             const char         *text,
                             gsize               max_body,
                             GCancellable       *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer            user_data);
/* (transfer full). is_over: no byte came behind the answer. */
IBBHttpReader *ibb_http_request_finish (GAsyncResult *result, gboolean *is_over, GError **error);
