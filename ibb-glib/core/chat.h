/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What else goes over the connection: messages that a person writes and reads, which should
 * not have to wait behind blocks (D-56).
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  gint64   at;    /* when the application last sent or received a stanza; 0: never */
  gboolean is_on; /* as of the last update: a person is likely to write again soon */
} IBBChat;

void     ibb_chat_note (IBBChat *self, gint64 now);
void     ibb_chat_update (IBBChat *self, gint64 now);
gboolean ibb_chat_is_on (const IBBChat *self);

G_END_DECLS
