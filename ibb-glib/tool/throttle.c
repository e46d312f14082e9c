/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "throttle.h"

#include "report.h"

#define INTERVAL 2 /* s */
#define N_SLOW 5   /* so many intervals in a row are slow before the user is told */

/* Main thread only, once it is made. */
typedef struct
{
  GWeakRef transport;
  guint    n_slow;
  guint64  acknowledged; /* before the first of them */
} Throttle;

static void
throttle_clear (gpointer data)
{
  Throttle *self = data;

  g_weak_ref_clear (&self->transport);
}

static void
throttle_unref (gpointer data)
{
  g_atomic_rc_box_release_full (data, throttle_clear);
}

static gboolean
interval_cb (gpointer data)
{
  Throttle                 *self = data;
  g_autoptr (IBBTransport)  transport = g_weak_ref_get (&self->transport);
  g_autoptr (IBBStatistics) statistics = NULL;
  g_autofree char          *peer = NULL;

  if (transport == NULL || ibb_transport_has_ended (transport))
    return G_SOURCE_REMOVE;
  statistics = ibb_transport_dup_statistics (transport);
  if (statistics->bytes_queued == 0 || statistics->send_rate == 0 ||
      statistics->send_rate >= TOOL_THROTTLE_RATE ||
      ibb_transport_get_waiting (transport) != IBB_WAIT_NOTHING)
    {
      self->n_slow = 0;
      return G_SOURCE_CONTINUE;
    }
  if (self->n_slow == 0)
    self->acknowledged = statistics->bytes_acknowledged;
  self->n_slow++;
  if (self->n_slow < N_SLOW)
    return G_SOURCE_CONTINUE;
  /* Nothing passes: that is another fault, with words of its own. */
  if (statistics->bytes_acknowledged == self->acknowledged)
    {
      self->n_slow = 0;
      return G_SOURCE_CONTINUE;
    }
  peer = ibb_transport_dup_peer_jid (transport);
  tool_report_throttled (peer, statistics->send_rate);
  return G_SOURCE_REMOVE;
}

static gboolean
watch_cb (gpointer data)
{
  g_timeout_add_seconds_full (G_PRIORITY_DEFAULT, INTERVAL, interval_cb,
                              g_atomic_rc_box_acquire (data), throttle_unref);
  return G_SOURCE_REMOVE;
}

void
tool_throttle_watch (IBBTransport *transport)
{
  Throttle *self = g_atomic_rc_box_new0 (Throttle);

  g_weak_ref_init (&self->transport, transport);
  g_main_context_invoke_full (NULL, G_PRIORITY_DEFAULT, watch_cb, self, throttle_unref);
}
