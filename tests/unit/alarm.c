/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The timer that goes on while the machine sleeps. */

#include "config.h"

#include "xmpp/base/alarm.h"

#include "../lib/fake-sleep.h"
#include "../lib/watchdog.h"

typedef struct
{
  guint    n_calls;
  gboolean has_slept;
} Rung;

static void
rang_cb (gboolean has_slept, gpointer owner)
{
  Rung *rung = owner;

  rung->n_calls++;
  rung->has_slept = has_slept;
}

static void
wait_until_rung (Rung *rung)
{
  while (rung->n_calls == 0)
    g_main_context_iteration (NULL, TRUE);
}

/* An alarm rings after its time, which may be 0. */
static void
test_rings (void)
{
  for (guint milliseconds = 0; milliseconds < 3; milliseconds++)
    {
      Rung                 rung = { 0 };
      g_autoptr (IBBAlarm) alarm = ibb_alarm_new (NULL, milliseconds, rang_cb, &rung);

      wait_until_rung (&rung);
      while (g_main_context_iteration (NULL, FALSE))
        ;
      g_assert_cmpuint (rung.n_calls, ==, 1);
    }
}

#ifdef HAVE_TIMERFD
#include <fcntl.h>

/* The kernel, which goes on counting, is told the whole time; and what it opened is closed. */
static void
test_sleep (void)
{
  const guint seconds[] = { 0, 3600 };

  fake_sleep_start ();
  for (guint i = 0; i < G_N_ELEMENTS (seconds); i++)
    {
      Rung      rung = { 0 };
      IBBAlarm *alarm = ibb_alarm_new (NULL, 61234, rang_cb, &rung);
      gint64    before = ibb_alarm_get_time ();

      g_assert_cmpuint (fake_sleep_get_time (), ==, 61234);
      g_assert_false (g_main_context_iteration (NULL, FALSE));
      fake_sleep (seconds[i]);
      g_assert_cmpint (ibb_alarm_get_time () - before, >=, seconds[i] * G_USEC_PER_SEC);
      wait_until_rung (&rung);
      g_assert_cmpint (rung.has_slept, ==, seconds[i] > 0);
      ibb_alarm_free (alarm);
      g_assert_cmpint (fcntl (fake_sleep_get_fd (), F_GETFD), ==, -1);
    }
  fake_sleep_stop ();
}

/* Without the kernel's timer an alarm uses one of GLib. */
static void
test_no_timer (void)
{
  Rung                 rung = { 0 };
  g_autoptr (IBBAlarm) alarm = NULL;

  fake_sleep_run_out ();
  alarm = ibb_alarm_new (NULL, 1, rang_cb, &rung);
  wait_until_rung (&rung);
  g_assert_cmpuint (rung.n_calls, ==, 1);
  fake_sleep_stop ();
}
#endif

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  watchdog_start (90);
  g_test_add_func ("/ibb/alarm/rings", test_rings);
#ifdef HAVE_TIMERFD
  g_test_add_func ("/ibb/alarm/sleep", test_sleep);
  g_test_add_func ("/ibb/alarm/no-timer", test_no_timer);
#endif

  return g_test_run ();
}
