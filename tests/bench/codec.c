/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How fast the way of a byte through this process is: base64 and the XML of
 * data stanzas. Prints the median of five runs. */

#include "config.h"

#include "../lib/stanza-parser.h"
#include "ibb-stanza.h"

#include <stdlib.h>

#define PAYLOAD (64 * 1024 * 1024)
#define PARSER_FEED 8192
#define N_RUNS 5

typedef struct
{
  gsize       block_size;
  gsize       n_blocks;
  guint8     *bytes; /* one block */
  char       *text;  /* the same encoded */
  gsize       text_length;
  IBBStanza  *stanza; /* the same as IQ */
  GByteArray *xml;    /* n_blocks of it */
} Bench;

static void
encode (Bench *bench)
{
  for (gsize i = 0; i < bench->n_blocks; i++)
    {
      bench->bytes[0]++;
      ibb_base64_encode (bench->bytes, bench->block_size, bench->text);
    }
}

static void
encode_glib (Bench *bench)
{
  for (gsize i = 0; i < bench->n_blocks; i++)
    {
      int   state = 0, save = 0;
      gsize n =
          g_base64_encode_step (bench->bytes, bench->block_size, FALSE, bench->text, &state, &save);

      g_base64_encode_close (FALSE, bench->text + n, &state, &save);
    }
}

static void
decode (Bench *bench)
{
  g_autofree guint8 *bytes = g_malloc (bench->text_length / 4 * 3 + 3);

  for (gsize i = 0; i < bench->n_blocks; i++)
    {
      IBBBase64Decoder decoder = IBB_BASE64_DECODER_INIT;

      ibb_base64_decoder_feed (&decoder, bench->text, bench->text_length, bytes);
      g_assert (ibb_base64_decoder_finish (&decoder) == IBB_BASE64_EXACT);
    }
}

static void
decode_glib (Bench *bench)
{
  g_autofree guint8 *bytes = g_malloc (bench->text_length / 4 * 3 + 3);

  for (gsize i = 0; i < bench->n_blocks; i++)
    {
      int   state = 0;
      guint save = 0;

      g_base64_decode_step (bench->text, bench->text_length, bytes, &state, &save);
    }
}

static void
write_stanzas (Bench *bench)
{
  g_autoptr (GByteArray) out = g_byte_array_sized_new (256 * 1024);

  for (gsize i = 0; i < bench->n_blocks; i++)
    {
      if (out->len > 128 * 1024)
        g_byte_array_set_size (out, 0);
      ibb_stanza_writer_append (bench->stanza, out);
    }
}

static void
read_stanzas (Bench *bench)
{
  StanzaParser parser;

  stanza_parser_init (&parser, "<s xmlns='jabber:client'>");
  for (gsize i = 0; i < bench->xml->len; i += PARSER_FEED)
    stanza_parser_feed (&parser, bench->xml->data + i, MIN (PARSER_FEED, bench->xml->len - i));
  g_assert_cmpuint (parser.n_stanzas, ==, bench->n_blocks);
  g_assert_cmpuint (parser.n_bytes, ==, bench->n_blocks * bench->block_size);
  stanza_parser_clear (&parser);
}

/* Reads as an application does that has its own XMPP stack. */
static void
read_alone (Bench *bench)
{
  gsize       length = bench->xml->len / bench->n_blocks;
  const char *xml = (const char *) bench->xml->data;

  for (gsize i = 0; i < bench->n_blocks; i++, xml += length)
    {
      g_autoptr (IBBStanza) stanza = ibb_stanza_new_from_xml (xml, (gssize) length, NULL);

      g_assert (g_bytes_get_size (stanza->bytes) == bench->block_size);
    }
}

static int
compare (const void *a, const void *b)
{
  const double *x = a, *y = b;

  return (*x > *y) - (*x < *y);
}

static void
measure (Bench *bench, const char *name, void (*step) (Bench *bench))
{
  double seconds[N_RUNS];
  double mebibytes = (double) bench->n_blocks * (double) bench->block_size / (1024.0 * 1024.0);

  for (guint i = 0; i < N_RUNS; i++)
    {
      gint64 start = g_get_monotonic_time ();

      step (bench);
      seconds[i] = (double) (g_get_monotonic_time () - start) / G_USEC_PER_SEC;
    }

  qsort (seconds, N_RUNS, sizeof seconds[0], compare);
  g_print ("%-24s %8.0f MiB/s  %5.2f s/GiB\n", name, mebibytes / seconds[N_RUNS / 2],
           seconds[N_RUNS / 2] / mebibytes * 1024.0);
}

int
main (int argc, char *argv[])
{
  Bench bench = { .block_size = 4096 };

  if (argc > 1)
    bench.block_size = (gsize) g_ascii_strtoull (argv[1], NULL, 10);
  if (bench.block_size < 1 || bench.block_size > IBB_BLOCK_SIZE_MAX)
    {
      g_printerr ("usage: %s [BLOCK-SIZE]\n", argv[0]);
      return 2;
    }

  bench.n_blocks = PAYLOAD / bench.block_size;
  bench.bytes = g_malloc (bench.block_size);
  for (gsize i = 0; i < bench.block_size; i++)
    bench.bytes[i] = (guint8) g_random_int ();
  bench.text_length = IBB_BASE64_ENCODED_LENGTH (bench.block_size);
  bench.text = g_malloc (bench.text_length + 8);
  bench.stanza = ibb_stanza_record_new (IBB_STANZA_IQ, "set", IBB_PAYLOAD_DATA, "0123456789abcdef",
                                        "juliet@capulet.lit/balcony");
  bench.stanza->from = g_strdup ("romeo@montague.lit/orchard");
  bench.stanza->sid = g_strdup ("0123456789abcdef0123456789abcdef");
  bench.stanza->bytes = g_bytes_new (bench.bytes, bench.block_size);
  bench.xml = g_byte_array_new ();
  for (gsize i = 0; i < bench.n_blocks; i++)
    ibb_stanza_writer_append (bench.stanza, bench.xml);

  g_print ("%d MiB in blocks of %" G_GSIZE_FORMAT "\n", PAYLOAD / (1024 * 1024), bench.block_size);
  measure (&bench, "encode", encode);
  measure (&bench, "g_base64_encode_step", encode_glib);
  measure (&bench, "decode", decode);
  measure (&bench, "g_base64_decode_step", decode_glib);
  measure (&bench, "write stanzas", write_stanzas);
  measure (&bench, "read stanzas", read_stanzas);
  measure (&bench, "ibb_stanza_new_from_xml", read_alone);

  g_free (bench.bytes);
  g_free (bench.text);
  ibb_stanza_unref (bench.stanza);
  g_byte_array_unref (bench.xml);

  return 0;
}
