/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Lengths of blocks that suit how servers read (D-64).
 *
 * Prosody reads 8192 bytes at a time. If a record of TLS ends elsewhere, the rest of it stays in a
 * buffer, and Prosody waits for a timer of a millisecond, twice, before it reads on. So stanzas
 * fill such pieces.
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define IBB_READ_ALIGNMENT_PIECE 8192 /* bytes that a server reads at a time */

/* The greatest length of a block, in bytes and no more than length, whose stanza almost fills one
 * or more pieces; length if it is less than that. */
gsize ibb_read_alignment_get_length (gsize length);
/* How many bytes are missing to a stanza, or several, so that the last piece is full. */
gsize ibb_read_alignment_get_gap (gsize stanza);
/* Whether so little is missing as after such a block. */
gboolean ibb_read_alignment_is_filled (gsize stanza);

G_END_DECLS
