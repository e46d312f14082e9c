/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Ends a test program that hangs. watchdog.py, below which Meson runs it, knows its time, and shows
 * the stacks of all its threads. */

#pragma once

#include <glib.h>
#include <unistd.h>

static inline void
watchdog_start (guint seconds)
{
  if (g_getenv ("IBB_TEST_WATCHDOG") == NULL)
    alarm (seconds);
}
