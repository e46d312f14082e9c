/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How long a client waits before it logs in again. */

#include "config.h"

#include "xmpp/base/backoff.h"

#include "../lib/fake-random.h"

#define MINUTE ((gint64) 60 * G_USEC_PER_SEC)

static guint
get_next_bound (IBBBackoff *backoff)
{
  fake_random_start (0);
  ibb_backoff_next (backoff);
  return fake_random_get_bound (0);
}

/* The bound doubles, up to the last one. The wait is any time up to the bound. */
static void
test_growth (void)
{
  static const guint bounds[] = { 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000 };
  IBBBackoff        *backoff = ibb_backoff_new (1000, 60000);

  for (guint i = 0; i < G_N_ELEMENTS (bounds); i++)
    {
      fake_random_start ((gint32) i);
      g_assert_cmpuint (ibb_backoff_next (backoff), ==, i);
      g_assert_cmpuint (fake_random_get_bound (0), ==, bounds[i]);
    }
  ibb_backoff_reset (backoff);
  g_assert_cmpuint (get_next_bound (backoff), ==, 1000);
  ibb_backoff_exhaust (backoff);
  g_assert_cmpuint (get_next_bound (backoff), ==, 60000);
  ibb_backoff_free (backoff);
}

/* A server that lets a client in and drops it soon does not make the waits short. */
static void
test_streams (void)
{
  IBBBackoff *backoff = ibb_backoff_new (1000, 60000);

  get_next_bound (backoff);
  g_assert_false (ibb_backoff_note_stream (backoff, 0, MINUTE));
  g_assert_cmpuint (get_next_bound (backoff), ==, 2000);
  g_assert_false (ibb_backoff_note_stream (backoff, MINUTE - 1, MINUTE));
  g_assert_cmpuint (get_next_bound (backoff), ==, 4000);
  g_assert_true (ibb_backoff_note_stream (backoff, MINUTE, MINUTE));
  g_assert_cmpuint (get_next_bound (backoff), ==, 1000);
  ibb_backoff_free (backoff);
}

/* However often the network changes, an attempt is hurried once a minute. */
static void
test_hurry (void)
{
  IBBBackoff *backoff = ibb_backoff_new (1000, 60000);

  ibb_backoff_exhaust (backoff);
  g_assert_true (ibb_backoff_hurry (backoff, 0)); /* in the first moment of the machine, too */
  g_assert_cmpuint (get_next_bound (backoff), ==, 1000);
  g_assert_false (ibb_backoff_hurry (backoff, 0));
  g_assert_false (ibb_backoff_hurry (backoff, MINUTE - 1));
  g_assert_cmpuint (get_next_bound (backoff), ==, 2000);
  g_assert_true (ibb_backoff_hurry (backoff, MINUTE));
  g_assert_cmpuint (get_next_bound (backoff), ==, 1000);
  ibb_backoff_free (backoff);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ibb/backoff/growth", test_growth);
  g_test_add_func ("/ibb/backoff/streams", test_streams);
  g_test_add_func ("/ibb/backoff/hurry", test_hurry);

  return g_test_run ();
}
