/* SPDX-License-Identifier: 0BSD */

/* dbus-greeting JID PEER [NAME]: calls a D-Bus method of a peer; without a NAME,
 * exports an object to the peer until it goes. No bus is involved.
 *
 * JID is the account, with the password in IBB_PASSWORD. PEER is a full JID, with
 * its resource, to call, and a bare one to be called. IBB_SERVER=HOST:PORT connects
 * there instead of where DNS says; IBB_CA_FILE names certificates to trust instead
 * of the system's.
 */

#include <ibb-glib/ibb-glib.h>
#include <ibb-glib/xmpp/ibb-xmpp.h>
#include <locale.h>

#define INTERFACE "org.example.Greeter"

static const char xml[] = "<node><interface name='" INTERFACE "'><method name='Greet'>"
                          "<arg type='s' direction='in'/><arg type='s' direction='out'/>"
                          "</method></interface></node>";

static IBBXmppClient *
new_client (const char *jid, GError **error)
{
  g_autoptr (IBBXmppClient) client = ibb_xmpp_client_new (jid);
  const char               *server = g_getenv ("IBB_SERVER");
  const char               *ca_file = g_getenv ("IBB_CA_FILE");

  ibb_xmpp_client_set_password (client, g_getenv ("IBB_PASSWORD"));
  if (server != NULL)
    {
      g_autoptr (GSocketConnectable) address = g_network_address_parse (server, 5222, error);

      if (address == NULL)
        return NULL;
      ibb_xmpp_entity_set_host (IBB_XMPP_ENTITY (client),
                                g_network_address_get_hostname (G_NETWORK_ADDRESS (address)));
      ibb_xmpp_entity_set_port (IBB_XMPP_ENTITY (client),
                                g_network_address_get_port (G_NETWORK_ADDRESS (address)));
    }
  if (ca_file != NULL)
    {
      g_autofree char         *path = g_canonicalize_filename (ca_file, NULL);
      g_autoptr (GTlsDatabase) database = g_tls_file_database_new (path, error);

      if (database == NULL)
        return NULL;
      ibb_xmpp_client_set_tls_database (client, database);
    }
  return g_steal_pointer (&client);
}

/* The next session from peer; one from anybody else is aborted. */
static IBBTransport *
accept_from (IBBService *service, const char *peer, GError **error)
{
  g_autofree char *prefix = g_strconcat (peer, "/", NULL);

  while (TRUE)
    {
      g_autoptr (IBBTransport) transport = ibb_service_accept (service, NULL, error);
      g_autofree char         *from = NULL;

      if (transport != NULL)
        from = ibb_transport_dup_peer_jid (transport);
      if (from == NULL || g_str_has_prefix (from, prefix))
        return g_steal_pointer (&transport);
      ibb_transport_abort (transport);
    }
}

/* XMPP has said who the peer is; D-Bus's own ways need a socket or a shared home. */
static gboolean
allow_mechanism_cb (GDBusAuthObserver *observer, const char *mechanism, gpointer data)
{
  return g_str_equal (mechanism, "ANONYMOUS");
}

static GDBusConnection *
connect_bus (IBBTransport *transport, GDBusConnectionFlags flags, const char *guid, GError **error)
{
  g_autoptr (GDBusAuthObserver) observer = g_dbus_auth_observer_new ();

  g_signal_connect (observer, "allow-mechanism", G_CALLBACK (allow_mechanism_cb), NULL);
  return g_dbus_connection_new_sync (G_IO_STREAM (transport), guid, flags, observer, NULL, error);
}

static gboolean
call (IBBService *service, const char *peer, const char *name, GError **error)
{
  g_autoptr (IBBTransport)    transport = NULL;
  g_autoptr (GDBusConnection) connection = NULL;
  g_autoptr (GVariant)        reply = NULL;
  const char                 *greeting;

  transport = ibb_service_open_session (service, peer, NULL, NULL, error);
  if (transport == NULL)
    return FALSE;
  connection = connect_bus (transport, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT, NULL, error);
  if (connection == NULL)
    return FALSE;
  reply = g_dbus_connection_call_sync (connection, NULL, "/", INTERFACE, "Greet",
                                       g_variant_new ("(s)", name), G_VARIANT_TYPE ("(s)"),
                                       G_DBUS_CALL_FLAGS_NONE, -1, NULL, error);
  if (reply == NULL)
    return FALSE;
  g_variant_get (reply, "(&s)", &greeting);
  g_print ("%s\n", greeting);
  return g_dbus_connection_close_sync (connection, NULL, error);
}

static void
method_call_cb (GDBusConnection       *connection,
                const char            *sender,
                const char            *path,
                const char            *interface,
                const char            *method,
                GVariant              *parameters,
                GDBusMethodInvocation *invocation,
                gpointer               transport)
{
  const char      *name;
  g_autofree char *peer = ibb_transport_dup_peer_jid (transport);
  g_autofree char *greeting = NULL;

  g_variant_get (parameters, "(&s)", &name);
  greeting = g_strdup_printf ("Hello %s, you are %s", name, peer);
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(s)", greeting));
}

static void
closed_cb (GDBusConnection *connection, gboolean vanished, GError *error, gpointer loop)
{
  g_main_loop_quit (loop);
}

static gboolean
serve (IBBService *service, const char *peer, GError **error)
{
  static const GDBusInterfaceVTable vtable = { .method_call = method_call_cb };
  g_autoptr (GMainLoop)             loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GDBusNodeInfo)         node = g_dbus_node_info_new_for_xml (xml, error);
  g_autoptr (IBBTransport)          transport = accept_from (service, peer, error);
  g_autoptr (GDBusConnection)       connection = NULL;
  g_autofree char                  *guid = g_dbus_generate_guid ();

  if (transport == NULL)
    return FALSE;
  /* No call is handled before the object is there. */
  connection = connect_bus (transport,
                            G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_SERVER |
                                G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_ALLOW_ANONYMOUS |
                                G_DBUS_CONNECTION_FLAGS_DELAY_MESSAGE_PROCESSING,
                            guid, error);
  if (connection == NULL ||
      g_dbus_connection_register_object (connection, "/", node->interfaces[0], &vtable, transport,
                                         NULL, error) == 0)
    return FALSE;
  g_signal_connect (connection, "closed", G_CALLBACK (closed_cb), loop);
  g_dbus_connection_start_message_processing (connection);
  g_main_loop_run (loop);
  return TRUE;
}

static gboolean
talk (const char *jid, const char *peer, const char *name, GError **error)
{
  g_autoptr (IBBXmppClient) client = new_client (jid, error);
  g_autoptr (IBBService)    service = NULL;
  g_autofree char          *local_jid = NULL;

  if (client == NULL || !ibb_xmpp_client_login (client, NULL, error))
    return FALSE;
  service = ibb_service_new (IBB_CONNECTION (client));
  if (name != NULL)
    return call (service, peer, name, error) && ibb_xmpp_client_logout (client, NULL, error);
  ibb_service_set_session_limit (service, 1);
  local_jid = ibb_connection_dup_local_jid (IBB_CONNECTION (client));
  g_printerr ("ready %s\n", local_jid);
  return serve (service, peer, error) && ibb_xmpp_client_logout (client, NULL, error);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;

  setlocale (LC_ALL, ""); /* for what is said */
  if (argc != 3 && argc != 4)
    {
      g_printerr ("Usage: dbus-greeting JID PEER [NAME]\n");
      return 2;
    }
  if (!talk (argv[1], argv[2], argv[3], &error))
    {
      g_printerr ("dbus-greeting: %s\n", error->message);
      return 1;
    }
  return 0;
}
