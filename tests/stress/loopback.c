/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The storm over a loopback that delays, limits, loses, bounces and doubles. */

#include "stress.h"

static IBBLoopback *loopback;

static char *
make_jid (guint index)
{
  return g_strdup_printf ("user%u@example.org/stress", index);
}

static IBBConnection *
make_connection (const char *jid)
{
  return ibb_loopback_attach (loopback, jid);
}

static void
shake (Worker *worker, Place *place)
{
  g_object_set (loopback, "seed", below (worker, 1000), NULL);
  ibb_loopback_set_latency (loopback, chance (worker, 0.3) ? below (worker, 3) : 0);
  ibb_loopback_set_rate (loopback, chance (worker, 0.1) ? 5000000 : 0);
  if (chance (worker, 0.1))
    {
      g_atomic_int_set (&stanzas_come_twice, TRUE);
      ibb_loopback_set_duplicate_probability (loopback, 0.05);
    }
  else
    ibb_loopback_set_duplicate_probability (loopback, 0);
  ibb_loopback_set_bounce_probability (loopback, chance (worker, 0.1) ? 0.01 : 0);
  ibb_loopback_set_drop_probability (loopback, chance (worker, 0.05) ? 0.001 : 0);
  g_assert_cmpfloat (ibb_loopback_get_drop_probability (loopback), <, 1);
}

static void
finish (void)
{
  g_assert_finalize_object (loopback);
}

static const Setting setting = {
  .name = "loopback",
  .n_places = 4,
  .make_jid = make_jid,
  .make_connection = make_connection,
  .shake = shake,
  .finish = finish,
};

int
main (int argc, char **argv)
{
  loopback = ibb_loopback_new ();
  return stress_main (argc, argv, &setting);
}
