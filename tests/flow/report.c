/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "report.h"

#include "engine-end.h"
#include "model-end.h"
#include "server.h"

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
    .trip = cell->pacing ? (gint64) (2 * delay * FLOW_MILLISECOND) : 0,
    .burst = 10 * 1448,
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

static gint64
get_chat_period (const Network *self)
{
  return self->cell->chat * FLOW_SECOND;
}

static void
chat_cb (gpointer owner, gpointer item)
{
  Network *self = owner;
  Packet  *question = packet_new (PACKET_CHAT, 0, self->events->now);

  if (self->engines != NULL)
    engine_end_note_chat (&self->engines[0], question);
  connection_send (&self->connections[0], question);
  self->n_asked++;
  events_add (self->events, self->events->now + get_chat_period (self), chat_cb, self, NULL);
}

/* Pings are answered in order. */
static void
finish_chat (Network *self)
{
  for (guint i = self->meter->latencies[METER_CHAT]->len; i < self->n_asked; i++)
    meter_note_latency (self->meter, METER_CHAT, (2 * i + 1) * get_chat_period (self) / 2);
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
    events_add (self->events, get_chat_period (self) / 2, chat_cb, self, NULL);
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

static void
run_network (const Cell *cell, Meter *meter, Events *events)
{
  Network self = { .cell = cell, .events = events, .meter = meter, .n_ends = cell->peers + 1 };

  start (&self);
  events_run (events, (gint64) (cell->seconds * FLOW_SECOND));
  finish (&self);
}

static gboolean
is_compared (const Cell *cell, guint session)
{
  return cell_get_kind (cell, session) == CELL_BULK && !cell_is_slow (cell, session);
}

static void
get_latencies (const Meter *meter, MeterLatency which, double *latencies)
{
  const double percents[] = { 50, 99, 100 };

  for (guint i = 0; i < 3; i++)
    latencies[i] = (double) meter_get_percentile (meter, which, percents[i]) / FLOW_MILLISECOND;
}

static Report
create_report (const Cell *cell, const Meter *meter)
{
  Report report = { .jain = 1, .slowest = -1, .max_in_flight = meter->max_in_flight };
  guint  late = meter->n_intervals / 3;
  guint  n = 0;
  double sum = 0;
  double squares = 0;

  for (guint i = 0; i < meter->n_sessions; i++)
    {
      double goodput = meter_get_goodput (meter, i, late);

      report.goodput += meter_get_goodput (meter, i, 0);
      report.late_goodput += goodput;
      if (!is_compared (cell, i))
        continue;
      n++;
      sum += goodput;
      squares += goodput * goodput;
      report.slowest = report.slowest < 0 ? goodput : MIN (report.slowest, goodput);
    }
  if (squares > 0)
    report.jain = sum * sum / (n * squares);
  get_latencies (meter, METER_CHAT, report.chat);
  get_latencies (meter, METER_INTERACTIVE, report.interactive);
  return report;
}

/* For each interval, the bytes a second of a session, or of all. */
static void
print_goodput (const Meter *meter, guint first, guint n, GString *json)
{
  g_string_append_c (json, '[');
  for (guint i = 0; i < meter->n_intervals; i++)
    {
      guint64 bytes = 0;

      for (guint session = first; session < first + n; session++)
        bytes += meter->read[(gsize) session * meter->n_intervals + i];
      g_string_append_printf (json, "%s%" G_GUINT64_FORMAT, i > 0 ? ", " : "",
                              bytes * FLOW_SECOND / METER_INTERVAL);
    }
  g_string_append_c (json, ']');
}

static void
print_latencies (const Meter *meter, MeterLatency which, GString *json)
{
  const GArray *samples = meter->latencies[which];

  g_string_append_c (json, '[');
  for (guint i = 0; i < samples->len; i++)
    {
      const MeterSample *sample = &g_array_index (samples, MeterSample, i);

      g_string_append_printf (json, "%s[%.3f, %.3f]", i > 0 ? ", " : "",
                              (double) sample->time / FLOW_SECOND,
                              (double) sample->latency / FLOW_MILLISECOND);
    }
  g_string_append_c (json, ']');
}

static void
print_series (const Meter *meter, GString *json)
{
  g_string_append (json, ",\n \"series\": {\"interval\": 0.1,\n  \"goodput\": ");
  print_goodput (meter, 0, meter->n_sessions, json);
  g_string_append (json, ",\n  \"goodputs\": [");
  for (guint i = 0; i < meter->n_sessions; i++)
    {
      g_string_append (json, i > 0 ? ",\n   " : "\n   ");
      print_goodput (meter, i, 1, json);
    }
  g_string_append (json, "],\n  \"in_flight\": [");
  for (guint i = 0; i < meter->n_intervals; i++)
    g_string_append_printf (json, "%s%" G_GSIZE_FORMAT, i > 0 ? ", " : "", meter->in_flight[i]);
  g_string_append (json, "],\n  \"round_trip\": [");
  for (guint i = 0; i < meter->n_intervals; i++)
    g_string_append_printf (json, "%s%.3f", i > 0 ? ", " : "",
                            (double) meter->round_trip[i] / MAX (meter->n_acknowledged[i], 1) /
                                FLOW_MILLISECOND);
  if (meter->window != NULL)
    {
      g_string_append (json, "],\n  \"window\": [");
      for (guint i = 0; i < meter->n_intervals; i++)
        g_string_append_printf (json, "%s%" G_GINT64_FORMAT, i > 0 ? ", " : "", meter->window[i]);
    }
  g_string_append (json, "],\n  \"chat\": ");
  print_latencies (meter, METER_CHAT, json);
  g_string_append (json, ",\n  \"interactive\": ");
  print_latencies (meter, METER_INTERACTIVE, json);
  g_string_append (json, "}");
}

static void
print_sessions (const Cell *cell, const Meter *meter, GString *json)
{
  static const char *const kinds[] = { "bulk", "interactive", "trickle" };

  g_string_append (json, ",\n \"sessions\": [");
  for (guint i = 0; i < meter->n_sessions; i++)
    g_string_append_printf (json,
                            "%s\n  {\"kind\": \"%s\", \"peer\": %u, \"slow\": %s, "
                            "\"goodput\": %.0f, \"late_goodput\": %.0f}",
                            i > 0 ? "," : "", kinds[cell_get_kind (cell, i)],
                            cell_get_peer (cell, i), cell_is_slow (cell, i) ? "true" : "false",
                            meter_get_goodput (meter, i, 0),
                            meter_get_goodput (meter, i, meter->n_intervals / 3));
  g_string_append (json, "]");
}

static void
print_report (const Report *self, GString *json)
{
  g_string_append_printf (json,
                          "\"goodput\": %.0f, \"late_goodput\": %.0f, \"slowest\": %.0f, "
                          "\"jain\": %.4f, \"max_in_flight\": %" G_GSIZE_FORMAT
                          ",\n \"chat\": [%.3f, %.3f, %.3f], \"interactive\": [%.3f, %.3f, %.3f]",
                          self->goodput, self->late_goodput, self->slowest, self->jain,
                          self->max_in_flight, self->chat[0], self->chat[1], self->chat[2],
                          self->interactive[0], self->interactive[1], self->interactive[2]);
}

static void
print (
    const Cell *cell, const Meter *meter, const Report *report, GString *json, gboolean with_series)
{
  g_string_append (json, "{\"cell\": {");
  cell_print (cell, json);
  g_string_append (json, "},\n ");
  print_report (report, json);
  print_sessions (cell, meter, json);
  if (with_series)
    print_series (meter, json);
  g_string_append (json, "}");
}

/* The caller clears both. */
static void
run (const Cell *cell, Events *events, Meter *meter)
{
  events_init (events);
  meter_init (meter, cell, events);
  run_network (cell, meter, events);
}

static void
clear (Events *events, Meter *meter)
{
  meter_clear (meter);
  events_clear (events, (GDestroyNotify) packet_free);
}

Report
report_run (const Cell *cell, GString *json, gboolean with_series)
{
  Events events;
  Meter  meter;
  Report report;

  run (cell, &events, &meter);
  report = create_report (cell, &meter);
  if (json != NULL)
    print (cell, &meter, &report, json, with_series);
  clear (&events, &meter);
  return report;
}

Report
report_of (const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list          arguments;
  Cell             cell;
  Report           report;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_assert_true (cell_parse (&cell, text));
  report = report_run (&cell, NULL, FALSE);
  g_test_message ("%s: %.0f bytes/s, Jain %.3f, chat %.1f ms, %.1f, %.1f, interactive %.1f ms",
                  text, report.late_goodput, report.jain, report.chat[0], report.chat[1],
                  report.chat[2], report.interactive[1]);
  return report;
}

GArray *
report_run_seconds (const Cell *cell, guint session)
{
  const guint n = FLOW_SECOND / METER_INTERVAL;
  GArray     *seconds = g_array_new (FALSE, FALSE, sizeof (double));
  Events      events;
  Meter       meter;

  run (cell, &events, &meter);
  for (guint i = 0; i + n <= meter.n_intervals; i += n)
    {
      double bytes = 0;

      for (guint k = i; k < i + n; k++)
        bytes += meter.read[(gsize) session * meter.n_intervals + k];
      g_array_append_val (seconds, bytes);
    }
  clear (&events, &meter);
  return seconds;
}
