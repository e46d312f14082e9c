/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Lets a test that is linked with fast-timers.c see what happens after a long time. */

#pragma once

#include <glib.h>

/* From now on timers of shortest to longest milliseconds run 300 times as fast, apart from the next
 * n_kept of them. This affects all threads, and the libraries in them. */
void fast_timers_start (guint shortest, guint longest, guint n_kept);
void fast_timers_stop (void);
/* The next timer of interval milliseconds runs when fast_timers_fire () is called, however busy the
 * machine is. */
void     fast_timers_hold (guint interval);
gboolean fast_timers_is_held (void);
void     fast_timers_fire (void);
