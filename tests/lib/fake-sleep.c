/* SPDX-License-Identifier: LGPL-2.1-or-later */

#define _GNU_SOURCE /* syscall () */

#include "config.h"

#include "fake-sleep.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

/* The calls with a time of 64 bits, where others have one of 32. */
#ifdef _TIME_BITS
#undef SYS_clock_gettime
#define SYS_clock_gettime SYS_clock_gettime64
#undef SYS_timerfd_settime
#define SYS_timerfd_settime SYS_timerfd_settime64
#endif

/* atomic */
static int is_fake;
static int is_empty;
static int last_fd = -1;
static int last_time; /* ms */
static int slept;     /* s */

void
fake_sleep_start (void)
{
  g_atomic_int_set (&is_fake, TRUE);
}

void
fake_sleep_stop (void)
{
  g_atomic_int_set (&is_fake, FALSE);
  g_atomic_int_set (&is_empty, FALSE);
}

void
fake_sleep_run_out (void)
{
  g_atomic_int_set (&is_fake, TRUE);
  g_atomic_int_set (&is_empty, TRUE);
}

void
fake_sleep (guint seconds)
{
  const guint64 one = 1;

  g_atomic_int_add (&slept, (int) seconds);
  g_assert_cmpint (write (g_atomic_int_get (&last_fd), &one, sizeof one), ==, sizeof one);
}

int
fake_sleep_get_fd (void)
{
  return g_atomic_int_get (&last_fd);
}

guint64
fake_sleep_get_time (void)
{
  return (guint64) g_atomic_int_get (&last_time);
}

int
timerfd_create (int clock, int flags)
{
  int fd;

  if (!g_atomic_int_get (&is_fake))
    return (int) syscall (SYS_timerfd_create, clock, flags);

  g_assert_cmpint (clock, ==, CLOCK_BOOTTIME);
  g_assert_cmpint (flags, ==, TFD_NONBLOCK | TFD_CLOEXEC);
  if (g_atomic_int_get (&is_empty))
    {
      errno = EMFILE;
      return -1;
    }
  fd = eventfd (0, EFD_NONBLOCK | EFD_CLOEXEC);
  g_atomic_int_set (&last_fd, fd);
  return fd;
}

int
timerfd_settime (int fd, int flags, const struct itimerspec *time, struct itimerspec *old)
{
  if (!g_atomic_int_get (&is_fake))
    return (int) syscall (SYS_timerfd_settime, fd, flags, time, old);

  g_assert_cmpint (flags, ==, 0);
  g_assert_cmpint (time->it_interval.tv_sec + time->it_interval.tv_nsec, ==, 0);
  g_assert_cmpint (time->it_value.tv_sec + time->it_value.tv_nsec, >, 0);
  g_atomic_int_set (&last_time,
                    (int) (time->it_value.tv_sec * 1000 + time->it_value.tv_nsec / 1000000));
  return 0;
}

int
clock_gettime (clockid_t clock, struct timespec *time)
{
  int result = (int) syscall (SYS_clock_gettime, clock, time);

  if (clock == CLOCK_BOOTTIME)
    time->tv_sec += g_atomic_int_get (&slept);
  return result;
}
