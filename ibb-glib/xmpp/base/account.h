/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The settings of a client's logins. Any thread may change them; each login goes by a
 * copy that it takes when it begins.
 */

#pragma once

#include <gio/gio.h>

#include "ibb-types.h"
#include "xmpp/ibb-token.h"

G_BEGIN_DECLS

#define IBB_ACCOUNT_DEFAULT_PRIORITY (-1)

typedef struct _IBBAccount IBBAccount;

typedef struct
{
  char            *jid;      /* in a copy, "" if there is none */
  char            *password; /* (nullable): in a copy, only for a login */
  char            *host;     /* (nullable) */
  guint            port;     /* 0: by SRV, or the usual one of host */
  IBBTlsMode       tls_mode;
  IBBWebsocketMode websocket_mode;
  char            *websocket_uri;  /* (nullable): to be discovered */
  GTlsDatabase    *tls_database;   /* (nullable) */
  GProxyResolver  *proxy_resolver; /* (nullable): that of the system */
  gboolean         allow_plain_text;
  gboolean         forbid_plain;
  GTlsCertificate *certificate; /* (nullable): for a server that asks for one */
  gboolean         send_presence;
  int              priority;
  gboolean         resumable;
  char            *user_agent_id; /* (nullable) */
  IBBToken        *token;         /* (owned) (nullable) */
  IBBAccount      *account;       /* (nullable): of which it is a copy; it outlives all logins */
  gboolean         is_component;  /* jid is its domain, and password the secret (XEP-0114) */
} IBBAccountSettings;

void ibb_account_settings_clear (IBBAccountSettings *self);
/* The parts of its JID, normalised; node and resource may be NULL. FALSE: it is not valid, which
 * is IBB_ERROR_JID_MALFORMED. */
gboolean ibb_account_settings_split (const IBBAccountSettings *self,
                                     char                    **bare_jid,
                                     char                    **node,
                                     char                    **domain,
                                     char                    **resource,
                                     GError                  **error);

IBBAccount *ibb_account_new (void);
void        ibb_account_free (IBBAccount *self);
/* The application has dropped the client: its objects are dropped, in its thread, and no login
 * begins any more. */
void ibb_account_end (IBBAccount *self);
/* Call this once, before any other thread knows the account. */
void        ibb_account_set_jid (IBBAccount *self, const char *jid);
const char *ibb_account_get_jid (IBBAccount *self); /* (nullable) */
/* Makes it the account of a component: once, before any other thread knows it. */
void     ibb_account_set_component (IBBAccount *self, const char *host, guint port);
gboolean ibb_account_is_component (IBBAccount *self);
/* Fills a copy, to be cleared by the caller. Only that for a login has the password, so that it is
 * nowhere else once the client is online. FALSE: it has ended, and nothing is filled. */
void     ibb_account_get (IBBAccount *self, IBBAccountSettings *settings);
gboolean ibb_account_get_for_login (IBBAccount *self, IBBAccountSettings *settings);

/* TRUE: it was another one before. */
gboolean ibb_account_set_password (IBBAccount *self, const char *password);
gboolean ibb_account_set_host (IBBAccount *self, const char *host);
gboolean ibb_account_set_port (IBBAccount *self, guint port);
gboolean ibb_account_set_tls_mode (IBBAccount *self, IBBTlsMode tls_mode);
gboolean ibb_account_set_websocket_mode (IBBAccount *self, IBBWebsocketMode websocket_mode);
gboolean ibb_account_set_websocket_uri (IBBAccount *self, const char *websocket_uri);
gboolean ibb_account_set_tls_database (IBBAccount *self, GTlsDatabase *tls_database);
gboolean ibb_account_set_proxy_resolver (IBBAccount *self, GProxyResolver *proxy_resolver);
gboolean ibb_account_set_allow_plain_text (IBBAccount *self, gboolean allow_plain_text);
gboolean ibb_account_set_forbid_plain (IBBAccount *self, gboolean forbid_plain);
gboolean ibb_account_set_certificate (IBBAccount *self, GTlsCertificate *certificate);
gboolean ibb_account_set_send_presence (IBBAccount *self, gboolean send_presence);
gboolean ibb_account_set_priority (IBBAccount *self, int priority);
gboolean ibb_account_set_resumable (IBBAccount *self, gboolean resumable);
gboolean ibb_account_set_user_agent_id (IBBAccount *self, const char *user_agent_id);
gboolean ibb_account_set_token (IBBAccount *self, IBBToken *token);
/* By a login: unless the application has set another one meanwhile. Both are (nullable). The
 * same one, made once more of what the application has kept, is no other one. */
void ibb_account_replace_token (IBBAccount *self, IBBToken *old, IBBToken *token);
/* Call this once, before any login. func is called when a login has replaced the token. */
void ibb_account_set_token_replaced (IBBAccount *self, void (*func) (gpointer data), gpointer data);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (IBBAccountSettings, ibb_account_settings_clear)

G_END_DECLS
