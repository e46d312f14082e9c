/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/base/tls-base.h"

#include <string.h>

#define ALLOWED (256 * 1024) /* bytes without data */
#define MUCH (4 * 1024 * 1024)

typedef struct
{
  GIOStream    *connection;
  IBBTlsBase   *base;
  GInputStream *input; /* of base */
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  g_autoptr (GInputStream) input =
      g_memory_input_stream_new_from_data (g_malloc0 (MUCH), MUCH, g_free);
  g_autoptr (GOutputStream) output = g_memory_output_stream_new_resizable ();

  self->connection = g_simple_io_stream_new (input, output);
  self->base = ibb_tls_base_new (self->connection);
  self->input = g_io_stream_get_input_stream (G_IO_STREAM (self->base));
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  g_assert_finalize_object (self->base);
  g_assert_finalize_object (self->connection);
}

/* Reads until that fails. Returns how much came. */
static gsize
read_all (Fixture *self, gboolean blocking, GError **error)
{
  char   buffer[1000];
  gsize  n_read = 0;
  gssize n;

  while ((n = blocking ? g_input_stream_read (self->input, buffer, sizeof buffer, NULL, error)
                       : g_pollable_input_stream_read_nonblocking (
                             G_POLLABLE_INPUT_STREAM (self->input), buffer, sizeof buffer, NULL,
                             error)) > 0)
    n_read += (gsize) n;
  return n_read;
}

/* Of what a handshake may need nothing is known. */
static void
test_handshake (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (read_all (self, TRUE, &error), ==, MUCH);
  g_assert_no_error (error);
}

static void
test_bound (Fixture *self, gconstpointer data)
{
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (GError) error = NULL;
      gsize              n_read;

      ibb_tls_base_note_data (self->base);
      n_read = read_all (self, data != NULL, &error);
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
      g_assert_nonnull (strstr (error->message, " 256 KiB "));
      g_assert_cmpuint (n_read, >, ALLOWED);
      g_assert_cmpuint (n_read, <=, ALLOWED + 1000);
    }
}

/* With the address of a socket the TLS library would have a key for a cache of tickets. */
static void
test_kind (Fixture *self, gconstpointer data)
{
  g_assert_false (G_IS_SOCKET_CONNECTION (self->base));
  g_assert_true (ibb_tls_base_get_connection (self->base) == self->connection);
  g_assert_true (g_io_stream_get_output_stream (G_IO_STREAM (self->base)) ==
                 g_io_stream_get_output_stream (self->connection));
}

static gboolean
ready_cb (GObject *stream, gpointer data)
{
  *(GObject **) data = stream;
  return G_SOURCE_REMOVE;
}

static void
test_source (Fixture *self, gconstpointer data)
{
  GPollableInputStream *input = G_POLLABLE_INPUT_STREAM (self->input);
  g_autoptr (GSource)   source = g_pollable_input_stream_create_source (input, NULL);
  GObject              *ready = NULL;

  g_assert_true (g_pollable_input_stream_is_readable (input));
  g_source_set_callback (source, G_SOURCE_FUNC (ready_cb), &ready, NULL);
  g_source_attach (source, NULL);
  while (ready == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (ready == G_OBJECT (input));
}

static void
test_close (Fixture *self, gconstpointer data)
{
  g_assert_true (g_io_stream_close (G_IO_STREAM (self->base), NULL, NULL));
  g_assert_true (g_io_stream_is_closed (self->connection));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/ibb/tls-base/handshake", Fixture, NULL, set_up, test_handshake, tear_down);
  g_test_add ("/ibb/tls-base/bound/blocking", Fixture, "", set_up, test_bound, tear_down);
  g_test_add ("/ibb/tls-base/bound/polled", Fixture, NULL, set_up, test_bound, tear_down);
  g_test_add ("/ibb/tls-base/kind", Fixture, NULL, set_up, test_kind, tear_down);
  g_test_add ("/ibb/tls-base/source", Fixture, NULL, set_up, test_source, tear_down);
  g_test_add ("/ibb/tls-base/close", Fixture, NULL, set_up, test_close, tear_down);
  return g_test_run ();
}
