/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The check of debug builds that mutexes are taken in their order. */

#include "config.h"

#include "base/lock-order.h"

static void
take (const char *first, const char *second)
{
  GMutex mutexes[2];

  for (guint i = 0; i < G_N_ELEMENTS (mutexes); i++)
    g_mutex_init (&mutexes[i]);
  ibb_lock_order_lock (&mutexes[0], first);
  ibb_lock_order_lock (&mutexes[1], second);
  ibb_lock_order_unlock (&mutexes[0]);
  ibb_lock_order_unlock (&mutexes[1]);
  for (guint i = 0; i < G_N_ELEMENTS (mutexes); i++)
    g_mutex_clear (&mutexes[i]);
}

static void
test_in_order (void)
{
  if (g_test_subprocess ())
    {
      take ("../ibb-glib/connection/ibb-connection-audience.c", "../ibb-glib/base/lock.c");
      take ("outbox.c", "xml-output.c");
      return;
    }
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
}

static void
test_wrong_order (void)
{
  if (g_test_subprocess ())
    {
      take ("../ibb-glib/base/lock.c", "../ibb-glib/connection/ibb-connection-audience.c");
      return;
    }
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr (
      "*The lock of ibb-connection-audience.c is taken with that of lock.c held*");
}

static void
test_no_order (void)
{
  if (g_test_subprocess ())
    {
      take ("hub.c", "weak.c");
      return;
    }
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*The lock of weak.c is taken with that of hub.c held*");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/lock-order/in-order", test_in_order);
  g_test_add_func ("/lock-order/wrong-order", test_wrong_order);
  g_test_add_func ("/lock-order/no-order", test_no_order);
  return g_test_run ();
}
