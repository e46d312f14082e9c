/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/ibb-component.h"

#include "ibb-connection.h"
#include "ibb-enum-types.h"
#include "ibb-intl-private.h"
#include "xmpp/ibb-component-private.h"
#include "xmpp/ibb-worker-private.h"

#define DEFAULT_PORT 5347

/**
 * IBBComponent:
 *
 * A component of an XMPP server (XEP-0114), for services that answer for a whole domain.
 *
 * The administrator of the server gives the component a domain, such as
 * `bots.example.org`, and a secret. After the login
 * [property@IBB.Connection:local-jid] is that domain, and each address of it is the
 * component's: `bots.example.org`, `echo@bots.example.org`, and either with a resource. Pass
 * it to [ctor@IBB.Service.new] as any other connection. The one service has the sessions of
 * all addresses, thousands of them if need be.
 *
 * - [property@IBB.Request:local-jid] and [property@IBB.Transport:local-jid] are the address
 *   that a peer has opened the session to.
 * - [method@IBB.Service.open_session_from] and [method@IBB.Service.expect_session_at] name
 *   the address. [method@IBB.Service.open_session] is from the domain itself.
 *
 * ```c
 * static IBBTransport *
 * greet (const char *secret, const char *peer, GError **error)
 * {
 *   g_autoptr (IBBComponent) component = ibb_component_new ("bots.example.org");
 *   g_autoptr (IBBService)   service = ibb_service_new (IBB_CONNECTION (component));
 *
 *   ibb_component_set_secret (component, secret);
 *   if (!ibb_component_login (component, NULL, error))
 *     return NULL;
 *   return ibb_service_open_session_from (service, "hello@bots.example.org", peer,
 *                                         IBB_STANZA_TYPE_IQ, 0, NULL, NULL, error);
 * }
 * ```
 *
 * XEP-0114 knows no TLS, and its proof of the secret protects nothing that follows. The
 * connection has to stay on the loopback interface, or on a network whose every machine is
 * trusted. The component trusts its server for the addresses of all senders. A stanza that is
 * to no address of the domain is ignored.
 *
 * By itself it answers disco#info, pings, questions for its version (XEP-0092) and presence
 * probes to each address; an IQ request that nobody takes gets `service-unavailable`. Stanzas that
 * no service handles are emitted as [signal@IBB.Connection::stanza-received].
 *
 * ## Addresses
 *
 * At first it has every address of the domain. Where only some exist, set
 * [property@IBB.Component:any-address] to %FALSE and name them by
 * [method@IBB.Component.add_address]: requests to the others then get what a server answers
 * for an account that does not exist, and nobody is asked. To decide about each session, use
 * [signal@IBB.Service::session-requested].
 *
 * ## When the connection breaks
 *
 * A component cannot resume its XML stream. It is offline then, or logs in again by itself
 * ([property@IBB.Component:auto-reconnect]). Sessions end with %G_IO_ERROR_CONNECTION_CLOSED,
 * unless both ends have [property@IBB.Service:resume-sessions] set: then those of all addresses
 * go on after the new login.
 *
 * ## Threads
 *
 * Each component has a thread of its own for its socket, or shares that of
 * [property@IBB.Component:worker]; the engine of its services runs there too. All methods may be
 * called from any thread. [method@IBB.Component.login] and [method@IBB.Component.logout] block the
 * caller and need no main loop; they fail with %G_IO_ERROR_WOULD_BLOCK on the component's own
 * thread. Asynchronous calls complete in the thread-default context of the caller. Signals,
 * property notifications among them, are emitted in the thread-default context in which the
 * component was constructed.
 *
 * Dropping the last reference logs out in the background.
 *
 * Since: 1.0
 */

struct _IBBComponent
{
  GObject parent;

  IBBLink *link; /* (owned) */

  /* until it is constructed */
  char      *domain; /* (owned) (nullable) */
  IBBWorker *worker; /* (owned) (nullable) */
};

enum
{
  PROP_WORKER = 1,
  PROP_DOMAIN,
  PROP_SECRET,
  PROP_HOST,
  PROP_PORT,
  PROP_ANY_ADDRESS,
  PROP_AUTO_RECONNECT,
  PROP_KEEPALIVE_INTERVAL,
  PROP_KEEPALIVE_TIMEOUT,
  PROP_STATE,
  PROP_DISCONNECT_ERROR,
  N_PROPS,
  PROP_LOCAL_JID = N_PROPS,
};

static GParamSpec *props[N_PROPS];

static void connection_interface_init (IBBConnectionInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (IBBComponent,
                               ibb_component,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (IBB_TYPE_CONNECTION,
                                                      connection_interface_init))

static gboolean
ibb_component_send (IBBConnection *connection, IBBStanza *stanza, GError **error)
{
  IBBComponent *self = IBB_COMPONENT (connection);

  if (ibb_outbox_send (ibb_link_get_outbox (self->link), stanza))
    return TRUE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED, _ ("Not logged in"));
  return FALSE;
}

static GMainContext *
ibb_component_get_context (IBBConnection *connection)
{
  IBBComponent *self = IBB_COMPONENT (connection);

  return ibb_thread_get_context (ibb_link_get_thread (self->link));
}

static gboolean
ibb_component_is_congested (IBBConnection *connection)
{
  IBBComponent *self = IBB_COMPONENT (connection);

  return ibb_outbox_is_congested (ibb_link_get_outbox (self->link));
}

/* XEP-0114 has no features, where a server could name a limit (XEP-0478). */
static guint
ibb_component_get_stanza_limit (IBBConnection *connection)
{
  return 0;
}

static void
connection_interface_init (IBBConnectionInterface *iface)
{
  iface->send = ibb_component_send;
  iface->get_context = ibb_component_get_context;
  iface->is_congested = ibb_component_is_congested;
  iface->get_stanza_limit = ibb_component_get_stanza_limit;
}

static void
get_account (IBBComponent *self, guint id, GValue *value)
{
  g_auto (IBBAccountSettings) settings = { NULL };

  ibb_account_get (ibb_link_get_account (self->link), &settings);
  if (id == PROP_HOST)
    g_value_set_string (value, settings.host);
  else
    g_value_set_uint (value, settings.port);
}

static void
ibb_component_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  IBBComponent *self = IBB_COMPONENT (object);
  IBBStatus    *status = ibb_link_get_status (self->link);
  IBBKeepalive *keepalive = ibb_link_get_keepalive (self->link);

  switch (id)
    {
    case PROP_DOMAIN:
      g_value_set_string (value, ibb_component_get_domain (self));
      break;
    case PROP_HOST:
    case PROP_PORT:
      get_account (self, id, value);
      break;
    case PROP_ANY_ADDRESS:
      g_value_set_boolean (value, ibb_addresses_has_any (ibb_link_get_addresses (self->link)));
      break;
    case PROP_AUTO_RECONNECT:
      g_value_set_boolean (value, ibb_link_get_auto_reconnect (self->link));
      break;
    case PROP_KEEPALIVE_INTERVAL:
      g_value_set_uint (value, ibb_keepalive_get_interval (keepalive));
      break;
    case PROP_KEEPALIVE_TIMEOUT:
      g_value_set_uint (value, ibb_keepalive_get_timeout (keepalive));
      break;
    case PROP_STATE:
      g_value_set_enum (value, ibb_status_get_state (status));
      break;
    case PROP_DISCONNECT_ERROR:
      g_value_take_boxed (value, ibb_status_dup_error (status));
      break;
    case PROP_LOCAL_JID:
      g_value_take_string (value, ibb_status_dup_local_jid (status));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
change_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  IBBComponent *self = IBB_COMPONENT (object);
  IBBAccount   *account = ibb_link_get_account (self->link);
  IBBKeepalive *keepalive = ibb_link_get_keepalive (self->link);
  const char   *host;
  gboolean      changed = FALSE;

  switch (id)
    {
    case PROP_SECRET:
      changed = ibb_account_set_password (account, g_value_get_string (value));
      break;
    case PROP_HOST:
      host = g_value_get_string (value);
      changed = ibb_account_set_host (account, host != NULL ? host : IBB_COMPONENT_DEFAULT_HOST);
      break;
    case PROP_PORT:
      changed = ibb_account_set_port (account, g_value_get_uint (value));
      break;
    case PROP_ANY_ADDRESS:
      changed =
          ibb_addresses_set_any (ibb_link_get_addresses (self->link), g_value_get_boolean (value));
      break;
    case PROP_AUTO_RECONNECT:
      changed = ibb_link_set_auto_reconnect (self->link, g_value_get_boolean (value));
      break;
    case PROP_KEEPALIVE_INTERVAL:
      changed = ibb_keepalive_set_interval (keepalive, g_value_get_uint (value));
      break;
    case PROP_KEEPALIVE_TIMEOUT:
      changed = ibb_keepalive_set_timeout (keepalive, g_value_get_uint (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }

  if (changed)
    g_object_notify_by_pspec (object, pspec);
}

static void
ibb_component_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  IBBComponent *self = IBB_COMPONENT (object);

  switch (id)
    {
    case PROP_DOMAIN:
      self->domain = g_value_dup_string (value);
      break;
    case PROP_WORKER:
      self->worker = g_value_dup_boxed (value);
      break;
    default:
      change_property (object, id, value, pspec);
    }
}

static void
ibb_component_constructed (GObject *object)
{
  IBBComponent *self = IBB_COMPONENT (object);

  G_OBJECT_CLASS (ibb_component_parent_class)->constructed (object);

  self->link =
      ibb_link_new_for_component (IBB_CONNECTION (self), ibb_worker_create_thread (self->worker),
                                  IBB_COMPONENT_DEFAULT_HOST, DEFAULT_PORT);
  ibb_link_set_domain (self->link, self->domain);
  g_clear_pointer (&self->domain, g_free);
  g_clear_pointer (&self->worker, ibb_worker_unref);
}

static void
ibb_component_finalize (GObject *object)
{
  IBBComponent *self = IBB_COMPONENT (object);

  /* Not in dispose (): here no weak reference leads to the component any more. */
  ibb_link_leave (self->link);

  G_OBJECT_CLASS (ibb_component_parent_class)->finalize (object);
}

static void
ibb_component_class_init (IBBComponentClass *klass)
{
  GObjectClass     *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags read_only = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  const GParamFlags read_write = read_only | G_PARAM_WRITABLE;

  object_class->get_property = ibb_component_get_property;
  object_class->set_property = ibb_component_set_property;
  object_class->constructed = ibb_component_constructed;
  object_class->finalize = ibb_component_finalize;

  /**
   * IBBComponent:worker:
   *
   * The thread that the component shares with other connections.
   *
   * Default: %NULL, which stands for a thread of its own.
   *
   * Since: 1.0
   */
  props[PROP_WORKER] =
      g_param_spec_boxed ("worker", NULL, NULL, IBB_TYPE_WORKER,
                          G_PARAM_WRITABLE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * IBBComponent:domain:
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
   * IBBComponent:secret:
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
   * IBBComponent:host:
   *
   * The host to connect to, a name or an address. %NULL sets the default. The connection is
   * not encrypted: see [class@IBB.Component].
   *
   * Default: localhost.
   *
   * Since: 1.0
   */
  props[PROP_HOST] =
      g_param_spec_string ("host", NULL, NULL, IBB_COMPONENT_DEFAULT_HOST, read_write);

  /**
   * IBBComponent:port:
   *
   * The port to connect to.
   *
   * Default: 5347, where Prosody listens for components.
   *
   * Since: 1.0
   */
  props[PROP_PORT] =
      g_param_spec_uint ("port", NULL, NULL, 1, G_MAXUINT16, DEFAULT_PORT, read_write);

  /**
   * IBBComponent:any-address:
   *
   * Whether each address of the domain exists. %FALSE: only the domain itself, and those of
   * [method@IBB.Component.add_address]. A change counts at once.
   *
   * Default: %TRUE.
   *
   * Since: 1.0
   */
  props[PROP_ANY_ADDRESS] = g_param_spec_boolean ("any-address", NULL, NULL, TRUE, read_write);

  /**
   * IBBComponent:auto-reconnect:
   *
   * Whether a component that was online logs in again by itself when its XML stream is lost.
   *
   * The waits are those of [property@IBB.Client:auto-reconnect], and so is what services do
   * meanwhile. A server that still holds the lost connection refuses the new one with
   * `conflict`: the component asks it again. It gives up where the server refuses the secret or
   * the domain, and does not begin where another component has taken its place.
   *
   * Default: %FALSE.
   *
   * Since: 1.0
   */
  props[PROP_AUTO_RECONNECT] =
      g_param_spec_boolean ("auto-reconnect", NULL, NULL, FALSE, read_write);

  /**
   * IBBComponent:keepalive-interval:
   *
   * The idle time after which the server is asked for a sign of life, in
   * milliseconds; 0: it is not asked. A change counts at once.
   *
   * The question is a ping (XEP-0199) to the component's own domain, which the server
   * sends back.
   *
   * Default: 15000 milliseconds.
   *
   * Since: 1.0
   */
  props[PROP_KEEPALIVE_INTERVAL] = g_param_spec_uint ("keepalive-interval", NULL, NULL, 0, G_MAXINT,
                                                      IBB_KEEPALIVE_DEFAULT_INTERVAL, read_write);

  /**
   * IBBComponent:keepalive-timeout:
   *
   * How long nothing at all may arrive from the server after it was asked for a
   * sign of life, in milliseconds; 0: for ever. Then the connection is taken to be
   * gone. A change counts at once.
   *
   * Default: 15000 milliseconds.
   *
   * Since: 1.0
   */
  props[PROP_KEEPALIVE_TIMEOUT] = g_param_spec_uint ("keepalive-timeout", NULL, NULL, 0, G_MAXINT,
                                                     IBB_KEEPALIVE_DEFAULT_TIMEOUT, read_write);

  /**
   * IBBComponent:state:
   *
   * The state of the connection. It is never %IBB_CLIENT_STATE_SUSPENDED.
   *
   * Since: 1.0
   */
  props[PROP_STATE] = g_param_spec_enum ("state", NULL, NULL, IBB_TYPE_CLIENT_STATE,
                                         IBB_CLIENT_STATE_OFFLINE, read_only);

  /**
   * IBBComponent:disconnect-error:
   *
   * Why the component is not online, or %NULL: it is, or it was logged out, or there was no
   * connection yet. It is what [property@IBB.Client:disconnect-error] is for a client;
   * %IBB_ERROR_CONFLICT says that another component has connected for the domain.
   *
   * Since: 1.0
   */
  props[PROP_DISCONNECT_ERROR] =
      g_param_spec_boxed ("disconnect-error", NULL, NULL, G_TYPE_ERROR, read_only);

  g_object_class_install_properties (object_class, N_PROPS, props);
  g_object_class_override_property (object_class, PROP_LOCAL_JID, "local-jid");
}

static void
ibb_component_init (IBBComponent *self)
{
}

IBBLink *
ibb_component_get_link (IBBComponent *self)
{
  return self->link;
}

/**
 * ibb_component_new:
 * @domain: the domain that the server has given the component
 *
 * Creates a component, which is offline.
 *
 * Returns: (transfer full): a new component
 *
 * Since: 1.0
 */
IBBComponent *
ibb_component_new (const char *domain)
{
  g_return_val_if_fail (domain != NULL, NULL);

  return g_object_new (IBB_TYPE_COMPONENT, "domain", domain, NULL);
}

/**
 * ibb_component_get_domain:
 * @self: a component
 *
 * Gets the domain that the component was created with.
 *
 * Returns: (nullable): the domain
 *
 * Since: 1.0
 */
const char *
ibb_component_get_domain (IBBComponent *self)
{
  g_return_val_if_fail (IBB_IS_COMPONENT (self), NULL);

  return ibb_account_get_jid (ibb_link_get_account (self->link));
}
