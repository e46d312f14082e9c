/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/base/base64.h"

#include <string.h>

/* Decodes in pieces, each into a buffer of exactly the room that is promised to
 * be enough, so that an overrun is seen: by the guard here, or by ASan. */
static GBytes *
decode (const char *text, gsize length, gsize piece, IBBBase64Status *status)
{
  static const guint8    guard[8] = { 0xC5, 0x5C, 0xC5, 0x5C, 0xC5, 0x5C, 0xC5, 0x5C };
  IBBBase64Decoder       decoder = IBB_BASE64_DECODER_INIT;
  g_autoptr (GByteArray) out = g_byte_array_new ();

  for (gsize i = 0; i < length; i += piece)
    {
      gsize              n = MIN (piece, length - i);
      gsize              room = n / 4 * 3 + 3;
      g_autofree char   *copy = g_memdup2 (text + i, n);
      g_autofree guint8 *bytes = g_malloc (room + sizeof guard);
      gsize              written;

      memcpy (bytes + room, guard, sizeof guard);
      written = ibb_base64_decoder_feed (&decoder, copy, n, bytes);
      g_assert_cmpuint (written, <=, room);
      g_assert_cmpmem (bytes + room, sizeof guard, guard, sizeof guard);
      g_byte_array_append (out, bytes, (guint) written);
    }

  *status = ibb_base64_decoder_finish (&decoder);

  return g_byte_array_free_to_bytes (g_steal_pointer (&out));
}

static char *
encode (const guint8 *bytes, gsize length)
{
  gsize            n = IBB_BASE64_ENCODED_LENGTH (length);
  g_autofree char *text = g_malloc (n + 1);

  text[n] = '#';
  ibb_base64_encode (bytes, length, text);
  g_assert_cmpint (text[n], ==, '#');
  text[n] = '\0';

  return g_steal_pointer (&text);
}

/* RFC 4648 §4 in its slowest form, to compare with. Only the status. */
static IBBBase64Status
judge (const char *text, gsize length)
{
  static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  g_autoptr (GString) run = g_string_new (NULL);
  gboolean            lenient = FALSE;
  gsize               n_pads = 0;

  for (gsize i = 0; i < length; i++)
    {
      if (text[i] != '\0' && strchr (" \t\r\n", text[i]) != NULL)
        lenient = TRUE;
      else
        g_string_append_c (run, text[i]);
    }

  if (run->len % 4 != 0)
    return IBB_BASE64_INVALID;

  while (n_pads < 2 && run->len > 0 && run->str[run->len - 1] == '=')
    {
      g_string_truncate (run, run->len - 1);
      n_pads++;
    }

  for (gsize i = 0; i < run->len; i++)
    {
      if (run->str[i] == '\0' || strchr (alphabet, run->str[i]) == NULL)
        return IBB_BASE64_INVALID;
    }

  if (n_pads > 0)
    {
      gsize last = (gsize) (strchr (alphabet, run->str[run->len - 1]) - alphabet);

      if ((last & (n_pads == 1 ? 0x3 : 0xF)) != 0)
        lenient = TRUE;
    }

  return lenient ? IBB_BASE64_LENIENT : IBB_BASE64_EXACT;
}

/* N-15: padded base64, by the vectors of RFC 4648. */
static void
test_encode_vectors (void)
{
  static const char *const vectors[][2] = {
    { "", "" },
    { "f", "Zg==" },
    { "fo", "Zm8=" },
    { "foo", "Zm9v" },
    { "foob", "Zm9vYg==" },
    { "fooba", "Zm9vYmE=" },
    { "foobar", "Zm9vYmFy" },
    { "\xFB\xEF\xBE\xFF\xFF\xFF", "++++////" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autofree char *text = encode ((const guint8 *) vectors[i][0], strlen (vectors[i][0]));

      g_assert_cmpstr (text, ==, vectors[i][1]);
    }
}

/* Texts that are refused (N-42, N-43), and those that only a strict reader refuses (D-19). */
static void
test_decode_table (void)
{
#define CASE(text, status, bytes)                                                                  \
  {                                                                                                \
    text, sizeof (text) - 1, status, bytes, sizeof (bytes) - 1                                     \
  }
  static const struct
  {
    const char     *text;
    gsize           length;
    IBBBase64Status status;
    const char     *bytes;
    gsize           n_bytes;
  } cases[] = {
    CASE ("", IBB_BASE64_EXACT, ""), /* a block without bytes (D-21) */
    CASE ("Zm9v", IBB_BASE64_EXACT, "foo"),
    CASE ("Zm8=", IBB_BASE64_EXACT, "fo"),
    CASE ("Zg==", IBB_BASE64_EXACT, "f"),
    CASE ("+/+/", IBB_BASE64_EXACT, "\xFB\xFF\xBF"),
    /* White space. */
    CASE (" ", IBB_BASE64_LENIENT, ""),
    CASE ("\n  Zm9v\r\n\tYmFy\n", IBB_BASE64_LENIENT, "foobar"),
    CASE ("Z m 9 v", IBB_BASE64_LENIENT, "foo"),
    CASE ("Z g = = ", IBB_BASE64_LENIENT, "f"),
    CASE ("Zg==\n", IBB_BASE64_LENIENT, "f"),
    CASE ("Zm9v\vYmFy", IBB_BASE64_INVALID, ""),
    CASE ("Zm9v\fYmFy", IBB_BASE64_INVALID, ""),
    CASE ("Zm9v\xC2\xA0YmFy", IBB_BASE64_INVALID, ""),
    /* Stray pad bits. */
    CASE ("Zh==", IBB_BASE64_LENIENT, "f"),
    CASE ("Zm9=", IBB_BASE64_LENIENT, "fo"),
    CASE ("Zv==", IBB_BASE64_LENIENT, "f"),
    /* Foreign characters. */
    CASE ("AA*A", IBB_BASE64_INVALID, ""),
    CASE ("AA-_", IBB_BASE64_INVALID, ""),
    CASE ("AA\0A", IBB_BASE64_INVALID, ""),
    CASE ("AAAA\0", IBB_BASE64_INVALID, ""),
    CASE ("AA\xC3\xA4", IBB_BASE64_INVALID, ""),
    CASE ("AAAA.", IBB_BASE64_INVALID, ""),
    CASE ("AAAA&#65;", IBB_BASE64_INVALID, ""),
    /* Pads where none may be. */
    CASE ("=", IBB_BASE64_INVALID, ""),
    CASE ("====", IBB_BASE64_INVALID, ""),
    CASE ("=AAA", IBB_BASE64_INVALID, ""),
    CASE ("A=AA", IBB_BASE64_INVALID, ""),
    CASE ("AA=A", IBB_BASE64_INVALID, ""),
    CASE ("A===", IBB_BASE64_INVALID, ""),
    CASE ("BBBB=CCC", IBB_BASE64_INVALID, ""),
    CASE ("AA==AA==", IBB_BASE64_INVALID, ""),
    CASE ("AAA=AAAA", IBB_BASE64_INVALID, ""),
    CASE ("AAAA=", IBB_BASE64_INVALID, ""),
    CASE ("AA===", IBB_BASE64_INVALID, ""),
    CASE ("AA== =", IBB_BASE64_INVALID, ""),
    /* Cut inside a group. */
    CASE ("A", IBB_BASE64_INVALID, ""),
    CASE ("AA", IBB_BASE64_INVALID, ""),
    CASE ("AAA", IBB_BASE64_INVALID, ""),
    CASE ("AA=", IBB_BASE64_INVALID, ""),
    CASE ("AAAAA", IBB_BASE64_INVALID, ""),
  };
#undef CASE

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_assert_cmpint (judge (cases[i].text, cases[i].length), ==, cases[i].status);

      for (gsize piece = 1; piece <= cases[i].length + 1; piece++)
        {
          IBBBase64Status    status;
          g_autoptr (GBytes) bytes = decode (cases[i].text, cases[i].length, piece, &status);

          g_test_message ("case %" G_GSIZE_FORMAT ", pieces of %" G_GSIZE_FORMAT, i, piece);
          g_assert_cmpint (status, ==, cases[i].status);
          if (status != IBB_BASE64_INVALID)
            g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes),
                             cases[i].bytes, cases[i].n_bytes);
        }
    }
}

/* N-42, B-24: each of the 256 bytes, at each place of a run that the fast way takes. */
static void
test_decode_every_byte (void)
{
  for (guint place = 0; place < 32; place++)
    {
      for (guint c = 0; c < 256; c++)
        {
          char               text[33] = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldY";
          IBBBase64Status    status;
          g_autoptr (GBytes) bytes = NULL;

          text[place] = (char) c;
          bytes = decode (text, 32, 32, &status);
          g_assert_cmpint (status, ==, judge (text, 32));
        }
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/ibb/base64/encode/vectors/N-15", test_encode_vectors);
  g_test_add_func ("/ibb/base64/decode/table/N-42,N-43,D-19", test_decode_table);
  g_test_add_func ("/ibb/base64/decode/every-byte/N-42", test_decode_every_byte);

  return g_test_run ();
}
