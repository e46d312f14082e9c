/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Clients and components beside a server that says what a script tells it to: for what no real
 * server would say.
 *
 *   # The server falls silent.
 *   case login/silence
 *     log-in
 *     > <stream:stream
 *     < %HEADER
 *     fails io timed-out
 *
 * tests/lib/script-reader.h says how it reads. "> ..." waits until the client has sent that text,
 * "< ..." sends text to it; other words are in the tables of client-words.c, script-server.c,
 * script-login.c, client-application.c, client-online.c and client-surroundings.c. Each case ends
 * with a logout. */

#include "config.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <unistd.h>

#include "../lib/fake-monitor.h"
#include "../lib/fast-timers.h"
#include "../lib/script-reader.h"
#include "client-fixture.h"
#include "client-words.h"
#include "script-login.h"

static ClientRun *current; /* (nullable) */

/* The time of the test is over. */
static void
alarm_cb (int number)
{
  script_print_place ();
  if (current != NULL)
    client_run_describe (current);
  _exit (1);
}

static gboolean
call_word (gpointer run, const char *name, Words *words)
{
  return client_run_call (run, name, words);
}

static void
run_case (gconstpointer data)
{
  static const ScriptRoom room = { NULL, call_word, NULL };
  ClientRun              *run = client_run_new ();

  current = run;
  script_run (data, &room, run);
  current = NULL;
  client_run_free (run);
}

int
main (int argc, char **argv)
{
  g_autofree char *folder = g_dir_make_tmp ("client-script-XXXXXX", NULL);
  g_autofree char *own = g_build_filename (folder, "ibb-glib", NULL);
  int              status;

  /* Not G_TEST_OPTION_ISOLATE_DIRS, which hides the schemas of GSettings, too: GIO's proxy resolver
   * needs them. */
  g_setenv ("XDG_DATA_HOME", folder, TRUE);
  fake_monitor_install ();
  signal (SIGALRM, alarm_cb);
  start_watchdog ();
  fast_timers_stop ();
  status = script_main (argc, argv, "ibb/client", run_case);
  script_login_clear ();
  g_rmdir (own);
  g_assert_cmpint (g_rmdir (folder), ==, 0); /* and nothing else was left in it */
  return status;
}
