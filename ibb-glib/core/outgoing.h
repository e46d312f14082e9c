/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which stanza leaves next: answers and questions first, then the blocks of all peers in
 * turn (D-50).
 */

#pragma once

#include <glib.h>

#include "core/base/stanza.h"
#include "core/peer/context.h"

typedef struct
{
  IBBContext *context;             /* (unowned) */
  gboolean    is_turn_of_messages; /* blocks by message, or by IQ, go next */
} IBBOutgoing;

gboolean ibb_outgoing_has_stanza (IBBOutgoing *self, gint64 now);
/* (transfer full) (nullable) */
IBBStanza *ibb_outgoing_take_stanza (IBBOutgoing *self, gint64 now);
