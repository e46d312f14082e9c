/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What else goes over the connection: messages that a person writes and reads, which should
 * not have to wait behind blocks (D-56).
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How long something else may wait: what a person does not notice. Microseconds. */
#define IBB_CHAT_WAIT (100 * 1000)

/* Shorter blocks would be more tags than data. Bytes. */
#define IBB_CHAT_BLOCK 1024

typedef struct
{
  gint64   at;    /* when the application last sent or received a stanza; 0: never */
  gboolean is_on; /* that was lately */
} IBBChat;

void ibb_chat_note (IBBChat *self, gint64 now);
void ibb_chat_update (IBBChat *self, gint64 now);
/* As of the last update. */
gboolean ibb_chat_is_on (const IBBChat *self);
/* How long a block is behind which nothing waits for longer than IBB_CHAT_WAIT, in which so
 * many bytes pass. */
gsize ibb_chat_get_block (double passing, gsize limit);

G_END_DECLS
