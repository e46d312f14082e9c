/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A window and a length of blocks that go together. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define IBB_SIZE_BLOCK 4096 /* bytes in a block until longer ones are tried */

typedef struct
{
  gsize window; /* bytes in flight at most, or one block */
  gsize block;  /* bytes in a block at most, before it fits (fit.h) */
} IBBSize;

typedef struct
{
  gsize    window; /* the largest one */
  gsize    block;  /* the longest one, of the session that was acknowledged last */
  gboolean fits;   /* blocks of sessions that send several have a length of fit.h */
} IBBSizeLimits;

/* The least value of IBBSize.block that makes a difference. */
gsize ibb_size_get_least (const IBBSizeLimits *self);
/* The length that blocks have in a session that allows limit. */
gsize ibb_size_get_length (const IBBSizeLimits *self, gsize block, gsize limit);
/* The same in the session that was acknowledged last. */
gsize ibb_size_get_block (const IBBSize *self, const IBBSizeLimits *limits);
/* Whether so much in flight, a mean of bytes, is one block and not several. */
gboolean ibb_size_is_single (const IBBSize *self, const IBBSizeLimits *limits, double in_flight);
/* The window in whole blocks, one at least: more bytes, or no more than before. */
gsize ibb_size_get_whole (const IBBSize *size, const IBBSizeLimits *limits, gboolean is_more);
/* A window of more blocks than may be in flight (D-65) gets blocks of twice the length, if the
 * session allows them. Not longer ones at once: whether twice the length carries as much is seen
 * before. */
void ibb_size_lengthen (IBBSize *size, const IBBSizeLimits *limits);

G_END_DECLS
