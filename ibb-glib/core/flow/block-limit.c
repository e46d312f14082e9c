/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/flow/block-limit.h"

void
ibb_block_limit_init_part (IBBBlockLimitPart *part)
{
  part->link.data = part;
}

gboolean
ibb_block_limit_is_full (const IBBBlockLimit *self)
{
  return self->n >= IBB_BLOCK_LIMIT_MAX;
}

void
ibb_block_limit_add (IBBBlockLimit *self, IBBBlockLimitPart *part)
{
  part->n++;
  if (!part->is_aside)
    self->n++;
}

void
ibb_block_limit_remove (IBBBlockLimit *self, IBBBlockLimitPart *part, guint n)
{
  part->n -= n;
  if (!part->is_aside)
    self->n -= n;
}

void
ibb_block_limit_stall (IBBBlockLimit *self, IBBBlockLimitPart *part)
{
  g_queue_push_tail_link (&self->stalled, &part->link);
}

void
ibb_block_limit_go_on (IBBBlockLimit *self, IBBBlockLimitPart *part)
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
ibb_block_limit_answered (IBBBlockLimit *self)
{
  guint  before = self->n;
  GList *link;

  while ((link = g_queue_pop_head_link (&self->stalled)) != NULL)
    {
      IBBBlockLimitPart *part = link->data;

      part->is_aside = TRUE;
      self->n -= part->n;
    }
  return self->n < before;
}
