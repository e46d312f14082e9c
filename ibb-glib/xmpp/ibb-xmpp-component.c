/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/ibb-xmpp-component.h"

#include "base/intl.h"
#include "xmpp/ibb-xmpp-entity-private.h"

/**
 * IBBXmppComponent:
 *
 * A component of an XMPP server (XEP-0114), for services that answer for a whole domain.
 *
 * The administrator of the server gives the component a domain, such as
 * `bots.example.org`, and a secret. After the login
 * [property@IBB.Connection:local-jid] is that domain, and each address of it is the
 * component's: `bots.example.org`, `echo@bots.example.org`, and either with a resource. The
 * one service has the sessions of
 * all addresses, thousands of them if need be.
 *
 * - [property@IBB.Request:local-jid] and [property@IBB.Transport:local-jid] are the address
 *   that a peer has opened the session to.
 * - [property@IBB.SessionParams:local-jid] is the address of a session to open or to expect;
 *   without one, [method@IBB.Service.open_session] is from the domain itself.
 *
 * ```c
 * static IBBTransport *
 * greet (const char *secret, const char *peer, GError **error)
 * {
 *   g_autoptr (IBBXmppComponent) component = ibb_xmpp_component_new ("bots.example.org");
 *   g_autoptr (IBBService)       service = ibb_service_new (IBB_CONNECTION (component));
 *   g_autoptr (IBBSessionParams) params = ibb_session_params_new ();
 *
 *   ibb_xmpp_component_set_secret (component, secret);
 *   if (!ibb_xmpp_component_login (component, NULL, error))
 *     return NULL;
 *   ibb_session_params_set_local_jid (params, "hello@bots.example.org");
 *   return ibb_service_open_session (service, peer, params, NULL, error);
 * }
 * ```
 *
 * XEP-0114 knows no TLS, and its proof of the secret protects nothing that follows. The
 * connection has to stay on the loopback interface, or on a network whose every machine is
 * trusted. The component trusts its server for the addresses of all senders. A stanza that is
 * to no address of the domain is ignored.
 *
 * By itself it also answers presence probes to each address.
 *
 * ## Addresses
 *
 * At first it has every address of the domain. If only some exist, set
 * [property@IBBXmpp.Component:any-address] to %FALSE and name them by
 * [method@IBBXmpp.Component.add_address]. Requests to the others then get the answer of a server
 * for an account that does not exist, without any signal. To decide about each session, use
 * [signal@IBB.Service::session-requested].
 *
 * ## When the connection breaks
 *
 * A component cannot resume its XML stream. It is offline then, or logs in again by itself
 * ([property@IBBXmpp.Entity:auto-reconnect]). Sessions end with %G_IO_ERROR_CONNECTION_CLOSED,
 * unless both ends have [property@IBB.Service:resume-sessions] set: then those of all addresses
 * go on after the new login.
 *
 * Since: 1.0
 */

struct _IBBXmppComponent
{
  IBBXmppEntity parent;

  char *domain; /* (owned) (nullable): until it is constructed */
};

enum
{
  PROP_DOMAIN = 1,
  PROP_SECRET,
  PROP_ANY_ADDRESS,
  N_PROPS,
};

static GParamSpec *props[N_PROPS];

G_DEFINE_FINAL_TYPE (IBBXmppComponent, ibb_xmpp_component, IBB_XMPP_TYPE_ENTITY)

static void
ibb_xmpp_component_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  IBBXmppComponent *self = IBB_XMPP_COMPONENT (object);

  switch (id)
    {
    case PROP_DOMAIN:
      g_value_set_string (value, ibb_xmpp_component_get_domain (self));
      break;
    case PROP_ANY_ADDRESS:
      g_value_set_boolean (value, ibb_xmpp_component_get_any_address (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
ibb_xmpp_component_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  IBBXmppComponent *self = IBB_XMPP_COMPONENT (object);

  switch (id)
    {
    case PROP_DOMAIN:
      self->domain = g_value_dup_string (value);
      break;
    case PROP_SECRET:
      ibb_xmpp_component_set_secret (self, g_value_get_string (value));
      break;
    case PROP_ANY_ADDRESS:
      ibb_xmpp_component_set_any_address (self, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
ibb_xmpp_component_constructed (GObject *object)
{
  IBBXmppComponent *self = IBB_XMPP_COMPONENT (object);
  IBBXmppEntity    *parent = &self->parent;

  parent->link = ibb_link_new_for_component (IBB_CONNECTION (self),
                                             ibb_xmpp_entity_create_thread (parent), self->domain);
  g_clear_pointer (&self->domain, g_free);
  G_OBJECT_CLASS (ibb_xmpp_component_parent_class)->constructed (object);
  ibb_connection_set_identity (IBB_CONNECTION (object), "component", "generic", "ibb-glib");
}

static void
ibb_xmpp_component_class_init (IBBXmppComponentClass *klass)
{
  GObjectClass     *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags read_only = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  const GParamFlags read_write = read_only | G_PARAM_WRITABLE;

  object_class->get_property = ibb_xmpp_component_get_property;
  object_class->set_property = ibb_xmpp_component_set_property;
  object_class->constructed = ibb_xmpp_component_constructed;

  /**
   * IBBXmppComponent:domain:
   *
   * The domain that the server has given the component. An invalid one, or a JID with a node
   * or a resource, makes the login fail.
   *
   * Default: %NULL, which makes the login fail, too.
   *
   * Since: 1.0
   */
  props[PROP_DOMAIN] =
      g_param_spec_string ("domain", NULL, NULL, NULL,
                           G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * IBBXmppComponent:secret:
   *
   * The secret that the server knows for this domain.
   *
   * Default: %NULL, which stands for an empty one.
   *
   * Since: 1.0
   */
  props[PROP_SECRET] =
      g_param_spec_string ("secret", NULL, NULL, NULL,
                           G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);

  /**
   * IBBXmppComponent:any-address:
   *
   * Whether each address of the domain exists. %FALSE: only the domain itself, and those of
   * [method@IBBXmpp.Component.add_address]. A change counts at once.
   *
   * Default: %TRUE.
   *
   * Since: 1.0
   */
  props[PROP_ANY_ADDRESS] = g_param_spec_boolean ("any-address", NULL, NULL, TRUE, read_write);

  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
ibb_xmpp_component_init (IBBXmppComponent *self)
{
}

/**
 * ibb_xmpp_component_new:
 * @domain: the domain that the server has given the component
 *
 * Creates a component, which is offline.
 *
 * Returns: (transfer full): a new component
 *
 * Since: 1.0
 */
IBBXmppComponent *
ibb_xmpp_component_new (const char *domain)
{
  g_return_val_if_fail (domain != NULL, NULL);

  return g_object_new (IBB_XMPP_TYPE_COMPONENT, "domain", domain, NULL);
}

/**
 * ibb_xmpp_component_login_async:
 * @self: a component
 * @cancellable: (nullable): cancels the login
 * @callback: (scope async): called when the connection is online, or has failed
 * @user_data: data for @callback
 *
 * Logs in.
 *
 * The errors that tell something to the user:
 *
 * - %IBB_ERROR_JID_MALFORMED: [property@IBBXmpp.Component:domain] is not a domain
 * - %IBB_ERROR_AUTHENTICATION: the server does not accept the secret
 * - %IBB_ERROR_ITEM_NOT_FOUND: the server has no component of that domain
 * - %IBB_ERROR_CONFLICT: another component is connected for the domain
 *
 * The others come as in [method@IBBXmpp.Client.login_async]: no way to the server, no answer in
 * time, %G_IO_ERROR_CANCELLED, %G_IO_ERROR_PENDING and %G_IO_ERROR_EXISTS.
 *
 * Since: 1.0
 */
void
ibb_xmpp_component_login_async (IBBXmppComponent   *self,
                                GCancellable       *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer            user_data)
{
  g_return_if_fail (IBB_XMPP_IS_COMPONENT (self));

  ibb_xmpp_entity_login_async (&self->parent, ibb_xmpp_component_login_async, cancellable, callback,
                               user_data);
}

/**
 * ibb_xmpp_component_login_finish:
 * @self: a component
 * @result: what the callback was given
 * @error: return location for an error, see [method@IBBXmpp.Component.login_async]
 *
 * Finishes [method@IBBXmpp.Component.login_async].
 *
 * Returns: TRUE if the component is online
 *
 * Since: 1.0
 */
gboolean
ibb_xmpp_component_login_finish (IBBXmppComponent *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (IBB_XMPP_IS_COMPONENT (self), FALSE);

  return ibb_xmpp_entity_finish (&self->parent, result, ibb_xmpp_component_login_async, error);
}

/**
 * ibb_xmpp_component_login:
 * @self: a component
 * @cancellable: (nullable): cancels the login
 * @error: return location for an error, see [method@IBBXmpp.Component.login_async];
 *   also %G_IO_ERROR_WOULD_BLOCK on the component’s own thread
 *
 * Logs in, and waits until that is done. No main loop is needed or run.
 *
 * Returns: TRUE if the component is online
 *
 * Since: 1.0
 */
gboolean
ibb_xmpp_component_login (IBBXmppComponent *self, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (IBB_XMPP_IS_COMPONENT (self), FALSE);

  return ibb_xmpp_entity_login (&self->parent, cancellable, "ibb_xmpp_component_login_async",
                                error);
}

/**
 * ibb_xmpp_component_logout_async:
 * @self: a component
 * @cancellable: (nullable): ends the waiting, not the logout
 * @callback: (scope async): called when the connection is offline
 * @user_data: data for @callback
 *
 * Logs out.
 *
 * The component sends all queued stanzas, and then ends the XML stream. Its sessions and a login
 * that is under way end as those of a client do ([method@IBBXmpp.Client.logout_async]). A component
 * that logs in again by itself stops at once.
 *
 * The only error is %G_IO_ERROR_CANCELLED.
 *
 * Since: 1.0
 */
void
ibb_xmpp_component_logout_async (IBBXmppComponent   *self,
                                 GCancellable       *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer            user_data)
{
  g_return_if_fail (IBB_XMPP_IS_COMPONENT (self));

  ibb_xmpp_entity_logout_async (&self->parent, ibb_xmpp_component_logout_async, cancellable,
                                callback, user_data);
}

/**
 * ibb_xmpp_component_logout_finish:
 * @self: a component
 * @result: what the callback was given
 * @error: return location for an error, see [method@IBBXmpp.Component.logout_async]
 *
 * Finishes [method@IBBXmpp.Component.logout_async].
 *
 * Returns: TRUE if the component is offline
 *
 * Since: 1.0
 */
gboolean
ibb_xmpp_component_logout_finish (IBBXmppComponent *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (IBB_XMPP_IS_COMPONENT (self), FALSE);

  return ibb_xmpp_entity_finish (&self->parent, result, ibb_xmpp_component_logout_async, error);
}

/**
 * ibb_xmpp_component_logout:
 * @self: a component
 * @cancellable: (nullable): ends the waiting, not the logout
 * @error: return location for an error, see [method@IBBXmpp.Component.logout_async];
 *   also %G_IO_ERROR_WOULD_BLOCK on the component’s own thread
 *
 * Logs out, and waits until that is done. No main loop is needed or run.
 *
 * Returns: TRUE if the component is offline
 *
 * Since: 1.0
 */
gboolean
ibb_xmpp_component_logout (IBBXmppComponent *self, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (IBB_XMPP_IS_COMPONENT (self), FALSE);

  return ibb_xmpp_entity_logout (&self->parent, cancellable, "ibb_xmpp_component_logout_async",
                                 error);
}

/**
 * ibb_xmpp_component_get_domain:
 * @self: a component
 *
 * Gets the domain that the component was created with.
 *
 * Returns: (nullable): the domain
 *
 * Since: 1.0
 */
const char *
ibb_xmpp_component_get_domain (IBBXmppComponent *self)
{
  g_return_val_if_fail (IBB_XMPP_IS_COMPONENT (self), NULL);

  return ibb_account_get_jid (self->parent.link->account);
}

/**
 * ibb_xmpp_component_set_secret: (set-property secret)
 * @self: a component
 * @secret: (nullable): the secret, or %NULL for an empty one
 *
 * Sets the secret that the next login uses; see [property@IBBXmpp.Component:secret].
 *
 * Since: 1.0
 */
void
ibb_xmpp_component_set_secret (IBBXmppComponent *self, const char *secret)
{
  g_return_if_fail (IBB_XMPP_IS_COMPONENT (self));

  if (ibb_account_set_string (self->parent.link->account, IBB_ACCOUNT_SETTING (password), secret))
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_SECRET]);
}

/**
 * ibb_xmpp_component_get_any_address: (get-property any-address)
 * @self: a component
 *
 * Gets whether each address of the domain exists; see [property@IBBXmpp.Component:any-address].
 *
 * Returns: TRUE if each exists
 *
 * Since: 1.0
 */
gboolean
ibb_xmpp_component_get_any_address (IBBXmppComponent *self)
{
  g_return_val_if_fail (IBB_XMPP_IS_COMPONENT (self), FALSE);

  return ibb_addresses_has_any (self->parent.link->addresses);
}

/**
 * ibb_xmpp_component_set_any_address: (set-property any-address)
 * @self: a component
 * @any_address: whether each exists
 *
 * Sets whether each address of the domain exists; see [property@IBBXmpp.Component:any-address].
 *
 * Since: 1.0
 */
void
ibb_xmpp_component_set_any_address (IBBXmppComponent *self, gboolean any_address)
{
  g_return_if_fail (IBB_XMPP_IS_COMPONENT (self));

  if (ibb_addresses_set_any (self->parent.link->addresses, any_address))
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_ANY_ADDRESS]);
}

/**
 * ibb_xmpp_component_add_address:
 * @self: a component
 * @jid: an address of the domain; a resource makes no difference
 * @error: return location for an error
 *
 * Names an address that exists where [property@IBBXmpp.Component:any-address] is %FALSE. The
 * domain itself always exists. Each address takes some 100 bytes and its length.
 *
 * Returns: TRUE; FALSE with %G_IO_ERROR_INVALID_ARGUMENT for a JID of another domain, or one
 *   that is not valid
 *
 * Since: 1.0
 */
gboolean
ibb_xmpp_component_add_address (IBBXmppComponent *self, const char *jid, GError **error)
{
  g_return_val_if_fail (IBB_XMPP_IS_COMPONENT (self), FALSE);
  g_return_val_if_fail (jid != NULL, FALSE);

  if (ibb_addresses_add (self->parent.link->addresses, jid))
    return TRUE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, _ ("“%s” is not an address of “%s”"),
               jid, ibb_xmpp_component_get_domain (self));
  return FALSE;
}

/**
 * ibb_xmpp_component_remove_address:
 * @self: a component
 * @jid: an address of the domain
 *
 * Takes back [method@IBBXmpp.Component.add_address]. Sessions of the address stay at this end; what
 * arrives for them is answered as for an account that does not exist, which ends them at the
 * peer.
 *
 * Returns: FALSE if the address had not been added
 *
 * Since: 1.0
 */
gboolean
ibb_xmpp_component_remove_address (IBBXmppComponent *self, const char *jid)
{
  g_return_val_if_fail (IBB_XMPP_IS_COMPONENT (self), FALSE);
  g_return_val_if_fail (jid != NULL, FALSE);

  return ibb_addresses_remove (self->parent.link->addresses, jid);
}

/**
 * ibb_xmpp_component_has_address:
 * @self: a component
 * @jid: a JID
 *
 * Tells whether stanzas to a JID are for this component.
 *
 * Returns: TRUE if it is an address of the domain, and exists
 *
 * Since: 1.0
 */
gboolean
ibb_xmpp_component_has_address (IBBXmppComponent *self, const char *jid)
{
  g_return_val_if_fail (IBB_XMPP_IS_COMPONENT (self), FALSE);
  g_return_val_if_fail (jid != NULL, FALSE);

  return ibb_addresses_look_up (self->parent.link->addresses, jid) == IBB_ADDRESS_KNOWN;
}
