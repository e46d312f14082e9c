/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/flow/controller.h"

#include "core/peer/first-hop.h"

#define BLOCK IBB_CONTROLLER_BLOCK

static void
init (IBBController *self, gsize window, gsize in_flight)
{
  ibb_controller_init (self);
  self->size.window = window;
  ibb_controller_sent (self, in_flight);
}

/* One block always may go; more within the window and the share of the peer. */
static void
test_may_send (void)
{
  IBBController path;

  init (&path, BLOCK, 0);
  g_assert_true (ibb_controller_may_send (&path, 2 * BLOCK, 0, FALSE));
  init (&path, 4 * BLOCK, 2 * BLOCK);
  g_assert_true (ibb_controller_may_send (&path, BLOCK, 3 * BLOCK, FALSE));
  g_assert_false (ibb_controller_may_send (&path, BLOCK, 3 * BLOCK - 1, FALSE));
  g_assert_false (path.measurement.is_limited);
  g_assert_true (ibb_controller_may_send (&path, 2 * BLOCK, G_MAXSIZE, FALSE));
  g_assert_false (ibb_controller_may_send (&path, 2 * BLOCK + 1024, G_MAXSIZE, FALSE));
  g_assert_true (path.measurement.is_limited);
}

/* While a person chats, blocks on a slow path are short, and alone. */
static void
test_brief (void)
{
  IBBController path;

  init (&path, 2 * BLOCK - 1, 1);
  path.phase = IBB_CONTROLLER_KEEPING;
  path.kept_trip = 300000; /* microseconds; a short stanza takes none */
  path.kept_in_flight = BLOCK;
  path.kept_rate = 0.02; /* bytes in a microsecond */
  g_assert_cmpuint (ibb_controller_get_block (&path, 3000, FALSE), ==, 3000);
  g_assert_cmpuint (ibb_controller_get_block (&path, BLOCK, TRUE), ==, 2000);
  g_assert_true (ibb_controller_may_send (&path, 1000, G_MAXSIZE, FALSE));
  g_assert_false (ibb_controller_may_send (&path, 1000, G_MAXSIZE, TRUE));
  path.kept_rate = BLOCK / 100000.0;
  g_assert_true (ibb_controller_may_send (&path, 1000, G_MAXSIZE, TRUE));
  path.kept_rate = 0.02;
  path.size.window++;
  g_assert_cmpuint (ibb_controller_get_block (&path, BLOCK, TRUE), ==, BLOCK);
  g_assert_true (ibb_controller_may_send (&path, 1000, G_MAXSIZE, TRUE));
}

/* D-57: there is a queue at our server, and others wait in it. */
static void
test_shared (void)
{
  IBBFirstHop hop = { .in_flight = 2 * BLOCK, .is_bounded = TRUE };

  g_assert_true (ibb_first_hop_is_shared (&hop, BLOCK));
  g_assert_false (ibb_first_hop_is_shared (&hop, 2 * BLOCK));
  hop.is_bounded = FALSE;
  g_assert_false (ibb_first_hop_is_shared (&hop, BLOCK));
}

/* D-57: half of the round trip is a wait for our server. The peer may have its share of what is in
 * flight to all, the next block included. */
static void
test_grants (void)
{
  const struct
  {
    gint64   delay;
    gsize    in_flight;
    guint    n_peers;
    double   round_trip;
    gboolean is_granted;
  } tests[] = {
    { 50000, 4 * BLOCK, 3, 100000, TRUE },  { 49999, 4 * BLOCK, 3, 99998, FALSE },
    { 50000, 4 * BLOCK, 3, 100001, FALSE }, { 50000, 4 * BLOCK + 1, 3, 100000, FALSE },
    { 50000, 12 * BLOCK, 1, 100000, TRUE }, { 50000, 12 * BLOCK + 1, 1, 100000, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      IBBFirstHop hop = { .in_flight = 12 * BLOCK, .delay = tests[i].delay };

      g_assert_cmpint (
          ibb_first_hop_grants (&hop, tests[i].in_flight, tests[i].n_peers, tests[i].round_trip),
          ==, tests[i].is_granted);
    }
}

/* The window becomes larger, in whole blocks, but not smaller, nor while another one is tried. */
static void
test_enlarge (void)
{
  const struct
  {
    IBBControllerPhase phase;
    gsize              in_flight;
    gsize              window;
  } tests[] = {
    { IBB_CONTROLLER_KEEPING, 4 * BLOCK - 1, 3 },
    { IBB_CONTROLLER_KEEPING, 3 * BLOCK - 1, 2 },
    { IBB_CONTROLLER_KEEPING, 1 * BLOCK, 2 },
    { IBB_CONTROLLER_STARTING, 4 * BLOCK, 2 },
    { IBB_CONTROLLER_TRYING, 4 * BLOCK, 2 },
    { IBB_CONTROLLER_KEEPING, 2 * IBB_CONTROLLER_MAX, 8192 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      IBBController path;

      init (&path, 2 * BLOCK, 0);
      path.kept = path.size;
      path.phase = tests[i].phase;
      ibb_controller_sent (&path, tests[i].in_flight - 8);
      ibb_controller_enlarge (&path, 8);
      g_assert_cmpuint (path.size.window, ==, tests[i].window * BLOCK);
      g_assert_cmpuint (path.kept.window, ==, tests[i].window * BLOCK);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/controller/limits/may-send", test_may_send);
  g_test_add_func ("/controller/limits/brief", test_brief);
  g_test_add_func ("/controller/limits/shared", test_shared);
  g_test_add_func ("/controller/limits/D-57/grants", test_grants);
  g_test_add_func ("/controller/limits/D-57/enlarge", test_enlarge);
  return g_test_run ();
}
