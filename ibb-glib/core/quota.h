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

#define IBB_QUOTA_MAX 200

typedef struct
{
  guint  n;       /* blocks in flight, without those that are set aside */
  GQueue stalled; /* (element-type IBBQuotaPart): that are still in n */
} IBBQuota;

typedef struct
{
  guint    n;
  gboolean is_aside;
  GList    link;
} IBBQuotaPart;

void     ibb_quota_init_part (IBBQuotaPart *part);
gboolean ibb_quota_is_full (const IBBQuota *self);
/* One more block of that session is in flight, or n are no longer. */
void ibb_quota_add (IBBQuota *self, IBBQuotaPart *part);
void ibb_quota_remove (IBBQuota *self, IBBQuotaPart *part, guint n);
/* The session is stalled, or no longer. */
void ibb_quota_stall (IBBQuota *self, IBBQuotaPart *part);
void ibb_quota_go_on (IBBQuota *self, IBBQuotaPart *part);
/* The peer is there. Returns whether there is more room since then. */
gboolean ibb_quota_answered (IBBQuota *self);

G_END_DECLS
