/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How the window grows at the start (D-55). */

#include "config.h"

#include "controller-model.h"

/* A search whose first window was full, so that it has doubled. Returns when the block left. */
static gint64
start (IBBController *self, gint64 trip)
{
  gint64 now = G_USEC_PER_SEC;

  init (self, 4096);
  self->measurement.is_limited = TRUE;
  note (self, 4096, now, trip, 4096, now + trip);
  g_assert_cmpuint (self->size.window, ==, 2 * 4096);
  return now;
}

/* Behind a limit that lets some bytes pass at once, blocks take long only after the start. Then
 * they are short while a person chats. */
static void
test_slow_later (void)
{
  const gint64  fast = 1000, slow = 580000;
  IBBController controller;
  gint64        sent = start (&controller, fast) + fast;

  controller.measurement.is_limited = TRUE;
  note (&controller, 8192, sent, 2 * fast, 4096, sent + 2 * fast);
  g_assert_cmpint (controller.phase, ==, IBB_CONTROLLER_KEEPING);
  sent += 3 * fast;
  for (guint i = 0; i < 9; i++, sent += slow)
    note (&controller, 4096, sent, slow, 4096, sent + slow);
  g_assert_cmpuint (ibb_controller_get_block (&controller, 4096, TRUE), <, 4096);
}

/* At the start a larger window says nothing as long as no more is in flight than before, but for
 * some bytes. Then it has to carry more. */
static void
test_no_more (void)
{
  static const struct
  {
    gsize              in_flight;
    IBBControllerPhase phase;
  } tests[] = {
    { 4096, IBB_CONTROLLER_STARTING },
    { 4096 + 1023, IBB_CONTROLLER_STARTING },
    { 4096 + 1024, IBB_CONTROLLER_KEEPING },
  };
  const gint64 trip = 10000;
  const gint64 later = 12500;

  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      IBBController controller;
      gint64        now = start (&controller, trip);

      for (guint j = 0; j < 4; j++)
        {
          now += later;
          note (&controller, tests[i].in_flight, now, later, 4096, now + later);
        }
      g_assert_cmpint (controller.phase, ==, tests[i].phase);
    }
}

/* How many blocks of 4096 bytes leave now. */
static guint
send_all (IBBController *self)
{
  guint n = 0;

  for (; ibb_controller_may_send (self, 4096, G_MAXSIZE, FALSE); n++)
    ibb_controller_sent (self, 4096);
  return n;
}

/* A session that is alone begins with five blocks. Near by three of them wait for an
 * acknowledgement that does not take long. No other block leaves before the last of these is
 * acknowledged. */
static void
test_alone (void)
{
  static const struct
  {
    gint64   answer; /* microseconds; of a short stanza */
    gboolean is_alone;
    guint    n_blocks; /* that leave at once */
  } tests[] = {
    { 62501, TRUE, 5 },
    { 62500, TRUE, 2 },
    { 62501, FALSE, 1 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    for (guint is_slow = 0; is_slow <= 1; is_slow++)
      {
        gint64        answer = tests[i].answer;
        gint64        trip = is_slow ? answer * 5 / 2 + 20001 : answer;
        IBBController controller;

        ibb_controller_init (&controller);
        ibb_controller_note_answer (&controller, answer, tests[i].is_alone, 1);
        g_assert_cmpuint (send_all (&controller), ==, tests[i].n_blocks);
        if (!tests[i].is_alone)
          continue;
        ibb_controller_forget (&controller, 4096);
        note (&controller, 4096, 1, trip, 4096, 1 + trip);
        if (is_slow)
          g_assert_cmpint (controller.phase, ==, IBB_CONTROLLER_KEEPING);
        else
          g_assert_cmpuint (send_all (&controller), ==, 5 - tests[i].n_blocks);
        /* An answer that comes later changes no window, unless the path may be another one. */
        ibb_controller_note_answer (&controller, 1, TRUE, 1 + trip);
        g_assert_cmpuint (controller.size.window, ==, is_slow ? 4096 : 5 * 4096);
        ibb_controller_note_answer (&controller, 1, TRUE, 2 + trip + 60 * G_USEC_PER_SEC);
        g_assert_cmpuint (controller.size.window, ==, 5 * 4096);
      }
}

/* The start ends with a smaller window. What left before that does not tell what it carries. */
static void
test_start_ends (void)
{
  const gint64  trip = 20000;
  IBBController controller;
  gint64        sent = start (&controller, trip) + trip;
  gint64        now = sent + 3 * trip;

  controller.measurement.is_limited = TRUE;
  note (&controller, 8192, sent, 3 * trip, 4096, now);
  g_assert_cmpint (controller.phase, ==, IBB_CONTROLLER_KEEPING);
  note (&controller, 8192, now, trip, 4096, now + trip);
  g_assert_cmpuint (controller.measurement.n_samples, ==, 0);
  note (&controller, 4096, now + 1, trip, 4096, now + 1 + trip);
  g_assert_cmpuint (controller.measurement.n_samples, ==, 1);
}

/* A reader that offers less than the window: what is in flight is the step, and the start goes on.
 */
static void
test_offered (void)
{
  const gint64  trip = 100000;
  IBBController controller;
  gint64        now = start (&controller, trip);

  for (guint i = 0; i < 4; i++)
    {
      now += trip;
      note (&controller, 6144, now, trip * 6 / 5, 4096, now + trip * 6 / 5);
    }
  g_assert_cmpint (controller.phase, ==, IBB_CONTROLLER_STARTING);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/controller/start/slow-later", test_slow_later);
  g_test_add_func ("/controller/start/no-more", test_no_more);
  g_test_add_func ("/controller/start/alone", test_alone);
  g_test_add_func ("/controller/start/start-ends", test_start_ends);
  g_test_add_func ("/controller/start/offered", test_offered);
  return g_test_run ();
}
