/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/base/domain.h"

#include <gio/gio.h>
#include <idn2.h>
#include <string.h>

char *
ibb_domain_to_ascii (const char *domain)
{
  char *ascii = NULL;
  char *result;

  /* An IP address is ASCII, too. */
  if (g_str_is_ascii (domain))
    return g_strdup (domain);
  if (idn2_to_ascii_8z (domain, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK)
    return NULL;

  result = g_strdup (ascii);
  idn2_free (ascii);
  return result;
}

char *
ibb_domain_dup_address (const char *domain)
{
  gsize            length = strlen (domain);
  g_autofree char *address = NULL;

  if (length > 2 && domain[0] == '[' && domain[length - 1] == ']')
    address = g_strndup (domain + 1, length - 2);
  else
    address = g_strdup (domain);
  return g_hostname_is_ip_address (address) ? g_steal_pointer (&address) : NULL;
}

gboolean
ibb_domain_is_onion (const char *domain)
{
  gsize            length = strlen (domain);
  g_autofree char *name = g_strndup (domain, g_str_has_suffix (domain, ".") ? length - 1 : length);
  const char      *last = strrchr (name, '.');

  return g_ascii_strcasecmp (last != NULL ? last + 1 : name, "onion") == 0;
}
