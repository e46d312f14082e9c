/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/base/network-watch.h"

#include <gio/gio.h>

#include "base/source.h"

/* The sources and the handler hold a reference: they may run in another thread while the owner
 * frees the watch. */
struct _IBBNetworkWatch
{
  IBBNetworkWatchFunc changed;
  gpointer            owner;

  GMutex lock;
  /* protected by lock */
  IBBThread       *thread;  /* (nullable): NULL once the owner has freed the watch */
  GSource         *source;  /* (owned) (nullable): asks for the monitor */
  GNetworkMonitor *monitor; /* (owned) (nullable) */
  gulong           handler;
};

static void
watch_clear (gpointer data)
{
  IBBNetworkWatch *self = data;

  g_mutex_clear (&self->lock);
}

static void
watch_unref (gpointer data)
{
  g_atomic_rc_box_release_full (data, watch_clear);
}

static void
closure_unref (gpointer data, GClosure *closure)
{
  watch_unref (data);
}

/* Runs on the worker, which also frees the watch. */
static gboolean
tell_cb (gpointer user_data)
{
  IBBNetworkWatch *self = user_data;
  gboolean         is_wanted;

  g_mutex_lock (&self->lock);
  is_wanted = self->thread != NULL;
  g_mutex_unlock (&self->lock);
  if (is_wanted)
    self->changed (self->owner);

  return G_SOURCE_REMOVE;
}

/* With the lock, so that the thread stays. */
static void
changed_cb (GNetworkMonitor *monitor, gboolean is_available, gpointer data)
{
  IBBNetworkWatch *self = data;

  if (!is_available)
    return;

  g_mutex_lock (&self->lock);
  if (self->thread != NULL)
    ibb_thread_invoke (self->thread, tell_cb, g_atomic_rc_box_acquire (self), watch_unref);
  g_mutex_unlock (&self->lock);
}

/* Runs in the default context. */
static gboolean
connect_cb (gpointer user_data)
{
  IBBNetworkWatch *self = user_data;
  GNetworkMonitor *monitor = g_network_monitor_get_default ();

  g_mutex_lock (&self->lock);
  if (self->thread != NULL)
    {
      self->monitor = g_object_ref (monitor);
      self->handler = g_signal_connect_data (monitor, "network-changed", G_CALLBACK (changed_cb),
                                             g_atomic_rc_box_acquire (self), closure_unref, 0);
    }
  g_mutex_unlock (&self->lock);

  return G_SOURCE_REMOVE;
}

IBBNetworkWatch *
ibb_network_watch_new (IBBThread *thread, IBBNetworkWatchFunc changed, gpointer owner)
{
  IBBNetworkWatch *self = g_atomic_rc_box_new0 (IBBNetworkWatch);

  self->changed = changed;
  self->owner = owner;
  g_mutex_init (&self->lock);
  self->thread = thread;
  g_mutex_lock (&self->lock);
  self->source = ibb_source_attach (g_idle_source_new (), NULL, "[ibb-glib] network monitor",
                                    connect_cb, g_atomic_rc_box_acquire (self), watch_unref);
  g_mutex_unlock (&self->lock);

  return self;
}

void
ibb_network_watch_free (IBBNetworkWatch *self)
{
  g_autoptr (GNetworkMonitor) monitor = NULL;
  g_autoptr (GSource)         source = NULL;
  gulong                      handler;

  g_mutex_lock (&self->lock);
  self->thread = NULL;
  source = g_steal_pointer (&self->source);
  monitor = g_steal_pointer (&self->monitor);
  handler = self->handler;
  g_mutex_unlock (&self->lock);

  g_source_destroy (source);
  if (monitor != NULL)
    g_signal_handler_disconnect (monitor, handler);
  watch_unref (self);
}
