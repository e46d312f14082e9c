/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Writing to a session. channel may be NULL everywhere: a half that a binding made without a
 * transport. */

#pragma once

#include <gio/gio.h>

#include "runtime/channel.h"

G_BEGIN_DECLS

/* FALSE with error set, and size 0. */
gboolean ibb_write_operation_run (IBBChannel          *channel,
                                  const GOutputVector *vectors,
                                  gsize                n_vectors,
                                  gsize               *size,
                                  GCancellable        *cancellable,
                                  GError             **error);
/* Ends task, with an int. Several vectors stay the caller's until then, as the bytes do; a
 * single one is copied. finished (nullable) is called before the result is returned, or the
 * error. */
void ibb_write_operation_start (IBBChannel          *channel,
                                const GOutputVector *vectors,
                                gsize                n_vectors,
                                GTask               *task,
                                void (*finished) (gpointer data),
                                gpointer finished_data);
/* Does not wait: -1 with error set, G_IO_ERROR_WOULD_BLOCK among others. */
gssize
ibb_write_operation_try (IBBChannel *channel, const void *buffer, gsize count, GError **error);

gboolean ibb_write_operation_is_ready (IBBChannel *channel);
/* A source that is ready while a write is: a child for a source of GIO. NULL without channel. */
GSource *ibb_write_operation_create_source (IBBChannel *channel);

G_END_DECLS
