/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "fixture.h"

#include "../lib/watchdog.h"

#include "../lib/account.h"

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
  ibb_loopback_set_faults (self->loopback,
                           &(IBBHubFaults){ .carry_xml = g_getenv ("IBB_TEST_XML") != NULL });
  self->romeo_connection = ibb_loopback_attach (self->loopback, ROMEO);
  self->juliet_connection = ibb_loopback_attach (self->loopback, JULIET);
  fixture_add_services (self);
}

void
fixture_set_up_stacks (Fixture *self, gconstpointer data)
{
  StackConnection *romeo = stack_connection_new (ROMEO);
  StackConnection *juliet = stack_connection_new (data != NULL ? data : JULIET);

  stack_connection_set_peer (romeo, juliet);
  stack_connection_set_peer (juliet, romeo);
  self->romeo_connection = IBB_CONNECTION (romeo);
  self->juliet_connection = IBB_CONNECTION (juliet);
  fixture_add_services (self);
}

static IBBConnection *
log_in (const char *account)
{
  IBBXmppClient *client = account_create_client (account, NULL);

  assert_succeeds (ibb_xmpp_client_login, client, NULL);
  return IBB_CONNECTION (client);
}

static void
log_out (IBBConnection *client)
{
  assert_succeeds (ibb_xmpp_client_logout, IBB_XMPP_CLIENT (client), NULL);
}

void
fixture_set_up_anywhere (Fixture *self, gconstpointer data)
{
  if (g_getenv ("IBB_TEST_HOST") == NULL)
    {
      fixture_set_up (self, data);
      return;
    }
  self->romeo_connection = log_in ("alice");
  self->juliet_connection = log_in ("bob");
  fixture_add_services (self);
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
  if (IBB_XMPP_IS_CLIENT (self->romeo_connection))
    {
      log_out (self->romeo_connection);
      log_out (self->juliet_connection);
    }
  /* A session that closes in the background keeps its connection until it has closed. */
  drop_and_wait (self->romeo_connection);
  drop_and_wait (self->juliet_connection);
  if (self->loopback != NULL)
    g_assert_finalize_object (self->loopback);
}

static gboolean
set_flag_cb (gpointer data)
{
  g_atomic_int_set ((int *) data, TRUE);
  return G_SOURCE_REMOVE;
}

void
fixture_settle (Fixture *self)
{
  int flag = FALSE;

  /* The lowest priority: after everything else. */
  g_main_context_invoke_full (ibb_connection_get_context (self->romeo_connection), G_PRIORITY_LOW,
                              set_flag_cb, &flag, NULL);
  poll_until (g_atomic_int_get (&flag));
}

static gboolean
stand_still_cb (gpointer data)
{
  Fixture *self = data;

  g_atomic_int_set (&self->stands_still, TRUE);
  g_mutex_lock (&self->stop);
  g_mutex_unlock (&self->stop);
  g_atomic_int_set (&self->stands_still, FALSE);
  return G_SOURCE_REMOVE;
}

void
fixture_stop_traffic (Fixture *self)
{
  g_mutex_lock (&self->stop);
  g_main_context_invoke (ibb_connection_get_context (self->romeo_connection), stand_still_cb, self);
  poll_until (g_atomic_int_get (&self->stands_still));
}

void
fixture_resume_traffic (Fixture *self)
{
  g_mutex_unlock (&self->stop);
  poll_until (!g_atomic_int_get (&self->stands_still));
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
  if (IBB_XMPP_IS_CLIENT (self->juliet_connection))
    return ibb_connection_dup_local_jid (self->juliet_connection);
  return g_strdup (JULIET);
}

void
ends_clear (Ends *self)
{
  g_clear_object (&self->romeo);
  g_clear_object (&self->juliet);
}

Ends
fixture_open (Fixture *self)
{
  return fixture_open_with (self, IBB_STANZA_TYPE_IQ);
}

Ends
fixture_open_with (Fixture *self, IBBStanzaType stanza_type)
{
  g_autofree char *jid = dup_juliet_jid (self);
  GAsyncResult    *opened = NULL;
  GAsyncResult    *accepted = NULL;
  Ends             ends;

  ibb_service_accept_async (self->juliet, NULL, store_result_cb, &accepted);
  open_with_async (self->romeo, jid, stanza_type, 0, NULL, store_result_cb, &opened);
  ends.romeo = assert_result (ibb_service_open_session_finish, self->romeo, &opened);
  ends.juliet = assert_result (ibb_service_accept_finish, self->juliet, &accepted);
  g_assert_false (ibb_transport_is_incoming (ends.romeo));
  g_assert_true (ibb_transport_is_incoming (ends.juliet));
  return ends;
}

void
fixture_make_room (Fixture *self)
{
  g_object_set (self->romeo, "receive-buffer-size", (guint64) LARGEST_TRANSFER, NULL);
  g_object_set (self->juliet, "receive-buffer-size", (guint64) LARGEST_TRANSFER, NULL);
}

void
close_stream (gpointer stream)
{
  assert_succeeds (g_io_stream_close, G_IO_STREAM (stream), NULL);
}

void
close_async (gpointer stream)
{
  GAsyncResult *closed = NULL;

  g_io_stream_close_async (G_IO_STREAM (stream), G_PRIORITY_DEFAULT, NULL, store_result_cb,
                           &closed);
  assert_result (g_io_stream_close_finish, G_IO_STREAM (stream), &closed);
}

void
drain_transport (IBBTransport *transport)
{
  assert_succeeds (ibb_transport_drain, transport, NULL);
}

void
shut_down_output (IBBTransport *transport)
{
  assert_succeeds (ibb_transport_shutdown_output, transport, NULL);
}

void
write_bytes (IBBTransport *transport, gconstpointer bytes, gsize length)
{
  assert_succeeds (g_output_stream_write_all, get_output (transport), bytes, length, NULL, NULL);
}

void
write_text (IBBTransport *transport, const char *text)
{
  write_bytes (transport, text, strlen (text));
}

IBBStanza *
new_stanza (const char *format, ...)
{
  g_autofree char *xml = NULL;
  va_list          arguments;

  va_start (arguments, format);
  xml = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  return assert_succeeds (ibb_stanza_new_from_xml, xml, -1);
}

void
assert_passes (gpointer from, gpointer to, GBytes *bytes)
{
  gsize              length;
  gconstpointer      data = g_bytes_get_data (bytes, &length);
  g_autofree guint8 *got = g_malloc (length);
  GAsyncResult      *read = NULL;
  GAsyncResult      *written = NULL;
  gsize              size;

  g_input_stream_read_all_async (get_input (to), got, length, G_PRIORITY_DEFAULT, NULL,
                                 store_result_cb, &read);
  g_output_stream_write_all_async (get_output (from), data, length, G_PRIORITY_DEFAULT, NULL,
                                   store_result_cb, &written);
  assert_result (g_output_stream_write_all_finish, get_output (from), &written, NULL);
  assert_result (g_input_stream_read_all_finish, get_input (to), &read, &size);
  g_assert_cmpmem (got, size, data, length);
}

void
assert_reads (IBBTransport *transport, const char *text)
{
  g_autofree char *got = g_malloc0 (strlen (text) + 1);
  gsize            size;

  assert_succeeds (g_input_stream_read_all, get_input (transport), got, strlen (text), &size, NULL);
  g_assert_cmpstr (got, ==, text);
}

void
assert_reads_eof (IBBTransport *transport)
{
  g_autoptr (GError) error = NULL;
  guint8             byte;

  g_assert_cmpint (g_input_stream_read (get_input (transport), &byte, 1, NULL, &error), ==, 0);
  g_assert_no_error (error);
}

void
assert_read_fails (IBBTransport *transport, int code)
{
  guint8 byte;

  assert_fails (G_IO_ERROR, code, g_input_stream_read, get_input (transport), &byte, 1, NULL);
}

void
assert_write_fails (IBBTransport *transport, int code)
{
  assert_fails (G_IO_ERROR, code, g_output_stream_write, get_output (transport), "x", 1, NULL);
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

static gsize
write_what_fits (GPollableOutputStream *output)
{
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

gsize
fill_output (IBBTransport *transport)
{
  gsize total = 0;

  for (;;)
    {
      gsize size = write_what_fits (G_POLLABLE_OUTPUT_STREAM (get_output (transport)));

      if (size == 0)
        return total;
      total += size;
      /* The connection takes blocks in its own time, and makes room. */
      poll_until (ibb_transport_get_bytes_in_flight (transport) > 0 ||
                  ibb_transport_get_bytes_queued (transport) == 0);
    }
}

gsize
fixture_fill (Fixture *self, IBBTransport *transport)
{
  gsize total = 0;
  gsize more;

  do
    {
      more = fill_output (transport);
      total += more;
      fixture_settle (self);
    }
  while (more > 0);
  return total;
}

void
test_init (int *argc, char ***argv)
{
  g_test_init (argc, argv, NULL);
  watchdog_start (WATCHDOG_SECONDS);
}
