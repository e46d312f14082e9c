/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/session/life.h"

void
ibb_life_init (IBBLife             *self,
               const IBBParameters *parameters,
               IBBSender           *sender,
               IBBReceiver         *receiver,
               IBBClosing          *closing)
{
  self->parameters = parameters;
  self->sender = sender;
  self->receiver = receiver;
  self->closing = closing;
}

void
ibb_life_clear (IBBLife *self)
{
  ibb_failure_clear (&self->failure);
  ibb_failure_clear (&self->cause);
}

void
ibb_life_begin (IBBLife *self)
{
  self->state = IBB_LIFE_OPEN;
  ibb_life_changed (self);
}

IBBLifeState
ibb_life_get_state (const IBBLife *self)
{
  return self->state;
}

gboolean
ibb_life_is_open (const IBBLife *self)
{
  return self->state == IBB_LIFE_OPEN;
}

gboolean
ibb_life_is_interrupted (const IBBLife *self)
{
  return self->state == IBB_LIFE_INTERRUPTED;
}

gboolean
ibb_life_is_lasting (const IBBLife *self)
{
  return ibb_life_is_open (self) || ibb_life_is_interrupted (self);
}

void
ibb_life_changed (IBBLife *self)
{
  self->news |= IBB_LIFE_HAS_CHANGED;
}

IBBLifeNews
ibb_life_take_news (IBBLife *self)
{
  IBBLifeNews news = self->news;

  self->news = IBB_LIFE_NO_NEWS;
  return news;
}

const IBBFailure *
ibb_life_get_failure (const IBBLife *self)
{
  return &self->failure;
}

static gboolean
can_be_interrupted (const IBBLife *self)
{
  return self->state == IBB_LIFE_OPEN && ibb_parameters_can_resume (self->parameters);
}

gboolean
ibb_life_needs_stream (const IBBLife *self)
{
  return !ibb_life_is_interrupted (self) && !can_be_interrupted (self);
}

gboolean
ibb_life_interrupt (IBBLife *self, const IBBFailure *cause)
{
  if (!can_be_interrupted (self))
    return FALSE;

  self->state = IBB_LIFE_INTERRUPTED;
  ibb_failure_copy (&self->cause, cause);
  ibb_sender_interrupt (self->sender);
  ibb_receiver_interrupt (self->receiver);
  ibb_life_changed (self);
  return TRUE;
}

const IBBFailure *
ibb_life_get_cause (const IBBLife *self)
{
  return &self->cause;
}

void
ibb_life_resume (IBBLife *self)
{
  self->state = IBB_LIFE_OPEN;
  ibb_failure_clear (&self->cause);
  ibb_life_changed (self);
}

/* Refuses the stanzas that waited for another one, which will not come (D-24, D-42). */
static void
refuse_early (IBBLife *self)
{
  IBBStanza *stanza;

  while ((stanza = ibb_receiver_pop_early (self->receiver)) != NULL ||
         (stanza = ibb_receiver_pop_ahead (self->receiver)) != NULL)
    {
      if (stanza->payload == IBB_PAYLOAD_DATA || stanza->payload == IBB_PAYLOAD_CLOSE)
        ibb_control_reply_error (&self->parameters->context->control, stanza,
                                 IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL, NULL);
      ibb_stanza_record_unref (stanza);
    }
}

void
ibb_life_end (IBBLife *self, const IBBFailure *failure)
{
  const IBBFailure  closed = IBB_FAILURE_OF (IBB_FAILURE_CLOSED);
  gboolean          is_orderly = failure->kind == IBB_FAILURE_NONE;
  const IBBFailure *reason = is_orderly ? &closed : failure;

  if (self->state == IBB_LIFE_ENDED)
    return;

  refuse_early (self);
  if (!ibb_receiver_has_eof (self->receiver))
    ibb_receiver_fail (self->receiver, reason);
  ibb_sender_end (self->sender, reason);
  if (self->failure.kind == IBB_FAILURE_NONE)
    ibb_failure_copy (&self->failure, failure);
  /* All our bytes have arrived, and the peer knows of the end. */
  ibb_closing_end (self->closing,
                   is_orderly &&
                       ibb_sender_get_delivery_failure (self->sender)->kind == IBB_FAILURE_NONE);

  self->state = IBB_LIFE_ENDED;
  /* Each request gets its answer (N-20). The bytes can still be read. */
  if (failure->kind == IBB_FAILURE_CONNECTION_LOST)
    ibb_receiver_forget_all (self->receiver);
  else
    ibb_receiver_release_all (self->receiver);
  self->news |= IBB_LIFE_HAS_CHANGED | IBB_LIFE_HAS_ENDED;
}

void
ibb_life_end_orderly (IBBLife *self)
{
  const IBBFailure *input_failure = ibb_receiver_get_failure (self->receiver);

  if (input_failure->kind == IBB_FAILURE_PEER_ABORTED)
    ibb_failure_copy (&self->failure, input_failure);
  ibb_life_end (self, &(IBBFailure) IBB_FAILURE_INIT);
}

void
ibb_life_end_unconfirmed (IBBLife *self, const IBBFailure *failure)
{
  /* Half of an answer must not look like a whole one; messages that were sent may not have arrived
   * (D-37). */
  if (!ibb_closing_is_peer_closed (self->closing) && self->parameters->by_message &&
      ibb_sender_get_written (self->sender) > 0)
    ibb_life_end (self, failure);
  else
    ibb_life_end_orderly (self);
}

void
ibb_life_end_unanswered (IBBLife *self)
{
  ibb_life_end_unconfirmed (self, &(IBBFailure) IBB_FAILURE_OF (IBB_FAILURE_CLOSE_UNCONFIRMED));
}

/* With a close-timeout of 0, only the end of the peer ends a close: it counts as the timeout. */
static gboolean
is_end_of_close (const IBBLife *self)
{
  return ibb_closing_is_sent (self->closing) &&
         (ibb_closing_is_whole (self->closing) || ibb_closing_is_peer_closed (self->closing));
}

/* Whether the peer cannot be reached, or our connection is about to be lost. When it is lost, the
 * engine interrupts the sessions itself. */
static gboolean
is_of_connection (const IBBFailure *failure)
{
  switch (failure->kind)
    {
    case IBB_FAILURE_PEER_GONE:
    case IBB_FAILURE_SEND_FAILED:
      return TRUE;
    case IBB_FAILURE_CONDITION:
    case IBB_FAILURE_RETRIES:
      return ibb_condition_means_nobody (failure->condition) ||
             failure->condition == IBB_CONDITION_RECIPIENT_UNAVAILABLE ||
             failure->condition == IBB_CONDITION_REMOTE_SERVER_TIMEOUT;
    case IBB_FAILURE_NONE:
    case IBB_FAILURE_CLOSED:
    case IBB_FAILURE_ABORTED:
    case IBB_FAILURE_STOPPED:
    case IBB_FAILURE_CONNECTION_LOST:
    case IBB_FAILURE_REFUSED:
    case IBB_FAILURE_PROTOCOL:
    case IBB_FAILURE_OPEN_TIMEOUT:
    case IBB_FAILURE_ACCEPT_TIMEOUT:
    case IBB_FAILURE_WITHDRAWN:
    case IBB_FAILURE_PEER_CLOSED:
    case IBB_FAILURE_PEER_ABORTED:
    case IBB_FAILURE_CLOSE_UNCONFIRMED:
    case IBB_FAILURE_OVERFLOW:
    case IBB_FAILURE_IN_USE:
    case IBB_FAILURE_NO_ROOM:
    default:
      return FALSE;
    }
}

static void
end_at_both (IBBLife *self, const IBBFailure *failure)
{
  const IBBFailure peer_closed = IBB_FAILURE_OF (IBB_FAILURE_PEER_CLOSED);

  ibb_receiver_release_all (self->receiver);
  ibb_closing_tell_peer (self->closing, ibb_life_is_interrupted (self), NULL);
  ibb_life_end (self, ibb_closing_explains (self->closing, failure) ? &peer_closed : failure);
}

void
ibb_life_fail (IBBLife *self, const IBBFailure *failure)
{
  if (!ibb_life_is_lasting (self))
    {
      ibb_life_end (self, failure);
      return;
    }
  if (failure->kind == IBB_FAILURE_PEER_GONE && is_end_of_close (self))
    {
      ibb_life_end_unanswered (self);
      return;
    }
  if (is_of_connection (failure) &&
      (ibb_life_is_interrupted (self) || ibb_life_interrupt (self, failure)))
    return;

  end_at_both (self, failure);
}

void
ibb_life_give_up (IBBLife *self)
{
  if (is_end_of_close (self))
    ibb_life_end_unanswered (self);
  else
    end_at_both (self, &self->cause);
}
