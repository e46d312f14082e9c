/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Lets a test that is linked with fake-clock.c stop the clock of g_get_monotonic_time (), for all
 * calls outside GLib. Any thread.
 */

#pragma once

#include <glib.h>

void fake_clock_stop (void);
/* Advances the clock by so many microseconds, while it stands. */
void fake_clock_advance (gint64 time);
/* Lets the clock go on from its present time. */
void fake_clock_start (void);
