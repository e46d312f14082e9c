/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The controller against a model of a path: a delay each way and one server
 * that carries so many bytes a second, in order. */

#include "config.h"

#include "core/flow.h"

typedef struct
{
  double delay; /* seconds, both ways together */
  double rate;  /* bytes a second */
  gsize  block;
  double jitter; /* seconds at most, added to a round trip */
  double slow;   /* bytes a second while something waits, if not 0 */
} Path;

typedef struct
{
  double utilization; /* of what the path could carry */
  double queue;       /* bytes waiting at the server, mean of the second half */
  gsize  window;
} Outcome;

typedef struct
{
  gint64 sent;
  gint64 answered;
} Flight;

static Outcome
run (const Path *path, double seconds, guint32 seed)
{
  g_autoptr (GRand)  rand = g_rand_new_with_seed (seed);
  g_autoptr (GQueue) flights = g_queue_new ();
  IBBFlow            flow;
  gint64             now = G_USEC_PER_SEC;
  gint64             end = now + (gint64) (seconds * G_USEC_PER_SEC);
  gint64             half = (now + end) / 2;
  double             server_free = 0;
  double             acked = 0;
  double             queue_sum = 0;
  guint              n_samples = 0;
  Outcome            outcome = { 0 };

  ibb_flow_init (&flow);
  while (now < end)
    {
      Flight *first;

      while (ibb_flow_may_send (&flow, path->block))
        {
          Flight *flight = g_new (Flight, 1);
          double  arrives = (double) now / G_USEC_PER_SEC + path->delay / 2;
          double  queued = MAX (server_free - arrives, 0) * path->rate;

          double rate = path->slow > 0 && queued > 0 ? path->slow : path->rate;

          server_free = MAX (server_free, arrives) + (double) path->block / rate;
          flight->sent = now;
          flight->answered =
              (gint64) ((server_free + path->delay / 2 + g_rand_double (rand) * path->jitter) *
                        G_USEC_PER_SEC);
          g_queue_push_tail (flights, flight);
          ibb_flow_sent (&flow, path->block);
          if (now > half)
            {
              queue_sum += queued;
              n_samples++;
            }
        }

      first = g_queue_pop_head (flights);
      now = MAX (now, first->answered);
      ibb_flow_note (&flow, path->block, first->sent, now - first->sent, path->block, now);
      ibb_flow_forget (&flow, path->block);
      if (now > half)
        acked += (double) path->block;
      g_free (first);
    }

  outcome.utilization = acked / ((double) (end - half) / G_USEC_PER_SEC) / path->rate;
  outcome.queue = queue_sum / MAX (n_samples, 1);
  outcome.window = flow.window;
  g_test_message ("delay %g s, rate %g B/s, block %zu: utilization %.3f, queue %.0f, window %zu",
                  path->delay, path->rate, path->block, outcome.utilization, outcome.queue,
                  outcome.window);
  g_queue_foreach (flights, (GFunc) (void (*) (void)) g_free, NULL);
  return outcome;
}

/* A fast server near by: a few blocks keep it busy, and hardly any wait. */
static void
test_near (void)
{
  Path    path = { .delay = 0.0002, .rate = 10 * 1024 * 1024, .block = 4096, .jitter = 0.0001 };
  Outcome outcome = run (&path, 10, 1);

  g_assert_cmpfloat (outcome.utilization, >, 0.9);
  g_assert_cmpfloat (outcome.queue, <, 8 * 4096);
}

/* A server that carries less as soon as something waits gets one block at a
 * time: never slower than without a window, but for the trials. */
static void
test_near_slow_queue (void)
{
  Path    path = { .delay = 0.0003, .rate = 10e6, .block = 4096, .jitter = 0.00005, .slow = 3e6 };
  double  one_block = 4096 / (path.delay + path.jitter / 2 + 4096 / path.rate);
  Outcome outcome = run (&path, 10, 1);

  g_assert_cmpfloat (outcome.utilization * path.rate, >, 0.9 * one_block);
}

/* Far away: the window fills the path, whatever its length. */
/* Within a process a queue of many blocks is a moment: so many pass each time that
 * a thread wakes. Yet the moment stays one. */
static void
test_within_a_process (void)
{
  Path    path = { .delay = 20e-6, .rate = 500e6, .block = 4096 };
  Outcome outcome = run (&path, 2, 1);

  g_assert_cmpuint (outcome.window, >, 16 * 4096);
  g_assert_cmpfloat (outcome.utilization, >, 0.95);
  g_assert_cmpfloat (outcome.queue / path.rate, <, 1e-3);
}

static void
test_far (void)
{
  for (guint32 seed = 1; seed <= 5; seed++)
    {
      Path    path = { .delay = 0.1, .rate = 9e6, .block = 4096, .jitter = 0.001 };
      Outcome outcome = run (&path, 20, seed);

      g_assert_cmpfloat (outcome.utilization, >, 0.85);
      g_assert_cmpfloat (outcome.queue, <, 64 * 1024);
    }
}

/* Behind a throttle one block is all that is needed; more would delay the chat. */
static void
test_throttled (void)
{
  Path    path = { .delay = 0.001, .rate = 7250, .block = 4096, .jitter = 0.001 };
  Outcome outcome = run (&path, 120, 1);

  g_assert_cmpfloat (outcome.utilization, >, 0.95);
  g_assert_cmpuint (outcome.window, <=, 2 * 4096);
}

static void
test_large_blocks (void)
{
  Path    path = { .delay = 0.1, .rate = 9e6, .block = 65535, .jitter = 0.001 };
  Outcome outcome = run (&path, 20, 1);

  g_assert_cmpfloat (outcome.utilization, >, 0.85);
}

static void
test_one_block_always_may_go (void)
{
  IBBFlow flow;

  ibb_flow_init (&flow);
  g_assert_true (ibb_flow_may_send (&flow, 65535));
  ibb_flow_sent (&flow, 65535);
  g_assert_false (ibb_flow_may_send (&flow, 1));
  ibb_flow_forget (&flow, 65535);
  g_assert_true (ibb_flow_may_send (&flow, 65535));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/flow/near", test_near);
  g_test_add_func ("/flow/near/slow-queue", test_near_slow_queue);
  g_test_add_func ("/flow/within-a-process", test_within_a_process);
  g_test_add_func ("/flow/far", test_far);
  g_test_add_func ("/flow/throttled", test_throttled);
  g_test_add_func ("/flow/large-blocks", test_large_blocks);
  g_test_add_func ("/flow/one-block-always-may-go", test_one_block_always_may_go);
  return g_test_run ();
}
