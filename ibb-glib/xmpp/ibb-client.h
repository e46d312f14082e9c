/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(IBB_GLIB_INSIDE) && !defined(IBB_GLIB_COMPILATION)
#error "Only <ibb-glib/ibb-glib.h> can be included directly."
#endif

#include <gio/gio.h>

#include <ibb-glib/ibb-types.h>
#include <ibb-glib/ibb-version.h>
#include <ibb-glib/trust/ibb-known-certificates.h>
#include <ibb-glib/xmpp/ibb-token.h>
#include <ibb-glib/xmpp/ibb-worker.h>
#include <ibb-glib/xmpp/ibb-xmpp-connection.h>

G_BEGIN_DECLS

#define IBB_TYPE_CLIENT (ibb_client_get_type ())

IBB_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (IBBClient, ibb_client, IBB, CLIENT, IBBXmppConnection)

IBB_AVAILABLE_IN_1_0
IBBClient *ibb_client_new (const char *jid);

IBB_AVAILABLE_IN_1_0
IBBClient *ibb_client_new_with_worker (const char *jid, IBBWorker *worker);

IBB_AVAILABLE_IN_1_0
IBBClient *ibb_client_new_like (IBBClient *other, const char *jid);

IBB_AVAILABLE_IN_1_0
IBBClient *ibb_client_new_from_account (const char *name, const char *resource, GError **error);

IBB_AVAILABLE_IN_1_0
char **ibb_client_list_accounts (GError **error);

IBB_AVAILABLE_IN_1_0
const char *ibb_client_get_jid (IBBClient *self);

IBB_AVAILABLE_IN_1_0
void ibb_client_set_password (IBBClient *self, const char *password);

IBB_AVAILABLE_IN_1_0
gboolean ibb_client_load_password (IBBClient *self, const char *path, GError **error);

IBB_AVAILABLE_IN_1_0
gboolean ibb_client_load_certificate (IBBClient  *self,
                                      const char *path,
                                      const char *key_path,
                                      GError    **error);

IBB_AVAILABLE_IN_1_0
gboolean ibb_client_load_authorities (IBBClient *self, const char *path, GError **error);

IBB_AVAILABLE_IN_1_0
IBBTlsMode ibb_client_get_tls_mode (IBBClient *self);

IBB_AVAILABLE_IN_1_0
void ibb_client_set_tls_mode (IBBClient *self, IBBTlsMode tls_mode);

IBB_AVAILABLE_IN_1_0
GProxyResolver *ibb_client_dup_proxy_resolver (IBBClient *self);

IBB_AVAILABLE_IN_1_0
void ibb_client_set_proxy_resolver (IBBClient *self, GProxyResolver *proxy_resolver);

IBB_AVAILABLE_IN_1_0
IBBWebsocketMode ibb_client_get_websocket_mode (IBBClient *self);

IBB_AVAILABLE_IN_1_0
void ibb_client_set_websocket_mode (IBBClient *self, IBBWebsocketMode websocket_mode);

IBB_AVAILABLE_IN_1_0
char *ibb_client_dup_websocket_uri (IBBClient *self);

IBB_AVAILABLE_IN_1_0
void ibb_client_set_websocket_uri (IBBClient *self, const char *websocket_uri);

IBB_AVAILABLE_IN_1_0
GTlsDatabase *ibb_client_dup_tls_database (IBBClient *self);

IBB_AVAILABLE_IN_1_0
void ibb_client_set_tls_database (IBBClient *self, GTlsDatabase *tls_database);

IBB_AVAILABLE_IN_1_0
IBBPasswordPolicy ibb_client_get_password_policy (IBBClient *self);

IBB_AVAILABLE_IN_1_0
void ibb_client_set_password_policy (IBBClient *self, IBBPasswordPolicy password_policy);

IBB_AVAILABLE_IN_1_0
GTlsCertificate *ibb_client_dup_certificate (IBBClient *self);

IBB_AVAILABLE_IN_1_0
void ibb_client_set_certificate (IBBClient *self, GTlsCertificate *certificate);

IBB_AVAILABLE_IN_1_0
IBBKnownCertificates *ibb_client_dup_known_certificates (IBBClient *self);

IBB_AVAILABLE_IN_1_0
void ibb_client_set_known_certificates (IBBClient *self, IBBKnownCertificates *known_certificates);

IBB_AVAILABLE_IN_1_0
char *ibb_client_dup_fingerprint (IBBClient *self);

IBB_AVAILABLE_IN_1_0
void ibb_client_set_fingerprint (IBBClient *self, const char *fingerprint);

IBB_AVAILABLE_IN_1_0
gboolean ibb_client_get_keyring (IBBClient *self);

IBB_AVAILABLE_IN_1_0
void ibb_client_set_keyring (IBBClient *self, gboolean keyring);

IBB_AVAILABLE_IN_1_0
gboolean ibb_client_get_send_presence (IBBClient *self);

IBB_AVAILABLE_IN_1_0
void ibb_client_set_send_presence (IBBClient *self, gboolean send_presence);

IBB_AVAILABLE_IN_1_0
int ibb_client_get_priority (IBBClient *self);

IBB_AVAILABLE_IN_1_0
void ibb_client_set_priority (IBBClient *self, int priority);

IBB_AVAILABLE_IN_1_0
gboolean ibb_client_get_resumable (IBBClient *self);

IBB_AVAILABLE_IN_1_0
void ibb_client_set_resumable (IBBClient *self, gboolean resumable);

IBB_AVAILABLE_IN_1_0
char *ibb_client_dup_user_agent_id (IBBClient *self);

IBB_AVAILABLE_IN_1_0
void ibb_client_set_user_agent_id (IBBClient *self, const char *user_agent_id);

IBB_AVAILABLE_IN_1_0
IBBToken *ibb_client_dup_token (IBBClient *self);

IBB_AVAILABLE_IN_1_0
void ibb_client_set_token (IBBClient *self, IBBToken *token);

IBB_AVAILABLE_IN_1_0
char *ibb_client_dup_mechanism (IBBClient *self);

IBB_AVAILABLE_IN_1_0
GTlsCertificate *ibb_client_dup_peer_certificate (IBBClient *self);

IBB_AVAILABLE_IN_1_0
char **ibb_client_dup_resources (IBBClient *self, const char *contact);

G_END_DECLS
