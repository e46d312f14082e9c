/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* D-Bus from peer to peer: GDBusConnection at both ends of a session. */

#include "fixture.h"

#define N_SIGNALS 1000

#define INTERFACE "example.Balcony"

static const char introspection[] = "<node><interface name='" INTERFACE "'>"
                                    "<method name='Call'>"
                                    "<arg type='s' direction='in'/><arg type='s' direction='out'/>"
                                    "</method>"
                                    "<signal name='Said'><arg type='u'/></signal>"
                                    "</interface></node>";

/* Romeo calls what Juliet exports. */
typedef struct
{
  Ends             ends;
  GDBusConnection *client;
  GDBusConnection *server;
} Talk;

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

/* The other ways in need a socket, or a home that both ends share. */
static gboolean
allow_mechanism_cb (GDBusAuthObserver *observer, const char *mechanism, gpointer data)
{
  return g_str_equal (mechanism, "ANONYMOUS");
}

/* XMPP has said who it is. */
static gboolean
authorize_cb (GDBusAuthObserver *observer,
              GIOStream         *stream,
              GCredentials      *credentials,
              gpointer           data)
{
  Talk            *talk = data;
  g_autofree char *peer = ibb_transport_dup_peer_jid (IBB_TRANSPORT (stream));
  g_autofree char *expected = ibb_transport_dup_local_jid (talk->ends.romeo);

  return g_str_equal (peer, expected);
}

static GDBusAuthObserver *
create_observer (Talk *talk)
{
  GDBusAuthObserver *observer = g_dbus_auth_observer_new ();

  g_signal_connect (observer, "allow-mechanism", G_CALLBACK (allow_mechanism_cb), NULL);
  g_signal_connect (observer, "authorize-authenticated-peer", G_CALLBACK (authorize_cb), talk);
  return observer;
}

static void
serve (Talk *self)
{
  static const GDBusInterfaceVTable vtable = { .method_call = call_cb };
  g_autoptr (GDBusNodeInfo)         node = NULL;

  node = assert_succeeds (g_dbus_node_info_new_for_xml, introspection);
  assert_succeeds (g_dbus_connection_register_object, self->server, "/", node->interfaces[0],
                   &vtable, self, NULL);
  /* Calls that came earlier have waited. */
  g_dbus_connection_start_message_processing (self->server);
}

static void
talk_open (Talk *self, Fixture *fixture, IBBStanzaType stanza_type)
{
  g_autofree char              *guid = g_dbus_generate_guid ();
  g_autoptr (GDBusAuthObserver) observer = create_observer (self);
  g_autoptr (GAsyncResult)      client_result = NULL;
  g_autoptr (GAsyncResult)      server_result = NULL;
  GAsyncResult                 *client_made = NULL;
  GAsyncResult                 *server_made = NULL;
  const GDBusConnectionFlags    server_flags = G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_SERVER |
                                            G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_ALLOW_ANONYMOUS |
                                            G_DBUS_CONNECTION_FLAGS_DELAY_MESSAGE_PROCESSING;

  *self = (Talk){ .client = NULL };
  self->ends = fixture_open_with (fixture, stanza_type);
  g_dbus_connection_new (G_IO_STREAM (self->ends.juliet), guid, server_flags, observer, NULL,
                         store_result_cb, &server_made);
  g_dbus_connection_new (G_IO_STREAM (self->ends.romeo), NULL,
                         G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT, observer, NULL,
                         store_result_cb, &client_made);
  server_result = wait_for_result (&server_made);
  self->server = assert_succeeds (g_dbus_connection_new_finish, server_result);
  client_result = wait_for_result (&client_made);
  self->client = assert_succeeds (g_dbus_connection_new_finish, client_result);
  g_assert_cmpstr (g_dbus_connection_get_guid (self->client), ==, guid);
  serve (self);
}

/* Closes one connection; the other hears of it. */
static void
talk_end (Talk *self)
{
  assert_succeeds (g_dbus_connection_close_sync, self->client, NULL);
  wait_until (g_dbus_connection_is_closed (self->server));
  g_clear_object (&self->client);
  g_clear_object (&self->server);
  drop_and_wait (self->ends.romeo);
  drop_and_wait (self->ends.juliet);
}

static void
begin_call (Talk          *self,
            const char    *method,
            GVariant      *parameters,
            const char    *reply_type,
            GAsyncResult **result)
{
  g_dbus_connection_call (self->client, NULL, "/", INTERFACE, method, parameters,
                          reply_type != NULL ? G_VARIANT_TYPE (reply_type) : NULL,
                          G_DBUS_CALL_FLAGS_NONE, G_MAXINT, NULL, store_result_cb, result);
}

static GVariant *
end_call (Talk *self, GAsyncResult **called, GError **error)
{
  g_autoptr (GAsyncResult) result = wait_for_result (called);

  return g_dbus_connection_call_finish (self->client, result, error);
}

static void
assert_call (Talk *self)
{
  GAsyncResult        *called = NULL;
  g_autoptr (GVariant) answer = NULL;
  const char          *text;

  begin_call (self, "Call", g_variant_new ("(s)", "Romeo"), "(s)", &called);
  answer = assert_succeeds (end_call, self, &called);
  g_variant_get (answer, "(&s)", &text);
  g_assert_cmpstr (text, ==, "O Romeo, Romeo!");
}

static void
test_call (Fixture *fixture, gconstpointer stanza_type)
{
  Talk talk;

  talk_open (&talk, fixture, GPOINTER_TO_INT (stanza_type));
  for (guint i = 0; i < 20; i++)
    assert_call (&talk);
  talk_end (&talk);
}

static void
said_cb (GDBusConnection *connection,
         const char      *sender,
         const char      *path,
         const char      *interface,
         const char      *signal,
         GVariant        *parameters,
         gpointer         data)
{
  guint *count = data;
  guint  number;

  g_variant_get (parameters, "(u)", &number);
  g_assert_cmpuint (number, ==, *count);
  *count += 1;
}

static void
test_signals (Fixture *fixture, gconstpointer stanza_type)
{
  Talk  talk;
  guint count = 0;

  talk_open (&talk, fixture, GPOINTER_TO_INT (stanza_type));
  g_dbus_connection_signal_subscribe (talk.client, NULL, INTERFACE, "Said", "/", NULL,
                                      G_DBUS_SIGNAL_FLAGS_NONE, said_cb, &count, NULL);
  for (guint i = 0; i < N_SIGNALS; i++)
    {
      assert_succeeds (g_dbus_connection_emit_signal, talk.server, NULL, "/", INTERFACE, "Said",
                       g_variant_new ("(u)", i));
    }
  wait_until (count == N_SIGNALS);
  talk_end (&talk);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  add_test_by_both ("/ibb/dbus/call", test_call);
  add_test_by_both ("/ibb/dbus/signals", test_signals);
  return g_test_run ();
}
