/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/base/timer.h"

typedef struct
{
  IBBTimer   timer;
  IBBTimers *timers;
  gint64     again;
  guint      fired;
  guint      turn; /* when it was fired, of all */
  gint64     last;
} Alarm;

static guint n_fired;

static void
alarm_cb (gpointer owner, gint64 now)
{
  Alarm *alarm = owner;

  alarm->fired++;
  alarm->turn = n_fired++;
  alarm->last = now;
  if (alarm->again > 0)
    ibb_timer_set (&alarm->timer, alarm->timers, now + alarm->again);
}

static void
test_order (void)
{
  IBBTimers timers;
  Alarm     alarms[100] = { 0 };

  ibb_timers_init (&timers);
  g_assert_cmpint (ibb_timers_get_next (&timers), ==, IBB_NEVER);
  for (guint i = 0; i < G_N_ELEMENTS (alarms); i++)
    {
      ibb_timer_init (&alarms[i].timer, alarm_cb, &alarms[i]);
      ibb_timer_set (&alarms[i].timer, &timers, (gint64) (i * 37 % 100) + 1);
    }
  g_assert_cmpuint (g_sequence_get_length (timers.sequence), ==, 100);

  for (gint64 now = 1; now <= 100; now++)
    {
      g_assert_cmpint (ibb_timers_get_next (&timers), ==, now);
      ibb_timers_advance (&timers, now);
    }
  for (guint i = 0; i < G_N_ELEMENTS (alarms); i++)
    {
      g_assert_cmpuint (alarms[i].fired, ==, 1);
      g_assert_cmpint (alarms[i].last, ==, (gint64) (i * 37 % 100) + 1);
    }
  g_assert_cmpuint (g_sequence_get_length (timers.sequence), ==, 0);
  ibb_timers_clear (&timers);
}

/* At the same time those that were set first are first. */
static void
test_same_time (void)
{
  IBBTimers timers;
  Alarm     alarms[3] = { 0 };

  ibb_timers_init (&timers);
  for (guint i = 0; i < G_N_ELEMENTS (alarms); i++)
    {
      ibb_timer_init (&alarms[i].timer, alarm_cb, &alarms[i]);
      ibb_timer_set (&alarms[i].timer, &timers, 5);
    }
  ibb_timers_advance (&timers, 5);
  for (guint i = 1; i < G_N_ELEMENTS (alarms); i++)
    g_assert_cmpuint (alarms[i].turn, ==, alarms[i - 1].turn + 1);
  ibb_timers_clear (&timers);
}

static void
test_set_again (void)
{
  IBBTimers timers;
  Alarm     alarm = { .timers = &timers, .again = 10 };

  ibb_timers_init (&timers);
  ibb_timer_init (&alarm.timer, alarm_cb, &alarm);
  ibb_timer_set (&alarm.timer, &timers, 10);
  ibb_timer_set (&alarm.timer, &timers, 5);
  g_assert_cmpuint (g_sequence_get_length (timers.sequence), ==, 1);
  ibb_timers_advance (&timers, 7);
  g_assert_cmpuint (alarm.fired, ==, 1);
  g_assert_cmpint (ibb_timers_get_next (&timers), ==, 17);

  ibb_timer_set (&alarm.timer, &timers, IBB_NEVER);
  g_assert_cmpuint (g_sequence_get_length (timers.sequence), ==, 0);
  ibb_timers_advance (&timers, 1000);
  g_assert_cmpuint (alarm.fired, ==, 1);

  ibb_timer_set (&alarm.timer, &timers, 2000);
  ibb_timers_clear (&timers);
  g_assert_null (alarm.timer.iter);
}

static void
test_deadline (void)
{
  g_assert_cmpint (ibb_timer_get_deadline (5, 1), ==, 1005);
  g_assert_cmpint (ibb_timer_get_deadline (5, G_MAXUINT), ==,
                   5 + G_GINT64_CONSTANT (1000) * G_MAXUINT);
  g_assert_cmpint (ibb_timer_get_deadline (5, 0), ==, IBB_NEVER);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/timer/order", test_order);
  g_test_add_func ("/timer/same-time", test_same_time);
  g_test_add_func ("/timer/set-again", test_set_again);
  g_test_add_func ("/timer/deadline", test_deadline);
  return g_test_run ();
}
