/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A source that is ready while a channel is: a child for a source of GIO, whose callback is
 * the application's. Do not set its callback. */

#pragma once

#include "runtime/channel.h"

/* is_ready is called with the lock; queue is one of the channel's. */
GSource *ibb_poll_source_new (const char *name,
                              IBBChannel *channel,
                              gboolean (*is_ready) (IBBChannel *channel),
                              GQueue *queue);
