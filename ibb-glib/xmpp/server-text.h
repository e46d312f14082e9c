/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What a server has sent, for a message of an error: valid, on one line, and not too long. */
char *ibb_server_text_dup (const char *text);

G_END_DECLS
