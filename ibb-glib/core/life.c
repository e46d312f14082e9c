/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/life.h"

void
ibb_life_init (IBBLife        *self,
               const IBBTerms *terms,
               IBBSender      *sender,
               IBBReceiver    *receiver,
               IBBClosing     *closing)
{
  self->terms = terms;
  self->sender = sender;
  self->receiver = receiver;
  self->closing = closing;
}

void
ibb_life_clear (IBBLife *self)
{
  ibb_failure_clear (&self->failure);
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

/* Those that waited for a stanza that will not come (D-24, D-42). */
static void
refuse_early (IBBLife *self)
{
  IBBStanza *stanza;

  while ((stanza = ibb_receiver_pop_early (self->receiver)) != NULL ||
         (stanza = ibb_receiver_pop_ahead (self->receiver)) != NULL)
    {
      if (stanza->payload == IBB_PAYLOAD_DATA || stanza->payload == IBB_PAYLOAD_CLOSE)
        ibb_control_reply_error (&self->terms->shared->control, stanza,
                                 IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL, NULL);
      ibb_stanza_record_unref (stanza);
    }
}

/* Why later calls fail after an orderly end. */
static IBBFailureKind
get_kind_of_close (const IBBLife *self)
{
  return ibb_closing_is_peer_closed (self->closing) && !ibb_closing_is_whole (self->closing)
             ? IBB_FAILURE_PEER_CLOSED
             : IBB_FAILURE_CLOSED;
}

void
ibb_life_end (IBBLife *self, const IBBFailure *failure)
{
  const IBBFailure  closed = IBB_FAILURE_OF (get_kind_of_close (self));
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
  /* An end that is not orderly says nothing of the kind to the peer. */
  ibb_closing_end (self->closing,
                   is_orderly &&
                       ibb_sender_get_delivery_failure (self->sender)->kind == IBB_FAILURE_NONE);

  self->state = IBB_LIFE_ENDED;
  /* No request stays without an answer (N-20); the bytes can be read. */
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
  /* Half of an answer must not look whole; sent messages may not have arrived (D-37). */
  if (!ibb_closing_is_peer_closed (self->closing) && self->terms->by_message &&
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

/* Where the time-out never comes, a peer that is gone ends a close like one. */
static gboolean
is_end_of_close (const IBBLife *self, const IBBFailure *failure)
{
  return failure->kind == IBB_FAILURE_PEER_GONE && ibb_closing_is_sent (self->closing) &&
         (ibb_closing_is_whole (self->closing) || ibb_closing_is_peer_closed (self->closing));
}

void
ibb_life_fail (IBBLife *self, const IBBFailure *failure)
{
  const IBBFailure peer_closed = IBB_FAILURE_OF (IBB_FAILURE_PEER_CLOSED);

  if (self->state != IBB_LIFE_OPEN)
    {
      ibb_life_end (self, failure);
      return;
    }
  if (is_end_of_close (self, failure))
    {
      ibb_life_end_unanswered (self);
      return;
    }

  ibb_receiver_release_all (self->receiver);
  ibb_closing_tell_peer (self->closing);
  ibb_life_end (self, ibb_closing_explains (self->closing, failure) ? &peer_closed : failure);
}
