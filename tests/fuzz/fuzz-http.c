/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Any answer of HTTP, in any pieces: the same as in one piece, no content longer than allowed, and
 * nothing more after the end or a mistake. The first byte chooses the pieces and the longest
 * content. */

#include "config.h"

#include "fuzz.h"

#include <string.h>

#include "xmpp/reach/http-reader.h"

static const gsize max_bodies[] = { 0, 1, 100, 70000 };

static void
append_answer (GString *log, const IBBHttpReader *reader, gsize max_body, gsize left)
{
  gsize       length;
  const char *body = ibb_http_reader_get_body (reader, &length);
  const char *location = ibb_http_reader_get_field (reader, "location");

  g_assert (length <= max_body);
  g_assert (location == NULL || g_utf8_validate (location, -1, NULL));
  g_string_append_printf (log, "%u %zu %d %s ", ibb_http_reader_get_status (reader), left,
                          ibb_http_reader_has_token (reader, "connection", "close"),
                          location != NULL ? location : "-");
  if (length > 0)
    g_string_append_len (log, body, (gssize) length);
}

/* seed 0: in one piece. A piece is a copy, so that reading behind its end is found. */
static GString *
read_all (const uint8_t *data, size_t size, gsize max_body, guint seed)
{
  g_autoptr (IBBHttpReader) reader = ibb_http_reader_new (max_body);
  GString                  *log = g_string_new (NULL);
  g_autoptr (GError)        error = NULL;
  size_t                    offset = 0;

  while (error == NULL && offset < size && !ibb_http_reader_is_done (reader))
    {
      g_autofree char *piece = NULL;
      const char      *at;
      gsize            n = size - offset, left;

      if (seed != 0)
        {
          seed = seed * 1664525 + 1013904223;
          n = MIN (n, 1 + (seed >> 24) % (seed & 64 ? 200 : 5));
        }
      piece = g_memdup2 (data + offset, n);
      at = piece;
      left = n;
      g_assert (ibb_http_reader_feed (reader, &at, &left, &error) == (error == NULL));
      g_assert (at + left == piece + n);
      g_assert (error != NULL || left == 0 || ibb_http_reader_is_done (reader));
      offset += n - left;
    }

  if (error == NULL)
    ibb_http_reader_end (reader, &error);
  if (error != NULL)
    {
      g_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA));
      g_string_append (log, error->message);
    }
  else
    append_answer (log, reader, max_body, size - offset);
  return log;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  gsize               max_body;
  g_autoptr (GString) whole = NULL;
  g_autoptr (GString) pieces = NULL;

  if (size < 1)
    return 0;

  max_body = max_bodies[data[0] % G_N_ELEMENTS (max_bodies)];
  whole = read_all (data + 1, size - 1, max_body, 0);
  pieces = read_all (data + 1, size - 1, max_body, data[0] | 256);
  g_assert (g_string_equal (whole, pieces));

  return 0;
}
