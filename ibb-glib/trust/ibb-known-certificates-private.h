/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "trust/ibb-known-certificates.h"

/* Like ibb_known_certificates_add (), and the certificate is the only one of name afterwards. */
gboolean ibb_known_certificates_replace (IBBKnownCertificates *self,
                                         const char           *name,
                                         GTlsCertificate      *certificate,
                                         GError              **error);
