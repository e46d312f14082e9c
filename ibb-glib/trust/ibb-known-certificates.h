/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(IBB_GLIB_INSIDE) && !defined(IBB_GLIB_COMPILATION)
#error "Only <ibb-glib/ibb-glib.h> can be included directly."
#endif

#include <gio/gio.h>

#include <ibb-glib/ibb-types.h>
#include <ibb-glib/ibb-version.h>

G_BEGIN_DECLS

#define IBB_TYPE_KNOWN_CERTIFICATES (ibb_known_certificates_get_type ())

IBB_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (
    IBBKnownCertificates, ibb_known_certificates, IBB, KNOWN_CERTIFICATES, GObject)

IBB_AVAILABLE_IN_1_0
IBBKnownCertificates *ibb_known_certificates_new (const char *path);

IBB_AVAILABLE_IN_1_0
const char *ibb_known_certificates_get_path (IBBKnownCertificates *self);

IBB_AVAILABLE_IN_1_0
IBBTrust ibb_known_certificates_check (IBBKnownCertificates *self,
                                       const char           *name,
                                       GTlsCertificate      *certificate);

IBB_AVAILABLE_IN_1_0
gboolean ibb_known_certificates_add (IBBKnownCertificates *self,
                                     const char           *name,
                                     GTlsCertificate      *certificate,
                                     GError              **error);

IBB_AVAILABLE_IN_1_0
gboolean
ibb_known_certificates_forget (IBBKnownCertificates *self, const char *name, GError **error);

IBB_AVAILABLE_IN_1_0
char *ibb_known_certificates_dup_fingerprint (GTlsCertificate *certificate);

G_END_DECLS
