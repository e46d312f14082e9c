/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a block costs when its connection has many sessions, and what a session
 * costs that does nothing: two engines back to back, no server, no XML.
 *
 *   sessions [BLOCKS]
 */

#include "config.h"

#include "engine-pair.h"

#include <malloc.h>
#include <stdlib.h>

#define N_RUNS 5

static const guint counts[] = { 1, 100, 10000 };

/* Sends so many blocks in all, each session in its turn. Returns the microseconds per block. Up to
 * at_once sessions have a block on its way. */
static double
transfer (EnginePair *pair, guint n_blocks, guint at_once)
{
  static guint8 bytes[BLOCK];
  gint64        begin = g_get_monotonic_time ();
  guint         turn = 0;

  for (guint done = 0; done < n_blocks;)
    {
      guint n = MIN (at_once, n_blocks - done);

      for (guint i = 0; i < n; i++)
        {
          IBBSession *session = pair->opened[(turn + i) % pair->n_sessions];
          gsize       length = ibb_session_write (session, bytes, BLOCK, pair->now);

          g_assert_cmpuint (length, ==, BLOCK);
        }
      engine_pair_exchange (pair);
      for (guint i = 0; i < n; i++)
        {
          IBBSession *session;

          /* Both lists are in the order in which the sessions were opened. */
          session = pair->accepted[(turn + i) % pair->n_sessions];
          g_assert_cmpuint (ibb_session_read (session, bytes, BLOCK, pair->now), ==, BLOCK);
        }
      engine_pair_exchange (pair);
      turn = (turn + n) % pair->n_sessions;
      done += n;
    }
  return (double) (g_get_monotonic_time () - begin) / n_blocks;
}

static int
compare (gconstpointer a, gconstpointer b)
{
  return (*(const double *) a > *(const double *) b) - (*(const double *) a < *(const double *) b);
}

static gsize
bytes_in_use (void)
{
  return mallinfo2 ().uordblks;
}

int
main (int argc, char **argv)
{
  guint  n_blocks = argc > 1 ? (guint) strtoul (argv[1], NULL, 10) : 50000;
  double base = 0, base_together = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (counts); i++)
    {
      EnginePair pair;
      double     runs[N_RUNS], together[N_RUNS];
      gsize      before = bytes_in_use ();
      gint64     begin = g_get_monotonic_time ();
      gsize      fresh, used;
      double     opening, closing;

      engine_pair_init (&pair, counts[i]);
      opening = (double) (g_get_monotonic_time () - begin) / counts[i];
      fresh = bytes_in_use () - before;
      for (gsize run = 0; run < N_RUNS; run++)
        {
          runs[run] = transfer (&pair, n_blocks, 1);
          together[run] = transfer (&pair, n_blocks, MIN (counts[i], 1000));
        }
      used = bytes_in_use () - before;
      qsort (runs, N_RUNS, sizeof *runs, compare);
      qsort (together, N_RUNS, sizeof *together, compare);
      if (i == 0)
        {
          base = runs[N_RUNS / 2];
          base_together = together[N_RUNS / 2];
        }
      begin = g_get_monotonic_time ();
      engine_pair_clear (&pair);
      closing = (double) (g_get_monotonic_time () - begin) / counts[i];

      g_print ("%5u sessions: %.2f us per block, %.2f of one session; with up to 1000 blocks "
               "waiting %.2f us, %.2f\n",
               counts[i], runs[N_RUNS / 2], runs[N_RUNS / 2] / base, together[N_RUNS / 2],
               together[N_RUNS / 2] / base_together);
      g_print ("                open %.2f us, close %.2f us", opening, closing);
      /* One session is lost among what an engine needs by itself. Half of the difference is for
       * each end. */
      if (counts[i] > 1)
        g_print ("; bytes of memory per idle session: %" G_GSIZE_FORMAT
                 " when new, %" G_GSIZE_FORMAT " after use",
                 fresh / counts[i] / 2, used / counts[i] / 2);
      g_print ("\n");
    }
  return 0;
}
