/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The accessors of IBBClient's properties, for C; ibb-client-way.c has more of them. */

#include "config.h"

#include "xmpp/ibb-client-private.h"

/* These are not set by g_object_set (): it freezes the notifications of all threads, and would emit
 * those of the state in the thread of the caller. */
static IBBAccount *
get_account (IBBClient *self)
{
  return ibb_link_get_account (ibb_client_get_link (self));
}

static IBBKeepalive *
get_keepalive (IBBClient *self)
{
  return ibb_link_get_keepalive (ibb_client_get_link (self));
}

/**
 * ibb_client_set_password: (set-property password)
 * @self: a client
 * @password: (nullable): the password, or %NULL for none
 *
 * Sets the password that the next login uses.
 *
 * Since: 1.0
 */
void
ibb_client_set_password (IBBClient *self, const char *password)
{
  g_return_if_fail (IBB_IS_CLIENT (self));

  if (ibb_account_set_password (get_account (self), password))
    g_object_notify (G_OBJECT (self), "password");
}

/**
 * ibb_client_get_allow_plain_text: (get-property allow-plain-text)
 * @self: a client
 *
 * Gets whether the next login may send the password without TLS; see
 * [property@IBB.Client:allow-plain-text].
 *
 * Returns: whether a readable password may be sent without TLS
 *
 * Since: 1.0
 */
gboolean
ibb_client_get_allow_plain_text (IBBClient *self)
{
  gboolean allow_plain_text = FALSE;

  g_return_val_if_fail (IBB_IS_CLIENT (self), FALSE);

  g_object_get (self, "allow-plain-text", &allow_plain_text, NULL);
  return allow_plain_text;
}

/**
 * ibb_client_set_allow_plain_text: (set-property allow-plain-text)
 * @self: a client
 * @allow_plain_text: whether a readable password may be sent without TLS
 *
 * Sets whether the next login may send the password without TLS; see
 * [property@IBB.Client:allow-plain-text].
 *
 * Since: 1.0
 */
void
ibb_client_set_allow_plain_text (IBBClient *self, gboolean allow_plain_text)
{
  g_return_if_fail (IBB_IS_CLIENT (self));

  if (ibb_account_set_allow_plain_text (get_account (self), allow_plain_text))
    g_object_notify (G_OBJECT (self), "allow-plain-text");
}

/**
 * ibb_client_get_forbid_plain: (get-property forbid-plain)
 * @self: a client
 *
 * Gets the setting of the next login; see [property@IBB.Client:forbid-plain].
 *
 * Returns: whether the password is never shown to the server
 *
 * Since: 1.0
 */
gboolean
ibb_client_get_forbid_plain (IBBClient *self)
{
  gboolean forbid_plain = FALSE;

  g_return_val_if_fail (IBB_IS_CLIENT (self), FALSE);

  g_object_get (self, "forbid-plain", &forbid_plain, NULL);
  return forbid_plain;
}

/**
 * ibb_client_set_forbid_plain: (set-property forbid-plain)
 * @self: a client
 * @forbid_plain: whether the password is never shown to the server
 *
 * Sets what the next login does; see [property@IBB.Client:forbid-plain].
 *
 * Since: 1.0
 */
void
ibb_client_set_forbid_plain (IBBClient *self, gboolean forbid_plain)
{
  g_return_if_fail (IBB_IS_CLIENT (self));

  if (ibb_account_set_forbid_plain (get_account (self), forbid_plain))
    g_object_notify (G_OBJECT (self), "forbid-plain");
}

/**
 * ibb_client_dup_certificate: (get-property certificate)
 * @self: a client
 *
 * Gets the certificate that the next login shows to the server; see
 * [property@IBB.Client:certificate]. It is a reference, because another thread may
 * set the property at any time.
 *
 * Returns: (transfer full) (nullable): the certificate, or %NULL: none
 *
 * Since: 1.0
 */
GTlsCertificate *
ibb_client_dup_certificate (IBBClient *self)
{
  GTlsCertificate *certificate = NULL;

  g_return_val_if_fail (IBB_IS_CLIENT (self), NULL);

  g_object_get (self, "certificate", &certificate, NULL);
  return certificate;
}

/**
 * ibb_client_set_certificate: (set-property certificate)
 * @self: a client
 * @certificate: (nullable): a certificate with its private key, or %NULL: none
 *
 * Sets the certificate that the next login shows to the server; see
 * [property@IBB.Client:certificate].
 *
 * Since: 1.0
 */
void
ibb_client_set_certificate (IBBClient *self, GTlsCertificate *certificate)
{
  g_return_if_fail (IBB_IS_CLIENT (self));
  g_return_if_fail (certificate == NULL || G_IS_TLS_CERTIFICATE (certificate));

  if (ibb_account_set_certificate (get_account (self), certificate))
    g_object_notify (G_OBJECT (self), "certificate");
}

/**
 * ibb_client_get_send_presence: (get-property send-presence)
 * @self: a client
 *
 * Gets whether the next login sends presence; see
 * [property@IBB.Client:send-presence].
 *
 * Returns: whether it sends presence
 *
 * Since: 1.0
 */
gboolean
ibb_client_get_send_presence (IBBClient *self)
{
  gboolean send_presence = FALSE;

  g_return_val_if_fail (IBB_IS_CLIENT (self), FALSE);

  g_object_get (self, "send-presence", &send_presence, NULL);
  return send_presence;
}

/**
 * ibb_client_set_send_presence: (set-property send-presence)
 * @self: a client
 * @send_presence: whether to send presence
 *
 * Sets whether the next login sends presence; see
 * [property@IBB.Client:send-presence].
 *
 * Since: 1.0
 */
void
ibb_client_set_send_presence (IBBClient *self, gboolean send_presence)
{
  g_return_if_fail (IBB_IS_CLIENT (self));

  if (ibb_account_set_send_presence (get_account (self), send_presence))
    g_object_notify (G_OBJECT (self), "send-presence");
}

/**
 * ibb_client_get_priority: (get-property priority)
 * @self: a client
 *
 * Gets the priority of the presence that the next login sends; see
 * [property@IBB.Client:priority].
 *
 * Returns: from -128 to 127
 *
 * Since: 1.0
 */
int
ibb_client_get_priority (IBBClient *self)
{
  int priority = 0;

  g_return_val_if_fail (IBB_IS_CLIENT (self), 0);

  g_object_get (self, "priority", &priority, NULL);
  return priority;
}

/**
 * ibb_client_set_priority: (set-property priority)
 * @self: a client
 * @priority: from -128 to 127
 *
 * Sets the priority of the presence that the next login sends; see
 * [property@IBB.Client:priority].
 *
 * Since: 1.0
 */
void
ibb_client_set_priority (IBBClient *self, int priority)
{
  g_return_if_fail (IBB_IS_CLIENT (self));
  g_return_if_fail (priority >= -128 && priority <= 127);

  if (ibb_account_set_priority (get_account (self), priority))
    g_object_notify (G_OBJECT (self), "priority");
}

/**
 * ibb_client_get_resumable: (get-property resumable)
 * @self: a client
 *
 * Gets whether broken connections of the next login are resumed; see
 * [property@IBB.Client:resumable].
 *
 * Returns: whether a broken connection is resumed
 *
 * Since: 1.0
 */
gboolean
ibb_client_get_resumable (IBBClient *self)
{
  gboolean resumable = FALSE;

  g_return_val_if_fail (IBB_IS_CLIENT (self), FALSE);

  g_object_get (self, "resumable", &resumable, NULL);
  return resumable;
}

/**
 * ibb_client_set_resumable: (set-property resumable)
 * @self: a client
 * @resumable: whether a broken connection is resumed
 *
 * Sets whether broken connections of the next login are resumed; see
 * [property@IBB.Client:resumable].
 *
 * Since: 1.0
 */
void
ibb_client_set_resumable (IBBClient *self, gboolean resumable)
{
  g_return_if_fail (IBB_IS_CLIENT (self));

  if (ibb_account_set_resumable (get_account (self), resumable))
    g_object_notify (G_OBJECT (self), "resumable");
}

/**
 * ibb_client_dup_user_agent_id: (get-property user-agent-id)
 * @self: a client
 *
 * Gets what names this installation of the program to the server; see
 * [property@IBB.Client:user-agent-id].
 *
 * Returns: (transfer full) (nullable): the id
 *
 * Since: 1.0
 */
char *
ibb_client_dup_user_agent_id (IBBClient *self)
{
  char *user_agent_id = NULL;

  g_return_val_if_fail (IBB_IS_CLIENT (self), NULL);

  g_object_get (self, "user-agent-id", &user_agent_id, NULL);
  return user_agent_id;
}

/**
 * ibb_client_set_user_agent_id: (set-property user-agent-id)
 * @self: a client
 * @user_agent_id: (nullable): the id, or %NULL for none
 *
 * Sets what names this installation of the program to the server; see
 * [property@IBB.Client:user-agent-id].
 *
 * Since: 1.0
 */
void
ibb_client_set_user_agent_id (IBBClient *self, const char *user_agent_id)
{
  g_return_if_fail (IBB_IS_CLIENT (self));

  if (ibb_account_set_user_agent_id (get_account (self), user_agent_id))
    g_object_notify (G_OBJECT (self), "user-agent-id");
}

/**
 * ibb_client_dup_token: (get-property token)
 * @self: a client
 *
 * Gets the token that the next login uses; see [property@IBB.Client:token].
 *
 * Returns: (transfer full) (nullable): the token
 *
 * Since: 1.0
 */
IBBToken *
ibb_client_dup_token (IBBClient *self)
{
  IBBToken *token = NULL;

  g_return_val_if_fail (IBB_IS_CLIENT (self), NULL);

  g_object_get (self, "token", &token, NULL);
  return token;
}

/**
 * ibb_client_set_token: (set-property token)
 * @self: a client
 * @token: (nullable): the token, or %NULL for none
 *
 * Sets the token that the next login uses; see [property@IBB.Client:token].
 *
 * Since: 1.0
 */
void
ibb_client_set_token (IBBClient *self, IBBToken *token)
{
  g_return_if_fail (IBB_IS_CLIENT (self));

  if (ibb_account_set_token (get_account (self), token))
    g_object_notify (G_OBJECT (self), "token");
}

/**
 * ibb_client_get_auto_reconnect: (get-property auto-reconnect)
 * @self: a client
 *
 * Gets whether the client logs in again by itself; see
 * [property@IBB.Client:auto-reconnect].
 *
 * Returns: whether it logs in again by itself
 *
 * Since: 1.0
 */
gboolean
ibb_client_get_auto_reconnect (IBBClient *self)
{
  gboolean auto_reconnect = FALSE;

  g_return_val_if_fail (IBB_IS_CLIENT (self), FALSE);

  g_object_get (self, "auto-reconnect", &auto_reconnect, NULL);
  return auto_reconnect;
}

/**
 * ibb_client_set_auto_reconnect: (set-property auto-reconnect)
 * @self: a client
 * @auto_reconnect: whether to log in again without being asked
 *
 * Sets whether the client logs in again by itself; see
 * [property@IBB.Client:auto-reconnect]. A change counts at once.
 *
 * Since: 1.0
 */
void
ibb_client_set_auto_reconnect (IBBClient *self, gboolean auto_reconnect)
{
  g_return_if_fail (IBB_IS_CLIENT (self));

  if (ibb_link_set_auto_reconnect (ibb_client_get_link (self), auto_reconnect))
    g_object_notify (G_OBJECT (self), "auto-reconnect");
}

/**
 * ibb_client_get_keepalive_interval: (get-property keepalive-interval)
 * @self: a client
 *
 * Gets the interval of the keepalive, in milliseconds; see
 * [property@IBB.Client:keepalive-interval].
 *
 * Returns: milliseconds, 0 for never
 *
 * Since: 1.0
 */
guint
ibb_client_get_keepalive_interval (IBBClient *self)
{
  guint keepalive_interval = 0;

  g_return_val_if_fail (IBB_IS_CLIENT (self), 0);

  g_object_get (self, "keepalive-interval", &keepalive_interval, NULL);
  return keepalive_interval;
}

/**
 * ibb_client_set_keepalive_interval: (set-property keepalive-interval)
 * @self: a client
 * @keepalive_interval: milliseconds, 0 for never
 *
 * Sets the interval of the keepalive, in milliseconds; see
 * [property@IBB.Client:keepalive-interval].
 *
 * Since: 1.0
 */
void
ibb_client_set_keepalive_interval (IBBClient *self, guint keepalive_interval)
{
  g_return_if_fail (IBB_IS_CLIENT (self));
  g_return_if_fail (keepalive_interval <= G_MAXINT);

  if (ibb_keepalive_set_interval (get_keepalive (self), keepalive_interval))
    g_object_notify (G_OBJECT (self), "keepalive-interval");
}

/**
 * ibb_client_get_keepalive_timeout: (get-property keepalive-timeout)
 * @self: a client
 *
 * Gets how long the keepalive waits for a sign of life, in milliseconds; see
 * [property@IBB.Client:keepalive-timeout].
 *
 * Returns: milliseconds, 0 for never
 *
 * Since: 1.0
 */
guint
ibb_client_get_keepalive_timeout (IBBClient *self)
{
  guint keepalive_timeout = 0;

  g_return_val_if_fail (IBB_IS_CLIENT (self), 0);

  g_object_get (self, "keepalive-timeout", &keepalive_timeout, NULL);
  return keepalive_timeout;
}

/**
 * ibb_client_set_keepalive_timeout: (set-property keepalive-timeout)
 * @self: a client
 * @keepalive_timeout: milliseconds, 0 for never
 *
 * Sets how long the keepalive waits for a sign of life, in milliseconds; see
 * [property@IBB.Client:keepalive-timeout].
 *
 * Since: 1.0
 */
void
ibb_client_set_keepalive_timeout (IBBClient *self, guint keepalive_timeout)
{
  g_return_if_fail (IBB_IS_CLIENT (self));
  g_return_if_fail (keepalive_timeout <= G_MAXINT);

  if (ibb_keepalive_set_timeout (get_keepalive (self), keepalive_timeout))
    g_object_notify (G_OBJECT (self), "keepalive-timeout");
}

/**
 * ibb_client_get_state: (get-property state)
 * @self: a client
 *
 * Gets the state of the connection.
 *
 * Returns: the state
 *
 * Since: 1.0
 */
IBBClientState
ibb_client_get_state (IBBClient *self)
{
  IBBClientState state = IBB_CLIENT_STATE_OFFLINE;

  g_return_val_if_fail (IBB_IS_CLIENT (self), IBB_CLIENT_STATE_OFFLINE);

  g_object_get (self, "state", &state, NULL);
  return state;
}

/**
 * ibb_client_dup_disconnect_error: (get-property disconnect-error)
 * @self: a client
 *
 * Gets why the client is not online; see [property@IBB.Client:disconnect-error].
 *
 * Returns: (transfer full) (nullable): the error, or %NULL
 *
 * Since: 1.0
 */
GError *
ibb_client_dup_disconnect_error (IBBClient *self)
{
  GError *error = NULL;

  g_return_val_if_fail (IBB_IS_CLIENT (self), NULL);

  g_object_get (self, "disconnect-error", &error, NULL);
  return error;
}
