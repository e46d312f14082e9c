/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Random numbers from a seed, by splitmix64. The simulation, the driver of the engine and the
 * model of the network use it: each of their parts has a generator of its own, as
 * random_fork () makes it. Other tests use GRand. */

#pragma once

#include <glib.h>
#include <string.h>

typedef struct
{
  guint64 state;
} Random;

static inline guint64
random_mix (guint64 x)
{
  x ^= x >> 30;
  x *= G_GUINT64_CONSTANT (0xbf58476d1ce4e5b9);
  x ^= x >> 27;
  x *= G_GUINT64_CONSTANT (0x94d049bb133111eb);
  return x ^ (x >> 31);
}

static inline guint64
random_next (Random *self)
{
  self->state += G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);
  return random_mix (self->state);
}

/* 0 to n - 1. */
static inline guint64
random_below (Random *self, guint64 n)
{
  return n == 0 ? 0 : random_next (self) % n;
}

/* low to high, both included. */
static inline gint64
random_between (Random *self, gint64 low, gint64 high)
{
  return low + (gint64) random_below (self, (guint64) (high - low) + 1);
}

/* Small numbers as likely as large ones: each power of two has its turn. */
static inline guint64
random_scaled (Random *self, guint64 low, guint64 high)
{
  guint   bits = 1 + (guint) random_below (self, g_bit_storage ((gulong) high));
  guint64 value = random_next (self) & ((G_GUINT64_CONSTANT (1) << bits) - 1);

  return CLAMP (value, low, high);
}

static inline gboolean
random_percent (Random *self, guint percent)
{
  return random_below (self, 100) < percent;
}

static inline gboolean
random_permille (Random *self, guint permille)
{
  return random_below (self, 1000) < permille;
}

/* An IBBRandomFunc; data is a Random. */
static inline void
random_fill (guint8 *bytes, gsize length, gpointer data)
{
  for (gsize i = 0; i < length; i += 8)
    {
      guint64 word = random_next (data);

      memcpy (bytes + i, &word, MIN (8, length - i));
    }
}

/* A generator of its own, so that what one part draws moves no other. */
static inline Random
random_fork (Random *self)
{
  return (Random){ random_next (self) };
}
