/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The decisions of one end in an exchange: when the end begins, whether its user is asked, its
 * verdict, and when the end stops waiting. A state without streams, threads and clocks, as the
 * state of the exchange: each time is given, in microseconds.
 */

#pragma once

#include "xmpp/trust/exchange.h"
#include "xmpp/trust/ibb-xmpp-known-certificates.h"
#include "xmpp/trust/turns.h"

/* The next step of the caller. */
typedef enum
{
  IBB_STEP_WAIT,   /* for the peer, for an answer, or for the time */
  IBB_STEP_CHECK,  /* looks the key up: ibb_decision_set_trust () */
  IBB_STEP_ASK,    /* asks the user: ibb_decision_answer () when there is an answer */
  IBB_STEP_NOTIFY, /* tells the application, which was not asked, that the user of the peer is */
} IBBStep;

typedef enum
{
  IBB_DECISION_FAILURE_NONE,
  IBB_DECISION_FAILURE_BUSY,      /* too many sessions with the peer wait for their turn */
  IBB_DECISION_FAILURE_TURN_LATE, /* the turn did not come */
  IBB_DECISION_FAILURE_PEER_LATE, /* the peer did not say what it had to */
} IBBDecisionFailure;

typedef struct
{
  IBBExchange        exchange; /* bytes of the peer go in by ibb_exchange_receive () */
  IBBXmppTrust       trust;    /* as known certificates say */
  IBBDecisionFailure failure;
  gint64             deadline;    /* of the state */
  gint64             until;       /* after IBB_STEP_WAIT: when to proceed at the latest */
  gboolean           is_waiting;  /* for its turn */
  gboolean           has_turn;    /* until this end has answered */
  gboolean           is_settling; /* this end has said yes, and the peer has not answered */
  gboolean           is_asked;    /* the user of this end */
  gboolean           is_answered; /* by the user */

  /* private */
  gboolean is_checked; /* the key, since the turn has come */
  gboolean is_early;   /* the key was checked before the exchange could begin */
  gboolean can_ask;
  gboolean is_accepted; /* by the user */
  gboolean is_put_off;  /* the peer has learned that a person is asked */
  gboolean is_notified;
  gint64   prompt_until;
} IBBDecision;

/* The arguments are those of ibb_exchange_init (). */
void ibb_decision_init (IBBDecision  *self,
                        gboolean      as_server,
                        const char   *own,
                        const char   *peer,
                        GBytes       *key,
                        const guint8 *number,
                        gint64        now);
void ibb_decision_clear (IBBDecision *self);

/* The next step, after each thing that has happened. Those of the same identity share turns. peer:
 * the name. */
IBBStep ibb_decision_proceed (IBBDecision *self, IBBTurns *turns, const char *peer, gint64 now);
/* can_ask: whether somebody answers questions. */
void ibb_decision_set_trust (IBBDecision *self, IBBXmppTrust trust, gboolean can_ask);
void ibb_decision_answer (IBBDecision *self, gboolean yes);
/* Whether there is nothing more to do but ibb_decision_end (). */
gboolean ibb_decision_is_over (const IBBDecision *self);
/* Whether this end refuses the key of the peer, which may not have learnt so. */
gboolean ibb_decision_is_refusal (const IBBDecision *self);
/* At the end, also if this end has ended it: somebody in between can force that, by silence for
 * example. Returns whether the peer may have tried the digits before the user of this end had
 * answered, and so has to pause. */
gboolean ibb_decision_end (
    IBBDecision *self, IBBTurns *turns, const char *peer, gint64 now, IBBPause *pause);
