/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The length of blocks that goes with a window: where only so many may be in flight (D-65), and
 * where they fill what a server reads (D-64). */

#include "config.h"

#include "controller-model.h"

/* However much a path holds, 200 blocks are in flight (D-65). So they become longer, if the session
 * allows it, and the window is not much larger than what they carry. */
static void
test_blocks (void)
{
  const gsize limits[] = { 1024, 4096, 65535 };
  const gsize blocks[] = { 1024, 4096, 32768 };

  for (guint i = 0; i < G_N_ELEMENTS (limits); i++)
    {
      const Path        path = { .delay = 1, .rate = 100e6, .block = limits[i], .jitter = 0.001 };
      g_autoptr (GRand) random = g_rand_new_with_seed (1);
      Model             model;

      model_init (&model);
      model_run (&model, &path, 30, random);
      g_assert_cmpuint (ibb_controller_get_block (&model.controller, limits[i], FALSE), ==,
                        blocks[i]);
      g_assert_cmpuint (model.in_flight, >, 190 * blocks[i]);
      g_assert_cmpuint (model.controller.size.window, <=, 400 * blocks[i]);
      model_clear (&model);
    }
}

/* Where only so many blocks may be in flight, the first one that finds as many tells what they
 * carry, as does that which finds a full window: each step takes one round trip. */
static void
test_capped_start (void)
{
  const Path        path = { .delay = 0.3, .rate = 1e9, .block = 32768 };
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  Model             model;

  model_init (&model);
  model_run (&model, &path, 2.9, random);
  g_assert_cmpuint (model.controller.size.block, ==, 32768);
  g_assert_cmpuint (model.in_flight, >=, (IBB_CONTROLLER_BLOCKS_MAX - 2) * 32768);
  model_clear (&model);
}

/* The window is a multiple of the length of blocks. */
static void
assert_is_whole (const Model *model, const Path *path)
{
  gsize block = ibb_controller_get_block (&model->controller, path->block, FALSE);

  g_assert_cmpuint (model->controller.size.window % block, ==, 0);
}

/* A block that tells nothing else. */
static void
set_fits (Model *model, gboolean fits)
{
  const IBBControllerSample sample = {
    .round_trip = 1,
    .limit = model->controller.block_max,
    .fits = fits,
    .has_others = model->controller.has_others,
  };

  ibb_controller_acknowledged (&model->controller, &sample, model->now);
}

/* Blocks that fit may carry more. So a larger window is tried at once, and a step of the start is
 * measured again. */
static void
test_fits (gconstpointer data)
{
  const double      before = *(const double *) data;
  const Path        path = { .delay = 0.3, .rate = 3e6, .block = 32768, .jitter = 0.001 };
  const Path        fast = { .delay = 0.3, .rate = 12e6, .block = 32768, .jitter = 0.001 };
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  Model             model;

  model_init (&model);
  model_run (&model, &path, before, random);
  set_fits (&model, TRUE);
  assert_is_whole (&model, &path);
  model_run (&model, &fast, 2.4, random);
  model_run (&model, &fast, 1, random);
  g_assert_cmpuint (model.acknowledged, >, 10000000);
  model_clear (&model);
}

/* Near by, others would wait behind a larger window. And of peers that share a path, some may fit,
 * and others not. */
static void
test_fits_in_vain (void)
{
  const Path        path = { .delay = 0.001, .rate = 10e6, .block = 32768 };
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  Model             model;
  gsize             window;

  model_init (&model);
  model_run (&model, &path, 1, random);
  model.controller.has_others = TRUE;
  window = model.controller.kept.window;
  set_fits (&model, TRUE);
  g_assert_cmpuint (model.controller.size.window, <=, window);
  assert_is_whole (&model, &path);
  model_run (&model, &path, 1, random);
  set_fits (&model, FALSE);
  set_fits (&model, TRUE);
  g_assert_cmpfloat (model.controller.kept_rate, >, 0);
  model_clear (&model);

  /* A new path loses no round trip. */
  model_init (&model);
  model.controller.fits = model.controller.has_fitted = TRUE;
  model_run (&model, &path, 0.001, random);
  g_assert_cmpuint (model.controller.size.window, >, 4096);
  model_clear (&model);
}

/* Blocks that fit are shorter than those before, so that as many of them have fewer bytes in
 * flight: the step does not wait for as many bytes as before. */
static void
test_fits_capped (void)
{
  const Path        path = { .delay = 0.3, .rate = 1e9, .block = 32768 };
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  Model             model;

  model_init (&model);
  while (model.controller.size.block < 8192)
    model_run (&model, &path, 0.01, random);
  set_fits (&model, TRUE);
  model_run (&model, &path, 0.65, random);
  g_assert_cmpuint (model.controller.size.block, >, 8192);
  model_clear (&model);
}

int
main (int argc, char **argv)
{
  static const double starting = 1.5, kept = 8; /* seconds */

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/controller/blocks/most/D-65", test_blocks);
  g_test_add_func ("/controller/blocks/most/D-65/start", test_capped_start);
  g_test_add_data_func ("/controller/blocks/fits/D-64", &kept, test_fits);
  g_test_add_data_func ("/controller/blocks/fits/D-64/start", &starting, test_fits);
  g_test_add_func ("/controller/blocks/fits/D-64/in-vain", test_fits_in_vain);
  g_test_add_func ("/controller/blocks/fits/D-64/capped", test_fits_capped);
  return g_test_run ();
}
