/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/session/opening.h"

#include "core/peer/requests.h"
#include "core/session/abandoned.h"

#define BLOCK_SIZE_FLOOR 256 /* bytes; no smaller ones are asked for (D-14) */

/* The block size that is offered to a peer with our feature. A stanza of it has less than 64 KiB,
 * which servers that do not tell their limit allow. */
#define LONG_BLOCK_SIZE 32768

static void
send_open (IBBOpening *self, gint64 now)
{
  IBBParameters *parameters = self->parameters;
  IBBContext    *context = parameters->context;
  IBBStanza     *open;

  ibb_pendings_add (&context->pendings, &self->pending, IBB_PENDING_OPEN,
                    ibb_ids_create (&context->ids), parameters->key.peer, parameters->owner);
  open = ibb_parameters_create_stanza (parameters, IBB_STANZA_IQ, "set", IBB_PAYLOAD_OPEN,
                                       self->pending.id);
  open->sid = g_strdup (parameters->key.sid);
  open->block_size = parameters->block_size;
  open->block_size_valid = TRUE;
  open->long_block_size = self->long_block_size;
  open->by_message = parameters->by_message;
  open->by_message_valid = TRUE;
  open->secret = g_strdup (parameters->secret);
  ibb_control_push (&context->control, open);
  self->sent = now;
}

static IBBOpening *
create (IBBParameters *parameters, IBBRegistration *registration)
{
  IBBOpening *self = g_new0 (IBBOpening, 1);

  self->parameters = parameters;
  self->registration = registration;
  return self;
}

/* An application that has set less than the usual size wants short blocks. A peer that has refused
 * so much is not offered it again. */
static gboolean
offers_long_blocks (const IBBParameters *parameters, const IBBOpen *open)
{
  return open->may_be_longer && parameters->block_size >= IBB_BLOCK_SIZE_USUAL &&
         parameters->block_size < LONG_BLOCK_SIZE &&
         ibb_peer_limit_block_size (parameters->peer, LONG_BLOCK_SIZE) == LONG_BLOCK_SIZE;
}

IBBOpening *
ibb_opening_new (IBBParameters   *parameters,
                 IBBRegistration *registration,
                 const IBBOpen   *open,
                 gint64           now)
{
  IBBOpening *self = create (parameters, registration);

  self->deadline = ibb_timer_get_deadline (now, parameters->context->settings.open_timeout);
  self->fallback = !open->fixed_block_size && parameters->context->settings.block_size_fallback;
  if (self->fallback)
    ibb_parameters_set_block_size (
        parameters, ibb_peer_limit_block_size (parameters->peer, parameters->block_size));
  if (offers_long_blocks (parameters, open))
    self->long_block_size = LONG_BLOCK_SIZE;
  /* Messages are not kept until they have arrived, so they could not be sent again. */
  if (parameters->context->settings.resume_sessions && !parameters->by_message)
    {
      g_autofree char *secret = ibb_ids_create_secret (&parameters->context->ids);

      ibb_registration_set_secret (registration, secret);
    }
  send_open (self, now);
  return self;
}

IBBOpening *
ibb_opening_new_request (IBBParameters *parameters, IBBRegistration *registration, IBBStanza *open)
{
  IBBOpening *self = create (parameters, registration);

  self->request = ibb_stanza_record_ref (open);
  if (parameters->context->settings.resume_sessions && !parameters->by_message)
    ibb_registration_set_secret (registration, open->secret);
  if (open->secret != NULL || open->long_block_size > 0)
    ibb_peer_note_our_feature (parameters->peer);
  ibb_requests_add (parameters->context->requests, parameters->key.peer);
  return self;
}

void
ibb_opening_free (IBBOpening *self)
{
  IBBContext *context = self->parameters->context;

  ibb_pendings_remove (&context->pendings, &self->pending);
  if (self->request != NULL)
    ibb_requests_remove (context->requests, self->parameters->key.peer);
  g_clear_pointer (&self->request, ibb_stanza_record_unref);
  ibb_failure_clear (&self->refusal);
  g_free (self);
}

gboolean
ibb_opening_is_request (const IBBOpening *self)
{
  return self->request != NULL;
}

gint64
ibb_opening_get_due (const IBBOpening *self)
{
  return self->deadline;
}

/* The first answer in a series of smaller and smaller proposals says what the peer wants (H-09). */
static gboolean
try_smaller (IBBOpening *self, const IBBStanza *answer, gint64 now)
{
  IBBParameters *parameters = self->parameters;

  if (answer->condition != IBB_CONDITION_RESOURCE_CONSTRAINT || !self->fallback ||
      parameters->block_size / 2 < BLOCK_SIZE_FLOOR)
    return FALSE;

  self->long_block_size = 0;
  ibb_parameters_set_block_size (parameters, parameters->block_size / 2);
  send_open (self, now);
  return TRUE;
}

/* The session gets the JID by which the peer's server calls the peer: requests for the session come
 * from that JID (D-02). FALSE if the peer has opened a session of that name itself. */
static gboolean
take_name_of_peer (IBBOpening *self, const IBBStanza *answer, const char *from)
{
  return answer->from == NULL || g_str_equal (from, self->parameters->key.peer) ||
         ibb_registration_rename_peer (self->registration, from);
}

static void
learn (IBBOpening *self, const IBBStanza *answer, gint64 now)
{
  IBBPeer *peer = self->parameters->peer;

  if (answer->is_resumable || answer->long_block_size > 0)
    ibb_peer_note_our_feature (peer);
  ibb_peer_note_answer (peer, MAX (now - self->sent, 1));
}

static IBBOpeningVerdict
accepted_by_peer (IBBOpening *self, const IBBStanza *answer, const char *from, gint64 now)
{
  if (self->refusal.kind != IBB_FAILURE_NONE)
    ibb_peer_set_block_size_max (self->parameters->peer, self->parameters->block_size);
  if (self->long_block_size > 0 && answer->long_block_size == self->long_block_size)
    ibb_parameters_set_block_size (self->parameters, self->long_block_size);
  if (!answer->is_resumable)
    ibb_registration_set_secret (self->registration, NULL);
  if (!take_name_of_peer (self, answer, from))
    {
      ibb_failure_set (&self->refusal, IBB_FAILURE_IN_USE);
      return IBB_OPENING_REFUSED;
    }

  learn (self, answer, now);
  return IBB_OPENING_ACCEPTED;
}

IBBOpeningVerdict
ibb_opening_answered (IBBOpening *self, const IBBStanza *answer, const char *from, gint64 now)
{
  if (answer->payload != IBB_PAYLOAD_ERROR)
    return accepted_by_peer (self, answer, from, now);

  if (self->refusal.kind == IBB_FAILURE_NONE)
    ibb_failure_set_condition (&self->refusal, IBB_FAILURE_REFUSED, answer->condition,
                               answer->text);
  return try_smaller (self, answer, now) ? IBB_OPENING_TRIES_AGAIN : IBB_OPENING_REFUSED;
}

const IBBFailure *
ibb_opening_get_refusal (const IBBOpening *self)
{
  return &self->refusal;
}

void
ibb_opening_ask (IBBOpening *self, gint64 now)
{
  self->deadline = ibb_timer_get_deadline (now, self->parameters->context->settings.accept_timeout);
}

void
ibb_opening_accept (IBBOpening *self)
{
  IBBStanza *result = ibb_stanza_record_new_result (self->request);

  if (self->parameters->block_size > self->request->block_size)
    result->long_block_size = self->parameters->block_size;
  result->is_resumable = ibb_parameters_can_resume (self->parameters);
  ibb_control_push (&self->parameters->context->control, result);
}

void
ibb_opening_refuse (IBBOpening *self, IBBCondition condition, const char *text)
{
  ibb_control_refuse_open (&self->parameters->context->control, self->request, condition, text);
}

static void
abandon (IBBOpening *self, gint64 now)
{
  IBBContext *context = self->parameters->context;
  char       *id = g_strdup (self->pending.id);

  ibb_pendings_remove (&context->pendings, &self->pending);
  ibb_abandoned_add (context->abandoned, self->parameters, id, now);
}

void
ibb_opening_give_up (IBBOpening *self, gint64 now)
{
  if (self->request != NULL)
    ibb_opening_refuse (self, IBB_CONDITION_NOT_ACCEPTABLE, NULL);
  else
    abandon (self, now);
}

IBBFailureKind
ibb_opening_timeout (IBBOpening *self, gint64 now)
{
  ibb_opening_give_up (self, now);
  return ibb_opening_is_request (self) ? IBB_FAILURE_ACCEPT_TIMEOUT : IBB_FAILURE_OPEN_TIMEOUT;
}

IBBFailureKind
ibb_opening_abort (IBBOpening *self, gint64 now)
{
  ibb_opening_give_up (self, now);
  return ibb_opening_is_request (self) ? IBB_FAILURE_CLOSED : IBB_FAILURE_ABORTED;
}
