/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The accessors of IBBXmppClient's properties, for C.
 *
 * The setters do not call g_object_set (), which freezes the notifications of all threads, and
 * would emit those of the state in the thread of the caller.
 */

#include "config.h"

#include "xmpp/ibb-xmpp-client-private.h"

/**
 * ibb_xmpp_client_get_jid:
 * @self: a client
 *
 * Gets the JID that the client was created with; the one that the server bound
 * is [property@IBB.Connection:local-jid].
 *
 * Returns: (nullable): the JID, or NULL, with which no login succeeds
 *
 * Since: 1.0
 */
const char *
ibb_xmpp_client_get_jid (IBBXmppClient *self)
{
  g_return_val_if_fail (IBB_XMPP_IS_CLIENT (self), NULL);

  return ibb_account_get_jid (self->parent.link->account);
}

/**
 * ibb_xmpp_client_set_password: (set-property password)
 * @self: a client
 * @password: (nullable): the password, or %NULL for none
 *
 * Sets the password that the next login uses.
 *
 * Since: 1.0
 */
void
ibb_xmpp_client_set_password (IBBXmppClient *self, const char *password)
{
  g_return_if_fail (IBB_XMPP_IS_CLIENT (self));

  if (ibb_account_set_string (self->parent.link->account, IBB_ACCOUNT_SETTING (password), password))
    g_object_notify (G_OBJECT (self), "password");
}

/**
 * ibb_xmpp_client_get_password_policy: (get-property password-policy)
 * @self: a client
 *
 * Gets how the next login may send the password; see [property@IBBXmpp.Client:password-policy].
 *
 * Returns: the policy
 *
 * Since: 1.0
 */
IBBXmppPasswordPolicy
ibb_xmpp_client_get_password_policy (IBBXmppClient *self)
{
  g_return_val_if_fail (IBB_XMPP_IS_CLIENT (self), 0);

  return ibb_account_get_int (self->parent.link->account, IBB_ACCOUNT_SETTING (password_policy));
}

/**
 * ibb_xmpp_client_set_password_policy: (set-property password-policy)
 * @self: a client
 * @password_policy: the policy
 *
 * Sets how the next login may send the password; see [property@IBBXmpp.Client:password-policy].
 *
 * Since: 1.0
 */
void
ibb_xmpp_client_set_password_policy (IBBXmppClient *self, IBBXmppPasswordPolicy password_policy)
{
  g_return_if_fail (IBB_XMPP_IS_CLIENT (self));

  if (ibb_account_set_int (self->parent.link->account, IBB_ACCOUNT_SETTING (password_policy),
                           password_policy))
    g_object_notify (G_OBJECT (self), "password-policy");
}

/**
 * ibb_xmpp_client_get_tls_mode: (get-property tls-mode)
 * @self: a client
 *
 * Gets how the next login encrypts the connection; see
 * [property@IBBXmpp.Client:tls-mode].
 *
 * Returns: how to encrypt
 *
 * Since: 1.0
 */
IBBXmppTlsMode
ibb_xmpp_client_get_tls_mode (IBBXmppClient *self)
{
  g_return_val_if_fail (IBB_XMPP_IS_CLIENT (self), 0);

  return ibb_account_get_int (self->parent.link->account, IBB_ACCOUNT_SETTING (tls_mode));
}

/**
 * ibb_xmpp_client_set_tls_mode: (set-property tls-mode)
 * @self: a client
 * @tls_mode: how to encrypt
 *
 * Sets how the next login encrypts the connection; see
 * [property@IBBXmpp.Client:tls-mode].
 *
 * Since: 1.0
 */
void
ibb_xmpp_client_set_tls_mode (IBBXmppClient *self, IBBXmppTlsMode tls_mode)
{
  g_return_if_fail (IBB_XMPP_IS_CLIENT (self));

  if (ibb_account_set_int (self->parent.link->account, IBB_ACCOUNT_SETTING (tls_mode), tls_mode))
    g_object_notify (G_OBJECT (self), "tls-mode");
}

/**
 * ibb_xmpp_client_get_websocket_mode: (get-property websocket-mode)
 * @self: a client
 *
 * Gets whether the next login goes over WebSocket; see
 * [property@IBBXmpp.Client:websocket-mode].
 *
 * Returns: when to use it
 *
 * Since: 1.0
 */
IBBXmppWebsocketMode
ibb_xmpp_client_get_websocket_mode (IBBXmppClient *self)
{
  g_return_val_if_fail (IBB_XMPP_IS_CLIENT (self), 0);

  return ibb_account_get_int (self->parent.link->account, IBB_ACCOUNT_SETTING (websocket_mode));
}

/**
 * ibb_xmpp_client_set_websocket_mode: (set-property websocket-mode)
 * @self: a client
 * @websocket_mode: when to use it
 *
 * Sets whether the next login goes over WebSocket; see
 * [property@IBBXmpp.Client:websocket-mode].
 *
 * Since: 1.0
 */
void
ibb_xmpp_client_set_websocket_mode (IBBXmppClient *self, IBBXmppWebsocketMode websocket_mode)
{
  g_return_if_fail (IBB_XMPP_IS_CLIENT (self));

  if (ibb_account_set_int (self->parent.link->account, IBB_ACCOUNT_SETTING (websocket_mode),
                           websocket_mode))
    g_object_notify (G_OBJECT (self), "websocket-mode");
}

/**
 * ibb_xmpp_client_dup_websocket_uri: (get-property websocket-uri)
 * @self: a client
 *
 * Gets the WebSocket that the next login connects to; see
 * [property@IBBXmpp.Client:websocket-uri].
 *
 * Returns: (transfer full) (nullable): the URL, or %NULL: the one that the server names
 *
 * Since: 1.0
 */
char *
ibb_xmpp_client_dup_websocket_uri (IBBXmppClient *self)
{
  g_return_val_if_fail (IBB_XMPP_IS_CLIENT (self), NULL);

  return ibb_account_dup_string (self->parent.link->account, IBB_ACCOUNT_SETTING (websocket_uri));
}

/**
 * ibb_xmpp_client_set_websocket_uri: (set-property websocket-uri)
 * @self: a client
 * @websocket_uri: (nullable): the URL, or %NULL: the one that the server names
 *
 * Sets the WebSocket that the next login connects to; see
 * [property@IBBXmpp.Client:websocket-uri]. An invalid one makes the login fail.
 *
 * Since: 1.0
 */
void
ibb_xmpp_client_set_websocket_uri (IBBXmppClient *self, const char *websocket_uri)
{
  g_return_if_fail (IBB_XMPP_IS_CLIENT (self));

  if (ibb_account_set_string (self->parent.link->account, IBB_ACCOUNT_SETTING (websocket_uri),
                              websocket_uri))
    g_object_notify (G_OBJECT (self), "websocket-uri");
}

/**
 * ibb_xmpp_client_dup_tls_database: (get-property tls-database)
 * @self: a client
 *
 * Gets the authorities that the next login trusts; see
 * [property@IBBXmpp.Client:tls-database]. It is a reference, because another thread
 * may set the property at any time.
 *
 * Returns: (transfer full) (nullable): the trusted authorities, or %NULL: the system's
 *
 * Since: 1.0
 */
GTlsDatabase *
ibb_xmpp_client_dup_tls_database (IBBXmppClient *self)
{
  g_return_val_if_fail (IBB_XMPP_IS_CLIENT (self), NULL);

  return ibb_account_dup_object (self->parent.link->account, IBB_ACCOUNT_SETTING (tls_database));
}

/**
 * ibb_xmpp_client_set_tls_database: (set-property tls-database)
 * @self: a client
 * @tls_database: (nullable): the trusted authorities, or %NULL: the system's
 *
 * Sets the authorities that the next login trusts; see
 * [property@IBBXmpp.Client:tls-database].
 *
 * Since: 1.0
 */
void
ibb_xmpp_client_set_tls_database (IBBXmppClient *self, GTlsDatabase *tls_database)
{
  g_return_if_fail (IBB_XMPP_IS_CLIENT (self));
  g_return_if_fail (tls_database == NULL || G_IS_TLS_DATABASE (tls_database));

  if (ibb_account_set_object (self->parent.link->account, IBB_ACCOUNT_SETTING (tls_database),
                              tls_database))
    g_object_notify (G_OBJECT (self), "tls-database");
}

/**
 * ibb_xmpp_client_dup_proxy_resolver: (get-property proxy-resolver)
 * @self: a client
 *
 * Gets what names the proxies of the next login; see
 * [property@IBBXmpp.Client:proxy-resolver]. It is a reference, because another thread
 * may set the property at any time.
 *
 * Returns: (transfer full) (nullable): the resolver, or %NULL: the system's
 *
 * Since: 1.0
 */
GProxyResolver *
ibb_xmpp_client_dup_proxy_resolver (IBBXmppClient *self)
{
  g_return_val_if_fail (IBB_XMPP_IS_CLIENT (self), NULL);

  return ibb_account_dup_object (self->parent.link->account, IBB_ACCOUNT_SETTING (proxy_resolver));
}

/**
 * ibb_xmpp_client_set_proxy_resolver: (set-property proxy-resolver)
 * @self: a client
 * @proxy_resolver: (nullable): the resolver, or %NULL: the system's
 *
 * Sets what names the proxies of the next login; see
 * [property@IBBXmpp.Client:proxy-resolver].
 *
 * Since: 1.0
 */
void
ibb_xmpp_client_set_proxy_resolver (IBBXmppClient *self, GProxyResolver *proxy_resolver)
{
  g_return_if_fail (IBB_XMPP_IS_CLIENT (self));
  g_return_if_fail (proxy_resolver == NULL || G_IS_PROXY_RESOLVER (proxy_resolver));

  if (ibb_account_set_object (self->parent.link->account, IBB_ACCOUNT_SETTING (proxy_resolver),
                              proxy_resolver))
    g_object_notify (G_OBJECT (self), "proxy-resolver");
}

/**
 * ibb_xmpp_client_dup_certificate: (get-property certificate)
 * @self: a client
 *
 * Gets the certificate that the next login shows to the server; see
 * [property@IBBXmpp.Client:certificate]. It is a reference, because another thread may
 * set the property at any time.
 *
 * Returns: (transfer full) (nullable): the certificate, or %NULL: none
 *
 * Since: 1.0
 */
GTlsCertificate *
ibb_xmpp_client_dup_certificate (IBBXmppClient *self)
{
  g_return_val_if_fail (IBB_XMPP_IS_CLIENT (self), NULL);

  return ibb_account_dup_object (self->parent.link->account, IBB_ACCOUNT_SETTING (certificate));
}

/**
 * ibb_xmpp_client_set_certificate: (set-property certificate)
 * @self: a client
 * @certificate: (nullable): a certificate with its private key, or %NULL: none
 *
 * Sets the certificate that the next login shows to the server; see
 * [property@IBBXmpp.Client:certificate].
 *
 * Since: 1.0
 */
void
ibb_xmpp_client_set_certificate (IBBXmppClient *self, GTlsCertificate *certificate)
{
  g_return_if_fail (IBB_XMPP_IS_CLIENT (self));
  g_return_if_fail (certificate == NULL || G_IS_TLS_CERTIFICATE (certificate));

  if (ibb_account_set_object (self->parent.link->account, IBB_ACCOUNT_SETTING (certificate),
                              certificate))
    g_object_notify (G_OBJECT (self), "certificate");
}

/**
 * ibb_xmpp_client_dup_known_certificates: (get-property known-certificates)
 * @self: a client
 *
 * Gets the certificates that are trusted by themselves; see
 * [property@IBBXmpp.Client:known-certificates].
 *
 * Returns: (transfer full) (nullable): the certificates, or NULL for none
 *
 * Since: 1.0
 */
IBBXmppKnownCertificates *
ibb_xmpp_client_dup_known_certificates (IBBXmppClient *self)
{
  g_return_val_if_fail (IBB_XMPP_IS_CLIENT (self), NULL);

  return ibb_account_dup_object (self->parent.link->account,
                                 IBB_ACCOUNT_SETTING (known_certificates));
}

/**
 * ibb_xmpp_client_set_known_certificates: (set-property known-certificates)
 * @self: a client
 * @known_certificates: (nullable): certificates, or NULL for none
 *
 * Sets the certificates that are trusted by themselves; see
 * [property@IBBXmpp.Client:known-certificates].
 *
 * Since: 1.0
 */
void
ibb_xmpp_client_set_known_certificates (IBBXmppClient            *self,
                                        IBBXmppKnownCertificates *known_certificates)
{
  g_return_if_fail (IBB_XMPP_IS_CLIENT (self));
  g_return_if_fail (known_certificates == NULL ||
                    IBB_XMPP_IS_KNOWN_CERTIFICATES (known_certificates));

  if (ibb_account_set_object (self->parent.link->account, IBB_ACCOUNT_SETTING (known_certificates),
                              known_certificates))
    g_object_notify (G_OBJECT (self), "known-certificates");
}

/**
 * ibb_xmpp_client_dup_fingerprint: (get-property fingerprint)
 * @self: a client
 *
 * Gets the only certificate that the server may have; see [property@IBBXmpp.Client:fingerprint].
 *
 * Returns: (transfer full) (nullable): the fingerprint, or %NULL for none
 *
 * Since: 1.0
 */
char *
ibb_xmpp_client_dup_fingerprint (IBBXmppClient *self)
{
  g_return_val_if_fail (IBB_XMPP_IS_CLIENT (self), NULL);

  return ibb_account_dup_string (self->parent.link->account, IBB_ACCOUNT_SETTING (fingerprint));
}

/**
 * ibb_xmpp_client_set_fingerprint: (set-property fingerprint)
 * @self: a client
 * @fingerprint: (nullable): the SHA-256 of a certificate, or %NULL for none
 *
 * Sets the only certificate that the server may have; see [property@IBBXmpp.Client:fingerprint].
 *
 * Since: 1.0
 */
void
ibb_xmpp_client_set_fingerprint (IBBXmppClient *self, const char *fingerprint)
{
  g_return_if_fail (IBB_XMPP_IS_CLIENT (self));

  if (ibb_account_set_string (self->parent.link->account, IBB_ACCOUNT_SETTING (fingerprint),
                              fingerprint))
    g_object_notify (G_OBJECT (self), "fingerprint");
}

/**
 * ibb_xmpp_client_get_keyring: (get-property keyring)
 * @self: a client
 *
 * Gets whether a missing password is looked up in the user's keyring; see
 * [property@IBBXmpp.Client:keyring].
 *
 * Returns: TRUE if it is
 *
 * Since: 1.0
 */
gboolean
ibb_xmpp_client_get_keyring (IBBXmppClient *self)
{
  g_return_val_if_fail (IBB_XMPP_IS_CLIENT (self), FALSE);

  return ibb_account_get_int (self->parent.link->account, IBB_ACCOUNT_SETTING (keyring));
}

/**
 * ibb_xmpp_client_set_keyring: (set-property keyring)
 * @self: a client
 * @keyring: whether to look a missing password up
 *
 * Sets whether a missing password is looked up in the user's keyring; see
 * [property@IBBXmpp.Client:keyring].
 *
 * Since: 1.0
 */
void
ibb_xmpp_client_set_keyring (IBBXmppClient *self, gboolean keyring)
{
  g_return_if_fail (IBB_XMPP_IS_CLIENT (self));

  if (ibb_account_set_int (self->parent.link->account, IBB_ACCOUNT_SETTING (keyring), !!keyring))
    g_object_notify (G_OBJECT (self), "keyring");
}

/**
 * ibb_xmpp_client_get_send_presence: (get-property send-presence)
 * @self: a client
 *
 * Gets whether the next login sends presence; see
 * [property@IBBXmpp.Client:send-presence].
 *
 * Returns: whether it sends presence
 *
 * Since: 1.0
 */
gboolean
ibb_xmpp_client_get_send_presence (IBBXmppClient *self)
{
  g_return_val_if_fail (IBB_XMPP_IS_CLIENT (self), FALSE);

  return ibb_account_get_int (self->parent.link->account, IBB_ACCOUNT_SETTING (send_presence));
}

/**
 * ibb_xmpp_client_set_send_presence: (set-property send-presence)
 * @self: a client
 * @send_presence: whether to send presence
 *
 * Sets whether the client is shown online; see
 * [property@IBBXmpp.Client:send-presence].
 *
 * Since: 1.0
 */
void
ibb_xmpp_client_set_send_presence (IBBXmppClient *self, gboolean send_presence)
{
  g_return_if_fail (IBB_XMPP_IS_CLIENT (self));

  if (ibb_account_set_int (self->parent.link->account, IBB_ACCOUNT_SETTING (send_presence),
                           !!send_presence))
    {
      ibb_link_update_presence (self->parent.link);
      g_object_notify (G_OBJECT (self), "send-presence");
    }
}

/**
 * ibb_xmpp_client_get_priority: (get-property priority)
 * @self: a client
 *
 * Gets the priority of the presence that the next login sends; see
 * [property@IBBXmpp.Client:priority].
 *
 * Returns: from -128 to 127
 *
 * Since: 1.0
 */
int
ibb_xmpp_client_get_priority (IBBXmppClient *self)
{
  g_return_val_if_fail (IBB_XMPP_IS_CLIENT (self), 0);

  return ibb_account_get_int (self->parent.link->account, IBB_ACCOUNT_SETTING (priority));
}

/**
 * ibb_xmpp_client_set_priority: (set-property priority)
 * @self: a client
 * @priority: from -128 to 127
 *
 * Sets the priority of the presence; see
 * [property@IBBXmpp.Client:priority].
 *
 * Since: 1.0
 */
void
ibb_xmpp_client_set_priority (IBBXmppClient *self, int priority)
{
  g_return_if_fail (IBB_XMPP_IS_CLIENT (self));
  g_return_if_fail (priority >= -128 && priority <= 127);

  if (ibb_account_set_int (self->parent.link->account, IBB_ACCOUNT_SETTING (priority), priority))
    {
      ibb_link_update_presence (self->parent.link);
      g_object_notify (G_OBJECT (self), "priority");
    }
}

/**
 * ibb_xmpp_client_get_resumable: (get-property resumable)
 * @self: a client
 *
 * Gets whether broken connections of the next login are resumed; see
 * [property@IBBXmpp.Client:resumable].
 *
 * Returns: whether a broken connection is resumed
 *
 * Since: 1.0
 */
gboolean
ibb_xmpp_client_get_resumable (IBBXmppClient *self)
{
  g_return_val_if_fail (IBB_XMPP_IS_CLIENT (self), FALSE);

  return ibb_account_get_int (self->parent.link->account, IBB_ACCOUNT_SETTING (resumable));
}

/**
 * ibb_xmpp_client_set_resumable: (set-property resumable)
 * @self: a client
 * @resumable: whether a broken connection is resumed
 *
 * Sets whether broken connections of the next login are resumed; see
 * [property@IBBXmpp.Client:resumable].
 *
 * Since: 1.0
 */
void
ibb_xmpp_client_set_resumable (IBBXmppClient *self, gboolean resumable)
{
  g_return_if_fail (IBB_XMPP_IS_CLIENT (self));

  if (ibb_account_set_int (self->parent.link->account, IBB_ACCOUNT_SETTING (resumable),
                           !!resumable))
    g_object_notify (G_OBJECT (self), "resumable");
}

/**
 * ibb_xmpp_client_dup_user_agent_id: (get-property user-agent-id)
 * @self: a client
 *
 * Gets what names this installation of the program to the server; see
 * [property@IBBXmpp.Client:user-agent-id].
 *
 * Returns: (transfer full) (nullable): the id
 *
 * Since: 1.0
 */
char *
ibb_xmpp_client_dup_user_agent_id (IBBXmppClient *self)
{
  g_return_val_if_fail (IBB_XMPP_IS_CLIENT (self), NULL);

  return ibb_account_dup_string (self->parent.link->account, IBB_ACCOUNT_SETTING (user_agent_id));
}

/**
 * ibb_xmpp_client_set_user_agent_id: (set-property user-agent-id)
 * @self: a client
 * @user_agent_id: (nullable): the id, or %NULL for none
 *
 * Sets what names this installation of the program to the server; see
 * [property@IBBXmpp.Client:user-agent-id].
 *
 * Since: 1.0
 */
void
ibb_xmpp_client_set_user_agent_id (IBBXmppClient *self, const char *user_agent_id)
{
  g_return_if_fail (IBB_XMPP_IS_CLIENT (self));

  if (ibb_account_set_string (self->parent.link->account, IBB_ACCOUNT_SETTING (user_agent_id),
                              user_agent_id))
    g_object_notify (G_OBJECT (self), "user-agent-id");
}

/**
 * ibb_xmpp_client_dup_token: (get-property token)
 * @self: a client
 *
 * Gets the token that the next login uses; see [property@IBBXmpp.Client:token].
 *
 * Returns: (transfer full) (nullable): the token
 *
 * Since: 1.0
 */
IBBXmppToken *
ibb_xmpp_client_dup_token (IBBXmppClient *self)
{
  g_return_val_if_fail (IBB_XMPP_IS_CLIENT (self), NULL);

  return ibb_account_dup_token (self->parent.link->account);
}

/**
 * ibb_xmpp_client_set_token: (set-property token)
 * @self: a client
 * @token: (nullable): the token, or %NULL for none
 *
 * Sets the token that the next login uses; see [property@IBBXmpp.Client:token].
 *
 * Since: 1.0
 */
void
ibb_xmpp_client_set_token (IBBXmppClient *self, IBBXmppToken *token)
{
  g_return_if_fail (IBB_XMPP_IS_CLIENT (self));

  if (ibb_account_set_token (self->parent.link->account, token))
    g_object_notify (G_OBJECT (self), "token");
}

/**
 * ibb_xmpp_client_dup_mechanism:
 * @self: a client
 *
 * Gets the SASL mechanism of the login, such as `SCRAM-SHA-256-PLUS`. One that ends with `-PLUS`
 * is bound to the TLS channel: nobody between client and server can have read the login.
 *
 * Any thread may call this.
 *
 * Returns: (transfer full) (nullable): the mechanism; %NULL while the client is offline
 *
 * Since: 1.0
 */
char *
ibb_xmpp_client_dup_mechanism (IBBXmppClient *self)
{
  g_return_val_if_fail (IBB_XMPP_IS_CLIENT (self), NULL);

  return ibb_status_dup_mechanism (self->parent.link->status);
}

/**
 * ibb_xmpp_client_dup_peer_certificate:
 * @self: a client
 *
 * Gets the certificate that the server showed at the login.
 *
 * Any thread may call this.
 *
 * Returns: (transfer full) (nullable): the certificate; %NULL while the client is offline, and
 *   without TLS
 *
 * Since: 1.0
 */
GTlsCertificate *
ibb_xmpp_client_dup_peer_certificate (IBBXmppClient *self)
{
  g_return_val_if_fail (IBB_XMPP_IS_CLIENT (self), NULL);

  return ibb_status_dup_certificate (self->parent.link->status);
}
