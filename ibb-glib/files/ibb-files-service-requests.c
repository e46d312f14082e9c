/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What peers ask of a service. */

#include "config.h"

#include "files/ibb-files-service-private.h"
#include "files/ibb-files-transfer-private.h"
#include "files/protocol/initiation.h"

#include <string.h>

#define OFFERS_MAX 100        /* waiting for a decision */
#define ACCOUNT_OFFERS_MAX 10 /* of these, from one account */
#define RECEIVED_MAX 200      /* files that were accepted and are not over: each has a descriptor */
#define ACCOUNT_RECEIVED_MAX 100 /* of these, from one account */
#define ID_MAX 1024              /* bytes of the id of an IQ that is answered after the decision */
#define DECISION_TIMEOUT 3600    /* s */

gboolean
ibb_files_service_add (IBBFilesService *self, IBBFilesTransfer *transfer)
{
  g_ptr_array_add (self->transfers, g_object_ref (transfer));
  g_list_model_items_changed (G_LIST_MODEL (self), self->transfers->len - 1, 0, 1);
  return !ibb_files_transfer_is_over (transfer) && transfer->failure == NULL;
}

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

static IBBCourier *
find_courier (IBBFilesService *self, const char *peer_jid, const char *session)
{
  for (guint i = 0; i < self->couriers->len; i++)
    if (ibb_courier_is_for (g_ptr_array_index (self->couriers, i), peer_jid, session))
      return g_ptr_array_index (self->couriers, i);
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
      if (transfer->state == IBB_FILES_STATE_OFFERED && transfer->mover == NULL)
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
  for (guint i = 0; i < self->couriers->len; i++)
    {
      IBBCourier *courier = g_ptr_array_index (self->couriers, i);
      gboolean    is_peer = is_same_account (ibb_courier_get_peer_jid (courier), peer_jid);

      if (ibb_courier_is_unused (courier))
        {
          n_offers++;
          n_account_offers += is_peer;
        }
      /* Its last file is over, and the peer has not closed it yet. */
      else if (ibb_courier_is_empty (courier))
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
  const char           *to = ibb_stanza_get_to (request);
  g_autofree char      *local_jid = ibb_connection_dup_local_jid (self->connection);
  gboolean              needs_from = to != NULL && g_strcmp0 (to, local_jid) != 0;
  g_autoptr (IBBStanza) stanza =
      ibb_jingle_new_iq (type, ibb_stanza_get_from (request), needs_from ? to : NULL, id, payload);

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

/* Takes the transfer. request (nullable): came in the clear. An offer that no handler
 * takes is refused. */
static void
offer (IBBFilesService *self, IBBStanza *request, IBBFilesTransfer *transfer)
{
  g_autofree char *local_jid = ibb_connection_dup_local_jid (self->connection);
  const char      *to = request != NULL ? ibb_stanza_get_to (request) : NULL;
  gboolean         is_taken;

  if (to != NULL && g_strcmp0 (to, local_jid) != 0)
    transfer->local_jid = g_strdup (to);
  ibb_files_transfer_set_timer (transfer, DECISION_TIMEOUT, decision_timeout_cb);
  ibb_files_transfer_watch_peer (transfer);
  is_taken = ibb_files_service_add (self, transfer) && self->funcs->file_offered (self, transfer);
  if (!is_taken)
    ibb_files_transfer_refuse (transfer, NULL);
  g_object_unref (transfer);
}

/* A file or folder of a bundle. */
static void
offered_in_bundle (IBBCourier       *courier,
                   guint32           number,
                   IBBFilesMetadata *metadata,
                   gpointer          service)
{
  IBBFilesService  *self = service;
  const char       *peer_jid = ibb_courier_get_peer_jid (courier);
  IBBFilesTransfer *transfer = ibb_files_service_create_transfer (
      self, IBB_FILES_DIRECTION_RECEIVE, IBB_FILES_WAY_JINGLE, peer_jid, metadata);

  ibb_files_transfer_set_courier (transfer, courier, number);
  if (has_room (self, peer_jid))
    offer (self, NULL, transfer);
  else
    {
      ibb_courier_fail (courier, number, IBB_REASON_BUSY, NULL);
      g_object_unref (transfer);
    }
}

static void
failed_in_bundle (IBBCourier *courier, const GError *error, gpointer service)
{
  IBBFilesService *self = service;

  self->funcs->private_failed (self, ibb_courier_get_peer_jid (courier), error);
}

IBBCourierPlace
ibb_files_service_get_place (IBBFilesService *self)
{
  return (IBBCourierPlace){ G_OBJECT (self), self->sessions,  self->identity,    self->couriers,
                            self->turns,     self->farewells, offered_in_bundle, failed_in_bundle };
}

/* Why the private offer, or the plain one, is not taken; NULL: it is. */
static const char *
find_obstacle (IBBFilesService *self, const char *peer_jid, gboolean is_private)
{
  if (is_private != (self->identity != NULL))
    return is_private ? "This end takes no encrypted files"
                      : "This end takes only encrypted files, as --encrypt of ibb sends them";
  if (!is_private)
    return NULL;
  return self->funcs->private_offered (self, peer_jid) || self->identity == NULL ? "" : NULL;
}

/* Takes jingle. */
static void
receive_bundle (IBBFilesService *self, IBBStanza *request, IBBJingle *jingle)
{
  g_autofree char       *local_jid = ibb_connection_dup_local_jid (self->connection);
  const char            *to = ibb_stanza_get_to (request);
  IBBCourierPlace        place = ibb_files_service_get_place (self);
  g_autoptr (IBBCourier) courier = ibb_courier_new_for_offer (
      &place, ibb_stanza_get_from (request), g_strcmp0 (to, local_jid) != 0 ? to : NULL, jingle);
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
  const char       *obstacle;

  if (session != NULL &&
      (find (self, from, session) != NULL || find_courier (self, from, session) != NULL))
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
  obstacle = find_obstacle (self, from, jingle->is_private);
  if (obstacle != NULL)
    {
      ibb_jingle_terminate (jingle,
                            *obstacle != '\0' ? IBB_REASON_SECURITY_ERROR : IBB_REASON_DECLINE,
                            *obstacle != '\0' ? obstacle : NULL);
      end_session (self, request, jingle);
      return;
    }
  if (jingle->is_bundle)
    {
      receive_bundle (self, request, jingle);
      return;
    }
  transfer = ibb_files_service_create_transfer (self, IBB_FILES_DIRECTION_RECEIVE,
                                                IBB_FILES_WAY_JINGLE, from, jingle->metadata);
  transfer->protocol = &ibb_files_transfer_by_jingle;
  transfer->jingle = jingle;
  transfer->sid = g_strdup (jingle->transport_sid);
  offer (self, request, transfer);
}

/* A request has one child (RFC 6120 §8.2.3). The connection answers those with more. */
static gboolean
is_request (IBBStanza *stanza)
{
  g_autoptr (IBBElement) element = ibb_stanza_dup_element (stanza);
  g_autoptr (GPtrArray)  children = ibb_element_list_children (element);

  return g_str_equal (ibb_stanza_get_name (stanza), "iq") &&
         g_strcmp0 (ibb_stanza_get_kind (stanza), "set") == 0 &&
         ibb_stanza_get_from (stanza) != NULL && children->len == 1;
}

/* Sessions of other applications of Jingle belong to other handlers. */
static gboolean
jingle_cb (IBBConnection *connection, IBBStanza *request, IBBFilesService *self)
{
  g_autoptr (IBBElement) element = ibb_stanza_dup_element (request);
  IBBElement            *jingle = ibb_element_get_child (element, "jingle", IBB_JINGLE_NAMESPACE);
  const char            *session;
  IBBFilesTransfer      *found;
  IBBCourier            *courier;
  gboolean               was_over;
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
  courier = session != NULL ? find_courier (self, ibb_stanza_get_from (request), session) : NULL;
  if (courier != NULL)
    {
      g_autoptr (IBBCourier) kept = ibb_courier_ref (courier);

      if (ibb_courier_receive (kept, jingle, &refusal))
        answer (self, request, "result", "");
      else
        refuse_jingle (self, request, &refusal);
      return TRUE;
    }
  found = session != NULL ? find (self, ibb_stanza_get_from (request), session) : NULL;
  if (found == NULL)
    return session != NULL && end_again (self, request, jingle);
  transfer = g_object_ref (found);
  was_over = transfer->jingle->state == IBB_JINGLE_ENDED;
  if (ibb_jingle_receive (transfer->jingle, jingle, &refusal))
    {
      /* The peer ends the transfer, and learns whether the file has got its name before. */
      if (transfer->is_checking && !was_over && transfer->jingle->state == IBB_JINGLE_ENDED &&
          !ibb_reason_is (transfer->jingle->reason, IBB_REASON_SUCCESS))
        transfer->late = ibb_stanza_ref (request);
      else
        answer (self, request, "result", "");
    }
  else
    refuse_jingle (self, request, &refusal);
  ibb_files_transfer_heard (transfer);
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
  else if (self->identity != NULL)
    refuse (self, request, "cancel", "forbidden", NULL, NULL);
  else
    {
      transfer = ibb_files_service_create_transfer (self, IBB_FILES_DIRECTION_RECEIVE,
                                                    IBB_FILES_WAY_STREAM_INITIATION,
                                                    ibb_stanza_get_from (request), metadata);
      transfer->protocol = &ibb_files_transfer_by_initiation;
      transfer->sid = g_steal_pointer (&sid);
      transfer->request_id = g_strdup (id);
      offer (self, request, transfer);
    }
  return TRUE;
}

void
ibb_files_service_listen (IBBFilesService *self, const IBBFilesServiceFuncs *funcs)
{
  self->funcs = funcs;
  g_signal_connect_object (self->connection, "stanza-received::" IBB_JINGLE_NAMESPACE,
                           G_CALLBACK (jingle_cb), self, 0);
  g_signal_connect_object (self->connection, "stanza-received::" IBB_JINGLE_NAMESPACE,
                           G_CALLBACK (unknown_cb), self, G_CONNECT_AFTER);
  g_signal_connect_object (self->connection, "stanza-received::" IBB_INITIATION_NAMESPACE,
                           G_CALLBACK (initiation_cb), self, 0);
  g_signal_connect_object (self->connection, "stanza-received::" IBB_INITIATION_NAMESPACE,
                           G_CALLBACK (unknown_profile_cb), self, G_CONNECT_AFTER);
}
