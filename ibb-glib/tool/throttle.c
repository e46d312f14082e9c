/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "throttle.h"

#include "report.h"

#include <string.h>

#define INTERVAL 2         /* s */
#define N_SLOW 5           /* so many intervals in a row are slow before the server is asked */
#define PING_TIMEOUT 10000 /* ms */
#define DELAY (200 * 1000) /* µs: beside three times the answer before the session was busy */

/* Main thread only, once it is made. */
typedef struct
{
  GWeakRef transport;
  GWeakRef connection;
  gint64   asked_at; /* µs */
  gint64
      idle; /* µs: how long the server took to answer before the session was busy; 0: not known */
  guint    n_slow;
  gboolean is_asking;
  gboolean is_done;
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

/* The server answers late only while it lets our own bytes wait. If the peer, or its server, is
 * what is slow, our server answers as soon as before. */
static void
judge (Throttle *self, gint64 time)
{
  g_autoptr (IBBTransport)  transport = g_weak_ref_get (&self->transport);
  g_autoptr (IBBStatistics) statistics = NULL;
  g_autofree char          *local_jid = NULL;

  if (self->idle == 0)
    {
      self->idle = time;
      return;
    }
  if (transport == NULL || time < 3 * self->idle + DELAY)
    return;
  statistics = ibb_transport_dup_statistics (transport);
  local_jid = ibb_transport_dup_local_jid (transport);
  tool_report_throttled (local_jid, statistics->send_rate);
  self->is_done = TRUE;
}

static void
ping_cb (GObject *object, GAsyncResult *result, gpointer data)
{
  Throttle             *self = data;
  g_autoptr (GError)    error = NULL;
  g_autoptr (IBBStanza) answer =
      ibb_connection_query_finish (IBB_CONNECTION (object), result, &error);

  self->is_asking = FALSE;
  /* A server without XEP-0199 answers with an error, in the same time. */
  if (answer != NULL || error->domain == IBB_ERROR)
    judge (self, g_get_monotonic_time () - self->asked_at);
  throttle_unref (self);
}

static void
ask (Throttle *self)
{
  g_autoptr (IBBConnection) connection = g_weak_ref_get (&self->connection);
  g_autoptr (IBBStanza)     stanza = NULL;
  g_autofree char          *local_jid = NULL;
  g_autofree char          *domain = NULL;
  g_autofree char          *xml = NULL;
  const char               *at;

  if (connection == NULL)
    return;
  local_jid = ibb_connection_dup_local_jid (connection);
  if (local_jid == NULL)
    return;
  at = strchr (local_jid, '@');
  domain =
      g_strndup (at != NULL ? at + 1 : local_jid, strcspn (at != NULL ? at + 1 : local_jid, "/"));
  xml =
      g_markup_printf_escaped ("<iq type='get' to='%s'><ping xmlns='urn:xmpp:ping'/></iq>", domain);
  stanza = ibb_stanza_new_from_xml (xml, -1, NULL);
  if (stanza == NULL)
    return;
  self->is_asking = TRUE;
  self->asked_at = g_get_monotonic_time ();
  ibb_connection_query_async (connection, stanza, PING_TIMEOUT, NULL, ping_cb,
                              g_atomic_rc_box_acquire (self));
}

static gboolean
interval_cb (gpointer data)
{
  Throttle                 *self = data;
  g_autoptr (IBBTransport)  transport = g_weak_ref_get (&self->transport);
  g_autoptr (IBBStatistics) statistics = NULL;

  if (transport == NULL || self->is_done || ibb_transport_has_ended (transport))
    return G_SOURCE_REMOVE;
  statistics = ibb_transport_dup_statistics (transport);
  if (statistics->bytes_queued > 0 && statistics->send_rate > 0 &&
      statistics->send_rate < TOOL_THROTTLE_RATE &&
      ibb_transport_get_waiting (transport) == IBB_WAIT_NOTHING)
    self->n_slow++;
  else
    self->n_slow = 0;
  if (self->n_slow >= N_SLOW && !self->is_asking && self->idle > 0)
    {
      self->n_slow = 0;
      ask (self);
    }
  return G_SOURCE_CONTINUE;
}

static gboolean
begin_cb (gpointer data)
{
  Throttle *self = data;

  ask (self);
  g_timeout_add_seconds_full (G_PRIORITY_DEFAULT, INTERVAL, interval_cb,
                              g_atomic_rc_box_acquire (self), throttle_unref);
  return G_SOURCE_REMOVE;
}

void
tool_throttle_watch (IBBTransport *transport, IBBConnection *connection)
{
  Throttle *self = g_atomic_rc_box_new0 (Throttle);

  g_weak_ref_init (&self->transport, transport);
  g_weak_ref_init (&self->connection, connection);
  g_main_context_invoke_full (NULL, G_PRIORITY_DEFAULT, begin_cb, self, throttle_unref);
}
