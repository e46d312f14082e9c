/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(IBB_XMPP_INSIDE) && !defined(IBB_GLIB_COMPILATION)
#error "Only <ibb-glib/xmpp/ibb-xmpp.h> can be included directly."
#endif

#include <gio/gio.h>

#include <ibb-glib/ibb-glib.h>
#include <ibb-glib/xmpp/ibb-xmpp-entity.h>
#include <ibb-glib/xmpp/ibb-xmpp-token.h>
#include <ibb-glib/xmpp/ibb-xmpp-types.h>
#include <ibb-glib/xmpp/ibb-xmpp-worker.h>
#include <ibb-glib/xmpp/trust/ibb-xmpp-known-certificates.h>

G_BEGIN_DECLS

#define IBB_XMPP_TYPE_CLIENT (ibb_xmpp_client_get_type ())

IBB_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (IBBXmppClient, ibb_xmpp_client, IBB_XMPP, CLIENT, IBBXmppEntity)

IBB_AVAILABLE_IN_1_0
IBBXmppClient *ibb_xmpp_client_new (const char *jid);

IBB_AVAILABLE_IN_1_0
IBBXmppClient *ibb_xmpp_client_new_with_worker (const char *jid, IBBXmppWorker *worker);

IBB_AVAILABLE_IN_1_0
IBBXmppClient *ibb_xmpp_client_new_like (IBBXmppClient *other, const char *jid);

IBB_AVAILABLE_IN_1_0
IBBXmppClient *
ibb_xmpp_client_new_from_account (const char *name, const char *resource, GError **error);

IBB_AVAILABLE_IN_1_0
char **ibb_xmpp_client_list_accounts (GError **error);

IBB_AVAILABLE_IN_1_1
gboolean ibb_xmpp_client_parse_setting (IBBXmppClient *self, const char *key, const char *text);

IBB_AVAILABLE_IN_1_0
void ibb_xmpp_client_login_async (IBBXmppClient      *self,
                                  GCancellable       *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer            user_data);

IBB_AVAILABLE_IN_1_0
gboolean ibb_xmpp_client_login_finish (IBBXmppClient *self, GAsyncResult *result, GError **error);

IBB_AVAILABLE_IN_1_0
gboolean ibb_xmpp_client_login (IBBXmppClient *self, GCancellable *cancellable, GError **error);

IBB_AVAILABLE_IN_1_0
void ibb_xmpp_client_logout_async (IBBXmppClient      *self,
                                   GCancellable       *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer            user_data);

IBB_AVAILABLE_IN_1_0
gboolean ibb_xmpp_client_logout_finish (IBBXmppClient *self, GAsyncResult *result, GError **error);

IBB_AVAILABLE_IN_1_0
gboolean ibb_xmpp_client_logout (IBBXmppClient *self, GCancellable *cancellable, GError **error);

IBB_AVAILABLE_IN_1_0
const char *ibb_xmpp_client_get_jid (IBBXmppClient *self);

IBB_AVAILABLE_IN_1_0
void ibb_xmpp_client_set_password (IBBXmppClient *self, const char *password);

IBB_AVAILABLE_IN_1_0
gboolean ibb_xmpp_client_load_password (IBBXmppClient *self, const char *path, GError **error);

IBB_AVAILABLE_IN_1_0
gboolean ibb_xmpp_client_load_certificate (IBBXmppClient *self,
                                           const char    *path,
                                           const char    *key_path,
                                           GError       **error);

IBB_AVAILABLE_IN_1_0
gboolean ibb_xmpp_client_load_authorities (IBBXmppClient *self, const char *path, GError **error);

IBB_AVAILABLE_IN_1_0
IBBXmppTlsMode ibb_xmpp_client_get_tls_mode (IBBXmppClient *self);

IBB_AVAILABLE_IN_1_0
void ibb_xmpp_client_set_tls_mode (IBBXmppClient *self, IBBXmppTlsMode tls_mode);

IBB_AVAILABLE_IN_1_0
GProxyResolver *ibb_xmpp_client_dup_proxy_resolver (IBBXmppClient *self);

IBB_AVAILABLE_IN_1_0
void ibb_xmpp_client_set_proxy_resolver (IBBXmppClient *self, GProxyResolver *proxy_resolver);

IBB_AVAILABLE_IN_1_0
IBBXmppWebsocketMode ibb_xmpp_client_get_websocket_mode (IBBXmppClient *self);

IBB_AVAILABLE_IN_1_0
void ibb_xmpp_client_set_websocket_mode (IBBXmppClient *self, IBBXmppWebsocketMode websocket_mode);

IBB_AVAILABLE_IN_1_0
char *ibb_xmpp_client_dup_websocket_uri (IBBXmppClient *self);

IBB_AVAILABLE_IN_1_0
void ibb_xmpp_client_set_websocket_uri (IBBXmppClient *self, const char *websocket_uri);

IBB_AVAILABLE_IN_1_0
GTlsDatabase *ibb_xmpp_client_dup_tls_database (IBBXmppClient *self);

IBB_AVAILABLE_IN_1_0
void ibb_xmpp_client_set_tls_database (IBBXmppClient *self, GTlsDatabase *tls_database);

IBB_AVAILABLE_IN_1_0
IBBXmppPasswordPolicy ibb_xmpp_client_get_password_policy (IBBXmppClient *self);

IBB_AVAILABLE_IN_1_0
void
ibb_xmpp_client_set_password_policy (IBBXmppClient *self, IBBXmppPasswordPolicy password_policy);

IBB_AVAILABLE_IN_1_0
GTlsCertificate *ibb_xmpp_client_dup_certificate (IBBXmppClient *self);

IBB_AVAILABLE_IN_1_0
void ibb_xmpp_client_set_certificate (IBBXmppClient *self, GTlsCertificate *certificate);

IBB_AVAILABLE_IN_1_0
IBBXmppKnownCertificates *ibb_xmpp_client_dup_known_certificates (IBBXmppClient *self);

IBB_AVAILABLE_IN_1_0
void ibb_xmpp_client_set_known_certificates (IBBXmppClient            *self,
                                             IBBXmppKnownCertificates *known_certificates);

IBB_AVAILABLE_IN_1_0
char *ibb_xmpp_client_dup_fingerprint (IBBXmppClient *self);

IBB_AVAILABLE_IN_1_0
void ibb_xmpp_client_set_fingerprint (IBBXmppClient *self, const char *fingerprint);

IBB_AVAILABLE_IN_1_0
gboolean ibb_xmpp_client_get_keyring (IBBXmppClient *self);

IBB_AVAILABLE_IN_1_0
void ibb_xmpp_client_set_keyring (IBBXmppClient *self, gboolean keyring);

IBB_AVAILABLE_IN_1_0
gboolean ibb_xmpp_client_get_send_presence (IBBXmppClient *self);

IBB_AVAILABLE_IN_1_0
void ibb_xmpp_client_set_send_presence (IBBXmppClient *self, gboolean send_presence);

IBB_AVAILABLE_IN_1_0
int ibb_xmpp_client_get_priority (IBBXmppClient *self);

IBB_AVAILABLE_IN_1_0
void ibb_xmpp_client_set_priority (IBBXmppClient *self, int priority);

IBB_AVAILABLE_IN_1_0
gboolean ibb_xmpp_client_get_resumable (IBBXmppClient *self);

IBB_AVAILABLE_IN_1_0
void ibb_xmpp_client_set_resumable (IBBXmppClient *self, gboolean resumable);

IBB_AVAILABLE_IN_1_0
char *ibb_xmpp_client_dup_user_agent_id (IBBXmppClient *self);

IBB_AVAILABLE_IN_1_0
void ibb_xmpp_client_set_user_agent_id (IBBXmppClient *self, const char *user_agent_id);

IBB_AVAILABLE_IN_1_0
IBBXmppToken *ibb_xmpp_client_dup_token (IBBXmppClient *self);

IBB_AVAILABLE_IN_1_0
void ibb_xmpp_client_set_token (IBBXmppClient *self, IBBXmppToken *token);

IBB_AVAILABLE_IN_1_0
char *ibb_xmpp_client_dup_mechanism (IBBXmppClient *self);

IBB_AVAILABLE_IN_1_0
GTlsCertificate *ibb_xmpp_client_dup_peer_certificate (IBBXmppClient *self);

G_END_DECLS
