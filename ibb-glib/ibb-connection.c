/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ibb-connection.h"

#include <glib/gi18n-lib.h>

#include "ibb-connection-private.h"
#include "ibb-error.h"

/**
 * IBBConnection:
 *
 * The door through which a service reaches an XMPP stream.
 *
 * [class@IBB.Client] and the connections of an [class@IBB.Loopback] are two
 * implementations; an application that has its own XMPP stack writes a third.
 * It needs the virtual [vfunc@IBB.Connection.send], the property
 * [property@IBB.Connection:local-jid], and two calls:
 * [method@IBB.Connection.receive] for each IQ and message that comes in, and
 * [method@IBB.Connection.lost] once the stream is gone for good.
 *
 * A connection that can resume a broken stream (XEP-0198) says so in between:
 * see [method@IBB.Connection.suspended].
 *
 * Whoever answers disco#info for the connection adds what
 * [method@IBB.Connection.dup_features] returns, and answers with
 * `service-unavailable` each IQ request that nobody took.
 *
 * ## Threads
 *
 * A connection works in one context, which [vfunc@IBB.Connection.get_context]
 * names and which by default is the thread-default one of whoever constructs
 * the service. There the service calls `send` and reads `local-jid`, and there
 * [method@IBB.Connection.receive], [method@IBB.Connection.lost] and the others
 * that tell of the stream have to be called. [method@IBB.Connection.drained] and
 * [method@IBB.Connection.dup_features] may be called from any thread.
 *
 * Since: 1.0
 */

#define DEFAULT_STANZA_LIMIT 8192 /* D-16: what every server takes, and without a 40 ms pause */

G_DEFINE_INTERFACE (IBBConnection, ibb_connection, G_TYPE_OBJECT)

enum
{
  SIGNAL_STANZA_RECEIVED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

/* One service on a connection. */
typedef struct
{
  const IBBConnectionHooks *hooks;
  gpointer                  service; /* (owned) */
} Registration;

/* Guards the lists of all connections: each is replaced, never changed, so
 * that a reader holds the lock only while it takes a reference. */
static GMutex lists_lock;

static GQuark
list_quark (void)
{
  return g_quark_from_static_string ("ibb-connection-services");
}

static void
registration_free (gpointer data)
{
  Registration *registration = data;

  registration->hooks->unref (registration->service);
  g_free (registration);
}

static Registration *
registration_new (const IBBConnectionHooks *hooks, gpointer service)
{
  Registration *registration = g_new (Registration, 1);

  registration->hooks = hooks;
  registration->service = hooks->ref (service);
  return registration;
}

static GPtrArray *
list_new (void)
{
  return g_ptr_array_new_with_free_func (registration_free);
}

static GPtrArray *
dup_list (IBBConnection *self)
{
  GPtrArray *list;

  g_mutex_lock (&lists_lock);
  list = g_object_get_qdata (G_OBJECT (self), list_quark ());
  if (list != NULL)
    g_ptr_array_ref (list);
  g_mutex_unlock (&lists_lock);
  return list;
}

static GQuark
suspended_quark (void)
{
  return g_quark_from_static_string ("ibb-connection-suspended");
}

static void
set_suspended (IBBConnection *self, gboolean suspended)
{
  g_mutex_lock (&lists_lock);
  g_object_set_qdata (G_OBJECT (self), suspended_quark (), GINT_TO_POINTER (suspended));
  g_mutex_unlock (&lists_lock);
}

/* A copy of list without service, and with registration at its end. */
static GPtrArray *
copy_list (GPtrArray *list, gpointer without, Registration *registration)
{
  GPtrArray *copy = list_new ();

  for (guint i = 0; list != NULL && i < list->len; i++)
    {
      Registration *old = g_ptr_array_index (list, i);

      if (old->service != without)
        g_ptr_array_add (copy, registration_new (old->hooks, old->service));
    }
  if (registration != NULL)
    g_ptr_array_add (copy, registration);
  return copy;
}

static void
replace_list (IBBConnection *self, gpointer without, Registration *registration)
{
  GPtrArray *old;
  GPtrArray *copy;

  g_mutex_lock (&lists_lock);
  old = g_object_steal_qdata (G_OBJECT (self), list_quark ());
  copy = copy_list (old, without, registration);
  if (copy->len > 0)
    g_object_set_qdata_full (G_OBJECT (self), list_quark (), g_ptr_array_ref (copy),
                             (GDestroyNotify) g_ptr_array_unref);
  /* Under the lock, so that the end of it cannot come first. */
  if (registration != NULL && g_object_get_qdata (G_OBJECT (self), suspended_quark ()) != NULL)
    registration->hooks->suspended (registration->service);
  g_mutex_unlock (&lists_lock);

  /* Freed without the lock: a service may go with its registration. */
  g_ptr_array_unref (copy);
  g_clear_pointer (&old, g_ptr_array_unref);
}

void
ibb_connection_add_service (IBBConnection *self, const IBBConnectionHooks *hooks, gpointer service)
{
  replace_list (self, NULL, registration_new (hooks, service));
}

void
ibb_connection_remove_service (IBBConnection *self, gpointer service)
{
  replace_list (self, service, NULL);
}

gboolean
ibb_connection_offer_to_services (IBBConnection *self, IBBStanza *stanza)
{
  g_autoptr (GPtrArray) list = dup_list (self);

  for (guint i = 0; list != NULL && i < list->len; i++)
    {
      Registration *registration = g_ptr_array_index (list, i);

      if (registration->hooks->receive (registration->service, stanza))
        return TRUE;
    }
  return FALSE;
}

typedef void (*ServiceFunc) (gpointer service);

/* Calls the hook at that offset, of those that take nothing but the service. */
static void
tell_services (IBBConnection *self, glong offset)
{
  g_autoptr (GPtrArray) list = dup_list (self);

  for (guint i = 0; list != NULL && i < list->len; i++)
    {
      Registration *registration = g_ptr_array_index (list, i);

      G_STRUCT_MEMBER (ServiceFunc, registration->hooks, offset) (registration->service);
    }
}

void
ibb_connection_begin_batch (IBBConnection *self)
{
  tell_services (self, G_STRUCT_OFFSET (IBBConnectionHooks, begin));
}

void
ibb_connection_end_batch (IBBConnection *self)
{
  tell_services (self, G_STRUCT_OFFSET (IBBConnectionHooks, end));
}

gboolean
ibb_connection_has_receiver (IBBConnection *self)
{
  return g_signal_has_handler_pending (self, signals[SIGNAL_STANZA_RECEIVED], 0, TRUE);
}

gboolean
ibb_connection_emit_stanza_received (IBBConnection *self, IBBStanza *stanza)
{
  gboolean handled = FALSE;

  g_signal_emit (self, signals[SIGNAL_STANZA_RECEIVED], 0, stanza, &handled);
  return handled;
}

static void
ibb_connection_default_init (IBBConnectionInterface *iface)
{
  /**
   * IBBConnection:local-jid: (getter dup_local_jid)
   *
   * The full JID that the server gave this connection, or NULL before it is
   * known. It notifies when it changes.
   *
   * Since: 1.0
   */
  g_object_interface_install_property (
      iface,
      g_param_spec_string ("local-jid", NULL, NULL, NULL,
                           G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY));

  /**
   * IBBConnection::stanza-received:
   * @self: the connection
   * @stanza: what came
   *
   * An IQ, a message or a presence came that no service took.
   *
   * Emitted by [method@IBB.Connection.receive] in whose thread it is called;
   * [class@IBB.Client] and the connections of [class@IBB.Loopback] emit it in
   * the thread-default context in which they were constructed. A handler may do
   * anything, dropping the connection's last reference included.
   *
   * Returns: TRUE if the stanza was dealt with, which ends the emission
   *
   * Since: 1.0
   */
  signals[SIGNAL_STANZA_RECEIVED] = g_signal_new (
      "stanza-received", IBB_TYPE_CONNECTION, G_SIGNAL_RUN_LAST, 0,
      g_signal_accumulator_true_handled, NULL, NULL, G_TYPE_BOOLEAN, 1, IBB_TYPE_STANZA);
}

/**
 * ibb_connection_send:
 * @self: a connection
 * @stanza: what to send
 * @error: return location for an error
 *
 * Hands one stanza to the XMPP stream.
 *
 * It does not wait. What is taken is sent later, in the order of the calls.
 * It has to be called in the connection's context, unless the connection says
 * otherwise: [class@IBB.Client] takes stanzas from any thread.
 *
 * The error is whatever the connection says, and [error@IBB.Error.FAILED] when
 * it says nothing.
 *
 * Returns: TRUE if it was taken
 *
 * Since: 1.0
 */
gboolean
ibb_connection_send (IBBConnection *self, IBBStanza *stanza, GError **error)
{
  IBBConnectionInterface *iface;
  g_autoptr (GError)      reason = NULL;

  g_return_val_if_fail (IBB_IS_CONNECTION (self), FALSE);
  g_return_val_if_fail (stanza != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  iface = IBB_CONNECTION_GET_IFACE (self);
  if (iface->send == NULL)
    {
      g_set_error (error, IBB_ERROR, IBB_ERROR_FAILED, _ ("%s cannot send stanzas"),
                   G_OBJECT_TYPE_NAME (self));
      return FALSE;
    }
  if (iface->send (self, stanza, &reason))
    return TRUE;

  /* Python and JavaScript return FALSE when they return nothing. */
  if (reason == NULL)
    g_set_error (&reason, IBB_ERROR, IBB_ERROR_FAILED,
                 _ ("The connection did not take the stanza and did not say why"));
  g_propagate_error (error, g_steal_pointer (&reason));
  return FALSE;
}

/**
 * ibb_connection_get_context:
 * @self: a connection
 *
 * Names the context in which the connection works.
 *
 * Returns: (transfer none) (nullable): the context, or NULL for the
 *   thread-default one of whoever constructs the service
 *
 * Since: 1.0
 */
GMainContext *
ibb_connection_get_context (IBBConnection *self)
{
  IBBConnectionInterface *iface;

  g_return_val_if_fail (IBB_IS_CONNECTION (self), NULL);

  iface = IBB_CONNECTION_GET_IFACE (self);
  return iface->get_context != NULL ? iface->get_context (self) : NULL;
}

/**
 * ibb_connection_is_congested:
 * @self: a connection
 *
 * Tells whether the connection has enough to send for now.
 *
 * While it has, services hold their stanzas back, so that what the application
 * sends can still go first. Once it has not, the connection calls
 * [method@IBB.Connection.drained].
 *
 * Returns: TRUE while no more stanzas should be handed over
 *
 * Since: 1.0
 */
gboolean
ibb_connection_is_congested (IBBConnection *self)
{
  IBBConnectionInterface *iface;

  g_return_val_if_fail (IBB_IS_CONNECTION (self), FALSE);

  iface = IBB_CONNECTION_GET_IFACE (self);
  return iface->is_congested != NULL && iface->is_congested (self);
}

/**
 * ibb_connection_get_stanza_limit:
 * @self: a connection
 *
 * Tells how long a stanza may be.
 *
 * Returns: the limit in bytes of XML, 0 for none
 *
 * Since: 1.0
 */
guint
ibb_connection_get_stanza_limit (IBBConnection *self)
{
  IBBConnectionInterface *iface;

  g_return_val_if_fail (IBB_IS_CONNECTION (self), DEFAULT_STANZA_LIMIT);

  iface = IBB_CONNECTION_GET_IFACE (self);
  return iface->get_stanza_limit != NULL ? iface->get_stanza_limit (self) : DEFAULT_STANZA_LIMIT;
}

/**
 * ibb_connection_confirms:
 * @self: a connection
 *
 * Tells whether the connection learns when the server has a message, and says
 * so by [method@IBB.Connection.confirmed].
 *
 * A session that is carried by messages (XEP-0047 §2.2) has no other way to
 * know: where a connection confirms, a block is sent when the server has the
 * one before it, and counts as delivered then.
 *
 * Returns: TRUE if each message taken from now on will be confirmed, unless the
 *   stream is lost
 *
 * Since: 1.0
 */
gboolean
ibb_connection_confirms (IBBConnection *self)
{
  IBBConnectionInterface *iface;

  g_return_val_if_fail (IBB_IS_CONNECTION (self), FALSE);

  iface = IBB_CONNECTION_GET_IFACE (self);
  return iface->confirms != NULL && iface->confirms (self);
}

/**
 * ibb_connection_dup_local_jid: (get-property local-jid)
 * @self: a connection
 *
 * Gets the full JID that the server gave this connection.
 *
 * Returns: (transfer full) (nullable): the JID, or NULL before it is known
 *
 * Since: 1.0
 */
char *
ibb_connection_dup_local_jid (IBBConnection *self)
{
  char *jid = NULL;

  g_return_val_if_fail (IBB_IS_CONNECTION (self), NULL);

  g_object_get (self, "local-jid", &jid, NULL);
  return jid;
}

/**
 * ibb_connection_receive:
 * @self: a connection
 * @stanza: an IQ, message or presence that came in
 *
 * Passes on what came in. Called by implementations, in the connection's
 * context and in the order of arrival.
 *
 * The services of the connection are asked first; what none of them takes is
 * emitted as [signal@IBB.Connection::stanza-received].
 *
 * Returns: TRUE if somebody took it; an IQ of type get or set that nobody took
 *   has to be answered with `service-unavailable`
 *
 * Since: 1.0
 */
gboolean
ibb_connection_receive (IBBConnection *self, IBBStanza *stanza)
{
  g_return_val_if_fail (IBB_IS_CONNECTION (self), FALSE);
  g_return_val_if_fail (stanza != NULL, FALSE);

  return ibb_connection_offer_to_services (self, stanza) ||
         ibb_connection_emit_stanza_received (self, stanza);
}

/**
 * ibb_connection_lost:
 * @self: a connection
 * @error: why
 *
 * Says that the XMPP stream is gone for good. Called by implementations, in the
 * connection's context.
 *
 * All sessions, opens and expectations of the connection's services end with
 * %G_IO_ERROR_CONNECTION_CLOSED (XEP-0047 knows no session without its stream).
 * Should a new stream take its place, say so with
 * [method@IBB.Connection.restored].
 *
 * Since: 1.0
 */
void
ibb_connection_lost (IBBConnection *self, const GError *error)
{
  g_autoptr (GPtrArray) list = NULL;

  g_return_if_fail (IBB_IS_CONNECTION (self));

  set_suspended (self, FALSE);
  list = dup_list (self);
  for (guint i = 0; list != NULL && i < list->len; i++)
    {
      Registration *registration = g_ptr_array_index (list, i);

      registration->hooks->lost (registration->service, error);
    }
}

/**
 * ibb_connection_restored:
 * @self: a connection
 *
 * Says that a new XMPP stream has taken the place of the one that was lost.
 * Called by implementations, in the connection's context, once
 * [property@IBB.Connection:local-jid] is the new address.
 *
 * The connection's services open and accept sessions again. Sessions of the
 * lost stream stay ended.
 *
 * Since: 1.0
 */
void
ibb_connection_restored (IBBConnection *self)
{
  g_return_if_fail (IBB_IS_CONNECTION (self));

  set_suspended (self, FALSE);
  tell_services (self, G_STRUCT_OFFSET (IBBConnectionHooks, restored));
}

/**
 * ibb_connection_suspended:
 * @self: a connection
 *
 * Says that the XMPP stream broke and that the connection tries to resume it
 * (XEP-0198). Called by implementations, in the connection's context.
 *
 * Until [method@IBB.Connection.resumed] or [method@IBB.Connection.lost], the
 * connection's services hand nothing over, and the time-outs of the protocol
 * stand still: sessions live on, what is written to them is buffered. The
 * application's own time-outs (`read-timeout`, `write-timeout`) and
 * cancellation go on.
 *
 * Since: 1.0
 */
void
ibb_connection_suspended (IBBConnection *self)
{
  g_return_if_fail (IBB_IS_CONNECTION (self));

  set_suspended (self, TRUE);
  tell_services (self, G_STRUCT_OFFSET (IBBConnectionHooks, suspended));
}

/**
 * ibb_connection_resumed:
 * @self: a connection
 *
 * Says that the XMPP stream that was suspended goes on, under the same
 * address. Called by implementations, in the connection's context.
 *
 * It is for the connection to have sent again, or to send again before anything
 * else, what the server had not got: each stanza that was taken, once and in
 * order. A new stream under a newly bound resource is no resumption, but
 * [method@IBB.Connection.lost] and [method@IBB.Connection.restored].
 *
 * Since: 1.0
 */
void
ibb_connection_resumed (IBBConnection *self)
{
  g_return_if_fail (IBB_IS_CONNECTION (self));

  set_suspended (self, FALSE);
  tell_services (self, G_STRUCT_OFFSET (IBBConnectionHooks, resumed));
}

/**
 * ibb_connection_confirmed:
 * @self: a connection
 * @stanza: a message that [vfunc@IBB.Connection.send] took
 *
 * Says that the server has a message. Called by implementations of
 * [vfunc@IBB.Connection.confirms], in the connection's context, for each
 * message that was taken while that returned TRUE, in their order.
 *
 * Since: 1.0
 */
void
ibb_connection_confirmed (IBBConnection *self, IBBStanza *stanza)
{
  g_autoptr (GPtrArray) list = NULL;

  g_return_if_fail (IBB_IS_CONNECTION (self));
  g_return_if_fail (stanza != NULL);

  list = dup_list (self);
  for (guint i = 0; list != NULL && i < list->len; i++)
    {
      Registration *registration = g_ptr_array_index (list, i);

      registration->hooks->confirmed (registration->service, stanza);
    }
}

/**
 * ibb_connection_drained:
 * @self: a connection
 *
 * Says that the connection is no longer congested. Called by implementations
 * of [vfunc@IBB.Connection.is_congested], from any thread.
 *
 * Since: 1.0
 */
void
ibb_connection_drained (IBBConnection *self)
{
  g_return_if_fail (IBB_IS_CONNECTION (self));

  tell_services (self, G_STRUCT_OFFSET (IBBConnectionHooks, drained));
}

/**
 * ibb_connection_dup_features:
 * @self: a connection
 *
 * Collects the disco#info features of the connection's services, for whoever
 * answers disco#info (XEP-0030) on it.
 *
 * Returns: (transfer full) (array zero-terminated=1): the features, each once
 *
 * Since: 1.0
 */
char **
ibb_connection_dup_features (IBBConnection *self)
{
  g_autoptr (GPtrArray) list = NULL;
  g_autoptr (GPtrArray) features = NULL;

  g_return_val_if_fail (IBB_IS_CONNECTION (self), NULL);

  features = g_ptr_array_new_with_free_func (g_free);
  list = dup_list (self);
  for (guint i = 0; list != NULL && i < list->len; i++)
    {
      Registration  *registration = g_ptr_array_index (list, i);
      g_auto (GStrv) more = registration->hooks->dup_features (registration->service);

      for (char **feature = more; *feature != NULL; feature++)
        if (!g_ptr_array_find_with_equal_func (features, *feature, g_str_equal, NULL))
          g_ptr_array_add (features, g_strdup (*feature));
    }
  g_ptr_array_add (features, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&features), FALSE);
}
