/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A source that calls back once what any thread has appended to a buffer is to be written. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

GSource *ibb_flush_source_new (GSourceFunc callback, gpointer data);
/* Any thread. From the thread of the context this costs no system call: the loop asks the
 * source before it polls. */
void ibb_flush_source_request (GSource *source);
/* Withdraws the request. TRUE: there was one. */
gboolean ibb_flush_source_take (GSource *source);
gboolean ibb_flush_source_is_requested (GSource *source);

G_END_DECLS
