/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Checks of the arguments for a session. FALSE with %G_IO_ERROR_INVALID_ARGUMENT set if one is
 * wrong; nothing has been sent then. */

#pragma once

#include <gio/gio.h>

#include "core/peer/parameters.h"
#include "ibb-types.h"

G_BEGIN_DECLS

gboolean ibb_argument_check_jid (const char *jid, GError **error);
/* The connection has no such address. */
void     ibb_argument_set_foreign_address (const char *local_jid, GError **error);
gboolean ibb_argument_check_sid (const char *sid, GError **error);
gboolean ibb_argument_check_block_size (guint block_size, GError **error);
gboolean ibb_argument_check_stanza_type (IBBStanzaType stanza_type, GError **error);
/* Checks all but local_jid (nullable), which is for the caller to check. open borrows the texts.
 * sid: NULL for a random one. */
gboolean ibb_argument_fill_open (IBBOpen      *open,
                                 const char   *local_jid,
                                 const char   *peer_jid,
                                 IBBStanzaType stanza_type,
                                 guint         block_size,
                                 const char   *sid,
                                 GError      **error);

G_END_DECLS
