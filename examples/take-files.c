/* SPDX-License-Identifier: 0BSD */

/* take-files JID FOLDER: asks about each file that a peer offers, and stores it in a folder; until
 * an interrupt. On the main loop.
 *
 * JID is the account, with the password in IBB_PASSWORD. IBB_SERVER=HOST:PORT
 * connects there instead of where DNS says; IBB_CA_FILE names certificates to
 * trust instead of the system's.
 */

#include <gio/gunixinputstream.h>
#include <glib-unix.h>
#include <ibb-glib/files/ibb-files.h>
#include <ibb-glib/xmpp/ibb-xmpp.h>
#include <locale.h>
#include <signal.h>
#include <unistd.h>

typedef struct
{
  GMainLoop        *loop;
  GFile            *folder;
  GDataInputStream *input;
  GQueue            offers; /* the first one is asked about */
} Taker;

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

static void
taken_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  IBBFilesTransfer  *transfer = IBB_FILES_TRANSFER (object);
  g_autoptr (GFile)  file = user_data;
  g_autofree char   *path = g_file_get_path (file);
  g_autoptr (GError) error = NULL;

  if (ibb_files_transfer_accept_file_finish (transfer, result, &error))
    g_print ("%s is there\n", path);
  else
    g_printerr ("take-files: %s\n", error->message);
}

static void ask (Taker *self);

static void
answered_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  Taker           *self = user_data;
  g_autofree char *line =
      g_data_input_stream_read_line_finish_utf8 (G_DATA_INPUT_STREAM (object), result, NULL, NULL);
  IBBFilesTransfer *transfer = g_queue_pop_head (&self->offers);

  if (line != NULL && line[0] == 'y')
    {
      g_autofree char *name =
          ibb_files_metadata_dup_safe_name (ibb_files_transfer_get_metadata (transfer));
      GFile *file = g_file_get_child (self->folder, name);

      ibb_files_transfer_accept_file_async (transfer, file, IBB_FILES_EXISTING_FAIL, NULL, taken_cb,
                                            file);
    }
  else
    ibb_files_transfer_refuse (transfer, "Not wanted");
  g_object_unref (transfer);
  if (!g_queue_is_empty (&self->offers))
    ask (self);
}

/* A name without control characters is harmless on a terminal. */
static void
ask (Taker *self)
{
  IBBFilesTransfer *transfer = g_queue_peek_head (&self->offers);
  IBBFilesMetadata *metadata = ibb_files_transfer_get_metadata (transfer);
  g_autofree char  *name = ibb_files_metadata_dup_safe_name (metadata);

  g_print ("Take “%s” (%" G_GUINT64_FORMAT " bytes) from %s? [y/n]\n", name,
           ibb_files_metadata_get_size (metadata), ibb_files_transfer_get_peer_jid (transfer));
  g_data_input_stream_read_line_async (self->input, G_PRIORITY_DEFAULT, NULL, answered_cb, self);
}

static gboolean
offered_cb (IBBFilesService *service, IBBFilesTransfer *transfer, Taker *self)
{
  g_queue_push_tail (&self->offers, g_object_ref (transfer));
  if (self->offers.length == 1)
    ask (self);
  return TRUE;
}

static gboolean
interrupted_cb (gpointer user_data)
{
  g_main_loop_quit (user_data);
  return G_SOURCE_CONTINUE;
}

static gboolean
take_files (const char *jid, const char *path, GError **error)
{
  g_autoptr (GMainLoop)        loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GFile)            folder = g_file_new_for_path (path);
  g_autoptr (GInputStream)     terminal = g_unix_input_stream_new (STDIN_FILENO, FALSE);
  g_autoptr (GDataInputStream) input = g_data_input_stream_new (terminal);
  g_autoptr (IBBXmppClient)    client = new_client (jid, error);
  g_autoptr (IBBFilesService)  service = NULL;
  g_autofree char             *local_jid = NULL;
  Taker                        self = { loop, folder, input, G_QUEUE_INIT };

  if (client == NULL)
    return FALSE;
  service = ibb_files_service_new (IBB_CONNECTION (client));
  g_signal_connect (service, "file-offered", G_CALLBACK (offered_cb), &self);
  if (!ibb_xmpp_client_login (client, NULL, error))
    return FALSE;
  local_jid = ibb_connection_dup_local_jid (IBB_CONNECTION (client));
  g_printerr ("ready %s\n", local_jid);
  g_unix_signal_add (SIGINT, interrupted_cb, loop);
  g_main_loop_run (loop);
  g_signal_handlers_disconnect_by_data (service, &self);
  g_queue_clear_full (&self.offers, g_object_unref);
  return ibb_xmpp_client_logout (client, NULL, error);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;

  setlocale (LC_ALL, ""); /* for what is said */
  if (argc != 3)
    {
      g_printerr ("Usage: take-files JID FOLDER\n");
      return 2;
    }
  if (!take_files (argv[1], argv[2], &error))
    {
      g_printerr ("take-files: %s\n", error->message);
      return 1;
    }
  return 0;
}
