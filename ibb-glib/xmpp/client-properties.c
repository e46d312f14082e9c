/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The accessors of IBBClient's properties: of any thread, hence the lock. */

#include "config.h"

#include "xmpp/client-private.h"

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

  return self->jid;
}

/* For the setters: changed tells what the caller did under the lock. */
static void
unlock_and_notify (IBBClient *self, gboolean changed, const char *property)
{
  g_mutex_unlock (&self->lock);
  if (changed)
    g_object_notify (G_OBJECT (self), property);
}

static gboolean
replace_string (char **field, const char *value)
{
  char *copy;

  if (g_strcmp0 (*field, value) == 0)
    return FALSE;

  copy = g_strdup (value);
  g_free (*field);
  *field = copy;
  return TRUE;
}

/**
 * ibb_client_set_password: (set-property password)
 * @self: a client
 * @password: (nullable): the password, or %NULL for none
 *
 * Sets what the next login uses.
 *
 * Since: 1.0
 */
void
ibb_client_set_password (IBBClient *self, const char *password)
{
  gboolean changed;

  g_return_if_fail (IBB_IS_CLIENT (self));

  g_mutex_lock (&self->lock);
  changed = replace_string (&self->password, password);
  unlock_and_notify (self, changed, "password");
}

/**
 * ibb_client_get_host: (get-property host)
 * @self: a client
 *
 * Gets what the next login uses; see [property@IBB.Client:host].
 *
 * Returns: (nullable): the host, or %NULL: the one that DNS names for the domain
 *
 * Since: 1.0
 */
const char *
ibb_client_get_host (IBBClient *self)
{
  const char *host;

  g_return_val_if_fail (IBB_IS_CLIENT (self), NULL);

  g_mutex_lock (&self->lock);
  host = self->host;
  g_mutex_unlock (&self->lock);

  return host;
}

/**
 * ibb_client_set_host: (set-property host)
 * @self: a client
 * @host: (nullable): the host, or %NULL: the one that DNS names for the domain
 *
 * Sets what the next login uses; see [property@IBB.Client:host].
 *
 * Since: 1.0
 */
void
ibb_client_set_host (IBBClient *self, const char *host)
{
  gboolean changed;

  g_return_if_fail (IBB_IS_CLIENT (self));

  g_mutex_lock (&self->lock);
  changed = replace_string (&self->host, host);
  unlock_and_notify (self, changed, "host");
}

/**
 * ibb_client_get_port: (get-property port)
 * @self: a client
 *
 * Gets what the next login uses; see [property@IBB.Client:port].
 *
 * Returns: the port, or 0: see [property@IBB.Client:port]
 *
 * Since: 1.0
 */
guint
ibb_client_get_port (IBBClient *self)
{
  guint port;

  g_return_val_if_fail (IBB_IS_CLIENT (self), 0);

  g_mutex_lock (&self->lock);
  port = self->port;
  g_mutex_unlock (&self->lock);

  return port;
}

/**
 * ibb_client_set_port: (set-property port)
 * @self: a client
 * @port: the port, or 0: see [property@IBB.Client:port]
 *
 * Sets what the next login uses; see [property@IBB.Client:port].
 *
 * Since: 1.0
 */
void
ibb_client_set_port (IBBClient *self, guint port)
{
  gboolean changed;

  g_return_if_fail (IBB_IS_CLIENT (self));
  g_return_if_fail (port <= G_MAXUINT16);

  g_mutex_lock (&self->lock);
  changed = self->port != port;
  self->port = port;
  unlock_and_notify (self, changed, "port");
}

/**
 * ibb_client_get_tls_mode: (get-property tls-mode)
 * @self: a client
 *
 * Gets what the next login uses; see [property@IBB.Client:tls-mode].
 *
 * Returns: how to encrypt
 *
 * Since: 1.0
 */
IBBTlsMode
ibb_client_get_tls_mode (IBBClient *self)
{
  IBBTlsMode tls_mode;

  g_return_val_if_fail (IBB_IS_CLIENT (self), IBB_TLS_MODE_STARTTLS);

  g_mutex_lock (&self->lock);
  tls_mode = self->tls_mode;
  g_mutex_unlock (&self->lock);

  return tls_mode;
}

/**
 * ibb_client_set_tls_mode: (set-property tls-mode)
 * @self: a client
 * @tls_mode: how to encrypt
 *
 * Sets what the next login uses; see [property@IBB.Client:tls-mode].
 *
 * Since: 1.0
 */
void
ibb_client_set_tls_mode (IBBClient *self, IBBTlsMode tls_mode)
{
  gboolean changed;

  g_return_if_fail (IBB_IS_CLIENT (self));

  g_mutex_lock (&self->lock);
  changed = self->tls_mode != tls_mode;
  self->tls_mode = tls_mode;
  unlock_and_notify (self, changed, "tls-mode");
}

/**
 * ibb_client_get_tls_database: (get-property tls-database)
 * @self: a client
 *
 * Gets what the next login uses; see [property@IBB.Client:tls-database].
 *
 * Returns: (transfer none) (nullable): the trusted authorities, or %NULL: the system's
 *
 * Since: 1.0
 */
GTlsDatabase *
ibb_client_get_tls_database (IBBClient *self)
{
  GTlsDatabase *tls_database;

  g_return_val_if_fail (IBB_IS_CLIENT (self), NULL);

  g_mutex_lock (&self->lock);
  tls_database = self->tls_database;
  g_mutex_unlock (&self->lock);

  return tls_database;
}

/**
 * ibb_client_set_tls_database: (set-property tls-database)
 * @self: a client
 * @tls_database: (nullable): the trusted authorities, or %NULL: the system's
 *
 * Sets what the next login uses; see [property@IBB.Client:tls-database].
 *
 * Since: 1.0
 */
void
ibb_client_set_tls_database (IBBClient *self, GTlsDatabase *tls_database)
{
  gboolean      changed;
  GTlsDatabase *old = NULL;

  g_return_if_fail (IBB_IS_CLIENT (self));
  g_return_if_fail (tls_database == NULL || G_IS_TLS_DATABASE (tls_database));

  g_mutex_lock (&self->lock);
  changed = self->tls_database != tls_database;
  if (changed)
    {
      old = self->tls_database;
      self->tls_database = tls_database != NULL ? g_object_ref (tls_database) : NULL;
    }
  unlock_and_notify (self, changed, "tls-database");
  g_clear_object (&old);
}

/**
 * ibb_client_get_allow_plain_text: (get-property allow-plain-text)
 * @self: a client
 *
 * Gets what the next login uses; see [property@IBB.Client:allow-plain-text].
 *
 * Returns: whether a readable password may be sent without TLS
 *
 * Since: 1.0
 */
gboolean
ibb_client_get_allow_plain_text (IBBClient *self)
{
  gboolean allow_plain_text;

  g_return_val_if_fail (IBB_IS_CLIENT (self), FALSE);

  g_mutex_lock (&self->lock);
  allow_plain_text = self->allow_plain_text;
  g_mutex_unlock (&self->lock);

  return allow_plain_text;
}

/**
 * ibb_client_set_allow_plain_text: (set-property allow-plain-text)
 * @self: a client
 * @allow_plain_text: whether a readable password may be sent without TLS
 *
 * Sets what the next login uses; see [property@IBB.Client:allow-plain-text].
 *
 * Since: 1.0
 */
void
ibb_client_set_allow_plain_text (IBBClient *self, gboolean allow_plain_text)
{
  gboolean changed;

  g_return_if_fail (IBB_IS_CLIENT (self));

  allow_plain_text = !!allow_plain_text;
  g_mutex_lock (&self->lock);
  changed = self->allow_plain_text != allow_plain_text;
  self->allow_plain_text = allow_plain_text;
  unlock_and_notify (self, changed, "allow-plain-text");
}

/**
 * ibb_client_get_priority: (get-property priority)
 * @self: a client
 *
 * Gets what the next login uses; see [property@IBB.Client:priority].
 *
 * Returns: from -128 to 127
 *
 * Since: 1.0
 */
int
ibb_client_get_priority (IBBClient *self)
{
  int priority;

  g_return_val_if_fail (IBB_IS_CLIENT (self), 0);

  g_mutex_lock (&self->lock);
  priority = self->priority;
  g_mutex_unlock (&self->lock);

  return priority;
}

/**
 * ibb_client_set_priority: (set-property priority)
 * @self: a client
 * @priority: from -128 to 127
 *
 * Sets what the next login uses; see [property@IBB.Client:priority].
 *
 * Since: 1.0
 */
void
ibb_client_set_priority (IBBClient *self, int priority)
{
  gboolean changed;

  g_return_if_fail (IBB_IS_CLIENT (self));
  g_return_if_fail (priority >= -128 && priority <= 127);

  g_mutex_lock (&self->lock);
  changed = self->priority != priority;
  self->priority = priority;
  unlock_and_notify (self, changed, "priority");
}

/**
 * ibb_client_get_resumable: (get-property resumable)
 * @self: a client
 *
 * Gets what the next login uses; see [property@IBB.Client:resumable].
 *
 * Returns: whether a broken connection is resumed
 *
 * Since: 1.0
 */
gboolean
ibb_client_get_resumable (IBBClient *self)
{
  gboolean resumable;

  g_return_val_if_fail (IBB_IS_CLIENT (self), FALSE);

  g_mutex_lock (&self->lock);
  resumable = self->resumable;
  g_mutex_unlock (&self->lock);

  return resumable;
}

/**
 * ibb_client_set_resumable: (set-property resumable)
 * @self: a client
 * @resumable: whether a broken connection is resumed
 *
 * Sets what the next login uses; see [property@IBB.Client:resumable].
 *
 * Since: 1.0
 */
void
ibb_client_set_resumable (IBBClient *self, gboolean resumable)
{
  gboolean changed;

  g_return_if_fail (IBB_IS_CLIENT (self));

  resumable = !!resumable;
  g_mutex_lock (&self->lock);
  changed = self->resumable != resumable;
  self->resumable = resumable;
  unlock_and_notify (self, changed, "resumable");
}

/**
 * ibb_client_get_keepalive_interval: (get-property keepalive-interval)
 * @self: a client
 *
 * Gets what the next login uses; see [property@IBB.Client:keepalive-interval].
 *
 * Returns: milliseconds, 0 for never
 *
 * Since: 1.0
 */
guint
ibb_client_get_keepalive_interval (IBBClient *self)
{
  guint keepalive_interval;

  g_return_val_if_fail (IBB_IS_CLIENT (self), 0);

  g_mutex_lock (&self->lock);
  keepalive_interval = self->keepalive_interval;
  g_mutex_unlock (&self->lock);

  return keepalive_interval;
}

/**
 * ibb_client_set_keepalive_interval: (set-property keepalive-interval)
 * @self: a client
 * @keepalive_interval: milliseconds, 0 for never
 *
 * Sets what the next login uses; see [property@IBB.Client:keepalive-interval].
 *
 * Since: 1.0
 */
void
ibb_client_set_keepalive_interval (IBBClient *self, guint keepalive_interval)
{
  gboolean changed;

  g_return_if_fail (IBB_IS_CLIENT (self));
  g_return_if_fail (keepalive_interval <= G_MAXINT);

  g_mutex_lock (&self->lock);
  changed = self->keepalive_interval != keepalive_interval;
  self->keepalive_interval = keepalive_interval;
  unlock_and_notify (self, changed, "keepalive-interval");
}

/**
 * ibb_client_get_state: (get-property state)
 * @self: a client
 *
 * Gets where the client stands.
 *
 * Returns: the state
 *
 * Since: 1.0
 */
IBBClientState
ibb_client_get_state (IBBClient *self)
{
  IBBClientState state;

  g_return_val_if_fail (IBB_IS_CLIENT (self), IBB_CLIENT_STATE_OFFLINE);

  g_mutex_lock (&self->lock);
  state = self->state;
  g_mutex_unlock (&self->lock);

  return state;
}
