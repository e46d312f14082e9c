/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The modelled networks do what was measured with servers, and the models of senders what they are
 * for. targets.c has what the engine must reach. */

#include "config.h"

#include "report.h"

/* The share of a session in the bytes on a link: they are base64, in a stanza. */
#define SHARE 0.725

static void
test_server (void)
{
  Report small =
      report_of ("--rate 0 --delay 0.01 --peer-delay 0.01 --window 4096 --chat 0 --sender fixed");
  Report large =
      report_of ("--rate 0 --delay 0.01 --peer-delay 0.01 --window 16384 --model-block 16384 "
                 "--chat 0 --sender fixed");

  /* One block at a time, as it was measured with Prosody. */
  g_assert_cmpfloat (small.late_goodput, >, 11.5 * 1024 * 1024);
  g_assert_cmpfloat (small.late_goodput, <, 12.5 * 1024 * 1024);
  g_assert_cmpfloat (large.late_goodput, >, 14.5 * 1024 * 1024);
  g_assert_cmpfloat (large.late_goodput, <, 15.5 * 1024 * 1024);
}

/* "limits" of Prosody lets so much through whatever the window, and only the latency of the
 * chat grows; so it was measured. */
static void
test_limit (void)
{
  const char *const cells[] = {
    "--limit prosody --delay 0.1 --seconds 60 --sender fixed --window 4096",
    "--limit prosody --delay 0.1 --seconds 60 --sender unlimited",
    "--limit ejabberd --delay 0.1 --seconds 60 --sender fixed --window 4096",
  };
  double chat[3];

  for (guint i = 0; i < G_N_ELEMENTS (cells); i++)
    {
      Report report = report_of ("%s", cells[i]);

      chat[i] = report.chat[0];
      g_assert_cmpfloat (report.late_goodput, >, 6700);
      g_assert_cmpfloat (report.late_goodput, <, 7400);
    }
  g_assert_cmpfloat (chat[0], >, 150);
  g_assert_cmpfloat (chat[0], <, 600);
  g_assert_cmpfloat (chat[1], >, 10000);
}

/* A block that the server writes in two steps waits for an acknowledgement of TCP. */
static void
test_nagle (void)
{
  const char *fast = "--rate 0 --delay 0.01 --peer-delay 0.01 --mss 65483 --chat 0 --nagle none "
                     "--model-block 8192 --window 8192 --sender fixed";
  const char *slow = "--rate 0 --delay 0.01 --peer-delay 0.01 --mss 65483 --chat 0 --nagle both "
                     "--model-block 8192 --window 8192 --sender fixed";
  Report      report = report_of ("%s", fast);

  g_assert_cmpfloat (report.late_goodput, >, 10e6);
  report = report_of ("%s", slow);
  g_assert_cmpfloat (report.late_goodput, <, 0.25e6);
}

/* Prosody reads blocks of 4096 bytes with a pause after each 8192 bytes, so that it carries 4
 * MiB/s, and three times as much where blocks fill its reads, as it was measured over TLS. */
static void
test_pacing (void)
{
  const guint delays[] = { 10, 50, 150 };

  for (guint i = 0; i < G_N_ELEMENTS (delays); i++)
    {
      const char *path = "--rate 0 --pacing 1 --seconds 20 --delay";
      Report      unlimited = report_of ("%s %u --sender unlimited", path, delays[i]);
      Report      engine = report_of ("%s %u", path, delays[i]);

      g_assert_cmpfloat (unlimited.late_goodput, >, 3.9 * 1024 * 1024);
      g_assert_cmpfloat (unlimited.late_goodput, <, 4.5 * 1024 * 1024);
      g_assert_cmpfloat (engine.late_goodput, >, 2.5 * unlimited.late_goodput);
    }
}

/* The models with which the engine is compared. */
static void
test_models (void)
{
  Report fixed = report_of ("--rate 1M --delay 25 --jitter 5 --sender fixed");
  Report unlimited =
      report_of ("--rate 1M --delay 25 --jitter 5 --sender unlimited --peer-rate 100k");

  g_assert_cmpfloat (fixed.late_goodput, >, 0.99 * SHARE * 1e6);
  g_assert_cmpfloat (fixed.late_goodput, <, 1.01 * SHARE * 1e6);
  g_assert_cmpfloat (unlimited.late_goodput, >, 0.99 * SHARE * 1e5);
  g_assert_cmpuint (fixed.max_in_flight, <, 200000);
  g_assert_cmpuint (unlimited.max_in_flight, >, 1000000);
}

/* Jitter that is the same for many packets at a time does not grow with the load. */
static void
test_jitter (void)
{
  const char *const cells[] = {
    "--rate 10M --delay 5 --jitter 20 --seconds 30 --sender fixed --window 4096",
    "--rate 10M --delay 5 --jitter 20 --seconds 30 --sender fixed --window 4194304",
    "--rate 10M --delay 5 --jitter 20 --seconds 30 --sender fixed --window 4096 --jitter-time 100",
    "--rate 10M --delay 5 --jitter 20 --seconds 30 --sender fixed --window 524288 --jitter-time "
    "100",
  };
  double chat[4];

  for (guint i = 0; i < G_N_ELEMENTS (cells); i++)
    chat[i] = report_of ("%s", cells[i]).chat[0];
  g_assert_cmpfloat (chat[1], >, chat[0] + 10);
  g_assert_cmpfloat (ABS (chat[3] - chat[2]), <, 6);
}

static void
test_same_again (void)
{
  g_autoptr (GString) first = g_string_new (NULL);
  g_autoptr (GString) second = g_string_new (NULL);
  Cell                cell;

  cell_init (&cell);
  g_assert_true (cell_set (&cell, "jitter", "20"));
  g_assert_true (cell_set (&cell, "seconds", "3"));
  report_run (&cell, first, TRUE);
  report_run (&cell, second, TRUE);
  g_assert_cmpstr (first->str, ==, second->str);
}

static void
test_parameters (void)
{
  Cell             cell;
  char            *wrong[] = { (char *) "--rate", (char *) "1G", NULL };
  g_autofree char *text = NULL;

  cell_init (&cell);
  g_assert_true (cell_set (&cell, "rate", "7.25k"));
  g_assert_true (cell_set (&cell, "peer-delay", "5,150"));
  g_assert_true (cell_set (&cell, "limit", "prosody"));
  g_assert_cmpint (cell_set_argument (&cell, wrong, 2), ==, 0);
  g_assert_false (cell_set (&cell, "limit", "nobody"));
  text = cell_describe (&cell);
  g_assert_cmpstr (text, ==, "--rate 7.25k --peer-delay 5,150 --limit prosody");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/flow/server", test_server);
  g_test_add_func ("/flow/limit", test_limit);
  g_test_add_func ("/flow/nagle", test_nagle);
  g_test_add_func ("/flow/pacing", test_pacing);
  g_test_add_func ("/flow/models", test_models);
  g_test_add_func ("/flow/jitter", test_jitter);
  g_test_add_func ("/flow/same-again", test_same_again);
  g_test_add_func ("/flow/parameters", test_parameters);
  return g_test_run ();
}
