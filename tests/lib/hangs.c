/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Two threads that wait for ever, for test-watchdog.py. With an argument it runs under
 * the watchdog of watchdog.h, which is told by SIGALRM as when its time is over. */

#include "watchdog.h"

#include <sys/prctl.h>

static GMutex lock;
static GCond  never;

static void
wait_for_ever (void)
{
  g_mutex_lock (&lock);
  for (;;)
    g_cond_wait (&never, &lock);
}

G_GNUC_NO_INLINE static gpointer
hanging_thread (gpointer data)
{
  g_print ("ready\n");
  wait_for_ever ();
  return data;
}

int
main (int argc, char **argv)
{
  /* If the test itself is killed, nothing is left of it. */
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  if (argc > 1)
    watchdog_start (3600);
  g_thread_new ("hanging", hanging_thread, NULL);
  wait_for_ever ();
}
