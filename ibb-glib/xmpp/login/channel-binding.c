/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/login/channel-binding.h"

/* RFC 5929, RFC 9266 */
static const struct
{
  const char            *name;
  GTlsChannelBindingType type;
  gboolean               tls13; /* defined for TLS 1.3 */
  gboolean               older; /* defined for TLS 1.2 */
} types[] = {
  { "tls-exporter", G_TLS_CHANNEL_BINDING_TLS_EXPORTER, TRUE, FALSE },
  { "tls-unique", G_TLS_CHANNEL_BINDING_TLS_UNIQUE, FALSE, TRUE },
  { "tls-server-end-point", G_TLS_CHANNEL_BINDING_TLS_SERVER_END_POINT, TRUE, TRUE },
};

GBytes *
ibb_channel_binding_get (GTlsConnection *tls, const char *type)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  gboolean               is_tls13;
  gsize                  i = 0;

  if (tls == NULL)
    return NULL;

  while (i < G_N_ELEMENTS (types) && !g_str_equal (types[i].name, type))
    i++;
  is_tls13 = g_tls_connection_get_protocol_version (tls) >= G_TLS_PROTOCOL_VERSION_TLS_1_3;
  if (i == G_N_ELEMENTS (types) || !(is_tls13 ? types[i].tls13 : types[i].older))
    return NULL;
  if (!g_tls_connection_get_channel_binding_data (tls, types[i].type, bytes, NULL) ||
      bytes->len == 0)
    return NULL;

  return g_byte_array_free_to_bytes (g_steal_pointer (&bytes));
}
