/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Lets a machine sleep for as long as a test wants: the kernel's timers that go on meanwhile, and
 * their clock, are those of fake-sleep.c. Any thread. */

#pragma once

#include <glib.h>

/* From now on such a timer runs down only in fake_sleep (), or by itself again. */
void fake_sleep_start (void);
void fake_sleep_stop (void);
/* From now on no such timer can be made. */
void fake_sleep_run_out (void);
/* Lets so many seconds pass, asleep if there are any, and the last timer run down. */
void fake_sleep (guint seconds);
/* The descriptor of the last timer, and its time in milliseconds. */
int     fake_sleep_get_fd (void);
guint64 fake_sleep_get_time (void);
