/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/session/resume.h"

#include "core/base/jid.h"
#include "core/session/closing.h"

/* The wait after an answer that did not resume the session, and the wait for an answer. Each
 * attempt doubles both (D-58). */
#define WAIT_MIN G_USEC_PER_SEC
#define WAIT_MAX (60 * G_USEC_PER_SEC)
#define ANSWER_MIN (5 * G_USEC_PER_SEC)
#define ANSWER_MAX (300 * G_USEC_PER_SEC)
#define DOUBLINGS_MAX 6

static void
forget_answer (IBBSession *self)
{
  ibb_pendings_remove (self->parameters.context->pendings, &self->resume.pending);
}

/* Times. */

/* A number that grows with each byte, in either direction, and with each close. A byte counts when
 * the peer has received the byte, and again when the peer has acknowledged it. */
static guint64
get_progress (const IBBSession *self, guint64 delivered)
{
  return delivered + self->resume.reached + self->receiver.received +
         (self->closing.out == IBB_OUT_CLOSE_SENT) + self->closing.is_peer_closed;
}

static void
note_progress (IBBResume *resume)
{
  resume->resumed = IBB_NEVER;
  resume->spent = 0;
  resume->n_vain = 0;
  resume->send_at = 0;
  resume->n_attempts = 0;
}

static void
look_for_progress (IBBSession *self)
{
  if (get_progress (self, self->sender.delivered) != self->resume.progress)
    note_progress (&self->resume);
}

/* The end of resume-timeout for a wait that began at since, with the time spent before. */
static gint64
get_deadline (const IBBSession *self, gint64 since)
{
  return ibb_timer_get_deadline (since - self->resume.spent,
                                 self->parameters.context->settings.resume_timeout);
}

/* Begins the wait for the connection or the peer, unless the session waits already. time: the
 * caller's. */
static void
begin_wait (IBBSession *self, gint64 time)
{
  if (self->resume.since == IBB_NEVER)
    self->resume.since = time;
  ibb_timer_set (&self->wait, &self->parameters.context->waits,
                 get_deadline (self, self->resume.since));
}

/* Reports the begin or the end of a wait to the application. */
static void
tell_wait (IBBSession *self)
{
  if (!ibb_session_is_lasting (self))
    return;

  self->has_changed = TRUE;
  ibb_session_report (self);
}

void
ibb_resume_suspend (IBBSession *self, gint64 time)
{
  if (!self->resume.has_begun)
    look_for_progress (self);
  begin_wait (self, time);
  tell_wait (self);
}

static void
end_wait (IBBSession *self)
{
  forget_answer (self);
  self->resume.has_begun = FALSE;
  self->resume.answer = IBB_RESUME_NOT_ANSWERED;
  self->resume.since = IBB_NEVER;
  ibb_timer_clear (&self->wait);
}

void
ibb_resume_continue (IBBSession *self)
{
  if (self->state != IBB_SESSION_INTERRUPTED)
    end_wait (self);
  tell_wait (self);
}

void
ibb_resume_settings_changed (IBBSession *self)
{
  if (self->resume.since != IBB_NEVER)
    begin_wait (self, self->resume.since);
}

/* The time least, doubled n times. */
static gint64
get_wait (gint64 least, gint64 most, guint n)
{
  return MIN (least << MIN (n, DOUBLINGS_MAX), most);
}

static gint64
get_callers_time (const IBBSession *self, gint64 now)
{
  return ibb_clock_get_callers_time (&self->parameters.context->clock, now);
}

static void
begin (IBBSession *self, gint64 now)
{
  IBBResume *resume = &self->resume;

  look_for_progress (self);
  resume->has_begun = TRUE;
  resume->began = now;
  begin_wait (self, get_callers_time (self, now));
  if (resume->resumed == IBB_NEVER)
    resume->resumed = now;
  resume->at =
      resume->n_attempts == 0 ? now : now + get_wait (WAIT_MIN, WAIT_MAX, resume->n_attempts);
}

/* Time without progress adds up over interruptions. Otherwise a peer could keep the session without
 * end: the peer would agree to resume, and then take nothing. A session that has nothing to send
 * loses no time, nor does a session whose blocks wait for the reader of the peer. */
static void
spend (IBBSession *self, const IBBStanza *peer, gint64 now)
{
  IBBResume *resume = &self->resume;

  if (self->sender.segmented > peer->received)
    {
      resume->spent += now - resume->resumed;
      if (now < resume->send_at)
        return;
      /* Blocks are sent again at once the first time only: a <resume/> is much shorter. */
      resume->send_at =
          resume->n_vain == 0 ? now : now + get_wait (WAIT_MIN, WAIT_MAX, resume->n_vain);
      resume->n_vain++;
    }
  else if (self->closing.out == IBB_OUT_CLOSE_SENT)
    resume->spent += now - resume->began;
}

/* Returns the progress since the last resumption. peer: bears the position of the peer. */
static guint64
account (IBBSession *self, const IBBStanza *peer, gint64 now)
{
  IBBResume *resume = &self->resume;
  guint64    before = resume->progress;

  resume->reached = MAX (resume->reached, peer->received);
  resume->progress = get_progress (self, peer->acknowledged);
  if (resume->progress != before)
    note_progress (resume);
  else
    spend (self, peer, now);
  resume->resumed = now;
  return resume->progress - before;
}

static void
wait_longer (IBBSession *self, IBBResumeAnswer answer, gint64 now)
{
  forget_answer (self);
  self->has_changed |= answer != self->resume.answer;
  self->resume.answer = answer;
  self->resume.at = now + get_wait (WAIT_MIN, WAIT_MAX, self->resume.n_attempts);
}

/* Our request to resume. */

static void
ask (IBBSession *self, gint64 now)
{
  const IBBParameters *parameters = &self->parameters;
  IBBResume           *resume = &self->resume;
  IBBContext          *context = parameters->context;
  IBBStanza           *stanza;

  ibb_pendings_add (context->pendings, &resume->pending, IBB_PENDING_RESUME,
                    ibb_ids_create (&context->ids), parameters->key.peer, self);
  stanza = ibb_parameters_create_stanza (parameters, IBB_STANZA_IQ, "set", IBB_PAYLOAD_RESUME,
                                         resume->pending.id);
  stanza->count = ++resume->count;
  stanza->received = ibb_receiver_get_kept (&self->receiver);
  stanza->acknowledged = ibb_receiver_get_acknowledged (&self->receiver);
  ibb_session_sign (self, stanza, IBB_PROOF_RESUME, resume->count);
  ibb_control_push (&context->control, stanza);

  resume->asked = now;
  resume->at = now + get_wait (ANSWER_MIN, ANSWER_MAX, resume->n_attempts);
  resume->n_attempts++;
}

void
ibb_resume_timeout (IBBSession *self, gint64 now)
{
  const IBBContext *context = self->parameters.context;

  if (self->state != IBB_SESSION_INTERRUPTED)
    return;
  if (!self->resume.has_begun)
    begin (self, now);
  if (get_callers_time (self, now) >= get_deadline (self, self->resume.since))
    ibb_closing_give_up (self);
  else if (context->is_lost || context->local_normal == NULL)
    self->resume.at = IBB_NEVER;
  else if (now >= self->resume.at)
    ask (self, now);
}

/* Changes of our connection. */

/* Blocks and closes go to the present address. */
static void
update_addresses (IBBSession *self)
{
  ibb_flight_peer_moved (&self->sender.flight);
  ibb_closing_move (self);
}

/* With another account the session ends. The peer does not learn the name of that account. */
static void
move (IBBSession *self, const char *local, const char *normal)
{
  const IBBParameters *parameters = &self->parameters;

  if (g_str_equal (normal, parameters->key.local) ||
      (!parameters->is_own_jid && ibb_context_may_get (parameters->context, parameters->key.local)))
    return;

  if (parameters->is_own_jid && ibb_jid_is_of_account (normal, parameters->key.local) &&
      ibb_registration_move (&self->registration, NULL, NULL, local, normal))
    update_addresses (self);
  else
    ibb_session_end (self, &self->cause);
}

void
ibb_resume_restored (IBBSession *self, const char *local, const char *normal)
{
  if (self->state == IBB_SESSION_INTERRUPTED)
    {
      move (self, local, normal);
      self->resume.n_attempts = 0;
      self->resume.at = 0;
    }
  ibb_session_settle (self);
  tell_wait (self);
}

/* The peer's request to resume. */

gboolean
ibb_resume_is_proven (gpointer session, const IBBStanza *resume)
{
  const IBBSession *self = session;
  IBBProofKind      kind = IBB_PROOF_RESUME;

  if (resume->unclean)
    kind = IBB_PROOF_UNCLEAN;
  else if (resume->has_ended)
    kind = IBB_PROOF_ENDED;
  return ibb_session_is_lasting (self) && ibb_session_is_signed (self, resume, kind, resume->count);
}

/* Whether another session has the name at the present address of the peer. */
static gboolean
is_name_taken (const IBBSession *self, const char *peer)
{
  const IBBSessionKey *key = &self->parameters.key;
  const IBBSession    *there =
      ibb_registration_find (self->parameters.context, key->local, peer, key->sid);

  return there != NULL && there != self;
}

/* Moves the session to the present address of the peer. FALSE if another session of the connection
 * has the name there. */
static gboolean
follow_peer (IBBSession *self, const char *jid, const char *normal)
{
  if (g_str_equal (normal, self->parameters.key.peer))
    return TRUE;
  if (!ibb_registration_move (&self->registration, jid, normal, NULL, NULL))
    return FALSE;

  ibb_order_note_our_feature (&self->parameters.peer->order);
  update_addresses (self);
  return TRUE;
}

/* Resumes the session: sends everything again that the peer has not received. moved: bytes, both
 * ways, since the last resumption. */
static void
go_on (IBBSession *self, const IBBStanza *stanza, guint64 moved, gint64 now)
{
  const IBBResume *resume = &self->resume;
  IBBPair         *pair;

  end_wait (self);
  self->state = IBB_SESSION_OPEN;
  self->parameters.context->has_moved = TRUE;
  ibb_failure_clear (&self->cause);
  self->has_changed = TRUE;
  ibb_session_heard (self, now);
  ibb_sender_resume (&self->sender, stanza, moved,
                     resume->send_at > now ? resume->send_at : IBB_NEVER, now);
  ibb_receiver_resume (&self->receiver, now);
  ibb_closing_resume (self, moved > 0, now - resume->began, now);
  ibb_closing_proceed (self, now);
  if (self->state != IBB_SESSION_OPEN)
    return;
  ibb_sender_update_ready (&self->sender, now);
  /* The loss of our connection stops the timer of a pair, and a pair of new addresses has none. */
  pair = self->parameters.pair;
  ibb_pair_update_timer (pair, ibb_session_is_peer_needed (pair), now);
}

static void
refuse (IBBSession *self, IBBStanza *stanza, IBBCondition condition)
{
  ibb_control_reply_error (&self->parameters.context->control, stanza, condition,
                           IBB_ERROR_TYPE_CANCEL, NULL);
}

static void
take_end (IBBSession *self, const IBBStanza *stanza, gint64 now)
{
  ibb_control_reply_result (&self->parameters.context->control, stanza);
  ibb_closing_peer_ended (self, stanza, now);
}

static void
take (IBBSession *self, IBBStanza *stanza, const char *from, gint64 now)
{
  IBBStanza *result;
  guint64    moved;

  if (!self->resume.has_begun)
    begin (self, now);
  if (!follow_peer (self, stanza->from, from))
    {
      refuse (self, stanza, IBB_CONDITION_CONFLICT);
      return;
    }
  moved = account (self, stanza, now);
  if (now >= get_deadline (self, now))
    {
      ibb_closing_give_up (self);
      refuse (self, stanza, IBB_CONDITION_ITEM_NOT_FOUND);
      return;
    }

  /* The answer is queued before the stanzas that follow from it. */
  self->resume.peer_count = stanza->count;
  result = ibb_stanza_record_new_result (stanza);
  result->received = ibb_receiver_get_kept (&self->receiver);
  result->acknowledged = ibb_receiver_get_acknowledged (&self->receiver);
  ibb_session_sign (self, result, IBB_PROOF_RESUMED, stanza->count);
  ibb_control_push (&self->parameters.context->control, result);
  go_on (self, stanza, moved, now);
}

void
ibb_resume_receive (IBBSession *self, IBBStanza *stanza, const char *from, gint64 now)
{
  gboolean is_old = !stanza->has_ended && stanza->count <= self->resume.peer_count;

  if (stanza->unclean)
    ibb_closing_take_peer_close (self, stanza, now);
  else if (is_old || !ibb_sender_may_resume (&self->sender, stanza))
    refuse (self, stanza, IBB_CONDITION_UNEXPECTED_REQUEST);
  else if (!stanza->has_ended && is_name_taken (self, from))
    refuse (self, stanza, IBB_CONDITION_CONFLICT);
  else
    {
      /* The peer may have noticed the interruption first. */
      ibb_session_interrupt (self, &(IBBFailure) IBB_FAILURE_OF (IBB_FAILURE_PEER_GONE));
      if (stanza->has_ended)
        take_end (self, stanza, now);
      else
        take (self, stanza, from, now);
    }
  ibb_session_settle (self);
}

/* The answer to our request. */

static gboolean
is_answer (const IBBSession *self, const IBBStanza *stanza)
{
  return stanza->payload == IBB_PAYLOAD_RESULT && stanza->has_position &&
         ibb_session_is_signed (self, stanza,
                                stanza->has_ended ? IBB_PROOF_ENDED : IBB_PROOF_RESUMED,
                                self->resume.count);
}

static void
take_answer (IBBSession *self, const IBBStanza *stanza, gint64 now)
{
  if (stanza->has_ended)
    ibb_closing_peer_ended (self, stanza, now);
  else
    {
      ibb_peer_note_answer (self->parameters.peer, MAX (now - self->resume.asked, 1), now);
      go_on (self, stanza, account (self, stanza, now), now);
    }
}

void
ibb_resume_answered (IBBSession *self, IBBStanza *stanza, gint64 now)
{
  if (stanza == NULL)
    wait_longer (self, IBB_RESUME_NOT_ANSWERED, now);
  else if (stanza->payload == IBB_PAYLOAD_ERROR &&
           stanza->condition == IBB_CONDITION_ITEM_NOT_FOUND)
    ibb_closing_peer_forgot (self, stanza, now);
  else if (stanza->payload == IBB_PAYLOAD_ERROR)
    wait_longer (
        self, ibb_probe_is_answer_of_peer (stanza) ? IBB_RESUME_REFUSED : IBB_RESUME_NOT_ANSWERED,
        now);
  else if (!is_answer (self, stanza))
    wait_longer (self, IBB_RESUME_NOT_PROVEN, now);
  else if (!ibb_sender_may_resume (&self->sender, stanza))
    wait_longer (self, IBB_RESUME_NOT_POSSIBLE, now);
  else
    take_answer (self, stanza, now);
  ibb_session_settle (self);
}
