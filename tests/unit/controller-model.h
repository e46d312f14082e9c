/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A model of a path for a controller: a delay each way, and one server that carries so many bytes a
 * second, in order. tests/flow plays whole networks. */

#pragma once

#include "core/flow/controller.h"

typedef struct
{
  const char *name;
  double      delay; /* seconds, both ways together */
  double      rate;  /* bytes a second */
  gsize       block;
  double      jitter;      /* seconds at most, added to a round trip */
  double      slow;        /* bytes a second while more than 8 KiB wait, if not 0 */
  double      seconds;     /* that it runs */
  double      utilization; /* that is asked for, of what the path could carry */
  double      queue;       /* seconds that blocks may wait at the server, mean */
  double      cost;        /* seconds for each block, whatever its length */
  double      late;        /* and for one that is longer than 4096 bytes */
  gboolean    is_single;   /* the peer takes one block at a time */
} Path;

static inline void
init (IBBController *self, gsize window)
{
  ibb_controller_init (self);
  self->size.window = window;
}

static inline void
note (IBBController *self, gsize in_flight, gint64 sent, gint64 round_trip, gsize limit, gint64 now)
{
  const IBBControllerSample sample = {
    .in_flight = in_flight,
    .sent = sent,
    .round_trip = round_trip,
    .hop_trip = (gint64) self->hop_trip,
    .limit = limit,
    .fits = self->fits,
    .has_others = self->has_others,
  };

  ibb_controller_acknowledged (self, &sample, now);
}

typedef struct
{
  IBBController controller;
  GQueue        blocks; /* Block: in flight */
  gsize         in_flight;
  gint64        now;
  double        server_free; /* seconds */
  double        last_answer;
  double        waited; /* seconds, sum */
  guint         n_blocks;
  guint64       acknowledged;
} Model;

typedef struct
{
  gint64 sent;
  gint64 answered;
  gsize  in_flight;
  gsize  length;
} Block;

static inline void
model_send (Model *self, const Path *path, gsize length, GRand *random)
{
  Block *block = g_new (Block, 1);
  double arrives = (double) self->now / G_USEC_PER_SEC + path->delay / 2;
  double waits = MAX (self->server_free - arrives, 0);
  double rate = path->slow > 0 && waits * path->rate > 8192 ? path->slow : path->rate;
  double answer;

  self->server_free = MAX (self->server_free, arrives) + (double) length / rate + path->cost +
                      (length > IBB_CONTROLLER_BLOCK ? path->late : 0);
  answer = self->server_free + path->delay / 2 + g_rand_double (random) * path->jitter;
  self->last_answer = MAX (self->last_answer, answer); /* stanzas keep their order */
  self->in_flight += length;
  *block = (Block){
    self->now,
    (gint64) (self->last_answer * G_USEC_PER_SEC),
    self->in_flight,
    length,
  };
  g_queue_push_tail (&self->blocks, block);
  self->waited += waits;
  self->n_blocks++;
}

static inline void
model_run (Model *self, const Path *path, double seconds, GRand *random)
{
  gint64 end = self->now + (gint64) (seconds * G_USEC_PER_SEC);

  self->waited = self->n_blocks = 0;
  self->controller.hop_trip = path->delay * G_USEC_PER_SEC;
  self->acknowledged = 0;
  while (self->now < end)
    {
      g_autofree Block *block = NULL;
      gsize             length = ibb_controller_get_block (&self->controller, path->block, FALSE);

      while (self->in_flight == 0 ||
             (!path->is_single && g_queue_get_length (&self->blocks) < IBB_CONTROLLER_BLOCKS_MAX &&
              self->in_flight + length <= self->controller.size.window))
        model_send (self, path, length, random);
      if (g_queue_get_length (&self->blocks) >= IBB_CONTROLLER_BLOCKS_MAX)
        {
          self->controller.measurement.is_limited = TRUE;
          self->controller.measurement.cap = self->in_flight;
        }
      else if (!path->is_single)
        self->controller.measurement.is_limited = TRUE;
      block = g_queue_pop_head (&self->blocks);
      self->now = MAX (self->now, block->answered);
      self->in_flight -= block->length;
      self->acknowledged += block->length;
      note (&self->controller, block->in_flight, block->sent, MAX (self->now - block->sent, 1),
            path->block, self->now);
    }
}

static inline void
model_init (Model *self)
{
  *self = (Model){ .now = G_USEC_PER_SEC };
  ibb_controller_init (&self->controller);
}

static inline void
model_clear (Model *self)
{
  g_queue_clear_full (&self->blocks, g_free);
}
