/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The room that a peer has told of its reader, and how much it allows (D-54). */

#include "config.h"

#include "core/flow/send-window.h"

static IBBStanza *
new_answer (gboolean tells, guint32 room, guint32 delay)
{
  IBBStanza *answer =
      ibb_stanza_record_new (IBB_STANZA_IQ, "result", IBB_PAYLOAD_RESULT, "id", "us@here/r");

  answer->tells_room = tells;
  answer->room = room;
  answer->delay = delay;
  return answer;
}

static void
acknowledge (IBBSendWindow *self, guint64 end, gboolean tells, guint32 room, gint64 now)
{
  IBBStanza *answer = new_answer (tells, room, 0);

  ibb_send_window_acknowledged (self, answer, end, now);
  ibb_stanza_record_unref (answer);
}

/* A peer that tells nothing sets no limit, and neither does one that was not asked. */
static void
test_untold (void)
{
  IBBSendWindow self = { 0 };

  g_assert_true (ibb_send_window_covers (&self, G_MAXUINT64));
  acknowledge (&self, 100, FALSE, 0, 1);
  acknowledge (&self, 200, TRUE, 10, 2);
  g_assert_true (ibb_send_window_covers (&self, G_MAXUINT64));
  ibb_send_window_note_asked (&self);
  acknowledge (&self, 300, FALSE, 0, 3);
  g_assert_true (ibb_send_window_covers (&self, G_MAXUINT64));
}

/* The room that was told last holds behind each block whose answer tells nothing. */
static void
test_told (void)
{
  IBBSendWindow self = { 0 };

  ibb_send_window_note_asked (&self);
  acknowledge (&self, 100, TRUE, 50, 1);
  g_assert_true (ibb_send_window_covers (&self, 150));
  g_assert_false (ibb_send_window_covers (&self, 151));
  acknowledge (&self, 120, FALSE, 0, 2);
  g_assert_true (ibb_send_window_covers (&self, 170));
  g_assert_false (ibb_send_window_covers (&self, 171));
  acknowledge (&self, 170, TRUE, 0, 3);
  g_assert_false (ibb_send_window_covers (&self, 171));
  acknowledge (&self, 180, TRUE, G_MAXUINT32, 4);
  g_assert_true (ibb_send_window_covers (&self, (guint64) G_MAXUINT32 + 180));
}

/* Blocks ask until the room is told, for a block beyond the limit, after a resumption, and when the
 * sender wants to know again. */
static void
test_asks (void)
{
  IBBSendWindow self = { 0 };

  g_assert_true (ibb_send_window_must_ask (&self, 1, 0));
  ibb_send_window_note_asked (&self);
  g_assert_true (ibb_send_window_must_ask (&self, 1, 0));
  acknowledge (&self, 100, TRUE, 50, 10);
  g_assert_false (ibb_send_window_must_ask (&self, 150, 0));
  g_assert_true (ibb_send_window_must_ask (&self, 151, 0));
  g_assert_true (ibb_send_window_must_ask (&self, 150, 10));
  acknowledge (&self, 110, FALSE, 0, 11);
  g_assert_true (ibb_send_window_must_ask (&self, 150, 10));
  acknowledge (&self, 120, TRUE, 50, 12);
  g_assert_false (ibb_send_window_must_ask (&self, 150, 10));
  ibb_send_window_ask_again (&self);
  g_assert_true (ibb_send_window_must_ask (&self, 150, 10));
}

static void
test_delay (void)
{
  IBBSendWindow self = { 0 };
  IBBStanza    *answer = new_answer (TRUE, 0, G_MAXUINT32);
  IBBStanza    *empty = new_answer (FALSE, 0, 5);

  g_assert_cmpint (ibb_send_window_get_delay (&self, answer), ==, 0);
  ibb_send_window_note_asked (&self);
  g_assert_cmpint (ibb_send_window_get_delay (&self, answer), ==, G_MAXUINT32);
  g_assert_cmpint (ibb_send_window_get_delay (&self, empty), ==, 0);
  ibb_stanza_record_unref (answer);
  ibb_stanza_record_unref (empty);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/ibb/credit/untold/D-54", test_untold);
  g_test_add_func ("/ibb/credit/told/D-54", test_told);
  g_test_add_func ("/ibb/credit/asks/D-54", test_asks);
  g_test_add_func ("/ibb/credit/delay/D-54", test_delay);

  return g_test_run ();
}
