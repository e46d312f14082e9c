/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/session/opening.h"

#include "core/session/abandoned.h"
#include "core/session/delivery.h"

#define BLOCK_SIZE_FLOOR 256 /* bytes; no smaller ones are asked for (D-14) */

/* The block size that is offered to a peer with our feature. A stanza with such a block is shorter
 * than 64 KiB: servers that announce no limit allow that. */
#define LONG_BLOCK_SIZE 32768

static void
send_open (IBBSession *self, gint64 now)
{
  const IBBParameters *parameters = &self->parameters;
  IBBOpening          *opening = self->opening;
  IBBContext          *context = parameters->context;
  IBBStanza           *open;

  ibb_pendings_add (context->pendings, &opening->pending, IBB_PENDING_OPEN,
                    ibb_ids_create (&context->ids), parameters->key.peer, self);
  open = ibb_parameters_create_stanza (parameters, IBB_STANZA_IQ, "set", IBB_PAYLOAD_OPEN,
                                       opening->pending.id);
  open->block_size = parameters->block_size;
  open->block_size_valid = TRUE;
  open->long_block_size = opening->long_block_size;
  open->by_message = parameters->by_message;
  open->by_message_valid = TRUE;
  open->secret = g_strdup (parameters->secret);
  ibb_control_push (&context->control, open);
  opening->sent = now;
}

/* Not for an application that has set less than the usual size, nor to a peer that has refused such
 * a size before. */
static gboolean
offers_long_blocks (const IBBParameters *parameters, const IBBOpen *open)
{
  return open->may_be_longer && parameters->block_size >= IBB_BLOCK_SIZE_USUAL &&
         parameters->block_size < LONG_BLOCK_SIZE &&
         ibb_peer_limit_block_size (parameters->peer, LONG_BLOCK_SIZE) == LONG_BLOCK_SIZE;
}

void
ibb_opening_begin (IBBSession *self, const IBBOpen *open, gint64 now)
{
  IBBParameters *parameters = &self->parameters;
  IBBContext    *context = parameters->context;
  IBBOpening    *opening = self->opening = g_new0 (IBBOpening, 1);

  opening->deadline = ibb_timer_get_deadline (now, context->settings.open_timeout);
  opening->fallback = !open->is_agreed;
  if (opening->fallback)
    parameters->block_size = ibb_peer_limit_block_size (parameters->peer, parameters->block_size);
  if (offers_long_blocks (parameters, open))
    opening->long_block_size = LONG_BLOCK_SIZE;
  /* Messages are not kept until they have arrived, and could not be sent again. */
  if (context->settings.resume_sessions && !parameters->by_message)
    {
      g_autofree char *secret = ibb_ids_create_sid (&context->ids);

      ibb_registration_set_secret (&self->registration, secret);
    }
  send_open (self, now);
  ibb_session_update_timer (self);
}

void
ibb_opening_keep_request (IBBSession *self, IBBStanza *open)
{
  IBBParameters *parameters = &self->parameters;

  self->state = IBB_SESSION_REQUESTED;
  self->opening = g_new0 (IBBOpening, 1);
  self->opening->deadline = IBB_NEVER;
  self->opening->request = ibb_stanza_record_ref (open);
  if (parameters->context->settings.resume_sessions && !parameters->by_message)
    ibb_registration_set_secret (&self->registration, open->secret);
  if (open->secret != NULL || open->long_block_size > 0)
    ibb_order_note_our_feature (&parameters->peer->order);
  ibb_context_add_request (parameters->context, parameters->key.peer);
}

/* Our open. */

static gboolean
try_smaller (IBBSession *self, const IBBStanza *answer, gint64 now)
{
  IBBParameters *parameters = &self->parameters;

  if (answer->condition != IBB_CONDITION_RESOURCE_CONSTRAINT || !self->opening->fallback ||
      parameters->block_size / 2 < BLOCK_SIZE_FLOOR)
    return FALSE;

  self->opening->long_block_size = 0;
  parameters->block_size /= 2;
  send_open (self, now);
  return TRUE;
}

/* Of several proposals, the answer to the first one is reported (H-09). */
static void
refused_by_peer (IBBSession *self, const IBBStanza *answer, gint64 now)
{
  IBBFailure *refusal = &self->opening->refusal;

  if (refusal->kind == IBB_FAILURE_NONE)
    ibb_failure_set_condition (refusal, IBB_FAILURE_REFUSED, answer->condition, answer->text);
  if (!try_smaller (self, answer, now))
    ibb_session_end (self, refusal);
}

/* The session gets the JID by which the peer's server calls the peer: requests for the session come
 * from that JID (D-02). FALSE if the peer has opened a session of that name itself. */
static gboolean
take_name_of_peer (IBBSession *self, const IBBStanza *answer, const char *from)
{
  return answer->from == NULL || g_str_equal (from, self->parameters.key.peer) ||
         ibb_registration_move (&self->registration, NULL, from, NULL, NULL);
}

static void
start (IBBSession *self, gint64 now)
{
  IBBPair *pair = self->parameters.pair;

  ibb_session_begin (self, now);
  ibb_pair_update_timer (pair, ibb_session_is_peer_needed (pair), now);
}

static void
accepted_by_peer (IBBSession *self, const IBBStanza *answer, const char *from, gint64 now)
{
  const IBBOpening *opening = self->opening;
  IBBParameters    *parameters = &self->parameters;

  if (opening->refusal.kind != IBB_FAILURE_NONE)
    ibb_peer_note_block_size (parameters->peer, parameters->block_size);
  if (opening->long_block_size > 0 && answer->long_block_size == opening->long_block_size)
    parameters->block_size = opening->long_block_size;
  if (!answer->is_resumable)
    ibb_registration_set_secret (&self->registration, NULL);
  if (!take_name_of_peer (self, answer, from))
    {
      ibb_control_push (&parameters->context->control, ibb_abandoned_create_close (parameters));
      ibb_session_end_for (self, IBB_FAILURE_IN_USE);
      return;
    }

  if (answer->is_resumable || answer->long_block_size > 0)
    ibb_order_note_our_feature (&parameters->peer->order);
  ibb_peer_note_answer (parameters->peer, MAX (now - opening->sent, 1), now);
  start (self, now);
  ibb_delivery_receive_early (self, now);
}

void
ibb_opening_answered (IBBSession *self, const IBBStanza *answer, const char *from, gint64 now)
{
  g_autoptr (IBBSession) keep = ibb_session_ref (self);

  if (answer->payload == IBB_PAYLOAD_ERROR)
    refused_by_peer (self, answer, now);
  else
    accepted_by_peer (self, answer, from, now);
  ibb_session_settle (self);
}

/* The peer's open. */

void
ibb_opening_ask (IBBSession *self, gint64 now)
{
  self->opening->deadline =
      ibb_timer_get_deadline (now, self->parameters.context->settings.accept_timeout);
  ibb_session_update_timer (self);
}

void
ibb_opening_accept (IBBSession *self, gint64 now)
{
  const IBBStanza *request = self->opening->request;
  IBBStanza       *result = ibb_stanza_record_new_result (request);

  if (self->parameters.block_size > request->block_size)
    result->long_block_size = self->parameters.block_size;
  result->is_resumable = self->parameters.secret != NULL;
  ibb_control_push (&self->parameters.context->control, result); /* before our blocks (N-07) */
  start (self, now);
  ibb_session_settle (self);
}

void
ibb_opening_refuse (IBBSession    *self,
                    IBBCondition   condition,
                    const char    *text,
                    IBBFailureKind reason)
{
  ibb_control_refuse_open (&self->parameters.context->control, self->opening->request, condition,
                           text);
  ibb_session_end_for (self, reason);
  ibb_session_settle (self);
}

/* Either. */

void
ibb_opening_give_up (IBBSession *self, gint64 now)
{
  IBBContext *context = self->parameters.context;
  IBBOpening *opening = self->opening;

  if (opening->request != NULL)
    ibb_control_refuse_open (&context->control, opening->request, IBB_CONDITION_NOT_ACCEPTABLE,
                             NULL);
  else
    {
      char *id = g_strdup (opening->pending.id);

      ibb_pendings_remove (context->pendings, &opening->pending);
      ibb_abandoned_add (context, &self->parameters, id, now);
    }
}
