/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/trust/certificate-error.h"

#include "base/intl.h"

char *
ibb_certificate_error_explain (GTlsCertificateFlags errors)
{
  const struct
  {
    GTlsCertificateFlags flag;
    const char          *words;
  } reasons[] = {
    { G_TLS_CERTIFICATE_BAD_IDENTITY, _ ("it belongs to another name") },
    { G_TLS_CERTIFICATE_REVOKED, _ ("it was revoked") },
    { G_TLS_CERTIFICATE_EXPIRED, _ ("it has expired") },
    { G_TLS_CERTIFICATE_NOT_ACTIVATED, _ ("it is not valid yet") },
    { G_TLS_CERTIFICATE_INSECURE, _ ("it is too weak") },
    { G_TLS_CERTIFICATE_UNKNOWN_CA, _ ("it is not signed by a trusted authority") },
  };
  GString *text = g_string_new (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (reasons); i++)
    if (errors & reasons[i].flag)
      {
        if (text->len > 0)
          g_string_append (text, "; ");
        g_string_append (text, reasons[i].words);
      }
  if (text->len == 0)
    g_string_append (text, _ ("it could not be verified"));
  return g_string_free (text, FALSE);
}
