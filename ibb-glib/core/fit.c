/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/fit.h"

#include "core/base64.h"

/* Bytes of a stanza beside its data: tags, attributes, what the server adds on the way, and an
 * acknowledgement that leaves with it. With long addresses there are more. Then the stanza does not
 * fit, which only costs time. */
#define TAGS 512

gsize
ibb_fit_get_length (gsize length)
{
  gsize n_pieces = (IBB_BASE64_ENCODED_LENGTH (length) + TAGS) / IBB_FIT_PIECE;

  if (n_pieces == 0)
    return length;
  return MIN (length, (n_pieces * IBB_FIT_PIECE - TAGS) / 4 * 3);
}

gsize
ibb_fit_get_gap (gsize stanza)
{
  gsize rest = stanza % IBB_FIT_PIECE;

  return rest > 0 ? IBB_FIT_PIECE - rest : 0;
}

gboolean
ibb_fit_is_filled (gsize stanza)
{
  return stanza > 0 && ibb_fit_get_gap (stanza) <= TAGS;
}
