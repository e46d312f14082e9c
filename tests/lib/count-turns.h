/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Counts the turns of a program: how often one of its threads has gone to sleep, for which GLib
 * has poll (), ppoll () and g_cond_wait (). A test of one process links this file. For another
 * process, which loads it before GLib, the file that IBB_TEST_TURNS names has the number, a
 * guint64.
 */

#pragma once

#include <glib.h>

guint64 turns_get (void);

/* All threads sleep, but for a timer now and then: while one more thread computes something, for
 * which nobody else has to wait, none of them turns. The calling thread runs its default context
 * meanwhile. What is still under way may take a while, and some turns. */
void turns_assert_asleep (void);
