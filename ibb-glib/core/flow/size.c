/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/flow/size.h"

#include "core/base/read-alignment.h"
#include "core/flow/block-limit.h"

/* Blocks that are to fit fill a read at least. */
gsize
ibb_size_get_least (const IBBSizeLimits *self)
{
  return self->fits ? 2 * IBB_SIZE_BLOCK : IBB_SIZE_BLOCK;
}

gsize
ibb_size_get_length (const IBBSizeLimits *self, gsize block, gsize limit)
{
  if (!self->fits || block < IBB_SIZE_BLOCK)
    return MIN (block, limit);
  return ibb_read_alignment_get_length (MIN (MAX (block, ibb_size_get_least (self)), limit));
}

gsize
ibb_size_get_block (const IBBSize *self, const IBBSizeLimits *limits)
{
  return ibb_size_get_length (limits, self->block, limits->block);
}

gboolean
ibb_size_is_single (const IBBSize *self, const IBBSizeLimits *limits, double in_flight)
{
  return in_flight < 2.0 * (double) ibb_size_get_block (self, limits);
}

gsize
ibb_size_get_whole (const IBBSize *size, const IBBSizeLimits *limits, gboolean is_more)
{
  gsize block = ibb_size_get_block (size, limits);
  gsize more = is_more ? block - 1 : 0;

  return MAX ((size->window + more) / block, 1) * block;
}

void
ibb_size_lengthen (IBBSize *size, const IBBSizeLimits *limits)
{
  gsize longer = 2 * MAX (size->block, ibb_size_get_least (limits));

  if (longer <= limits->block &&
      size->window > IBB_BLOCK_LIMIT_MAX * ibb_size_get_block (size, limits))
    size->block = longer;
}
