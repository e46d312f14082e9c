/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/size.h"

#include "core/fit.h"

/* One that is to fit fills a read at least. */
gsize
ibb_size_get_length (const IBBSizeLimits *self, gsize block, gsize limit)
{
  if (!self->fits || block < IBB_SIZE_BLOCK)
    return MIN (block, limit);
  return ibb_fit_get_length (MIN (MAX (block, 2 * IBB_SIZE_BLOCK), limit));
}

static gsize
get_window (const IBBSizeLimits *self, gsize block)
{
  return IBB_SIZE_BLOCKS_MAX * ibb_size_get_length (self, block, self->block);
}

void
ibb_size_limit (IBBSize *size, const IBBSizeLimits *limits)
{
  size->window = MIN (size->window, limits->window);
  while (size->window > get_window (limits, size->block) && 2 * size->block <= limits->block)
    size->block *= 2;
  size->window = MIN (size->window, get_window (limits, size->block));
}

gsize
ibb_size_get_most (const IBBSizeLimits *self)
{
  IBBSize size = { self->window, IBB_SIZE_BLOCK };

  ibb_size_limit (&size, self);
  return size.window;
}
