/* SPDX-License-Identifier: 0BSD */

/* tls-question JID PEER CERTIFICATE PEER-CERTIFICATE [QUESTION]: asks a peer
 * something inside TLS, so that no server can read it; without a question, answers
 * one. All in blocking calls.
 *
 * CERTIFICATE is a file with our certificate and its key, PEER-CERTIFICATE one with
 * the peer's, the only one that is trusted; tls-question.py says how to make one. JID
 * is the account, with the password in IBB_PASSWORD. PEER is a full JID, with its
 * resource, to ask, and a bare one to answer. IBB_SERVER=HOST:PORT connects there
 * instead of where DNS says; IBB_CA_FILE names certificates to trust for the server.
 */

#include <ibb-glib/ibb-glib.h>
#include <ibb-glib/xmpp/ibb-xmpp.h>
#include <locale.h>
#include <string.h>

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

/* Only this certificate, and any authority may have signed it. */
static gboolean
accept_certificate_cb (GTlsConnection      *tls,
                       GTlsCertificate     *certificate,
                       GTlsCertificateFlags errors,
                       gpointer             expected)
{
  return g_tls_certificate_is_same (certificate, expected);
}

/* Who is asked is the server of TLS. */
static GIOStream *
protect (IBBTransport *transport,
         gboolean      asks,
         const char   *certificate_path,
         const char   *peer_path,
         GError      **error)
{
  g_autoptr (GTlsCertificate) certificate =
      g_tls_certificate_new_from_file (certificate_path, error);
  g_autoptr (GTlsCertificate) expected = NULL;
  g_autoptr (GIOStream)       tls = NULL;

  if (certificate == NULL)
    return NULL;
  expected = g_tls_certificate_new_from_file (peer_path, error);
  if (expected == NULL)
    return NULL;
  if (asks)
    tls = g_tls_client_connection_new (G_IO_STREAM (transport), NULL, error);
  else
    tls = g_tls_server_connection_new (G_IO_STREAM (transport), certificate, error);
  if (tls == NULL)
    return NULL;
  if (asks)
    g_tls_connection_set_certificate (G_TLS_CONNECTION (tls), certificate);
  else
    g_object_set (tls, "authentication-mode", G_TLS_AUTHENTICATION_REQUIRED, NULL);
  g_signal_connect (tls, "accept-certificate", G_CALLBACK (accept_certificate_cb), expected);
  g_object_set_data_full (G_OBJECT (tls), "expected", g_steal_pointer (&expected), g_object_unref);
  if (!g_tls_connection_handshake (G_TLS_CONNECTION (tls), NULL, error))
    return NULL;
  return g_steal_pointer (&tls);
}

/* With TLS's own end (close-notify): the peer knows that this is all. */
static gboolean
say (GIOStream *tls, const char *text, GError **error)
{
  GOutputStream *output = g_io_stream_get_output_stream (tls);

  return g_output_stream_write_all (output, text, strlen (text), NULL, NULL, error) &&
         g_output_stream_close (output, NULL, error);
}

/* Up to the close-notify; if that is missing, it is an error. */
static char *
hear (GIOStream *tls, GError **error)
{
  g_autoptr (GOutputStream) text = g_memory_output_stream_new_resizable ();

  if (g_output_stream_splice (text, g_io_stream_get_input_stream (tls), G_OUTPUT_STREAM_SPLICE_NONE,
                              NULL, error) < 0 ||
      !g_output_stream_write_all (text, "", 1, NULL, NULL, error) ||
      !g_output_stream_close (text, NULL, error))
    return NULL;
  return g_memory_output_stream_steal_data (G_MEMORY_OUTPUT_STREAM (text));
}

static gboolean
ask (GIOStream *tls, const char *peer, const char *question, GError **error)
{
  g_autofree char *text = say (tls, question, error) ? hear (tls, error) : NULL;

  if (text == NULL)
    return FALSE;
  g_print ("%s says: %s\n", peer, text);
  return TRUE;
}

static gboolean
answer (GIOStream *tls, const char *peer, GError **error)
{
  g_autofree char *question = hear (tls, error);
  g_autofree char *upper = NULL;

  if (question == NULL)
    return FALSE;
  g_print ("%s asks: %s\n", peer, question);
  upper = g_ascii_strup (question, -1);
  return say (tls, upper, error);
}

/* One session. If anything fails it is aborted, so that the peer need not wait. */
static gboolean
converse (IBBService *service, char **argv, GError **error)
{
  const char              *question = argv[5];
  g_autoptr (IBBTransport) transport = NULL;
  g_autoptr (GIOStream)    tls = NULL;
  g_autofree char         *peer = NULL;

  if (question != NULL)
    transport = ibb_service_open_session (service, argv[2], NULL, NULL, error);
  else
    transport = accept_from (service, argv[2], error);
  if (transport == NULL)
    return FALSE;
  peer = ibb_transport_dup_peer_jid (transport);
  tls = protect (transport, question != NULL, argv[3], argv[4], error);
  /* The session is closed last, by both, when each has heard the other's end. */
  if (tls != NULL &&
      (question != NULL ? ask (tls, peer, question, error) : answer (tls, peer, error)) &&
      g_io_stream_close (tls, NULL, error))
    return TRUE;
  ibb_transport_abort (transport);
  return FALSE;
}

static gboolean
talk (char **argv, GError **error)
{
  g_autoptr (IBBXmppClient) client = new_client (argv[1], error);
  g_autoptr (IBBService)    service = NULL;
  g_autofree char          *local_jid = NULL;
  gboolean                  done;

  if (client == NULL || !ibb_xmpp_client_login (client, NULL, error))
    return FALSE;
  service = ibb_service_new (IBB_CONNECTION (client));
  if (argv[5] == NULL)
    {
      ibb_service_set_session_limit (service, 1);
      local_jid = ibb_connection_dup_local_jid (IBB_CONNECTION (client));
      g_printerr ("ready %s\n", local_jid);
    }
  done = converse (service, argv, error);
  return ibb_xmpp_client_logout (client, NULL, done ? error : NULL) && done;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;

  setlocale (LC_ALL, ""); /* for what is said */
  if (argc != 5 && argc != 6)
    {
      g_printerr ("Usage: tls-question JID PEER CERTIFICATE PEER-CERTIFICATE [QUESTION]\n");
      return 2;
    }
  if (!talk (argv, &error))
    {
      g_printerr ("tls-question: %s\n", error->message);
      return 1;
    }
  return 0;
}
