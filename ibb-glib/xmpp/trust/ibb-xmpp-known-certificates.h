/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(IBB_XMPP_INSIDE) && !defined(IBB_GLIB_COMPILATION)
#error "Only <ibb-glib/xmpp/ibb-xmpp.h> can be included directly."
#endif

#include <gio/gio.h>

#include <ibb-glib/ibb-glib.h>
#include <ibb-glib/xmpp/ibb-xmpp-types.h>

G_BEGIN_DECLS

#define IBB_XMPP_TYPE_KNOWN_CERTIFICATES (ibb_xmpp_known_certificates_get_type ())

IBB_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (
    IBBXmppKnownCertificates, ibb_xmpp_known_certificates, IBB_XMPP, KNOWN_CERTIFICATES, GObject)

IBB_AVAILABLE_IN_1_0
IBBXmppKnownCertificates *ibb_xmpp_known_certificates_new (const char *path);

IBB_AVAILABLE_IN_1_0
const char *ibb_xmpp_known_certificates_get_path (IBBXmppKnownCertificates *self);

IBB_AVAILABLE_IN_1_0
IBBXmppTrust ibb_xmpp_known_certificates_check (IBBXmppKnownCertificates *self,
                                                const char               *name,
                                                GTlsCertificate          *certificate);

IBB_AVAILABLE_IN_1_0
gboolean ibb_xmpp_known_certificates_add (IBBXmppKnownCertificates *self,
                                          const char               *name,
                                          GTlsCertificate          *certificate,
                                          GError                  **error);

IBB_AVAILABLE_IN_1_0
gboolean ibb_xmpp_known_certificates_forget (IBBXmppKnownCertificates *self,
                                             const char               *name,
                                             GError                  **error);

IBB_AVAILABLE_IN_1_0
char **ibb_xmpp_known_certificates_list (IBBXmppKnownCertificates *self,
                                         char                   ***fingerprints,
                                         GError                  **error);

IBB_AVAILABLE_IN_1_0
char *ibb_xmpp_known_certificates_dup_fingerprint (GTlsCertificate *certificate);

G_END_DECLS
