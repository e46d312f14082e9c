/* SPDX-License-Identifier: LGPL-2.1-or-later */

#define _GNU_SOURCE /* RTLD_NEXT */

#include "count-turns.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define QUIET_TIMES 3
#define TURNS_PER_SECOND 20 /* of all timers together */
#define TURNS_MAX 5000 /* until all is quiet; one thread that does not sleep has more a second */
#define BYTES (8 << 20)

static guint64 *
get_counter (void)
{
  static guint64  own;
  static guint64 *counter; /* atomic */
  guint64        *found = g_atomic_pointer_get (&counter);
  const char     *path;

  if (found != NULL)
    return found;
  found = &own;
  path = getenv ("IBB_TEST_TURNS");
  if (path != NULL)
    {
      int fd = open (path, O_RDWR | O_CLOEXEC);

      /* Mapped for as long as the program runs. */
      found = mmap (NULL, sizeof *found, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
      if (found == MAP_FAILED)
        abort ();
      close (fd);
    }
  g_atomic_pointer_set (&counter, found);
  return found;
}

static gpointer
find (gpointer *original, const char *name)
{
  if (g_atomic_pointer_get (original) == NULL)
    g_atomic_pointer_set (original, dlsym (RTLD_NEXT, name));
  __atomic_add_fetch (get_counter (), 1, __ATOMIC_RELAXED);
  return g_atomic_pointer_get (original);
}

int
poll (struct pollfd *fds, nfds_t n_fds, int timeout)
{
  static gpointer original;

  return ((int (*) (struct pollfd *, nfds_t, int)) find (&original, "poll")) (fds, n_fds, timeout);
}

int
ppoll (struct pollfd *fds, nfds_t n_fds, const struct timespec *timeout, const sigset_t *signals)
{
  static gpointer original;

  return ((int (*) (struct pollfd *, nfds_t, const struct timespec *, const sigset_t *)) find (
      &original, "ppoll")) (fds, n_fds, timeout, signals);
}

void
g_cond_wait (GCond *cond, GMutex *mutex)
{
  static gpointer original;

  ((void (*) (GCond *, GMutex *)) find (&original, "g_cond_wait")) (cond, mutex);
}

gboolean
g_cond_wait_until (GCond *cond, GMutex *mutex, gint64 end_time)
{
  static gpointer original;

  return ((gboolean (*) (GCond *, GMutex *, gint64)) find (&original, "g_cond_wait_until")) (
      cond, mutex, end_time);
}

guint64
turns_get (void)
{
  return __atomic_load_n (get_counter (), __ATOMIC_RELAXED);
}

static gboolean
computed_cb (gpointer is_done)
{
  *(gboolean *) is_done = TRUE;
  return G_SOURCE_REMOVE;
}

static gpointer
compute_thread (gpointer source)
{
  g_autofree guchar    *bytes = g_malloc0 (BYTES);
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);

  g_checksum_update (checksum, bytes, BYTES);
  g_assert_nonnull (g_checksum_get_string (checksum));
  g_source_set_ready_time (source, 0);
  return NULL;
}

static void
compute (void)
{
  gboolean            is_done = FALSE;
  g_autoptr (GSource) source = g_timeout_source_new (0);
  GThread            *thread;

  g_source_set_ready_time (source, -1);
  g_source_set_callback (source, computed_cb, &is_done, NULL);
  g_source_attach (source, g_main_context_get_thread_default ());
  thread = g_thread_new ("compute", compute_thread, source);
  while (!is_done)
    g_main_context_iteration (g_main_context_get_thread_default (), TRUE);
  g_thread_join (thread);
}

void
turns_assert_asleep (void)
{
  guint64 first = turns_get ();

  for (guint n_quiet = 0; n_quiet < QUIET_TIMES;)
    {
      guint64 before = turns_get ();
      gint64  since = g_get_monotonic_time ();
      gint64  seconds;

      compute ();
      seconds = (g_get_monotonic_time () - since) / G_USEC_PER_SEC + 1;
      if (turns_get () - before <= (guint64) (seconds * TURNS_PER_SECOND))
        n_quiet++;
      else
        n_quiet = 0;
      g_assert_cmpuint (turns_get () - first, <, TURNS_MAX);
    }
}
