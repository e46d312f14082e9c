/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/ibb-xmpp-client.h"

#include "xmpp/ibb-xmpp-client-private.h"
#include "xmpp/ibb-xmpp-enum-types.h"
#include "xmpp/trust/ibb-xmpp-password-question.h"
#include "xmpp/trust/ibb-xmpp-trust-question.h"

/**
 * IBBXmppClient:
 *
 * A small XMPP client, for applications that have no XMPP stack of their own.
 *
 * It looks the server up, connects, starts TLS, logs in, binds a resource and
 * sends presence, so that it can be reached by its full JID, which is then
 * [property@IBB.Connection:local-jid]. Its presence tells what it can do (XEP-0115).
 *
 * Passwords go by SCRAM, which never shows them to the server, bound to the TLS
 * channel where the server can do that; in plain text only over TLS, unless
 * [property@IBBXmpp.Client:password-policy] says otherwise. An account with a
 * [property@IBBXmpp.Client:certificate], or without a password, uses EXTERNAL where the
 * server offers it. A JID that is only a domain logs in anonymously.
 * [Security](security.html) says what protects a login, and what does not.
 *
 * Where the server offers SASL2 (XEP-0388), the login goes by that, and takes fewer round
 * trips. A server that offers Bind 2 (XEP-0386) then also chooses the resource and turns on
 * acknowledgements, or resumes a broken XML stream, in the same step. Bind 2 lets the server
 * choose: where the JID names a resource, the client asks for it as in RFC 6120 §7, which costs one
 * round trip more. So does a login by [property@IBBXmpp.Entity:auto-reconnect], which asks for
 * the resource that it had. With [property@IBBXmpp.Client:user-agent-id] the server may also issue
 * a [property@IBBXmpp.Client:token], with which later logins are shorter and need no password.
 *
 * ```c
 * static IBBService *
 * log_in (const char *jid, const char *password, GError **error)
 * {
 *   g_autoptr (IBBXmppClient) client = ibb_xmpp_client_new (jid);
 *
 *   ibb_xmpp_client_set_password (client, password);
 *   if (!ibb_xmpp_client_login (client, NULL, error))
 *     return NULL;
 *   return ibb_service_new (IBB_CONNECTION (client));
 * }
 * ```
 *
 * ## When the network goes
 *
 * A client whose connection breaks, or whose server does not answer any more, is
 * %IBB_CONNECTION_STATE_SUSPENDED, unless [property@IBBXmpp.Client:resumable] is %FALSE or the
 * server does not offer XEP-0198. It connects again, at once and then at growing intervals of up to
 * half a minute, for as long as the server keeps its place. The server says how long that is (ten
 * minutes with Prosody); if it does not, it is five minutes. Meanwhile sessions live on: reads and
 * writes wait, or use what is buffered. Once the server agrees, the client is online again and
 * sends once more what had not arrived: nothing is lost.
 *
 * Otherwise the client is offline and can log in again; with
 * [property@IBBXmpp.Entity:auto-reconnect] it does so by itself. Sessions end with
 * %G_IO_ERROR_CONNECTION_CLOSED (XEP-0047 knows none without its XML stream), except for
 * those with [property@IBB.Service:resume-sessions], which are interrupted. Services
 * go on with the new login.
 *
 * A certificate that was accepted at the login ([signal@IBBXmpp.Client::trust-requested]) is
 * accepted again; another one that can neither be verified nor is known is not.
 *
 * Since: 1.0
 */

enum
{
  PROP_JID = 1,
  PROP_PASSWORD,
  PROP_TLS_MODE,
  PROP_TLS_DATABASE,
  PROP_PROXY_RESOLVER,
  PROP_WEBSOCKET_MODE,
  PROP_WEBSOCKET_URI,
  PROP_PASSWORD_POLICY,
  PROP_CERTIFICATE,
  PROP_KNOWN_CERTIFICATES,
  PROP_FINGERPRINT,
  PROP_KEYRING,
  PROP_SEND_PRESENCE,
  PROP_PRIORITY,
  PROP_RESUMABLE,
  PROP_USER_AGENT_ID,
  PROP_TOKEN,
  N_PROPS,
};

enum
{
  SIGNAL_TRUST_REQUESTED,
  SIGNAL_PASSWORD_REQUESTED,
  SIGNAL_RESOURCE_CHANGED,
  N_SIGNALS,
};

static GParamSpec *props[N_PROPS];
static guint       signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (IBBXmppClient, ibb_xmpp_client, IBB_XMPP_TYPE_ENTITY)

static void
ibb_xmpp_client_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  IBBXmppClient *self = IBB_XMPP_CLIENT (object);

  switch (id)
    {
    case PROP_JID:
      g_value_set_string (value, ibb_xmpp_client_get_jid (self));
      break;
    case PROP_PASSWORD_POLICY:
      g_value_set_enum (value, ibb_xmpp_client_get_password_policy (self));
      break;
    case PROP_TLS_MODE:
      g_value_set_enum (value, ibb_xmpp_client_get_tls_mode (self));
      break;
    case PROP_TLS_DATABASE:
      g_value_take_object (value, ibb_xmpp_client_dup_tls_database (self));
      break;
    case PROP_PROXY_RESOLVER:
      g_value_take_object (value, ibb_xmpp_client_dup_proxy_resolver (self));
      break;
    case PROP_WEBSOCKET_MODE:
      g_value_set_enum (value, ibb_xmpp_client_get_websocket_mode (self));
      break;
    case PROP_WEBSOCKET_URI:
      g_value_take_string (value, ibb_xmpp_client_dup_websocket_uri (self));
      break;
    case PROP_CERTIFICATE:
      g_value_take_object (value, ibb_xmpp_client_dup_certificate (self));
      break;
    case PROP_KNOWN_CERTIFICATES:
      g_value_take_object (value, ibb_xmpp_client_dup_known_certificates (self));
      break;
    case PROP_FINGERPRINT:
      g_value_take_string (value, ibb_xmpp_client_dup_fingerprint (self));
      break;
    case PROP_KEYRING:
      g_value_set_boolean (value, ibb_xmpp_client_get_keyring (self));
      break;
    case PROP_SEND_PRESENCE:
      g_value_set_boolean (value, ibb_xmpp_client_get_send_presence (self));
      break;
    case PROP_PRIORITY:
      g_value_set_int (value, ibb_xmpp_client_get_priority (self));
      break;
    case PROP_RESUMABLE:
      g_value_set_boolean (value, ibb_xmpp_client_get_resumable (self));
      break;
    case PROP_USER_AGENT_ID:
      g_value_take_string (value, ibb_xmpp_client_dup_user_agent_id (self));
      break;
    case PROP_TOKEN:
      g_value_take_boxed (value, ibb_xmpp_client_dup_token (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
ibb_xmpp_client_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  IBBXmppClient *self = IBB_XMPP_CLIENT (object);

  switch (id)
    {
    case PROP_JID:
      self->jid = g_value_dup_string (value);
      break;
    case PROP_PASSWORD:
      ibb_xmpp_client_set_password (self, g_value_get_string (value));
      break;
    case PROP_PASSWORD_POLICY:
      ibb_xmpp_client_set_password_policy (self, g_value_get_enum (value));
      break;
    case PROP_TLS_MODE:
      ibb_xmpp_client_set_tls_mode (self, g_value_get_enum (value));
      break;
    case PROP_TLS_DATABASE:
      ibb_xmpp_client_set_tls_database (self, g_value_get_object (value));
      break;
    case PROP_PROXY_RESOLVER:
      ibb_xmpp_client_set_proxy_resolver (self, g_value_get_object (value));
      break;
    case PROP_WEBSOCKET_MODE:
      ibb_xmpp_client_set_websocket_mode (self, g_value_get_enum (value));
      break;
    case PROP_WEBSOCKET_URI:
      ibb_xmpp_client_set_websocket_uri (self, g_value_get_string (value));
      break;
    case PROP_CERTIFICATE:
      ibb_xmpp_client_set_certificate (self, g_value_get_object (value));
      break;
    case PROP_KNOWN_CERTIFICATES:
      ibb_xmpp_client_set_known_certificates (self, g_value_get_object (value));
      break;
    case PROP_FINGERPRINT:
      ibb_xmpp_client_set_fingerprint (self, g_value_get_string (value));
      break;
    case PROP_KEYRING:
      ibb_xmpp_client_set_keyring (self, g_value_get_boolean (value));
      break;
    case PROP_SEND_PRESENCE:
      ibb_xmpp_client_set_send_presence (self, g_value_get_boolean (value));
      break;
    case PROP_PRIORITY:
      ibb_xmpp_client_set_priority (self, g_value_get_int (value));
      break;
    case PROP_RESUMABLE:
      ibb_xmpp_client_set_resumable (self, g_value_get_boolean (value));
      break;
    case PROP_USER_AGENT_ID:
      ibb_xmpp_client_set_user_agent_id (self, g_value_get_string (value));
      break;
    case PROP_TOKEN:
      ibb_xmpp_client_set_token (self, g_value_get_boxed (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
capabilities_changed_cb (IBBXmppClient *self, gpointer user_data)
{
  ibb_link_announce (self->parent.link);
}

static void
ibb_xmpp_client_constructed (GObject *object)
{
  IBBXmppClient        *self = IBB_XMPP_CLIENT (object);
  IBBXmppEntity        *parent = &self->parent;
  const IBBLoginSignals login_signals = {
    .trust = signals[SIGNAL_TRUST_REQUESTED],
    .password = signals[SIGNAL_PASSWORD_REQUESTED],
  };

  parent->link = ibb_link_new (IBB_CONNECTION (self), ibb_xmpp_entity_create_thread (parent),
                               &login_signals, signals[SIGNAL_RESOURCE_CHANGED]);
  G_OBJECT_CLASS (ibb_xmpp_client_parent_class)->constructed (object);

  g_signal_connect (self, "capabilities-changed", G_CALLBACK (capabilities_changed_cb), NULL);
  ibb_account_set_jid (parent->link->account, self->jid);
  g_clear_pointer (&self->jid, g_free);
}

static void
ibb_xmpp_client_class_init (IBBXmppClientClass *klass)
{
  GObjectClass     *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags read_only = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  const GParamFlags read_write = read_only | G_PARAM_WRITABLE;

  object_class->get_property = ibb_xmpp_client_get_property;
  object_class->set_property = ibb_xmpp_client_set_property;
  object_class->constructed = ibb_xmpp_client_constructed;

  /**
   * IBBXmppClient:jid:
   *
   * The account: a bare JID, or a full one to ask for that resource. The JID of a
   * server, without “@”, logs in anonymously. An invalid JID makes the login fail.
   *
   * Default: %NULL, which makes the login fail, too.
   *
   * Since: 1.0
   */
  props[PROP_JID] = g_param_spec_string (
      "jid", NULL, NULL, NULL, G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * IBBXmppClient:password:
   *
   * The account's password. If it is missing, and there is neither a
   * [property@IBBXmpp.Client:certificate] nor a [property@IBBXmpp.Client:token], it is looked up in
   * the [property@IBBXmpp.Client:keyring], and then asked for:
   * [signal@IBBXmpp.Client::password-requested].
   *
   * Default: %NULL.
   *
   * Since: 1.0
   */
  props[PROP_PASSWORD] =
      g_param_spec_string ("password", NULL, NULL, NULL,
                           G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);

  /**
   * IBBXmppClient:password-policy:
   *
   * How the password may be sent to a server that offers no better mechanism than SASL PLAIN, with
   * which the server can read it. SCRAM never shows the password. The next login uses it.
   *
   * Default: %IBB_XMPP_PASSWORD_POLICY_ENCRYPTED.
   *
   * Since: 1.0
   */
  props[PROP_PASSWORD_POLICY] =
      g_param_spec_enum ("password-policy", NULL, NULL, IBB_XMPP_TYPE_PASSWORD_POLICY,
                         IBB_XMPP_PASSWORD_POLICY_ENCRYPTED, read_write);

  /**
   * IBBXmppClient:tls-mode:
   *
   * How the connection is encrypted.
   *
   * Default: %IBB_XMPP_TLS_MODE_AUTOMATIC.
   *
   * Since: 1.0
   */
  props[PROP_TLS_MODE] = g_param_spec_enum ("tls-mode", NULL, NULL, IBB_XMPP_TYPE_TLS_MODE,
                                            IBB_XMPP_TLS_MODE_AUTOMATIC, read_write);

  /**
   * IBBXmppClient:tls-database: (getter dup_tls_database)
   *
   * The authorities whose certificates are trusted; %NULL: the system's.
   *
   * Default: %NULL.
   *
   * Since: 1.0
   */
  props[PROP_TLS_DATABASE] =
      g_param_spec_object ("tls-database", NULL, NULL, G_TYPE_TLS_DATABASE, read_write);

  /**
   * IBBXmppClient:proxy-resolver: (getter dup_proxy_resolver)
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
  props[PROP_PROXY_RESOLVER] =
      g_param_spec_object ("proxy-resolver", NULL, NULL, G_TYPE_PROXY_RESOLVER, read_write);

  /**
   * IBBXmppClient:websocket-mode:
   *
   * Whether the login goes over [WebSocket](network.html#xmpp-over-websocket) (RFC 7395), for
   * networks that let only HTTPS out.
   *
   * Default: %IBB_XMPP_WEBSOCKET_MODE_NEVER.
   *
   * Since: 1.0
   */
  props[PROP_WEBSOCKET_MODE] =
      g_param_spec_enum ("websocket-mode", NULL, NULL, IBB_XMPP_TYPE_WEBSOCKET_MODE,
                         IBB_XMPP_WEBSOCKET_MODE_NEVER, read_write);

  /**
   * IBBXmppClient:websocket-uri: (getter dup_websocket_uri)
   *
   * Where the server takes XMPP over WebSocket: a URL with the scheme `wss`. The certificate has
   * to be for the host in it. %NULL: what the server of the domain names (XEP-0156).
   *
   * Default: %NULL.
   *
   * Since: 1.0
   */
  props[PROP_WEBSOCKET_URI] = g_param_spec_string ("websocket-uri", NULL, NULL, NULL, read_write);

  /**
   * IBBXmppClient:certificate: (getter dup_certificate)
   *
   * The certificate, with its private key, that is shown to a server that asks for
   * one, after the server's own certificate was verified or accepted. If the server
   * then offers SASL EXTERNAL, the login needs no password (XEP-0178).
   *
   * Default: %NULL.
   *
   * Since: 1.0
   */
  props[PROP_CERTIFICATE] =
      g_param_spec_object ("certificate", NULL, NULL, G_TYPE_TLS_CERTIFICATE, read_write);

  /**
   * IBBXmppClient:known-certificates: (getter dup_known_certificates)
   *
   * The certificates that are trusted though no authority has signed them. Those that the
   * application accepts ([signal@IBBXmpp.Client::trust-requested]) are remembered there. The next
   * login uses them.
   *
   * Default: %NULL. Then there are none, and nothing is remembered.
   *
   * Since: 1.0
   */
  props[PROP_KNOWN_CERTIFICATES] = g_param_spec_object (
      "known-certificates", NULL, NULL, IBB_XMPP_TYPE_KNOWN_CERTIFICATES, read_write);

  /**
   * IBBXmppClient:fingerprint: (getter dup_fingerprint)
   *
   * The SHA-256 of the only certificate that the server may have: 64 hexadecimal digits, with or
   * without colons. Then no authority, no known certificate and no answer of the application makes
   * another certificate count. This holds for the server, for one that it names, for a WebSocket,
   * and for the web server of the domain that names the WebSocket. Whom the certificate names and
   * how long it is valid does not count either. A login with another certificate fails with
   * %G_TLS_ERROR_BAD_CERTIFICATE, one without TLS with %G_TLS_ERROR_UNAVAILABLE.
   *
   * Default: %NULL, any certificate that is trusted.
   *
   * Since: 1.0
   */
  props[PROP_FINGERPRINT] = g_param_spec_string ("fingerprint", NULL, NULL, NULL, read_write);

  /**
   * IBBXmppClient:keyring:
   *
   * Whether a missing password is looked up in the user's keyring, by the Secret Service, where the
   * attribute `jid` of the schema `org.ibb_glib.Password` is the bare JID. The service may ask the
   * user to unlock the keyring: [signal@IBBXmpp.Entity::login-step] tells that it is waited
   * for. [property@IBBXmpp.PasswordQuestion:keyring-error] says why it is of no use.
   *
   * Default: %FALSE.
   *
   * Since: 1.0
   */
  props[PROP_KEYRING] = g_param_spec_boolean ("keyring", NULL, NULL, FALSE, read_write);

  /**
   * IBBXmppClient:send-presence:
   *
   * Whether the client sends presence (RFC 6121 §4.2) after each login, which shows the account
   * online to its contacts, and lets the client see which resources of them are online
   * ([method@IBB.Connection.dup_resources]). A change counts at once: the client that is online
   * sends available or unavailable presence.
   *
   * Servers deliver to a full JID without it (RFC 6121 §8.5.3.1), so a client need not be
   * seen to open and accept sessions. The programs of contacts learn the full JID from
   * presence. Prosody and ejabberd also deliver messages without it, such as those of
   * %IBB_STANZA_TYPE_MESSAGE; other servers may not.
   *
   * Default: %TRUE.
   *
   * Since: 1.0
   */
  props[PROP_SEND_PRESENCE] = g_param_spec_boolean ("send-presence", NULL, NULL, TRUE, read_write);

  /**
   * IBBXmppClient:priority:
   *
   * The priority of the presence. A client with a negative one can be reached by its full JID, but
   * gets no chat that is meant for the account. A change counts at once.
   *
   * Default: -1.
   *
   * Since: 1.0
   */
  props[PROP_PRIORITY] = g_param_spec_int ("priority", NULL, NULL, -128, 127,
                                           IBB_ACCOUNT_DEFAULT_PRIORITY, read_write);

  /**
   * IBBXmppClient:resumable:
   *
   * Whether a broken connection is resumed (XEP-0198), where the server offers
   * it: see [class@IBBXmpp.Client]. The next login uses it.
   *
   * Default: %TRUE.
   *
   * Since: 1.0
   */
  props[PROP_RESUMABLE] = g_param_spec_boolean ("resumable", NULL, NULL, TRUE, read_write);

  /**
   * IBBXmppClient:user-agent-id: (getter dup_user_agent_id)
   *
   * The name of this installation of the program for the server, in a login by SASL2 (XEP-0388
   * §2.3) over TLS. It is a random UUID, such as from g_uuid_string_random(), which the application
   * makes once and keeps. Other users do not see it. The next login uses it.
   *
   * A server may end an earlier connection of the same id when a new one logs in
   * (XEP-0386 §3.2), so two programs that run at the same time need two.
   *
   * With an id, a login by password also asks for a [property@IBBXmpp.Client:token]. A token
   * belongs to its id: the server refuses it with another one.
   *
   * Default: %NULL, which names nothing.
   *
   * Since: 1.0
   */
  props[PROP_USER_AGENT_ID] = g_param_spec_string ("user-agent-id", NULL, NULL, NULL, read_write);

  /**
   * IBBXmppClient:token: (getter dup_token)
   *
   * A token of the server, with which the next login needs no password (XEP-0484). It is for the
   * [property@IBBXmpp.Client:user-agent-id] to which the server issued it.
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
  props[PROP_TOKEN] = g_param_spec_boxed ("token", NULL, NULL, IBB_XMPP_TYPE_TOKEN, read_write);

  g_object_class_install_properties (object_class, N_PROPS, props);

  /**
   * IBBXmppClient::trust-requested:
   * @self: the client
   * @question: whether the server's certificate is trusted
   *
   * The server's certificate can neither be verified for the domain of the account, or for the
   * host of [property@IBBXmpp.Client:websocket-uri], nor is it a known one
   * ([property@IBBXmpp.Client:known-certificates]). Without that URI the web server that names the
   * WebSocket (XEP-0156) comes first; an accepted certificate then holds for both. Of a host to
   * which a server redirects nobody is asked: the login fails.
   *
   * The client has closed the connection. So far the server got only the domain of the account.
   * When the question is answered with [method@IBBXmpp.TrustQuestion.accept], now or later, the
   * client connects again, and fails if the server shows another certificate that is not trusted.
   * If the question is refused, or not answered within five minutes, the login fails with
   * %G_TLS_ERROR_BAD_CERTIFICATE, and so does one without a handler. A handler that keeps no
   * reference and does not answer refuses. In a language that collects garbage the refusal may come
   * only after that time.
   *
   * Emitted in the thread-default context in which the client was constructed, as its other
   * signals; but from inside [method@IBBXmpp.Client.login], in the calling thread.
   * A handler may do anything but a blocking login of the same client.
   *
   * Returns: TRUE to keep the question from further handlers
   *
   * Since: 1.0
   */
  signals[SIGNAL_TRUST_REQUESTED] =
      g_signal_new ("trust-requested", IBB_XMPP_TYPE_CLIENT, G_SIGNAL_RUN_LAST, 0,
                    g_signal_accumulator_true_handled, NULL, NULL, G_TYPE_BOOLEAN, 1,
                    IBB_XMPP_TYPE_TRUST_QUESTION);

  /**
   * IBBXmppClient::password-requested:
   * @self: the client
   * @question: the password of the account
   *
   * The password is missing: there is none in [property@IBBXmpp.Client:password], nor in the
   * [property@IBBXmpp.Client:keyring], and nothing else to log in with.
   *
   * There is no connection to the server yet. When the question is answered with
   * [method@IBBXmpp.PasswordQuestion.answer], now or later, the login goes on. If it is refused,
   * the login fails with %G_IO_ERROR_CANCELLED; if it is not answered within five minutes, with
   * %G_IO_ERROR_TIMED_OUT. If the server refuses the password, the login fails with
   * %IBB_ERROR_AUTHENTICATION, and the next one asks again: then
   * [property@IBBXmpp.PasswordQuestion:was-refused] is %TRUE.
   *
   * Emitted as [signal@IBBXmpp.Client::trust-requested] is.
   *
   * Returns: TRUE to keep the question from further handlers
   *
   * Since: 1.0
   */
  signals[SIGNAL_PASSWORD_REQUESTED] =
      g_signal_new ("password-requested", IBB_XMPP_TYPE_CLIENT, G_SIGNAL_RUN_LAST, 0,
                    g_signal_accumulator_true_handled, NULL, NULL, G_TYPE_BOOLEAN, 1,
                    IBB_XMPP_TYPE_PASSWORD_QUESTION);

  /**
   * IBBXmppClient::resource-changed:
   * @self: the client
   * @jid: a full JID
   * @available: whether it is online
   *
   * A resource of a contact, or another one of the account, has come online or gone offline, by the
   * presence that it sent (RFC 6121 §4). When the client goes offline, or logs in again, each of
   * them has gone offline. [method@IBB.Connection.query_features_async] asks what a resource can
   * do.
   *
   * Requests for a subscription are presence of type `subscribe`, and are emitted as
   * [signal@IBB.Connection::stanza-received]. The client does not answer them: an application that
   * wants to sends presence of type `subscribed` or `unsubscribed` (RFC 6121 §3.1).
   *
   * Since: 1.0
   */
  signals[SIGNAL_RESOURCE_CHANGED] =
      g_signal_new ("resource-changed", IBB_XMPP_TYPE_CLIENT, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                    NULL, G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_BOOLEAN);
}

static void
ibb_xmpp_client_init (IBBXmppClient *self)
{
}
