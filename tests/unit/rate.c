/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime/rate.h"

#define TICK (G_USEC_PER_SEC / 10)

/* The rate is right from the first bytes on, also after a pause, and falls to 0 in a pause. */
static void
test_steady (void)
{
  IBBRate rate = { 0 };
  guint64 bytes = 0;
  gint64  now = 1000 * G_USEC_PER_SEC;

  for (guint i = 0; i < 2; i++)
    {
      for (guint n = 0; n < 100; n++)
        {
          bytes += 1000;
          now += TICK;
          g_assert_cmpuint (ibb_rate_update (&rate, bytes, now), >=, 9999);
          g_assert_cmpuint (ibb_rate_update (&rate, bytes, now), <=, 10000);
        }
      for (guint n = 0; n < 600; n++)
        ibb_rate_update (&rate, bytes, now += TICK);
      g_assert_cmpuint (ibb_rate_update (&rate, bytes, now), ==, 0);
    }
}

/* A change of the rate takes some seconds. */
static void
test_smooth (void)
{
  IBBRate rate = { 0 };
  guint64 last = 0;

  for (guint n = 1; n <= 10; n++)
    last = ibb_rate_update (&rate, n * 1000, n * TICK);
  g_assert_cmpuint (ibb_rate_update (&rate, 10 * 1000, 11 * TICK), <, last);
  g_assert_cmpuint (ibb_rate_update (&rate, 10 * 1000, 12 * TICK), >, last / 2);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ibb/rate/steady", test_steady);
  g_test_add_func ("/ibb/rate/smooth", test_smooth);
  return g_test_run ();
}
