/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How long a client waits before its next attempt to come back: exponential back-off with full
 * jitter. Each wait is random, from 0 to a bound that doubles. After a server's restart its
 * clients come back at different times. On the worker.
 */

#pragma once

#include <glib.h>

typedef struct _IBBBackoff IBBBackoff;

/* The first bound, and the last one, in milliseconds. */
IBBBackoff *ibb_backoff_new (guint first, guint last);
void        ibb_backoff_free (IBBBackoff *self);

/* The next wait, in milliseconds. */
guint ibb_backoff_next (IBBBackoff *self);
/* The next wait is one of the shortest. */
void ibb_backoff_reset (IBBBackoff *self);
/* The next wait is one of the longest. */
void ibb_backoff_exhaust (IBBBackoff *self);
/* An XML stream has ended. TRUE if it has lasted for at least so long: then the next wait is one
 * of the shortest. Both in microseconds. */
gboolean ibb_backoff_note_stream (IBBBackoff *self, gint64 duration, gint64 least);
/* The network has changed: TRUE if that is a reason for an attempt at once, and then to begin
 * with short waits again. FALSE if such an attempt was made less than the last bound ago. now: in
 * microseconds. */
gboolean ibb_backoff_hurry (IBBBackoff *self, gint64 now);
