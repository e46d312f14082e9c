/* SPDX-License-Identifier: 0BSD */

/* offer-file JID PEER FILE: offers a file to a peer, with its name, and waits for the end; on the
 * main loop.
 *
 * JID is the account, with the password in IBB_PASSWORD; PEER is a full JID,
 * with its resource. IBB_SERVER=HOST:PORT connects there instead of where DNS
 * says; IBB_CA_FILE names certificates to trust instead of the system's.
 */

#include <ibb-glib/files/ibb-files.h>
#include <ibb-glib/xmpp/ibb-xmpp.h>
#include <locale.h>

typedef struct
{
  GMainLoop *loop;
  GError    *error;
} Offer;

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

static void
progress_cb (IBBFilesTransfer *transfer, GParamSpec *pspec, gpointer user_data)
{
  g_printerr ("\r%3.0f %% ", ibb_files_transfer_get_progress (transfer) * 100);
}

static void
waited_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  IBBFilesTransfer *transfer = IBB_FILES_TRANSFER (object);
  Offer            *self = user_data;

  g_printerr ("\n");
  if (ibb_files_transfer_wait_finish (transfer, result, &self->error))
    /* Only some programs say that they have the file. */
    g_print ("%s: %s\n", ibb_files_metadata_get_name (ibb_files_transfer_get_metadata (transfer)),
             ibb_files_transfer_get_state (transfer) == IBB_FILES_STATE_DELIVERED ? "delivered"
                                                                                  : "sent");
  g_main_loop_quit (self->loop);
}

static void
offered_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  Offer                       *self = user_data;
  g_autoptr (IBBFilesTransfer) transfer =
      ibb_files_service_offer_file_finish (IBB_FILES_SERVICE (object), result, &self->error);

  if (transfer == NULL)
    {
      g_main_loop_quit (self->loop);
      return;
    }
  g_signal_connect (transfer, "notify::progress", G_CALLBACK (progress_cb), NULL);
  ibb_files_transfer_wait_async (transfer, NULL, waited_cb, self);
}

static gboolean
offer_file (const char *jid, const char *peer, const char *path, GError **error)
{
  g_autoptr (GMainLoop)       loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GFile)           file = g_file_new_for_path (path);
  g_autoptr (IBBXmppClient)   client = login (jid, error);
  g_autoptr (IBBFilesService) service = NULL;
  Offer                       self = { loop, NULL };

  if (client == NULL)
    return FALSE;
  service = ibb_files_service_new (IBB_CONNECTION (client));
  ibb_files_service_offer_file_async (service, peer, file, NULL, NULL, offered_cb, &self);
  g_main_loop_run (loop);
  if (self.error != NULL)
    {
      g_propagate_error (error, self.error);
      ibb_xmpp_client_logout (client, NULL, NULL);
      return FALSE;
    }
  return ibb_xmpp_client_logout (client, NULL, error);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;

  setlocale (LC_ALL, ""); /* for what is said */
  if (argc != 4)
    {
      g_printerr ("Usage: offer-file JID PEER FILE\n");
      return 2;
    }
  if (!offer_file (argv[1], argv[2], argv[3], &error))
    {
      g_printerr ("offer-file: %s\n", error->message);
      return 1;
    }
  return 0;
}
