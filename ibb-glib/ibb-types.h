/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(IBB_GLIB_INSIDE) && !defined(IBB_GLIB_COMPILATION)
#error "Only <ibb-glib/ibb-glib.h> can be included directly."
#endif

#include <gio/gio.h>

#include <ibb-glib/ibb-version.h>

G_BEGIN_DECLS

/**
 * IBBStanzaType:
 * @IBB_STANZA_TYPE_IQ: blocks travel in IQ stanzas, each acknowledged by the
 *   peer: use this one unless the peer requires the other
 * @IBB_STANZA_TYPE_MESSAGE: blocks travel in messages, which the peer
 *   does not acknowledge and servers may drop
 *
 * The stanza that carries the blocks of a session.
 *
 * Specified in XEP-0047 §2.1 as the attribute `stanza`.
 *
 * Since: 1.0
 */
typedef enum
{
  IBB_STANZA_TYPE_IQ,
  IBB_STANZA_TYPE_MESSAGE,
} IBBStanzaType;

/**
 * IBBWait:
 * @IBB_WAIT_NOTHING: no end is missing; a reader or a writer may be slow
 * @IBB_WAIT_CONNECTION: the own connection, which broke: it may be resumed or, with
 *   [property@IBB.Service:resume-sessions], followed by a new login
 * @IBB_WAIT_PEER: the peer, which is to go on after an interruption
 *   ([property@IBB.Service:resume-sessions]), or leaves a question unanswered
 *
 * What keeps an open session from going on, beside the applications at both ends.
 *
 * A peer that falls silent while it has something to acknowledge or may send more is asked after
 * 60 seconds, and has 30 seconds to answer; both are less where
 * [property@IBB.Service:peer-timeout] is less than ten minutes. A peer whose reader is slow
 * answers. So an application learns within 90 seconds that a peer was killed or has lost its
 * connection, while its server keeps what is sent.
 *
 * [property@IBB.Service:resume-timeout] bounds the wait for the connection and that after an
 * interruption, [property@IBB.Service:peer-timeout] that for an answer.
 *
 * Since: 1.0
 */
typedef enum
{
  IBB_WAIT_NOTHING,
  IBB_WAIT_CONNECTION,
  IBB_WAIT_PEER,
} IBBWait;

/**
 * IBBXmppTlsMode:
 * @IBB_XMPP_TLS_MODE_AUTOMATIC: TLS in any case: from the first byte or by STARTTLS, as the SRV
 *   records of the domain say (XEP-0368 §3); by STARTTLS where a host or a port is named
 * @IBB_XMPP_TLS_MODE_STARTTLS: begin in plain text and require STARTTLS (RFC 6120 §5)
 * @IBB_XMPP_TLS_MODE_DIRECT: TLS from the first byte (XEP-0368)
 * @IBB_XMPP_TLS_MODE_NONE: no encryption; for tests on the loopback interface
 *
 * How an [class@IBBXmpp.Client] protects its connection to the server.
 *
 * Since: 1.0
 */
typedef enum
{
  IBB_XMPP_TLS_MODE_AUTOMATIC,
  IBB_XMPP_TLS_MODE_STARTTLS,
  IBB_XMPP_TLS_MODE_DIRECT,
  IBB_XMPP_TLS_MODE_NONE,
} IBBXmppTlsMode;

/**
 * IBBXmppWebsocketMode:
 * @IBB_XMPP_WEBSOCKET_MODE_NEVER: over TCP only
 * @IBB_XMPP_WEBSOCKET_MODE_FALLBACK: over WebSocket if no TCP connection can be made
 * @IBB_XMPP_WEBSOCKET_MODE_ALWAYS: over WebSocket only
 *
 * Whether an [class@IBBXmpp.Client] logs in over WebSocket (RFC 7395), for networks that let
 * only HTTPS out.
 *
 * Since: 1.0
 */
typedef enum
{
  IBB_XMPP_WEBSOCKET_MODE_NEVER,
  IBB_XMPP_WEBSOCKET_MODE_FALLBACK,
  IBB_XMPP_WEBSOCKET_MODE_ALWAYS,
} IBBXmppWebsocketMode;

/**
 * IBBXmppPasswordPolicy:
 * @IBB_XMPP_PASSWORD_POLICY_ENCRYPTED: the server may read it, over TLS only
 * @IBB_XMPP_PASSWORD_POLICY_HASHED: the server never gets it (only SCRAM), and the login fails where the
 *   server offers nothing better than SASL PLAIN. A token that is not bound to the channel is not
 *   used either: see [Tokens](security.html#tokens)
 * @IBB_XMPP_PASSWORD_POLICY_READABLE: also without TLS, so that everybody on the way may read it
 *
 * How an [class@IBBXmpp.Client] may send its password.
 *
 * Since: 1.0
 */
typedef enum
{
  IBB_XMPP_PASSWORD_POLICY_ENCRYPTED,
  IBB_XMPP_PASSWORD_POLICY_HASHED,
  IBB_XMPP_PASSWORD_POLICY_READABLE,
} IBBXmppPasswordPolicy;

/**
 * IBBConnectionState:
 * @IBB_CONNECTION_STATE_OFFLINE: not logged in
 * @IBB_CONNECTION_STATE_CONNECTING: a login is under way, or the connection waits for the next one
 *   that it makes by itself, as [property@IBBXmpp.Entity:auto-reconnect] does
 * @IBB_CONNECTION_STATE_ONLINE: logged in and reachable
 * @IBB_CONNECTION_STATE_SUSPENDED: the connection broke and is being resumed (XEP-0198)
 *
 * The state of an [iface@IBB.Connection].
 *
 * Since: 1.0
 */
typedef enum
{
  IBB_CONNECTION_STATE_OFFLINE,
  IBB_CONNECTION_STATE_CONNECTING,
  IBB_CONNECTION_STATE_ONLINE,
  IBB_CONNECTION_STATE_SUSPENDED,
} IBBConnectionState;

/**
 * IBBXmppLoginStep:
 * @IBB_XMPP_LOGIN_STEP_KEYRING: the user's keyring is asked for the password
 * @IBB_XMPP_LOGIN_STEP_CONNECT: an address of the server, or of a proxy, is known, and is connected to;
 *   of several addresses each begins with this step
 * @IBB_XMPP_LOGIN_STEP_NEGOTIATE: there is a connection, and the XML stream and TLS begin
 * @IBB_XMPP_LOGIN_STEP_AUTHENTICATE: TLS is there if it has to be, and the server has said how an
 *   account logs in
 *
 * A step of a login that begins: see [signal@IBBXmpp.Entity::login-step].
 *
 * Since: 1.0
 */
typedef enum
{
  IBB_XMPP_LOGIN_STEP_KEYRING,
  IBB_XMPP_LOGIN_STEP_CONNECT,
  IBB_XMPP_LOGIN_STEP_NEGOTIATE,
  IBB_XMPP_LOGIN_STEP_AUTHENTICATE,
} IBBXmppLoginStep;

/**
 * IBBXmppTrust:
 * @IBB_XMPP_TRUST_UNKNOWN: no certificate of the name is known
 * @IBB_XMPP_TRUST_KNOWN: this certificate is known
 * @IBB_XMPP_TRUST_CHANGED: only others of the name are known
 *
 * What [class@IBBXmpp.KnownCertificates] know of a certificate.
 *
 * Since: 1.0
 */
typedef enum
{
  IBB_XMPP_TRUST_UNKNOWN,
  IBB_XMPP_TRUST_KNOWN,
  IBB_XMPP_TRUST_CHANGED,
} IBBXmppTrust;

/**
 * IBBXmppAnswerFlags:
 * @IBB_XMPP_ANSWER_FLAGS_NONE: the answer is for this time
 * @IBB_XMPP_ANSWER_FLAGS_REMEMBER: later logins and sessions need no answer: a certificate is added to
 *   the known ones, a password to the user's keyring
 *
 * How a question to the user is answered.
 *
 * Since: 1.0
 */
typedef enum /*< flags >*/
{
  IBB_XMPP_ANSWER_FLAGS_NONE = 0,
  IBB_XMPP_ANSWER_FLAGS_REMEMBER = 1 << 0,
} IBBXmppAnswerFlags;

G_END_DECLS
