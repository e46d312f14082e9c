/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Checks the order in which a thread takes the mutexes of the library (doc/threads.md). Debug
 * builds include this header before each file; in others it has no part. A mutex is known by the
 * file that locks it: each file has one kind.
 */

#pragma once

#define _GNU_SOURCE /* as some files do before their first header */

#include <glib.h>

void ibb_lock_order_lock (GMutex *mutex, const char *file);
void ibb_lock_order_unlock (GMutex *mutex);

#define g_mutex_lock(mutex) ibb_lock_order_lock (mutex, __FILE__)
#define g_mutex_unlock(mutex) ibb_lock_order_unlock (mutex)
