/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Ends a test program that hangs, with the stacks of all its threads. */

#pragma once

#include <glib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static char watchdog_pid[16];

/* By a debugger, which says so itself if it cannot. */
static inline void
watchdog_print_stacks (void)
{
  pid_t debugger;

  g_snprintf (watchdog_pid, sizeof watchdog_pid, "%d", (int) getpid ());
  debugger = fork ();
  if (debugger == 0)
    {
      dup2 (STDERR_FILENO, STDOUT_FILENO);
      execlp ("gdb", "gdb", "-batch", "-nx", "-iex", "set debuginfod enabled off", "-iex",
              "set width 0", "-ex", "thread apply all backtrace 50", "-p", watchdog_pid, NULL);
      perror ("no stacks: gdb");
      _exit (1);
    }
  if (debugger > 0)
    waitpid (debugger, NULL, 0);
}

static inline void
watchdog_alarm_cb (int number)
{
  if (g_getenv ("IBB_TEST_WATCHDOG") == NULL)
    watchdog_print_stacks ();
  _exit (1);
}

/* A test that Meson runs has a watchdog already: watchdog.py, which knows its time. */
static inline void
watchdog_start (guint seconds)
{
  if (g_getenv ("IBB_TEST_WATCHDOG") != NULL)
    return;
  signal (SIGALRM, watchdog_alarm_cb);
  alarm (seconds);
}
