/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/login/admission.h"

#include <string.h>

#include "base/intl.h"
#include "ibb-error.h"
#include "xmpp/base/hmac.h"
#include "xmpp/base/secret.h"
#include "xmpp/stream/stream-error.h"
#include "xmpp/stream/stream-namespaces.h"
#include "xmpp/stream/stream-xml.h"

#define DIGEST_LENGTH 20

static void
send_digest (IBBXmlStream *stream, const char *id, const char *secret)
{
  char            *joined = g_strconcat (id, secret, NULL); /* secret may be NULL */
  guint8           digest[IBB_HMAC_MAX_DIGEST];
  char             hex[2 * DIGEST_LENGTH + 1];
  g_autofree char *text = NULL;

  ibb_hmac_hash_secret (G_CHECKSUM_SHA1, joined, strlen (joined), digest);
  ibb_secret_free (joined);
  for (guint i = 0; i < DIGEST_LENGTH; i++)
    g_snprintf (hex + 2 * i, 3, "%02x", digest[i]);
  text = ibb_stream_xml_dup_handshake (hex);
  ibb_xml_stream_send_text (stream, text);
}

gboolean
ibb_admission_send (IBBXmlStream     *stream,
                    const IBBElement *header,
                    const char       *secret,
                    const char       *domain,
                    GError          **error)
{
  const char *id = ibb_element_get_attribute (header, "id");

  if (id == NULL)
    {
      g_set_error (error, IBB_ERROR, IBB_ERROR_PROTOCOL,
                   _ ("The server of “%s” does not admit components (XEP-0114)"), domain);
      return FALSE;
    }

  /* Prosody refuses a domain with an empty id and the error behind it. A proof of the secret for an
   * empty id would be the same at each login. */
  if (*id != '\0')
    send_digest (stream, id, secret);
  return TRUE;
}

gboolean
ibb_admission_handle (const IBBElement *element,
                      gboolean          has_id,
                      const char       *domain,
                      GError          **error)
{
  if (has_id && ibb_element_is (element, "handshake", IBB_COMPONENT_NAMESPACE))
    return TRUE;

  g_set_error (error, IBB_ERROR, IBB_ERROR_PROTOCOL,
               _ ("The server of “%s” does not admit components (XEP-0114)"), domain);
  return FALSE;
}

/* Two conditions have another meaning for a component than for a client. */
GError *
ibb_admission_to_error (const IBBElement *element, const char *domain)
{
  const char *condition = ibb_element_get_condition (element, IBB_STREAM_ERROR_NAMESPACE);
  GError     *error;

  if (g_strcmp0 (condition, "conflict") == 0)
    return g_error_new (IBB_ERROR, IBB_ERROR_CONFLICT,
                        _ ("Another component is connected as “%s” (conflict)"), domain);
  if (g_strcmp0 (condition, "not-authorized") != 0)
    return ibb_stream_error_to_error (element, domain);

  error = g_error_new (IBB_ERROR, IBB_ERROR_AUTHENTICATION,
                       _ ("The server did not accept the secret of “%s”"), domain);
  return ibb_stream_error_add_text (error, element, IBB_STREAM_ERROR_NAMESPACE);
}
