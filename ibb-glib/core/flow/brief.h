/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Brief blocks: so short that nothing waits behind one for longer than a person notices (D-56). */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How long something else may wait, in microseconds. */
#define IBB_BRIEF_WAIT (100 * 1000)

/* Bytes: of a block that tells distance from length, and of what goes beside a full window. */
#define IBB_BRIEF_BLOCK 1024

/* The length of a brief block, limit at most. passing: the bytes that pass in IBB_BRIEF_WAIT. */
gsize ibb_brief_get_block (double passing, gsize limit);

G_END_DECLS
