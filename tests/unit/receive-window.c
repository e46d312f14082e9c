/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The room that a peer is offered, and when it is told (D-53). */

#include "config.h"

#include "core/receive/receive-window.h"

/* Acknowledges the block that ends there, and checks what it tells; -1: nothing. */
static void
assert_told (IBBReceiveWindow *self, guint64 end, guint64 limit, gsize slack, gint64 expected)
{
  IBBRoom  room = { 0 };
  gboolean tells = ibb_receive_window_tell (self, end, limit, slack, &room);

  g_assert_cmpint (tells ? (gint64) room.room : -1, ==, expected);
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

/* More than the number holds is its largest value. */
static void
test_most (void)
{
  IBBReceiveWindow self = { 0 };

  ibb_receive_window_ask (&self, 0);
  assert_told (&self, 1, G_MAXUINT64 / 2, 0, G_MAXUINT32);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/ibb/offer/grows/D-53", test_grows);
  g_test_add_func ("/ibb/offer/behind/D-53", test_behind);
  g_test_add_func ("/ibb/offer/used-up/D-53", test_used_up);
  g_test_add_func ("/ibb/offer/most/D-53", test_most);

  return g_test_run ();
}
