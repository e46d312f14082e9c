/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ibb-connection.h"

#include "base/intl.h"
#include "connection/ibb-connection-private.h"
#include "core/base/jid.h"
#include "core/base/stanza.h"
#include "ibb-error.h"
#include "stanza/ibb-element-private.h"

/**
 * IBBConnection:
 *
 * Sends and receives the stanzas of a service over an XML stream.
 *
 * [`IBBXmpp.Client`](../ibb-xmpp-1.0/class.Client.html) and the connections of an
 * [class@IBB.Loopback] are two implementations. An application that has an XMPP stack of its own
 * implements a third one. An implementation needs the virtual function [vfunc@IBB.Connection.send]
 * and the property [property@IBB.Connection:local-jid]. It calls [method@IBB.Connection.receive]
 * for each IQ and message that arrives, and [method@IBB.Connection.set_state] when the XML stream
 * has ended, breaks or is there again.
 *
 * The part of the application that answers disco#info adds what
 * [method@IBB.Connection.dup_features] returns, and answers each IQ request that
 * was not handled with `service-unavailable`.
 *
 * ```c
 * static void
 * on_stanza (IBBConnection *connection, const char *xml)
 * {
 *   g_autoptr (GError)    error = NULL;
 *   g_autoptr (IBBStanza) stanza = ibb_stanza_new_from_xml (xml, -1, &error);
 *
 *   if (stanza == NULL)
 *     g_warning ("%s", error->message);
 *   else if (!ibb_connection_receive (connection, stanza))
 *     g_debug ("No service has handled it: it is for the application");
 * }
 * ```
 *
 * ## Threads
 *
 * A connection works in one main context, which
 * [vfunc@IBB.Connection.get_context] returns. By default it is the thread-default
 * one in which the service was constructed. There the service calls `send` and
 * reads `local-jid`, and there [method@IBB.Connection.receive] and
 * [method@IBB.Connection.set_state] have to be called. [method@IBB.Connection.drained],
 * [method@IBB.Connection.note_stanza] and [method@IBB.Connection.dup_features] may be called from
 * any thread.
 *
 * None of these may be called from `dispose ()`: a service may take a reference to the
 * connection, and call its functions.
 *
 * Since: 1.0
 */

#define DEFAULT_STANZA_LIMIT 8192 /* D-16: what servers take without Nagle's pause of 40 ms */

G_DEFINE_INTERFACE (IBBConnection, ibb_connection, G_TYPE_OBJECT)

enum
{
  SIGNAL_STANZA_RECEIVED,
  SIGNAL_CAPABILITIES_CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

/* The namespace of the first child element that a handler has asked for, or 0. Strangers choose
 * namespaces, and GLib never frees a quark: so only existing quarks are looked up. */
static GQuark
find_detail (IBBConnection *self, IBBStanza *stanza)
{
  g_autoptr (IBBElement) element = NULL;

  /* Without any handler the stanza need not be parsed. */
  if (g_signal_handler_find (self, G_SIGNAL_MATCH_ID, signals[SIGNAL_STANZA_RECEIVED], 0, NULL,
                             NULL, NULL) == 0)
    return 0;

  element = ibb_stanza_dup_element (stanza);
  for (guint i = 0; element->children != NULL && i < element->children->len; i++)
    {
      const IBBElement *child = g_ptr_array_index (element->children, i);
      GQuark            detail = g_quark_try_string (child->namespace);

      if (detail != 0 &&
          g_signal_has_handler_pending (self, signals[SIGNAL_STANZA_RECEIVED], detail, TRUE))
        return detail;
    }
  return 0;
}

static void
ibb_connection_default_init (IBBConnectionInterface *iface)
{
  /**
   * IBBConnection:local-jid: (getter dup_local_jid)
   *
   * The full JID that the server gave this connection, or NULL before it is
   * known. It notifies when it changes. If the JID is only a domain, the connection has all
   * addresses of this domain, as [`IBBXmpp.Component`](../ibb-xmpp-1.0/class.Component.html) has.
   * What is not a valid JID, such as an empty string, counts as NULL.
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
   * @stanza: the stanza
   *
   * An IQ, a message or a presence arrived that no service took.
   *
   * A handler with a detail is called only for stanzas that have a child element in the namespace
   * that the detail names. So the parts of a program need not know of each other:
   *
   * ```c
   * g_signal_connect (connection, "stanza-received::urn:xmpp:jingle:1",
   *                   G_CALLBACK (jingle_received_cb), NULL);
   * ```
   *
   * If handlers have asked for several namespaces of one stanza, those for its first element are
   * called. Handlers are called in the order in which they were connected, with a detail or not.
   *
   * [method@IBB.Connection.receive] emits it in the thread in which it is called;
   * [`IBBXmpp.Client`](../ibb-xmpp-1.0/class.Client.html) and the connections of
   * [class@IBB.Loopback] emit it in the thread-default context in which they were constructed. A
   * handler may do anything, dropping the connection's last reference included; while it runs a
   * main loop of its own these two emit the next stanzas in that loop.
   *
   * Returns: TRUE if the handler has dealt with the stanza, which ends the emission
   *
   * Since: 1.0
   */
  signals[SIGNAL_STANZA_RECEIVED] = g_signal_new (
      "stanza-received", IBB_TYPE_CONNECTION, G_SIGNAL_RUN_LAST | G_SIGNAL_DETAILED, 0,
      g_signal_accumulator_true_handled, NULL, NULL, G_TYPE_BOOLEAN, 1, IBB_TYPE_STANZA);

  /**
   * IBBConnection::capabilities-changed:
   * @self: the connection
   *
   * The features or the identity that the application announces have changed. An implementation
   * that sends presence with capabilities (XEP-0115) sends another one. It is emitted in the thread
   * of the change.
   *
   * Since: 1.0
   */
  signals[SIGNAL_CAPABILITIES_CHANGED] =
      g_signal_new ("capabilities-changed", IBB_TYPE_CONNECTION, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                    NULL, G_TYPE_NONE, 0);
}

gboolean
ibb_connection_send_for_service (IBBConnection *self, IBBStanza *stanza, GError **error)
{
  IBBConnectionInterface *iface = IBB_CONNECTION_GET_IFACE (self);
  g_autoptr (GError)      reason = NULL;

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
 * ibb_connection_send:
 * @self: a connection
 * @stanza: what to send
 * @error: return location for an error
 *
 * Sends one stanza of the application over the XML stream.
 *
 * It does not wait. The stanza is queued, and sent in the order of the calls. It
 * has to be called in the connection's context, unless the connection says
 * otherwise: [`IBBXmpp.Client`](../ibb-xmpp-1.0/class.Client.html) takes stanzas from any thread.
 *
 * The error is the one that the implementation sets, or %IBB_ERROR_FAILED if it
 * sets none.
 *
 * Returns: TRUE if it was taken
 *
 * Since: 1.0
 */
gboolean
ibb_connection_send (IBBConnection *self, IBBStanza *stanza, GError **error)
{
  g_return_val_if_fail (IBB_IS_CONNECTION (self), FALSE);
  g_return_val_if_fail (stanza != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!ibb_connection_send_for_service (self, stanza, error))
    return FALSE;

  ibb_connection_tell (self, IBB_CONNECTION_CHAT);
  return TRUE;
}

/**
 * ibb_connection_get_context:
 * @self: a connection
 *
 * Names the context in which the connection works.
 *
 * Returns: (transfer none) (nullable): the context, or NULL for the
 *   thread-default one at the construction of the service
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
 * As long as it has, services send nothing, so that other stanzas of the application
 * need not wait behind theirs. Then the connection calls
 * [method@IBB.Connection.drained].
 *
 * Returns: TRUE while no more stanzas should be sent
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
 * A session by messages (XEP-0047 §2.2) has no other acknowledgement. If the connection confirms, a
 * block is sent when the server has the block before it, and that one counts as delivered.
 *
 * Returns: TRUE if each message taken from now on will be confirmed, unless the
 *   XML stream is lost
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
 * ibb_connection_dup_resources:
 * @self: a connection
 * @contact: a bare JID, also that of the account itself
 *
 * Lists the resources of a contact that are online, as far as the server passes their presence on.
 * A server does so for a client that is shown online itself, and for contacts to whose presence the
 * account is subscribed (RFC 6121 §4.3). The resource with the highest priority comes first. It can
 * be called from any thread.
 *
 * Returns: (transfer full) (nullable) (array zero-terminated=1): full JIDs, perhaps none; NULL if
 *   the connection does not know who is online
 *
 * Since: 1.0
 */
char **
ibb_connection_dup_resources (IBBConnection *self, const char *contact)
{
  IBBConnectionInterface *iface;

  g_return_val_if_fail (IBB_IS_CONNECTION (self), NULL);
  g_return_val_if_fail (contact != NULL, NULL);

  iface = IBB_CONNECTION_GET_IFACE (self);
  return iface->dup_resources != NULL ? iface->dup_resources (self, contact) : NULL;
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
  g_autofree char *jid = NULL;
  g_autofree char *normal = NULL;

  g_return_val_if_fail (IBB_IS_CONNECTION (self), NULL);

  g_object_get (self, "local-jid", &jid, NULL);
  normal = ibb_jid_normalize (jid);
  return normal != NULL ? g_steal_pointer (&jid) : NULL;
}

/**
 * ibb_connection_receive:
 * @self: a connection
 * @stanza: an IQ, message or presence that has arrived
 *
 * Passes on a stanza that has arrived. Implementations call it in the connection's
 * context and in the order of arrival.
 *
 * The services of the connection are asked first; what none of them takes is
 * emitted as [signal@IBB.Connection::stanza-received].
 *
 * The service answers, and wakes readers, in the next turn of the connection's context, once for
 * all stanzas received before. With [method@IBB.Connection.begin_batch] it does so at the end of
 * the batch. So pass on what one read of the socket brought before returning to the context.
 *
 * Returns: TRUE if a service or a handler took it; an IQ of type get or set that none
 *   took has to be answered with `service-unavailable`
 *
 * Since: 1.0
 */
gboolean
ibb_connection_receive (IBBConnection *self, IBBStanza *stanza)
{
  g_return_val_if_fail (IBB_IS_CONNECTION (self), FALSE);
  g_return_val_if_fail (stanza != NULL, FALSE);

  return ibb_connection_offer_to_services (self, stanza, TRUE) ||
         ibb_connection_deliver (self, stanza);
}

/**
 * ibb_connection_offer:
 * @self: a connection
 * @stanza: an IQ, message or presence that has arrived
 *
 * Passes a stanza that has arrived to the services of the connection only: the first half of
 * [method@IBB.Connection.receive], for a connection whose application lives in another context
 * than its XML stream. Called by implementations, in the connection's context, in the order of
 * arrival, and within a batch ([method@IBB.Connection.begin_batch]). What no service takes and
 * [method@IBB.Connection.has_receiver] is for [method@IBB.Connection.deliver].
 *
 * Returns: TRUE if a service took it
 *
 * Since: 1.0
 */
gboolean
ibb_connection_offer (IBBConnection *self, IBBStanza *stanza)
{
  g_return_val_if_fail (IBB_IS_CONNECTION (self), FALSE);
  g_return_val_if_fail (stanza != NULL, FALSE);

  return ibb_connection_offer_to_services (self, stanza, FALSE);
}

/**
 * ibb_connection_has_receiver:
 * @self: a connection
 * @stanza: a stanza that has arrived
 *
 * Tells whether a handler of [signal@IBB.Connection::stanza-received] would get a stanza. It can be
 * called from any thread.
 *
 * Returns: TRUE if there is a handler for it
 *
 * Since: 1.0
 */
gboolean
ibb_connection_has_receiver (IBBConnection *self, IBBStanza *stanza)
{
  g_return_val_if_fail (IBB_IS_CONNECTION (self), FALSE);
  g_return_val_if_fail (stanza != NULL, FALSE);

  return g_signal_has_handler_pending (self, signals[SIGNAL_STANZA_RECEIVED], 0, TRUE) ||
         find_detail (self, stanza) != 0;
}

/**
 * ibb_connection_deliver:
 * @self: a connection
 * @stanza: a stanza that no service took
 *
 * Emits [signal@IBB.Connection::stanza-received]: the second half of
 * [method@IBB.Connection.receive]. Called by implementations, in the context of the application.
 *
 * Returns: TRUE if a handler took it
 *
 * Since: 1.0
 */
gboolean
ibb_connection_deliver (IBBConnection *self, IBBStanza *stanza)
{
  gboolean handled = FALSE;

  g_return_val_if_fail (IBB_IS_CONNECTION (self), FALSE);
  g_return_val_if_fail (stanza != NULL, FALSE);

  if (stanza->payload != IBB_PAYLOAD_OPEN && stanza->payload != IBB_PAYLOAD_DATA &&
      stanza->payload != IBB_PAYLOAD_CLOSE && stanza->payload != IBB_PAYLOAD_UNKNOWN)
    ibb_connection_tell (self, IBB_CONNECTION_CHAT);
  g_signal_emit (self, signals[SIGNAL_STANZA_RECEIVED], find_detail (self, stanza), stanza,
                 &handled);
  return handled;
}
