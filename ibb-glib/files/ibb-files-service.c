/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "files/ibb-files-service.h"

#include "files/description.h"
#include "files/ibb-files-service-private.h"
#include "files/ibb-files-transfer-private.h"
#include "files/initiation.h"
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

#define OFFERS_MAX 100        /* that wait for a decision */
#define ACCOUNT_OFFERS_MAX 10 /* of these, from one account */
#define RECEIVED_MAX 200      /* files that were accepted and are not over: each has a descriptor */
#define ACCOUNT_RECEIVED_MAX 100 /* of these, from one account */
#define ID_MAX 1024              /* bytes of the id of an IQ that is answered after the decision */
#define DECISION_TIMEOUT 3600    /* s */

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

gboolean
ibb_files_service_add (IBBFilesService *self, IBBFilesTransfer *transfer)
{
  g_ptr_array_add (self->transfers, g_object_ref (transfer));
  g_list_model_items_changed (G_LIST_MODEL (self), self->transfers->len - 1, 0, 1);
  return !ibb_files_transfer_is_over (transfer) && transfer->failure == NULL;
}

/* Requests. */

IBBFilesTransfer *
ibb_files_service_create_transfer (IBBFilesService  *self,
                                   IBBFilesDirection direction,
                                   IBBFilesWay       way,
                                   const char       *peer_jid,
                                   IBBFilesMetadata *metadata)
{
  return ibb_files_transfer_new (G_OBJECT (self), self->sessions, self->transfers, self->farewells,
                                 direction, way, peer_jid, metadata);
}

/* While a file is checked no session shows where the peer is, which may log in again with another
 * resource. */
static gboolean
is_peer (IBBFilesTransfer *transfer, const char *address)
{
  g_autofree char *jid = ibb_files_transfer_dup_jid (transfer);

  if (transfer->state == IBB_FILES_STATE_CHECKING)
    jid[strcspn (jid, "/")] = '\0';
  return ibb_jid_is_from (address, jid);
}

static IBBFilesTransfer *
find (IBBFilesService *self, const char *peer_jid, const char *session)
{
  for (guint i = 0; i < self->transfers->len; i++)
    {
      IBBFilesTransfer *transfer = g_ptr_array_index (self->transfers, i);

      if (transfer->jingle != NULL && g_str_equal (transfer->jingle->sid, session) &&
          is_peer (transfer, peer_jid))
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

/* Whether one more offer of the peer can wait, and be accepted. */
static gboolean
has_room (IBBFilesService *self, const char *peer_jid)
{
  guint n_offers = 0;
  guint n_account_offers = 0;
  guint n_received = 0;
  guint n_account_received = 0;

  for (guint i = 0; i < self->transfers->len; i++)
    {
      IBBFilesTransfer *transfer = g_ptr_array_index (self->transfers, i);
      gboolean          is_peer = is_same_account (transfer->peer_jid, peer_jid);

      if (transfer->direction != IBB_FILES_DIRECTION_RECEIVE)
        continue;
      if (transfer->state == IBB_FILES_STATE_OFFERED && transfer->part == NULL)
        {
          n_offers++;
          n_account_offers += is_peer;
        }
      else
        {
          n_received++;
          n_account_received += is_peer;
        }
    }
  return n_offers < OFFERS_MAX && n_account_offers < ACCOUNT_OFFERS_MAX &&
         n_received < RECEIVED_MAX && n_account_received < ACCOUNT_RECEIVED_MAX;
}

/* Replies to the sender of the request, from the address that the request was sent to. */
static void
reply (IBBFilesService *self,
       IBBStanza       *request,
       const char      *type,
       const char      *id,
       const char      *payload)
{
  const char      *to = ibb_stanza_get_to (request);
  g_autofree char *local_jid = ibb_connection_dup_local_jid (self->connection);
  gboolean         needs_from = to != NULL && g_strcmp0 (to, local_jid) != 0;
  g_autofree char *from = needs_from ? g_markup_printf_escaped (" from='%s'", to) : g_strdup ("");
  g_autofree char *head = g_markup_printf_escaped ("<iq type='%s' to='%s' id='%s'", type,
                                                   ibb_stanza_get_from (request), id);
  g_autofree char *xml = g_strconcat (head, from, ">", payload, "</iq>", NULL);
  g_autoptr (IBBStanza) stanza = ibb_stanza_new_from_xml (xml, -1, NULL);

  if (stanza != NULL)
    ibb_connection_send (self->connection, stanza, NULL);
}

static void
answer (IBBFilesService *self, IBBStanza *request, const char *type, const char *payload)
{
  const char *id = ibb_stanza_get_id (request);

  reply (self, request, type, id != NULL ? id : "", payload);
}

/* A request of a session that has no transfer. */
static void
say (IBBFilesService *self, IBBStanza *request, const char *payload)
{
  g_autofree char *id = g_uuid_string_random ();

  reply (self, request, "set", id, payload);
}

/* Says what a session has to say that is over before it has a transfer. */
static void
end_session (IBBFilesService *self, IBBStanza *request, IBBJingle *jingle)
{
  for (GList *l = jingle->requests.head; l != NULL; l = l->next)
    say (self, request, l->data);
  ibb_jingle_free (jingle);
}

/* A question about a file whose transfer is over here: FALSE: it was no question, or nothing is
 * known of the session. */
static gboolean
end_again (IBBFilesService *self, IBBStanza *request, const IBBElement *jingle)
{
  const char *const *payloads = ibb_farewells_find (self->farewells, ibb_stanza_get_from (request),
                                                    ibb_element_get_attribute (jingle, "sid"));

  if (payloads == NULL ||
      g_strcmp0 (ibb_element_get_attribute (jingle, "action"), "session-info") != 0)
    return FALSE;
  answer (self, request, "result", "");
  for (guint i = 0; payloads[i] != NULL; i++)
    say (self, request, payloads[i]);
  return TRUE;
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

static gboolean
decision_timeout_cb (gpointer user_data)
{
  IBBFilesTransfer *transfer = user_data;

  transfer->timer = 0;
  ibb_files_transfer_refuse (transfer, NULL);
  return G_SOURCE_REMOVE;
}

/* Takes the transfer. An offer that no handler takes is refused. */
static void
offer (IBBFilesService *self, IBBStanza *request, IBBFilesTransfer *transfer)
{
  g_autofree char *local_jid = ibb_connection_dup_local_jid (self->connection);
  const char      *to = ibb_stanza_get_to (request);
  gboolean         is_taken = FALSE;

  if (to != NULL && g_strcmp0 (to, local_jid) != 0)
    transfer->local_jid = g_strdup (to);
  ibb_files_transfer_set_timer (transfer, DECISION_TIMEOUT, decision_timeout_cb);
  ibb_files_transfer_watch_peer (transfer);
  if (ibb_files_service_add (self, transfer))
    g_signal_emit (self, signals[SIGNAL_FILE_OFFERED], 0, transfer, &is_taken);
  if (!is_taken)
    ibb_files_transfer_refuse (transfer, NULL);
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
  if (jingle->state == IBB_JINGLE_ENDED)
    {
      end_session (self, request, jingle);
      return;
    }
  transfer = ibb_files_service_create_transfer (self, IBB_FILES_DIRECTION_RECEIVE,
                                                IBB_FILES_WAY_JINGLE, from, jingle->metadata);
  transfer->jingle = jingle;
  transfer->sid = g_strdup (jingle->transport_sid);
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
  IBBFilesTransfer      *found;
  g_autoptr (IBBFilesTransfer) transfer = NULL;
  IBBJingleRefusal             refusal = { NULL, NULL, NULL };

  if (jingle == NULL || !is_request (request))
    return FALSE;
  if (ibb_jingle_is_offer (jingle))
    {
      receive_offer (self, request, jingle);
      return TRUE;
    }
  session = ibb_element_get_attribute (jingle, "sid");
  found = session != NULL ? find (self, ibb_stanza_get_from (request), session) : NULL;
  if (found == NULL)
    return session != NULL && end_again (self, request, jingle);
  transfer = g_object_ref (found);
  if (ibb_jingle_receive (transfer->jingle, jingle, &refusal))
    answer (self, request, "result", "");
  else
    refuse_jingle (self, request, &refusal);
  if (transfer->direction == IBB_FILES_DIRECTION_SEND)
    ibb_files_transfer_send_heard (transfer);
  else
    ibb_files_transfer_receive_heard (transfer);
  return TRUE;
}

/* A session, or an application, that no handler knows (XEP-0166 §10, §6.3.2). */
static gboolean
unknown_cb (IBBConnection *connection, IBBStanza *request, IBBFilesService *self)
{
  g_autoptr (IBBElement) element = ibb_stanza_dup_element (request);
  IBBElement            *jingle = ibb_element_get_child (element, "jingle", IBB_JINGLE_NAMESPACE);
  const char            *action;

  if (jingle == NULL || !is_request (request))
    return FALSE;
  action = ibb_element_get_attribute (jingle, "action");
  if (action == NULL)
    refuse (self, request, "modify", "bad-request", NULL, NULL);
  else if (g_str_equal (action, "session-initiate"))
    receive_offer (self, request, jingle);
  else
    refuse (self, request, "cancel", "item-not-found", "unknown-session",
            "urn:xmpp:jingle:errors:1");
  return TRUE;
}

/* A stream initiation of a profile that no handler knows (XEP-0095 §3). */
static gboolean
unknown_profile_cb (IBBConnection *connection, IBBStanza *request, IBBFilesService *self)
{
  if (!is_request (request))
    return FALSE;
  refuse (self, request, "modify", "bad-request", "bad-profile", IBB_INITIATION_NAMESPACE);
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
  const char                  *id = ibb_stanza_get_id (request);
  IBBFilesTransfer            *transfer;

  if (si == NULL || !is_request (request) || !ibb_initiation_is_offer (si))
    return FALSE;
  metadata = ibb_initiation_read_offer (si, &sid, &condition, &child);
  if (id == NULL || strlen (id) > ID_MAX)
    refuse (self, request, "modify", "bad-request", NULL, NULL);
  else if (metadata == NULL)
    refuse (self, request, "cancel", condition, child, IBB_INITIATION_NAMESPACE);
  else if (!has_room (self, ibb_stanza_get_from (request)))
    refuse (self, request, "wait", "resource-constraint", NULL, NULL);
  else
    {
      transfer = ibb_files_service_create_transfer (self, IBB_FILES_DIRECTION_RECEIVE,
                                                    IBB_FILES_WAY_STREAM_INITIATION,
                                                    ibb_stanza_get_from (request), metadata);
      transfer->sid = g_steal_pointer (&sid);
      transfer->request_id = g_strdup (id);
      offer (self, request, transfer);
    }
  return TRUE;
}

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
  g_signal_connect_object (self->connection, "stanza-received::" IBB_JINGLE_NAMESPACE,
                           G_CALLBACK (jingle_cb), self, 0);
  g_signal_connect_object (self->connection, "stanza-received::" IBB_JINGLE_NAMESPACE,
                           G_CALLBACK (unknown_cb), self, G_CONNECT_AFTER);
  g_signal_connect_object (self->connection, "stanza-received::" IBB_INITIATION_NAMESPACE,
                           G_CALLBACK (initiation_cb), self, 0);
  g_signal_connect_object (self->connection, "stanza-received::" IBB_INITIATION_NAMESPACE,
                           G_CALLBACK (unknown_profile_cb), self, G_CONNECT_AFTER);
}

static void
ibb_files_service_finalize (GObject *object)
{
  IBBFilesService *self = IBB_FILES_SERVICE (object);

  if (self->connection != NULL)
    announce (self, ibb_connection_remove_feature);
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

  g_object_class_install_properties (object_class, N_PROPS, props);

  /**
   * IBBFilesService::file-offered:
   * @self: the service
   * @transfer: the transfer that waits for a decision
   *
   * A peer offers a file. Take it with [method@IBBFiles.Transfer.accept_file_async],
   * [method@IBBFiles.Transfer.accept_stream_async] or [method@IBBFiles.Transfer.refuse], now or
   * later, and return %TRUE. What no handler takes is refused.
   *
   * At most 100 offers wait, of these 10 of one account, and at most 200 files that were accepted
   * are not over, of these 100 of one account; further offers are refused with
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
  self->farewells = ibb_farewells_new ();
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
