/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "files/ibb-files-service.h"

#include "files/description.h"
#include "files/ibb-files-transfer-private.h"
#include "files/initiation.h"
#include "files/way.h"
#include "ibb-intl-private.h"

#include <string.h>

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
 *   ibb_files_transfer_accept_file_async (transfer, file, FALSE, NULL, NULL, NULL);
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
 * Transfers that are not over keep the service; it keeps no offer of more than an hour ago.
 *
 * ## Threads
 *
 * Construct the service in the thread-default context in which its connection emits
 * [signal@IBB.Connection::stanza-received], and use it there: signals and callbacks come there,
 * too. Reading, writing and checking files does not block this context.
 *
 * Since: 1.0
 */

#define OFFERS_MAX 100        /* that wait for a decision */
#define ACCOUNT_OFFERS_MAX 10 /* of these, from one account */
#define OWN_BLOCK_SIZE 32768  /* bytes, to a program that uses this library */
#define DECISION_TIMEOUT 3600 /* s */

enum
{
  PROP_0,
  PROP_CONNECTION,
  PROP_SESSIONS,
  N_PROPS
};

enum
{
  SIGNAL_FILE_OFFERED,
  N_SIGNALS
};

static GParamSpec *props[N_PROPS];
static guint       signals[N_SIGNALS];

struct _IBBFilesService
{
  GObject parent_instance;

  IBBConnection *connection; /* (owned) */
  IBBService    *sessions;   /* (owned) */
  GPtrArray     *transfers;  /* (owned) (element-type IBBFilesTransfer): not over */
};

G_DEFINE_FINAL_TYPE (IBBFilesService, ibb_files_service, G_TYPE_OBJECT)

static const char *const own_features[] = {
  "http://jabber.org/protocol/ibb", /* the sessions are expected, which does not announce them */
  IBB_JINGLE_NAMESPACE,
  IBB_DESCRIPTION_NAMESPACE,
  IBB_JINGLE_TRANSPORT_NAMESPACE,
  IBB_INITIATION_NAMESPACE,
  IBB_INITIATION_PROFILE,
  IBB_DESCRIPTION_HASHES_NAMESPACE,
};

static void
announce (IBBFilesService *self, void (*function) (IBBConnection *connection, const char *feature))
{
  for (guint i = 0; i < G_N_ELEMENTS (own_features); i++)
    function (self->connection, own_features[i]);
  for (guint i = 0; ibb_hasher_algorithms[i] != NULL; i++)
    {
      g_autofree char *feature =
          g_strconcat ("urn:xmpp:hash-function-text-names:", ibb_hasher_algorithms[i], NULL);

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
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

/* Requests. */

static IBBFilesTransfer *
find (IBBFilesService *self, const char *peer_jid, const char *session)
{
  for (guint i = 0; i < self->transfers->len; i++)
    {
      IBBFilesTransfer *transfer = g_ptr_array_index (self->transfers, i);
      g_autofree char  *jid = ibb_files_transfer_dup_jid (transfer);

      if (transfer->jingle != NULL && g_str_equal (transfer->jingle->sid, session) &&
          g_strcmp0 (jid, peer_jid) == 0)
        return transfer;
    }
  return NULL;
}

static gboolean
is_same_account (const char *a, const char *b)
{
  gsize length = strcspn (a, "/");

  return length == strcspn (b, "/") && memcmp (a, b, length) == 0;
}

/* Whether one more offer of the peer can wait. */
static gboolean
has_room (IBBFilesService *self, const char *peer_jid)
{
  guint n = 0;
  guint n_account = 0;

  for (guint i = 0; i < self->transfers->len; i++)
    {
      IBBFilesTransfer *transfer = g_ptr_array_index (self->transfers, i);

      if (transfer->direction != IBB_FILES_DIRECTION_RECEIVE ||
          transfer->state != IBB_FILES_STATE_OFFERED || transfer->part != NULL)
        continue;
      n++;
      n_account += is_same_account (transfer->peer_jid, peer_jid);
    }
  return n < OFFERS_MAX && n_account < ACCOUNT_OFFERS_MAX;
}

static void
answer (IBBFilesService *self, IBBStanza *request, const char *type, const char *payload)
{
  const char      *to = ibb_stanza_get_to (request);
  g_autofree char *local_jid = ibb_connection_dup_local_jid (self->connection);
  gboolean         needs_from = to != NULL && g_strcmp0 (to, local_jid) != 0;
  g_autofree char *from = needs_from ? g_markup_printf_escaped (" from='%s'", to) : g_strdup ("");
  g_autofree char *head = g_markup_printf_escaped (
      "<iq type='%s' to='%s' id='%s'", type, ibb_stanza_get_from (request),
      ibb_stanza_get_id (request) != NULL ? ibb_stanza_get_id (request) : "");
  g_autofree char      *xml = g_strconcat (head, from, ">", payload, "</iq>", NULL);
  g_autoptr (IBBStanza) stanza = ibb_stanza_new_from_xml (xml, -1, NULL);

  if (stanza != NULL)
    ibb_connection_send (self->connection, stanza, NULL);
}

/* child (nullable): what the protocol in namespace_uri adds to the condition. */
static void
refuse (IBBFilesService *self,
        IBBStanza       *request,
        const char      *type,
        const char      *condition,
        const char      *child,
        const char      *namespace_uri)
{
  g_autofree char *more =
      child != NULL ? g_strdup_printf ("<%s xmlns='%s'/>", child, namespace_uri) : g_strdup ("");
  g_autofree char *payload =
      g_strdup_printf ("<error type='%s'><%s xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>%s"
                       "</error>",
                       type, condition, more);

  answer (self, request, "error", payload);
}

static void
refuse_jingle (IBBFilesService *self, IBBStanza *request, const IBBJingleRefusal *refusal)
{
  refuse (self, request, refusal->type, refusal->condition, refusal->jingle,
          "urn:xmpp:jingle:errors:1");
}

static IBBFilesTransfer *
create_transfer (IBBFilesService  *self,
                 IBBFilesDirection direction,
                 IBBFilesWay       way,
                 const char       *peer_jid,
                 IBBFilesMetadata *metadata)
{
  return ibb_files_transfer_new (G_OBJECT (self), self->sessions, self->transfers, direction, way,
                                 peer_jid, metadata);
}

static gboolean
decision_timeout_cb (gpointer user_data)
{
  IBBFilesTransfer *transfer = user_data;

  transfer->timer = 0;
  ibb_files_transfer_reject (transfer, NULL);
  return G_SOURCE_REMOVE;
}

/* Takes the transfer. Nobody who takes it means no. */
static void
offer (IBBFilesService *self, IBBStanza *request, IBBFilesTransfer *transfer)
{
  g_autofree char *local_jid = ibb_connection_dup_local_jid (self->connection);
  const char      *to = ibb_stanza_get_to (request);
  gboolean         is_taken = FALSE;

  if (to != NULL && g_strcmp0 (to, local_jid) != 0)
    transfer->local_jid = g_strdup (to);
  g_ptr_array_add (self->transfers, g_object_ref (transfer));
  ibb_files_transfer_set_timer (transfer, DECISION_TIMEOUT, decision_timeout_cb);
  g_signal_emit (self, signals[SIGNAL_FILE_OFFERED], 0, transfer, &is_taken);
  if (!is_taken)
    ibb_files_transfer_reject (transfer, NULL);
  g_object_unref (transfer);
}

static void
receive_offer (IBBFilesService *self, IBBStanza *request, IBBElement *element)
{
  const char       *from = ibb_stanza_get_from (request);
  const char       *session = ibb_element_get_attribute (element, "sid");
  g_autofree char  *local_jid = ibb_connection_dup_local_jid (self->connection);
  const char       *to = ibb_stanza_get_to (request);
  IBBJingleRefusal  refusal = { NULL, NULL, NULL };
  IBBJingle        *jingle;
  IBBFilesTransfer *transfer;

  if (session != NULL && find (self, from, session) != NULL)
    {
      refuse (self, request, "wait", "unexpected-request", "out-of-order",
              "urn:xmpp:jingle:errors:1");
      return;
    }
  if (!has_room (self, from))
    {
      refuse (self, request, "wait", "resource-constraint", NULL, NULL);
      return;
    }
  jingle = ibb_jingle_new_from_offer (element, to != NULL ? to : local_jid, &refusal);
  if (jingle == NULL)
    {
      refuse_jingle (self, request, &refusal);
      return;
    }
  answer (self, request, "result", "");
  transfer = create_transfer (self, IBB_FILES_DIRECTION_RECEIVE, IBB_FILES_WAY_JINGLE, from,
                              jingle->metadata);
  transfer->jingle = jingle;
  transfer->sid = g_strdup (jingle->transport_sid);
  if (jingle->state == IBB_JINGLE_ENDED)
    {
      ibb_files_transfer_flush (transfer);
      g_object_unref (transfer);
      return;
    }
  offer (self, request, transfer);
}

static gboolean
is_request (IBBStanza *stanza)
{
  return g_str_equal (ibb_stanza_get_name (stanza), "iq") &&
         g_strcmp0 (ibb_stanza_get_kind (stanza), "set") == 0 &&
         ibb_stanza_get_from (stanza) != NULL;
}

/* Sessions of other applications of Jingle belong to other handlers. */
static gboolean
jingle_cb (IBBConnection *connection, IBBStanza *request, IBBFilesService *self)
{
  g_autoptr (IBBElement) element = ibb_stanza_dup_element (request);
  IBBElement            *jingle = ibb_element_get_child (element, "jingle", IBB_JINGLE_NAMESPACE);
  const char            *session;
  IBBFilesTransfer      *transfer;
  IBBJingleRefusal       refusal = { NULL, NULL, NULL };

  if (jingle == NULL || !is_request (request))
    return FALSE;
  if (ibb_jingle_is_offer (jingle))
    {
      receive_offer (self, request, jingle);
      return TRUE;
    }
  session = ibb_element_get_attribute (jingle, "sid");
  transfer = session != NULL ? find (self, ibb_stanza_get_from (request), session) : NULL;
  if (transfer == NULL)
    return FALSE;
  if (!ibb_jingle_receive (transfer->jingle, jingle, &refusal))
    {
      refuse_jingle (self, request, &refusal);
      return TRUE;
    }
  answer (self, request, "result", "");
  if (transfer->direction == IBB_FILES_DIRECTION_SEND)
    ibb_files_transfer_send_heard (transfer);
  else
    ibb_files_transfer_receive_heard (transfer);
  return TRUE;
}

/* A session that no handler knows (XEP-0166 §10). */
static gboolean
unknown_cb (IBBConnection *connection, IBBStanza *request, IBBFilesService *self)
{
  if (!is_request (request))
    return FALSE;
  refuse (self, request, "cancel", "item-not-found", "unknown-session", "urn:xmpp:jingle:errors:1");
  return TRUE;
}

static gboolean
initiation_cb (IBBConnection *connection, IBBStanza *request, IBBFilesService *self)
{
  g_autoptr (IBBElement)       element = ibb_stanza_dup_element (request);
  IBBElement                  *si = ibb_element_get_child (element, "si", IBB_INITIATION_NAMESPACE);
  g_autoptr (IBBFilesMetadata) metadata = NULL;
  g_autofree char             *sid = NULL;
  const char                  *condition = NULL;
  const char                  *child = NULL;
  IBBFilesTransfer            *transfer;

  if (si == NULL || !is_request (request) || !ibb_initiation_is_offer (si))
    return FALSE;
  metadata = ibb_initiation_read_offer (si, &sid, &condition, &child);
  if (metadata == NULL)
    refuse (self, request, "cancel", condition, child, IBB_INITIATION_NAMESPACE);
  else if (!has_room (self, ibb_stanza_get_from (request)))
    refuse (self, request, "wait", "resource-constraint", NULL, NULL);
  else
    {
      transfer =
          create_transfer (self, IBB_FILES_DIRECTION_RECEIVE, IBB_FILES_WAY_STREAM_INITIATION,
                           ibb_stanza_get_from (request), metadata);
      transfer->sid = g_steal_pointer (&sid);
      transfer->request_id = g_strdup (ibb_stanza_get_id (request));
      offer (self, request, transfer);
    }
  return TRUE;
}

static void
ibb_files_service_constructed (GObject *object)
{
  IBBFilesService *self = IBB_FILES_SERVICE (object);

  G_OBJECT_CLASS (ibb_files_service_parent_class)->constructed (object);

  self->sessions = ibb_service_new (self->connection);
  ibb_service_set_resume_sessions (self->sessions, TRUE);
  announce (self, ibb_connection_add_feature);
  g_signal_connect_object (self->connection, "stanza-received::" IBB_JINGLE_NAMESPACE,
                           G_CALLBACK (jingle_cb), self, 0);
  g_signal_connect_object (self->connection, "stanza-received::" IBB_JINGLE_NAMESPACE,
                           G_CALLBACK (unknown_cb), self, G_CONNECT_AFTER);
  g_signal_connect_object (self->connection, "stanza-received::" IBB_INITIATION_NAMESPACE,
                           G_CALLBACK (initiation_cb), self, 0);
}

static void
ibb_files_service_finalize (GObject *object)
{
  IBBFilesService *self = IBB_FILES_SERVICE (object);

  announce (self, ibb_connection_remove_feature);
  g_ptr_array_unref (self->transfers);
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

  g_object_class_install_properties (object_class, N_PROPS, props);

  /**
   * IBBFilesService::file-offered:
   * @self: the service
   * @transfer: the transfer that waits for a decision
   *
   * A peer offers a file. Take it with [method@IBBFiles.Transfer.accept_file_async],
   * [method@IBBFiles.Transfer.accept_stream_async] or [method@IBBFiles.Transfer.reject], now or
   * later, and return %TRUE. What no handler takes is declined.
   *
   * At most 100 offers wait, of these 10 of one account; further ones are refused with
   * `resource-constraint`.
   *
   * Returns: whether the handler has taken, or will take, the decision
   *
   * Since: 1.0
   */
  signals[SIGNAL_FILE_OFFERED] = g_signal_new (
      "file-offered", IBB_FILES_TYPE_SERVICE, G_SIGNAL_RUN_LAST, 0,
      g_signal_accumulator_true_handled, NULL, NULL, G_TYPE_BOOLEAN, 1, IBB_FILES_TYPE_TRANSFER);
}

static void
ibb_files_service_init (IBBFilesService *self)
{
  self->transfers = g_ptr_array_new_with_free_func (g_object_unref);
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

/* Offering. */

typedef struct
{
  char             *peer_jid; /* (owned) */
  GFile            *file;     /* (owned) (nullable) */
  GInputStream     *stream;   /* (owned) (nullable) */
  IBBFilesMetadata *metadata; /* (owned) (nullable) */
  char             *etag;     /* (owned) (nullable) */
  gboolean          has_callback;
} Offer;

static void
offer_free (gpointer data)
{
  Offer *self = data;

  g_free (self->peer_jid);
  g_clear_object (&self->file);
  g_clear_object (&self->stream);
  g_clear_object (&self->metadata);
  g_free (self->etag);
  g_free (self);
}

/* Nobody has fetched the transfer: the call was cancelled at the last moment. */
static void
abandon (gpointer data)
{
  g_autoptr (IBBFilesTransfer) transfer = data;

  ibb_files_transfer_cancel (transfer);
}

static void
found_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask)            task = user_data;
  IBBFilesService             *self = g_task_get_source_object (task);
  Offer                       *data = g_task_get_task_data (task);
  GError                      *error = NULL;
  g_autoptr (IBBWayChoice)     choice = ibb_way_find_finish (result, &error);
  g_autoptr (IBBFilesTransfer) transfer = NULL;

  if (choice == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  transfer = create_transfer (self, IBB_FILES_DIRECTION_SEND, choice->way, choice->peer_jid,
                              data->metadata);
  transfer->block_size = ibb_service_get_default_block_size (self->sessions);
  if (choice->is_own)
    transfer->block_size = MAX (transfer->block_size, OWN_BLOCK_SIZE);
  g_ptr_array_add (self->transfers, g_object_ref (transfer));
  ibb_files_transfer_offer (transfer, data->stream, data->file, data->etag);
  g_task_return_pointer (task, g_steal_pointer (&transfer),
                         data->has_callback ? abandon : g_object_unref);
}

static void
find_way (GTask *task)
{
  IBBFilesService *self = g_task_get_source_object (task);
  Offer           *data = g_task_get_task_data (task);

  ibb_way_find_async (self->connection, data->peer_jid,
                      ibb_files_metadata_get_size (data->metadata), g_task_get_cancellable (task),
                      found_cb, g_object_ref (task));
}

/* Metadata of the file, below what the application has given. */
static IBBFilesMetadata *
describe (Offer *data, GFileInfo *info)
{
  IBBFilesMetadata     *given = data->metadata;
  g_autoptr (GDateTime) date = g_file_info_get_modification_date_time (info);
  const char           *type = g_file_info_get_content_type (info);
  g_autofree char      *media_type = type != NULL ? g_content_type_get_mime_type (type) : NULL;
  const char           *name = given != NULL && *ibb_files_metadata_get_name (given) != '\0'
                                   ? ibb_files_metadata_get_name (given)
                                   : g_file_info_get_display_name (info);
  IBBFilesMetadata *metadata = ibb_files_metadata_new (name, (guint64) g_file_info_get_size (info));

  ibb_files_metadata_set_date (metadata, date);
  ibb_files_metadata_set_media_type (metadata, media_type);
  if (given != NULL && ibb_files_metadata_get_media_type (given) != NULL)
    ibb_files_metadata_set_media_type (metadata, ibb_files_metadata_get_media_type (given));
  if (given != NULL)
    ibb_files_metadata_set_description (metadata, ibb_files_metadata_get_description (given));
  return metadata;
}

static void
opened_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Offer            *data = g_task_get_task_data (task);
  GError           *error = NULL;
  GFileInputStream *stream = g_file_read_finish (G_FILE (object), result, &error);

  if (stream == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  data->stream = G_INPUT_STREAM (stream);
  find_way (task);
}

static void
described_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask)            task = user_data;
  Offer                       *data = g_task_get_task_data (task);
  GError                      *error = NULL;
  g_autoptr (GFileInfo)        info = g_file_query_info_finish (G_FILE (object), result, &error);
  g_autoptr (IBBFilesMetadata) metadata = NULL;
  g_autofree char             *name = g_file_get_parse_name (G_FILE (object));

  if (info == NULL)
    g_task_return_error (task, error);
  else if (g_file_info_get_file_type (info) == G_FILE_TYPE_DIRECTORY)
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_IS_DIRECTORY, _ ("“%s” is a folder"),
                             name);
  else if (g_file_info_get_file_type (info) != G_FILE_TYPE_REGULAR)
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE,
                             _ ("“%s” is not a file whose size is known"), name);
  else
    {
      metadata = describe (data, info);
      g_set_object (&data->metadata, metadata);
      data->etag = g_strdup (g_file_info_get_etag (info));
      g_file_read_async (data->file, G_PRIORITY_DEFAULT, g_task_get_cancellable (task), opened_cb,
                         g_object_ref (task));
    }
}

static GTask *
new_offer (IBBFilesService    *self,
           gpointer            tag,
           const char         *peer_jid,
           IBBFilesMetadata   *metadata,
           GCancellable       *cancellable,
           GAsyncReadyCallback callback,
           gpointer            user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  Offer *data = g_new0 (Offer, 1);

  g_task_set_source_tag (task, tag);
  g_task_set_name (task, "[ibb-files] offer");
  data->peer_jid = g_strdup (peer_jid);
  data->has_callback = callback != NULL;
  if (metadata != NULL)
    data->metadata = g_object_ref (metadata);
  g_task_set_task_data (task, data, offer_free);
  return task;
}

/**
 * ibb_files_service_offer_file_async:
 * @self: a service
 * @peer_jid: whom to offer the file to: a full JID; or, on an [class@IBB.Client], the bare JID of a
 *   contact, of whose programs the best one is chosen
 * @file: the file; its size must be known
 * @metadata: (nullable): a name, media type or description in place of those of the file; the size
 *   and the date are always those of the file
 * @cancellable: (nullable): cancels the call; [method@IBBFiles.Transfer.cancel] cancels the
 * transfer
 * @callback: (scope async): called when the offer has left
 * @user_data: data for @callback
 *
 * Offers a file to a peer. The call asks what the peer’s programs can do, and chooses: a program
 * that uses this library, one with Jingle, one with stream initiation.
 *
 * A file that changes while it is sent is an error at both ends.
 *
 * Errors:
 *
 * - %IBB_ERROR_FEATURE_NOT_IMPLEMENTED: no program of the peer receives files; the message says
 *   which are online. One of them may take a stream ([method@IBB.Service.open_session])
 * - %G_IO_ERROR_NOT_SUPPORTED: the file is too large for the program of the peer, or the program is
 *   known to lose files
 * - %G_IO_ERROR_HOST_NOT_FOUND: the contact is not online
 * - %G_IO_ERROR_IS_DIRECTORY, %G_IO_ERROR_NOT_REGULAR_FILE: @file is no file
 * - those of [method@IBB.Connection.query_features_async], and of reading the file
 *
 * Since: 1.0
 */
void
ibb_files_service_offer_file_async (IBBFilesService    *self,
                                    const char         *peer_jid,
                                    GFile              *file,
                                    IBBFilesMetadata   *metadata,
                                    GCancellable       *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer            user_data)
{
  g_autoptr (GTask) task = NULL;
  Offer            *data;

  g_return_if_fail (IBB_FILES_IS_SERVICE (self));
  g_return_if_fail (peer_jid != NULL);
  g_return_if_fail (G_IS_FILE (file));
  g_return_if_fail (metadata == NULL || IBB_FILES_IS_METADATA (metadata));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = new_offer (self, ibb_files_service_offer_file_async, peer_jid, metadata, cancellable,
                    callback, user_data);
  data = g_task_get_task_data (task);
  data->file = g_object_ref (file);
  g_file_query_info_async (
      file,
      G_FILE_ATTRIBUTE_STANDARD_TYPE
      "," G_FILE_ATTRIBUTE_STANDARD_SIZE "," G_FILE_ATTRIBUTE_STANDARD_DISPLAY_NAME
      "," G_FILE_ATTRIBUTE_STANDARD_CONTENT_TYPE "," G_FILE_ATTRIBUTE_TIME_MODIFIED
      "," G_FILE_ATTRIBUTE_ETAG_VALUE,
      G_FILE_QUERY_INFO_NONE, G_PRIORITY_DEFAULT, cancellable, described_cb, g_object_ref (task));
}

/**
 * ibb_files_service_offer_file_finish:
 * @self: a service
 * @result: what the callback was given
 * @error: return location for an error, see [method@IBBFiles.Service.offer_file_async]
 *
 * Finishes [method@IBBFiles.Service.offer_file_async].
 *
 * Returns: (transfer full): the transfer; %NULL with @error set
 *
 * Since: 1.0
 */
IBBFilesTransfer *
ibb_files_service_offer_file_finish (IBBFilesService *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * ibb_files_service_offer_stream_async:
 * @self: a service
 * @peer_jid: whom to offer the bytes to, as for [method@IBBFiles.Service.offer_file_async]
 * @stream: the bytes; a thread of the library’s reads them when the offer is accepted
 * @metadata: the name and the size, at least
 * @cancellable: (nullable): cancels the call; [method@IBBFiles.Transfer.cancel] cancels the
 * transfer
 * @callback: (scope async): called when the offer has left
 * @user_data: data for @callback
 *
 * Offers bytes to a peer as a file. The errors are those of
 * [method@IBBFiles.Service.offer_file_async].
 *
 * Since: 1.0
 */
void
ibb_files_service_offer_stream_async (IBBFilesService    *self,
                                      const char         *peer_jid,
                                      GInputStream       *stream,
                                      IBBFilesMetadata   *metadata,
                                      GCancellable       *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer            user_data)
{
  g_autoptr (GTask) task = NULL;
  Offer            *data;

  g_return_if_fail (IBB_FILES_IS_SERVICE (self));
  g_return_if_fail (peer_jid != NULL);
  g_return_if_fail (G_IS_INPUT_STREAM (stream));
  g_return_if_fail (IBB_FILES_IS_METADATA (metadata));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = new_offer (self, ibb_files_service_offer_stream_async, peer_jid, metadata, cancellable,
                    callback, user_data);
  data = g_task_get_task_data (task);
  data->stream = g_object_ref (stream);
  find_way (task);
}

/**
 * ibb_files_service_offer_stream_finish:
 * @self: a service
 * @result: what the callback was given
 * @error: return location for an error, see [method@IBBFiles.Service.offer_file_async]
 *
 * Finishes [method@IBBFiles.Service.offer_stream_async].
 *
 * Returns: (transfer full): the transfer; %NULL with @error set
 *
 * Since: 1.0
 */
IBBFilesTransfer *
ibb_files_service_offer_stream_finish (IBBFilesService *self, GAsyncResult *result, GError **error)
{
  return ibb_files_service_offer_file_finish (self, result, error);
}
