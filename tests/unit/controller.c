/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The window against a model of a path. */

#include "config.h"

#include "controller-model.h"

static double
get_utilization (const Model *self, const Path *path, double seconds)
{
  return (double) self->acknowledged / seconds / path->rate;
}

/* Whether a larger window is just tried. */
static gboolean
is_raised (const IBBController *self)
{
  return self->phase == IBB_CONTROLLER_TRYING && self->next == 0;
}

static void
test_path (gconstpointer data)
{
  const Path *path = data;

  for (guint32 seed = 1; seed <= 5; seed++)
    {
      g_autoptr (GRand) random = g_rand_new_with_seed (seed);
      Model             model;
      double            utilization, queue;

      model_init (&model);
      model_run (&model, path, path->seconds / 3, random); /* it finds its way */
      model_run (&model, path, path->seconds, random);
      utilization = get_utilization (&model, path, path->seconds);
      queue = model.waited / model.n_blocks;
      g_test_message ("seed %u: utilization %.3f, queue %.4f s, window %zu", seed, utilization,
                      queue, model.controller.size.window);
      g_assert_cmpfloat (utilization, >=, path->utilization);
      g_assert_cmpfloat (queue, <=, path->queue);
      model_clear (&model);
    }
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
          g_test_message ("seed %u, path %u: utilization %.3f", seed, i,
                          get_utilization (&model, &paths[i], 20));
          g_assert_cmpfloat (get_utilization (&model, &paths[i], 20), >, 0.85);
          g_assert_cmpfloat (model.waited / model.n_blocks, <,
                             MAX (paths[i].delay, 3 * 4096 / paths[i].rate));
        }
      model_clear (&model);
    }
}

/* A round trip that takes two and a half times as long, with the same in flight, is another
 * path: the window is not lowered step by step. */
static void
test_less_room (void)
{
  for (guint32 seed = 1; seed <= 5; seed++)
    {
      Path              path = { .delay = 0.02, .rate = 1e6, .block = 4096, .jitter = 0.0001 };
      g_autoptr (GRand) random = g_rand_new_with_seed (seed);
      Model             model;
      gsize             before, least = G_MAXSIZE;

      model_init (&model);
      model_run (&model, &path, 10, random);
      before = model.controller.kept.window;
      path.rate /= 2.5;
      for (guint i = 0; i < 10; i++)
        {
          model_run (&model, &path, 0.1, random);
          least = MIN (least, model.controller.size.window);
        }
      g_assert_cmpuint (least, <, before / 2);
      model_clear (&model);
    }
}

/* Which length is found, and what it carries of what the best one does. */
static void
assert_length (Path path, gsize least, gsize most, double utilization)
{
  for (guint32 seed = 1; seed <= 5; seed++)
    {
      g_autoptr (GRand) random = g_rand_new_with_seed (seed);
      Model             model;

      model_init (&model);
      model_run (&model, &path, path.seconds / 3, random);
      model_run (&model, &path, path.seconds, random);
      g_test_message ("block %zu, utilization %.3f",
                      ibb_controller_get_block (&model.controller, G_MAXSIZE, FALSE),
                      get_utilization (&model, &path, path.seconds));
      g_assert_cmpuint (ibb_controller_get_block (&model.controller, G_MAXSIZE, FALSE), >=, least);
      g_assert_cmpuint (ibb_controller_get_block (&model.controller, G_MAXSIZE, FALSE), <=, most);
      g_assert_cmpfloat (get_utilization (&model, &path, path.seconds), >, utilization);
      model_clear (&model);
    }
}

/* Each block costs the server time, so a few long ones carry more than many short ones. */
static void
test_longer (void)
{
  Path path = { .delay = 0.0002, .rate = 20e6, .block = 16384, .seconds = 5, .cost = 0.0002 };

  assert_length (path, 16384, 16384, 0.65);
  path.delay = 0.05;
  path.seconds = 15;
  assert_length (path, 16384, 16384, 0.7);
}

/* A peer that takes one block at a time gets long ones, near and far. */
static void
test_single (void)
{
  Path path = { .rate = 10e6, .block = 16384, .seconds = 60, .is_single = TRUE };

  path.delay = 0.1;
  assert_length (path, 16384, 16384, 0.9 * 16384 / 0.1 / path.rate);
  path.delay = 0.3;
  assert_length (path, 16384, 16384, 0.8 * 16384 / 0.3 / path.rate);
}

/* One block at a time, and no longer ones: there is nothing to try. */
static void
test_nothing_to_try (void)
{
  const Path        path = { .delay = 0.05, .rate = 10e6, .block = 4096, .is_single = TRUE };
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  Model             model;

  model_init (&model);
  for (guint i = 0; i < 600; i++)
    {
      model_run (&model, &path, 0.1, random);
      g_assert_cmpint (model.controller.phase, !=, IBB_CONTROLLER_TRYING);
    }
  model_clear (&model);
}

/* A server that writes a long block in two steps, of which Nagle's algorithm holds the second:
 * trials of such blocks are rare. */
static void
test_nagle (void)
{
  Path path = { .delay = 0.0002, .rate = 12e6, .block = 65535, .seconds = 20, .late = 0.04 };

  assert_length (path, 4096, 4096, 0.93);
}

/* A long block would keep a chat waiting. */
static void
test_narrow (void)
{
  Path path = { .delay = 0.01, .rate = 100e3, .block = 65535, .seconds = 60, .cost = 0.001 };

  assert_length (path, 4096, 4096, 0.9);
  path.delay = 0.05;
  path.rate = 300e3;
  assert_length (path, 4096, 4096, 0.9);
  path.delay = 0.01;
  path.rate = 7250;
  assert_length (path, 4096, 4096, 0.9);
  path.is_single = TRUE;
  assert_length (path, 4096, 4096, 0.9);
}

/* One block takes long. Where a short stanza is much sooner there, the length is the reason, and
 * blocks are short while a person chats. */
static void
test_slow (void)
{
  const struct
  {
    Path     path;
    gboolean is_slow;
  } tests[] = {
    { { .delay = 0.01, .rate = 7250, .block = 4096 }, TRUE },
    { { .delay = 0.3, .rate = 10e6, .block = 4096, .is_single = TRUE }, FALSE },
    { { .delay = 0.15, .rate = 1e6, .block = 4096, .jitter = 0.05, .is_single = TRUE }, FALSE },
    { { .delay = 0.3, .rate = 7250, .block = 4096 }, FALSE },
    { { .delay = 0.01, .rate = 100e3, .block = 4096 }, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    for (guint32 seed = 1; seed <= 5; seed++)
      {
        g_autoptr (GRand) random = g_rand_new_with_seed (seed);
        Model             model;

        g_test_message ("path %u", i);
        model_init (&model);
        model_run (&model, &tests[i].path, 60, random);
        g_assert_cmpint (ibb_controller_get_block (&model.controller, 4096, TRUE) < 4096, ==,
                         tests[i].is_slow);
        model_clear (&model);
      }
}

/* A reader, or this machine, stands still for half a minute, and then all is acknowledged
 * at once: what was known of the path stays. */
static void
test_interruption (void)
{
  const Path        path = { .delay = 0.1, .rate = 5e6, .block = 4096, .jitter = 0.001 };
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  Model             model;

  model_init (&model);
  model_run (&model, &path, 10, random);
  for (GList *l = model.blocks.head; l != NULL; l = l->next)
    ((Block *) l->data)->answered += 30 * G_USEC_PER_SEC;
  model.last_answer += 30;
  model.server_free += 30;
  model_run (&model, &path, 30, random);
  model_run (&model, &path, 2, random);
  g_assert_cmpfloat (get_utilization (&model, &path, 2), >, 0.85);
  model_clear (&model);
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
  model_clear (&model);
  note (&model.controller, 4096, model.now + 61 * G_USEC_PER_SEC, 1000, 4096,
        model.now + 61 * G_USEC_PER_SEC + 1000);
  g_assert_cmpuint (model.controller.size.window, ==, 4 * 4096);
}

/* A session that writes little measures nothing, and the search keeps what it knows. */
static void
test_unused (void)
{
  IBBController controller;
  gint64        now = G_USEC_PER_SEC;

  init (&controller, 4096);
  for (guint i = 0; i < 1000; i++, now += 100000)
    note (&controller, 10, now, 50000, 4096, now + 50000);
  g_assert_cmpuint (controller.size.window, ==, 4096);
}

/* A server that reads slowly while more than 8 KiB wait: a larger window costs little time. */
static void
test_larger_in_vain (void)
{
  const Path        path = { .delay = 0.003, .rate = 5e6, .block = 32768, .slow = 5e5 };
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  Model             model;
  guint             n_raised = 0;

  model_init (&model);
  for (guint i = 0; i < 10000; i++)
    {
      model_run (&model, &path, 0.001, random);
      n_raised += is_raised (&model.controller);
    }
  g_assert_cmpuint (n_raised, >, 0);
  g_assert_cmpuint (n_raised, <, 1100);
  model_clear (&model);
}

/* A measurement takes two round trips and 20 ms, and 24 blocks or six round trips. */
static void
test_measurement (void)
{
  static const struct
  {
    gint64 trip;
    guint  n_blocks; /* in each round trip, of which the first one ends the measurement */
    gint64 time;
  } tests[] = {
    { 10000, 23, 20000 }, { 9999, 23, 29997 },  { 10000, 22, 30000 },
    { 10000, 1, 60000 },  { 30000, 30, 60000 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      IBBController controller;
      gint64        now = G_USEC_PER_SEC, begun = 0;
      guint         n_ended = 0;

      init (&controller, 4096);
      ibb_controller_refused (&controller); /* the start is over */
      while (n_ended < 3)
        {
          gint64 sent = now;

          now += tests[i].trip;
          for (guint j = 0; j < tests[i].n_blocks; j++)
            note (&controller, 100, sent, tests[i].trip, 4096, now);
          if (controller.measurement.n_samples > 0)
            continue;
          if (n_ended++ > 0)
            g_assert_cmpint (now - begun, ==, tests[i].time);
          begun = now;
        }
    }
}

/* Refused blocks end the start. */
static void
test_refused (void)
{
  const Path        path = { .delay = 0.3, .rate = 10e6, .block = 4096, .jitter = 0.001 };
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  Model             model;
  gsize             window;

  model_init (&model);
  model_run (&model, &path, 1, random);
  ibb_controller_refused (&model.controller);
  window = model.controller.size.window;
  model_run (&model, &path, 0.5, random);
  g_assert_cmpuint (model.controller.size.window, ==, window);
  model_clear (&model);
}

/* seconds, utilization, queue: what is asked for */
static const Path paths[] = {
  { "near/slow-queue", 0.0003, 12e6, 4096, 0.00005, 3e6, 5, 0.48, 0.001 }, /* one block: 0.51 */
  { "process", 20e-6, 500e6, 4096, 0, 0, 2, 0.95, 0.001 },
  { "300-ms", 0.3, 10e6, 16384, 0.001, 0, 20, 0.87, 0.15 },
  { "noise/40-ms", 0.05, 7.6e6, 4096, 0.04, 0, 10, 0.85, 0.05 },
  { "noise/longer-than-path", 0.005, 7.6e6, 4096, 0.04, 0, 10, 0.85, 0.05 },
  { "throttle/short-blocks", 0.001, 7250, 1024, 0.001, 0, 120, 0.95, 0.1 },
  { "wide", 0.001, 100e6, 16384, 0.0005, 0, 3, 0.9, 0.002 },
};

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autofree char *name = g_strdup_printf ("/controller/path/%s", paths[i].name);

      g_test_add_data_func (name, &paths[i], test_path);
    }
  g_test_add_func ("/controller/change", test_change);
  g_test_add_func ("/controller/less-room", test_less_room);
  g_test_add_func ("/controller/longer", test_longer);
  g_test_add_func ("/controller/single", test_single);
  g_test_add_func ("/controller/nothing-to-try", test_nothing_to_try);
  g_test_add_func ("/controller/nagle", test_nagle);
  g_test_add_func ("/controller/narrow", test_narrow);
  g_test_add_func ("/controller/slow", test_slow);
  g_test_add_func ("/controller/interruption", test_interruption);
  g_test_add_func ("/controller/idle", test_idle);
  g_test_add_func ("/controller/unused", test_unused);
  g_test_add_func ("/controller/larger-in-vain", test_larger_in_vain);
  g_test_add_func ("/controller/measurement", test_measurement);
  g_test_add_func ("/controller/refused", test_refused);
  return g_test_run ();
}
