/* SPDX-License-Identifier: 0BSD */

/* receive-file JID PEER FILE: stores what one peer sends, in blocking calls.
 *
 * JID is the account, with the password in IBB_PASSWORD; PEER is the bare JID
 * that may send. IBB_SERVER=HOST:PORT connects there instead of where DNS
 * says; IBB_CA_FILE names certificates to trust instead of the system's.
 */

#include <ibb-glib/ibb-glib.h>
#include <ibb-glib/xmpp/ibb-xmpp.h>
#include <locale.h>

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
      g_printerr ("receive-file: %s is not %s\n", from, peer);
      ibb_transport_abort (transport);
    }
}

/* The file gets its name at the clean end, not before. */
static gboolean
store (IBBTransport *transport, const char *path, GError **error)
{
  g_autofree char              *part_path = g_strconcat (path, ".part", NULL);
  g_autoptr (GFile)             file = g_file_new_for_path (path);
  g_autoptr (GFile)             part = g_file_new_for_path (part_path);
  g_autoptr (GFileOutputStream) sink = NULL;

  sink = g_file_replace (part, NULL, FALSE, G_FILE_CREATE_NONE, NULL, error);
  if (sink == NULL)
    return FALSE;
  if (g_output_stream_splice (G_OUTPUT_STREAM (sink),
                              g_io_stream_get_input_stream (G_IO_STREAM (transport)),
                              G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET, NULL, error) >= 0 &&
      g_file_move (part, file, G_FILE_COPY_OVERWRITE, NULL, NULL, NULL, error))
    return g_io_stream_close (G_IO_STREAM (transport), NULL, error);
  g_file_delete (part, NULL, NULL);
  return FALSE;
}

static gboolean
receive_file (const char *jid, const char *peer, const char *path, GError **error)
{
  g_autoptr (IBBXmppClient) client = new_client (jid, error);
  g_autoptr (IBBService)    service = NULL;
  g_autoptr (IBBTransport)  transport = NULL;
  g_autofree char          *local_jid = NULL;

  if (client == NULL)
    return FALSE;
  service = ibb_service_new (IBB_CONNECTION (client));
  ibb_service_set_session_limit (service, 1);
  if (!ibb_xmpp_client_login (client, NULL, error))
    return FALSE;
  local_jid = ibb_connection_dup_local_jid (IBB_CONNECTION (client));
  g_printerr ("ready %s\n", local_jid);
  transport = accept_from (service, peer, error);
  if (transport == NULL || !store (transport, path, error))
    return FALSE;
  g_print ("received %" G_GUINT64_FORMAT " bytes\n", ibb_transport_get_bytes_received (transport));
  return ibb_xmpp_client_logout (client, NULL, error);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;

  setlocale (LC_ALL, ""); /* for what is said */
  if (argc != 4)
    {
      g_printerr ("Usage: receive-file JID PEER FILE\n");
      return 2;
    }
  if (!receive_file (argv[1], argv[2], argv[3], &error))
    {
      g_printerr ("receive-file: %s\n", error->message);
      return 1;
    }
  return 0;
}
