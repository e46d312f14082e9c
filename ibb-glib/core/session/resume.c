/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/session/resume.h"

#include "core/base/jid.h"
#include "core/session/finished.h"

/* The wait after an answer that did not resume the session, and the wait for an answer. Each
 * attempt doubles both (D-58). */
#define WAIT_MIN G_USEC_PER_SEC
#define WAIT_MAX (60 * G_USEC_PER_SEC)
#define ANSWER_MIN (5 * G_USEC_PER_SEC)
#define ANSWER_MAX (300 * G_USEC_PER_SEC)
#define DOUBLINGS_MAX 6

void
ibb_resume_init (IBBResume           *self,
                 const IBBParameters *parameters,
                 IBBRegistration     *registration,
                 IBBDuplex           *duplex,
                 IBBTimerFunc         timeout)
{
  self->parameters = parameters;
  self->registration = registration;
  self->duplex = duplex;
  self->resumed = IBB_NEVER;
  self->since = IBB_NEVER;
  ibb_timer_init (&self->timer, timeout, parameters->owner);
}

static IBBLife *
get_life (const IBBResume *self)
{
  return ibb_duplex_get_life (self->duplex);
}

static void
forget_answer (IBBResume *self)
{
  ibb_pendings_remove (&self->parameters->context->pendings, &self->pending);
}

static void
deactivate (IBBResume *self)
{
  forget_answer (self);
  self->is_active = FALSE;
  self->since = IBB_NEVER;
  ibb_timer_clear (&self->timer);
}

/* A peer that has not heard of an orderly end is told when it asks. */
void
ibb_resume_finish (IBBResume *self)
{
  IBBPosition position = ibb_duplex_get_position (self->duplex);

  deactivate (self);
  if (ibb_parameters_can_resume (self->parameters) &&
      ibb_life_get_failure (get_life (self))->kind == IBB_FAILURE_NONE)
    ibb_finished_add (self->parameters->context->finished, self->parameters, &position);
}

/* Times. */

/* Grows when a byte has moved, in either direction, or a close. A byte counts when the peer has
 * received it, and again when it was acknowledged. */
static guint64
get_progress (const IBBResume *self, guint64 delivered)
{
  const IBBClosing *closing = ibb_duplex_get_closing (self->duplex);

  return delivered + self->reached +
         ibb_receiver_get_received (ibb_duplex_get_receiver (self->duplex)) +
         ibb_closing_is_sent (closing) + ibb_closing_is_peer_closed (closing);
}

static void
note_progress (IBBResume *self)
{
  self->resumed = IBB_NEVER;
  self->spent = 0;
  self->n_vain = 0;
  self->send_at = 0;
  self->n_attempts = 0;
}

static void
look_for_progress (IBBResume *self)
{
  guint64 delivered = ibb_sender_get_delivered (ibb_duplex_get_sender (self->duplex));

  if (get_progress (self, delivered) != self->progress)
    note_progress (self);
}

void
ibb_resume_update (IBBResume *self)
{
  if (self->is_active || !ibb_life_is_interrupted (get_life (self)))
    return;

  look_for_progress (self);
  self->is_active = TRUE;
  self->has_begun = FALSE;
  self->at = 0; /* at once */
}

static gint64
get_deadline (const IBBResume *self)
{
  return ibb_timer_get_deadline (self->since - self->spent,
                                 self->parameters->context->settings.resume_timeout);
}

static void
begin_wait (IBBResume *self, gint64 time)
{
  if (self->since == IBB_NEVER)
    self->since = time;
  ibb_timer_set (&self->timer, &self->parameters->context->waits, get_deadline (self));
}

void
ibb_resume_suspend (IBBResume *self, gint64 time)
{
  if (!self->is_active)
    look_for_progress (self);
  begin_wait (self, time);
}

void
ibb_resume_continue (IBBResume *self)
{
  if (!self->is_active)
    deactivate (self);
}

void
ibb_resume_settings_changed (IBBResume *self)
{
  if (self->since != IBB_NEVER)
    begin_wait (self, self->since);
}

gint64
ibb_resume_get_due (const IBBResume *self)
{
  return self->is_active ? self->at : IBB_NEVER;
}

/* The time least, doubled n times. */
static gint64
get_wait (gint64 least, gint64 most, guint n)
{
  return MIN (least << MIN (n, DOUBLINGS_MAX), most);
}

static gint64
get_callers_time (const IBBResume *self, gint64 now)
{
  return ibb_clock_get_callers_time (&self->parameters->context->clock, now);
}

static void
begin (IBBResume *self, gint64 now)
{
  self->has_begun = TRUE;
  self->began = now;
  begin_wait (self, get_callers_time (self, now));
  if (self->resumed == IBB_NEVER)
    self->resumed = now;
  self->at = self->n_attempts == 0 ? now : now + get_wait (WAIT_MIN, WAIT_MAX, self->n_attempts);
}

/* Time that brings nothing adds up over interruptions. Otherwise a peer could keep the session
 * without end: it would agree to resume, and then take nothing. A session that has nothing to send
 * loses no time, nor does one whose blocks the peer has received and its reader has not read. */
static void
spend (IBBResume *self, const IBBPosition *peer, gint64 now)
{
  const IBBSender *sender = ibb_duplex_get_sender (self->duplex);

  if (ibb_sender_get_segmented (sender) > peer->received)
    {
      self->spent += now - self->resumed;
      if (now < self->send_at)
        return;
      /* Blocks are sent again at once the first time only: a <resume/> is much shorter. */
      self->send_at = self->n_vain == 0 ? now : now + get_wait (WAIT_MIN, WAIT_MAX, self->n_vain);
      self->n_vain++;
    }
  else if (ibb_closing_is_sent (ibb_duplex_get_closing (self->duplex)))
    self->spent += now - self->began;
}

/* Returns how much has moved since the last resumption. */
static guint64
account (IBBResume *self, const IBBPosition *peer, gint64 now)
{
  guint64 before = self->progress;

  self->reached = MAX (self->reached, peer->received);
  self->progress = get_progress (self, peer->acknowledged);
  if (self->progress != before)
    note_progress (self);
  else
    spend (self, peer, now);
  self->resumed = now;
  return self->progress - before;
}

static gboolean
has_spent_all (const IBBResume *self, gint64 now)
{
  return now >= ibb_timer_get_deadline (now - self->spent,
                                        self->parameters->context->settings.resume_timeout);
}

static void
wait_longer (IBBResume *self, gint64 now)
{
  forget_answer (self);
  self->at = now + get_wait (WAIT_MIN, WAIT_MAX, self->n_attempts);
}

/* Our request to resume. */

static void
ask (IBBResume *self, gint64 now)
{
  const IBBParameters *parameters = self->parameters;
  IBBContext          *context = parameters->context;
  IBBPosition          position = ibb_duplex_get_position (self->duplex);
  IBBStatement statement = { IBB_PROOF_RESUME, parameters->is_initiator, parameters->key.sid,
                             ++self->count,    position.received,        position.acknowledged };
  IBBStanza   *stanza;

  ibb_pendings_add (&context->pendings, &self->pending, IBB_PENDING_RESUME,
                    ibb_ids_create (&context->ids), parameters->key.peer, parameters->owner);
  stanza = ibb_parameters_create_stanza (parameters, IBB_STANZA_IQ, "set", IBB_PAYLOAD_RESUME,
                                         self->pending.id);
  stanza->sid = g_strdup (parameters->key.sid);
  stanza->has_position = TRUE;
  stanza->count = self->count;
  stanza->received = position.received;
  stanza->acknowledged = position.acknowledged;
  stanza->proof = ibb_proof_create (parameters->secret, &statement);
  ibb_control_push (&context->control, stanza);

  self->asked = now;
  self->at = now + get_wait (ANSWER_MIN, ANSWER_MAX, self->n_attempts);
  self->n_attempts++;
}

void
ibb_resume_timeout (IBBResume *self, gint64 now)
{
  const IBBContext *context = self->parameters->context;

  if (!self->is_active)
    return;
  if (!self->has_begun)
    begin (self, now);
  if (get_callers_time (self, now) >= get_deadline (self))
    ibb_life_give_up (get_life (self));
  else if (context->is_lost || context->local_normal == NULL)
    self->at = IBB_NEVER;
  else if (now >= self->at)
    ask (self, now);
}

/* Changes of our connection. */

gboolean
ibb_resume_interrupt (IBBResume *self, const IBBFailure *cause)
{
  IBBLife *life = get_life (self);

  return ibb_life_is_interrupted (life) || ibb_life_interrupt (life, cause);
}

static gboolean
is_same_account (const char *a, const char *b)
{
  g_autofree char *bare_a = ibb_jid_dup_bare (a);
  g_autofree char *bare_b = ibb_jid_dup_bare (b);

  return g_str_equal (bare_a, bare_b);
}

/* With another account the session ends. The peer does not learn which account that is. */
static void
move (IBBResume *self, const char *local, const char *normal)
{
  const IBBParameters *parameters = self->parameters;
  IBBLife             *life = get_life (self);

  if (g_str_equal (normal, parameters->key.local) ||
      (!parameters->is_own_jid && ibb_context_may_get (parameters->context, parameters->key.local)))
    return;

  if (parameters->is_own_jid && is_same_account (normal, parameters->key.local) &&
      ibb_registration_move_local (self->registration, local, normal))
    ibb_duplex_peer_moved (self->duplex);
  else
    ibb_life_end (life, ibb_life_get_cause (life));
}

void
ibb_resume_restored (IBBResume *self, const char *local, const char *normal)
{
  if (!self->is_active)
    return;

  move (self, local, normal);
  self->n_attempts = 0;
  self->at = 0;
}

/* The peer's request to resume. */

static IBBStatement
get_statement (const IBBResume *self,
               IBBProofKind     kind,
               gboolean         is_ours,
               guint32          count,
               const IBBStanza *stanza)
{
  const IBBParameters *parameters = self->parameters;

  return (IBBStatement){ kind,
                         parameters->is_initiator == is_ours,
                         parameters->key.sid,
                         count,
                         stanza->received,
                         stanza->acknowledged };
}

gboolean
ibb_resume_is_proven (const IBBResume *self, const IBBStanza *resume)
{
  IBBProofKind kind = resume->unclean ? IBB_PROOF_UNCLEAN : IBB_PROOF_RESUME;
  IBBStatement statement = get_statement (self, kind, FALSE, resume->count, resume);

  return ibb_parameters_can_resume (self->parameters) && ibb_life_is_lasting (get_life (self)) &&
         ibb_proof_matches (resume->proof, self->parameters->secret, &statement);
}

static gboolean
is_new (const IBBResume *self, const IBBStanza *resume)
{
  return resume->count > self->peer_count;
}

static IBBPosition
get_peer_position (const IBBStanza *stanza)
{
  return (IBBPosition){ stanza->received, stanza->acknowledged };
}

static gboolean
is_possible (const IBBResume *self, const IBBStanza *stanza)
{
  IBBPosition peer = get_peer_position (stanza);

  return ibb_duplex_may_resume (self->duplex, &peer);
}

static void
answer (IBBResume *self, const IBBStanza *resume, const IBBPosition *position)
{
  IBBStanza   *result = ibb_stanza_record_new_result (resume);
  IBBStatement statement;

  self->peer_count = resume->count;
  result->has_position = TRUE;
  result->received = position->received;
  result->acknowledged = position->acknowledged;
  statement = get_statement (self, IBB_PROOF_RESUMED, TRUE, resume->count, result);
  result->proof = ibb_proof_create (self->parameters->secret, &statement);
  ibb_control_push (&self->parameters->context->control, result);
}

/* Moves the session to the present address of the peer. FALSE: a session of that name is there
 * already. */
static gboolean
follow_peer (IBBResume *self, const char *jid, const char *normal)
{
  if (g_str_equal (normal, self->parameters->key.peer))
    return TRUE;
  if (!ibb_registration_move_peer (self->registration, jid, normal))
    return FALSE;

  ibb_peer_note_our_feature (self->parameters->peer);
  ibb_duplex_peer_moved (self->duplex);
  return TRUE;
}

static void
go_on (IBBResume *self, const IBBStanza *stanza, guint64 moved, gint64 now)
{
  IBBResumption resumption = { .peer = get_peer_position (stanza),
                               .moved = moved,
                               .outage = now - self->began,
                               .send_at = self->send_at > now ? self->send_at : IBB_NEVER };

  deactivate (self);
  ibb_duplex_resume (self->duplex, &resumption, now);
}

static void
refuse (IBBResume *self, IBBStanza *stanza, IBBCondition condition)
{
  ibb_control_reply_error (&self->parameters->context->control, stanza, condition,
                           IBB_ERROR_TYPE_CANCEL, NULL);
}

/* The session need not be interrupted here: the peer may have noticed the interruption first. */
static void
take (IBBResume *self, IBBStanza *stanza, const char *from, gint64 now)
{
  IBBPosition position = ibb_duplex_get_position (self->duplex);
  IBBPosition peer = get_peer_position (stanza);
  guint64     moved;

  ibb_life_interrupt (get_life (self), &(IBBFailure) IBB_FAILURE_OF (IBB_FAILURE_PEER_GONE));
  ibb_resume_update (self);
  if (!self->has_begun)
    begin (self, now);
  if (!follow_peer (self, stanza->from, from))
    {
      refuse (self, stanza, IBB_CONDITION_CONFLICT);
      return;
    }

  moved = account (self, &peer, now);
  if (has_spent_all (self, now))
    {
      ibb_life_give_up (get_life (self));
      refuse (self, stanza, IBB_CONDITION_ITEM_NOT_FOUND);
      return;
    }
  /* The answer is queued before the stanzas that follow from it. */
  answer (self, stanza, &position);
  go_on (self, stanza, moved, now);
}

void
ibb_resume_receive (IBBResume *self, IBBStanza *stanza, const char *from, gint64 now)
{
  if (stanza->unclean)
    ibb_duplex_peer_gave_up (self->duplex, stanza, now);
  else if (!is_new (self, stanza) || !is_possible (self, stanza))
    refuse (self, stanza, IBB_CONDITION_UNEXPECTED_REQUEST);
  else
    take (self, stanza, from, now);
}

/* The answer to our request. */

static gboolean
is_answer (const IBBResume *self, const IBBStanza *stanza)
{
  IBBProofKind kind = stanza->has_ended ? IBB_PROOF_ENDED : IBB_PROOF_RESUMED;
  IBBStatement statement = get_statement (self, kind, FALSE, self->count, stanza);

  return stanza->payload == IBB_PAYLOAD_RESULT && stanza->has_position &&
         ibb_proof_matches (stanza->proof, self->parameters->secret, &statement);
}

static void
take_answer (IBBResume *self, const IBBStanza *stanza, gint64 now)
{
  IBBPosition peer = get_peer_position (stanza);

  if (stanza->has_ended)
    ibb_duplex_peer_ended (self->duplex, &peer, now);
  else
    {
      ibb_peer_note_answer (self->parameters->peer, MAX (now - self->asked, 1));
      go_on (self, stanza, account (self, &peer, now), now);
    }
}

void
ibb_resume_answered (IBBResume *self, IBBStanza *stanza, gint64 now)
{
  if (stanza == NULL)
    wait_longer (self, now);
  else if (stanza->payload == IBB_PAYLOAD_ERROR &&
           stanza->condition == IBB_CONDITION_ITEM_NOT_FOUND)
    ibb_duplex_peer_forgot (self->duplex, stanza, now);
  else if (!is_answer (self, stanza) || !is_possible (self, stanza))
    wait_longer (self, now);
  else
    take_answer (self, stanza, now);
}
