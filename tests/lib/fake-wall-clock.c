/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Loaded into a program under test, it moves the time of day. The file that IBB_TEST_WALL_CLOCK
 * names contains two numbers of seconds, each a gint64: what is to be added, which may change at
 * any time; and what was added when the program last asked, which is written here. */

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
  gint64         result;

  if (mapped == NULL)
    {
      int fd = open (getenv ("IBB_TEST_WALL_CLOCK"), O_RDWR | O_CLOEXEC);

      /* Mapped for as long as the program runs. */
      mapped = mmap (NULL, 2 * sizeof (gint64), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
      if (mapped == MAP_FAILED)
        abort ();
      g_atomic_pointer_set (&offset, mapped);
    }
  result = __atomic_load_n (mapped, __ATOMIC_RELAXED);
  __atomic_store_n (mapped + 1, result, __ATOMIC_RELAXED);
  return (time_t) result;
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
