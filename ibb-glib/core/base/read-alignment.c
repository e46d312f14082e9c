/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/base/read-alignment.h"

#include "core/base/base64.h"

/* Bytes of a stanza beside its data: tags, attributes, what the server adds on the way, and an
 * acknowledgement that leaves with it. With long addresses there are more. Then the stanza does not
 * fit, which only costs time. */
#define TAGS 512

gsize
ibb_read_alignment_get_length (gsize length)
{
  gsize n_pieces = (IBB_BASE64_ENCODED_LENGTH (length) + TAGS) / IBB_READ_ALIGNMENT_PIECE;

  if (n_pieces == 0)
    return length;
  return MIN (length, (n_pieces * IBB_READ_ALIGNMENT_PIECE - TAGS) / 4 * 3);
}

gsize
ibb_read_alignment_get_gap (gsize stanza)
{
  gsize rest = stanza % IBB_READ_ALIGNMENT_PIECE;

  return rest > 0 ? IBB_READ_ALIGNMENT_PIECE - rest : 0;
}

gboolean
ibb_read_alignment_is_filled (gsize stanza)
{
  return stanza > 0 && ibb_read_alignment_get_gap (stanza) <= TAGS;
}
