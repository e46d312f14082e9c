/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* When a refused block is sent again, and how many may be in flight then (D-26, D-30, D-32). */

#include "config.h"

#include "core/send/retry.h"

#define SECOND G_USEC_PER_SEC

static void
assert_due (IBBRetry *self, gint64 due)
{
  g_assert_cmpint (self->at, ==, due);
  g_assert_true (ibb_retry_is_waiting (self, due - 1));
  g_assert_false (ibb_retry_is_waiting (self, due));
  self->at = IBB_NEVER;
  g_assert_false (ibb_retry_is_waiting (self, due));
}

/* Each wait is longer than the one before, up to an hour. */
static void
test_waits (void)
{
  static const gint64 seconds[] = { 1, 1, 10, 100, 1000, 3600, 3600 };
  IBBSettings         settings = IBB_SETTINGS_INIT;
  IBBRetry            self = { 0 };

  ibb_retry_init (&self);
  settings.wait_backoff_factor = 10;
  g_assert_cmpint (self.at, ==, IBB_NEVER);
  for (guint n = 0; n < G_N_ELEMENTS (seconds); n++)
    {
      ibb_retry_wait (&self, n, &settings, 5 * SECOND);
      assert_due (&self, (5 + seconds[n]) * SECOND);
    }
}

/* The retries are counted until one succeeds, or the session is interrupted. */
static void
test_forgotten (void)
{
  IBBSettings settings = IBB_SETTINGS_INIT;

  settings.max_retries = 2;
  for (guint way = 0; way < 2; way++)
    {
      IBBRetry self = { 0 };

      ibb_retry_init (&self);
      ibb_retry_acknowledged (&self, 1);
      for (guint round = 0; round < 2; round++)
        {
          g_assert_cmpuint (ibb_retry_get_window (&self, TRUE), ==, G_MAXSIZE);
          g_assert_false (ibb_retry_is_waiting (&self, 0));
          for (guint i = 0; i < 2; i++)
            {
              g_assert_cmpuint (self.n, <, settings.max_retries);
              ibb_retry_alone (&self, &settings, 0);
            }
          g_assert_cmpuint (self.n, >=, settings.max_retries);
          g_assert_true (ibb_retry_is_waiting (&self, 0));
          g_assert_cmpuint (ibb_retry_get_window (&self, TRUE), ==, 0);
          if (way == 0)
            ibb_retry_acknowledged (&self, 1);
          else
            ibb_retry_forget (&self);
        }
    }
}

/* Half of what was in flight when blocks were refused, at least one block, and one block alone
 * after the third time. */
static void
test_window (void)
{
  IBBRetry self = { 0 };

  ibb_retry_init (&self);
  g_assert_cmpuint (ibb_retry_get_window (&self, FALSE), ==, 0);
  ibb_retry_acknowledged (&self, 1);
  ibb_retry_limit (&self, 1000, 100);
  g_assert_cmpuint (ibb_retry_get_window (&self, TRUE), ==, 500);
  ibb_retry_limit (&self, 150, 100);
  g_assert_cmpuint (ibb_retry_get_window (&self, TRUE), ==, 100);
  ibb_retry_limit (&self, 1000, 100);
  g_assert_cmpuint (ibb_retry_get_window (&self, TRUE), ==, 0);
  ibb_retry_acknowledged (&self, 1);
  g_assert_cmpuint (ibb_retry_get_window (&self, TRUE), ==, 0);
}

/* Before the first acknowledgement: one block, or 64 KiB where several may leave. */
static void
test_first (void)
{
  IBBRetry self = { 0 };

  ibb_retry_init (&self);
  g_assert_cmpuint (ibb_retry_get_window (&self, TRUE), ==, 64 * 1024);
  g_assert_cmpuint (ibb_retry_get_window (&self, FALSE), ==, 0);
  ibb_retry_limit (&self, 1000, 100);
  g_assert_cmpuint (ibb_retry_get_window (&self, TRUE), ==, 500);
  ibb_retry_acknowledged (&self, 1);
  g_assert_cmpuint (ibb_retry_get_window (&self, FALSE), ==, 500);
}

/* Three times in the five seconds after we have accepted. */
static void
test_early (void)
{
  IBBBlock block = { .condition = IBB_CONDITION_ITEM_NOT_FOUND };
  IBBRetry self = { 0 };

  ibb_retry_init (&self);
  self.accepted = SECOND;
  for (guint i = 0; i < 3; i++)
    {
      gint64 now = 6 * SECOND - 1;

      g_assert_cmpint (ibb_retry_classify (&self, &block, FALSE, now), ==,
                       IBB_REACTION_RETRY_EARLY);
      g_assert_cmpint (ibb_retry_classify (&self, &block, FALSE, now + 1), ==, IBB_REACTION_FINAL);
      g_assert_cmpint (ibb_retry_classify (&self, &block, TRUE, now), ==, IBB_REACTION_FINAL);
      ibb_retry_wait_early (&self, now);
      assert_due (&self, now + SECOND / 4);
    }
  g_assert_cmpint (ibb_retry_classify (&self, &block, FALSE, SECOND), ==, IBB_REACTION_FINAL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ibb/retry/waits/D-26", test_waits);
  g_test_add_func ("/ibb/retry/forgotten/D-26", test_forgotten);
  g_test_add_func ("/ibb/retry/window/D-30", test_window);
  g_test_add_func ("/ibb/retry/first/D-29", test_first);
  g_test_add_func ("/ibb/retry/early/D-32", test_early);
  return g_test_run ();
}
