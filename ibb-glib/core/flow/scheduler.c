/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/flow/scheduler.h"

/* Least cost of a block in bytes, because of the stanza around it. */
#define COST_MIN 256

void
ibb_scheduler_init_turn (IBBTurn *turn, gpointer owner)
{
  *turn = (IBBTurn){ .owner = owner };
  turn->link.data = turn;
  turn->ahead_link.data = turn;
}

/* The quantum. */

static guint
get_bits (gsize size)
{
  return MIN (g_bit_storage (size), IBB_SCHEDULER_N_SIZES) - 1;
}

static void
count_size (IBBScheduler *self, gsize size)
{
  guint bits = get_bits (size);

  self->largest[bits] = self->n_by_bits[bits] > 0 ? MAX (self->largest[bits], size) : size;
  self->n_by_bits[bits]++;
}

static void
uncount_size (IBBScheduler *self, gsize size)
{
  self->n_by_bits[get_bits (size)]--;
}

static void
note_size (IBBScheduler *self, IBBTurn *turn, gsize size)
{
  if (size <= turn->size)
    return;

  if (turn->size > 0)
    uncount_size (self, turn->size);
  turn->size = size;
  count_size (self, size);
}

/* No session sends more at once than one quantum. So a credit that was used up is above 0 again
 * after one quantum. A session that sends a byte now and then stays ahead of the round for a few
 * blocks. */
static gssize
get_quantum (const IBBScheduler *self)
{
  for (guint i = IBB_SCHEDULER_N_SIZES; i-- > 0;)
    if (self->n_by_bits[i] > 0)
      return (gssize) MAX (self->largest[i], IBB_SCHEDULER_URGENT_MAX);
  return IBB_SCHEDULER_URGENT_MAX;
}

/* The queues. */

static void
move_ahead (IBBTurn *turn, GQueue *ahead)
{
  if (turn->ahead == ahead)
    return;

  if (turn->ahead != NULL)
    g_queue_unlink (turn->ahead, &turn->ahead_link);
  if (ahead != NULL)
    g_queue_push_tail_link (ahead, &turn->ahead_link);
  turn->ahead = ahead;
}

static void
join_round (IBBScheduler *self, IBBTurn *turn, gsize size)
{
  g_queue_push_tail_link (&self->round, &turn->link);
  note_size (self, turn, size);
  turn->credit = get_quantum (self);
  turn->is_sparse = TRUE;
}

static void
leave_round (IBBScheduler *self, IBBTurn *turn)
{
  g_queue_unlink (&self->round, &turn->link);
  uncount_size (self, turn->size);
  turn->size = 0;
}

void
ibb_scheduler_want (IBBScheduler *self, IBBTurn *turn, gsize size, gboolean is_alone)
{
  g_assert (size > 0);
  turn->has_a_block = TRUE;
  if (turn->size == 0)
    join_round (self, turn, size);
  if (turn->is_sparse)
    move_ahead (turn, is_alone && size <= IBB_SCHEDULER_URGENT_MAX ? &self->urgent : &self->sparse);
}

void
ibb_scheduler_pause (IBBScheduler *self, IBBTurn *turn)
{
  turn->has_a_block = FALSE;
  move_ahead (turn, NULL);
}

void
ibb_scheduler_took (IBBScheduler *self, IBBTurn *turn, gsize size)
{
  note_size (self, turn, size);
  turn->credit -= (gssize) MAX (size, COST_MIN);
  if (turn->credit > 0)
    return;

  turn->credit += get_quantum (self);
  turn->is_sparse = FALSE;
  move_ahead (turn, NULL);
  g_queue_unlink (&self->round, &turn->link);
  g_queue_push_tail_link (&self->round, &turn->link);
}

void
ibb_scheduler_leave (IBBScheduler *self, IBBTurn *turn)
{
  ibb_scheduler_pause (self, turn);
  if (turn->size > 0)
    leave_round (self, turn);
}

gpointer
ibb_scheduler_peek (IBBScheduler *self)
{
  GList *first = self->urgent.head != NULL ? self->urgent.head : self->sparse.head;

  if (first != NULL)
    return ((IBBTurn *) first->data)->owner;

  /* Each turn that leaves here has joined once, so the loop costs no more than the joining did. */
  while ((first = self->round.head) != NULL && !((IBBTurn *) first->data)->has_a_block)
    leave_round (self, first->data);
  return first != NULL ? ((IBBTurn *) first->data)->owner : NULL;
}
