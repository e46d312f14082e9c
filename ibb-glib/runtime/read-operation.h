/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reading from a session. channel may be NULL everywhere: a half that a binding made without
 * a transport. */

#pragma once

#include <gio/gio.h>

#include "runtime/channel.h"

G_BEGIN_DECLS

/* -1 with error set. */
gssize ibb_read_operation_run (
    IBBChannel *channel, void *buffer, gsize count, GCancellable *cancellable, GError **error);
/* Ends task, with an int. */
void ibb_read_operation_start (IBBChannel *channel, void *buffer, gsize count, GTask *task);
/* Does not wait: -1 with error set, G_IO_ERROR_WOULD_BLOCK among others. */
gssize ibb_read_operation_try (IBBChannel *channel, void *buffer, gsize count, GError **error);

gboolean ibb_read_operation_is_ready (IBBChannel *channel);
/* A source that is ready while a read is: a child for a source of GIO. NULL without channel. */
GSource *ibb_read_operation_create_source (IBBChannel *channel);

G_END_DECLS
