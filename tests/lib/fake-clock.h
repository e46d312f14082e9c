/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Lets a test that is linked with fake-clock.c stop the clock of g_get_monotonic_time (), for all
 * calls outside GLib. Any thread.
 */

#pragma once

#include <glib.h>

void fake_clock_stop (void);
/* In microseconds, while it stands. */
void fake_clock_advance (gint64 time);
/* It goes on with the time that it is. */
void fake_clock_start (void);
