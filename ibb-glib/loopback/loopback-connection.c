/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "loopback/loopback-connection.h"

#include "base/intl.h"
#include "base/weak.h"
#include "ibb-error.h"

struct _IBBLoopbackConnection
{
  GObject parent_instance;

  /* immutable after construction */
  IBBHub  *hub;  /* (owned) */
  IBBPort *port; /* (owned) */
};

static void connection_iface_init (IBBConnectionInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (IBBLoopbackConnection,
                               ibb_loopback_connection,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (IBB_TYPE_CONNECTION, connection_iface_init))

enum
{
  PROP_0,
  PROP_LOCAL_JID,
};

static gboolean
ibb_loopback_connection_send (IBBConnection *connection, IBBStanza *stanza, GError **error)
{
  IBBLoopbackConnection *self = IBB_LOOPBACK_CONNECTION (connection);

  if (ibb_hub_send (self->hub, self->port, stanza))
    return TRUE;
  g_set_error (error, IBB_ERROR, IBB_ERROR_CONFLICT,
               _ ("Another connection has taken the JID “%s”"), self->port->jid);
  return FALSE;
}

static GMainContext *
ibb_loopback_connection_get_context (IBBConnection *connection)
{
  return ibb_hub_get_context (IBB_LOOPBACK_CONNECTION (connection)->hub);
}

static gboolean
ibb_loopback_connection_is_congested (IBBConnection *connection)
{
  IBBLoopbackConnection *self = IBB_LOOPBACK_CONNECTION (connection);

  return ibb_hub_is_congested (self->hub, self->port);
}

static guint
ibb_loopback_connection_get_stanza_limit (IBBConnection *connection)
{
  return 0;
}

static void
connection_iface_init (IBBConnectionInterface *iface)
{
  iface->send = ibb_loopback_connection_send;
  iface->get_context = ibb_loopback_connection_get_context;
  iface->is_congested = ibb_loopback_connection_is_congested;
  iface->get_stanza_limit = ibb_loopback_connection_get_stanza_limit;
}

static void
ibb_loopback_connection_get_property (GObject    *object,
                                      guint       prop_id,
                                      GValue     *value,
                                      GParamSpec *pspec)
{
  switch (prop_id)
    {
    case PROP_LOCAL_JID:
      g_value_set_string (value, IBB_LOOPBACK_CONNECTION (object)->port->jid);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
ibb_loopback_connection_dispose (GObject *object)
{
  IBBLoopbackConnection *self = IBB_LOOPBACK_CONNECTION (object);

  ibb_weak_forget (self);
  if (self->hub != NULL)
    ibb_hub_remove_port (self->hub, self->port);
  G_OBJECT_CLASS (ibb_loopback_connection_parent_class)->dispose (object);
}

static void
ibb_loopback_connection_finalize (GObject *object)
{
  IBBLoopbackConnection *self = IBB_LOOPBACK_CONNECTION (object);

  g_clear_pointer (&self->port, ibb_port_unref);
  g_clear_pointer (&self->hub, ibb_hub_unref);
  G_OBJECT_CLASS (ibb_loopback_connection_parent_class)->finalize (object);
}

static void
ibb_loopback_connection_class_init (IBBLoopbackConnectionClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS (class);

  object_class->get_property = ibb_loopback_connection_get_property;
  object_class->dispose = ibb_loopback_connection_dispose;
  object_class->finalize = ibb_loopback_connection_finalize;

  g_object_class_override_property (object_class, PROP_LOCAL_JID, "local-jid");
}

static void
ibb_loopback_connection_init (IBBLoopbackConnection *self)
{
}

IBBConnection *
ibb_loopback_connection_new (IBBHub *hub, const char *jid)
{
  IBBLoopbackConnection *self = g_object_new (IBB_TYPE_LOOPBACK_CONNECTION, NULL);

  self->hub = ibb_hub_ref (hub);
  self->port = ibb_hub_add_port (hub, IBB_CONNECTION (self), jid);
  return IBB_CONNECTION (self);
}
