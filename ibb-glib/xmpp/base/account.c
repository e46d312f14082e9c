/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/base/account.h"

#include <string.h>

#include "base/intl.h"
#include "base/lock.h"
#include "core/base/jid.h"
#include "ibb-error.h"
#include "xmpp/base/domain.h"
#include "xmpp/base/secret.h"
#include "xmpp/ibb-xmpp-token-private.h"

struct _IBBAccount
{
  GMutex             lock;
  IBBAccountSettings settings;    /* protected by lock; jid and is_component: immutable */
  gboolean           is_over;     /* protected by lock */
  gint               was_refused; /* atomic */

  /* immutable once set */
  void (*token_replaced) (gpointer data); /* (nullable) */
  gpointer token_replaced_data;
};

void
ibb_account_settings_clear (IBBAccountSettings *self)
{
  g_clear_pointer (&self->jid, g_free);
  g_clear_pointer (&self->password, ibb_secret_free);
  g_clear_pointer (&self->host, g_free);
  g_clear_pointer (&self->websocket_uri, g_free);
  g_clear_pointer (&self->fingerprint, g_free);
  g_clear_pointer (&self->user_agent_id, g_free);
  g_clear_pointer (&self->token, ibb_xmpp_token_unref);
  g_clear_object (&self->tls_database);
  g_clear_object (&self->proxy_resolver);
  g_clear_object (&self->certificate);
  g_clear_object (&self->known_certificates);
}

void
ibb_account_parts_clear (IBBAccountParts *self)
{
  g_free (self->bare_jid);
  g_free (self->node);
  g_free (self->domain);
  g_free (self->resource);
}

static gboolean
split (const IBBAccountSettings *self, IBBAccountParts *parts)
{
  g_autofree char *jid = ibb_jid_normalize (self->jid);
  g_autofree char *ascii = NULL;
  const char      *at;

  if (jid == NULL || (self->is_component && strpbrk (jid, "@/") != NULL))
    return FALSE;

  parts->resource = g_strdup (ibb_jid_get_resource (jid));
  parts->domain = ibb_jid_dup_domain (jid);
  ascii = ibb_domain_to_ascii (parts->domain);
  if (ascii == NULL)
    return FALSE;

  parts->bare_jid = ibb_jid_dup_bare (jid);
  at = strchr (parts->bare_jid, '@');
  if (at != NULL)
    parts->node = g_strndup (parts->bare_jid, (gsize) (at - parts->bare_jid));

  return TRUE;
}

gboolean
ibb_account_settings_split (const IBBAccountSettings *self, IBBAccountParts *parts, GError **error)
{
  if (!split (self, parts))
    {
      g_autofree char *valid = g_utf8_make_valid (self->jid, -1);

      g_set_error (error, IBB_ERROR, IBB_ERROR_JID_MALFORMED,
                   _ ("“%s” is not a valid XMPP address"), valid);
      return FALSE;
    }

  /* Without a password, the JID of a server logs in anonymously. */
  if (!self->is_component && parts->node == NULL && self->password != NULL)
    {
      g_set_error (error, IBB_ERROR, IBB_ERROR_JID_MALFORMED,
                   _ ("“%s” is the address of a server; an account has one such as “user@%s”"),
                   parts->domain, parts->domain);
      return FALSE;
    }

  return TRUE;
}

gboolean
ibb_account_settings_needs_password (const IBBAccountSettings *self)
{
  return !self->is_component && self->password == NULL && self->certificate == NULL &&
         self->token == NULL;
}

gboolean
ibb_account_settings_set_place (IBBAccountSettings *settings, const char *place)
{
  g_autoptr (GSocketConnectable) connectable = g_network_address_parse (place, 0, NULL);
  const char                    *host = NULL;

  if (connectable != NULL)
    host = g_network_address_get_hostname (G_NETWORK_ADDRESS (connectable));
  if (host == NULL || *host == '\0')
    return FALSE;

  g_free (settings->host);
  settings->host = g_strdup (host);
  settings->port = g_network_address_get_port (G_NETWORK_ADDRESS (connectable));
  return TRUE;
}

IBBAccount *
ibb_account_new (void)
{
  IBBAccount *self = g_new0 (IBBAccount, 1);

  g_mutex_init (&self->lock);
  self->settings.send_presence = TRUE;
  self->settings.priority = IBB_ACCOUNT_DEFAULT_PRIORITY;
  self->settings.resumable = TRUE;

  return self;
}

void
ibb_account_free (IBBAccount *self)
{
  ibb_account_settings_clear (&self->settings);
  g_mutex_clear (&self->lock);
  g_free (self);
}

void
ibb_account_set_jid (IBBAccount *self, const char *jid)
{
  self->settings.jid = g_strdup (jid);
}

const char *
ibb_account_get_jid (IBBAccount *self)
{
  return self->settings.jid;
}

void
ibb_account_set_component (IBBAccount *self)
{
  self->settings.is_component = TRUE;
  self->settings.tls_mode = IBB_XMPP_TLS_MODE_NONE;
  self->settings.send_presence = FALSE;
  self->settings.resumable = FALSE;
}

gboolean
ibb_account_is_component (IBBAccount *self)
{
  return self->settings.is_component;
}

gboolean
ibb_account_get_was_refused (IBBAccount *self)
{
  return g_atomic_int_get (&self->was_refused);
}

void
ibb_account_set_was_refused (IBBAccount *self, gboolean was_refused)
{
  g_atomic_int_set (&self->was_refused, was_refused);
}

static void
copy_locked (IBBAccount *self, IBBAccountSettings *settings)
{
  *settings = self->settings;
  settings->jid = g_strdup (self->settings.jid != NULL ? self->settings.jid : "");
  settings->password = NULL;
  settings->host = g_strdup (self->settings.host);
  settings->websocket_uri = g_strdup (self->settings.websocket_uri);
  settings->fingerprint = g_strdup (self->settings.fingerprint);
  settings->account = self;
  settings->token = self->settings.token != NULL ? ibb_xmpp_token_ref (self->settings.token) : NULL;
  settings->user_agent_id = g_strdup (self->settings.user_agent_id);
  if (settings->tls_database != NULL)
    g_object_ref (settings->tls_database);
  if (settings->proxy_resolver != NULL)
    g_object_ref (settings->proxy_resolver);
  if (settings->certificate != NULL)
    g_object_ref (settings->certificate);
  if (settings->known_certificates != NULL)
    g_object_ref (settings->known_certificates);
}

void
ibb_account_get (IBBAccount *self, IBBAccountSettings *settings)
{
  g_mutex_lock (&self->lock);
  copy_locked (self, settings);
  g_mutex_unlock (&self->lock);
}

gboolean
ibb_account_get_for_login (IBBAccount *self, IBBAccountSettings *settings)
{
  gboolean is_over;

  g_mutex_lock (&self->lock);
  is_over = self->is_over;
  if (!is_over)
    {
      copy_locked (self, settings);
      settings->password = g_strdup (self->settings.password);
    }
  g_mutex_unlock (&self->lock);
  return !is_over;
}

void
ibb_account_copy (IBBAccount *self, IBBAccount *other)
{
  IBBAccountSettings settings;
  IBBAccountSettings old;

  g_mutex_lock (&other->lock);
  copy_locked (other, &settings);
  settings.password = g_strdup (other->settings.password);
  g_mutex_unlock (&other->lock);
  g_clear_pointer (&settings.token, ibb_xmpp_token_unref);
  g_clear_pointer (&settings.user_agent_id, g_free);
  settings.account = NULL;

  g_mutex_lock (&self->lock);
  old = self->settings;
  self->settings = settings;
  self->settings.jid = g_steal_pointer (&old.jid);
  old.jid = g_steal_pointer (&settings.jid);
  g_mutex_unlock (&self->lock);
  ibb_account_settings_clear (&old);
}

char *
ibb_account_dup_string (IBBAccount *self, gsize setting)
{
  IBB_AUTO_LOCK (&self->lock);

  return g_strdup (G_STRUCT_MEMBER (char *, &self->settings, setting));
}

/* value: the new one, and then the old one, which the caller frees: without the lock, as dropping
 * the last reference to an object may call the application. */
static gboolean
swap (IBBAccount *self, gsize setting, gpointer *value, GEqualFunc equal)
{
  IBB_AUTO_LOCK (&self->lock);
  gpointer *field = G_STRUCT_MEMBER_P (&self->settings, setting);
  gpointer  old;
  gboolean  changed;

  old = *field;
  changed = !equal (old, *value);
  if (changed)
    {
      *field = *value;
      *value = old;
    }
  return changed;
}

static gboolean
equal_strings (gconstpointer a, gconstpointer b)
{
  return g_strcmp0 (a, b) == 0;
}

gboolean
ibb_account_set_string (IBBAccount *self, gsize setting, const char *string)
{
  gpointer value = g_strdup (string);
  gboolean changed = swap (self, setting, &value, equal_strings);

  ibb_secret_free (value);
  return changed;
}

int
ibb_account_get_int (IBBAccount *self, gsize setting)
{
  IBB_AUTO_LOCK (&self->lock);

  return G_STRUCT_MEMBER (int, &self->settings, setting);
}

gboolean
ibb_account_set_int (IBBAccount *self, gsize setting, int value)
{
  IBB_AUTO_LOCK (&self->lock);
  int     *field = G_STRUCT_MEMBER_P (&self->settings, setting);
  gboolean changed = *field != value;

  *field = value;
  return changed;
}

gpointer
ibb_account_dup_object (IBBAccount *self, gsize setting)
{
  IBB_AUTO_LOCK (&self->lock);
  gpointer value = NULL;

  g_set_object ((GObject **) &value, G_STRUCT_MEMBER (GObject *, &self->settings, setting));
  return value;
}

gboolean
ibb_account_set_object (IBBAccount *self, gsize setting, gpointer object)
{
  gpointer value = object != NULL ? g_object_ref (object) : NULL;
  gboolean changed = swap (self, setting, &value, g_direct_equal);

  g_clear_object (&value);
  return changed;
}

IBBXmppToken *
ibb_account_dup_token (IBBAccount *self)
{
  IBB_AUTO_LOCK (&self->lock);
  IBBXmppToken *token = NULL;

  if (self->settings.token != NULL)
    token = ibb_xmpp_token_ref (self->settings.token);
  return token;
}

static gboolean
swap_token (IBBAccount *self, IBBXmppToken **token)
{
  IBBXmppToken *old = self->settings.token;

  if (ibb_xmpp_token_equal (old, *token))
    return FALSE;

  self->settings.token = *token;
  *token = old;
  return TRUE;
}

gboolean
ibb_account_set_token (IBBAccount *self, IBBXmppToken *token)
{
  IBBXmppToken *value = token != NULL ? ibb_xmpp_token_ref (token) : NULL;
  gboolean      changed;

  g_mutex_lock (&self->lock);
  changed = swap_token (self, &value);
  g_mutex_unlock (&self->lock);

  g_clear_pointer (&value, ibb_xmpp_token_unref);
  return changed;
}

/* Compares the tokens by value, as the application may have set a copy of the token that the login
 * uses. */
static void
replace_token (IBBAccount *self, IBBXmppToken *old, IBBXmppToken *token)
{
  IBBXmppToken *value = token != NULL ? ibb_xmpp_token_ref (token) : NULL;
  gboolean      changed;

  g_mutex_lock (&self->lock);
  changed = ibb_xmpp_token_is_same (self->settings.token, old) && swap_token (self, &value);
  g_mutex_unlock (&self->lock);

  g_clear_pointer (&value, ibb_xmpp_token_unref);
  if (changed && self->token_replaced != NULL)
    self->token_replaced (self->token_replaced_data);
}

void
ibb_account_settings_replace_token (IBBAccountSettings *settings, IBBXmppToken *token)
{
  IBBXmppToken *old = g_steal_pointer (&settings->token);

  if (settings->account != NULL)
    replace_token (settings->account, old, token);
  g_clear_pointer (&old, ibb_xmpp_token_unref);
  settings->token = token != NULL ? ibb_xmpp_token_ref (token) : NULL;
}

void
ibb_account_set_token_replaced (IBBAccount *self, void (*func) (gpointer data), gpointer data)
{
  self->token_replaced = func;
  self->token_replaced_data = data;
}

void
ibb_account_end (IBBAccount *self)
{
  g_autoptr (GTlsDatabase)             tls_database = NULL;
  g_autoptr (GProxyResolver)           proxy_resolver = NULL;
  g_autoptr (GTlsCertificate)          certificate = NULL;
  g_autoptr (IBBXmppKnownCertificates) known_certificates = NULL;

  g_mutex_lock (&self->lock);
  self->is_over = TRUE;
  tls_database = g_steal_pointer (&self->settings.tls_database);
  proxy_resolver = g_steal_pointer (&self->settings.proxy_resolver);
  certificate = g_steal_pointer (&self->settings.certificate);
  known_certificates = g_steal_pointer (&self->settings.known_certificates);
  g_mutex_unlock (&self->lock);
}
