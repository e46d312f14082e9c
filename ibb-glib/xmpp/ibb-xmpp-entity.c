/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/ibb-xmpp-entity.h"

#include "base/blocking-call.h"
#include "base/call-task.h"
#include "base/intl.h"
#include "ibb-connection.h"
#include "xmpp/ibb-xmpp-entity-private.h"
#include "xmpp/ibb-xmpp-enum-types.h"
#include "xmpp/ibb-xmpp-worker-private.h"
#include "xmpp/refusal.h"

/**
 * IBBXmppEntity:
 *
 * What [class@IBBXmpp.Client] and [class@IBBXmpp.Component] have in common: an XMPP connection of
 * the library’s own, which logs in, keeps the connection alive, and logs out. The login is a call
 * of each: [method@IBBXmpp.Client.login], [method@IBBXmpp.Component.login]. The class is closed: an
 * object of any other class that derives from it aborts the program when it is made. A connection
 * of another kind implements [iface@IBB.Connection].
 *
 * Pass it to [ctor@IBB.Service.new]. Stanzas that no service handles are emitted as
 * [signal@IBB.Connection::stanza-received], and [method@IBB.Connection.send] sends other stanzas of
 * the application. By itself it answers disco#info, with what its services can do (XEP-0030), pings
 * (XEP-0199), and the question for its version (XEP-0092), with that of ibb-glib. An IQ request
 * that nobody takes gets `service-unavailable`.
 *
 * ```c
 * static void
 * stay_online (IBBXmppEntity *connection)
 * {
 *   ibb_xmpp_entity_set_auto_reconnect (connection, TRUE);
 * }
 * ```
 *
 * ## Threads
 *
 * Each connection has a thread of its own for its socket, or shares that of
 * [property@IBBXmpp.Entity:worker]; the engine of its services runs there too. All methods may
 * be called from any thread. The synchronous ones, such as [method@IBBXmpp.Client.login], block
 * the caller and need no main loop; they fail with %G_IO_ERROR_WOULD_BLOCK on the connection’s own
 * thread. Asynchronous calls complete in the thread-default context of the caller.
 * Signals, property notifications among them, are emitted in the thread-default context in which
 * the connection was constructed. While [method@IBBXmpp.Client.login] or
 * [method@IBBXmpp.Component.login] waits, [signal@IBBXmpp.Client::trust-requested],
 * [signal@IBBXmpp.Client::password-requested] and [signal@IBBXmpp.Entity::login-step] come in the
 * thread of that call.
 *
 * Dropping the last reference logs out in the background.
 *
 * Since: 1.0
 */

enum
{
  PROP_WORKER = 1,
  PROP_HOST,
  PROP_PORT,
  PROP_AUTO_RECONNECT,
  PROP_KEEPALIVE_INTERVAL,
  PROP_KEEPALIVE_TIMEOUT,
  PROP_STATE,
  PROP_DISCONNECT_ERROR,
  N_PROPS,
  PROP_LOCAL_JID = N_PROPS,
};

static GParamSpec *props[N_PROPS];
static guint       login_step_signal;

static void connection_interface_init (IBBConnectionInterface *iface);

G_DEFINE_ABSTRACT_TYPE_WITH_CODE (IBBXmppEntity,
                                  ibb_xmpp_entity,
                                  G_TYPE_OBJECT,
                                  G_IMPLEMENT_INTERFACE (IBB_TYPE_CONNECTION,
                                                         connection_interface_init))

static IBBLink *
get_link (IBBConnection *connection)
{
  return IBB_XMPP_ENTITY (connection)->link;
}

static gboolean
ibb_xmpp_entity_send (IBBConnection *connection, IBBStanza *stanza, GError **error)
{
  if (ibb_outbox_send (get_link (connection)->outbox, stanza))
    return TRUE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED, _ ("Not logged in"));
  return FALSE;
}

static GMainContext *
ibb_xmpp_entity_get_context (IBBConnection *connection)
{
  return ibb_thread_get_context (get_link (connection)->thread);
}

static gboolean
ibb_xmpp_entity_is_congested (IBBConnection *connection)
{
  return ibb_outbox_is_congested (get_link (connection)->outbox);
}

static guint
ibb_xmpp_entity_get_stanza_limit (IBBConnection *connection)
{
  return ibb_status_get_stanza_limit (get_link (connection)->status);
}

static gboolean
ibb_xmpp_entity_confirms (IBBConnection *connection)
{
  return ibb_outbox_confirms (get_link (connection)->outbox);
}

static char **
ibb_xmpp_entity_dup_resources (IBBConnection *connection, const char *contact)
{
  IBBPresences *presences = IBB_XMPP_ENTITY (connection)->link->presences;

  return presences != NULL ? ibb_presences_dup_resources (presences, contact) : NULL;
}

static void
connection_interface_init (IBBConnectionInterface *iface)
{
  iface->confirms = ibb_xmpp_entity_confirms;
  iface->send = ibb_xmpp_entity_send;
  iface->get_context = ibb_xmpp_entity_get_context;
  iface->dup_resources = ibb_xmpp_entity_dup_resources;
  iface->is_congested = ibb_xmpp_entity_is_congested;
  iface->get_stanza_limit = ibb_xmpp_entity_get_stanza_limit;
}

static void
ibb_xmpp_entity_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  IBBXmppEntity *self = IBB_XMPP_ENTITY (object);

  switch (id)
    {
    case PROP_HOST:
      g_value_take_string (value, ibb_xmpp_entity_dup_host (self));
      break;
    case PROP_PORT:
      g_value_set_uint (value, ibb_xmpp_entity_get_port (self));
      break;
    case PROP_AUTO_RECONNECT:
      g_value_set_boolean (value, ibb_xmpp_entity_get_auto_reconnect (self));
      break;
    case PROP_KEEPALIVE_INTERVAL:
      g_value_set_uint (value, ibb_keepalive_get_interval (self->link->keepalive));
      break;
    case PROP_KEEPALIVE_TIMEOUT:
      g_value_set_uint (value, ibb_keepalive_get_timeout (self->link->keepalive));
      break;
    case PROP_STATE:
      g_value_set_enum (value, ibb_xmpp_entity_get_state (self));
      break;
    case PROP_DISCONNECT_ERROR:
      g_value_take_boxed (value, ibb_xmpp_entity_dup_disconnect_error (self));
      break;
    case PROP_LOCAL_JID:
      g_value_take_string (value, ibb_status_dup_local_jid (self->link->status));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
ibb_xmpp_entity_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  IBBXmppEntity *self = IBB_XMPP_ENTITY (object);

  switch (id)
    {
    case PROP_WORKER:
      self->worker = g_value_dup_object (value);
      break;
    case PROP_HOST:
      ibb_xmpp_entity_set_host (self, g_value_get_string (value));
      break;
    case PROP_PORT:
      ibb_xmpp_entity_set_port (self, g_value_get_uint (value));
      break;
    case PROP_AUTO_RECONNECT:
      ibb_xmpp_entity_set_auto_reconnect (self, g_value_get_boolean (value));
      break;
    case PROP_KEEPALIVE_INTERVAL:
      if (ibb_keepalive_set_interval (self->link->keepalive, g_value_get_uint (value)))
        g_object_notify_by_pspec (object, pspec);
      break;
    case PROP_KEEPALIVE_TIMEOUT:
      if (ibb_keepalive_set_timeout (self->link->keepalive, g_value_get_uint (value)))
        g_object_notify_by_pspec (object, pspec);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
ibb_xmpp_entity_constructed (GObject *object)
{
  IBBXmppEntity *self = IBB_XMPP_ENTITY (object);

  /* A binding can derive a class of its own, which has no account. */
  if (self->link == NULL)
    g_error ("%s: only IBBXmppClient and IBBXmppComponent can derive from IBBXmppEntity",
             G_OBJECT_TYPE_NAME (self));
  self->link->login_signals.step = login_step_signal;
  G_OBJECT_CLASS (ibb_xmpp_entity_parent_class)->constructed (object);
}

static void
ibb_xmpp_entity_finalize (GObject *object)
{
  /* Not in dispose (): here no weak reference leads to the connection any more. */
  ibb_link_leave (IBB_XMPP_ENTITY (object)->link);

  G_OBJECT_CLASS (ibb_xmpp_entity_parent_class)->finalize (object);
}

static void
ibb_xmpp_entity_class_init (IBBXmppEntityClass *klass)
{
  GObjectClass     *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags read_only = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  const GParamFlags read_write = read_only | G_PARAM_WRITABLE;

  object_class->get_property = ibb_xmpp_entity_get_property;
  object_class->set_property = ibb_xmpp_entity_set_property;
  object_class->constructed = ibb_xmpp_entity_constructed;
  object_class->finalize = ibb_xmpp_entity_finalize;

  /**
   * IBBXmppEntity:worker:
   *
   * The thread that is shared with other connections.
   *
   * Default: %NULL, which stands for a thread of its own.
   *
   * Since: 1.0
   */
  props[PROP_WORKER] =
      g_param_spec_object ("worker", NULL, NULL, IBB_XMPP_TYPE_WORKER,
                           G_PARAM_WRITABLE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * IBBXmppEntity:host: (getter dup_host)
   *
   * The host to connect to, a name or an address. The next login uses it.
   *
   * %NULL: for a client the one that the domain of the JID names in DNS, for a component
   * `localhost`. The certificate that a client accepts still has to be the domain's. The connection
   * of a component is not encrypted: see [class@IBBXmpp.Component].
   *
   * Default: %NULL.
   *
   * Since: 1.0
   */
  props[PROP_HOST] = g_param_spec_string ("host", NULL, NULL, NULL, read_write);

  /**
   * IBBXmppEntity:port:
   *
   * The port to connect to. The next login uses it.
   *
   * 0: for a client the one that SRV records name or, with a [property@IBBXmpp.Entity:host],
   * 5222, or 5223 for %IBB_XMPP_TLS_MODE_DIRECT; for a component 5347, where Prosody listens for
   * components.
   *
   * Default: 0.
   *
   * Since: 1.0
   */
  props[PROP_PORT] = g_param_spec_uint ("port", NULL, NULL, 0, G_MAXUINT16, 0, read_write);

  /**
   * IBBXmppEntity:auto-reconnect:
   *
   * Whether a connection that was online logs in again by itself when its XML stream is lost
   * and not resumed.
   *
   * It waits for a random time, of up to one second before the first attempt and
   * up to twice as long before each further one, 60 seconds at most. It does not wait
   * when the machine wakes, or when [iface@Gio.NetworkMonitor] says that the network has
   * changed, though not for that reason twice in a minute. Only a connection that has lasted
   * a minute makes the next waits short again. Attempts have no end.
   *
   * Each attempt uses the current settings. A client asks for the resource of
   * [property@IBBXmpp.Client:jid] or, if that names none, for the one of the lost connection; the
   * server may bind another one. A certificate that was accepted at the login is
   * accepted again, and [signal@IBBXmpp.Client::trust-requested] is not emitted. A server that
   * still holds the lost connection of a component refuses the new one with `conflict`, and is
   * asked again.
   *
   * Meanwhile [property@IBBXmpp.Entity:state] is %IBB_CONNECTION_STATE_CONNECTING and
   * [property@IBBXmpp.Entity:disconnect-error] is why the connection was lost, and then why the
   * last attempt failed. Sessions of the lost connection end with %G_IO_ERROR_CONNECTION_CLOSED,
   * except for those with [property@IBB.Service:resume-sessions], which are interrupted. Services
   * go on by themselves with the new login: their handlers stay, and
   * [method@IBB.Service.accept_async] goes on waiting.
   *
   * The connection gives up, and is offline, where a new login cannot succeed until somebody
   * does something. [When the network goes](network.html#a-new-login) lists the reasons;
   * [property@IBBXmpp.Entity:disconnect-error] is then the one that was met.
   *
   * [method@IBBXmpp.Client.logout] ends the attempts at once, and so does %FALSE; then
   * [property@IBBXmpp.Entity:disconnect-error] stays as it is. A login by
   * [method@IBBXmpp.Client.login] that fails is not repeated.
   *
   * Default: %FALSE.
   *
   * Since: 1.0
   */
  props[PROP_AUTO_RECONNECT] =
      g_param_spec_boolean ("auto-reconnect", NULL, NULL, FALSE, read_write);

  /**
   * IBBXmppEntity:keepalive-interval:
   *
   * The idle time after which the server is asked for a sign of life, in
   * milliseconds; 0: it is only asked to acknowledge what was sent. The question also
   * keeps networks from forgetting an idle connection. A change counts at once.
   *
   * A server may name the seconds after which it ends an XML stream on which nothing comes
   * (XEP-0478). Unless this is 0, it then also gets a question when nothing was sent for half of
   * that.
   *
   * The question is a request for an acknowledgement (XEP-0198) if the server grants that, else a
   * ping (XEP-0199). A component sends its ping to its own domain, so that the server sends it
   * back.
   *
   * Default: 15000 milliseconds.
   *
   * Since: 1.0
   */
  props[PROP_KEEPALIVE_INTERVAL] = g_param_spec_uint ("keepalive-interval", NULL, NULL, 0, G_MAXINT,
                                                      IBB_KEEPALIVE_DEFAULT_INTERVAL, read_write);

  /**
   * IBBXmppEntity:keepalive-timeout:
   *
   * How long nothing at all may arrive from the server after it was asked for a
   * sign of life, in milliseconds; 0: without a limit. Then the connection is taken to be
   * gone, and is resumed where the server grants that. A change counts at once.
   *
   * So a silent connection is given up when [property@IBBXmpp.Entity:keepalive-interval] and this
   * timeout have passed since the last sign of life: 30 seconds by default, whatever the
   * application writes meanwhile. When the network has changed ([iface@Gio.NetworkMonitor]), or the
   * machine wakes after the idle time is over, the client asks at once, and the server has five
   * seconds at most. If the network goes on changing, the client asks once in ten seconds at most.
   *
   * A component is not given up before the server has sent its first ping back: ejabberd sends the
   * pings of several processes of one domain to any of these.
   *
   * Default: 15000 milliseconds.
   *
   * Since: 1.0
   */
  props[PROP_KEEPALIVE_TIMEOUT] = g_param_spec_uint ("keepalive-timeout", NULL, NULL, 0, G_MAXINT,
                                                     IBB_KEEPALIVE_DEFAULT_TIMEOUT, read_write);

  /**
   * IBBXmppEntity:state:
   *
   * The state of the connection. That of a component is never %IBB_CONNECTION_STATE_SUSPENDED.
   *
   * Since: 1.0
   */
  props[PROP_STATE] = g_param_spec_enum ("state", NULL, NULL, IBB_TYPE_CONNECTION_STATE,
                                         IBB_CONNECTION_STATE_OFFLINE, read_only);

  /**
   * IBBXmppEntity:disconnect-error: (getter dup_disconnect_error)
   *
   * Why the connection is not online, or %NULL: it is, or it was logged out, or there was none yet.
   * At first this is why the connection was lost (RFC 6120 §4.9). While a client tries to resume it
   * (%IBB_CONNECTION_STATE_SUSPENDED), or logs in again by
   * [property@IBBXmpp.Entity:auto-reconnect], this is the error of the last attempt, see
   * [method@IBBXmpp.Client.login_async]. A program can show its message beside “Reconnecting”. It
   * notifies when that is another error than before. A login by the application that fails leaves
   * it as it is.
   *
   * When [property@IBBXmpp.Entity:state] changes, the new error is already set. What to do
   * about it when the connection is offline:
   *
   * - %IBB_ERROR_CONFLICT: another login took the resource, or another component has connected for
   *   the domain. A login of the same resource would end the other one in its turn: ask for another
   *   resource, or for none, so that the server chooses one.
   * - %IBB_ERROR_POLICY_VIOLATION: a rule of the server, often a limit of the rate or of
   *   the size of a stanza; the message has the text of the server. Wait before the
   *   next login, and send less.
   * - %IBB_ERROR_PROTOCOL: one side sent XML that the other one could not read, which is
   *   a fault of the program or of the server: report it.
   * - %G_IO_ERROR_CONNECTION_CLOSED, and any other code: the network, or the server,
   *   went away. Log in again, later if that fails.
   *
   * Since: 1.0
   */
  props[PROP_DISCONNECT_ERROR] =
      g_param_spec_boxed ("disconnect-error", NULL, NULL, G_TYPE_ERROR, read_only);

  g_object_class_install_properties (object_class, N_PROPS, props);

  /**
   * IBBXmppEntity::login-step:
   * @self: the connection
   * @step: the step
   * @text: (nullable): what was found before, for people: at %IBB_XMPP_LOGIN_STEP_CONNECT how DNS
   * knows the server, at %IBB_XMPP_LOGIN_STEP_NEGOTIATE where it was reached
   * @certificate: (nullable): that of the server, at %IBB_XMPP_LOGIN_STEP_AUTHENTICATE; %NULL
   * without TLS
   *
   * A step of a login begins. If the login fails, it has failed in the last one. A login that goes
   * on at another server, or after a question, begins again with %IBB_XMPP_LOGIN_STEP_CONNECT.
   *
   * Emitted as [signal@IBBXmpp.Client::trust-requested] is, and not for a login that the connection
   * makes by itself.
   *
   * Since: 1.0
   */
  login_step_signal = g_signal_new ("login-step", IBB_XMPP_TYPE_ENTITY, G_SIGNAL_RUN_LAST, 0, NULL,
                                    NULL, NULL, G_TYPE_NONE, 3, IBB_XMPP_TYPE_LOGIN_STEP,
                                    G_TYPE_STRING, G_TYPE_TLS_CERTIFICATE);
  g_object_class_override_property (object_class, PROP_LOCAL_JID, "local-jid");
}

static void
ibb_xmpp_entity_init (IBBXmppEntity *self)
{
}

IBBThread *
ibb_xmpp_entity_create_thread (IBBXmppEntity *self)
{
  IBBThread *thread = ibb_xmpp_worker_create_thread (self->worker);

  g_clear_object (&self->worker);
  return thread;
}

/**
 * ibb_xmpp_entity_dup_host: (get-property host)
 * @self: a connection
 *
 * Gets the host that the next login connects to; see
 * [property@IBBXmpp.Entity:host]. It is a copy, because another thread may set the
 * property at any time.
 *
 * Returns: (transfer full) (nullable): the host, or %NULL for the default
 *
 * Since: 1.0
 */
char *
ibb_xmpp_entity_dup_host (IBBXmppEntity *self)
{
  g_return_val_if_fail (IBB_XMPP_IS_ENTITY (self), NULL);

  return ibb_account_dup_string (self->link->account, IBB_ACCOUNT_SETTING (host));
}

/**
 * ibb_xmpp_entity_set_host: (set-property host)
 * @self: a connection
 * @host: (nullable): the host, or %NULL for the default
 *
 * Sets the host that the next login connects to; see [property@IBBXmpp.Entity:host].
 *
 * Since: 1.0
 */
void
ibb_xmpp_entity_set_host (IBBXmppEntity *self, const char *host)
{
  g_return_if_fail (IBB_XMPP_IS_ENTITY (self));

  if (ibb_account_set_string (self->link->account, IBB_ACCOUNT_SETTING (host), host))
    g_object_notify (G_OBJECT (self), "host");
}

/**
 * ibb_xmpp_entity_get_port: (get-property port)
 * @self: a connection
 *
 * Gets the port that the next login connects to; see [property@IBBXmpp.Entity:port].
 *
 * Returns: the port, or 0 for the default
 *
 * Since: 1.0
 */
guint
ibb_xmpp_entity_get_port (IBBXmppEntity *self)
{
  g_return_val_if_fail (IBB_XMPP_IS_ENTITY (self), 0);

  return ibb_account_get_int (self->link->account, IBB_ACCOUNT_SETTING (port));
}

/**
 * ibb_xmpp_entity_set_port: (set-property port)
 * @self: a connection
 * @port: the port, or 0 for the default
 *
 * Sets the port that the next login connects to; see [property@IBBXmpp.Entity:port].
 *
 * Since: 1.0
 */
void
ibb_xmpp_entity_set_port (IBBXmppEntity *self, guint port)
{
  g_return_if_fail (IBB_XMPP_IS_ENTITY (self));
  g_return_if_fail (port <= G_MAXUINT16);

  if (ibb_account_set_int (self->link->account, IBB_ACCOUNT_SETTING (port), (int) port))
    g_object_notify (G_OBJECT (self), "port");
}

/**
 * ibb_xmpp_entity_get_auto_reconnect: (get-property auto-reconnect)
 * @self: a connection
 *
 * Gets whether the connection logs in again by itself; see
 * [property@IBBXmpp.Entity:auto-reconnect].
 *
 * Returns: whether it logs in again by itself
 *
 * Since: 1.0
 */
gboolean
ibb_xmpp_entity_get_auto_reconnect (IBBXmppEntity *self)
{
  g_return_val_if_fail (IBB_XMPP_IS_ENTITY (self), FALSE);

  return g_atomic_int_get (&self->link->auto_reconnect);
}

/**
 * ibb_xmpp_entity_set_auto_reconnect: (set-property auto-reconnect)
 * @self: a connection
 * @auto_reconnect: whether to log in again without being asked
 *
 * Sets whether the connection logs in again by itself; see
 * [property@IBBXmpp.Entity:auto-reconnect]. A change counts at once.
 *
 * Since: 1.0
 */
void
ibb_xmpp_entity_set_auto_reconnect (IBBXmppEntity *self, gboolean auto_reconnect)
{
  g_return_if_fail (IBB_XMPP_IS_ENTITY (self));

  if (ibb_link_set_auto_reconnect (self->link, auto_reconnect))
    g_object_notify (G_OBJECT (self), "auto-reconnect");
}

/**
 * ibb_xmpp_entity_get_state: (get-property state)
 * @self: a connection
 *
 * Gets the state of the connection.
 *
 * Returns: the state
 *
 * Since: 1.0
 */
IBBConnectionState
ibb_xmpp_entity_get_state (IBBXmppEntity *self)
{
  g_return_val_if_fail (IBB_XMPP_IS_ENTITY (self), 0);

  return ibb_status_get_state (self->link->status);
}

/**
 * ibb_xmpp_entity_dup_disconnect_error: (get-property disconnect-error)
 * @self: a connection
 *
 * Gets why the connection is not online; see [property@IBBXmpp.Entity:disconnect-error].
 *
 * Returns: (transfer full) (nullable): the error, or %NULL
 *
 * Since: 1.0
 */
GError *
ibb_xmpp_entity_dup_disconnect_error (IBBXmppEntity *self)
{
  g_return_val_if_fail (IBB_XMPP_IS_ENTITY (self), NULL);

  return ibb_status_dup_error (self->link->status);
}

/* The login and the logout of IBBXmppClient and IBBXmppComponent. */

static void
start_login (IBBXmppEntity      *self,
             gpointer            source_tag,
             gboolean            is_blocking,
             GCancellable       *cancellable,
             GAsyncReadyCallback callback,
             gpointer            user_data)
{
  g_autoptr (GTask) task =
      ibb_call_task_new (self, source_tag, "[ibb-glib] login", cancellable, callback, user_data);

  if (!g_task_return_error_if_cancelled (task))
    ibb_link_login (self->link, g_steal_pointer (&task), is_blocking);
}

void
ibb_xmpp_entity_login_async (IBBXmppEntity      *self,
                             gpointer            source_tag,
                             GCancellable       *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer            user_data)
{
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  start_login (self, source_tag, FALSE, cancellable, callback, user_data);
}

void
ibb_xmpp_entity_logout_async (IBBXmppEntity      *self,
                              gpointer            source_tag,
                              GCancellable       *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer            user_data)
{
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  ibb_link_logout (self->link, ibb_call_task_new (self, source_tag, "[ibb-glib] logout",
                                                  cancellable, callback, user_data));
}

gboolean
ibb_xmpp_entity_finish (IBBXmppEntity *self,
                        GAsyncResult  *result,
                        gpointer       source_tag,
                        GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, source_tag), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static gboolean
begin (IBBXmppEntity   *self,
       IBBBlockingCall *wait,
       GCancellable    *cancellable,
       const char      *instead,
       GError         **error)
{
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);

  return ibb_blocking_call_begin (wait, ibb_thread_get_context (self->link->thread), instead,
                                  error);
}

static gboolean
end (IBBBlockingCall *wait, GError **error)
{
  gboolean done = g_task_propagate_boolean (G_TASK (ibb_blocking_call_wait (wait)), error);

  ibb_blocking_call_clear (wait);
  return done;
}

gboolean
ibb_xmpp_entity_login (IBBXmppEntity *self,
                       GCancellable  *cancellable,
                       const char    *instead,
                       GError       **error)
{
  IBBBlockingCall wait;

  if (!begin (self, &wait, cancellable, instead, error))
    return FALSE;
  start_login (self, ibb_xmpp_entity_login, TRUE, cancellable, ibb_blocking_call_cb, &wait);
  return end (&wait, error);
}

gboolean
ibb_xmpp_entity_logout (IBBXmppEntity *self,
                        GCancellable  *cancellable,
                        const char    *instead,
                        GError       **error)
{
  IBBBlockingCall wait;

  if (!begin (self, &wait, cancellable, instead, error))
    return FALSE;
  ibb_xmpp_entity_logout_async (self, ibb_xmpp_entity_logout, cancellable, ibb_blocking_call_cb,
                                &wait);
  return end (&wait, error);
}

/**
 * ibb_xmpp_entity_is_refusal:
 * @error: the error of a login
 *
 * Gets whether the next login would fail, too, unless somebody changes something: the server does
 * not accept the account or its password, does not serve its domain, or another login has the
 * resource. A program that goes on trying after such an error may lock its address out.
 *
 * Returns: whether the server refused the login
 *
 * Since: 1.1
 */
gboolean
ibb_xmpp_entity_is_refusal (const GError *error)
{
  g_return_val_if_fail (error != NULL, FALSE);

  return ibb_refusal_is_lasting (error);
}
