/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Stanzas of one session that arrived ahead of their turn, until the blocks
 * before them have arrived. A server may deliver stanzas out of order for a
 * moment when a connection is resumed (D-42). */

#pragma once

#include <glib.h>

#include "core/base/stanza.h"
#include "core/base/timer.h"

G_BEGIN_DECLS

/* The number of stanzas kept at most. */
#define IBB_REORDER_MAX 64
/* Microseconds that the first of them waits for those before it. */
#define IBB_REORDER_TIME (2 * G_USEC_PER_SEC)

typedef struct
{
  GQueue stanzas; /* (element-type IBBStanza): blocks, then the rest in its order */
  gint64 since;   /* when the first of those in it arrived */
} IBBReorder;

void     ibb_reorder_push (IBBReorder *self, IBBStanza *stanza, gint64 now);
gboolean ibb_reorder_has_no_block (const IBBReorder *self);
/* The block with this number. */
IBBStanza *ibb_reorder_find (const IBBReorder *self, guint16 seq); /* (transfer none) (nullable) */
/* The block with this number; any stanza, blocks first. */
IBBStanza *ibb_reorder_take (IBBReorder *self, guint16 seq); /* (transfer full) (nullable) */
/* When the wait is over, or IBB_NEVER. */
gint64 ibb_reorder_get_due (const IBBReorder *self);

G_END_DECLS
