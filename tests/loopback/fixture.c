/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "fixture.h"

#include <stdlib.h>
#include <unistd.h>

/* Longer than the slowest test under valgrind. */
#define WATCHDOG_SECONDS 300
#define LARGEST_TRANSFER (20 * 1024 * 1024)

void
fixture_add_services (Fixture *self)
{
  self->romeo = ibb_service_new (self->romeo_connection);
  self->juliet = ibb_service_new (self->juliet_connection);
  ibb_service_set_session_limit (self->juliet, 10);
}

void
fixture_set_up (Fixture *self, gconstpointer data)
{
  self->loopback = ibb_loopback_new ();
  self->romeo_connection = ibb_loopback_attach (self->loopback, ROMEO);
  self->juliet_connection = ibb_loopback_attach (self->loopback, JULIET);
  fixture_add_services (self);
}

#ifdef IBB_HAS_CLIENT
/* As one of the accounts that tests/lib/prosody.py makes. */
static IBBConnection *
log_in (const char *jid, const char *password)
{
  g_autoptr (GError)       error = NULL;
  g_autoptr (GTlsDatabase) database =
      g_tls_file_database_new (g_getenv ("IBB_TEST_CA_FILE"), &error);
  IBBClient *client = ibb_client_new (g_getenv (jid));

  g_assert_no_error (error);
  ibb_client_set_password (client, g_getenv (password));
  ibb_client_set_host (client, g_getenv ("IBB_TEST_HOST"));
  ibb_client_set_port (client, (guint) atoi (g_getenv ("IBB_TEST_PORT")));
  ibb_client_set_tls_database (client, database);
  ibb_client_login (client, NULL, &error);
  g_assert_no_error (error);
  return IBB_CONNECTION (client);
}

static void
log_out (IBBConnection *client)
{
  g_autoptr (GError) error = NULL;

  ibb_client_logout (IBB_CLIENT (client), NULL, &error);
  g_assert_no_error (error);
}
#endif

void
fixture_set_up_anywhere (Fixture *self, gconstpointer data)
{
  if (g_getenv ("IBB_TEST_HOST") == NULL)
    {
      fixture_set_up (self, data);
      return;
    }
#ifdef IBB_HAS_CLIENT
  self->romeo_connection = log_in ("IBB_TEST_ALICE", "IBB_TEST_ALICE_PASSWORD");
  self->juliet_connection = log_in ("IBB_TEST_BOB", "IBB_TEST_BOB_PASSWORD");
  fixture_add_services (self);
#else
  g_assert_not_reached ();
#endif
}

static void
gone_cb (gpointer data, GObject *object)
{
  g_atomic_int_set ((int *) data, TRUE);
}

void
drop_and_wait (gpointer object)
{
  int gone = FALSE;

  g_object_weak_ref (object, gone_cb, &gone);
  g_object_unref (object);
  poll_until (g_atomic_int_get (&gone));
}

void
fixture_tear_down (Fixture *self, gconstpointer data)
{
  run_pending ();
  if (self->romeo != NULL)
    g_assert_finalize_object (self->romeo);
  if (self->juliet != NULL)
    g_assert_finalize_object (self->juliet);
#ifdef IBB_HAS_CLIENT
  if (IBB_IS_CLIENT (self->romeo_connection))
    {
      log_out (self->romeo_connection);
      log_out (self->juliet_connection);
    }
#endif
  /* What closes in the background keeps its connection until it is done. */
  drop_and_wait (self->romeo_connection);
  drop_and_wait (self->juliet_connection);
  if (self->loopback != NULL)
    g_assert_finalize_object (self->loopback);
}

void
store_result_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  GAsyncResult **stored = data;

  g_assert_null (*stored);
  *stored = g_object_ref (result);
}

GAsyncResult *
wait_for_result (GAsyncResult **result)
{
  wait_until (*result != NULL);
  return g_steal_pointer (result);
}

void
run_pending (void)
{
  while (g_main_context_iteration (g_main_context_get_thread_default (), FALSE))
    ;
}

gboolean
has_waiter (GCancellable *cancellable)
{
  return g_signal_has_handler_pending (cancellable,
                                       g_signal_lookup ("cancelled", G_TYPE_CANCELLABLE), 0, FALSE);
}

void
wait_for_waiter (GCancellable *cancellable)
{
  while (!has_waiter (cancellable))
    g_thread_yield ();
}

void
wait_briefly (void)
{
  run_pending ();
  g_usleep (500);
}

/* A stack that works in a thread of its own need not say it here. */
static char *
dup_juliet_jid (Fixture *self)
{
#ifdef IBB_HAS_CLIENT
  if (IBB_IS_CLIENT (self->juliet_connection))
    return ibb_connection_dup_local_jid (self->juliet_connection);
#endif
  return g_strdup (JULIET);
}

void
fixture_open (Fixture *self, IBBTransport **romeo, IBBTransport **juliet)
{
  fixture_open_with (self, IBB_STANZA_TYPE_IQ, romeo, juliet);
}

void
fixture_open_with (Fixture       *self,
                   IBBStanzaType  stanza_type,
                   IBBTransport **romeo,
                   IBBTransport **juliet)
{
  g_autofree char         *jid = dup_juliet_jid (self);
  GAsyncResult            *accepted = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError)       error = NULL;

  ibb_service_accept_async (self->juliet, NULL, store_result_cb, &accepted);
  *romeo = ibb_service_open_session (self->romeo, jid, stanza_type, 0, NULL, NULL, &error);
  g_assert_no_error (error);
  result = wait_for_result (&accepted);
  *juliet = ibb_service_accept_finish (self->juliet, result, &error);
  g_assert_no_error (error);
}

void
fixture_make_room (Fixture *self)
{
  ibb_service_set_receive_buffer_size (self->romeo, LARGEST_TRANSFER);
  ibb_service_set_receive_buffer_size (self->juliet, LARGEST_TRANSFER);
}

void
write_bytes (IBBTransport *transport, gconstpointer bytes, gsize length)
{
  g_autoptr (GError) error = NULL;

  g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (transport)), bytes, length,
                             NULL, NULL, &error);
  g_assert_no_error (error);
}

void
write_text (IBBTransport *transport, const char *text)
{
  write_bytes (transport, text, strlen (text));
}

void
assert_reads (IBBTransport *transport, const char *text)
{
  g_autofree char   *got = g_malloc0 (strlen (text) + 1);
  g_autoptr (GError) error = NULL;
  gsize              size;

  g_input_stream_read_all (g_io_stream_get_input_stream (G_IO_STREAM (transport)), got,
                           strlen (text), &size, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (got, ==, text);
}

void
assert_reads_eof (IBBTransport *transport)
{
  g_autoptr (GError) error = NULL;
  guint8             byte;

  g_assert_cmpint (g_input_stream_read (g_io_stream_get_input_stream (G_IO_STREAM (transport)),
                                        &byte, 1, NULL, &error),
                   ==, 0);
  g_assert_no_error (error);
}

void
assert_read_fails (IBBTransport *transport, int code)
{
  g_autoptr (GError) error = NULL;
  guint8             byte;

  g_assert_cmpint (g_input_stream_read (g_io_stream_get_input_stream (G_IO_STREAM (transport)),
                                        &byte, 1, NULL, &error),
                   ==, -1);
  g_assert_error (error, G_IO_ERROR, code);
}

void
assert_write_fails (IBBTransport *transport, int code)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_output_stream_write (g_io_stream_get_output_stream (G_IO_STREAM (transport)),
                                          "x", 1, NULL, &error),
                   ==, -1);
  g_assert_error (error, G_IO_ERROR, code);
}

GBytes *
make_bytes (gsize length, guint seed)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
  guint8           *bytes = g_malloc (length);

  for (gsize i = 0; i < length; i++)
    bytes[i] = g_rand_int (rand) >> 24;
  return g_bytes_new_take (bytes, length);
}

gsize
fill_output (IBBTransport *transport)
{
  GPollableOutputStream *output =
      G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (G_IO_STREAM (transport)));
  static const guint8 bytes[4096];
  gsize               total = 0;

  for (;;)
    {
      g_autoptr (GError) error = NULL;
      gssize             size =
          g_pollable_output_stream_write_nonblocking (output, bytes, sizeof bytes, NULL, &error);

      if (size < 0)
        {
          g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
          return total;
        }
      total += size;
    }
}

void
test_init (int *argc, char ***argv)
{
  g_test_init (argc, argv, NULL);
  alarm (WATCHDOG_SECONDS);
}
