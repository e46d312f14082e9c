/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/reach/server-trust.h"

#include "xmpp/trust/ibb-xmpp-known-certificates-private.h"

void
ibb_server_trust_init (IBBServerTrust           *self,
                       const IBBAccountSettings *settings,
                       GTlsCertificate          *accepted)
{
  const IBBServerTrust trust = { settings->fingerprint, settings->tls_database,
                                 settings->known_certificates, accepted };

  ibb_server_trust_copy (&trust, self);
}

void
ibb_server_trust_copy (const IBBServerTrust *self, IBBServerTrust *copy)
{
  *copy = (IBBServerTrust){ g_strdup (self->fingerprint) };
  g_set_object (&copy->database, self->database);
  g_set_object (&copy->known, self->known);
  g_set_object (&copy->accepted, self->accepted);
}

void
ibb_server_trust_clear (IBBServerTrust *self)
{
  g_clear_pointer (&self->fingerprint, g_free);
  g_clear_object (&self->database);
  g_clear_object (&self->known);
  g_clear_object (&self->accepted);
}

gboolean
ibb_server_trust_accepts (const IBBServerTrust *self,
                          const char           *domain,
                          GTlsCertificate      *certificate)
{
  if (self->fingerprint != NULL)
    return ibb_xmpp_known_certificates_matches (certificate, self->fingerprint);

  return (self->accepted != NULL && g_tls_certificate_is_same (certificate, self->accepted)) ||
         (self->known != NULL && ibb_xmpp_known_certificates_check (
                                     self->known, domain, certificate) == IBB_XMPP_TRUST_KNOWN);
}

gboolean
ibb_server_trust_has_another (const IBBServerTrust *self,
                              const char           *domain,
                              GTlsCertificate      *certificate)
{
  return self->known != NULL && ibb_xmpp_known_certificates_check (
                                    self->known, domain, certificate) == IBB_XMPP_TRUST_CHANGED;
}
