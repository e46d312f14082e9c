/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Opens sessions between two services over a loopback, one after the other, and keeps all of them.
 * Callgrind counts the instructions of the last ones:
 *
 *   valgrind --tool=callgrind --instr-atstart=no opens SESSIONS-BEFORE SESSIONS
 */

#include "config.h"

#include <ibb-glib/ibb-glib.h>

#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <valgrind/callgrind.h>

#define ROMEO "romeo@example.org/orchard"
#define JULIET "juliet@example.org/balcony"

static int n_opened, n_accepted;

/* In place of the C library's: no time passes. Each minute a service asks its peer about an idle
 * session, and the answer concerns all of them. The clock of fake-clock.c is that of the library
 * only: GLib's own would go on, and find timers due over and over that the library does not. */
int
clock_gettime (clockid_t clock, struct timespec *time)
{
  *time = (struct timespec){ .tv_sec = 1000 };
  return 0;
}

static void
opened_cb (GObject *service, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  if (ibb_service_open_session_finish (IBB_SERVICE (service), result, &error) == NULL)
    g_error ("%s", error->message);
  n_opened++;
}

static void
accepted_cb (IBBService *service, IBBTransport *transport, gpointer data)
{
  g_object_ref (transport);
  n_accepted++;
}

static void
open_sessions (IBBService *service, int n)
{
  for (int i = 0; i < n; i++)
    {
      int n_before = n_opened;

      ibb_service_open_session_async (service, JULIET, NULL, NULL, opened_cb, NULL);
      while (n_opened == n_before || n_accepted == n_before)
        g_main_context_iteration (NULL, TRUE);
    }
}

int
main (int argc, char **argv)
{
  g_autoptr (IBBLoopback)   loopback = ibb_loopback_new ();
  g_autoptr (IBBConnection) romeo_connection = ibb_loopback_attach (loopback, ROMEO);
  g_autoptr (IBBConnection) juliet_connection = ibb_loopback_attach (loopback, JULIET);
  g_autoptr (IBBService)    romeo = ibb_service_new (romeo_connection);
  g_autoptr (IBBService)    juliet = ibb_service_new (juliet_connection);

  if (argc != 3)
    {
      g_printerr ("usage: %s SESSIONS-BEFORE SESSIONS\n", argv[0]);
      return 2;
    }

  ibb_service_set_session_limit (juliet, G_MAXUINT);
  g_signal_connect (juliet, "session-accepted", G_CALLBACK (accepted_cb), NULL);
  open_sessions (romeo, atoi (argv[1]));
  CALLGRIND_START_INSTRUMENTATION;
  open_sessions (romeo, atoi (argv[2]));
  CALLGRIND_STOP_INSTRUMENTATION;
  _exit (EXIT_SUCCESS); /* without the end of the sessions */
}
