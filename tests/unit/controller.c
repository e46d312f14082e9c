/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What no network of tests/flow has: bounds to the byte, paths that become others, and pauses. */

#include "config.h"

#include "core/flow/controller.h"

#include "core/peer/first-hop.h"

#define BLOCK IBB_CONTROLLER_BLOCK

static void
init (IBBController *self, gsize window, gsize in_flight)
{
  ibb_controller_init (self);
  self->size.window = window;
  ibb_controller_sent (self, in_flight);
}

/* One block always may go; more within the window and the share of the peer. */
static void
test_may_send (void)
{
  IBBController path;

  init (&path, BLOCK, 0);
  g_assert_true (ibb_controller_may_send (&path, 2 * BLOCK, 0, FALSE));
  init (&path, 4 * BLOCK, 2 * BLOCK);
  g_assert_true (ibb_controller_may_send (&path, BLOCK, 3 * BLOCK, FALSE));
  g_assert_false (ibb_controller_may_send (&path, BLOCK, 3 * BLOCK - 1, FALSE));
  g_assert_false (path.measurement.is_limited);
  g_assert_true (ibb_controller_may_send (&path, 2 * BLOCK, G_MAXSIZE, FALSE));
  g_assert_false (ibb_controller_may_send (&path, 2 * BLOCK + 1024, G_MAXSIZE, FALSE));
  g_assert_true (path.measurement.is_limited);
}

/* While a person chats, blocks on a slow path are short, and alone. */
static void
test_brief (void)
{
  IBBController path;

  init (&path, 2 * BLOCK - 1, 1);
  path.phase = IBB_CONTROLLER_KEEPING;
  path.kept_trip = 300000; /* microseconds; a short stanza takes none */
  path.kept_in_flight = BLOCK;
  path.kept_rate = 0.02; /* bytes in a microsecond */
  g_assert_cmpuint (ibb_controller_get_block (&path, 3000, FALSE), ==, 3000);
  g_assert_cmpuint (ibb_controller_get_block (&path, BLOCK, TRUE), ==, 2000);
  g_assert_true (ibb_controller_may_send (&path, 1000, G_MAXSIZE, FALSE));
  g_assert_false (ibb_controller_may_send (&path, 1000, G_MAXSIZE, TRUE));
  path.kept_rate = BLOCK / 100000.0;
  g_assert_true (ibb_controller_may_send (&path, 1000, G_MAXSIZE, TRUE));
  path.kept_rate = 0.02;
  path.size.window++;
  g_assert_cmpuint (ibb_controller_get_block (&path, BLOCK, TRUE), ==, BLOCK);
  g_assert_true (ibb_controller_may_send (&path, 1000, G_MAXSIZE, TRUE));
}

/* D-57: there is a queue at our server, and others wait in it. */
static void
test_shared (void)
{
  IBBFirstHop hop = { .in_flight = 2 * BLOCK, .is_bounded = TRUE };

  g_assert_true (ibb_first_hop_is_shared (&hop, BLOCK));
  g_assert_false (ibb_first_hop_is_shared (&hop, 2 * BLOCK));
  hop.is_bounded = FALSE;
  g_assert_false (ibb_first_hop_is_shared (&hop, BLOCK));
}

/* D-57: half of the round trip is a wait for our server. The peer may have its share of what is in
 * flight to all, the next block included. */
static void
test_grants (void)
{
  const struct
  {
    gint64   delay;
    gsize    in_flight;
    guint    n_peers;
    double   round_trip;
    gboolean is_granted;
  } tests[] = {
    { 50000, 4 * BLOCK, 3, 100000, TRUE },  { 49999, 4 * BLOCK, 3, 99998, FALSE },
    { 50000, 4 * BLOCK, 3, 100001, FALSE }, { 50000, 4 * BLOCK + 1, 3, 100000, FALSE },
    { 50000, 12 * BLOCK, 1, 100000, TRUE }, { 50000, 12 * BLOCK + 1, 1, 100000, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      IBBFirstHop hop = { .in_flight = 12 * BLOCK, .delay = tests[i].delay };

      g_assert_cmpint (
          ibb_first_hop_grants (&hop, tests[i].in_flight, tests[i].n_peers, tests[i].round_trip),
          ==, tests[i].is_granted);
    }
}

/* The window becomes larger, in whole blocks, but not smaller, nor while another one is tried. */
static void
test_enlarge (void)
{
  const struct
  {
    IBBControllerPhase phase;
    gsize              in_flight;
    gsize              window;
  } tests[] = {
    { IBB_CONTROLLER_KEEPING, 4 * BLOCK - 1, 3 },
    { IBB_CONTROLLER_KEEPING, 3 * BLOCK - 1, 2 },
    { IBB_CONTROLLER_KEEPING, 1 * BLOCK, 2 },
    { IBB_CONTROLLER_STARTING, 4 * BLOCK, 2 },
    { IBB_CONTROLLER_TRYING, 4 * BLOCK, 2 },
    { IBB_CONTROLLER_KEEPING, 2 * IBB_CONTROLLER_MAX, 8192 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      IBBController path;

      init (&path, 2 * BLOCK, 0);
      path.kept = path.size;
      path.phase = tests[i].phase;
      ibb_controller_sent (&path, tests[i].in_flight - 8);
      ibb_controller_enlarge (&path, 8);
      g_assert_cmpuint (path.size.window, ==, tests[i].window * BLOCK);
      g_assert_cmpuint (path.kept.window, ==, tests[i].window * BLOCK);
    }
}

/* How many blocks of a session that is alone leave at once: near by the others wait. */
static void
test_alone (void)
{
  for (guint i = 0; i < 2; i++)
    {
      IBBController path;
      guint         n = 0;

      ibb_controller_init (&path);
      ibb_controller_note_answer (&path, 62500 + i, TRUE, 1); /* microseconds */
      for (; ibb_controller_may_send (&path, BLOCK, G_MAXSIZE, FALSE); n++)
        ibb_controller_sent (&path, BLOCK);
      g_assert_cmpuint (n, ==, i == 0 ? 2 : 5);
    }
}

/* A path: a delay both ways together, jitter at most, in seconds, and one server that carries so
 * many bytes a second, in order. */
typedef struct
{
  double delay;
  double rate;
  gsize  block;
  double jitter;
  double seconds; /* until it is found */
} Path;

typedef struct
{
  gint64 sent;
  gint64 answered;
  gsize  in_flight;
  gsize  length;
} Block;

typedef struct
{
  IBBController controller;
  GQueue        blocks; /* (element-type Block): in flight */
  gint64        now;
  double        server_free; /* seconds */
  double        last_answer;
  double        waited; /* seconds, sum */
  guint         n_blocks;
  guint64       acknowledged;
} Model;

static void
model_send (Model *self, const Path *path, gsize length, GRand *random)
{
  Block *block = g_new (Block, 1);
  double arrives = (double) self->now / G_USEC_PER_SEC + path->delay / 2;
  double waits = MAX (self->server_free - arrives, 0);

  self->server_free = arrives + waits + (double) length / path->rate;
  /* Stanzas keep their order. */
  self->last_answer = MAX (self->last_answer, self->server_free + path->delay / 2 +
                                                  g_rand_double (random) * path->jitter);
  ibb_controller_sent (&self->controller, length);
  *block = (Block){ self->now, (gint64) (self->last_answer * G_USEC_PER_SEC),
                    self->controller.in_flight, length };
  g_queue_push_tail (&self->blocks, block);
  self->waited += waits;
  self->n_blocks++;
}

static gboolean
may_send (Model *self, gsize length)
{
  if (g_queue_get_length (&self->blocks) < IBB_CONTROLLER_BLOCKS_MAX)
    return ibb_controller_may_send (&self->controller, length, G_MAXSIZE, FALSE);
  ibb_controller_cap (&self->controller);
  return FALSE;
}

static void
note (Model *self, const Path *path, const Block *block)
{
  const IBBControllerSample sample = {
    .in_flight = block->in_flight,
    .sent = block->sent,
    .round_trip = MAX (self->now - block->sent, 1),
    .hop_trip = (gint64) (path->delay * G_USEC_PER_SEC),
    .limit = path->block,
  };

  ibb_controller_acknowledged (&self->controller, &sample, self->now);
}

static void
model_run (Model *self, const Path *path, double seconds, GRand *random)
{
  gint64 end = self->now + (gint64) (seconds * G_USEC_PER_SEC);

  self->waited = self->n_blocks = 0;
  self->acknowledged = 0;
  while (self->now < end)
    {
      g_autofree Block *block = NULL;
      gsize             length = ibb_controller_get_block (&self->controller, path->block, FALSE);

      while (may_send (self, length))
        model_send (self, path, length, random);
      block = g_queue_pop_head (&self->blocks);
      self->now = MAX (self->now, block->answered);
      ibb_controller_forget (&self->controller, block->length);
      self->acknowledged += block->length;
      note (self, path, block);
    }
}

static void
model_init (Model *self)
{
  *self = (Model){ .now = G_USEC_PER_SEC };
  ibb_controller_init (&self->controller);
}

/* The path becomes another one, and another one, and each is found in so many seconds. A wider
 * one shows only in a trial, and the pause between trials is long by then. */
static void
test_change (void)
{
  const Path paths[] = {
    { .delay = 0.05, .rate = 5e6, .block = 4096, .jitter = 0.001, .seconds = 60 },
    /* less room */
    { .delay = 0.05, .rate = 100e3, .block = 4096, .jitter = 0.001, .seconds = 60 },
    /* more: 200 round trips */
    { .delay = 0.05, .rate = 5e6, .block = 4096, .jitter = 0.001, .seconds = 200 * 0.05 },
    /* longer, with more in flight than 200 blocks of 4096 bytes */
    { .delay = 0.2, .rate = 5e6, .block = 8192, .jitter = 0.001, .seconds = 60 },
    /* shorter */
    { .delay = 0.001, .rate = 5e6, .block = 4096, .jitter = 0.0001, .seconds = 60 },
    /* behind a throttle */
    { .delay = 0.001, .rate = 7250, .block = 4096, .jitter = 0.0001, .seconds = 60 },
  };

  for (guint32 seed = 1; seed <= 5; seed++)
    {
      g_autoptr (GRand) random = g_rand_new_with_seed (seed);
      Model             model;

      model_init (&model);
      for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
        {
          model_run (&model, &paths[i], paths[i].seconds, random);
          model_run (&model, &paths[i], 20, random);
          g_assert_cmpfloat ((double) model.acknowledged, >, 0.85 * 20 * paths[i].rate);
          g_assert_cmpfloat (model.waited / model.n_blocks, <,
                             MAX (paths[i].delay, 3 * 4096 / paths[i].rate));
        }
      g_queue_clear_full (&model.blocks, g_free);
    }
}

/* After a minute without a block the window is only a first guess. */
static void
test_idle (void)
{
  const Path        path = { .delay = 0.1, .rate = 5e6, .block = 4096, .jitter = 0.001 };
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  Model             model;
  gsize             window;

  model_init (&model);
  model_run (&model, &path, 10, random);
  window = model.controller.size.window;
  g_assert_cmpuint (window, >, 64 * 4096);
  model.now += 61 * G_USEC_PER_SEC;
  note (&model, &path, &(Block){ .sent = model.now - 1000, .in_flight = 4096 });
  g_assert_cmpuint (model.controller.size.window, ==, 4 * 4096);
  g_queue_clear_full (&model.blocks, g_free);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/controller/limits/may-send", test_may_send);
  g_test_add_func ("/controller/limits/brief", test_brief);
  g_test_add_func ("/controller/limits/shared", test_shared);
  g_test_add_func ("/controller/limits/D-57/grants", test_grants);
  g_test_add_func ("/controller/limits/D-57/enlarge", test_enlarge);
  g_test_add_func ("/controller/limits/D-55/alone", test_alone);
  g_test_add_func ("/controller/change", test_change);
  g_test_add_func ("/controller/idle", test_idle);
  return g_test_run ();
}
