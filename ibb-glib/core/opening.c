/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How sessions begin: our opens, the peers', and what is expected. */

#include "config.h"

#include "core/engine-private.h"
#include "core/jid.h"

#define REQUESTS_MAX 16        /* D-47 */
#define REQUESTS_MAX_PER_JID 4 /* D-47 */
#define BLOCK_SIZE_FLOOR 256   /* D-14 */
#define ABANDONED_OPENS_MAX 1000
#define ABANDONED_OPEN_TIME (600 * G_USEC_PER_SEC)

static char *
expectation_key (const char *normal_peer, const char *sid)
{
  /* A JID may hold spaces, an NMTOKEN may not. */
  return g_strconcat (sid, " ", normal_peer, NULL);
}

static gboolean
check_running (IBBEngine *self, IBBFailure *failure)
{
  if (self->lost)
    ibb_failure_set (failure, IBB_FAILURE_CONNECTION_LOST);
  else if (self->stopped)
    ibb_failure_set (failure, IBB_FAILURE_STOPPED);
  else
    return TRUE;
  return FALSE;
}

/* Our opens. */

void
ibb_engine_send_open (IBBSession *session)
{
  IBBEngine  *self = session->engine;
  IBBStanza  *open;
  IBBPending *pending;

  g_free (session->open_id);
  session->open_id = ibb_engine_new_id (self);
  pending = ibb_engine_add_pending (self, IBB_PENDING_OPEN, session->open_id, session->peer_normal);
  pending->session = session;

  open = ibb_stanza_record_new (IBB_STANZA_IQ, "set", IBB_PAYLOAD_OPEN, session->open_id,
                                session->peer_jid);
  ibb_session_set_from (session, open);
  open->sid = g_strdup (session->sid);
  open->block_size = session->block_size;
  open->block_size_valid = TRUE;
  open->carrier = session->carrier;
  open->carrier_valid = TRUE;
  ibb_engine_queue_control (self, open);
}

static char *
new_sid (IBBEngine *self)
{
  g_autofree char *first = ibb_engine_new_id (self);
  g_autofree char *second = ibb_engine_new_id (self);

  return g_strconcat (first, second, NULL); /* 128 bits (N-04) */
}

IBBSession *
ibb_engine_open (IBBEngine *self, const IBBOpen *open, gint64 now, IBBFailure *failure)
{
  IBBSession      *session;
  g_autofree char *sid = NULL;
  const char      *local = open->local != NULL ? open->local : self->local_jid;
  guint            block_size;

  if (!check_running (self, failure))
    return NULL;
  if (local == NULL)
    {
      ibb_failure_set (failure, IBB_FAILURE_CONNECTION_LOST);
      return NULL;
    }

  now = ibb_engine_get_time (self, now);
  sid = open->sid != NULL ? g_strdup (open->sid) : new_sid (self);
  block_size = open->block_size != 0 ? open->block_size : self->settings.default_block_size;
  session = ibb_session_new (self, local, open->peer, sid, open->carrier, block_size);
  if (ibb_engine_has_session (self, session->local_normal, session->peer_normal, sid))
    {
      ibb_session_unref (session);
      ibb_failure_set (failure, IBB_FAILURE_IN_USE);
      return NULL;
    }

  session->initiator = TRUE;
  session->fallback = !open->fixed_block_size;
  session->deadline = now + (gint64) self->settings.open_timeout * 1000;
  ibb_session_enter_table (session);
  ibb_engine_send_open (session);
  ibb_session_update_timer (session, now);
  return session;
}

/* The peer's first answer in a series of smaller and smaller proposals is the
 * one that says what it wants (H-09). */
static gboolean
try_smaller (IBBSession *session, IBBStanza *answer)
{
  if (answer->condition != IBB_CONDITION_RESOURCE_CONSTRAINT || !session->fallback ||
      !session->engine->settings.block_size_fallback || session->block_size / 2 < BLOCK_SIZE_FLOOR)
    return FALSE;

  session->block_size /= 2;
  ibb_engine_send_open (session);
  return TRUE;
}

static void
process_early (IBBSession *session, gint64 now)
{
  GQueue early = session->receiver.early;

  g_queue_init (&session->receiver.early);
  while (!g_queue_is_empty (&early))
    {
      IBBStanza *stanza = g_queue_pop_head (&early);

      if (session->state != IBB_SESSION_OPEN)
        ibb_engine_reply_error (session->engine, stanza, IBB_CONDITION_ITEM_NOT_FOUND,
                                IBB_ERROR_TYPE_CANCEL, NULL);
      else if (stanza->payload == IBB_PAYLOAD_CLOSE)
        ibb_session_receive_close (session, stanza, now);
      else
        ibb_receiver_receive_data (session, stanza, now);
      ibb_stanza_record_unref (stanza);
    }
}

void
ibb_engine_open_answered (IBBSession *session, IBBStanza *answer, gint64 now)
{
  ibb_engine_remove_pending (session->engine, session->open_id);
  g_clear_pointer (&session->open_id, g_free);

  if (answer->payload != IBB_PAYLOAD_ERROR)
    {
      ibb_session_opened (session, now);
      process_early (session, now);
      return;
    }

  if (session->first_refusal.kind == IBB_FAILURE_NONE)
    ibb_failure_set_condition (&session->first_refusal, IBB_FAILURE_REFUSED, answer->condition,
                               answer->text);
  if (!try_smaller (session, answer))
    ibb_session_end (session, &session->first_refusal);
}

/* D-15: the peer may accept an open that nobody waits for any more. */
void
ibb_engine_abandon_open (IBBSession *session, gint64 now)
{
  IBBEngine  *self = session->engine;
  IBBPending *pending;

  ibb_engine_remove_pending (self, session->open_id);
  if (g_queue_get_length (&self->abandoned) >= ABANDONED_OPENS_MAX)
    {
      IBBPending *oldest = g_queue_pop_head_link (&self->abandoned)->data;

      ibb_engine_remove_pending (self, oldest->id);
    }

  pending = ibb_engine_add_pending (self, IBB_PENDING_ABANDONED_OPEN, session->open_id,
                                    session->peer_normal);
  pending->address = g_strdup (session->peer_jid);
  pending->local = g_strdup (session->local_jid);
  pending->sid = g_strdup (session->sid);
  pending->until = now + ABANDONED_OPEN_TIME;
  pending->link.data = pending;
  g_queue_push_tail_link (&self->abandoned, &pending->link);
  if (self->abandoned_timer.iter == NULL)
    ibb_timer_set (&self->abandoned_timer, &self->timers, pending->until);
  g_clear_pointer (&session->open_id, g_free);
}

static void
close_abandoned (IBBEngine *self, IBBPending *pending)
{
  g_autofree char *id = ibb_engine_new_id (self);
  IBBStanza       *close;

  close = ibb_stanza_record_new (IBB_STANZA_IQ, "set", IBB_PAYLOAD_CLOSE, id, pending->address);
  if (g_strcmp0 (pending->local, self->local_jid) != 0)
    close->from = g_strdup (pending->local);
  close->sid = g_strdup (pending->sid);
  close->unclean = TRUE;
  ibb_engine_queue_control (self, close);
}

void
ibb_engine_abandoned_open_answered (IBBEngine *self, IBBPending *pending, IBBStanza *answer)
{
  if (answer->payload != IBB_PAYLOAD_ERROR)
    close_abandoned (self, pending);
}

/* Nobody may be there any more when the answers come. */
void
ibb_engine_close_abandoned_opens (IBBEngine *self)
{
  for (GList *l = self->abandoned.head; l != NULL; l = l->next)
    close_abandoned (self, l->data);
}

/* Expectations (D-09). */

IBBExpectation *
ibb_engine_expect (IBBEngine  *self,
                   const char *peer,
                   const char *sid,
                   guint       block_size,
                   gpointer    data,
                   IBBFailure *failure)
{
  g_autofree char *normal = ibb_jid_normalize (peer);
  g_autofree char *key = expectation_key (normal, sid);
  IBBExpectation  *expectation;

  if (!check_running (self, failure))
    return NULL;
  if (g_hash_table_contains (self->expectations, key))
    {
      ibb_failure_set (failure, IBB_FAILURE_IN_USE);
      return NULL;
    }

  expectation = g_new0 (IBBExpectation, 1);
  expectation->engine = self;
  expectation->key = g_steal_pointer (&key);
  expectation->block_size = block_size;
  expectation->data = data;
  g_hash_table_insert (self->expectations, expectation->key, expectation);
  return expectation;
}

void
ibb_engine_cancel_expectation (IBBEngine *self, IBBExpectation *expectation)
{
  g_hash_table_remove (self->expectations, expectation->key);
}

/* The peers' opens. */

/* The types that N-09 and N-10 name; else RFC 6120's (D-48). */
static void
refuse_open (IBBEngine *self, IBBStanza *open, IBBCondition condition, const char *text)
{
  IBBErrorType type = ibb_condition_get_default_type (condition);

  if (condition == IBB_CONDITION_RESOURCE_CONSTRAINT)
    type = IBB_ERROR_TYPE_MODIFY;
  else if (condition == IBB_CONDITION_NOT_ACCEPTABLE)
    type = IBB_ERROR_TYPE_CANCEL;
  ibb_engine_reply_error (self, open, condition, type, text);
}

static guint
count_requests (IBBEngine *self, const char *bare)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (self->requests, bare));
}

static gboolean
has_room_for_request (IBBEngine *self, const char *peer)
{
  g_autofree char *bare = ibb_jid_dup_bare (peer);

  return self->n_requests < REQUESTS_MAX && count_requests (self, bare) < REQUESTS_MAX_PER_JID;
}

static void
add_request (IBBEngine *self, IBBSession *session)
{
  char *bare = ibb_jid_dup_bare (session->peer_normal);
  guint n = count_requests (self, bare);

  g_hash_table_replace (self->requests, bare, GUINT_TO_POINTER (n + 1));
  self->n_requests++;
}

void
ibb_engine_request_gone (IBBEngine *self, IBBSession *session)
{
  char *bare = ibb_jid_dup_bare (session->peer_normal);
  guint n = count_requests (self, bare);

  g_assert (n > 0);
  self->n_requests--;
  if (n == 1)
    {
      g_hash_table_remove (self->requests, bare);
      g_free (bare);
    }
  else
    g_hash_table_replace (self->requests, bare, GUINT_TO_POINTER (n - 1));
}

/* Whether nobody could take it, whatever the block size (D-07, D-08). */
static gboolean
is_impossible (IBBEngine *self, const char *peer)
{
  return self->listen == IBB_LISTEN_NONE || self->n_counted >= self->settings.session_limit ||
         (self->listen == IBB_LISTEN_ASK && !has_room_for_request (self, peer));
}

static IBBSession *
new_responder (IBBEngine *self, IBBStanza *open, const char *local, const char *peer, gint64 now)
{
  IBBSession *session = ibb_session_new (self, open->to != NULL ? open->to : local,
                                         open->from != NULL ? open->from : peer, open->sid,
                                         open->carrier, open->block_size);

  session->state = IBB_SESSION_REQUESTED;
  session->request = ibb_stanza_record_ref (open);
  session->deadline = now + (gint64) self->settings.accept_timeout * 1000;
  ibb_session_enter_table (session);
  add_request (self, session);
  return session;
}

static gboolean
accept_request (IBBSession *session, gint64 now)
{
  if (session->state != IBB_SESSION_REQUESTED)
    return FALSE;

  /* Queued before any block of ours can be (N-07). */
  ibb_engine_reply_result (session->engine, session->request);
  ibb_session_opened (session, now);
  return TRUE;
}

void
ibb_engine_receive_open (
    IBBEngine *self, IBBStanza *open, const char *local, const char *peer, gint64 now)
{
  g_autofree char       *key = NULL;
  g_autoptr (IBBSession) session = NULL;
  IBBExpectation        *expectation;

  /* The order is D-07's. */
  if (peer == NULL || local == NULL || !open->block_size_valid || !open->carrier_valid ||
      open->sid == NULL || !ibb_stanza_is_valid_sid (open->sid))
    {
      refuse_open (self, open, IBB_CONDITION_BAD_REQUEST, NULL);
      return;
    }
  if (self->stopped || ibb_engine_has_session (self, local, peer, open->sid))
    {
      refuse_open (self, open, IBB_CONDITION_NOT_ACCEPTABLE, NULL);
      return;
    }

  key = expectation_key (peer, open->sid);
  expectation = g_hash_table_lookup (self->expectations, key);
  if (expectation == NULL && is_impossible (self, peer))
    {
      refuse_open (self, open, IBB_CONDITION_NOT_ACCEPTABLE, NULL);
      return;
    }
  if (open->block_size > self->settings.max_block_size ||
      (expectation != NULL && expectation->block_size != 0 &&
       expectation->block_size != open->block_size))
    {
      refuse_open (self, open, IBB_CONDITION_RESOURCE_CONSTRAINT, NULL);
      return;
    }

  session = new_responder (self, open, local, peer, now);
  if (expectation != NULL)
    {
      accept_request (session, now);
      ibb_engine_push_event (self, IBB_EVENT_EXPECTED, session, expectation->data);
      g_hash_table_remove (self->expectations, key);
    }
  else if (self->listen == IBB_LISTEN_ACCEPT)
    {
      accept_request (session, now);
      ibb_engine_push_event (self, IBB_EVENT_ACCEPTED, session, NULL);
    }
  else
    {
      ibb_session_update_timer (session, now);
      ibb_engine_push_event (self, IBB_EVENT_REQUESTED, session, NULL);
    }
}

gboolean
ibb_session_accept (IBBSession *self, gint64 now)
{
  return accept_request (self, ibb_engine_get_time (self->engine, now));
}

gboolean
ibb_session_refuse (IBBSession *self, IBBCondition condition, const char *text, gint64 now)
{
  IBBFailure failure = IBB_FAILURE_INIT;

  if (self->state != IBB_SESSION_REQUESTED)
    return FALSE;

  refuse_open (self->engine, self->request, condition, text);
  ibb_failure_set (&failure, IBB_FAILURE_CLOSED);
  ibb_session_end (self, &failure);
  return TRUE;
}
