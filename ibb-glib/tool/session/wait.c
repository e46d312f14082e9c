/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/session/wait.h"

#include <ibb-glib/xmpp/ibb-xmpp.h>

#include "tool/account/source.h"
#include "tool/words/report.h"

#define FIRST_INTERVAL 10 /* s */
#define INTERVAL 60       /* s */

/* The thread that drops the last reference to the transport ends this, while the timer may be on
 * its way in the main thread. */
typedef struct
{
  GWeakRef transport;
  GWeakRef connection;
  gboolean waits; /* as it was told last */
  GSource *timer; /* (owned) (nullable) */
} Wait;

static void
wait_clear (gpointer data)
{
  Wait *self = data;

  g_weak_ref_clear (&self->transport);
  g_weak_ref_clear (&self->connection);
}

static void
wait_unref (gpointer data)
{
  g_atomic_rc_box_release_full (data, wait_clear);
}

/* Why the last attempt to come back has failed, or the connection broke. */
static GError *
dup_reason (Wait *self)
{
  g_autoptr (IBBConnection) connection = g_weak_ref_get (&self->connection);

  return IBB_XMPP_IS_CLIENT (connection)
             ? ibb_xmpp_entity_dup_disconnect_error (IBB_XMPP_ENTITY (IBB_XMPP_CLIENT (connection)))
             : NULL;
}

static gboolean timeout_cb (gpointer data);

static void
start_timer (Wait *self, guint seconds)
{
  self->timer = tool_source_attach_full (g_timeout_source_new_seconds (seconds), NULL, "[ibb] wait",
                                         timeout_cb, g_atomic_rc_box_acquire (self), wait_unref);
}

static gboolean
timeout_cb (gpointer data)
{
  Wait                    *self = data;
  g_autoptr (IBBTransport) transport = g_weak_ref_get (&self->transport);
  g_autoptr (GError)       reason = NULL;

  if (transport == NULL)
    return G_SOURCE_REMOVE;
  tool_source_clear (&self->timer);
  if (ibb_transport_get_waiting (transport) == IBB_WAIT_NOTHING)
    return G_SOURCE_REMOVE;

  reason = dup_reason (self);
  tool_report_waiting (transport, reason);
  start_timer (self, INTERVAL);
  return G_SOURCE_REMOVE;
}

static void
waiting_cb (IBBTransport *transport, GParamSpec *pspec, Wait *self)
{
  gboolean waits = ibb_transport_get_waiting (transport) != IBB_WAIT_NOTHING;

  if (waits == self->waits)
    return;
  self->waits = waits;
  tool_report_interrupted (transport);
  tool_source_clear (&self->timer);
  if (waits)
    start_timer (self, FIRST_INTERVAL);
}

static void
end (gpointer data, GClosure *closure)
{
  Wait *self = data;

  tool_source_clear (&self->timer);
  wait_unref (self);
}

void
tool_wait_watch (IBBTransport *transport, IBBConnection *connection)
{
  Wait *self = g_atomic_rc_box_new0 (Wait);

  g_weak_ref_init (&self->transport, transport);
  g_weak_ref_init (&self->connection, connection);
  g_signal_connect_data (transport, "notify::waiting", G_CALLBACK (waiting_cb), self, end, 0);
}

void
tool_wait_unwatch (IBBTransport *transport)
{
  g_signal_handlers_disconnect_matched (transport, G_SIGNAL_MATCH_FUNC, 0, 0, NULL,
                                        (gpointer) waiting_cb, NULL);
}
