/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/login/bound-jid.h"

#include <string.h>

#include "core/base/jid.h"
#include "ibb-error.h"
#include "ibb-intl-private.h"

#define MAX_SHOWN 200 /* characters in the text of an error */

static char *
dup_shown (const char *jid)
{
  return g_utf8_substring (jid, 0, MIN (g_utf8_strlen (jid, -1), MAX_SHOWN));
}

/* The server prepares the name that the user has written. D-02 says how the two may differ. */
static gboolean
is_of_account (const char *jid, const char *bare_jid)
{
  g_autofree char *bare = ibb_jid_dup_bare (jid);

  return strchr (bare_jid, '@') == NULL || ibb_jid_resembles (bare, bare_jid);
}

gboolean
ibb_bound_jid_check (const char *jid, const char *bare_jid, GError **error)
{
  g_autofree char *domain = ibb_jid_dup_domain (bare_jid);
  g_autofree char *normal = ibb_jid_normalize (jid);
  g_autofree char *shown = NULL;

  if (normal == NULL || ibb_jid_get_resource (normal) == NULL)
    {
      g_set_error (error, IBB_ERROR, IBB_ERROR_PROTOCOL,
                   _ ("The server of “%s” did not report the bound address"), domain);
      return FALSE;
    }
  if (is_of_account (normal, bare_jid))
    return TRUE;

  shown = dup_shown (normal);
  g_set_error (error, IBB_ERROR, IBB_ERROR_PROTOCOL,
               _ ("The server of “%s” logged “%s” in as “%s”, which is another account: if it is "
                  "yours, log in with that address"),
               domain, bare_jid, shown);
  return FALSE;
}
