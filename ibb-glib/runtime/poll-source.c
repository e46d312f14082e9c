/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime/poll-source.h"

/* A poll source asks the channel at each check. To be woken by another thread it waits in a queue
 * of the channel.
 *
 * While it is in the queue it has a reference of its own, since GLib may show a source without a
 * reference while it frees the source. It enters the queue when it is in a context, as an operation
 * does (see attach_locked () in operation.c). It leaves the queue when it is destroyed. It learns
 * of that because its callback is freed then. */

typedef struct
{
  GSource parent;

  IBBChannel *channel; /* (owned) */
  gboolean (*is_ready) (IBBChannel *channel);
  GQueue   *queue;
  int       joined; /* atomic: it was in the queue */
  IBBWaiter waiter; /* protected by the host's lock */
} IBBPollSource;

static IBBHost *
get_host (IBBPollSource *self)
{
  return self->channel->host;
}

static void
leave (gpointer data)
{
  IBBPollSource *self = data;
  gboolean       was_waiting;

  /* A source that never was in a context may be finalized already. */
  if (!g_atomic_int_get (&self->joined))
    return;
  ibb_host_lock (get_host (self));
  was_waiting = ibb_waiter_leave (&self->waiter);
  ibb_host_unlock (get_host (self));
  if (was_waiting)
    g_source_unref (data);
}

static gboolean
poll_source_cb (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

static void
join (IBBPollSource *self)
{
  GSource *source = (GSource *) self;

  g_atomic_int_set (&self->joined, TRUE);
  ibb_host_lock (get_host (self));
  g_source_ref (source);
  ibb_waiter_enter (&self->waiter, self->queue);
  ibb_host_unlock (get_host (self));
  /* Another thread may have destroyed the source just before. */
  if (g_source_is_destroyed (source))
    leave (self);
}

static gboolean
waiter_is_ready (IBBWaiter *waiter)
{
  IBBPollSource *self =
      (IBBPollSource *) (gpointer) ((guint8 *) waiter - G_STRUCT_OFFSET (IBBPollSource, waiter));

  return self->is_ready (self->channel);
}

static gboolean
poll_source_check (GSource *source)
{
  IBBPollSource *self = (IBBPollSource *) source;
  gboolean       is_ready;

  ibb_host_lock (get_host (self));
  is_ready = self->is_ready (self->channel);
  if (!is_ready)
    g_source_set_ready_time (source, -1); /* another reader or writer was faster */
  ibb_host_unlock (get_host (self));
  return is_ready;
}

static gboolean
poll_source_prepare (GSource *source, int *timeout)
{
  IBBPollSource *self = (IBBPollSource *) source;

  *timeout = -1;
  if (!g_atomic_int_get (&self->joined))
    join (self);
  return poll_source_check (source);
}

static gboolean
poll_source_dispatch (GSource *source, GSourceFunc callback, gpointer data)
{
  g_source_set_ready_time (source, -1);
  return G_SOURCE_CONTINUE;
}

static void
poll_source_finalize (GSource *source)
{
  ibb_channel_unref (((IBBPollSource *) source)->channel);
}

static GSourceFuncs poll_source_funcs = {
  .prepare = poll_source_prepare,
  .check = poll_source_check,
  .dispatch = poll_source_dispatch,
  .finalize = poll_source_finalize,
};

GSource *
ibb_poll_source_new (const char *name,
                     IBBChannel *channel,
                     gboolean (*is_ready) (IBBChannel *channel),
                     GQueue *queue)
{
  GSource       *source = g_source_new (&poll_source_funcs, sizeof (IBBPollSource));
  IBBPollSource *self = (IBBPollSource *) source;

  self->channel = ibb_channel_ref (channel);
  self->is_ready = is_ready;
  self->queue = queue;
  ibb_waiter_init (&self->waiter, &channel->host->lock, waiter_is_ready);
  self->waiter.source = source;
  g_source_set_static_name (source, name);
  g_source_set_callback (source, poll_source_cb, self, leave);
  return source;
}
