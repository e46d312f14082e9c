/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/ibb-client.h"

#include "ibb-connection.h"
#include "ibb-enum-types.h"
#include "ibb-intl-private.h"
#include "xmpp/client-properties.h"
#include "xmpp/ibb-client-private.h"
#include "xmpp/ibb-worker-private.h"

/**
 * IBBClient:
 *
 * A small XMPP client, for applications that have no XMPP stack of their own.
 *
 * It looks the server up, connects, starts TLS, logs in, binds a resource and
 * sends presence, so that it can be reached by its full JID, which is then
 * [property@IBB.Connection:local-jid]. Pass it to [ctor@IBB.Service.new]. Stanzas
 * that no service handles are emitted as
 * [signal@IBB.Connection::stanza-received], and [method@IBB.Connection.send]
 * sends other stanzas of the application.
 *
 * By itself it answers disco#info, with what its services can do (XEP-0030), pings
 * (XEP-0199), and the question for its version (XEP-0092), with that of ibb-glib. Its
 * presence tells what it can do (XEP-0115). An IQ request that nobody takes gets
 * `service-unavailable`.
 *
 * Passwords go by SCRAM, which never shows them to the server, bound to the TLS
 * channel where the server can do that; in plain text only over TLS, or where
 * [property@IBB.Client:allow-plain-text] permits it, and never with
 * [property@IBB.Client:forbid-plain]. An account with a
 * [property@IBB.Client:certificate], or without a password, uses EXTERNAL where the
 * server offers it. A JID that is only a domain logs in anonymously.
 * [Security](security.html) says what protects a login, and what does not.
 *
 * Where the server offers SASL2 (XEP-0388), the login goes by that, and takes fewer round
 * trips. A server that offers Bind 2 (XEP-0386) then also chooses the resource and turns on
 * acknowledgements, or resumes a broken XML stream, in the same step. Bind 2 lets the server
 * choose: where the JID names a resource, the client asks for it as in RFC 6120 §7, which costs one
 * round trip more. So does a login by [property@IBB.Client:auto-reconnect], which asks for
 * the resource that it had. With [property@IBB.Client:user-agent-id] the server may also issue a
 * [property@IBB.Client:token], with which later logins are shorter and need no password.
 *
 * ```c
 * static IBBService *
 * log_in (const char *jid, const char *password, GError **error)
 * {
 *   g_autoptr (IBBClient) client = ibb_client_new (jid);
 *
 *   ibb_client_set_password (client, password);
 *   if (!ibb_client_login (client, NULL, error))
 *     return NULL;
 *   return ibb_service_new (IBB_CONNECTION (client));
 * }
 * ```
 *
 * ## When the network goes
 *
 * A client whose connection breaks, or whose server does not answer any more, is
 * %IBB_CLIENT_STATE_SUSPENDED, unless [property@IBB.Client:resumable] is %FALSE
 * or the server does not offer XEP-0198. It connects again, at once and then at
 * growing intervals of up to half a minute, for as long as the server keeps its
 * place, which is for the server to say (ten minutes with Prosody) and five
 * minutes if it does not. Meanwhile sessions live on: reads and writes wait, or
 * use what is buffered. Once the server agrees, the client is online again and sends
 * once more what had not arrived: nothing is lost.
 *
 * Otherwise the client is offline and can log in again; with
 * [property@IBB.Client:auto-reconnect] it does so by itself. Sessions end with
 * %G_IO_ERROR_CONNECTION_CLOSED (XEP-0047 knows none without its XML stream), except for
 * those with [property@IBB.Service:resume-sessions], which are interrupted. Services
 * go on with the new login.
 *
 * A certificate that a handler of [signal@IBB.Client::accept-certificate] accepted
 * at the login is accepted again; another one that cannot be verified is not.
 *
 * ## Threads
 *
 * Each client has a thread of its own for its socket, or shares that of
 * [property@IBB.Client:worker]; the engine of its services runs there too. All methods may be
 * called from any thread. [method@IBB.Client.login], [method@IBB.Client.logout] and
 * [method@IBB.Client.query_support] block the caller and need no main loop;
 * they fail with %G_IO_ERROR_WOULD_BLOCK on the client's own thread.
 * Asynchronous calls complete in the thread-default context of the caller.
 * Signals, property notifications among them, are emitted in the
 * thread-default context in which the client was constructed, but for
 * [signal@IBB.Client::accept-certificate].
 *
 * Dropping the last reference logs out in the background.
 *
 * Since: 1.0
 */

struct _IBBClient
{
  GObject parent;

  IBBLink *link; /* (owned) */

  /* until it is constructed */
  char      *jid;    /* (owned) (nullable) */
  IBBWorker *worker; /* (owned) (nullable) */
};

enum
{
  SIGNAL_ACCEPT_CERTIFICATE,
  N_SIGNALS,
};

static GParamSpec *props[IBB_CLIENT_N_PROPS];
static guint       signals[N_SIGNALS];

static void connection_interface_init (IBBConnectionInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (IBBClient,
                               ibb_client,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (IBB_TYPE_CONNECTION,
                                                      connection_interface_init))

static IBBLink *
get_link (IBBConnection *connection)
{
  return IBB_CLIENT (connection)->link;
}

static gboolean
ibb_client_send (IBBConnection *connection, IBBStanza *stanza, GError **error)
{
  if (ibb_outbox_send (ibb_link_get_outbox (get_link (connection)), stanza))
    return TRUE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED, _ ("Not logged in"));
  return FALSE;
}

static GMainContext *
ibb_client_get_context (IBBConnection *connection)
{
  return ibb_thread_get_context (ibb_link_get_thread (get_link (connection)));
}

static gboolean
ibb_client_is_congested (IBBConnection *connection)
{
  return ibb_outbox_is_congested (ibb_link_get_outbox (get_link (connection)));
}

static guint
ibb_client_get_stanza_limit (IBBConnection *connection)
{
  return ibb_status_get_stanza_limit (ibb_link_get_status (get_link (connection)));
}

static gboolean
ibb_client_confirms (IBBConnection *connection)
{
  return ibb_outbox_confirms (ibb_link_get_outbox (get_link (connection)));
}

static void
connection_interface_init (IBBConnectionInterface *iface)
{
  iface->confirms = ibb_client_confirms;
  iface->send = ibb_client_send;
  iface->get_context = ibb_client_get_context;
  iface->is_congested = ibb_client_is_congested;
  iface->get_stanza_limit = ibb_client_get_stanza_limit;
}

static void
ibb_client_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  ibb_client_properties_get (IBB_CLIENT (object)->link, id, value);
}

static void
ibb_client_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  IBBClient *self = IBB_CLIENT (object);

  switch (id)
    {
    case IBB_CLIENT_PROP_JID:
      self->jid = g_value_dup_string (value);
      break;
    case IBB_CLIENT_PROP_WORKER:
      self->worker = g_value_dup_boxed (value);
      break;
    default:
      if (ibb_client_properties_set (self->link, id, value))
        g_object_notify_by_pspec (object, pspec);
    }
}

static void
ibb_client_constructed (GObject *object)
{
  IBBClient *self = IBB_CLIENT (object);

  G_OBJECT_CLASS (ibb_client_parent_class)->constructed (object);

  self->link = ibb_link_new (IBB_CONNECTION (self), ibb_worker_create_thread (self->worker),
                             signals[SIGNAL_ACCEPT_CERTIFICATE]);
  ibb_account_set_jid (ibb_link_get_account (self->link), self->jid);
  g_clear_pointer (&self->jid, g_free);
  g_clear_pointer (&self->worker, ibb_worker_unref);
}

static void
ibb_client_finalize (GObject *object)
{
  IBBClient *self = IBB_CLIENT (object);

  /* Not in dispose (): here no weak reference leads to the client any more. */
  ibb_link_leave (self->link);

  G_OBJECT_CLASS (ibb_client_parent_class)->finalize (object);
}

static void
ibb_client_class_init (IBBClientClass *klass)
{
  GObjectClass     *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags read_only = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  const GParamFlags read_write = read_only | G_PARAM_WRITABLE;

  object_class->get_property = ibb_client_get_property;
  object_class->set_property = ibb_client_set_property;
  object_class->constructed = ibb_client_constructed;
  object_class->finalize = ibb_client_finalize;

  /**
   * IBBClient:worker:
   *
   * The thread that the client shares with other connections.
   *
   * Default: %NULL, which stands for a thread of its own.
   *
   * Since: 1.0
   */
  props[IBB_CLIENT_PROP_WORKER] =
      g_param_spec_boxed ("worker", NULL, NULL, IBB_TYPE_WORKER,
                          G_PARAM_WRITABLE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * IBBClient:jid:
   *
   * The account: a bare JID, or a full one to ask for that resource. The JID of a
   * server, without “@”, logs in anonymously. An invalid JID makes the login fail.
   *
   * Default: %NULL, which makes the login fail, too.
   *
   * Since: 1.0
   */
  props[IBB_CLIENT_PROP_JID] = g_param_spec_string (
      "jid", NULL, NULL, NULL, G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * IBBClient:password:
   *
   * The account's password; without one, only EXTERNAL, ANONYMOUS and a
   * [property@IBB.Client:token] can be used.
   *
   * Default: %NULL.
   *
   * Since: 1.0
   */
  props[IBB_CLIENT_PROP_PASSWORD] =
      g_param_spec_string ("password", NULL, NULL, NULL,
                           G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);

  /**
   * IBBClient:host:
   *
   * The host to connect to, a name or an address, instead of the one that the
   * domain of the JID names in DNS. The certificate still has to be the
   * domain's.
   *
   * Default: %NULL.
   *
   * Since: 1.0
   */
  props[IBB_CLIENT_PROP_HOST] = g_param_spec_string ("host", NULL, NULL, NULL, read_write);

  /**
   * IBBClient:port:
   *
   * The port to connect to. 0: the one that SRV records name or, with a
   * [property@IBB.Client:host], 5222, or 5223 for %IBB_TLS_MODE_DIRECT.
   *
   * Default: 0.
   *
   * Since: 1.0
   */
  props[IBB_CLIENT_PROP_PORT] =
      g_param_spec_uint ("port", NULL, NULL, 0, G_MAXUINT16, 0, read_write);

  /**
   * IBBClient:tls-mode:
   *
   * How the connection is encrypted.
   *
   * Default: %IBB_TLS_MODE_AUTOMATIC.
   *
   * Since: 1.0
   */
  props[IBB_CLIENT_PROP_TLS_MODE] = g_param_spec_enum ("tls-mode", NULL, NULL, IBB_TYPE_TLS_MODE,
                                                       IBB_TLS_MODE_AUTOMATIC, read_write);

  /**
   * IBBClient:tls-database:
   *
   * The authorities whose certificates are trusted; %NULL: the system's.
   *
   * Default: %NULL.
   *
   * Since: 1.0
   */
  props[IBB_CLIENT_PROP_TLS_DATABASE] =
      g_param_spec_object ("tls-database", NULL, NULL, G_TYPE_TLS_DATABASE, read_write);

  /**
   * IBBClient:proxy-resolver:
   *
   * What names the [proxies](network.html#proxies) that lead to the server, such as from
   * [func@Gio.SimpleProxyResolver.new]; %NULL: those of the system. It also holds for
   * WebSocket, and for the look-up of that. The client keeps a reference, and asks the resolver
   * in its own thread. The next login uses it, and so does each attempt to connect again.
   *
   * Default: %NULL.
   *
   * Since: 1.0
   */
  props[IBB_CLIENT_PROP_PROXY_RESOLVER] =
      g_param_spec_object ("proxy-resolver", NULL, NULL, G_TYPE_PROXY_RESOLVER, read_write);

  /**
   * IBBClient:websocket-mode:
   *
   * Whether the login goes over [WebSocket](network.html#xmpp-over-websocket) (RFC 7395), for
   * networks that let only HTTPS out.
   *
   * Default: %IBB_WEBSOCKET_MODE_NEVER.
   *
   * Since: 1.0
   */
  props[IBB_CLIENT_PROP_WEBSOCKET_MODE] = g_param_spec_enum (
      "websocket-mode", NULL, NULL, IBB_TYPE_WEBSOCKET_MODE, IBB_WEBSOCKET_MODE_NEVER, read_write);

  /**
   * IBBClient:websocket-uri:
   *
   * Where the server takes XMPP over WebSocket: a URL with the scheme `wss`. The certificate has
   * to be for the host in it. %NULL: what the server of the domain names (XEP-0156).
   *
   * Default: %NULL.
   *
   * Since: 1.0
   */
  props[IBB_CLIENT_PROP_WEBSOCKET_URI] =
      g_param_spec_string ("websocket-uri", NULL, NULL, NULL, read_write);

  /**
   * IBBClient:allow-plain-text:
   *
   * Whether the password may be sent in plain text over a connection without TLS, to
   * a server that offers no better mechanism.
   *
   * Default: %FALSE.
   *
   * Since: 1.0
   */
  props[IBB_CLIENT_PROP_ALLOW_PLAIN_TEXT] =
      g_param_spec_boolean ("allow-plain-text", NULL, NULL, FALSE, read_write);

  /**
   * IBBClient:forbid-plain:
   *
   * Whether the login fails rather than show the password to the server (SASL
   * PLAIN), even over TLS. With SCRAM the server never sees it. A token that is not
   * bound to the channel is not used either: see [Tokens](security.html#tokens).
   *
   * Default: %FALSE.
   *
   * Since: 1.0
   */
  props[IBB_CLIENT_PROP_FORBID_PLAIN] =
      g_param_spec_boolean ("forbid-plain", NULL, NULL, FALSE, read_write);

  /**
   * IBBClient:certificate:
   *
   * The certificate, with its private key, that is shown to a server that asks for
   * one, after the server's own certificate was verified or accepted. If the server
   * then offers SASL EXTERNAL, the login needs no password (XEP-0178).
   *
   * Default: %NULL.
   *
   * Since: 1.0
   */
  props[IBB_CLIENT_PROP_CERTIFICATE] =
      g_param_spec_object ("certificate", NULL, NULL, G_TYPE_TLS_CERTIFICATE, read_write);

  /**
   * IBBClient:send-presence:
   *
   * Whether the login sends presence (RFC 6121 §4.2), which shows the account online
   * to its contacts.
   *
   * Servers deliver to a full JID without it (RFC 6121 §8.5.3.1), so a client need not be
   * seen to open and accept sessions. The programs of contacts learn the full JID from
   * presence. Prosody and ejabberd also deliver messages without it, such as those of
   * %IBB_STANZA_TYPE_MESSAGE; other servers may not. The next login uses it.
   *
   * Default: %TRUE.
   *
   * Since: 1.0
   */
  props[IBB_CLIENT_PROP_SEND_PRESENCE] =
      g_param_spec_boolean ("send-presence", NULL, NULL, TRUE, read_write);

  /**
   * IBBClient:priority:
   *
   * The priority of the presence that the login sends. A negative one can be
   * reached by its full JID, but gets no chat that is meant for the account.
   *
   * Default: -1.
   *
   * Since: 1.0
   */
  props[IBB_CLIENT_PROP_PRIORITY] = g_param_spec_int ("priority", NULL, NULL, -128, 127,
                                                      IBB_ACCOUNT_DEFAULT_PRIORITY, read_write);

  /**
   * IBBClient:resumable:
   *
   * Whether a broken connection is resumed (XEP-0198), where the server offers
   * it: see [class@IBB.Client]. The next login uses it.
   *
   * Default: %TRUE.
   *
   * Since: 1.0
   */
  props[IBB_CLIENT_PROP_RESUMABLE] =
      g_param_spec_boolean ("resumable", NULL, NULL, TRUE, read_write);

  /**
   * IBBClient:user-agent-id:
   *
   * What names this installation of the program to the server, where the login goes by
   * SASL2 (XEP-0388 §2.3) over TLS: a random UUID, such as from g_uuid_string_random(), which the
   * application makes once and keeps. Other users do not see it. The next login uses it.
   *
   * A server may end an earlier connection of the same id when a new one logs in
   * (XEP-0386 §3.2), so two programs that run at the same time need two.
   *
   * With an id, a login by password also asks for a [property@IBB.Client:token]. A token
   * belongs to its id: the server refuses it with another one.
   *
   * Default: %NULL, which names nothing.
   *
   * Since: 1.0
   */
  props[IBB_CLIENT_PROP_USER_AGENT_ID] =
      g_param_spec_string ("user-agent-id", NULL, NULL, NULL, read_write);

  /**
   * IBBClient:token:
   *
   * A token of the server, with which the next login goes without the password (XEP-0484),
   * where [property@IBB.Client:user-agent-id] is the one that the token was issued to.
   *
   * The property changes when a server issues a token, or another one instead: the
   * application keeps that for later, and the next login of this client uses it. It becomes
   * %NULL when the server has refused the token; if there is a password, the same login then
   * goes on with that, once. A token stays, and is not used, if it has expired, or if the server
   * does not offer its mechanism over this connection.
   *
   * Tokens are asked for and used only over TLS, and bound to the TLS channel where that is
   * possible. A login by a token that is bound to less than is possible, or to nothing, asks for
   * a better one. [Security](security.html#tokens) says more.
   *
   * Default: %NULL.
   *
   * Since: 1.0
   */
  props[IBB_CLIENT_PROP_TOKEN] =
      g_param_spec_boxed ("token", NULL, NULL, IBB_TYPE_TOKEN, read_write);

  /**
   * IBBClient:auto-reconnect:
   *
   * Whether a client that was online logs in again by itself when its XML stream is lost
   * and not resumed.
   *
   * The client waits for a random time, of up to one second before the first attempt and
   * up to twice as long before each further one, 60 seconds at most. It does not wait
   * when the machine wakes, or when [iface@Gio.NetworkMonitor] says that the network has
   * changed, though not for that reason twice in a minute. Only a connection that has lasted
   * a minute makes the next waits short again. Attempts have no end.
   *
   * Each attempt uses the current settings. It asks for the resource of
   * [property@IBB.Client:jid] or, if that names none, for the one of the lost connection; the
   * server may bind another one. A certificate that was accepted at the login is
   * accepted again, and [signal@IBB.Client::accept-certificate] is not emitted.
   *
   * Meanwhile [property@IBB.Client:state] is %IBB_CLIENT_STATE_CONNECTING and
   * [property@IBB.Client:disconnect-error] is why the connection was lost, and then why the last
   * attempt failed. Sessions of the lost connection end with %G_IO_ERROR_CONNECTION_CLOSED,
   * except for those with [property@IBB.Service:resume-sessions], which are interrupted. Services
   * go on by themselves with the new login: their handlers stay, and
   * [method@IBB.Service.accept_async] goes on waiting.
   *
   * The client gives up, and is offline, where a new login cannot succeed until somebody
   * does something. [When the network goes](network.html#a-new-login) lists the reasons;
   * [property@IBB.Client:disconnect-error] is then the one that was met.
   *
   * [method@IBB.Client.logout] ends the attempts at once, and so does %FALSE; then
   * [property@IBB.Client:disconnect-error] stays as it is. A login by
   * [method@IBB.Client.login] that fails is not repeated.
   *
   * Default: %FALSE.
   *
   * Since: 1.0
   */
  props[IBB_CLIENT_PROP_AUTO_RECONNECT] =
      g_param_spec_boolean ("auto-reconnect", NULL, NULL, FALSE, read_write);

  /**
   * IBBClient:keepalive-interval:
   *
   * The idle time after which the server is asked for a sign of life, in
   * milliseconds; 0: it is only asked to acknowledge what was sent. The question also
   * keeps networks from forgetting an idle connection. A change counts at once.
   *
   * A server may name the seconds after which it ends an XML stream on which nothing comes
   * (XEP-0478). Unless this is 0, it then also gets a question when nothing was sent for half of
   * that.
   *
   * The question is a request for an acknowledgement (XEP-0198) where the server
   * grants that, else a ping (XEP-0199).
   *
   * Default: 15000 milliseconds.
   *
   * Since: 1.0
   */
  props[IBB_CLIENT_PROP_KEEPALIVE_INTERVAL] = g_param_spec_uint (
      "keepalive-interval", NULL, NULL, 0, G_MAXINT, IBB_KEEPALIVE_DEFAULT_INTERVAL, read_write);

  /**
   * IBBClient:keepalive-timeout:
   *
   * How long nothing at all may arrive from the server after it was asked for a
   * sign of life, in milliseconds; 0: for ever. Then the connection is taken to be
   * gone, and is resumed where the server grants that. A change counts at once.
   *
   * So a connection over which nothing comes any more is given up when
   * [property@IBB.Client:keepalive-interval] and this have passed since the last
   * sign of life, 30 seconds by default, whatever the application writes meanwhile.
   * When the network has changed ([iface@Gio.NetworkMonitor]), or the machine wakes
   * after the idle time is over, the server is asked at once, and has five seconds at most;
   * once in ten seconds at most, if the network goes on changing.
   *
   * Default: 15000 milliseconds.
   *
   * Since: 1.0
   */
  props[IBB_CLIENT_PROP_KEEPALIVE_TIMEOUT] = g_param_spec_uint (
      "keepalive-timeout", NULL, NULL, 0, G_MAXINT, IBB_KEEPALIVE_DEFAULT_TIMEOUT, read_write);

  /**
   * IBBClient:state:
   *
   * The state of the connection.
   *
   * Since: 1.0
   */
  props[IBB_CLIENT_PROP_STATE] = g_param_spec_enum ("state", NULL, NULL, IBB_TYPE_CLIENT_STATE,
                                                    IBB_CLIENT_STATE_OFFLINE, read_only);

  /**
   * IBBClient:disconnect-error:
   *
   * Why the client is not online, or %NULL: it is, or it was logged out, or there was no
   * connection yet. At first this is why the connection was lost (RFC 6120 §4.9). While the
   * client tries to resume it (%IBB_CLIENT_STATE_SUSPENDED) or logs in again by
   * [property@IBB.Client:auto-reconnect], it is the error of the last attempt, see
   * [method@IBB.Client.login_async]: a program can show its message beside “Reconnecting”. It
   * notifies when that is another error than before. A login by the application that fails
   * leaves it as it is.
   *
   * When [property@IBB.Client:state] changes, the new error is already set. What to do about
   * it when the client is offline:
   *
   * - %IBB_ERROR_CONFLICT: another login took the resource. A login of the same
   *   resource would end the other one in its turn: ask for another resource, or for
   *   none, so that the server chooses one.
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
  props[IBB_CLIENT_PROP_DISCONNECT_ERROR] =
      g_param_spec_boxed ("disconnect-error", NULL, NULL, G_TYPE_ERROR, read_only);

  g_object_class_install_properties (object_class, IBB_CLIENT_N_PROPS, props);
  g_object_class_override_property (object_class, IBB_CLIENT_PROP_LOCAL_JID, "local-jid");

  /**
   * IBBClient::accept-certificate:
   * @self: the client
   * @peer_cert: the server's certificate
   * @errors: what is wrong with it
   *
   * The server's certificate cannot be verified for the domain of the account, or for the
   * host of [property@IBB.Client:websocket-uri]. Without that URI the web server that names the
   * WebSocket (XEP-0156) comes first; an accepted certificate then holds for both.
   *
   * As with [signal@Gio.TlsConnection::accept-certificate], a handler that knows
   * this very certificate may accept it. So far the server got only the domain of the
   * account. If [property@IBB.Client:certificate] is set, the client then connects
   * again, and fails if the server shows another certificate that is not trusted.
   * Unless a handler accepts, or if none answers within 30 seconds, the login
   * fails with %G_TLS_ERROR_BAD_CERTIFICATE.
   *
   * Emitted from inside [method@IBB.Client.login], in the calling thread; during
   * [method@IBB.Client.login_async] in the thread-default context of its caller.
   * A handler may do anything but a blocking login of the same client.
   *
   * Returns: TRUE to accept the certificate, which ends the emission
   *
   * Since: 1.0
   */
  signals[SIGNAL_ACCEPT_CERTIFICATE] =
      g_signal_new ("accept-certificate", IBB_TYPE_CLIENT, G_SIGNAL_RUN_LAST, 0,
                    g_signal_accumulator_true_handled, NULL, NULL, G_TYPE_BOOLEAN, 2,
                    G_TYPE_TLS_CERTIFICATE, G_TYPE_TLS_CERTIFICATE_FLAGS);
}

static void
ibb_client_init (IBBClient *self)
{
}

IBBLink *
ibb_client_get_link (IBBClient *self)
{
  return self->link;
}

/**
 * ibb_client_new:
 * @jid: the account, as a bare JID, or as a full one to ask for that resource
 *
 * Creates a client that is offline.
 *
 * Returns: (transfer full): the client
 *
 * Since: 1.0
 */
IBBClient *
ibb_client_new (const char *jid)
{
  g_return_val_if_fail (jid != NULL, NULL);

  return g_object_new (IBB_TYPE_CLIENT, "jid", jid, NULL);
}

/**
 * ibb_client_get_jid:
 * @self: a client
 *
 * Gets the JID that the client was created with; the one that the server bound
 * is [property@IBB.Connection:local-jid].
 *
 * Returns: the JID
 *
 * Since: 1.0
 */
const char *
ibb_client_get_jid (IBBClient *self)
{
  g_return_val_if_fail (IBB_IS_CLIENT (self), NULL);

  return ibb_account_get_jid (ibb_link_get_account (self->link));
}
