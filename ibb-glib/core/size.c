/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/size.h"

#include "core/fit.h"
#include "core/quota.h"

/* One that is to fit fills a read at least. */
gsize
ibb_size_get_length (const IBBSizeLimits *self, gsize block, gsize limit)
{
  if (!self->fits || block < IBB_SIZE_BLOCK)
    return MIN (block, limit);
  return ibb_fit_get_length (MIN (MAX (block, 2 * IBB_SIZE_BLOCK), limit));
}

void
ibb_size_lengthen (IBBSize *size, const IBBSizeLimits *limits)
{
  if (2 * size->block <= limits->block &&
      size->window > IBB_QUOTA_MAX * ibb_size_get_length (limits, size->block, limits->block))
    size->block *= 2;
}
