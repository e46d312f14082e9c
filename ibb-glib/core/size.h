/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A window and a length of blocks that go together. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define IBB_SIZE_BLOCK 4096 /* bytes in a block until longer ones are tried */

/* Blocks in a window at most. A server keeps the stanzas for a client whose connection broke: of
 * blocks as many as this, and of acknowledgements of the client's own blocks as many (D-65). */
#define IBB_SIZE_BLOCKS_MAX 200

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

/* The length that blocks have in a session that allows limit. */
gsize ibb_size_get_length (const IBBSizeLimits *self, gsize block, gsize limit);
/* A window of too many blocks gets longer ones, as far as the session allows, or fewer. */
void ibb_size_limit (IBBSize *size, const IBBSizeLimits *limits);
/* How large the window may become. */
gsize ibb_size_get_most (const IBBSizeLimits *self);

G_END_DECLS
