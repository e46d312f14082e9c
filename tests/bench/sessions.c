/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a block costs when its connection has many sessions, and what a session
 * costs that does nothing: two engines back to back, no server, no XML.
 *
 *   sessions [BLOCKS]
 */

#include "config.h"

#include "core/engine.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 4096
#define N_RUNS 5

static const guint counts[] = { 1, 100, 10000 };

typedef struct
{
  IBBEngine   *engines[2];
  const char  *jids[2];
  guint64      random;
  gint64       now;
  guint        n_sessions;
  IBBSession **opened; /* the ends of the first engine and of the second */
  IBBSession **accepted;
  guint        n_accepted;
} Bench;

static void
fill_random (guint8 *bytes, gsize length, gpointer data)
{
  Bench *bench = data;

  for (gsize i = 0; i < length; i++)
    {
      bench->random =
          bench->random * G_GUINT64_CONSTANT (6364136223846793005) + 1442695040888963407;
      bytes[i] = (guint8) (bench->random >> 40);
    }
}

static void
take_events (Bench *bench, guint side)
{
  IBBEvent event = IBB_EVENT_INIT;

  while (ibb_engine_take_event (bench->engines[side], &event))
    {
      if (event.type == IBB_EVENT_ACCEPTED)
        bench->accepted[bench->n_accepted++] = ibb_session_ref (event.session);
      ibb_event_clear (&event);
    }
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
          IBBEngine *from = bench->engines[side];

          while ((stanza = ibb_engine_take_stanza (from, bench->now)) != NULL)
            {
              again = TRUE;
              bench->now += 10;
              ibb_engine_sent (from, stanza, bench->now);
              /* As the server does. */
              if (stanza->from == NULL)
                stanza->from = g_strdup (bench->jids[side]);
              ibb_engine_receive (bench->engines[!side], stanza, bench->now);
              ibb_stanza_record_unref (stanza);
              take_events (bench, side);
              take_events (bench, !side);
            }
          if (ibb_engine_get_wake_time (from) <= bench->now)
            ibb_engine_advance (from, bench->now);
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
    .jids = { "juliet@capulet.example/balcony", "romeo@montague.example/orchard" },
    .random = 42,
    .now = 1000 * G_USEC_PER_SEC,
    .n_sessions = n_sessions,
    .opened = g_new0 (IBBSession *, n_sessions),
    .accepted = g_new0 (IBBSession *, n_sessions),
  };
  for (guint side = 0; side < 2; side++)
    {
      bench->engines[side] = ibb_engine_new (fill_random, bench);
      ibb_engine_set_local_jid (bench->engines[side], bench->jids[side]);
    }
  ibb_engine_get_settings (bench->engines[1])->session_limit = n_sessions;
  ibb_engine_set_listen (bench->engines[1], IBB_LISTEN_ACCEPT);

  open.peer = bench->jids[1];
  for (guint i = 0; i < n_sessions; i++)
    {
      bench->opened[i] = ibb_engine_open (bench->engines[0], &open, bench->now, &failure);
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
    g_assert_cmpuint (ibb_engine_get_n_sessions (bench->engines[side]), ==, 0);
  for (guint i = 0; i < bench->n_sessions; i++)
    {
      ibb_session_unref (bench->opened[i]);
      ibb_session_unref (bench->accepted[i]);
    }
  for (guint side = 0; side < 2; side++)
    ibb_engine_free (bench->engines[side]);
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
