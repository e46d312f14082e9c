/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/quota.h"

void
ibb_quota_init_part (IBBQuotaPart *part)
{
  part->link.data = part;
}

gboolean
ibb_quota_is_full (const IBBQuota *self)
{
  return self->n >= IBB_QUOTA_MAX;
}

void
ibb_quota_add (IBBQuota *self, IBBQuotaPart *part)
{
  part->n++;
  if (!part->is_aside)
    self->n++;
}

void
ibb_quota_remove (IBBQuota *self, IBBQuotaPart *part, guint n)
{
  part->n -= n;
  if (!part->is_aside)
    self->n -= n;
}

void
ibb_quota_stall (IBBQuota *self, IBBQuotaPart *part)
{
  g_queue_push_tail_link (&self->stalled, &part->link);
}

void
ibb_quota_go_on (IBBQuota *self, IBBQuotaPart *part)
{
  if (!part->is_aside)
    {
      g_queue_unlink (&self->stalled, &part->link);
      return;
    }

  part->is_aside = FALSE;
  self->n += part->n;
}

gboolean
ibb_quota_answered (IBBQuota *self)
{
  guint  before = self->n;
  GList *link;

  while ((link = g_queue_pop_head_link (&self->stalled)) != NULL)
    {
      IBBQuotaPart *part = link->data;

      part->is_aside = TRUE;
      self->n -= part->n;
    }
  return self->n < before;
}
