/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Carries a fixed number of blocks each way between two services over a loopback, for a
 * counter of instructions. The difference of two runs is what a block costs:
 *
 *   valgrind --tool=callgrind --callgrind-out-file=/dev/null bench-blocks 500
 *   valgrind --tool=callgrind --callgrind-out-file=/dev/null bench-blocks 1500
 */

#include "config.h"

#include "../lib/open.h"

#include <stdlib.h>

#define BLOCK_SIZE 4096
#define ROMEO "romeo@example.org/orchard"
#define JULIET "juliet@example.org/balcony"

static void
carry (GIOStream *from, GIOStream *to)
{
  static guint8      block[BLOCK_SIZE];
  g_autoptr (GError) error = NULL;
  gsize              size;

  if (!g_output_stream_write_all (g_io_stream_get_output_stream (from), block, sizeof block, NULL,
                                  NULL, &error) ||
      !g_input_stream_read_all (g_io_stream_get_input_stream (to), block, sizeof block, &size, NULL,
                                &error))
    g_error ("%s", error->message);
}

static void
accepted_cb (GObject *service, GAsyncResult *result, gpointer data)
{
  *(IBBTransport **) data = ibb_service_accept_finish (IBB_SERVICE (service), result, NULL);
}

int
main (int argc, char **argv)
{
  g_autoptr (IBBLoopback)   loopback = ibb_loopback_new ();
  g_autoptr (IBBConnection) romeo_connection = ibb_loopback_attach (loopback, ROMEO);
  g_autoptr (IBBConnection) juliet_connection = ibb_loopback_attach (loopback, JULIET);
  g_autoptr (IBBService)    romeo_service = ibb_service_new (romeo_connection);
  g_autoptr (IBBService)    juliet_service = ibb_service_new (juliet_connection);
  g_autoptr (IBBTransport)  romeo = NULL;
  g_autoptr (IBBTransport)  juliet = NULL;
  g_autoptr (GError)        error = NULL;
  int                       n_blocks = argc > 1 ? atoi (argv[1]) : 500;

  ibb_service_set_session_limit (juliet_service, 1);
  ibb_service_accept_async (juliet_service, NULL, accepted_cb, &juliet);
  romeo = open_with (romeo_service, JULIET, IBB_STANZA_TYPE_IQ, BLOCK_SIZE, NULL, &error);
  if (romeo == NULL)
    g_error ("%s", error->message);
  while (juliet == NULL)
    g_main_context_iteration (NULL, TRUE);

  for (int i = 0; i < n_blocks; i++)
    {
      carry (G_IO_STREAM (romeo), G_IO_STREAM (juliet));
      carry (G_IO_STREAM (juliet), G_IO_STREAM (romeo));
    }
  g_print ("%d blocks of %d bytes each way\n", n_blocks, BLOCK_SIZE);
  return EXIT_SUCCESS;
}
