/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Rates and delays that the engine must reach, compared with those of one session alone on the same
 * path, or of a sender that knows the path. Where the goal is out of reach today, it is in a
 * comment. */

#include "config.h"

#include "report.h"

#define NEAR "--rate 10M --delay 0.1 --chat 0"
/* Peers of other implementations take one block at a time, and do not tell their room. */
#define FOREIGN NEAR " --feature 0"
#define SHARE 0.725 /* of the bytes on a link, those of a session */

/* Measured in the first session, after a second. */
typedef struct
{
  double mean; /* bytes a second */
  double least;
} Goodput;

static Goodput
get_goodput (const char *text, guint from)
{
  Cell               cell;
  g_autoptr (GArray) seconds = NULL;
  Goodput            goodput = { 0, G_MAXDOUBLE };

  g_assert_true (cell_parse (&cell, text));
  seconds = report_run_seconds (&cell, 0);
  g_assert_cmpuint (seconds->len, >, from);
  for (guint i = from; i < seconds->len; i++)
    {
      double bytes = g_array_index (seconds, double, i);

      goodput.mean += bytes / (seconds->len - from);
      goodput.least = MIN (goodput.least, bytes);
    }
  return goodput;
}

/* The near session writes ten bytes a second. */
static void
test_far (void)
{
  Goodput alone = get_goodput ("--rate 10M --delay 0.1 --peer-delay 50 --chat 0 --seconds 20", 0);
  Goodput beside = get_goodput ("--rate 10M --delay 0.1 --peers 2 --peer-delay 50,0.1 --trickle 1 "
                                "--start 0,1000,1000,0 --chat 0 --seconds 20",
                                0);

  g_assert_cmpfloat (beside.mean, >, 0.9 * alone.mean);
}

/* A live session for ten seconds, beside others with slow readers. */
static void
assert_beside (const char *path, const char *others, guint from)
{
  g_autofree char *text = g_strconcat (path, " --seconds 10", NULL);
  g_autofree char *cell = g_strdup_printf ("%s %s --seconds %u", path, others, from + 10);
  Goodput          alone = get_goodput (text, 0);
  Goodput          beside = get_goodput (cell, from);

  g_test_message ("%s: %.3f, %.3f of alone", cell, beside.mean / alone.mean,
                  beside.least / alone.mean);
  g_assert_cmpfloat (beside.mean, >=, 0.7 * alone.mean);
  g_assert_cmpfloat (beside.least, >=, 0.3 * alone.mean);
}

/* With each reader that is slow, or reads nothing, one of two sessions begins after the other.
 * Those that stall are measured from the time when they are full. Sessions with peers of other
 * implementations have one block in flight each: the window has to be kept that has room for both,
 * though it is not full while one of them waits. */
static void
test_slow_session (gconstpointer path)
{
  const char *const rates[] = { " --slow-rate 20k", " --slow-rate 50k", " --slow-rate 500k", "" };
  const char *const starts[] = { "", " --start 0,3", " --start 3,0" };

  for (guint i = 0; i < G_N_ELEMENTS (rates); i++)
    for (guint j = 0; j < G_N_ELEMENTS (starts); j++)
      {
        g_autofree char *others =
            g_strdup_printf ("--sessions 2 --slow 1%s%s", rates[i], starts[j]);

        assert_beside (path, others, j > 0 ? 3 : 0);
      }
}

static void
test_slow_sessions (void)
{
  assert_beside (NEAR, "--sessions 11 --slow 10 --slow-rate 20k", 10);
  assert_beside (NEAR, "--sessions 11 --slow 10 --slow-rate 50k", 10);
  assert_beside (NEAR, "--sessions 101 --slow 100", 10);
  assert_beside (FOREIGN, "--sessions 11 --slow 10", 10);
}

static void
test_slow_peer (gconstpointer path)
{
  assert_beside (path, "--peers 2 --slow 1 --slow-rate 20k", 0);
  assert_beside (path, "--peers 2 --slow 1 --slow-rate 50k --start 0,3", 3);
  assert_beside (path, "--peers 2 --slow 1 --slow-rate 500k --start 3,0", 3);
  assert_beside (path, "--peers 2 --slow 1", 0);
  assert_beside (path, "--peers 11 --slow 10 --slow-rate 20k", 10);
  assert_beside (path, "--peers 101 --slow 100", 10);
}

/* Peers that never answer late by far, but later and later. */
static void
test_hostile_peer (void)
{
  const char *limited = NEAR " --limit prosody --limit-rate 100k";

  assert_beside (NEAR, "--peers 2 --slow 1 --stall-from 2 --hostile 1", 5);
  assert_beside (NEAR, "--peers 4 --slow 3 --stall-from 2 --hostile 1", 5);
  assert_beside (limited, "--peers 2 --slow 1 --stall-from 5 --hostile 1", 20);
  assert_beside (limited, "--peers 4 --slow 3 --stall-from 5 --hostile 1", 27);
}

/* Beside a sender that knows the path. */
static const struct
{
  const char *group;
  const char *path;
  double      share;
} known[] = {
  { "noise", "--rate 10M --delay 25 --chat 0 --seconds 20 --jitter 5", 0.7 },
  { "noise", "--rate 10M --delay 25 --chat 0 --seconds 20 --jitter 20", 0.7 },
  { "noise", "--rate 10M --delay 25 --chat 0 --seconds 20 --jitter 40", 0.7 },
  /* Our own link takes no more than it carries, so that a window that is large enough is never
   * full. Nevertheless it is kept. */
  { "full-link", "--rate 10M --delay 5 --peer-delay 50 --peer-jitter 20 --chat 0", 0.9 },
  { "full-link", "--rate 10M --delay 0.1 --jitter 20 --jitter-time 50 --chat 0", 0.9 },
  { "full-link", "--rate 1M --delay 5 --peer-delay 150 --peer-jitter 40 --chat 0 --seconds 20",
    0.9 },
  /* The first seconds of a session that is alone on a long way, with the open and its answer. A
   * sender that knows the path needs neither these nor a start. */
  { "start", "--rate 10M --delay 50 --chat 0 --seconds 1", 0.45 }, /* 0.41 if no step is more than
                                                                      fourfold */
  { "start", "--rate 10M --delay 50 --chat 0 --seconds 2", 0.65 },
  { "start", "--rate 10M --delay 50 --chat 0 --nagle sender --seconds 2", 0.5 },
  { "start", "--rate 1M --delay 50 --chat 0 --nagle sender --seconds 2", 0.7 },
  /* 0.19 if each step waits for the last block of its window. */
  { "start", "--rate 10M --delay 150 --chat 0 --nagle sender --seconds 4", 0.3 },
  /* Interactive sessions cost bulk sessions nothing: on a narrow path the window has a few blocks.
   */
  { "interactive", "--rate 100k --delay 25 --jitter 20 --seconds 30 --interactive 1", 0.7 },
  { "interactive", "--rate 100k --delay 50 --seconds 30 --interactive 1", 0.7 },
  { "interactive",
    "--rate 10M --limit ejabberd --limit-rate 100k --delay 25 --jitter 20 --seconds 60 "
    "--interactive 1",
    0.7 },
  { "interactive", "--rate 10M --delay 150 --sessions 4 --interactive 1", 0.7 },
  { "interactive", "--rate 1M --delay 5 --sessions 10 --interactive 1", 0.7 },
};

static void
test_known (gconstpointer group)
{
  gboolean is_start = g_str_equal (group, "start");

  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    if (g_str_equal (known[i].group, group))
      {
        Report engine = report_of ("%s", known[i].path);
        Report fixed = report_of ("%s --sender fixed", known[i].path);

        g_assert_cmpfloat (is_start ? engine.goodput : engine.late_goodput, >,
                           known[i].share * (is_start ? fixed.goodput : fixed.late_goodput));
      }
}

static void
test_fair (void)
{
  const char *const cells[] = {
    "--rate 1M --delay 5 --sessions 2 --chat 0 --seconds 20",
    "--rate 1M --delay 5 --sessions 10 --chat 0 --seconds 20",
    "--rate 1M --delay 5 --sessions 100 --chat 0 --seconds 20",
    "--rate 1M --delay 0.1 --peers 3 --peer-delay 1,20,100 --chat 0 --seconds 20",
    "--rate 10M --delay 0.1 --peers 3 --peer-delay 1,20,100 --chat 0 --seconds 20",
    "--rate 100k --delay 0.1 --peers 3 --peer-delay 1,20,100 --chat 0 --seconds 20",
    "--limit prosody --limit-rate 100k --rate 10M --delay 0.1 --peers 3 --peer-delay 1,20,100 "
    "--chat 0 --seconds 60",
    /* The first window that is found is small, and would be that peer's share for long. */
    "--rate 100k --delay 25 --jitter 20 --peers 2 --peer-delay 0.1,150 --seconds 30",
    "--rate 0 --delay 50 --pacing 1 --peers 4 --seconds 20",
    /* Three honest ones, while a person chats: none of them takes its share for its path. */
    "--limit ejabberd --limit-rate 100k --rate 10M --delay 0.1 --peers 4 --slow 1 --hostile 1 "
    "--seconds 60",
  };

  for (guint i = 0; i < G_N_ELEMENTS (cells); i++)
    g_assert_cmpfloat (report_of ("%s", cells[i]).jain, >=, 0.95);
}

/* Beside ten that have much to send: no more than twice as long as alone, and one block. */
static void
test_interactive (void)
{
  const struct
  {
    const char *path;
    double      block; /* ms */
  } tests[] = {
    /* The goal is one block. It was reached while the ten took two fifths of the path. */
    { "--rate 1M --delay 5", 1.5 * 8192 / SHARE / 1e3 },
    { "--rate 1M --delay 0.1", 8192 / SHARE / 1e3 },
    { "--rate 10M --delay 0.1", 8192 / SHARE / 10e3 },
    { "--rate 10M --delay 25", 8192 / SHARE / 10e3 },
    /* The server takes two milliseconds for a block of 32768 bytes. */
    { "--rate 0 --delay 0.05", 1.96 },
    /* A slow server, which stands still for a millisecond after a read that leaves a rest. */
    { "--rate 0 --delay 0.2 --jitter 1 --pacing 1 --server-stanza 300 --server-byte 100", 1.4 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      const char *path = tests[i].path;
      Report      idle = report_of ("%s --sessions 0 --interactive 1 --chat 0", path);
      Report      busy = report_of ("%s --sessions 10 --interactive 1 --chat 0", path);

      g_assert_cmpfloat (busy.interactive[1], <=, 2 * idle.interactive[1] + tests[i].block);
    }
}

/* Nagle's algorithm and delayed acknowledgements, beside the best window. */
static void
test_nagle (void)
{
  const char *const paths[] = {
    "--rate 0 --delay 0.01 --peer-delay 0.01 --mss 65483 --chat 0 --seconds 5",
    "--rate 10M --delay 0.1 --chat 0 --seconds 5",
    "--rate 1M --delay 5 --chat 0 --seconds 10",
  };
  const char *const nagles[] = { "sender", "receiver", "both" };

  for (guint i = 0; i < G_N_ELEMENTS (paths) * G_N_ELEMENTS (nagles); i++)
    {
      const char *path = paths[i / 3];
      const char *nagle = nagles[i % 3];
      Report      engine = report_of ("%s --nagle %s", path, nagle);
      double      best = 0;

      for (guint window = 4096; window <= 262144; window *= 4)
        {
          Report fixed =
              report_of ("%s --nagle %s --sender fixed --window %u", path, nagle, window);

          best = MAX (best, fixed.late_goodput);
        }
      g_assert_cmpfloat (engine.late_goodput, >, 0.5 * best);
    }
}

/* The limit that Prosody sets by default lets 7250 bytes a second through, in blocks of 4096. */
static void
test_chat (void)
{
  Report silent = report_of ("--limit prosody --rate 10M --delay 0.1 --chat 0 --seconds 100");
  Report report = report_of ("--limit prosody --rate 10M --delay 0.1 --chat 1 --seconds 300");

  g_assert_cmpfloat (silent.late_goodput, >, 0.99 * 7250);
  /* The goal is 0.93. Behind Prosody itself it is 0.926. Longer blocks take 0.2 s. */
  g_assert_cmpfloat (report.late_goodput, >, 0.9 * 7250);
  g_assert_cmpfloat (report.chat[1], <, 200);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/targets/far", test_far);
  g_test_add_data_func ("/targets/slow-session", NEAR, test_slow_session);
  g_test_add_data_func ("/targets/slow-foreign-session", FOREIGN, test_slow_session);
  g_test_add_func ("/targets/slow-sessions", test_slow_sessions);
  g_test_add_data_func ("/targets/slow-peer", NEAR, test_slow_peer);
  g_test_add_data_func ("/targets/slow-foreign-peer", FOREIGN, test_slow_peer);
  g_test_add_func ("/targets/hostile-peer", test_hostile_peer);
  g_test_add_data_func ("/targets/noise", "noise", test_known);
  g_test_add_data_func ("/targets/full-link", "full-link", test_known);
  g_test_add_data_func ("/targets/start", "start", test_known);
  g_test_add_data_func ("/targets/beside-interactive", "interactive", test_known);
  g_test_add_func ("/targets/fair", test_fair);
  g_test_add_func ("/targets/interactive", test_interactive);
  g_test_add_func ("/targets/nagle", test_nagle);
  g_test_add_func ("/targets/chat", test_chat);
  return g_test_run ();
}
