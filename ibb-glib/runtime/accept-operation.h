/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Taking the next unexpected session. The operation holds service. */

#pragma once

#include <gio/gio.h>

#include "runtime/inbox.h"

G_BEGIN_DECLS

/* (transfer full), or NULL with error set. */
IBBChannel *ibb_accept_operation_run (
    IBBHost *host, IBBInbox *inbox, GObject *service, GCancellable *cancellable, GError **error);
void ibb_accept_operation_start (IBBHost *host, IBBInbox *inbox, GObject *service, GTask *task);
/* A session that is not fetched by this goes back to the inbox. */
IBBChannel *ibb_accept_operation_finish (GTask *task, GError **error);

G_END_DECLS
