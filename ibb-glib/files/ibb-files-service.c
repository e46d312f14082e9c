/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "files/ibb-files-service.h"

#include "files/ibb-files-service-private.h"
#include "files/ibb-files-transfer-private.h"
#include "files/protocol/bundle.h"
#include "files/protocol/description.h"
#include "files/protocol/initiation.h"

/**
 * IBBFilesService:
 *
 * Files over one XMPP connection: to and from programs that use this library, and the chat programs
 * that transfer files in-band.
 *
 * The service offers files by Jingle (XEP-0166, XEP-0234, XEP-0261) or stream initiation (XEP-0095,
 * XEP-0096), whichever the peer’s program understands, and takes offers by both. It announces these
 * features on the connection.
 *
 * ```c
 * static gboolean
 * offered_cb (IBBFilesService *service, IBBFilesTransfer *transfer, GFile *folder)
 * {
 *   IBBFilesMetadata *metadata = ibb_files_transfer_get_metadata (transfer);
 *   g_autofree char  *name = ibb_files_metadata_dup_safe_name (metadata);
 *   g_autoptr (GFile) file = g_file_get_child (folder, name);
 *
 *   ibb_files_transfer_accept_file_async (transfer, file, IBB_FILES_EXISTING_FAIL, NULL, NULL,
 *                                         NULL);
 *   return TRUE;
 * }
 *
 * static IBBFilesService *
 * receive_into (IBBConnection *connection, GFile *folder)
 * {
 *   IBBFilesService *service = ibb_files_service_new (connection);
 *
 *   g_signal_connect (service, "file-offered", G_CALLBACK (offered_cb), folder);
 *   return service;
 * }
 * ```
 *
 * Transfers that are not over keep the service; it keeps no offer of more than an hour ago. As a
 * [iface@Gio.ListModel] it has these transfers, those of both directions, in the order in which
 * they began: a window can bind its list to the service.
 *
 * ## Threads
 *
 * Construct the service in the thread-default context in which its connection emits
 * [signal@IBB.Connection::stanza-received], and use it there: signals and callbacks come there,
 * too. Reading, writing and checking files does not block this context.
 *
 * Since: 1.0
 */

enum
{
  PROP_0,
  PROP_CONNECTION,
  PROP_SESSIONS,
  PROP_IDENTITY,
  N_PROPS
};

enum
{
  SIGNAL_FILE_OFFERED,
  SIGNAL_PRIVATE_OFFERED,
  SIGNAL_PRIVATE_FAILED,
  N_SIGNALS
};

static GParamSpec *props[N_PROPS];
static guint       signals[N_SIGNALS];

static void ibb_files_service_list_model_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (IBBFilesService,
                               ibb_files_service,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL,
                                                      ibb_files_service_list_model_init))

static const char *const own_features[] = {
  "http://jabber.org/protocol/ibb", /* the sessions are expected, which does not announce them */
  IBB_JINGLE_NAMESPACE,
  IBB_DESCRIPTION_NAMESPACE,
  IBB_JINGLE_TRANSPORT_NAMESPACE,
  IBB_INITIATION_NAMESPACE,
  IBB_INITIATION_PROFILE,
  IBB_DESCRIPTION_HASHES_NAMESPACE,
};

/* What is announced of bundles. */
static const char *
get_bundle_feature (gboolean is_private)
{
  return is_private ? IBB_BUNDLE_NAMESPACE : IBB_BUNDLE_PLAIN_NAMESPACE;
}

static void
announce (IBBFilesService *self, void (*function) (IBBConnection *connection, const char *feature))
{
  for (guint i = 0; i < G_N_ELEMENTS (own_features); i++)
    function (self->connection, own_features[i]);
  for (guint i = 0; ibb_hasher_algorithms[i].name != NULL; i++)
    {
      g_autofree char *feature =
          g_strconcat ("urn:xmpp:hash-function-text-names:", ibb_hasher_algorithms[i].name, NULL);

      if (!ibb_hasher_algorithms[i].is_weak)
        function (self->connection, feature);
    }
}

static void
ibb_files_service_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  IBBFilesService *self = IBB_FILES_SERVICE (object);

  switch (prop_id)
    {
    case PROP_CONNECTION:
      g_value_set_object (value, self->connection);
      break;
    case PROP_SESSIONS:
      g_value_set_object (value, self->sessions);
      break;
    case PROP_IDENTITY:
      g_value_set_object (value, self->identity);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
ibb_files_service_set_property (GObject      *object,
                                guint         prop_id,
                                const GValue *value,
                                GParamSpec   *pspec)
{
  IBBFilesService *self = IBB_FILES_SERVICE (object);

  switch (prop_id)
    {
    case PROP_CONNECTION:
      self->connection = g_value_dup_object (value);
      break;
    case PROP_IDENTITY:
      ibb_files_service_set_identity (self, g_value_get_object (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

/* The list. */

static GType
ibb_files_service_get_item_type (GListModel *list)
{
  return IBB_FILES_TYPE_TRANSFER;
}

static guint
ibb_files_service_get_n_items (GListModel *list)
{
  return IBB_FILES_SERVICE (list)->transfers->len;
}

static gpointer
ibb_files_service_get_item (GListModel *list, guint position)
{
  GPtrArray *transfers = IBB_FILES_SERVICE (list)->transfers;

  return position < transfers->len ? g_object_ref (g_ptr_array_index (transfers, position)) : NULL;
}

static void
ibb_files_service_list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = ibb_files_service_get_item_type;
  iface->get_n_items = ibb_files_service_get_n_items;
  iface->get_item = ibb_files_service_get_item;
}

static gboolean
file_offered (IBBFilesService *self, IBBFilesTransfer *transfer)
{
  gboolean is_taken = FALSE;

  g_signal_emit (self, signals[SIGNAL_FILE_OFFERED], 0, transfer, &is_taken);
  return is_taken;
}

static gboolean
private_offered (IBBFilesService *self, const char *peer_jid)
{
  gboolean is_refused = FALSE;

  /* Without a handler the file would be refused after the encryption, which may ask a person. */
  if (!g_signal_has_handler_pending (self, signals[SIGNAL_FILE_OFFERED], 0, FALSE))
    return TRUE;
  g_signal_emit (self, signals[SIGNAL_PRIVATE_OFFERED], 0, peer_jid, &is_refused);
  return is_refused;
}

static void
private_failed (IBBFilesService *self, const char *peer_jid, const GError *error)
{
  g_signal_emit (self, signals[SIGNAL_PRIVATE_FAILED], 0, peer_jid, error);
}

static const IBBFilesServiceFuncs funcs = { file_offered, private_offered, private_failed };

static void
ibb_files_service_constructed (GObject *object)
{
  IBBFilesService *self = IBB_FILES_SERVICE (object);

  G_OBJECT_CLASS (ibb_files_service_parent_class)->constructed (object);

  if (self->connection == NULL)
    {
      g_critical ("A service needs a connection");
      return;
    }
  self->sessions = ibb_service_new (self->connection);
  ibb_service_set_resume_sessions (self->sessions, TRUE);
  announce (self, ibb_connection_add_feature);
  ibb_connection_add_feature (self->connection, get_bundle_feature (FALSE));
  ibb_files_service_listen (self, &funcs);
}

static void
ibb_files_service_finalize (GObject *object)
{
  IBBFilesService *self = IBB_FILES_SERVICE (object);

  if (self->connection != NULL)
    {
      announce (self, ibb_connection_remove_feature);
      ibb_connection_remove_feature (self->connection, get_bundle_feature (self->identity != NULL));
    }
  g_clear_object (&self->identity);
  g_ptr_array_unref (self->couriers);
  g_ptr_array_unref (self->turns);
  g_ptr_array_unref (self->transfers);
  ibb_farewells_free (self->farewells);
  g_clear_object (&self->sessions);
  g_clear_object (&self->connection);
  G_OBJECT_CLASS (ibb_files_service_parent_class)->finalize (object);
}

static void
ibb_files_service_class_init (IBBFilesServiceClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS (class);

  object_class->get_property = ibb_files_service_get_property;
  object_class->set_property = ibb_files_service_set_property;
  object_class->constructed = ibb_files_service_constructed;
  object_class->finalize = ibb_files_service_finalize;

  /**
   * IBBFilesService:connection:
   *
   * The connection that the files go over.
   *
   * Default: %NULL.
   *
   * Since: 1.0
   */
  props[PROP_CONNECTION] =
      g_param_spec_object ("connection", NULL, NULL, IBB_TYPE_CONNECTION,
                           G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * IBBFilesService:sessions:
   *
   * The service of the in-band sessions that move the files, for its settings. An application that
   * has sessions of its own beside can use this service for them, too. Its
   * [property@IBB.Service:resume-sessions] is %TRUE from the beginning.
   *
   * Since: 1.0
   */
  props[PROP_SESSIONS] = g_param_spec_object ("sessions", NULL, NULL, IBB_TYPE_SERVICE,
                                              G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * IBBFilesService:identity:
   *
   * Makes all files private. The servers learn neither the content of a file nor its name, date,
   * hash and description, and its size only to within 4096 bytes.
   *
   * With an identity, such as an [`IBBXmpp.Identity`](../ibb-xmpp-1.0/class.Identity.html), the
   * service offers files only to programs that take encrypted ones, those that use this library
   * with an identity, and refuses offers in the clear. The identity decides whom to trust. Without
   * one, encrypted files are refused.
   *
   * It counts for offers that begin later.
   *
   * Default: %NULL.
   *
   * Since: 1.0
   */
  props[PROP_IDENTITY] =
      g_param_spec_object ("identity", NULL, NULL, IBB_TYPE_IDENTITY,
                           G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);

  g_object_class_install_properties (object_class, N_PROPS, props);

  /**
   * IBBFilesService::file-offered:
   * @self: the service
   * @transfer: the transfer that waits for a decision
   *
   * A peer offers a file. Take it with [method@IBBFiles.Transfer.accept_file_async],
   * [method@IBBFiles.Transfer.accept_stream_async] or [method@IBBFiles.Transfer.refuse], now or
   * later, and return %TRUE. An offer that no handler takes is refused.
   *
   * At most 100 offers wait, 10 of them from one account. At most 200 files are accepted at a
   * time, 100 of them from one account. Further offers are refused with `resource-constraint`.
   *
   * Returns: whether the handler has taken, or will take, the decision
   *
   * Since: 1.0
   */
  signals[SIGNAL_FILE_OFFERED] = g_signal_new (
      "file-offered", IBB_FILES_TYPE_SERVICE, G_SIGNAL_RUN_LAST, 0,
      g_signal_accumulator_true_handled, NULL, NULL, G_TYPE_BOOLEAN, 1, IBB_FILES_TYPE_TRANSFER);

  /**
   * IBBFilesService::private-offered:
   * @self: the service
   * @peer_jid: the full JID of the peer, as its server says it
   *
   * A peer wants to offer a file in private, [property@IBBFiles.Service:identity] is set, and
   * [signal@IBBFiles.Service::file-offered] has a handler; without one the peer is refused. Next
   * the session is encrypted, and the identity may ask a person. Then
   * [signal@IBBFiles.Service::file-offered] tells which file it is.
   *
   * Returns: %TRUE to refuse the peer before that
   *
   * Since: 1.0
   */
  signals[SIGNAL_PRIVATE_OFFERED] = g_signal_new (
      "private-offered", IBB_FILES_TYPE_SERVICE, G_SIGNAL_RUN_LAST, 0,
      g_signal_accumulator_true_handled, NULL, NULL, G_TYPE_BOOLEAN, 1, G_TYPE_STRING);

  /**
   * IBBFilesService::private-failed:
   * @self: the service
   * @peer_jid: the full JID of the peer, as its server says it
   * @error: why: an error of the session, or of the identity
   *
   * A private session has ended before the peer could say which file it offers, although
   * [signal@IBBFiles.Service::private-offered] had not refused it. One end may not trust the other,
   * or the peer has changed its mind. With %G_IO_ERROR_TIMED_OUT the peer has offered no file
   * within a minute.
   *
   * Emitted in the thread-default context in which the service was made.
   *
   * Since: 1.0
   */
  signals[SIGNAL_PRIVATE_FAILED] =
      g_signal_new ("private-failed", IBB_FILES_TYPE_SERVICE, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                    NULL, G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_ERROR);
}

static void
ibb_files_service_init (IBBFilesService *self)
{
  self->transfers = g_ptr_array_new_with_free_func (g_object_unref);
  self->farewells = ibb_farewells_new ();
  self->couriers = g_ptr_array_new_with_free_func ((GDestroyNotify) ibb_courier_unref);
  self->turns = g_ptr_array_new ();
}

/**
 * ibb_files_service_new:
 * @connection: the connection
 *
 * Creates a service, and announces that it takes files.
 *
 * Returns: (transfer full): the service
 *
 * Since: 1.0
 */
IBBFilesService *
ibb_files_service_new (IBBConnection *connection)
{
  g_return_val_if_fail (IBB_IS_CONNECTION (connection), NULL);

  return g_object_new (IBB_FILES_TYPE_SERVICE, "connection", connection, NULL);
}

/**
 * ibb_files_service_get_connection: (get-property connection)
 * @self: a service
 *
 * Gets the connection that the files go over.
 *
 * Returns: (transfer none): the connection
 *
 * Since: 1.0
 */
IBBConnection *
ibb_files_service_get_connection (IBBFilesService *self)
{
  g_return_val_if_fail (IBB_FILES_IS_SERVICE (self), NULL);

  return self->connection;
}

/**
 * ibb_files_service_get_sessions: (get-property sessions)
 * @self: a service
 *
 * Gets the service of the in-band sessions that move the files.
 *
 * Returns: (transfer none): the service
 *
 * Since: 1.0
 */
IBBService *
ibb_files_service_get_sessions (IBBFilesService *self)
{
  g_return_val_if_fail (IBB_FILES_IS_SERVICE (self), NULL);

  return self->sessions;
}

/**
 * ibb_files_service_get_identity: (get-property identity)
 * @self: a service
 *
 * Gets who encrypts the files; see [property@IBBFiles.Service:identity].
 *
 * Returns: (transfer none) (nullable): the identity; %NULL: files go in the clear
 *
 * Since: 1.0
 */
IBBIdentity *
ibb_files_service_get_identity (IBBFilesService *self)
{
  g_return_val_if_fail (IBB_FILES_IS_SERVICE (self), NULL);

  return self->identity;
}

/**
 * ibb_files_service_set_identity: (set-property identity)
 * @self: a service
 * @identity: (nullable): an identity; %NULL: files go in the clear
 *
 * Sets the identity that encrypts the files; see [property@IBBFiles.Service:identity].
 *
 * Since: 1.0
 */
void
ibb_files_service_set_identity (IBBFilesService *self, IBBIdentity *identity)
{
  gboolean had_identity;

  g_return_if_fail (IBB_FILES_IS_SERVICE (self));
  g_return_if_fail (identity == NULL || IBB_IS_IDENTITY (identity));

  had_identity = self->identity != NULL;
  if (!g_set_object (&self->identity, identity))
    return;
  if ((identity != NULL) != had_identity)
    {
      ibb_connection_remove_feature (self->connection, get_bundle_feature (had_identity));
      ibb_connection_add_feature (self->connection, get_bundle_feature (!had_identity));
    }
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_IDENTITY]);
}
