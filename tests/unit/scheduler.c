/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/flow/scheduler.h"

#define MANY 10000

/* A session that has so many bytes to send, in blocks of that size. */
typedef struct
{
  IBBTurn turn;
  gsize   block_size;
  gsize   queued;
  gsize   sent;
  guint   n_blocks;
} Session;

static void
init_session (Session *self, gsize block_size, gsize queued)
{
  *self = (Session){ .block_size = block_size, .queued = queued };
  ibb_scheduler_init_turn (&self->turn, self);
}

static void
update (IBBScheduler *turns, Session *session)
{
  if (session->queued > 0)
    ibb_scheduler_want (turns, &session->turn, MIN (session->queued, session->block_size), TRUE);
  else
    ibb_scheduler_pause (turns, &session->turn);
}

static void
queue (IBBScheduler *turns, Session *session, gsize bytes)
{
  session->queued += bytes;
  update (turns, session);
}

static Session *
take (IBBScheduler *turns)
{
  Session *session = ibb_scheduler_peek (turns);
  gsize    size;

  if (session == NULL)
    return NULL;

  g_assert_true (ibb_scheduler_is_wanted (&session->turn));
  size = MIN (session->queued, session->block_size);
  session->queued -= size;
  session->sent += size;
  session->n_blocks++;
  ibb_scheduler_took (turns, &session->turn, size);
  update (turns, session);
  return session;
}

/* Sessions get the same number of bytes, whatever the size of their blocks. */
static void
test_bytes (gconstpointer data)
{
  static const gsize sizes[] = { 1024, 65535, 4096, 5700, 8192, 300 };
  gsize              most = 0;
  gsize              least = G_MAXSIZE;
  guint              n = GPOINTER_TO_UINT (data);
  IBBScheduler       turns = { 0 };
  Session            sessions[G_N_ELEMENTS (sizes)];

  for (guint i = 0; i < n; i++)
    {
      init_session (&sessions[i], sizes[i], 0);
      queue (&turns, &sessions[i], 1); /* its blocks grow later */
      queue (&turns, &sessions[i], 100 * 1024 * 1024);
    }
  for (gsize bytes = 0; bytes < 10 * 1024 * 1024;)
    {
      Session *session = take (&turns);

      bytes += session->block_size;
    }
  for (guint i = 0; i < n; i++)
    {
      most = MAX (most, sessions[i].sent);
      least = MIN (least, sessions[i].sent);
    }
  g_assert_cmpuint (most - least, <=, 2 * 65535);
}

/* The quantum follows the largest block of those that are in the round. */
static void
test_quantum (void)
{
  IBBScheduler turns = { 0 };
  Session      small[2], large;

  init_session (&large, 65535, 0);
  queue (&turns, &large, 2 * 65535);
  for (guint i = 0; i < G_N_ELEMENTS (small); i++)
    {
      init_session (&small[i], 4096, 0);
      queue (&turns, &small[i], 100 * 4096);
    }
  g_assert_true (take (&turns) == &large);
  for (guint i = 0; i < 2 * 16; i++)
    g_assert_true (take (&turns) == &small[i / 16]);
  g_assert_true (take (&turns) == &large);
  /* The sessions use the credit that they got while it was in the round. */
  for (guint i = 0; i < 4 * 16; i++)
    g_assert_true (take (&turns) == &small[i / 16 % 2]);
  for (guint i = 0; i < 10; i++)
    g_assert_true (take (&turns) == &small[i % 2]);
}

/* Sessions that have nothing to send cost nothing, in whatever order they come and go. */
static void
test_many (void)
{
  g_autofree Session *sessions = g_new0 (Session, MANY);
  IBBScheduler        turns = { 0 };
  guint               n_taken = 0;

  for (guint i = 0; i < MANY; i++)
    {
      init_session (&sessions[i], 1 + i * 31 % 65535, 0);
      queue (&turns, &sessions[i], 1); /* so that its size changes later */
      queue (&turns, &sessions[i], 3 * (1 + i * 31 % 65535) - 1);
    }
  for (guint i = 0; i < MANY; i += 2)
    ibb_scheduler_pause (&turns, &sessions[i].turn);
  for (guint i = 0; i < MANY; i += 4)
    ibb_scheduler_leave (&turns, &sessions[i].turn);
  while (take (&turns) != NULL)
    n_taken++;
  g_assert_cmpuint (n_taken, ==, 3 * MANY / 2);
  g_assert_cmpuint (g_queue_get_length (&turns.round), ==, 0);
  for (guint i = 0; i < IBB_SCHEDULER_N_SIZES; i++)
    g_assert_cmpuint (turns.n_by_bits[i], ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/turns/bytes/two", GUINT_TO_POINTER (2), test_bytes);
  g_test_add_data_func ("/turns/bytes/six", GUINT_TO_POINTER (6), test_bytes);
  g_test_add_func ("/turns/quantum", test_quantum);
  g_test_add_func ("/turns/many", test_many);
  return g_test_run ();
}
