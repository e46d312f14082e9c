/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Asking a peer for a session. The operation holds service. */

#pragma once

#include <gio/gio.h>

#include "runtime/channel.h"

G_BEGIN_DECLS

/* The caller has checked what is in open. (transfer full), or NULL with error set. */
IBBChannel *ibb_open_operation_run (IBBHost       *host,
                                    GObject       *service,
                                    const IBBOpen *open,
                                    GCancellable  *cancellable,
                                    GError       **error);
void ibb_open_operation_start (IBBHost *host, GObject *service, const IBBOpen *open, GTask *task);
/* A session that is not fetched by this is aborted. */
IBBChannel *ibb_open_operation_finish (GTask *task, GError **error);

G_END_DECLS
