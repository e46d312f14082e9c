/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(IBB_GLIB_INSIDE) && !defined(IBB_GLIB_COMPILATION)
#error "Only <ibb-glib/ibb-glib.h> can be included directly."
#endif

#include <gio/gio.h>

#include <ibb-glib/ibb-transport.h>
#include <ibb-glib/ibb-version.h>
#include <ibb-glib/trust/ibb-known-certificates.h>

G_BEGIN_DECLS

#define IBB_TYPE_IDENTITY (ibb_identity_get_type ())

IBB_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (IBBIdentity, ibb_identity, IBB, IDENTITY, GObject)

IBB_AVAILABLE_IN_1_0
void ibb_identity_load_or_create_async (const char         *path,
                                        GCancellable       *cancellable,
                                        GAsyncReadyCallback callback,
                                        gpointer            user_data);

IBB_AVAILABLE_IN_1_0
IBBIdentity *ibb_identity_load_or_create_finish (GAsyncResult *result, GError **error);

IBB_AVAILABLE_IN_1_0
IBBIdentity *ibb_identity_load_or_create (const char *path, GError **error);

IBB_AVAILABLE_IN_1_0
IBBIdentity *ibb_identity_new_for_certificate (GTlsCertificate *certificate);

IBB_AVAILABLE_IN_1_0
GTlsCertificate *ibb_identity_get_certificate (IBBIdentity *self);

IBB_AVAILABLE_IN_1_0
IBBKnownCertificates *ibb_identity_dup_known_certificates (IBBIdentity *self);

IBB_AVAILABLE_IN_1_0
void
ibb_identity_set_known_certificates (IBBIdentity *self, IBBKnownCertificates *known_certificates);

IBB_AVAILABLE_IN_1_0
void ibb_identity_encrypt_async (IBBIdentity        *self,
                                 IBBTransport       *transport,
                                 GCancellable       *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer            user_data);

IBB_AVAILABLE_IN_1_0
GIOStream *ibb_identity_encrypt_finish (IBBIdentity *self, GAsyncResult *result, GError **error);

IBB_AVAILABLE_IN_1_0
GIOStream *ibb_identity_encrypt (IBBIdentity  *self,
                                 IBBTransport *transport,
                                 GCancellable *cancellable,
                                 GError      **error);

G_END_DECLS
