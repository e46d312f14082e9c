/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "xmpp/trust/ibb-xmpp-known-certificates.h"

/* Whether fingerprint is that of a certificate, with or without colons, in any case. */
gboolean
ibb_xmpp_known_certificates_matches (GTlsCertificate *certificate, const char *fingerprint);
/* Like ibb_xmpp_known_certificates_add (), and the certificate is the only one of name afterwards.
 */
gboolean ibb_xmpp_known_certificates_replace (IBBXmppKnownCertificates *self,
                                              const char               *name,
                                              GTlsCertificate          *certificate,
                                              GError                  **error);
