/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Loaded into a program under test, it moves the time of day. The file that IBB_TEST_WALL_CLOCK
 * names contains the number of seconds to add, as a gint64, and may change at any time. */

#define _GNU_SOURCE /* RTLD_NEXT */

#include <dlfcn.h>
#include <fcntl.h>
#include <glib.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>

static time_t
get_offset (void)
{
  static gint64 *offset; /* atomic */
  gint64        *mapped = g_atomic_pointer_get (&offset);

  if (mapped == NULL)
    {
      int fd = open (getenv ("IBB_TEST_WALL_CLOCK"), O_RDONLY | O_CLOEXEC);

      /* Mapped for as long as the program runs. */
      mapped = mmap (NULL, sizeof (gint64), PROT_READ, MAP_SHARED, fd, 0);
      if (mapped == MAP_FAILED)
        abort ();
      g_atomic_pointer_set (&offset, mapped);
    }
  return (time_t) __atomic_load_n (mapped, __ATOMIC_RELAXED);
}

int
clock_gettime (clockid_t id, struct timespec *now)
{
  static int (*original) (clockid_t, struct timespec *); /* atomic */
  int result;

  if (g_atomic_pointer_get (&original) == NULL)
    g_atomic_pointer_set (&original, dlsym (RTLD_NEXT, "clock_gettime"));
  result = original (id, now);

  if (result == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
    now->tv_sec += get_offset ();
  return result;
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
