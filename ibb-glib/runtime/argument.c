/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime/argument.h"

#include "core/base/jid.h"
#include "core/base/stanza.h"
#include "ibb-intl-private.h"

gboolean
ibb_argument_check_jid (const char *jid, GError **error)
{
  g_autofree char *normal = ibb_jid_normalize (jid);

  if (normal == NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 _ ("Invalid JID “%s” (expected user@host/resource)"), jid != NULL ? jid : "");
  return normal != NULL;
}

void
ibb_argument_set_foreign_address (const char *local_jid, GError **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               _ ("The connection does not have the address “%s”"), local_jid);
}

gboolean
ibb_argument_check_sid (const char *sid, GError **error)
{
  if (sid != NULL && ibb_stanza_is_valid_sid (sid))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               _ ("Invalid session identifier “%s” (expected 1 to %d letters, digits and “.-_:”)"),
               sid != NULL ? sid : "", IBB_SID_MAX_LENGTH);
  return FALSE;
}

gboolean
ibb_argument_check_block_size (guint block_size, gboolean is_agreed, GError **error)
{
  if (block_size <= IBB_BLOCK_SIZE_MAX && (block_size > 0 || !is_agreed))
    return TRUE;
  if (block_size == 0)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                         _ ("Missing block size of an agreed session"));
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 _ ("Invalid block size %u (XEP-0047 allows at most %d bytes)"), block_size,
                 IBB_BLOCK_SIZE_MAX);
  return FALSE;
}
