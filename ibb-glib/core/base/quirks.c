/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/base/quirks.h"

#include "core/base/base64.h"

/* Bytes of a stanza beside its data: tags, attributes, what the server adds on the way, and an
 * acknowledgement that leaves with it. With long addresses there are more. Then the stanza does not
 * fit, which only costs time. */
#define TAGS 512

gsize
ibb_quirks_get_length (gsize length)
{
  gsize n_reads = (IBB_BASE64_ENCODED_LENGTH (length) + TAGS) / IBB_QUIRKS_READ;

  if (n_reads == 0)
    return length;
  return MIN (length, (n_reads * IBB_QUIRKS_READ - TAGS) / 4 * 3);
}

gsize
ibb_quirks_get_gap (gsize stanza)
{
  gsize rest = stanza % IBB_QUIRKS_READ;

  return rest > 0 ? IBB_QUIRKS_READ - rest : 0;
}

gboolean
ibb_quirks_is_filled (gsize stanza)
{
  return stanza > 0 && ibb_quirks_get_gap (stanza) <= TAGS;
}
