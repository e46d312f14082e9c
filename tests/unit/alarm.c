/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The timer that goes on while the machine sleeps. The kernel's functions are this file's, so
 * that the machine can sleep for an hour. */

#include "config.h"

#include "xmpp/alarm.h"

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

/* After a moment, which may be none at all. */
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
#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>

static gboolean          is_fake;
static int               fake_fd;
static struct itimerspec fake_time;
static gint64            slept; /* seconds */

int
timerfd_create (int clock, int flags)
{
  if (!is_fake)
    return (int) syscall (SYS_timerfd_create, clock, flags);

  g_assert_cmpint (clock, ==, CLOCK_BOOTTIME);
  g_assert_cmpint (flags, ==, TFD_NONBLOCK | TFD_CLOEXEC);
  if (fake_fd < 0)
    errno = EMFILE;
  else
    fake_fd = eventfd (0, EFD_NONBLOCK | EFD_CLOEXEC);
  return fake_fd;
}

int
timerfd_settime (int fd, int flags, const struct itimerspec *time, struct itimerspec *old)
{
  if (!is_fake)
    return (int) syscall (SYS_timerfd_settime, fd, flags, time, old);

  g_assert_cmpint (flags, ==, 0);
  fake_time = *time;
  return 0;
}

int
clock_gettime (clockid_t clock, struct timespec *time)
{
  int result = (int) syscall (SYS_clock_gettime, clock, time);

  if (clock == CLOCK_BOOTTIME)
    time->tv_sec += slept;
  return result;
}

static void
ring (void)
{
  const guint64 one = 1;

  g_assert_cmpint (write (fake_fd, &one, sizeof one), ==, sizeof one);
}

/* The kernel, which goes on counting, is told the whole time; and what it opened is closed. */
static void
test_sleep (void)
{
  const gint64 hours[] = { 0, 1 };

  is_fake = TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (hours); i++)
    {
      Rung      rung = { 0 };
      IBBAlarm *alarm = ibb_alarm_new (NULL, 61234, rang_cb, &rung);
      gint64    before = ibb_alarm_get_time ();

      g_assert_cmpint (fake_time.it_value.tv_sec, ==, 61);
      g_assert_cmpint (fake_time.it_value.tv_nsec / 1000000, ==, 234);
      g_assert_cmpint (fake_time.it_interval.tv_sec + fake_time.it_interval.tv_nsec, ==, 0);
      g_assert_false (g_main_context_iteration (NULL, FALSE));
      slept += hours[i] * 3600;
      g_assert_cmpint (ibb_alarm_get_time () - before, >=, hours[i] * 3600 * G_USEC_PER_SEC);
      ring ();
      wait_until_rung (&rung);
      g_assert_cmpint (rung.has_slept, ==, hours[i] > 0);
      ibb_alarm_free (alarm);
      g_assert_cmpint (fcntl (fake_fd, F_GETFD), ==, -1);
    }
  is_fake = FALSE;
}

static void
test_freed (void)
{
  Rung      rung = { 0 };
  IBBAlarm *alarm;

  is_fake = TRUE;
  alarm = ibb_alarm_new (NULL, 1, rang_cb, &rung);
  ring ();
  ibb_alarm_free (alarm);
  g_assert_cmpint (fcntl (fake_fd, F_GETFD), ==, -1);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (rung.n_calls, ==, 0);
  is_fake = FALSE;
}

/* Without the kernel's timer one of GLib's rings. */
static void
test_no_timer (void)
{
  Rung                 rung = { 0 };
  g_autoptr (IBBAlarm) alarm = NULL;

  is_fake = TRUE;
  fake_fd = -1;
  alarm = ibb_alarm_new (NULL, 1, rang_cb, &rung);
  wait_until_rung (&rung);
  fake_fd = 0;
  is_fake = FALSE;
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
  g_test_add_func ("/ibb/alarm/freed", test_freed);
  g_test_add_func ("/ibb/alarm/no-timer", test_no_timer);
#endif

  return g_test_run ();
}
