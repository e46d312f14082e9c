/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How many blocks are in flight to one peer (D-65). While its connection is broken its server keeps
 * them, and may keep only so many.
 *
 * Each session has a part. That of a session whose reader does not read is set aside, but not
 * before the peer has acknowledged another block: until then it may be the peer that is away.
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define IBB_BLOCK_LIMIT_MAX 200

typedef struct
{
  guint  n;       /* blocks in flight, without those that are set aside */
  GQueue stalled; /* (element-type IBBBlockLimitPart): that are still in n */
} IBBBlockLimit;

typedef struct
{
  guint    n;
  gboolean is_aside;
  GList    link;
} IBBBlockLimitPart;

void     ibb_block_limit_init_part (IBBBlockLimitPart *part);
gboolean ibb_block_limit_is_full (const IBBBlockLimit *self);
/* One more block of that session is in flight, or n are no longer. */
void ibb_block_limit_add (IBBBlockLimit *self, IBBBlockLimitPart *part);
void ibb_block_limit_remove (IBBBlockLimit *self, IBBBlockLimitPart *part, guint n);
/* The session is stalled, or no longer. */
void ibb_block_limit_stall (IBBBlockLimit *self, IBBBlockLimitPart *part);
void ibb_block_limit_go_on (IBBBlockLimit *self, IBBBlockLimitPart *part);
/* The peer is there. Returns whether there is more room since then. */
gboolean ibb_block_limit_answered (IBBBlockLimit *self);

G_END_DECLS
