/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "xmpp/trust/ibb-xmpp-known-certificates.h"

/* Whether some certificate may have that fingerprint, with or without colons, in any case. */
gboolean ibb_xmpp_known_certificates_is_fingerprint (const char *fingerprint);
/* Whether fingerprint is that of a certificate, with or without colons, in any case. */
gboolean
ibb_xmpp_known_certificates_matches (GTlsCertificate *certificate, const char *fingerprint);
/* Like ibb_xmpp_known_certificates_add (), and the certificate is the only one of name afterwards.
 */
gboolean ibb_xmpp_known_certificates_replace (IBBXmppKnownCertificates *self,
                                              const char               *name,
                                              GTlsCertificate          *certificate,
                                              GError                  **error);

#define IBB_XMPP_KNOWN_CERTIFICATES_N_DIGITS 64

/* The SHA-256 as the file has it. */
char *ibb_xmpp_known_certificates_dup_digits (GTlsCertificate *certificate);
/* (transfer full): the fingerprint of the first N_DIGITS digits, as
 * ibb_xmpp_known_certificates_dup_fingerprint () writes it. */
char *ibb_xmpp_known_certificates_format (const char *digits);
