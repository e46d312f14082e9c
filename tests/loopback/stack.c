/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "stack.h"

#include <string.h>

enum
{
  PROP_0,
  PROP_LOCAL_JID,
};

static void stack_connection_iface_init (IBBConnectionInterface *iface);

G_DEFINE_TYPE_WITH_CODE (StackConnection,
                         stack_connection,
                         G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (IBB_TYPE_CONNECTION, stack_connection_iface_init))

static gboolean
deliver_cb (gpointer data)
{
  StackConnection *self = data;
  IBBStanza       *stanza;

  while ((stanza = g_queue_pop_head (&self->inbox)) != NULL)
    {
      ibb_connection_receive (IBB_CONNECTION (self), stanza);
      ibb_stanza_unref (stanza);
    }
  g_clear_pointer (&self->source, g_source_unref);
  return G_SOURCE_REMOVE;
}

static gboolean
stack_connection_send (IBBConnection *connection, IBBStanza *stanza, GError **error)
{
  StackConnection            *self = STACK_CONNECTION (connection);
  g_autofree char            *xml = ibb_stanza_to_xml (stanza);
  g_autoptr (GError)          failure = NULL;
  g_autoptr (StackConnection) peer = g_weak_ref_get (&self->peer);
  IBBStanza                  *copy;

  g_assert_true (g_thread_self () == self->thread);
  if (self->refuses)
    return FALSE; /* as a binding does that returns nothing: without an error */
  g_assert_false (self->congested);
  g_assert_false (self->suspended);
  self->n_sent++;
  if (self->confirms && strcmp (ibb_stanza_get_name (stanza), "message") == 0)
    g_queue_push_tail (&self->unconfirmed, ibb_stanza_ref (stanza));

  /* Through XML, as on the wire, and with the sender's JID, as from a server. */
  if (ibb_stanza_get_from (stanza) == NULL)
    {
      g_autofree char *unstamped = g_steal_pointer (&xml);
      const char      *rest = strchr (unstamped, ' ');

      xml = g_strdup_printf ("%.*s from='%s'%s", (int) (rest - unstamped), unstamped, self->jid,
                             rest);
    }
  copy = ibb_stanza_new_from_xml (xml, -1, &failure);
  g_assert_no_error (failure);
  if (peer == NULL)
    {
      ibb_stanza_unref (copy);
      return TRUE;
    }
  g_queue_push_tail (&peer->inbox, copy);
  if (peer->source == NULL)
    {
      peer->source = g_idle_source_new ();
      g_source_set_callback (peer->source, deliver_cb, g_object_ref (peer), g_object_unref);
      g_source_attach (peer->source, g_main_context_get_thread_default ());
    }
  return TRUE;
}

static gboolean
stack_connection_is_congested (IBBConnection *connection)
{
  return STACK_CONNECTION (connection)->congested;
}

static gboolean
stack_connection_confirms (IBBConnection *connection)
{
  return STACK_CONNECTION (connection)->confirms;
}

static GMainContext *
stack_connection_get_context (IBBConnection *connection)
{
  return STACK_CONNECTION (connection)->context;
}

static void
stack_connection_iface_init (IBBConnectionInterface *iface)
{
  iface->confirms = stack_connection_confirms;
  iface->get_context = stack_connection_get_context;
  iface->send = stack_connection_send;
  iface->is_congested = stack_connection_is_congested;
}

static void
stack_connection_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  StackConnection *self = STACK_CONNECTION (object);

  if (self->thread != NULL)
    g_assert_true (g_thread_self () == self->thread);
  g_value_set_string (value, self->jid);
}

static void
stack_connection_finalize (GObject *object)
{
  StackConnection *self = STACK_CONNECTION (object);

  g_free (self->jid);
  g_weak_ref_clear (&self->peer);
  /* A source would hold a reference. */
  g_assert_null (self->source);
  g_assert_true (g_queue_is_empty (&self->inbox));
  g_queue_clear_full (&self->unconfirmed, (GDestroyNotify) ibb_stanza_unref);
  G_OBJECT_CLASS (stack_connection_parent_class)->finalize (object);
}

static void
stack_connection_class_init (StackConnectionClass *class)
{
  G_OBJECT_CLASS (class)->get_property = stack_connection_get_property;
  G_OBJECT_CLASS (class)->finalize = stack_connection_finalize;
  g_object_class_override_property (G_OBJECT_CLASS (class), PROP_LOCAL_JID, "local-jid");
}

static void
stack_connection_init (StackConnection *self)
{
  self->thread = g_thread_self ();
  g_weak_ref_init (&self->peer, NULL);
}

StackConnection *
stack_connection_new (const char *jid)
{
  StackConnection *self = g_object_new (STACK_TYPE_CONNECTION, NULL);

  self->jid = g_strdup (jid);
  return self;
}

void
stack_connection_set_peer (StackConnection *self, StackConnection *peer)
{
  g_weak_ref_set (&self->peer, peer);
}
