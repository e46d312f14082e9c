/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The calls of a transport and of its halves: a read, a write, and the waits until what was
 * written has got somewhere. channel may be NULL everywhere: a half that a binding made without a
 * transport. */

#pragma once

#include <gio/gio.h>

#include "runtime/channel.h"

typedef enum
{
  IBB_STREAM_READ,
  IBB_STREAM_WRITE,
  IBB_STREAM_FLUSH,    /* until the bytes are sent */
  IBB_STREAM_DRAIN,    /* until they are acknowledged */
  IBB_STREAM_SHUTDOWN, /* until they are acknowledged and the output is closed */
  IBB_STREAM_CLOSE,    /* until the session has ended */
} IBBStreamGoal;

/* vectors (nullable): the bytes of a write; of a read the one place for them. Returns how many
 * bytes were read or written; -1 with error set. */
gssize ibb_stream_operation_run (IBBChannel          *channel,
                                 IBBStreamGoal        goal,
                                 const GOutputVector *vectors,
                                 gsize                n_vectors,
                                 GCancellable        *cancellable,
                                 GError             **error);
/* Ends task with that result: an int for a read or a write, else a boolean. The caller keeps the
 * bytes until then, and several vectors; a single vector is copied. finished (nullable) is called
 * before the result or the error is returned. */
void ibb_stream_operation_start (IBBChannel          *channel,
                                 IBBStreamGoal        goal,
                                 const GOutputVector *vectors,
                                 gsize                n_vectors,
                                 GTask               *task,
                                 void (*finished) (gpointer data),
                                 gpointer finished_data);

/* A read or a write that does not wait: -1 with error set, G_IO_ERROR_WOULD_BLOCK among others. */
gssize   ibb_stream_operation_try (IBBChannel          *channel,
                                   IBBStreamGoal        goal,
                                   const GOutputVector *vector,
                                   GError             **error);
gboolean ibb_stream_operation_is_ready (IBBChannel *channel, IBBStreamGoal goal);
/* Adds a child to source, for a read or a write that may be ready. Added as a child by itself:
 * given to the constructor of source, GIO would set the callback of the child. */
void ibb_stream_operation_add_source (IBBChannel *channel, IBBStreamGoal goal, GSource *source);
