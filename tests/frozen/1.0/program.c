/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A program for 1.0: a session over a connection of its own, a private file, and a login that
 * fails. */

#include <ibb-glib/files/ibb-files.h>
#include <ibb-glib/ibb-glib.h>
#include <ibb-glib/xmpp/ibb-xmpp.h>
#include <string.h>

#define JULIET "juliet@example.org/balcony"
#define ROMEO "romeo@example.org/orchard"
#define LETTER "wherefore art thou romeo?"

/* What one end sends, the other one receives. */

typedef struct
{
  GObject        parent;
  const char    *jid;
  IBBConnection *other;
} PairEnd;

typedef struct
{
  GObjectClass parent_class;
} PairEndClass;

static void pair_end_init_connection (IBBConnectionInterface *iface);

G_DEFINE_TYPE_WITH_CODE (PairEnd,
                         pair_end,
                         G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (IBB_TYPE_CONNECTION, pair_end_init_connection))

enum
{
  PROP_LOCAL_JID = 1,
};

typedef struct
{
  IBBConnection *to;
  IBBStanza     *stanza;
} Delivery;

static gboolean
deliver_cb (gpointer data)
{
  g_autofree Delivery *delivery = data;

  ibb_connection_receive (delivery->to, delivery->stanza);
  ibb_stanza_unref (delivery->stanza);
  g_object_unref (delivery->to);
  return G_SOURCE_REMOVE;
}

static gboolean
pair_end_send (IBBConnection *connection, IBBStanza *stanza, GError **error)
{
  PairEnd           *self = (PairEnd *) connection;
  g_autofree char   *xml = ibb_stanza_to_xml (stanza);
  g_autoptr (GRegex) stamp = g_regex_new (" from=('[^']*'|\"[^\"]*\")", 0, 0, NULL);
  g_autofree char   *unstamped = g_regex_replace_literal (stamp, xml, -1, 0, "", 0, NULL);
  gsize              name = 1 + strcspn (unstamped + 1, " />");
  g_autofree char   *stamped =
      g_strdup_printf ("%.*s from='%s'%s", (int) name, unstamped, self->jid, unstamped + name);
  g_autoptr (IBBStanza) received = ibb_stanza_new_from_xml (stamped, -1, error);
  Delivery             *delivery;

  if (received == NULL)
    return FALSE;
  delivery = g_new0 (Delivery, 1);
  delivery->to = g_object_ref (self->other);
  delivery->stanza = g_steal_pointer (&received);
  g_idle_add_full (G_PRIORITY_DEFAULT, deliver_cb, delivery, NULL);
  return TRUE;
}

static void
pair_end_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  PairEnd *self = (PairEnd *) object;

  if (id == PROP_LOCAL_JID)
    g_value_set_string (value, self->jid);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
pair_end_class_init (PairEndClass *klass)
{
  G_OBJECT_CLASS (klass)->get_property = pair_end_get_property;
  g_object_class_override_property (G_OBJECT_CLASS (klass), PROP_LOCAL_JID, "local-jid");
}

static void
pair_end_init (G_GNUC_UNUSED PairEnd *self)
{
}

static void
pair_end_init_connection (IBBConnectionInterface *iface)
{
  iface->send = pair_end_send;
}

static void
make_pair (IBBConnection **left, IBBConnection **right)
{
  PairEnd *juliet = g_object_new (pair_end_get_type (), NULL);
  PairEnd *romeo = g_object_new (pair_end_get_type (), NULL);

  juliet->jid = JULIET;
  romeo->jid = ROMEO;
  juliet->other = *right = IBB_CONNECTION (romeo);
  romeo->other = *left = IBB_CONNECTION (juliet);
}

/* Calls that wait. */

static void
result_cb (G_GNUC_UNUSED GObject *source, GAsyncResult *result, gpointer data)
{
  *(GAsyncResult **) data = g_object_ref (result);
}

static GAsyncResult *
wait_for (GAsyncResult **result)
{
  while (*result == NULL)
    g_main_context_iteration (NULL, TRUE);
  return *result;
}

static void
check_session (IBBConnection *left, IBBConnection *right)
{
  g_autoptr (IBBService)       juliet = ibb_service_new (left);
  g_autoptr (IBBService)       romeo = ibb_service_new (right);
  g_autoptr (IBBSessionParams) params = ibb_session_params_new ();
  g_autoptr (GAsyncResult)     expected = NULL;
  g_autoptr (GAsyncResult)     opened = NULL;
  g_autoptr (GAsyncResult)     read = NULL;
  g_autoptr (GAsyncResult)     closed_left = NULL;
  g_autoptr (GAsyncResult)     closed_right = NULL;
  g_autoptr (GAsyncResult)     refused = NULL;
  g_autoptr (IBBTransport)     outgoing = NULL;
  g_autoptr (IBBTransport)     incoming = NULL;
  g_autoptr (GError)           error = NULL;
  char                         buffer[100];
  gsize                        n;

  ibb_session_params_set_sid (params, "talk");
  ibb_service_expect_session_async (romeo, JULIET, "talk", NULL, NULL, result_cb, &expected);
  ibb_service_open_session_async (juliet, ROMEO, params, NULL, result_cb, &opened);
  outgoing = ibb_service_open_session_finish (juliet, wait_for (&opened), &error);
  g_assert_no_error (error);
  incoming = ibb_service_expect_session_finish (romeo, wait_for (&expected), &error);
  g_assert_no_error (error);
  g_assert_cmpstr (ibb_transport_get_sid (outgoing), ==, "talk");

  g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (outgoing)), LETTER,
                             strlen (LETTER), NULL, NULL, &error);
  g_assert_no_error (error);
  g_input_stream_read_all_async (g_io_stream_get_input_stream (G_IO_STREAM (incoming)), buffer,
                                 strlen (LETTER), G_PRIORITY_DEFAULT, NULL, result_cb, &read);
  g_input_stream_read_all_finish (g_io_stream_get_input_stream (G_IO_STREAM (incoming)),
                                  wait_for (&read), &n, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (buffer, n, LETTER, strlen (LETTER));

  g_io_stream_close_async (G_IO_STREAM (outgoing), G_PRIORITY_DEFAULT, NULL, result_cb,
                           &closed_left);
  g_io_stream_close_async (G_IO_STREAM (incoming), G_PRIORITY_DEFAULT, NULL, result_cb,
                           &closed_right);
  g_assert_true (
      g_io_stream_close_finish (G_IO_STREAM (outgoing), wait_for (&closed_left), &error));
  g_assert_true (
      g_io_stream_close_finish (G_IO_STREAM (incoming), wait_for (&closed_right), &error));
  g_assert_cmpuint (ibb_transport_get_bytes_acknowledged (outgoing), ==, strlen (LETTER));

  ibb_service_open_session_async (juliet, ROMEO, NULL, NULL, result_cb, &refused);
  g_assert_null (ibb_service_open_session_finish (juliet, wait_for (&refused), &error));
  g_assert_error (error, IBB_ERROR, IBB_ERROR_NOT_ACCEPTABLE);
}

/* Files. */

static gboolean
trust_requested_cb (G_GNUC_UNUSED IBBXmppIdentity *identity,
                    IBBXmppTrustQuestion          *question,
                    gpointer                       data)
{
  g_ptr_array_add (data, g_strdup (ibb_xmpp_trust_question_get_code (question)));
  ibb_xmpp_trust_question_accept (question, IBB_XMPP_ANSWER_FLAGS_NONE);
  return TRUE;
}

static IBBFilesService *
new_service (IBBConnection *connection, const char *folder, const char *name, GPtrArray *codes)
{
  IBBFilesService                     *service = ibb_files_service_new (connection);
  g_autofree char                     *key = g_strdup_printf ("%s/%s.pem", folder, name);
  g_autofree char                     *list = g_strdup_printf ("%s/%s.known", folder, name);
  g_autoptr (GError)                   error = NULL;
  g_autoptr (IBBXmppKnownCertificates) known = ibb_xmpp_known_certificates_new (list);
  g_autoptr (IBBXmppIdentity)          identity = ibb_xmpp_identity_load_or_create (key, &error);
  g_autofree char                     *uri = NULL;
  g_autofree char                     *jid = NULL;
  g_autofree char                     *fingerprint = NULL;
  g_autofree char                     *own = NULL;

  g_assert_no_error (error);
  uri = ibb_xmpp_identity_dup_uri (identity, "romeo@example.org");
  jid = ibb_xmpp_identity_parse_uri (uri, &fingerprint, &error);
  own = ibb_xmpp_known_certificates_dup_fingerprint (ibb_xmpp_identity_get_certificate (identity));
  g_assert_cmpstr (jid, ==, "romeo@example.org");
  g_assert_cmpstr (fingerprint, ==, own);
  ibb_xmpp_identity_set_known_certificates (identity, known);
  g_signal_connect_data (identity, "trust-requested", G_CALLBACK (trust_requested_cb),
                         g_ptr_array_ref (codes), (GClosureNotify) (GCallback) g_ptr_array_unref,
                         0);
  ibb_files_service_set_identity (service, IBB_IDENTITY (identity));
  return service;
}

static gboolean
file_offered_cb (G_GNUC_UNUSED IBBFilesService *service, IBBFilesTransfer *transfer, gpointer data)
{
  g_autofree char *name =
      ibb_files_metadata_dup_safe_name (ibb_files_transfer_get_metadata (transfer));
  g_autoptr (GFile) place = g_file_new_build_filename (data, name, NULL);

  ibb_files_transfer_accept_file_async (transfer, place, IBB_FILES_EXISTING_FAIL, NULL, NULL, NULL);
  return TRUE;
}

static void
check_file (IBBConnection *left, IBBConnection *right, char *folder)
{
  g_autoptr (GPtrArray)       codes = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (IBBFilesService) juliet = new_service (left, folder, "juliet", codes);
  g_autoptr (IBBFilesService) romeo = new_service (right, folder, "romeo", codes);
  g_autoptr (GInputStream)    stream =
      g_memory_input_stream_new_from_data (LETTER, strlen (LETTER), NULL);
  g_autoptr (IBBFilesMetadata) metadata = ibb_files_metadata_new ("letter.txt", strlen (LETTER));
  g_autoptr (GAsyncResult)     offered = NULL;
  g_autoptr (IBBFilesTransfer) transfer = NULL;
  g_autofree char             *place = g_build_filename (folder, "letter.txt", NULL);
  g_autofree char             *letter = NULL;
  g_autoptr (GError)           error = NULL;

  g_signal_connect (romeo, "file-offered", G_CALLBACK (file_offered_cb), folder);
  ibb_files_service_offer_stream_async (juliet, ROMEO, stream, metadata, NULL, result_cb, &offered);
  transfer = ibb_files_service_offer_stream_finish (juliet, wait_for (&offered), &error);
  g_assert_no_error (error);
  g_assert_true (ibb_files_transfer_wait (transfer, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (ibb_files_transfer_get_state (transfer), ==, IBB_FILES_STATE_DELIVERED);
  g_assert_cmpuint (codes->len, ==, 2);
  g_assert_cmpstr (codes->pdata[0], ==, codes->pdata[1]);
  g_assert_true (g_file_get_contents (place, &letter, NULL, &error));
  g_assert_cmpstr (letter, ==, LETTER);
}

static void
check_login (void)
{
  g_autoptr (IBBXmppClient) client = ibb_xmpp_client_new ("romeo@example.org");
  g_autoptr (GError)        error = NULL;

  ibb_xmpp_entity_set_host (IBB_XMPP_ENTITY (client), "127.0.0.1");
  ibb_xmpp_entity_set_port (IBB_XMPP_ENTITY (client), 1);
  ibb_xmpp_client_set_password (client, "secret");
  g_assert_false (ibb_xmpp_client_login (client, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
}

int
main (int argc, char *argv[])
{
  g_autoptr (IBBLoopback)   loopback = ibb_loopback_new ();
  g_autoptr (IBBConnection) juliet = ibb_loopback_attach (loopback, JULIET);
  g_autoptr (IBBConnection) romeo = ibb_loopback_attach (loopback, ROMEO);
  IBBConnection            *left;
  IBBConnection            *right;

  g_assert_cmpint (argc, ==, 2);
  make_pair (&left, &right);
  check_session (left, right);
  g_object_unref (left);
  g_object_unref (right);
  check_file (juliet, romeo, argv[1]);
  check_login ();
  return 0;
}
