/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How long a client waits before it logs in again: exponential back-off with full jitter. Each
 * wait is random, from 0 to a bound that doubles. After a server's restart its clients come
 * back at different times.
 *
 * On the worker. It outlives the logins, so that a server that lets a client in and drops it
 * at once is not asked without a pause.
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Milliseconds: the first bound, and the last one. */
#define IBB_BACKOFF_MIN 1000
#define IBB_BACKOFF_MAX 60000

typedef struct _IBBBackoff IBBBackoff;

IBBBackoff *ibb_backoff_new (void);
void        ibb_backoff_free (IBBBackoff *self);

/* The next wait, in milliseconds. */
guint ibb_backoff_next (IBBBackoff *self);
/* The next wait is one of the shortest. */
void ibb_backoff_reset (IBBBackoff *self);
/* The next wait is one of the longest. */
void ibb_backoff_exhaust (IBBBackoff *self);
/* An XML stream has ended after so many microseconds. */
void ibb_backoff_note_stream (IBBBackoff *self, gint64 duration);
/* The network has changed: TRUE if that is a reason to log in at once, and then to begin with
 * short waits again. FALSE: it has changed all the time, less than IBB_BACKOFF_MAX ago. now: in
 * microseconds. */
gboolean ibb_backoff_hurry (IBBBackoff *self, gint64 now);

G_END_DECLS
