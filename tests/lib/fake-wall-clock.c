/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Loaded into a program under test, it moves the time of day. The file that IBB_TEST_WALL_CLOCK
 * names contains three numbers of seconds, each a gint64: what is to be added, which may change at
 * any time; what was added when the program last asked, which is written here; and what is to be
 * added to the monotonic time, so that timers end at once. */

#define _GNU_SOURCE /* RTLD_NEXT */

#include <dlfcn.h>
#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>

#define SLICE 20 /* ms after which a poll looks at the time */

static gint64 *
get_offsets (void)
{
  static gint64 *offsets; /* atomic */
  gint64        *mapped = g_atomic_pointer_get (&offsets);

  if (mapped == NULL)
    {
      int fd = open (getenv ("IBB_TEST_WALL_CLOCK"), O_RDWR | O_CLOEXEC);

      /* Mapped for as long as the program runs. */
      mapped = mmap (NULL, 3 * sizeof (gint64), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
      if (mapped == MAP_FAILED)
        abort ();
      g_atomic_pointer_set (&offsets, mapped);
    }
  return mapped;
}

static gpointer
find (gpointer *original, const char *name)
{
  if (g_atomic_pointer_get (original) == NULL)
    g_atomic_pointer_set (original, dlsym (RTLD_NEXT, name));
  return g_atomic_pointer_get (original);
}

int
clock_gettime (clockid_t id, struct timespec *now)
{
  static gpointer original;
  int (*call) (clockid_t, struct timespec *) =
      (int (*) (clockid_t, struct timespec *)) find (&original, "clock_gettime");
  int     result = call (id, now);
  gint64 *offsets = get_offsets ();

  if (result == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
    {
      gint64 offset = __atomic_load_n (offsets, __ATOMIC_RELAXED);

      now->tv_sec += (time_t) offset;
      __atomic_store_n (offsets + 1, offset, __ATOMIC_RELAXED);
    }
  else if (result == 0 && id == CLOCK_MONOTONIC)
    now->tv_sec += (time_t) __atomic_load_n (offsets + 2, __ATOMIC_RELAXED);
  return result;
}

static gint64
get_time (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return now.tv_sec * G_GINT64_CONSTANT (1000000000) + now.tv_nsec;
}

int
ppoll (struct pollfd *fds, nfds_t n_fds, const struct timespec *timeout, const sigset_t *signals)
{
  static gpointer original;
  int (*call) (struct pollfd *, nfds_t, const struct timespec *, const sigset_t *) =
      (int (*) (struct pollfd *, nfds_t, const struct timespec *, const sigset_t *)) find (
          &original, "ppoll");
  gint64 end;

  if (timeout == NULL)
    return call (fds, n_fds, NULL, signals);
  end = get_time () + timeout->tv_sec * G_GINT64_CONSTANT (1000000000) + timeout->tv_nsec;
  for (;;)
    {
      gint64          rest = end - get_time ();
      gint64          left = CLAMP (rest, 0, SLICE * G_GINT64_CONSTANT (1000000));
      struct timespec slice = { .tv_nsec = (long) left };
      int             n = call (fds, n_fds, &slice, signals);

      if (n != 0 || left == 0)
        return n;
    }
}

int
poll (struct pollfd *fds, nfds_t n_fds, int timeout)
{
  struct timespec time = { timeout / 1000, timeout % 1000 * 1000000L };

  return ppoll (fds, n_fds, timeout < 0 ? NULL : &time, NULL);
}

int
gettimeofday (struct timeval *restrict now, void *restrict zone)
{
  struct timespec exact;

  (void) zone;
  clock_gettime (CLOCK_REALTIME, &exact);
  now->tv_sec = exact.tv_sec;
  now->tv_usec = exact.tv_nsec / 1000;
  return 0;
}

time_t
time (time_t *result)
{
  struct timespec now;

  clock_gettime (CLOCK_REALTIME, &now);
  if (result != NULL)
    *result = now.tv_sec;
  return now.tv_sec;
}
