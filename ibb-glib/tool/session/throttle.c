/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/session/throttle.h"

#include "tool/session/slow.h"
#include "tool/words/report.h"

#define INTERVAL 2 /* s */
#define N_SLOW 5   /* so many intervals in a row are slow before the user is told */
#define LONG 600   /* s: a file that takes more is explained */
#define TOTAL_KEY "ibb-total"

/* Main thread only, once it is made. */
typedef struct
{
  GWeakRef transport;
  GWeakRef connection;
  guint    n_slow;
  guint64  acknowledged; /* before the first of them */
  guint64  in_flight;    /* at most, in all of them */
} Throttle;

static void
throttle_clear (gpointer data)
{
  Throttle *self = data;

  g_weak_ref_clear (&self->transport);
  g_weak_ref_clear (&self->connection);
}

static void
throttle_unref (gpointer data)
{
  g_atomic_rc_box_release_full (data, throttle_clear);
}

/* How many bytes are still to be acknowledged; 0: nobody knows. */
static guint64
get_left (IBBTransport *transport, const IBBStatistics *statistics)
{
  const guint64 *total = g_object_get_data (G_OBJECT (transport), TOTAL_KEY);

  return total != NULL && *total > statistics->bytes_acknowledged
             ? *total - statistics->bytes_acknowledged
             : 0;
}

static void
tell (Throttle *self, IBBTransport *transport, const IBBStatistics *statistics, gboolean is_long)
{
  g_autoptr (IBBConnection) connection = g_weak_ref_get (&self->connection);
  g_autofree char          *peer = ibb_transport_dup_peer_jid (transport);
  const ToolSlow            slow = {
               .rate = statistics->send_rate,
               .left = get_left (transport, statistics),
               .in_flight = self->in_flight,
  };

  if (is_long && connection != NULL)
    tool_slow_explain (connection, transport, &slow);
  else
    tool_report_throttled (peer, statistics->send_rate);
}

static gboolean
interval_cb (gpointer data)
{
  Throttle                 *self = data;
  g_autoptr (IBBTransport)  transport = g_weak_ref_get (&self->transport);
  g_autoptr (IBBStatistics) statistics = NULL;
  gboolean                  is_long;

  if (transport == NULL || ibb_transport_has_ended (transport))
    return G_SOURCE_REMOVE;
  statistics = ibb_transport_dup_statistics (transport);
  is_long = get_left (transport, statistics) / LONG >= MAX (statistics->send_rate, 1);
  if (statistics->bytes_queued == 0 || statistics->send_rate == 0 ||
      (statistics->send_rate >= TOOL_THROTTLE_RATE && !is_long) ||
      ibb_transport_get_waiting (transport) != IBB_WAIT_NOTHING)
    {
      self->n_slow = 0;
      return G_SOURCE_CONTINUE;
    }
  if (self->n_slow == 0)
    {
      self->acknowledged = statistics->bytes_acknowledged;
      self->in_flight = 0;
    }
  self->in_flight = MAX (self->in_flight, statistics->bytes_in_flight);
  self->n_slow++;
  if (self->n_slow < N_SLOW)
    return G_SOURCE_CONTINUE;
  /* Nothing passes: that is another fault, with words of its own. */
  if (statistics->bytes_acknowledged == self->acknowledged)
    {
      self->n_slow = 0;
      return G_SOURCE_CONTINUE;
    }
  tell (self, transport, statistics, is_long);
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
tool_throttle_watch (IBBTransport *transport, IBBConnection *connection)
{
  Throttle *self = g_atomic_rc_box_new0 (Throttle);

  g_weak_ref_init (&self->transport, transport);
  g_weak_ref_init (&self->connection, connection);
  g_main_context_invoke_full (NULL, G_PRIORITY_DEFAULT, watch_cb, self, throttle_unref);
}

void
tool_throttle_set_total (IBBTransport *transport, guint64 total)
{
  g_object_set_data_full (G_OBJECT (transport), TOTAL_KEY, g_memdup2 (&total, sizeof total),
                          g_free);
}
