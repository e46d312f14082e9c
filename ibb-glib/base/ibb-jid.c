/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ibb-jid.h"

#include "core/base/jid.h"

/**
 * ibb_jid_is_from:
 * @address: the address of a peer, such as that of a stanza or a session
 * @jid: a JID; a bare one stands for all resources of the account
 *
 * Checks whether an address is that account or resource. [method@IBB.Request.is_from] does the same
 * for a session that is requested.
 *
 * JIDs that RFC 7622 makes equal are equal here: the case of letters before the slash makes no
 * difference, full-width letters equal ASCII ones, and domains equal by A-label and U-label. For a
 * server that prepares JIDs by the older RFC 3920, such as Prosody and ejabberd, `straße` and
 * `strasse` are one account, but for other servers they are two. So @jid has to have the form that
 * the server uses: with Prosody always `strasse`, with ejabberd the form in which the peer has
 * logged in.
 *
 * Returns: %TRUE if it is; %FALSE also for what is not a valid JID
 *
 * Since: 1.0
 */
gboolean
ibb_jid_is_from (const char *address, const char *jid)
{
  g_autofree char *normal_address = NULL;
  g_autofree char *normal_jid = NULL;
  g_autofree char *bare = NULL;

  g_return_val_if_fail (address != NULL, FALSE);
  g_return_val_if_fail (jid != NULL, FALSE);

  normal_address = ibb_jid_normalize (address);
  normal_jid = ibb_jid_normalize (jid);
  if (normal_address == NULL || normal_jid == NULL)
    return FALSE;
  if (ibb_jid_get_resource (normal_jid) != NULL)
    return g_str_equal (normal_address, normal_jid);
  bare = ibb_jid_dup_bare (normal_address);
  return g_str_equal (bare, normal_jid);
}
