/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Any text, in any pieces, has the same verdict and the same bytes, never more than there is room
 * for. A text that is exact encodes to itself (N-43). */

#include "config.h"

#include "fuzz.h"

#include "core/base/base64.h"

#include <string.h>

static IBBBase64Status
decode (const char *text, gsize length, gsize piece, GByteArray *out)
{
  IBBBase64Decoder decoder = IBB_BASE64_DECODER_INIT;

  for (gsize i = 0; i < length; i += piece)
    {
      gsize              n = MIN (piece, length - i);
      g_autofree char   *copy = g_memdup2 (text + i, n);
      g_autofree guint8 *bytes = g_malloc (n / 4 * 3 + 3);
      gsize              written = ibb_base64_decoder_feed (&decoder, copy, n, bytes);

      g_assert (written <= n / 4 * 3 + 3);
      g_byte_array_append (out, bytes, (guint) written);
    }

  return ibb_base64_decoder_finish (&decoder);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GByteArray) whole = g_byte_array_new ();
  g_autoptr (GByteArray) pieces = g_byte_array_new ();
  const char            *text;
  gsize                  length;
  IBBBase64Status        status;

  if (size == 0)
    return 0;

  /* The first byte says how large the pieces are. */
  text = (const char *) data + 1;
  length = size - 1;
  status = decode (text, length, length + 1, whole);
  g_assert (decode (text, length, 1 + data[0] % 32, pieces) == status);
  g_assert (whole->len == pieces->len);
  g_assert (whole->len == 0 || memcmp (whole->data, pieces->data, whole->len) == 0);

  if (status == IBB_BASE64_EXACT)
    {
      g_autofree char *again = g_malloc (length + 1);

      g_assert (IBB_BASE64_ENCODED_LENGTH (whole->len) == length);
      ibb_base64_encode (whole->data, whole->len, again);
      g_assert (memcmp (again, text, length) == 0);
    }

  return 0;
}
