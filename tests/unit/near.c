/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Peers that share the path near by (D-63). sharing.script has the same with an engine. */

#include "config.h"

#include "core/peer/near.h"

#include "core/peer/first-hop.h"

#define BLOCK IBB_CONTROLLER_BLOCK
#define MS 1000

typedef struct
{
  IBBFirstHop hop;
  IBBNear     near;
  IBBNearPeer peers[12];
  gint64      now;
} Fixture;

static void
init (Fixture *self)
{
  /* A server that answers no ping, so that the time alone tells, unless a test says otherwise. */
  self->hop = (IBBFirstHop){ .is_unanswered = TRUE };
  ibb_near_init (&self->near, &self->hop, NULL, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (self->peers); i++)
    ibb_near_init_peer (&self->peers[i], &self->peers[i]);
  self->now = G_USEC_PER_SEC;
}

/* One block, which is acknowledged after that time. Returns whether it tells of the path that the
 * peer has afterwards. */
static gboolean
send (Fixture *self, guint number, gint64 round_trip)
{
  IBBNearPeer *peer = &self->peers[number];
  gint64       sent = self->now;
  gboolean     is_same;

  ibb_near_sent (&self->near, peer, BLOCK, sent);
  self->now += round_trip;
  is_same = ibb_near_note (&self->near, peer, sent, round_trip, self->now);
  ibb_near_unsent (&self->near, peer, BLOCK);
  return is_same;
}

static gboolean
is_member (const Fixture *self, guint number)
{
  return self->peers[number].is_member;
}

static void
test_join (void)
{
  Fixture f;

  init (&f);
  g_assert_true (send (&f, 0, 5 * MS));
  g_assert_false (is_member (&f, 0));
  /* The next block tells after a pause, which becomes longer. */
  f.now += 14 * MS;
  send (&f, 0, 1 * MS);
  g_assert_false (is_member (&f, 0));
  f.now += 5 * MS;
  f.peers[0].path.size.window = 3 * BLOCK;
  g_assert_true (send (&f, 0, 5 * MS - 1));
  g_assert_true (is_member (&f, 0));
  g_assert_true (ibb_near_get_path (&f.near, &f.peers[0]) == &f.near.path);
  g_assert_cmpuint (f.near.path.size.window, ==, 3 * BLOCK);

  /* Another one finds the path as it is. What it has sent before tells nothing of that. */
  f.near.path.heard = f.now;
  g_assert_false (send (&f, 1, 1 * MS));
  g_assert_true (is_member (&f, 1));
  g_assert_cmpuint (f.near.path.size.window, ==, 3 * BLOCK);
  g_assert_true (send (&f, 1, 1 * MS));
}

/* A block that waited at the server for those of others came as late as a ping. */
static void
test_join_beside (void)
{
  const struct
  {
    gint64   ping_sent; /* after the block, microseconds */
    gint64   answered;
    gint64   round_trip;
    gboolean joins;
  } tests[] = {
    { 0, 50000, 40000, TRUE }, /* the ping is still out */
    { 0, 50000, 54999, TRUE }, /* it has just been answered */
    { 0, 50000, 55000, FALSE },
    { 1000, 50000, 53999, TRUE }, /* it left later, so the block should have come before it */
    { 1000, 50000, 54000, FALSE },
    { -1, 50000, 1000, FALSE }, /* a former one, which tells nothing */
  };

  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      Fixture f;
      gint64  sent;

      init (&f);
      f.hop = (IBBFirstHop){ .in_flight = 2 * BLOCK, .is_unanswered = TRUE };
      sent = f.now;
      ibb_near_sent (&f.near, &f.peers[0], BLOCK, sent);
      f.hop.is_unanswered = FALSE;
      f.hop.least = 1;
      f.hop.context = &(IBBContext){ .local_normal = (char *) "" };
      f.hop.ping_sent = sent + tests[i].ping_sent;
      f.hop.pinged = sent + tests[i].answered;
      f.hop.ping.id = tests[i].round_trip < tests[i].answered ? (char *) "" : NULL;
      ibb_near_note (&f.near, &f.peers[0], sent, tests[i].round_trip, sent + tests[i].round_trip);
      g_assert_cmpint (is_member (&f, 0), ==, tests[i].joins);
      /* A block about which nothing is known costs no pause. */
      g_assert_cmpint (f.peers[0].next_try > 0, ==, !tests[i].joins && tests[i].ping_sent >= 0);
    }
}

static void
join_first (Fixture *self, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      send (self, i, 1 * MS);
      self->near.path.heard = self->now;
      g_assert_true (is_member (self, i));
    }
}

static void
leave (Fixture *self, guint number)
{
  ibb_near_sent (&self->near, &self->peers[number], BLOCK, self->now);
  while (ibb_near_take_mute (&self->near, self->now) == NULL)
    ;
  g_assert_false (is_member (self, number));
  ibb_near_unsent (&self->near, &self->peers[number], BLOCK);
}

/* A peer that does not answer may come back after a while, which is longer each time, unless it has
 * stayed for a minute. */
static void
test_away (void)
{
  Fixture f;

  init (&f);
  join_first (&f, 1);
  for (gint64 away = G_USEC_PER_SEC; away < 60 * G_USEC_PER_SEC; away *= 2)
    {
      leave (&f, 0);
      f.now += away - 2 * MS;
      send (&f, 0, 1 * MS);
      g_assert_false (is_member (&f, 0));
      f.now += 2 * MS;
      send (&f, 0, 1 * MS);
      g_assert_true (is_member (&f, 0));
    }

  f.now += 60 * G_USEC_PER_SEC;
  leave (&f, 0);
  f.now += G_USEC_PER_SEC;
  send (&f, 0, 1 * MS);
  g_assert_true (is_member (&f, 0));
}

/* D-57: members and others share alike in what waits for our server. A window that keeps a peer
 * from its share becomes larger, also that of all members. */
static void
test_share (void)
{
  Fixture f;

  init (&f);
  join_first (&f, 1);
  for (guint i = 0; i < 3; i++)
    {
      IBBController *path = ibb_near_get_path (&f.near, &f.peers[i]);

      path->phase = IBB_CONTROLLER_KEEPING;
      path->kept_trip = 100 * MS;
      ibb_near_sent (&f.near, &f.peers[i], i < 2 ? BLOCK : 5 * BLOCK, f.now);
    }
  f.hop.in_flight = 7 * BLOCK;
  f.hop.delay = 50 * MS;

  for (guint i = 0; i < 3; i++)
    ibb_near_share (&f.near, &f.peers[i], BLOCK);
  g_assert_cmpuint (f.near.path.size.window, ==, 2 * BLOCK);
  g_assert_cmpuint (f.peers[1].path.size.window, ==, 2 * BLOCK);
  g_assert_cmpuint (f.peers[2].path.size.window, ==, BLOCK);

  /* Who has nothing in flight any more has no share, unless a block to it goes next. */
  ibb_near_share (&f.near, &f.peers[1], 2 * BLOCK);
  g_assert_cmpuint (f.peers[1].path.size.window, ==, 2 * BLOCK);
  ibb_near_unsent (&f.near, &f.peers[0], BLOCK);
  f.hop.in_flight -= BLOCK;
  ibb_near_share (&f.near, &f.peers[0], 3 * BLOCK);
  g_assert_cmpuint (f.near.path.size.window, ==, 2 * BLOCK);
  ibb_near_share (&f.near, &f.peers[1], 2 * BLOCK);
  g_assert_cmpuint (f.peers[1].path.size.window, ==, 3 * BLOCK);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/near/D-63/join", test_join);
  g_test_add_func ("/near/D-63/join-beside", test_join_beside);
  g_test_add_func ("/near/D-63/away", test_away);
  g_test_add_func ("/near/D-57/share", test_share);
  return g_test_run ();
}
