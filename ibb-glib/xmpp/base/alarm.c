/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/base/alarm.h"

#include "base/source.h"

#ifdef HAVE_TIMERFD
#include <glib-unix.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#endif

/* Microseconds. A shorter sleep changes nothing. */
#define SLEEP_MIN G_USEC_PER_SEC

struct _IBBAlarm
{
  IBBAlarmFunc rang;
  gpointer     owner;
  gint64       slept; /* µs: for how long the machine had slept when the alarm was made */
  int          fd;    /* -1: a timer of GLib has to do */
  GSource     *source;
};

gint64
ibb_alarm_get_time (void)
{
#ifdef HAVE_TIMERFD
  struct timespec now;

  if (clock_gettime (CLOCK_BOOTTIME, &now) == 0)
    return (gint64) now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
#endif
  return g_get_monotonic_time ();
}

/* Microseconds since the machine was started. */
static gint64
get_slept (void)
{
  return ibb_alarm_get_time () - g_get_monotonic_time ();
}

static gboolean
rang_cb (gpointer user_data)
{
  IBBAlarm *self = user_data;

  self->rang (get_slept () - self->slept >= SLEEP_MIN, self->owner);
  return G_SOURCE_REMOVE;
}

#ifdef HAVE_TIMERFD
static gboolean
fd_cb (int fd, GIOCondition condition, gpointer user_data)
{
  return rang_cb (user_data);
}

/* Returns -1 if this kernel has no such timer, or too many files are open. */
static int
open_timer (guint milliseconds)
{
  /* A time of 0 would switch the timer off. */
  struct itimerspec time = { .it_value = { .tv_sec = milliseconds / 1000,
                                           .tv_nsec =
                                               (long) (milliseconds % 1000) * 1000000 + 1 } };
  int               fd = timerfd_create (CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);

  if (fd >= 0 && timerfd_settime (fd, 0, &time, NULL) != 0)
    {
      close (fd);
      fd = -1;
    }
  return fd;
}
#endif

IBBAlarm *
ibb_alarm_new (GMainContext *context, guint milliseconds, IBBAlarmFunc rang, gpointer owner)
{
  IBBAlarm   *self = g_new0 (IBBAlarm, 1);
  GSourceFunc callback = rang_cb;
  GSource    *source = NULL;

  self->rang = rang;
  self->owner = owner;
  self->slept = get_slept ();
  self->fd = -1;
#ifdef HAVE_TIMERFD
  self->fd = open_timer (milliseconds);
  if (self->fd >= 0)
    {
      source = g_unix_fd_source_new (self->fd, G_IO_IN);
      callback = G_SOURCE_FUNC (fd_cb);
    }
#endif
  if (source == NULL)
    source = g_timeout_source_new (milliseconds);
  self->source = ibb_source_attach (source, context, "[ibb-glib] alarm", callback, self, NULL);

  return self;
}

void
ibb_alarm_free (IBBAlarm *self)
{
  ibb_source_clear (&self->source);
#ifdef HAVE_TIMERFD
  if (self->fd >= 0)
    close (self->fd);
#endif
  g_free (self);
}
