/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(IBB_XMPP_INSIDE) && !defined(IBB_GLIB_COMPILATION)
#error "Only <ibb-glib/xmpp/ibb-xmpp.h> can be included directly."
#endif

#include <gio/gio.h>

#include <ibb-glib/ibb-glib.h>
#include <ibb-glib/xmpp/trust/ibb-xmpp-known-certificates.h>

G_BEGIN_DECLS

#define IBB_XMPP_TYPE_IDENTITY (ibb_xmpp_identity_get_type ())

IBB_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (IBBXmppIdentity, ibb_xmpp_identity, IBB_XMPP, IDENTITY, GObject)

IBB_AVAILABLE_IN_1_0
void ibb_xmpp_identity_load_or_create_async (const char         *path,
                                             GCancellable       *cancellable,
                                             GAsyncReadyCallback callback,
                                             gpointer            user_data);

IBB_AVAILABLE_IN_1_0
IBBXmppIdentity *ibb_xmpp_identity_load_or_create_finish (GAsyncResult *result, GError **error);

IBB_AVAILABLE_IN_1_0
IBBXmppIdentity *ibb_xmpp_identity_load_or_create (const char *path, GError **error);

IBB_AVAILABLE_IN_1_0
IBBXmppIdentity *ibb_xmpp_identity_new_for_certificate (GTlsCertificate *certificate);

IBB_AVAILABLE_IN_1_0
GTlsCertificate *ibb_xmpp_identity_get_certificate (IBBXmppIdentity *self);

IBB_AVAILABLE_IN_1_0
IBBXmppKnownCertificates *ibb_xmpp_identity_dup_known_certificates (IBBXmppIdentity *self);

IBB_AVAILABLE_IN_1_0
void ibb_xmpp_identity_set_known_certificates (IBBXmppIdentity          *self,
                                               IBBXmppKnownCertificates *known_certificates);

IBB_AVAILABLE_IN_1_1
void ibb_xmpp_identity_set_peer_fingerprints (IBBXmppIdentity   *self,
                                              const char        *jid,
                                              const char *const *fingerprints);

IBB_AVAILABLE_IN_1_0
void ibb_xmpp_identity_encrypt_async (IBBXmppIdentity    *self,
                                      IBBTransport       *transport,
                                      GCancellable       *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer            user_data);

IBB_AVAILABLE_IN_1_0
GIOStream *
ibb_xmpp_identity_encrypt_finish (IBBXmppIdentity *self, GAsyncResult *result, GError **error);

IBB_AVAILABLE_IN_1_0
GIOStream *ibb_xmpp_identity_encrypt (IBBXmppIdentity *self,
                                      IBBTransport    *transport,
                                      GCancellable    *cancellable,
                                      GError         **error);

IBB_AVAILABLE_IN_1_0
char *ibb_xmpp_identity_dup_uri (IBBXmppIdentity *self, const char *jid);

IBB_AVAILABLE_IN_1_0
char *ibb_xmpp_identity_parse_uri (const char *uri, char **fingerprint, GError **error);

G_END_DECLS
