/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/trust/decision.h"

/* Milliseconds for the turn, and for the answer of each user. */
#define ANSWER_TIMEOUT 300000
/* Milliseconds for an answer in which no person has a part. */
#define PROMPT_ANSWER 1000
/* Milliseconds until the client has shown its number, which it only has to send. */
#define REVEAL_TIMEOUT 60000
/* Milliseconds for a peer to learn that it was declined. */
#define DECLINE_TIMEOUT 3000

static void
set_deadline (IBBDecision *self, gint64 now, guint milliseconds)
{
  self->deadline = now + milliseconds * G_TIME_SPAN_MILLISECOND;
}

void
ibb_decision_init (IBBDecision  *self,
                   gboolean      as_server,
                   const char   *own,
                   const char   *peer,
                   GBytes       *key,
                   const guint8 *number,
                   gint64        now)
{
  *self = (IBBDecision){ .trust = IBB_XMPP_TRUST_UNKNOWN };
  ibb_exchange_init (&self->exchange, as_server, own, peer, key, number);
  set_deadline (self, now, ANSWER_TIMEOUT);
}

void
ibb_decision_clear (IBBDecision *self)
{
  ibb_exchange_clear (&self->exchange);
}

void
ibb_decision_set_trust (IBBDecision *self, IBBXmppTrust trust, gboolean can_ask)
{
  self->trust = trust;
  self->can_ask = can_ask;
  self->is_checked = TRUE;
}

void
ibb_decision_answer (IBBDecision *self, gboolean yes)
{
  self->is_answered = TRUE;
  self->is_accepted = yes;
}

gboolean
ibb_decision_is_over (const IBBDecision *self)
{
  return self->failure != IBB_DECISION_FAILURE_NONE || ibb_exchange_is_over (&self->exchange);
}

gboolean
ibb_decision_is_refusal (const IBBDecision *self)
{
  return self->exchange.refuses || self->exchange.state == IBB_EXCHANGE_DECLINED ||
         (self->is_early && self->trust != IBB_XMPP_TRUST_KNOWN && !self->can_ask);
}

/* Turns. */

static void
stop_waiting (IBBDecision *self, IBBTurns *turns, const char *peer)
{
  if (self->is_waiting)
    ibb_turns_stop_waiting (turns, peer);
  self->is_waiting = FALSE;
}

static gboolean
take_turn (IBBDecision *self, IBBTurns *turns, const char *peer, gint64 now)
{
  self->until = ibb_turns_take (turns, peer, self->exchange.as_server, now);
  self->has_turn = self->until == 0;
  if (self->has_turn)
    stop_waiting (self, turns, peer);
  else if (!self->is_waiting)
    self->is_waiting = ibb_turns_start_waiting (turns, peer);
  if (!self->has_turn && !self->is_waiting)
    self->failure = IBB_DECISION_FAILURE_BUSY;
  return self->has_turn;
}

static void
end_turn (IBBDecision *self, IBBTurns *turns, const char *peer)
{
  if (self->has_turn)
    ibb_turns_end (turns, peer, self->exchange.as_server,
                   self->exchange.state == IBB_EXCHANGE_TRUSTED);
  self->has_turn = FALSE;
}

gboolean
ibb_decision_end (IBBDecision *self, IBBTurns *turns, const char *peer, gint64 now, IBBPause *pause)
{
  stop_waiting (self, turns, peer);
  if (self->is_settling)
    ibb_turns_settle (turns, peer, self->exchange.as_server,
                      self->exchange.state == IBB_EXCHANGE_TRUSTED);
  self->is_settling = FALSE;
  if (!self->has_turn || self->is_answered || !ibb_exchange_is_exposed (&self->exchange))
    {
      end_turn (self, turns, peer);
      return FALSE;
    }
  self->has_turn = FALSE;
  *pause = ibb_turns_break_off (turns, peer, self->exchange.as_server, now);
  return TRUE;
}

/* Steps. */

static IBBStep
begin (IBBDecision *self, IBBTurns *turns, const char *peer, gint64 now)
{
  gboolean is_known = self->trust == IBB_XMPP_TRUST_KNOWN;

  if (!self->is_checked)
    return IBB_STEP_CHECK;
  if (!ibb_exchange_can_begin (&self->exchange))
    {
      /* The peer learns the refusal if it speaks soon; nothing else is expected of it. */
      if (!self->is_early && !is_known && !self->can_ask)
        set_deadline (self, now, DECLINE_TIMEOUT);
      self->is_early = TRUE;
      return IBB_STEP_WAIT;
    }
  if (self->is_early)
    {
      /* The peer may have taken its time, in which the key became known, or was forgotten. */
      self->is_early = FALSE;
      self->is_checked = FALSE;
      return IBB_STEP_CHECK;
    }
  if (!is_known && self->can_ask && !self->has_turn && !ibb_exchange_is_refused (&self->exchange))
    {
      if (!take_turn (self, turns, peer, now))
        return IBB_STEP_WAIT;
      /* The user may have answered about another session meanwhile. */
      self->is_checked = FALSE;
      return IBB_STEP_CHECK;
    }
  if (is_known || !self->can_ask)
    end_turn (self, turns, peer);
  ibb_exchange_begin (&self->exchange, !is_known && !self->can_ask);
  set_deadline (self, now, self->exchange.as_server ? REVEAL_TIMEOUT : ANSWER_TIMEOUT);
  return IBB_STEP_WAIT;
}

static void
give_verdict (IBBDecision *self, IBBTurns *turns, const char *peer, gboolean yes, gint64 now)
{
  ibb_exchange_answer (&self->exchange, yes);
  set_deadline (self, now, yes ? ANSWER_TIMEOUT : DECLINE_TIMEOUT);
  /* The peer may take its time to learn the verdict, or its user to answer. Where both ends trust
   * each other, the turn ends once the key is remembered. */
  if (!yes)
    end_turn (self, turns, peer);
  else if (self->has_turn && self->exchange.state == IBB_EXCHANGE_WAITING)
    {
      ibb_turns_accept (turns, peer, self->exchange.as_server);
      self->has_turn = FALSE;
      self->is_settling = TRUE;
    }
}

static IBBStep
judge (IBBDecision *self, IBBTurns *turns, const char *peer, gint64 now)
{
  if (self->has_turn && !self->is_asked)
    {
      self->is_asked = TRUE;
      set_deadline (self, now, ANSWER_TIMEOUT);
      self->prompt_until = now + PROMPT_ANSWER * G_TIME_SPAN_MILLISECOND;
      return IBB_STEP_ASK;
    }
  if (!self->is_asked)
    give_verdict (self, turns, peer, self->trust == IBB_XMPP_TRUST_KNOWN, now);
  else if (self->is_answered || now >= self->deadline)
    give_verdict (self, turns, peer, self->is_accepted, now);
  else if (now < self->prompt_until)
    self->until = self->prompt_until;
  else if (!self->is_put_off)
    {
      self->is_put_off = TRUE;
      ibb_exchange_put_off (&self->exchange);
    }
  return IBB_STEP_WAIT;
}

static IBBStep
take_step (IBBDecision *self, IBBTurns *turns, const char *peer, gint64 now)
{
  if (self->exchange.state == IBB_EXCHANGE_OPENING)
    return begin (self, turns, peer, now);
  if (self->exchange.state == IBB_EXCHANGE_JUDGING)
    return judge (self, turns, peer, now);
  /* A user who was asked has seen the digits. */
  if (self->exchange.state != IBB_EXCHANGE_WAITING || !self->exchange.is_put_off ||
      self->is_asked || self->is_notified)
    return IBB_STEP_WAIT;
  self->is_notified = TRUE;
  return IBB_STEP_NOTIFY;
}

IBBStep
ibb_decision_proceed (IBBDecision *self, IBBTurns *turns, const char *peer, gint64 now)
{
  IBBExchangeState before;
  IBBStep          step;

  do
    {
      before = self->exchange.state;
      self->until = G_MAXINT64;
      step = take_step (self, turns, peer, now);
    }
  while (step == IBB_STEP_WAIT && self->exchange.state != before);
  if (step == IBB_STEP_WAIT && now >= self->deadline && !ibb_decision_is_over (self))
    self->failure =
        self->is_waiting ? IBB_DECISION_FAILURE_TURN_LATE : IBB_DECISION_FAILURE_PEER_LATE;
  self->until = MIN (self->until, self->deadline);
  return step;
}
