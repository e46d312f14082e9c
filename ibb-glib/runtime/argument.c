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
                 _ ("“%s” is not a valid JID such as “romeo@montague.example/orchard”"),
                 jid != NULL ? jid : "");
  return normal != NULL;
}

void
ibb_argument_set_foreign_address (const char *local_jid, GError **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               _ ("“%s” is not an address of this connection"), local_jid);
}

gboolean
ibb_argument_check_sid (const char *sid, GError **error)
{
  if (sid != NULL && ibb_stanza_is_valid_sid (sid))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               _ ("“%s” is not a valid session identifier: use 1 to %d letters, digits and “.-_:”"),
               sid != NULL ? sid : "", IBB_SID_MAX_LENGTH);
  return FALSE;
}

gboolean
ibb_argument_check_block_size (guint block_size, GError **error)
{
  if (block_size <= IBB_BLOCK_SIZE_MAX)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               _ ("A block size of %u is too large: the most that XEP-0047 allows is %d"),
               block_size, IBB_BLOCK_SIZE_MAX);
  return FALSE;
}

gboolean
ibb_argument_check_stanza_type (IBBStanzaType stanza_type, GError **error)
{
  if (stanza_type == IBB_STANZA_TYPE_IQ || stanza_type == IBB_STANZA_TYPE_MESSAGE)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               _ ("%d is not a stanza type of a session"), (int) stanza_type);
  return FALSE;
}

gboolean
ibb_argument_fill_open (IBBOpen      *open,
                        const char   *local_jid,
                        const char   *peer_jid,
                        IBBStanzaType stanza_type,
                        guint         block_size,
                        const char   *sid,
                        GError      **error)
{
  if (!ibb_argument_check_jid (peer_jid, error) ||
      (sid != NULL && !ibb_argument_check_sid (sid, error)) ||
      !ibb_argument_check_block_size (block_size, error) ||
      !ibb_argument_check_stanza_type (stanza_type, error))
    return FALSE;

  *open = (IBBOpen){
    .local = local_jid,
    .peer = peer_jid,
    .sid = sid,
    .block_size = block_size,
    .by_message = stanza_type == IBB_STANZA_TYPE_MESSAGE,
  };
  return TRUE;
}
