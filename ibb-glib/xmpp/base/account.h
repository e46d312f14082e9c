/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The settings of a client's logins. Any thread may change them; each login goes by a
 * copy that it takes when it begins.
 */

#pragma once

#include <gio/gio.h>

#include "xmpp/ibb-xmpp-token.h"
#include "xmpp/ibb-xmpp-types.h"
#include "xmpp/trust/ibb-xmpp-known-certificates.h"

#define IBB_ACCOUNT_DEFAULT_PRIORITY (-1)

typedef struct _IBBAccount IBBAccount;

typedef struct
{
  char                     *jid;      /* in a copy, "" if there is none */
  char                     *password; /* (nullable): in a copy, only for a login */
  char                     *host;     /* (nullable) */
  guint                     port;     /* 0: by SRV, or the usual one of host */
  IBBXmppTlsMode            tls_mode;
  IBBXmppWebsocketMode      websocket_mode;
  char                     *websocket_uri;  /* (nullable): to be discovered */
  GTlsDatabase             *tls_database;   /* (nullable) */
  GProxyResolver           *proxy_resolver; /* (nullable): NULL for the system's */
  IBBXmppPasswordPolicy     password_policy;
  GTlsCertificate          *certificate;        /* (nullable): for a server that asks for one */
  IBBXmppKnownCertificates *known_certificates; /* (nullable) */
  char                     *fingerprint;        /* (nullable): of the server's only certificate */
  gboolean                  keyring;            /* a missing password is looked up there */
  gboolean                  send_presence;
  int                       priority;
  gboolean                  resumable;
  char                     *user_agent_id; /* (nullable) */
  IBBXmppToken             *token;         /* (owned) (nullable) */
  IBBAccount               *account; /* (nullable): of which it is a copy; it outlives all logins */
  gboolean is_component;             /* jid is its domain, and password the secret (XEP-0114) */
} IBBAccountSettings;

void ibb_account_settings_clear (IBBAccountSettings *self);
/* The parts of the JID of an account, normalised. */
typedef struct
{
  char *bare_jid;
  char *node; /* (nullable) */
  char *domain;
  char *resource; /* (nullable) */
} IBBAccountParts;

void ibb_account_parts_clear (IBBAccountParts *self);
/* parts: cleared by the caller, also on an error. FALSE: the JID is not valid, which is
 * IBB_ERROR_JID_MALFORMED. */
gboolean
ibb_account_settings_split (const IBBAccountSettings *self, IBBAccountParts *parts, GError **error);

/* Whether there is nothing to log in with. */
gboolean ibb_account_settings_needs_password (const IBBAccountSettings *self);

/* Sets the host and the port to those that place names. Without a port the usual port is meant.
 * FALSE: it names no host. */
gboolean ibb_account_settings_set_place (IBBAccountSettings *settings, const char *place);

IBBAccount *ibb_account_new (void);
void        ibb_account_free (IBBAccount *self);
/* The application has dropped the client: its objects are dropped, in its thread, and no login
 * begins any more. */
void ibb_account_end (IBBAccount *self);
/* Call this once, before any other thread knows the account. */
void        ibb_account_set_jid (IBBAccount *self, const char *jid);
const char *ibb_account_get_jid (IBBAccount *self); /* (nullable) */
/* Makes it the account of a component: once, before any other thread knows it. */
void     ibb_account_set_component (IBBAccount *self);
gboolean ibb_account_is_component (IBBAccount *self);
/* Fills a copy, to be cleared by the caller. Only that for a login has the password, so that it is
 * nowhere else once the client is online. FALSE: it has ended, and nothing is filled. */
void     ibb_account_get (IBBAccount *self, IBBAccountSettings *settings);
gboolean ibb_account_get_for_login (IBBAccount *self, IBBAccountSettings *settings);

/* Takes the settings of other, which is no component, but for its JID, its token and its user
 * agent. Before any login of self. */
void ibb_account_copy (IBBAccount *self, IBBAccount *other);

/* Whether the server has refused the password that was asked for last. */
gboolean ibb_account_get_was_refused (IBBAccount *self);
void     ibb_account_set_was_refused (IBBAccount *self, gboolean was_refused);

/* The settings that the application changes, by type: setting is an IBB_ACCOUNT_SETTING, of a
 * number as wide as an int, a string or an object. A setter returns TRUE if the value was another
 * one. */
#define IBB_ACCOUNT_SETTING(field) G_STRUCT_OFFSET (IBBAccountSettings, field)
int           ibb_account_get_int (IBBAccount *self, gsize setting);
gboolean      ibb_account_set_int (IBBAccount *self, gsize setting, int value);
char         *ibb_account_dup_string (IBBAccount *self, gsize setting);
gboolean      ibb_account_set_string (IBBAccount *self, gsize setting, const char *string);
gpointer      ibb_account_dup_object (IBBAccount *self, gsize setting);
gboolean      ibb_account_set_object (IBBAccount *self, gsize setting, gpointer object);
IBBXmppToken *ibb_account_dup_token (IBBAccount *self);
gboolean      ibb_account_set_token (IBBAccount *self, IBBXmppToken *token);
/* Gives a login another token (nullable), and its account, too, unless the application has set
 * another one meanwhile. */
void ibb_account_settings_replace_token (IBBAccountSettings *settings, IBBXmppToken *token);
/* Call this once, before any login. func is called when a login has replaced the token. */
void ibb_account_set_token_replaced (IBBAccount *self, void (*func) (gpointer data), gpointer data);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (IBBAccountSettings, ibb_account_settings_clear)
