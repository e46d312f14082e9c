/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/session/closing.h"

#include "core/base/proof.h"

/* How long the peer may take to acknowledge bytes that were written before its close (D-38). */
#define LINGER (4 * G_USEC_PER_SEC)
#define TIMEOUTS_MAX 10 /* D-37: what a peer may make of one */

/* An event in a state that has no row here changes nothing. */
static const struct
{
  IBBClosingEvent  event;
  IBBOutState      out;
  IBBInState       in;
  IBBOutState      next_out;
  IBBInState       next_in;
  IBBClosingAction action;
} steps[] = {
  { IBB_CLOSING_ON_SHUTDOWN, IBB_OUT_OPEN, IBB_IN_OPEN, IBB_OUT_SHUT, IBB_IN_OPEN,
    IBB_CLOSING_DO_NOTHING },
  { IBB_CLOSING_ON_SHUTDOWN, IBB_OUT_OPEN, IBB_IN_CLOSE_OWED, IBB_OUT_SHUT, IBB_IN_CLOSE_OWED,
    IBB_CLOSING_DO_NOTHING },
  { IBB_CLOSING_ON_SHUTDOWN, IBB_OUT_DRAINING, IBB_IN_OPEN, IBB_OUT_SHUT, IBB_IN_OPEN,
    IBB_CLOSING_DO_NOTHING },
  { IBB_CLOSING_ON_SHUTDOWN, IBB_OUT_DRAINING, IBB_IN_CLOSE_OWED, IBB_OUT_SHUT, IBB_IN_CLOSE_OWED,
    IBB_CLOSING_DO_NOTHING },

  { IBB_CLOSING_ON_CLOSE, IBB_OUT_OPEN, IBB_IN_OPEN, IBB_OUT_DRAINING, IBB_IN_OPEN,
    IBB_CLOSING_DO_NOTHING },
  { IBB_CLOSING_ON_CLOSE, IBB_OUT_OPEN, IBB_IN_CLOSE_OWED, IBB_OUT_DRAINING, IBB_IN_CLOSE_OWED,
    IBB_CLOSING_DO_NOTHING },

  { IBB_CLOSING_ON_PEER_CLOSE, IBB_OUT_OPEN, IBB_IN_OPEN, IBB_OUT_OPEN, IBB_IN_CLOSE_OWED,
    IBB_CLOSING_DO_OWE },
  { IBB_CLOSING_ON_PEER_CLOSE, IBB_OUT_DRAINING, IBB_IN_OPEN, IBB_OUT_DRAINING, IBB_IN_CLOSE_OWED,
    IBB_CLOSING_DO_OWE },
  { IBB_CLOSING_ON_PEER_CLOSE, IBB_OUT_SHUT, IBB_IN_OPEN, IBB_OUT_SHUT, IBB_IN_CLOSE_OWED,
    IBB_CLOSING_DO_OWE },
  { IBB_CLOSING_ON_PEER_CLOSE, IBB_OUT_CLOSE_SENT, IBB_IN_OPEN, IBB_OUT_CLOSE_SENT, IBB_IN_CLOSED,
    IBB_CLOSING_DO_ANSWER },

  { IBB_CLOSING_ON_STOP, IBB_OUT_OPEN, IBB_IN_CLOSE_OWED, IBB_OUT_DRAINING, IBB_IN_CLOSE_OWED,
    IBB_CLOSING_DO_NOTHING },

  { IBB_CLOSING_ON_DRAINED, IBB_OUT_DRAINING, IBB_IN_OPEN, IBB_OUT_CLOSE_SENT, IBB_IN_OPEN,
    IBB_CLOSING_DO_SEND },
  { IBB_CLOSING_ON_DRAINED, IBB_OUT_SHUT, IBB_IN_OPEN, IBB_OUT_CLOSE_SENT, IBB_IN_OPEN,
    IBB_CLOSING_DO_SEND },
  { IBB_CLOSING_ON_DRAINED, IBB_OUT_DRAINING, IBB_IN_CLOSE_OWED, IBB_OUT_ENDED, IBB_IN_ENDED,
    IBB_CLOSING_DO_ANSWER },
  { IBB_CLOSING_ON_DRAINED, IBB_OUT_SHUT, IBB_IN_CLOSE_OWED, IBB_OUT_ENDED, IBB_IN_ENDED,
    IBB_CLOSING_DO_ANSWER },
};

IBBClosingStep
ibb_closing_get_step (IBBOutState out, IBBInState in, IBBClosingEvent event)
{
  if (event == IBB_CLOSING_ON_END)
    return (IBBClosingStep){ IBB_OUT_ENDED, IBB_IN_ENDED, IBB_CLOSING_DO_NOTHING };

  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    if (steps[i].event == event && steps[i].out == out && steps[i].in == in)
      return (IBBClosingStep){ steps[i].next_out, steps[i].next_in, steps[i].action };
  return (IBBClosingStep){ out, in, IBB_CLOSING_DO_NOTHING };
}

static IBBClosingAction
take_step (IBBClosing *self, IBBClosingEvent event)
{
  IBBClosingStep step = ibb_closing_get_step (self->out, self->in, event);

  self->out = step.out;
  self->in = step.in;
  return step.action;
}

void
ibb_closing_init (IBBClosing *self, const IBBParameters *parameters)
{
  self->parameters = parameters;
  self->half_close = parameters->context->settings.half_close;
  self->began = IBB_NEVER;
  self->at = IBB_NEVER;
  self->linger_until = IBB_NEVER;
}

void
ibb_closing_clear (IBBClosing *self)
{
  ibb_pendings_remove (self->parameters->context->pendings, &self->pending);
  g_clear_pointer (&self->peer_close, ibb_stanza_record_unref);
}

void
ibb_closing_end (IBBClosing *self, gboolean is_orderly)
{
  take_step (self, IBB_CLOSING_ON_END);
  if (is_orderly)
    self->output_shut = TRUE;
  ibb_closing_clear (self);
}

/* Stanzas. */

static IBBStanza *
create_close (IBBClosing *self, const char *id)
{
  IBBStanza *close =
      ibb_parameters_create_stanza (self->parameters, IBB_STANZA_IQ, "set", IBB_PAYLOAD_CLOSE, id);

  return close;
}

/* Also repeats the close, after a silence (D-27). */
void
ibb_closing_push (IBBClosing *self)
{
  IBBStanza *close = create_close (self, self->pending.id);

  close->reads = !self->is_whole;
  ibb_control_push (&self->parameters->context->control, close);
}

static gint64
get_timeout (const IBBClosing *self)
{
  return (gint64) self->parameters->context->settings.close_timeout * 1000;
}

/* The answer to our close, which is the last that we wait for, has to come in this time. */
static void
begin_timeout (IBBClosing *self, gint64 now)
{
  self->began = now;
  self->at = now + get_timeout (self);
}

static void
send_close (IBBClosing *self, gint64 now)
{
  IBBContext *context = self->parameters->context;

  ibb_pendings_add (context->pendings, &self->pending, IBB_PENDING_CLOSE,
                    ibb_ids_create (&context->ids), self->parameters->key.peer,
                    self->parameters->owner);
  ibb_closing_push (self);
  if (self->is_whole)
    begin_timeout (self, now);
}

static IBBStanza *
create_unclean_close (IBBClosing *self, const char *id, const IBBFailure *reason)
{
  IBBStanza *close = create_close (self, id);

  close->unclean = TRUE;
  if (reason != NULL && reason->has_condition)
    {
      close->gives_reason = TRUE;
      close->condition = reason->condition;
      close->text = g_strdup (reason->text);
    }
  return close;
}

/* The same as an unclean close, for a peer that may know us by the address of an earlier login: the
 * proof tells which session it is (D-58). */
static IBBStanza *
create_unclean_resume (IBBClosing *self, const char *id)
{
  const IBBParameters *parameters = self->parameters;
  IBBStatement         statement = {
            IBB_PROOF_UNCLEAN, parameters->is_initiator, parameters->key.sid, 0, 0, 0
  };
  IBBStanza *resume =
      ibb_parameters_create_stanza (parameters, IBB_STANZA_IQ, "set", IBB_PAYLOAD_RESUME, id);

  resume->unclean = TRUE;
  resume->has_position = TRUE;
  resume->proof = ibb_proof_create (parameters->secret, &statement);
  return resume;
}

/* Nobody waits for the answer to this stanza (D-49). */
static void
send_unclean (IBBClosing *self, gboolean is_interrupted, const IBBFailure *reason)
{
  IBBContext      *context = self->parameters->context;
  g_autofree char *id = ibb_ids_create (&context->ids);

  ibb_control_push (&context->control, is_interrupted ? create_unclean_resume (self, id)
                                                      : create_unclean_close (self, id, reason));
}

static void
answer_peer_close (IBBClosing *self, const IBBStanza *close)
{
  ibb_control_reply_result (&self->parameters->context->control, close);
}

static void
refuse (IBBClosing *self, const IBBStanza *close)
{
  ibb_control_reply_error (&self->parameters->context->control, close, IBB_CONDITION_ITEM_NOT_FOUND,
                           IBB_ERROR_TYPE_CANCEL, NULL);
}

/* If the peer's close waits for its answer, the answer is an error: a result would tell that the
 * peer has everything (D-37). A peer that can resume the session would take this error for the
 * loss of our result, and ask (D-58): so an unclean <close/> tells it of the abort before. So does
 * a peer with our feature that reads on, which learns the reason in this way (D-39, D-49).
 * If the peer has not closed, an unclean <close/> leaves. It does so even after our orderly one,
 * after which the peer may write on (D-39, D-41). When both have closed, nothing is left to
 * tell (D-40). */
void
ibb_closing_tell_peer (IBBClosing *self, gboolean is_interrupted, const IBBFailure *reason)
{
  gboolean must_tell = self->peer_close != NULL
                           ? self->peer_reads || (self->parameters->secret != NULL)
                           : !ibb_closing_is_peer_closed (self);

  if (must_tell)
    send_unclean (self, is_interrupted, reason);
  ibb_closing_refuse_owed (self);
}

void
ibb_closing_refuse_owed (IBBClosing *self)
{
  if (self->peer_close != NULL)
    refuse (self, self->peer_close);
}

/* Our close. */

void
ibb_closing_shutdown (IBBClosing *self)
{
  take_step (self, IBB_CLOSING_ON_SHUTDOWN);
}

gboolean
ibb_closing_close (IBBClosing *self, gint64 now)
{
  if (self->is_whole)
    return FALSE;

  self->is_whole = TRUE;
  take_step (self, IBB_CLOSING_ON_CLOSE);
  if (self->out == IBB_OUT_CLOSE_SENT && self->began == IBB_NEVER)
    begin_timeout (self, now);
  return TRUE;
}

IBBClosingVerdict
ibb_closing_drained (IBBClosing *self, gint64 now)
{
  switch (take_step (self, IBB_CLOSING_ON_DRAINED))
    {
    case IBB_CLOSING_DO_SEND:
      send_close (self, now);
      return IBB_CLOSING_SENT;
    case IBB_CLOSING_DO_ANSWER:
      answer_peer_close (self, self->peer_close);
      return IBB_CLOSING_ENDS;
    case IBB_CLOSING_DO_NOTHING:
      return IBB_CLOSING_GOES_ON;
    case IBB_CLOSING_DO_OWE:
    default:
      g_assert_not_reached ();
    }
}

/* The peer's close. */

IBBClosingVerdict
ibb_closing_receive (IBBClosing *self, IBBStanza *stanza, gint64 now)
{
  if (stanza->unclean)
    {
      answer_peer_close (self, stanza);
      return IBB_CLOSING_ABORTED;
    }

  if (take_step (self, IBB_CLOSING_ON_PEER_CLOSE) == IBB_CLOSING_DO_ANSWER)
    {
      answer_peer_close (self, stanza);
      if (self->began == IBB_NEVER)
        begin_timeout (self, now);
    }
  else
    {
      self->peer_close = ibb_stanza_record_ref (stanza);
      self->peer_reads = stanza->reads;
    }
  return IBB_CLOSING_GOES_ON;
}

/* Both ends have closed, and our result was lost in an interruption. */
static gboolean
must_answer_again (const IBBClosing *self, const IBBStanza *stanza)
{
  return self->in == IBB_IN_CLOSED && !stanza->unclean && self->parameters->secret != NULL;
}

IBBClosingVerdict
ibb_closing_receive_again (IBBClosing *self, const IBBStanza *stanza)
{
  if (must_answer_again (self, stanza))
    {
      answer_peer_close (self, stanza);
      return IBB_CLOSING_GOES_ON;
    }
  /* The same <close/> again (D-27): it is answered once our bytes have arrived. */
  if (self->peer_close != NULL && g_strcmp0 (self->peer_close->id, stanza->id) == 0)
    return IBB_CLOSING_GOES_ON;
  /* The peer aborts, and does not wait for the rest of our bytes any more (D-41). */
  if (self->peer_close != NULL && stanza->unclean)
    {
      refuse (self, self->peer_close);
      answer_peer_close (self, stanza);
      return IBB_CLOSING_ABORTED;
    }
  refuse (self, stanza);
  return IBB_CLOSING_GOES_ON;
}

/* Bytes that were written are still sent, for as long as the peer takes them (D-38). There is no
 * such end after a shutdown of our output (D-40). */
gboolean
ibb_closing_stop (IBBClosing *self, gint64 now)
{
  if (self->in != IBB_IN_CLOSE_OWED || ibb_closing_reads_on (self))
    return FALSE;

  if (self->out != IBB_OUT_SHUT)
    self->linger_until = now + LINGER;
  take_step (self, IBB_CLOSING_ON_STOP);
  return TRUE;
}

/* Interruption (D-58). */

/* A <resume/> begins the time again, as a block does, and within the same TIMEOUTS_MAX: otherwise
 * a peer could hold our close for ever. If all of it has passed during the interruption, one
 * IBB_CLOSE_TIMEOUT remains. */
static void
resume_timeout (IBBClosing *self, gint64 now)
{
  gint64 timeout = get_timeout (self);

  if (self->at == IBB_NEVER)
    {
      begin_timeout (self, now);
      return;
    }
  if (now >= self->began + TIMEOUTS_MAX * timeout)
    self->began = now - (TIMEOUTS_MAX - 1) * timeout;
  ibb_closing_prolong (self, now);
}

/* Without progress the peer gets no more time than it had left: it could hold our close otherwise,
 * and take nothing (D-38). */
static void
resume_linger (IBBClosing *self, gboolean has_moved, gint64 outage, gint64 now)
{
  if (has_moved)
    ibb_closing_prolong_linger (self, now);
  else if (self->linger_until != IBB_NEVER)
    self->linger_until += outage;
}

void
ibb_closing_resume (IBBClosing *self, gboolean has_moved, gint64 outage, gint64 now)
{
  resume_linger (self, has_moved, outage, now);
  if (self->pending.id == NULL)
    return;

  ibb_closing_push (self);
  if (self->began != IBB_NEVER)
    resume_timeout (self, now);
}

/* The result that we owe goes to the peer's present address. */
void
ibb_closing_peer_moved (IBBClosing *self)
{
  const IBBParameters *parameters = self->parameters;
  IBBStanza           *close;

  ibb_pendings_set_jid (parameters->context->pendings, &self->pending, parameters->key.peer);
  if (self->peer_close == NULL)
    return;

  close =
      ibb_stanza_record_new (IBB_STANZA_IQ, "set", IBB_PAYLOAD_CLOSE, self->peer_close->id, NULL);
  close->to = ibb_parameters_dup_from (parameters);
  close->from = g_strdup (parameters->peer_jid);
  ibb_stanza_record_unref (self->peer_close);
  self->peer_close = close;
}

/* Queries. */

gboolean
ibb_closing_is_peer_closed (const IBBClosing *self)
{
  return self->in == IBB_IN_CLOSE_OWED || self->in == IBB_IN_CLOSED;
}

/* Other implementations do not say so. With half-close they count as peers that read on (D-39). */
gboolean
ibb_closing_reads_on (const IBBClosing *self)
{
  return self->peer_reads || self->half_close;
}

/* While the peer only takes the rest (D-38), each refusal says that it takes no more. While it
 * reads on (D-39), only item-not-found does. A failure because the peer is gone is another
 * matter. */
gboolean
ibb_closing_explains (const IBBClosing *self, const IBBFailure *failure)
{
  if (self->peer_close == NULL)
    return FALSE;
  if (failure->kind == IBB_FAILURE_CONDITION && failure->condition == IBB_CONDITION_ITEM_NOT_FOUND)
    return TRUE;
  return self->linger_until != IBB_NEVER &&
         (failure->kind == IBB_FAILURE_RETRIES || failure->kind == IBB_FAILURE_CONDITION) &&
         !ibb_condition_means_nobody (failure->condition);
}

/* Timers. */

void
ibb_closing_prolong_linger (IBBClosing *self, gint64 now)
{
  if (self->linger_until != IBB_NEVER)
    self->linger_until = now + LINGER;
}

/* This may take up to TIMEOUTS_MAX times IBB_CLOSE_TIMEOUT (D-37). */
void
ibb_closing_prolong (IBBClosing *self, gint64 now)
{
  gint64 timeout = get_timeout (self);

  if (self->at == IBB_NEVER)
    return;
  self->at = MIN (now + timeout, self->began + TIMEOUTS_MAX * timeout);
}

IBBClosingVerdict
ibb_closing_timeout (IBBClosing *self, gint64 now)
{
  if (now >= self->linger_until)
    {
      ibb_closing_tell_peer (self, FALSE, NULL);
      return IBB_CLOSING_LINGERED;
    }
  return now >= self->at ? IBB_CLOSING_UNANSWERED : IBB_CLOSING_GOES_ON;
}
