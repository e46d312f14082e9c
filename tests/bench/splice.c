/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a byte costs on its way from a file through two transports to /dev/null,
 * in CPU time of the whole process, beside what has to be done with it: encoded
 * to base64 in a stanza, parsed and decoded again. Median of five runs, each of
 * which measures both.
 *
 * A loopback passes records unless it is told to carry XML: "as records" is
 * the cost of everything but the encoding, "as XML" has that too, as between
 * processes but for the sockets. */

#include "config.h"

#include "../lib/stanza-parser.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <ibb-glib/ibb-glib.h>

#define SIZE (64 * 1024 * 1024)
#define N_RUNS 5
#define ROMEO "romeo@example.org/orchard"
#define JULIET "juliet@example.org/balcony"

typedef struct
{
  guint  block_size;
  GFile *file;
} Bench;

static double
get_cpu_time (void)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  return (double) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         (double) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / G_USEC_PER_SEC;
}

/* Encodes, writes, parses and decodes: the work that cannot be left out. */
static double
measure_parts (Bench *bench, const guint8 *bytes)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();
  g_autoptr (IBBStanza)  stanza = NULL;
  StanzaParser           parser;
  double                 start = get_cpu_time ();

  stanza =
      ibb_stanza_record_new (IBB_STANZA_IQ, "set", IBB_PAYLOAD_DATA, "0123456789abcdef", JULIET);
  stanza->from = g_strdup (ROMEO);
  stanza->sid = g_strdup ("0123456789abcdef0123456789abcdef");
  stanza_parser_init (&parser, "<s xmlns='jabber:client'>");
  for (gsize i = 0; i < SIZE; i += bench->block_size)
    {
      g_clear_pointer (&stanza->bytes, g_bytes_unref);
      stanza->bytes = g_bytes_new_static (bytes + i, MIN (bench->block_size, SIZE - i));
      ibb_stanza_writer_append (stanza, out);
      stanza_parser_feed (&parser, out->data, out->len);
      g_byte_array_set_size (out, 0);
    }
  g_assert_cmpuint (parser.n_bytes, ==, SIZE);
  stanza_parser_clear (&parser);
  return get_cpu_time () - start;
}

/* The whole */

static void
accepted_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  IBBTransport **transport = data;
  GError        *error = NULL;

  *transport = ibb_service_expect_session_finish (IBB_SERVICE (source), result, &error);
  g_assert_no_error (error);
}

static gpointer
receive (gpointer data)
{
  g_autoptr (IBBTransport)      transport = data;
  g_autoptr (GFile)             file = g_file_new_for_path ("/dev/null");
  g_autoptr (GFileOutputStream) sink = NULL;
  GError                       *error = NULL;
  gssize                        n;

  sink = g_file_append_to (file, G_FILE_CREATE_NONE, NULL, &error);
  g_assert_no_error (error);
  n = g_output_stream_splice (G_OUTPUT_STREAM (sink),
                              g_io_stream_get_input_stream (G_IO_STREAM (transport)),
                              G_OUTPUT_STREAM_SPLICE_NONE, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (n, ==, SIZE);
  g_io_stream_close (G_IO_STREAM (transport), NULL, &error);
  g_assert_no_error (error);
  return NULL;
}

static double
measure_splice (Bench *bench, gboolean as_xml)
{
  g_autoptr (IBBLoopback)      loopback = ibb_loopback_new ();
  g_autoptr (IBBConnection)    left = ibb_loopback_attach (loopback, ROMEO);
  g_autoptr (IBBConnection)    right = ibb_loopback_attach (loopback, JULIET);
  g_autoptr (IBBService)       sender = ibb_service_new (left);
  g_autoptr (IBBService)       receiver = ibb_service_new (right);
  g_autoptr (IBBTransport)     here = NULL;
  g_autoptr (GFileInputStream) source = NULL;
  IBBTransport                *there = NULL;
  GError                      *error = NULL;
  GThread                     *thread;
  double                       start;

  ibb_loopback_set_carry_xml (loopback, as_xml);
  ibb_service_expect_session_async (receiver, ROMEO, "bench", NULL, accepted_cb, &there);
  here = ibb_service_open_session (sender, JULIET, IBB_STANZA_TYPE_IQ, bench->block_size, "bench",
                                   NULL, &error);
  g_assert_no_error (error);
  while (there == NULL)
    g_main_context_iteration (NULL, TRUE);
  source = g_file_read (bench->file, NULL, &error);
  g_assert_no_error (error);

  start = get_cpu_time ();
  thread = g_thread_new ("receiver", receive, there);
  g_output_stream_splice (g_io_stream_get_output_stream (G_IO_STREAM (here)),
                          G_INPUT_STREAM (source), G_OUTPUT_STREAM_SPLICE_CLOSE_SOURCE, NULL,
                          &error);
  g_assert_no_error (error);
  g_io_stream_close (G_IO_STREAM (here), NULL, &error);
  g_assert_no_error (error);
  g_thread_join (thread);
  return get_cpu_time () - start;
}

static int
compare (const void *a, const void *b)
{
  const double *x = a, *y = b;

  return (*x > *y) - (*x < *y);
}

static void
print_median (const char *name, double *seconds, double parts)
{
  qsort (seconds, N_RUNS, sizeof seconds[0], compare);
  g_print ("%-24s %5.2f s/GiB  %5.2f of the parts\n", name,
           seconds[N_RUNS / 2] * (1024.0 * 1024.0 * 1024.0 / SIZE), seconds[N_RUNS / 2] / parts);
}

static void
compare_runs (Bench *bench, const guint8 *bytes)
{
  double parts[N_RUNS], records[N_RUNS], xml[N_RUNS];
  double median;

  for (guint i = 0; i < N_RUNS; i++)
    {
      parts[i] = measure_parts (bench, bytes);
      records[i] = measure_splice (bench, FALSE);
      xml[i] = measure_splice (bench, TRUE);
    }
  qsort (parts, N_RUNS, sizeof parts[0], compare);
  median = parts[N_RUNS / 2];
  g_print ("%d MiB in blocks of %u, CPU time\n", SIZE / (1024 * 1024), bench->block_size);
  print_median ("encode, parse, decode", parts, median);
  print_median ("splice, as records", records, median);
  print_median ("splice, as XML", xml, median);
}

int
main (int argc, char *argv[])
{
  Bench                     bench = { .block_size = 4096 };
  g_autofree guint8        *bytes = g_malloc (SIZE);
  g_autoptr (GFileIOStream) stream = NULL;
  GError                   *error = NULL;

  if (argc > 1)
    bench.block_size = (guint) g_ascii_strtoull (argv[1], NULL, 10);
  if (bench.block_size < 1 || bench.block_size > IBB_BLOCK_SIZE_MAX)
    {
      g_printerr ("usage: %s [BLOCK-SIZE]\n", argv[0]);
      return 2;
    }

  for (gsize i = 0; i < SIZE; i += sizeof (guint32))
    {
      guint32 word = g_random_int ();

      memcpy (bytes + i, &word, sizeof word);
    }
  bench.file = g_file_new_tmp ("ibb-splice-XXXXXX", &stream, &error);
  g_assert_no_error (error);
  g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (stream)), bytes, SIZE,
                             NULL, NULL, &error);
  g_assert_no_error (error);

  compare_runs (&bench, bytes);
  g_file_delete (bench.file, NULL, NULL);
  g_object_unref (bench.file);
  return 0;
}
