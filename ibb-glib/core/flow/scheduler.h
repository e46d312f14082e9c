/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which of the sessions that want to send goes next (D-50).
 *
 * They share in bytes, by deficit round robin: each may send a quantum in its turn, and
 * goes to the end of the round then. The quantum is the largest block among them, so
 * that one turn is one block where all are alike.
 *
 * A session that joins the round goes first, ahead of the round, for its first quantum:
 * one that sends little never waits for those that send much, as the sparse flows of
 * RFC 8290 §4.2. It joins at the end of the round at once and keeps that place when it
 * has nothing to send, until its turn comes. So a pause brings it no second quantum in
 * the same round.
 */

#pragma once

#include <glib.h>

/* Limit of an urgent block, in bytes. Its session is ahead of the round, with nothing in flight. */
#define IBB_SCHEDULER_URGENT_MAX 1024

/* The turn of one session. Private to scheduler.c, except for owner. */
typedef struct
{
  gpointer owner;
  GList    link;        /* in the round */
  GList    ahead_link;  /* in a queue that goes ahead of the round */
  GQueue  *ahead;       /* (unowned) (nullable): that queue */
  gssize   credit;      /* bytes left in its turn, above 0 */
  gsize    size;        /* of its largest block since it joined the round; 0: not in the round */
  gboolean is_sparse;   /* it has not sent a quantum since it joined */
  gboolean has_a_block; /* it is runnable */
} IBBTurn;

#define IBB_SCHEDULER_N_SIZES 16

typedef struct
{
  GQueue urgent; /* (element-type IBBTurn): ahead of the round, with an urgent block */
  GQueue sparse; /* (element-type IBBTurn): ahead of the round, the others */
  GQueue round;  /* (element-type IBBTurn): all, runnable or not */
  guint  n_by_bits[IBB_SCHEDULER_N_SIZES]; /* turns in the round by the binary digits of size ... */
  gsize  largest[IBB_SCHEDULER_N_SIZES];   /* ... and the largest size among these */
} IBBScheduler;

void ibb_scheduler_init_turn (IBBTurn *turn, gpointer owner);

/* Notes that the session has a block of that size to send. is_alone: it has nothing in flight. Call
 * this again when either changes. */
void ibb_scheduler_want (IBBScheduler *self, IBBTurn *turn, gsize size, gboolean is_alone);
void ibb_scheduler_pause (IBBScheduler *self, IBBTurn *turn); /* it has no block to send */
static inline gboolean
ibb_scheduler_is_wanted (const IBBTurn *turn)
{
  return turn->has_a_block;
}

/* A block of that size was sent. */
void ibb_scheduler_took (IBBScheduler *self, IBBTurn *turn, gsize size);
/* The session ends. */
void ibb_scheduler_leave (IBBScheduler *self, IBBTurn *turn);

/* The owner of the next turn, or NULL. */
gpointer ibb_scheduler_peek (IBBScheduler *self);
/* Whether the next block, of that size, is urgent and may be sent although the window is full. */
static inline gboolean
ibb_scheduler_may_exceed (const IBBScheduler *self, gsize size)
{
  return self->urgent.length > 0 && size <= IBB_SCHEDULER_URGENT_MAX;
}
