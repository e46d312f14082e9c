/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/session/wait.h"

#include <ibb-glib/xmpp/ibb-xmpp.h>

#include "tool/words/report.h"

#define FIRST_INTERVAL 10 /* s */
#define INTERVAL 60       /* s */

typedef struct
{
  GWeakRef transport;
  GWeakRef connection;
  gboolean waits; /* as it was told last */
  guint    timeout_id;
} Wait;

/* Why the last attempt to come back has failed, or the connection broke. */
static GError *
dup_reason (Wait *self)
{
  g_autoptr (IBBConnection) connection = g_weak_ref_get (&self->connection);

  return IBB_XMPP_IS_CLIENT (connection)
             ? ibb_xmpp_entity_dup_disconnect_error (IBB_XMPP_ENTITY (IBB_XMPP_CLIENT (connection)))
             : NULL;
}

static gboolean
timeout_cb (gpointer data)
{
  Wait                    *self = data;
  g_autoptr (IBBTransport) transport = g_weak_ref_get (&self->transport);
  g_autoptr (GError)       reason = dup_reason (self);

  self->timeout_id = 0;
  if (transport == NULL || ibb_transport_get_waiting (transport) == IBB_WAIT_NOTHING)
    return G_SOURCE_REMOVE;

  tool_report_waiting (transport, reason);
  self->timeout_id = g_timeout_add_seconds (INTERVAL, timeout_cb, self);
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
  if (waits)
    self->timeout_id = g_timeout_add_seconds (FIRST_INTERVAL, timeout_cb, self);
  else
    g_clear_handle_id (&self->timeout_id, g_source_remove);
}

static void
wait_free (gpointer data, GClosure *closure)
{
  Wait *self = data;

  g_clear_handle_id (&self->timeout_id, g_source_remove);
  g_weak_ref_clear (&self->transport);
  g_weak_ref_clear (&self->connection);
  g_free (self);
}

void
tool_wait_watch (IBBTransport *transport, IBBConnection *connection)
{
  Wait *self = g_new0 (Wait, 1);

  g_weak_ref_init (&self->transport, transport);
  g_weak_ref_init (&self->connection, connection);
  g_signal_connect_data (transport, "notify::waiting", G_CALLBACK (waiting_cb), self, wait_free, 0);
}

void
tool_wait_unwatch (IBBTransport *transport)
{
  g_signal_handlers_disconnect_matched (transport, G_SIGNAL_MATCH_FUNC, 0, 0, NULL,
                                        (gpointer) waiting_cb, NULL);
}
