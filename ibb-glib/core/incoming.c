/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whose a stanza is that came in: the answer to one of ours, a request to a
 * session, or none of our business. */

#include "config.h"

#include "core/engine-private.h"
#include "core/jid.h"

/* What has no "from" may come from our account or from its server (D-33). */
static gboolean
is_own_server (IBBEngine *self, const char *jid)
{
  g_autofree char *domain =
      self->local_normal != NULL ? ibb_jid_dup_domain (self->local_normal) : NULL;

  return g_strcmp0 (jid, domain) == 0;
}

static gboolean
reply_fits (IBBEngine *self, IBBPending *pending, IBBStanza *stanza, const char *from)
{
  g_autofree char *bare = NULL;
  g_autofree char *domain = NULL;
  g_autofree char *from_bare = NULL;

  if (stanza->from == NULL && is_own_server (self, pending->jid))
    return TRUE;
  if (!pending->is_message || from == NULL)
    return g_strcmp0 (pending->jid, from) == 0;

  /* A server may have sent it to another resource (D-36); one that heeded a
   * rule answers in its own name (XEP-0079 §2.2.5). */
  bare = ibb_jid_dup_bare (pending->jid);
  domain = ibb_jid_dup_domain (pending->jid);
  from_bare = ibb_jid_dup_bare (from);
  return strcmp (bare, from_bare) == 0 || strcmp (domain, from) == 0 || is_own_server (self, from);
}

static gboolean
receive_reply (IBBEngine *self, IBBStanza *stanza, const char *from, gint64 now)
{
  IBBPending            *pending;
  IBBPendingType         type;
  g_autoptr (IBBSession) session = NULL;

  pending = stanza->id != NULL ? g_hash_table_lookup (self->pending, stanza->id) : NULL;
  if (pending == NULL || !reply_fits (self, pending, stanza, from))
    return FALSE;

  type = pending->type;
  session = pending->session != NULL ? ibb_session_ref (pending->session) : NULL;
  if (session != NULL && type != IBB_PENDING_OPEN)
    ibb_sender_heard (session, now);

  switch (type)
    {
    case IBB_PENDING_OPEN:
      ibb_engine_open_answered (session, stanza, now);
      break;
    case IBB_PENDING_ABANDONED_OPEN:
      ibb_engine_abandoned_open_answered (self, pending, stanza);
      ibb_engine_forget_abandoned (self, pending);
      break;
    case IBB_PENDING_BLOCK:
      ibb_sender_block_answered (session, pending->block, stanza, now);
      break;
    case IBB_PENDING_CLOSE:
      ibb_session_close_answered (session, stanza, now);
      break;
    case IBB_PENDING_QUERY:
      ibb_peer_order_answered (pending->peer, stanza, now);
      break;
    case IBB_PENDING_PROBE:
      ibb_peer_probe_answered (pending->peer, stanza, now);
      break;
    case IBB_PENDING_SERVER:
      ibb_server_answered (pending->server, stanza);
      break;
    case IBB_PENDING_PING:
      ibb_parking_ping_answered (self);
      break;
    default:
      g_assert_not_reached ();
    }
  return TRUE;
}

static IBBSession *
lookup_session (IBBEngine *self, const char *local, const char *peer, const char *sid)
{
  IBBSession key = {
    .local_normal = (char *) local,
    .peer_normal = (char *) peer,
    .sid = (char *) sid,
  };

  if (local == NULL || peer == NULL || sid == NULL)
    return NULL;
  return g_hash_table_lookup (self->sessions, &key);
}

gboolean
ibb_engine_has_session (IBBEngine *self, const char *local, const char *peer, const char *sid)
{
  return lookup_session (self, local, peer, sid) != NULL;
}

static void
receive_for_session (
    IBBEngine *self, IBBStanza *stanza, const char *local, const char *peer, gint64 now)
{
  g_autoptr (IBBSession) keep = NULL;
  IBBSession            *session;

  if (stanza->sid == NULL)
    {
      ibb_engine_reply_error (self, stanza, IBB_CONDITION_BAD_REQUEST, IBB_ERROR_TYPE_CANCEL,
                              NULL); /* D-11 */
      return;
    }

  session = lookup_session (self, local, peer, stanza->sid);
  if (session == NULL || session->state == IBB_SESSION_REQUESTED)
    {
      ibb_engine_reply_error (self, stanza, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL,
                              NULL); /* N-24, N-37 */
      /* Whoever closes what it has only asked for does not want it any more. */
      if (session != NULL && stanza->payload == IBB_PAYLOAD_CLOSE)
        ibb_session_refuse (session, IBB_CONDITION_NOT_ACCEPTABLE, NULL, now);
      return;
    }

  keep = ibb_session_ref (session);
  if (session->state == IBB_SESSION_OPENING)
    ibb_receiver_receive_early (session, stanza);
  else if (stanza->payload == IBB_PAYLOAD_CLOSE)
    ibb_session_receive_close (session, stanza, now);
  else
    ibb_receiver_receive_data (session, stanza, now);
}

/* IQ-get with something of ours, or an element that does not exist (D-10). */
static void
refuse_misuse (IBBEngine *self, IBBStanza *stanza)
{
  if (stanza->payload == IBB_PAYLOAD_UNKNOWN)
    ibb_engine_reply_error (self, stanza, IBB_CONDITION_FEATURE_NOT_IMPLEMENTED,
                            IBB_ERROR_TYPE_CANCEL, NULL);
  else
    ibb_engine_reply_error (self, stanza, IBB_CONDITION_BAD_REQUEST, IBB_ERROR_TYPE_MODIFY, NULL);
}

static void
receive_request (
    IBBEngine *self, IBBStanza *stanza, const char *local, const char *from, gint64 now)
{
  if (stanza->name == IBB_STANZA_MESSAGE)
    {
      if (stanza->payload == IBB_PAYLOAD_DATA)
        receive_for_session (self, stanza, local, from, now);
      return;
    }
  /* RFC 6120 §8.1.3 requires an id; nothing could be answered without. */
  if (stanza->id == NULL)
    return;

  if (stanza->payload == IBB_PAYLOAD_UNKNOWN || !ibb_stanza_record_is_kind (stanza, "set"))
    refuse_misuse (self, stanza);
  else if (stanza->payload == IBB_PAYLOAD_OPEN)
    ibb_engine_receive_open (self, stanza, local, from, now);
  else
    receive_for_session (self, stanza, local, from, now);
}

gboolean
ibb_engine_receive (IBBEngine *self, IBBStanza *stanza, gint64 now)
{
  g_autofree char *from = NULL;
  g_autofree char *to = NULL;

  if (self->lost || stanza->name == IBB_STANZA_PRESENCE)
    return FALSE;

  now = ibb_engine_get_time (self, now);
  /* Without "from" it came from our own server or account (RFC 6120 §8.1.2.1). */
  if (stanza->from != NULL)
    from = ibb_jid_normalize (stanza->from);
  else if (self->local_normal != NULL)
    from = ibb_jid_dup_bare (self->local_normal);

  switch (stanza->payload)
    {
    case IBB_PAYLOAD_RESULT:
    case IBB_PAYLOAD_DISCO_INFO:
    case IBB_PAYLOAD_ERROR:
      return receive_reply (self, stanza, from, now);

    case IBB_PAYLOAD_OPEN:
    case IBB_PAYLOAD_DATA:
    case IBB_PAYLOAD_CLOSE:
    case IBB_PAYLOAD_UNKNOWN:
      if (self->stopped && g_hash_table_size (self->sessions) == 0)
        return FALSE; /* N-08 */
      to = stanza->to != NULL && g_strcmp0 (stanza->to, self->local_jid) != 0
               ? ibb_jid_normalize (stanza->to)
               : g_strdup (self->local_normal);
      receive_request (self, stanza, to, from, now);
      return TRUE;

    case IBB_PAYLOAD_OTHER:
    case IBB_PAYLOAD_DISCO_QUERY:
    case IBB_PAYLOAD_PING:
    default:
      return FALSE;
    }
}
