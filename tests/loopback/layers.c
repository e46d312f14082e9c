/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What runs over a socket in GLib runs over a transport: D-Bus, which flushes
 * after each message, and a tunnel between two sockets. */

#include "fixture.h"

#include <sys/socket.h>

static const char introspection[] = "<node><interface name='example.Balcony'>"
                                    "<method name='Call'>"
                                    "<arg type='s' direction='in'/><arg type='s' direction='out'/>"
                                    "</method></interface></node>";

static void
call_cb (GDBusConnection       *connection,
         const char            *sender,
         const char            *path,
         const char            *interface,
         const char            *method,
         GVariant              *parameters,
         GDBusMethodInvocation *invocation,
         gpointer               data)
{
  const char      *name;
  g_autofree char *answer = NULL;

  g_variant_get (parameters, "(&s)", &name);
  answer = g_strdup_printf ("O %s, %s!", name, name);
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(s)", answer));
}

static gboolean
allow_cb (GDBusAuthObserver *observer, GIOStream *stream, GCredentials *credentials, gpointer data)
{
  return TRUE;
}

static void
test_dbus (Fixture *fixture, gconstpointer data)
{
  static const GDBusInterfaceVTable vtable = { .method_call = call_cb };
  g_autoptr (IBBTransport)          romeo = NULL;
  g_autoptr (IBBTransport)          juliet = NULL;
  g_autoptr (GDBusNodeInfo)         node = NULL;
  g_autoptr (GDBusAuthObserver)     observer = g_dbus_auth_observer_new ();
  g_autoptr (GDBusConnection)       client = NULL;
  g_autoptr (GDBusConnection)       server = NULL;
  g_autoptr (GAsyncResult)          client_result = NULL;
  g_autoptr (GAsyncResult)          server_result = NULL;
  g_autoptr (GError)                error = NULL;
  g_autofree char                  *guid = g_dbus_generate_guid ();
  GAsyncResult                     *client_made = NULL;
  GAsyncResult                     *server_made = NULL;

  fixture_open (fixture, &romeo, &juliet);
  g_signal_connect (observer, "authorize-authenticated-peer", G_CALLBACK (allow_cb), NULL);
  g_dbus_connection_new (G_IO_STREAM (juliet), guid,
                         G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_SERVER |
                             G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_ALLOW_ANONYMOUS,
                         observer, NULL, store_result_cb, &server_made);
  g_dbus_connection_new (G_IO_STREAM (romeo), NULL, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT,
                         NULL, NULL, store_result_cb, &client_made);
  server_result = wait_for_result (&server_made);
  server = g_dbus_connection_new_finish (server_result, &error);
  g_assert_no_error (error);
  client_result = wait_for_result (&client_made);
  client = g_dbus_connection_new_finish (client_result, &error);
  g_assert_no_error (error);

  node = g_dbus_node_info_new_for_xml (introspection, &error);
  g_assert_no_error (error);
  g_dbus_connection_register_object (server, "/", node->interfaces[0], &vtable, NULL, NULL, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < 20; i++)
    {
      g_autoptr (GVariant)     answer = NULL;
      g_autoptr (GAsyncResult) result = NULL;
      GAsyncResult            *called = NULL;
      const char              *text;

      g_dbus_connection_call (client, NULL, "/", "example.Balcony", "Call",
                              g_variant_new ("(s)", "Romeo"), G_VARIANT_TYPE ("(s)"),
                              G_DBUS_CALL_FLAGS_NONE, -1, NULL, store_result_cb, &called);
      result = wait_for_result (&called);
      answer = g_dbus_connection_call_finish (client, result, &error);
      g_assert_no_error (error);
      g_variant_get (answer, "(&s)", &text);
      g_assert_cmpstr (text, ==, "O Romeo, Romeo!");
    }

  g_dbus_connection_close_sync (client, NULL, &error);
  g_assert_no_error (error);
  wait_until (g_dbus_connection_is_closed (server));
}

/* A pair of connected sockets. */
static void
make_sockets (GIOStream *ends[2])
{
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GError)  error = NULL;
      g_autoptr (GSocket) end = g_socket_new_from_fd (fds[i], &error);

      g_assert_no_error (error);
      ends[i] = G_IO_STREAM (g_socket_connection_factory_create_connection (end));
    }
}

static void
test_tunnel (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBTransport)   romeo = NULL;
  g_autoptr (IBBTransport)   juliet = NULL;
  g_autoptr (GBytes)         bytes = make_bytes (300000, 1);
  g_autofree guint8         *got = g_malloc (300000);
  g_autoptr (GError)         error = NULL;
  g_autoptr (GAsyncResult)   write_result = NULL;
  g_autoptr (GAsyncResult)   read_result = NULL;
  g_autoptr (GAsyncResult)   romeo_result = NULL;
  g_autoptr (GAsyncResult)   juliet_result = NULL;
  GAsyncResult              *written = NULL;
  GAsyncResult              *read = NULL;
  GAsyncResult              *romeo_spliced = NULL;
  GAsyncResult              *juliet_spliced = NULL;
  GIOStream                 *here[2];
  GIOStream                 *there[2];
  gsize                      size;
  const GIOStreamSpliceFlags flags =
      G_IO_STREAM_SPLICE_CLOSE_STREAM1 | G_IO_STREAM_SPLICE_CLOSE_STREAM2;

  fixture_open (fixture, &romeo, &juliet);
  make_sockets (here);
  make_sockets (there);
  g_io_stream_splice_async (here[1], G_IO_STREAM (romeo), flags, G_PRIORITY_DEFAULT, NULL,
                            store_result_cb, &romeo_spliced);
  g_io_stream_splice_async (G_IO_STREAM (juliet), there[1], flags, G_PRIORITY_DEFAULT, NULL,
                            store_result_cb, &juliet_spliced);

  g_output_stream_write_all_async (g_io_stream_get_output_stream (here[0]),
                                   g_bytes_get_data (bytes, NULL), 300000, G_PRIORITY_DEFAULT, NULL,
                                   store_result_cb, &written);
  g_input_stream_read_all_async (g_io_stream_get_input_stream (there[0]), got, 300000,
                                 G_PRIORITY_DEFAULT, NULL, store_result_cb, &read);
  write_result = wait_for_result (&written);
  g_output_stream_write_all_finish (g_io_stream_get_output_stream (here[0]), write_result, NULL,
                                    &error);
  g_assert_no_error (error);
  read_result = wait_for_result (&read);
  g_input_stream_read_all_finish (g_io_stream_get_input_stream (there[0]), read_result, &size,
                                  &error);
  g_assert_no_error (error);
  g_assert_cmpmem (got, size, g_bytes_get_data (bytes, NULL), 300000);

  /* The end of one socket travels to the other. */
  g_io_stream_close (here[0], NULL, &error);
  g_assert_no_error (error);
  romeo_result = wait_for_result (&romeo_spliced);
  g_io_stream_splice_finish (romeo_result, NULL);
  juliet_result = wait_for_result (&juliet_spliced);
  g_io_stream_splice_finish (juliet_result, NULL);
  g_assert_cmpint (
      g_input_stream_read (g_io_stream_get_input_stream (there[0]), got, 1, NULL, &error), ==, 0);
  g_assert_no_error (error);
  g_assert_true (ibb_transport_has_ended (romeo));
  for (guint i = 0; i < 2; i++)
    {
      g_object_unref (here[i]);
      g_object_unref (there[i]);
    }
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  add_test_anywhere ("/ibb/loopback/layers/dbus", NULL, test_dbus);
  add_test_anywhere ("/ibb/loopback/layers/tunnel", NULL, test_tunnel);
  return g_test_run ();
}
