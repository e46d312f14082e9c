/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "network.h"

#include "engine-end.h"
#include "model-end.h"
#include "server.h"

#define CHAT_PERIOD FLOW_SECOND

typedef struct
{
  const Cell *cell;
  Events     *events;
  Meter      *meter;
  Server      server;
  guint       n_ends; /* our client, then the peers */
  Connection *connections;
  EngineEnd  *engines; /* NULL: all ends are models */
  ModelEnd   *models;
  guint       n_asked; /* of the chat */
} Network;

static Link
create_link (Network *self, guint end, Random *random, EventsFunc arrived, gpointer owner)
{
  const Cell *cell = self->cell;
  guint       peer = end - 1;
  double      delay = end == 0 ? cell->delay : cell_get (&cell->peer_delay, peer);
  double      jitter = end == 0 ? cell->jitter : cell_get (&cell->peer_jitter, peer);

  return (Link){
    .events = self->events,
    .rate = end == 0 ? cell->rate : cell_get (&cell->peer_rate, peer),
    .delay = (gint64) (delay * FLOW_MILLISECOND),
    .jitter = (gint64) (jitter * FLOW_MILLISECOND),
    .jitter_time = (gint64) (cell->jitter_time * FLOW_MILLISECOND),
    .random = random_fork (random),
    .arrived = arrived,
    .owner = owner,
  };
}

static void
init_end (Network *self, guint i, Random *random)
{
  Connection *connection = &self->connections[i];
  ServerPort *port = &self->server.ports[i];

  if (self->engines != NULL)
    {
      engine_end_init (&self->engines[i], self->cell, self->events, self->meter, connection, i);
      connection_init (connection, self->events, i, self->cell->socket, &engine_end_source,
                       &self->engines[i]);
    }
  else
    {
      model_end_init (&self->models[i], self->cell, self->events, self->meter, connection, i);
      connection_init (connection, self->events, i, self->cell->socket, &model_end_source,
                       &self->models[i]);
    }
  connection->link = create_link (self, i, random, server_arrived, port);
  connection->stream = &port->stream;
  port->stream.link = create_link (self, i, random, connection_arrived, connection);
  port->stream.send_ack = connection_acknowledge;
}

static void
chat_cb (gpointer owner, gpointer item)
{
  Network *self = owner;

  connection_send (&self->connections[0], packet_new (PACKET_CHAT, 0, self->events->now));
  if (self->engines != NULL)
    engine_end_note_chat (&self->engines[0]);
  self->n_asked++;
  events_add (self->events, self->events->now + CHAT_PERIOD, chat_cb, self, NULL);
}

/* Pings are answered in order. */
static void
finish_chat (Network *self)
{
  for (guint i = self->meter->latencies[METER_CHAT]->len; i < self->n_asked; i++)
    meter_note_latency (self->meter, METER_CHAT, i * CHAT_PERIOD + CHAT_PERIOD / 2);
}

static void
start (Network *self)
{
  Random random = { self->cell->seed };

  self->connections = g_new0 (Connection, self->n_ends);
  if (self->cell->sender == CELL_SENDER_ENGINE)
    self->engines = g_new0 (EngineEnd, self->n_ends);
  else
    self->models = g_new0 (ModelEnd, self->n_ends);
  server_init (&self->server, self->cell, self->events, self->n_ends);
  for (guint i = 0; i < self->n_ends; i++)
    init_end (self, i, &random);

  if (self->engines != NULL)
    engine_end_start (&self->engines[0]);
  else
    model_end_start (&self->models[0]);
  if (self->cell->chat)
    events_add (self->events, CHAT_PERIOD / 2, chat_cb, self, NULL);
}

static void
finish (Network *self)
{
  finish_chat (self);
  if (self->engines != NULL)
    engine_end_finish (&self->engines[0]);
  else
    model_end_finish (&self->models[0]);

  for (guint i = 0; i < self->n_ends; i++)
    if (self->engines != NULL)
      engine_end_clear (&self->engines[i]);
    else
      model_end_clear (&self->models[i]);
  server_clear (&self->server);
  g_free (self->engines);
  g_free (self->models);
  g_free (self->connections);
}

void
network_run (const Cell *cell, Meter *meter, Events *events)
{
  Network self = { .cell = cell, .events = events, .meter = meter, .n_ends = cell->peers + 1 };

  start (&self);
  events_run (events, (gint64) (cell->seconds * FLOW_SECOND));
  finish (&self);
}
