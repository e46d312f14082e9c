/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A thousand sessions at once on one pair of connections. */

#include "fixture.h"

#define N_SESSIONS 1000
#define LENGTH (64 * 1024)

typedef struct
{
  guint   index;
  gsize   length; /* received */
  guint8 *got;
} Receiver;

static guint n_sent;
static guint n_received;

static void
read_all_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  Receiver          *self = data;
  g_autoptr (GBytes) expected = NULL;
  gsize              size;

  assert_succeeds (g_input_stream_read_all_finish, G_INPUT_STREAM (source), result, &size);
  g_assert_cmpuint (size, ==, LENGTH);

  /* The first four bytes say which one it is. */
  memcpy (&self->index, self->got, sizeof self->index);
  g_assert_cmpuint (self->index, <, N_SESSIONS);
  expected = make_bytes (LENGTH, self->index);
  g_assert_cmpmem (self->got + 4, LENGTH - 4, (guint8 *) g_bytes_get_data (expected, NULL) + 4,
                   LENGTH - 4);
  n_received++;
  g_free (self->got);
  g_free (self);
}

static void
accepted_cb (IBBService *service, IBBTransport *transport, gpointer data)
{
  Receiver *self = g_new0 (Receiver, 1);

  g_ptr_array_add (data, g_object_ref (transport));
  self->got = g_malloc (LENGTH + 1);
  g_input_stream_read_all_async (get_input (transport), self->got, LENGTH + 1, G_PRIORITY_DEFAULT,
                                 NULL, read_all_cb, self);
}

static void
closed_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  assert_succeeds (g_io_stream_close_finish, G_IO_STREAM (source), result);
  g_assert_cmpuint (ibb_transport_get_bytes_acknowledged (IBB_TRANSPORT (source)), ==, LENGTH);
  n_sent++;
}

static void
written_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (IBBTransport) transport = data;

  assert_succeeds (g_output_stream_write_all_finish, G_OUTPUT_STREAM (source), result, NULL);
  g_io_stream_close_async (G_IO_STREAM (transport), G_PRIORITY_DEFAULT, NULL, closed_cb, NULL);
}

static void
opened_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  GPtrArray    *contents = data;
  IBBTransport *transport;
  guint32       index = contents->len;
  GByteArray   *content;

  transport = assert_succeeds (ibb_service_open_session_finish, IBB_SERVICE (source), result);
  content = g_bytes_unref_to_array (make_bytes (LENGTH, index));
  memcpy (content->data, &index, sizeof index);
  g_ptr_array_add (contents, content);
  g_output_stream_write_all_async (get_output (transport), content->data, LENGTH,
                                   G_PRIORITY_DEFAULT, NULL, written_cb, transport);
}

static void
test_thousand (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) transports = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GPtrArray) contents =
      g_ptr_array_new_with_free_func ((GDestroyNotify) g_byte_array_unref);

  ibb_service_set_session_limit (fixture->juliet, N_SESSIONS);
  g_signal_connect (fixture->juliet, "session-accepted", G_CALLBACK (accepted_cb), transports);
  for (guint i = 0; i < N_SESSIONS; i++)
    ibb_service_open_session_async (fixture->romeo, JULIET, NULL, NULL, opened_cb, contents);
  wait_until (n_sent == N_SESSIONS && n_received == N_SESSIONS);
  g_assert_cmpuint (transports->len, ==, N_SESSIONS);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  add_test ("/ibb/loopback/many/thousand/D-50", test_thousand);
  return g_test_run ();
}
