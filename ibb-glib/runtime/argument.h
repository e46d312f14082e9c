/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Checks of the arguments for a session. FALSE with %G_IO_ERROR_INVALID_ARGUMENT set if one is
 * wrong; nothing has been sent then. */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

gboolean ibb_argument_check_jid (const char *jid, GError **error);
/* The connection has no such address. */
void     ibb_argument_set_foreign_address (const char *local_jid, GError **error);
gboolean ibb_argument_check_sid (const char *sid, GError **error);
/* An agreed session needs a block size; otherwise 0 stands for the default. */
gboolean ibb_argument_check_block_size (guint block_size, gboolean is_agreed, GError **error);

G_END_DECLS
