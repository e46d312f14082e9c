/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/brief.h"

gsize
ibb_brief_get_block (double passing, gsize limit)
{
  return MIN (limit, MAX (IBB_BRIEF_BLOCK, (gsize) passing));
}
