/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The room that a peer is offered, and when it is told (D-53). */

#include "config.h"

#include "core/receive/receive-window.h"

#define SECOND G_USEC_PER_SEC

/* Acknowledges the block that ends there, and checks what it tells; -1: nothing. */
static void
assert_told (IBBReceiveWindow *self, guint64 end, guint64 limit, gsize slack, gint64 expected)
{
  IBBRoom  room = { 0 };
  gboolean tells = ibb_receive_window_tell (self, end, limit, slack, &room);

  g_assert_cmpint (tells ? (gint64) room.room : -1, ==, expected);
}

/* Nothing is offered or told before the peer asks. Each block that asks is told. */
static void
test_asked (void)
{
  IBBReceiveWindow self = { 0 };

  g_assert_false (self.is_asked);
  ibb_receive_window_ask (&self, 1000);
  g_assert_true (self.is_asked);
  g_assert_cmpuint (self.limit, ==, 1000);
  assert_told (&self, 100, 1000, 250, 900);
  assert_told (&self, 200, 1100, 250, -1);
  ibb_receive_window_ask (&self, 5000); /* covers no more by itself */
  g_assert_cmpuint (self.limit, <, 1200);
  assert_told (&self, 300, 1200, 250, 900);
  self.is_told = FALSE;
  assert_told (&self, 400, 1300, 250, 900);
}

/* A reader that keeps up is told of once, also where it is behind for a moment. */
static void
test_steady (void)
{
  IBBReceiveWindow self = { 0 };

  ibb_receive_window_ask (&self, 1000);
  assert_told (&self, 100, 1000, 250, 900);
  for (guint64 i = 2; i < 1000; i++)
    assert_told (&self, i * 100, i * 100 + 700 + i * 37 % 300, 250, -1);
}

/* A reader that stops: the room falls to 0, the position never goes back, and what is promised
 * by saying nothing is no more than the slack. */
static void
test_stopped (void)
{
  IBBReceiveWindow self = { 0 };
  guint            n_told = 0;
  guint64          end = 0;
  guint64          before = 0;
  IBBRoom          room = { 0 };

  ibb_receive_window_ask (&self, 1000);
  while (end == 0 || end + 50 <= self.limit)
    {
      end += 50;
      n_told += ibb_receive_window_tell (&self, end, 1000, 250, &room);
      g_assert_cmpuint (self.limit, >=, before);
      before = self.limit;
    }
  g_assert_cmpuint (room.room, ==, 0);
  g_assert_cmpuint (end, ==, 1250);
  g_assert_cmpuint (n_told, <=, 21);
  /* Still nothing, and then some. */
  assert_told (&self, 1300, 1000, 250, -1);
  assert_told (&self, 1350, 1351, 250, 1);
  assert_told (&self, 1400, 1900, 250, 500);
}

/* Growth is told by the quarter. */
static void
test_grows (void)
{
  IBBReceiveWindow self = { 0 };

  ibb_receive_window_ask (&self, 1000);
  assert_told (&self, 0, 1000, 250, 1000);
  assert_told (&self, 100, 1350, 250, -1);
  assert_told (&self, 100, 1351, 250, 1251);
}

/* More bytes have come than there was room for: room 0 is told, although the last limit is near. */
static void
test_behind (void)
{
  IBBReceiveWindow self = { 0 };

  ibb_receive_window_ask (&self, 200);
  assert_told (&self, 100, 200, 250, 100);
  assert_told (&self, 1000, 900, 250, 0);
}

/* The room is used up to the last byte: room 0 is told, although the room that was told is small,
 * and is told once. */
static void
test_used_up (void)
{
  IBBReceiveWindow self = { 0 };

  ibb_receive_window_ask (&self, 1000);
  assert_told (&self, 800, 1000, 250, 200);
  assert_told (&self, 1000, 1000, 250, 0);
  assert_told (&self, 1000, 1000, 250, -1); /* a block without bytes */
}

/* An acknowledgement that was delayed tells that, whatever the room is. */
static void
test_delay (void)
{
  IBBReceiveWindow self = { 0 };
  IBBRoom          room = { .delay = 1 };

  ibb_receive_window_ask (&self, 1000);
  assert_told (&self, 100, 1000, 250, 900);
  g_assert_true (ibb_receive_window_tell (&self, 200, 1100, 250, &room));
  g_assert_cmpuint (room.room, ==, 900);
  g_assert_cmpuint (room.delay, ==, 1);
}

/* More than the number holds is its largest value. */
static void
test_most (void)
{
  IBBReceiveWindow self = { 0 };

  ibb_receive_window_ask (&self, 0);
  assert_told (&self, 1, G_MAXUINT64 / 2, 0, G_MAXUINT32);
}

/* Bytes that were read count for a second, and less with time. */
static void
test_recent (void)
{
  IBBReceiveWindow self = { 0 };
  gint64           now = 100 * SECOND;

  g_assert_cmpuint (ibb_receive_window_get_recent (&self, now), ==, 0);
  ibb_receive_window_note_read (&self, 1000, now);
  g_assert_cmpuint (ibb_receive_window_get_recent (&self, now), ==, 1000);
  g_assert_cmpuint (ibb_receive_window_get_recent (&self, now + SECOND / 2), ==, 500);
  g_assert_cmpuint (ibb_receive_window_get_recent (&self, now + SECOND), ==, 0);
  g_assert_cmpuint (ibb_receive_window_get_recent (&self, now + 90 * SECOND), ==, 0);
  ibb_receive_window_note_read (&self, 1000, now + SECOND / 2);
  g_assert_cmpuint (ibb_receive_window_get_recent (&self, now + SECOND / 2), ==, 1500);
}

/* A steady rate shows as the bytes of one second, in small steps and in large ones. */
static void
test_rate (void)
{
  static const guint steps[] = { 1000, 100, 10 };

  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      IBBReceiveWindow self = { 0 };
      gint64           now = 100 * SECOND;

      for (guint n = 0; n < 10 * steps[i]; n++)
        {
          now += SECOND / steps[i];
          ibb_receive_window_note_read (&self, 1000 * 1000 / steps[i], now);
        }
      g_assert_cmpuint (ibb_receive_window_get_recent (&self, now), >=, 900 * 1000);
      g_assert_cmpuint (ibb_receive_window_get_recent (&self, now), <=, 1100 * 1000);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/ibb/offer/asked/D-53", test_asked);
  g_test_add_func ("/ibb/offer/steady/D-53", test_steady);
  g_test_add_func ("/ibb/offer/stopped/D-53", test_stopped);
  g_test_add_func ("/ibb/offer/grows/D-53", test_grows);
  g_test_add_func ("/ibb/offer/behind/D-53", test_behind);
  g_test_add_func ("/ibb/offer/used-up/D-53", test_used_up);
  g_test_add_func ("/ibb/offer/delay/D-53", test_delay);
  g_test_add_func ("/ibb/offer/most/D-53", test_most);
  g_test_add_func ("/ibb/offer/recent/D-53", test_recent);
  g_test_add_func ("/ibb/offer/rate/D-53", test_rate);

  return g_test_run ();
}
