/* SPDX-License-Identifier: 0BSD */

/* send-file JID PEER FILE: sends a file to a peer, in blocking calls.
 *
 * JID is the account, with the password in IBB_PASSWORD; PEER is a full JID,
 * with its resource. IBB_SERVER=HOST:PORT connects there instead of where DNS
 * says; IBB_CA_FILE names certificates to trust instead of the system's.
 */

#include <ibb-glib/ibb-glib.h>
#include <ibb-glib/xmpp/ibb-xmpp.h>
#include <locale.h>

static IBBXmppClient *
login (const char *jid, GError **error)
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
  if (!ibb_xmpp_client_login (client, NULL, error))
    return NULL;
  return g_steal_pointer (&client);
}

static gboolean
send_file (const char *jid, const char *peer, const char *path, GError **error)
{
  g_autoptr (GFile)            file = g_file_new_for_path (path);
  g_autoptr (GFileInputStream) source = g_file_read (file, NULL, error);
  g_autoptr (IBBXmppClient)    client = source != NULL ? login (jid, error) : NULL;
  g_autoptr (IBBService)       service = NULL;
  g_autoptr (IBBTransport)     transport = NULL;

  if (client == NULL)
    return FALSE;
  service = ibb_service_new (IBB_CONNECTION (client));
  transport = ibb_service_open_session (service, peer, NULL, NULL, error);
  if (transport == NULL)
    return FALSE;
  if (g_output_stream_splice (g_io_stream_get_output_stream (G_IO_STREAM (transport)),
                              G_INPUT_STREAM (source), G_OUTPUT_STREAM_SPLICE_CLOSE_SOURCE, NULL,
                              error) < 0)
    return FALSE;
  /* Fails unless the peer has acknowledged every byte. */
  if (!g_io_stream_close (G_IO_STREAM (transport), NULL, error))
    return FALSE;
  g_print ("sent %" G_GUINT64_FORMAT " bytes\n", ibb_transport_get_bytes_acknowledged (transport));
  return ibb_xmpp_client_logout (client, NULL, error);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;

  setlocale (LC_ALL, ""); /* for what is said */
  if (argc != 4)
    {
      g_printerr ("Usage: send-file JID PEER FILE\n");
      return 2;
    }
  if (!send_file (argv[1], argv[2], argv[3], &error))
    {
      g_printerr ("send-file: %s\n", error->message);
      return 1;
    }
  return 0;
}
