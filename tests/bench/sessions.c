/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a block costs when its connection has many sessions, and what a session
 * costs that does nothing: two engines back to back, no server, no XML.
 *
 *   sessions [BLOCKS]
 */

#include "config.h"

#include "driver.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 4096
#define N_RUNS 5

static const guint       counts[] = { 1, 100, 10000 };
static const char *const jids[] = { OWN, PEER };

typedef struct
{
  Driver       ends[2];
  gint64       now;
  guint        n_sessions;
  IBBSession **opened; /* the ends of the first engine and of the second */
  IBBSession **accepted;
  guint        n_accepted;
} Bench;

static void
take_events (Bench *bench, guint side)
{
  IBBEvent event = IBB_EVENT_INIT;

  while (driver_take_event (&bench->ends[side], &event))
    bench->accepted[bench->n_accepted++] = g_steal_pointer (&event.session);
}

/* Everything that has to be said is said. */
static void
exchange (Bench *bench)
{
  gboolean   again;
  IBBStanza *stanza;

  do
    {
      again = FALSE;
      for (guint side = 0; side < 2; side++)
        {
          while ((stanza = driver_take (&bench->ends[side])) != NULL)
            {
              again = TRUE;
              bench->now += 10;
              /* As the server does. */
              if (stanza->from == NULL)
                stanza->from = g_strdup (jids[side]);
              driver_receive (&bench->ends[!side], stanza);
              take_events (bench, side);
              take_events (bench, !side);
            }
          driver_advance_to (&bench->ends[side], bench->now);
        }
    }
  while (again);
}

static void
set_up (Bench *bench, guint n_sessions)
{
  IBBOpen    open = { 0 };
  IBBFailure failure = IBB_FAILURE_INIT;

  *bench = (Bench){
    .now = 1000 * G_USEC_PER_SEC,
    .n_sessions = n_sessions,
    .opened = g_new0 (IBBSession *, n_sessions),
    .accepted = g_new0 (IBBSession *, n_sessions),
  };
  for (guint side = 0; side < 2; side++)
    driver_init (&bench->ends[side], jids[side], &bench->now, (Random){ side });
  ibb_engine_get_settings (bench->ends[1].engine)->session_limit = n_sessions;
  ibb_engine_set_listen (bench->ends[1].engine, IBB_LISTEN_ACCEPT);

  open.peer = PEER;
  for (guint i = 0; i < n_sessions; i++)
    {
      bench->opened[i] = ibb_engine_open (bench->ends[0].engine, &open, bench->now, &failure);
      g_assert_nonnull (bench->opened[i]);
      exchange (bench);
    }
  g_assert_cmpuint (bench->n_accepted, ==, n_sessions);
}

static void
tear_down (Bench *bench)
{
  for (guint i = 0; i < bench->n_sessions; i++)
    {
      ibb_session_close (bench->opened[i], bench->now);
      exchange (bench);
    }
  for (guint side = 0; side < 2; side++)
    g_assert_cmpuint (ibb_engine_get_n_sessions (bench->ends[side].engine), ==, 0);
  for (guint i = 0; i < bench->n_sessions; i++)
    {
      ibb_session_unref (bench->opened[i]);
      ibb_session_unref (bench->accepted[i]);
    }
  for (guint side = 0; side < 2; side++)
    driver_clear (&bench->ends[side]);
  g_free (bench->opened);
  g_free (bench->accepted);
}

/* So many blocks in all, each session in its turn; microseconds per block. Up to
 * at_once sessions have one on its way. */
static double
transfer (Bench *bench, guint n_blocks, guint at_once)
{
  static guint8 bytes[BLOCK];
  gint64        begin = g_get_monotonic_time ();
  guint         turn = 0;

  for (guint done = 0; done < n_blocks;)
    {
      guint n = MIN (at_once, n_blocks - done);

      for (guint i = 0; i < n; i++)
        {
          IBBSession *session = bench->opened[(turn + i) % bench->n_sessions];
          gsize       length = ibb_session_write (session, bytes, BLOCK, bench->now);

          g_assert_cmpuint (length, ==, BLOCK);
        }
      exchange (bench);
      for (guint i = 0; i < n; i++)
        {
          IBBSession *session;

          /* Both ends in the order in which they were opened. */
          session = bench->accepted[(turn + i) % bench->n_sessions];
          g_assert_cmpuint (ibb_session_read (session, bytes, BLOCK, bench->now), ==, BLOCK);
        }
      exchange (bench);
      turn = (turn + n) % bench->n_sessions;
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
      Bench  bench;
      double runs[N_RUNS], together[N_RUNS];
      gsize  before = bytes_in_use ();
      gint64 begin = g_get_monotonic_time ();
      gsize  fresh, used;
      double opening, closing;

      set_up (&bench, counts[i]);
      opening = (double) (g_get_monotonic_time () - begin) / counts[i];
      fresh = bytes_in_use () - before;
      for (gsize run = 0; run < N_RUNS; run++)
        {
          runs[run] = transfer (&bench, n_blocks, 1);
          together[run] = transfer (&bench, n_blocks, MIN (counts[i], 1000));
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
      tear_down (&bench);
      closing = (double) (g_get_monotonic_time () - begin) / counts[i];

      g_print ("%5u sessions: %.2f us per block, %.2f of one session; with up to 1000 blocks "
               "waiting %.2f us, %.2f\n",
               counts[i], runs[N_RUNS / 2], runs[N_RUNS / 2] / base, together[N_RUNS / 2],
               together[N_RUNS / 2] / base_together);
      g_print ("                open %.2f us, close %.2f us", opening, closing);
      /* One alone is lost among what an engine needs by itself. Of both ends: half for each. */
      if (counts[i] > 1)
        g_print ("; bytes of memory per idle session: %" G_GSIZE_FORMAT
                 " when new, %" G_GSIZE_FORMAT " after use",
                 fresh / counts[i] / 2, used / counts[i] / 2);
      g_print ("\n");
    }
  return 0;
}
