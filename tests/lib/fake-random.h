/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Lets a test that is linked with fake-random.c choose what is random, and see within which
 * bounds: of all calls of g_random_int_range () outside GLib. Any thread.
 */

#pragma once

#include <glib.h>

/* The value that the next calls return, whatever their bounds are. Forgets the bounds so far. */
void fake_random_start (gint32 value);
/* The largest value that the call of this number, from 0 on, asked for; 0: there was none. */
guint fake_random_get_bound (guint n);
