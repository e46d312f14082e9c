/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A normal form stays as it is, is UTF-8, and equals and resembles the JID that it is of. So does
 * the form that is sent. */

#include "config.h"

#include "fuzz.h"

#include "core/base/jid.h"

#include <string.h>

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *jid = g_strndup ((const char *) data, size);
  g_autofree char *normal = ibb_jid_normalize (jid);
  g_autofree char *again = NULL;
  g_autofree char *sent = NULL;

  if (normal == NULL)
    return 0;

  g_assert (g_utf8_validate (normal, -1, NULL));
  g_assert (strlen (normal) <= IBB_JID_MAX_LENGTH);
  again = ibb_jid_normalize (normal);
  g_assert (g_strcmp0 (again, normal) == 0);
  g_assert (ibb_jid_equal (jid, normal));
  g_assert (ibb_jid_resembles (jid, normal));

  sent = ibb_jid_dup_unicode (jid);
  g_assert (ibb_jid_equal (jid, sent));

  return 0;
}
