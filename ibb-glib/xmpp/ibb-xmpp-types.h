/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(IBB_XMPP_INSIDE) && !defined(IBB_GLIB_COMPILATION)
#error "Only <ibb-glib/xmpp/ibb-xmpp.h> can be included directly."
#endif

#include <ibb-glib/ibb-glib.h>

G_BEGIN_DECLS

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
 * @IBB_XMPP_PASSWORD_POLICY_HASHED: the server never gets it (only SCRAM), and the login fails
 * where the server offers nothing better than SASL PLAIN. A token that is not bound to the channel
 * is not used either: see [Tokens](security.html#tokens)
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
 * IBBXmppLoginStep:
 * @IBB_XMPP_LOGIN_STEP_KEYRING: the user's keyring is asked for the password
 * @IBB_XMPP_LOGIN_STEP_CONNECT: an address of the server, or of a proxy, is known, and is connected
 * to; of several addresses each begins with this step
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
 * @IBB_XMPP_ANSWER_FLAGS_REMEMBER: later logins and sessions need no answer: a certificate is added
 * to the known ones, a password to the user's keyring
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
