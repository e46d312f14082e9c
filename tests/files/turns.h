/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The programs of a schedule take turns, in one order for each seed: their main contexts, threads,
 * tasks and timers. Time passes when nobody has anything to do. A test that is linked with turns.c
 * has these functions of GLib from there. */

#pragma once

#include "../lib/random.h"

#include <gio/gio.h>

#define TURNS_PROGRAMS_MAX 4
#define TURNS_NOBODY TURNS_PROGRAMS_MAX

typedef void (*TurnFunc) (gpointer data);

extern Random turns_random;
/* Threads that could not be started. */
extern guint turns_n_faults;

void turns_start (guint64 seed);
void turns_stop (void);
/* What a program does stands between these: then its main context is the thread-default one. */
void turns_enter (guint program);
void turns_leave (void);
/* Calls the function as the program, or as TURNS_NOBODY, after so many microseconds, unless the
 * program is ended before; then only data is freed. */
void turns_call_after (
    guint program, gint64 delay, TurnFunc function, gpointer data, GDestroyNotify data_free);
/* Runs all until the time, or until is_over () says so. */
void turns_run (gint64 until, gboolean (*is_over) (void));
/* Runs the program alone, with standing time, until it has nothing to do. Returns FALSE if a thread
 * of it waits for ever. */
gboolean turns_end_program (guint program);
