/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "engine-end.h"

#include "core/base/quirks.h"
#include "inside.h"

#include <stdlib.h>
#include <string.h>

#define PEER_PREFIX "peer-"

/* A hostile peer begins with a delay that is not overdue, and adds half of the time that passes:
 * so none is much longer than the one before. */
#define WITHHOLD_FIRST (9 * FLOW_SECOND / 10)
#define WITHHOLD_SLOPE 2

/* Bytes of spaces that are not made up for, and the share of blocks that makes up for them. */
#define SPACES_MAX (64 * 1024)
#define SPACES_SHARE 32

typedef struct
{
  gint64 sent;
  gsize  length;
} Block;

static guint8 buffer[READER_MAX]; /* zeros; what is read does not matter */

static void settle (EngineEnd *self);

/* Addresses. */

static char *
create_jid (guint number)
{
  return number == 0 ? g_strdup (OWN)
                     : g_strdup_printf (PEER_PREFIX "%u@" OWN_SERVER "/orchard", number);
}

static guint
get_number (const char *jid)
{
  if (jid == NULL || g_str_equal (jid, OWN_SERVER))
    return PACKET_TO_SERVER;
  return g_str_has_prefix (jid, PEER_PREFIX) ? (guint) atoi (jid + strlen (PEER_PREFIX)) : 0;
}

/* Sessions. */

static gboolean
write_byte (EngineSession *self)
{
  gint64 clock = self->end->events->clock;

  if (self->session == NULL || ibb_session_get_state (self->session) != IBB_SESSION_OPEN ||
      ibb_session_write (self->session, buffer, 1, clock) == 0)
    return FALSE;
  ibb_session_flush (self->session, clock);
  return TRUE;
}

static void
tick_cb (gpointer owner, gpointer item)
{
  EngineSession *self = owner;
  gboolean       is_interactive = self->kind == CELL_INTERACTIVE;
  Events        *events = self->end->events;
  gint64         period = is_interactive ? CELL_INTERACTIVE_PERIOD : CELL_TRICKLE_PERIOD;

  if (write_byte (self) && is_interactive)
    g_queue_push_tail (&self->begun, g_memdup2 (&events->now, sizeof events->now));
  settle (self->end);
  events_add (events, events->now + period * FLOW_MILLISECOND, tick_cb, self, NULL);
}

static void
write_all (EngineSession *self)
{
  while (ibb_session_get_state (self->session) == IBB_SESSION_OPEN &&
         ibb_session_get_output (self->session) == IBB_OUTPUT_ROOM)
    ibb_session_write (self->session, buffer, sizeof buffer, self->end->events->clock);
}

static void
note_read (EngineSession *self, gsize length)
{
  reader_note_read (&self->reader, length);
  if (self->end->number != 0)
    {
      meter_note_read (self->end->meter, self->number, length);
      for (gsize i = 0; self->kind == CELL_INTERACTIVE && i < length; i++)
        write_byte (self);
      return;
    }
  for (gsize i = 0; i < length; i++)
    {
      g_autofree gint64 *begun = g_queue_pop_head (&self->begun);

      meter_note_latency (self->end->meter, METER_INTERACTIVE, *begun);
    }
}

static void
read_all (EngineSession *self)
{
  gsize room;

  while ((room = reader_get_room (&self->reader)) > 0)
    {
      gsize n = ibb_session_read (self->session, buffer, room, self->end->events->clock);

      if (n == 0)
        return;
      note_read (self, n);
    }
}

static void plan_read (EngineSession *self);

static void
read_cb (gpointer owner, gpointer item)
{
  EngineSession *self = owner;

  self->is_read_planned = FALSE;
  read_all (self);
  plan_read (self);
  settle (self->end);
}

static void
plan_read (EngineSession *self)
{
  if (self->is_read_planned || ibb_session_get_input (self->session) != IBB_INPUT_DATA)
    return;
  self->is_read_planned = TRUE;
  events_add (self->end->events, reader_get_due (&self->reader), read_cb, self, NULL);
}

static void
session_changed (EngineSession *self)
{
  read_all (self);
  plan_read (self);
  if (self->end->number == 0 && self->kind == CELL_BULK)
    write_all (self);
}

static void
session_begins (EngineEnd *self, guint number, IBBSession *session)
{
  EngineSession *our = &self->sessions[number];

  g_assert_null (our->session);
  our->session = ibb_session_ref (session);
  session->data = our;
}

static void
open_cb (gpointer owner, gpointer item)
{
  EngineSession         *our = owner;
  EngineEnd             *self = our->end;
  g_autofree char       *peer = create_jid (1 + cell_get_peer (self->cell, our->number));
  g_autofree char       *sid = g_strdup_printf ("%u", our->number);
  IBBOpen                open = { .peer = peer, .sid = sid, .block_size = self->cell->block };
  IBBFailure             failure = IBB_FAILURE_INIT;
  g_autoptr (IBBSession) session = NULL;

  session = ibb_engine_open (self->driver.engine, &open, self->events->clock, &failure);
  g_assert_nonnull (session);
  session_begins (self, our->number, session);
  settle (self);
  if (our->kind != CELL_BULK)
    tick_cb (our, NULL);
}

/* The engine. */

static gboolean
take_events (EngineEnd *self)
{
  gboolean any = FALSE;
  IBBEvent event = IBB_EVENT_INIT;

  while (ibb_engine_take_event (self->driver.engine, &event))
    {
      any = TRUE;
      if (event.type == IBB_EVENT_ACCEPTED)
        session_begins (self, (guint) atoi (event.session->parameters.key.sid), event.session);
      if (event.session != NULL && event.session->data != NULL)
        session_changed (event.session->data);
      ibb_event_clear (&event);
    }
  return any;
}

static void
wake_cb (gpointer owner, gpointer item)
{
  EngineEnd *self = owner;

  self->wake_at = FLOW_NEVER;
  driver_advance_to (&self->driver, self->events->clock);
  settle (self);
}

/* Called after each call of the engine. */
static void
settle (EngineEnd *self)
{
  gboolean any;
  gint64   wake;

  do
    {
      any = take_events (self);
      any = connection_pump (self->connection) || any;
    }
  while (any);

  wake = events_from_clock (ibb_engine_get_wake_time (self->driver.engine));
  if (wake < self->wake_at)
    {
      self->wake_at = wake;
      events_add (self->events, wake, wake_cb, self, NULL);
    }
}

/* The connection. */

/* As xml-output.c does. */
static void
append_spaces (EngineEnd *self, Packet *packet)
{
  const IBBStanza *stanza = packet->stanza;
  gboolean         is_block = stanza != NULL && stanza->payload == IBB_PAYLOAD_DATA;
  gsize            gap = ibb_quirks_get_gap (packet->size);

  if (is_block || (stanza != NULL && stanza->ends_read))
    self->fills = stanza->fills;
  if (!self->cell->pacing || !self->fills)
    return;
  if (is_block && ibb_quirks_is_filled (packet->size))
    self->spaces -= MIN (self->spaces, packet->size / SPACES_SHARE);
  else if (self->spaces + gap <= SPACES_MAX)
    self->spaces += gap;
  else
    return;
  packet->spaces = gap;
  packet->size += gap;
}

static Packet *
take (gpointer source)
{
  EngineEnd *self = source;
  IBBStanza *stanza = driver_take_unsent (&self->driver);
  Packet    *packet;

  if (stanza == NULL)
    return NULL;

  packet = packet_new_stanza (stanza, self->events->now);
  append_spaces (self, packet);
  packet->to = get_number (stanza->to);
  if (!self->cell->has_feature)
    {
      /* The peer does not know these, and its answer does not have them. */
      stanza->long_block_size = 0;
      g_clear_pointer (&stanza->secret, g_free);
      stanza->is_resumable = FALSE;
    }
  if (stanza->from == NULL)
    stanza->from = create_jid (self->number); /* as the server does */
  if (self->number == 0 && stanza->payload == IBB_PAYLOAD_DATA)
    {
      Block block = { self->events->now, packet->length };

      g_hash_table_insert (self->in_flight, g_strdup (stanza->id),
                           g_memdup2 (&block, sizeof block));
      meter_note_sent (self->meter, block.length);
    }
  return packet;
}

static void
ready (gpointer source)
{
  settle (source);
}

static void
sent (gpointer source, Packet *packet)
{
  EngineEnd *self = source;

  if (packet->stanza != NULL)
    ibb_engine_sent (self->driver.engine, packet->stanza, self->events->clock);
}

static void
note_answer (EngineEnd *self, const IBBStanza *answer)
{
  Block *block = answer->id != NULL ? g_hash_table_lookup (self->in_flight, answer->id) : NULL;

  if (block == NULL)
    return;
  meter_note_acknowledged (self->meter, block->length, block->sent);
  g_hash_table_remove (self->in_flight, answer->id);
}

/* The application answers these, not the engine. */
static void
answer_query (EngineEnd *self, const IBBStanza *query)
{
  static const char *const features[] = { IBB_FEATURE_NAMESPACE, NULL };
  IBBStanza               *reply = ibb_stanza_record_new_result (query);
  Packet                  *packet;

  if (query->payload == IBB_PAYLOAD_DISCO_QUERY)
    {
      reply->payload = IBB_PAYLOAD_DISCO_INFO;
      reply->features = self->cell->has_feature ? g_strdupv ((char **) features) : NULL;
    }
  packet = packet_new_stanza (reply, self->events->now);
  append_spaces (self, packet);
  packet->to = get_number (reply->to);
  connection_send (self->connection, packet);
}

/* How long the peer will pretend that it has not come. */
static gint64
get_withholding (const EngineEnd *self, const Packet *packet)
{
  const Cell *cell = self->cell;
  gint64      since = self->events->now - (gint64) (cell->stall_from * FLOW_SECOND);

  if (!cell->hostile || self->number == 0 || packet->stanza == NULL || since < 0 ||
      packet->stanza->payload != IBB_PAYLOAD_DATA ||
      !cell_is_slow (cell, (guint) atoi (packet->stanza->sid)))
    return 0;
  return WITHHOLD_FIRST + since / WITHHOLD_SLOPE;
}

static void take_in (EngineEnd *self, Packet *packet);

static void
take_in_cb (gpointer owner, gpointer item)
{
  take_in (owner, item);
}

static void
receive (gpointer source, Packet *packet)
{
  EngineEnd *self = source;
  gint64     withholding = get_withholding (self, packet);

  if (withholding > 0)
    events_add (self->events, self->events->now + withholding, take_in_cb, self, packet);
  else
    take_in (self, packet);
}

static void
take_in (EngineEnd *self, Packet *packet)
{
  IBBStanza *stanza = g_steal_pointer (&packet->stanza);

  if (packet->kind == PACKET_CHAT)
    meter_note_latency (self->meter, METER_CHAT, packet->created);
  else if (stanza->payload == IBB_PAYLOAD_DISCO_QUERY || stanza->payload == IBB_PAYLOAD_PING)
    answer_query (self, stanza);
  else
    {
      note_answer (self, stanza);
      driver_receive (&self->driver, g_steal_pointer (&stanza));
    }
  g_clear_pointer (&stanza, ibb_stanza_record_unref);
  packet_free (packet);
  settle (self);
}

const ConnectionSource engine_end_source = {
  .take = take,
  .ready = ready,
  .sent = sent,
  .receive = receive,
};

/* Life. */

void
engine_end_init (EngineEnd  *self,
                 const Cell *cell,
                 Events     *events,
                 Meter      *meter,
                 Connection *connection,
                 guint       number)
{
  g_autofree char *jid = create_jid (number);
  guint            n_sessions = cell_get_n_sessions (cell);
  IBBSettings     *settings;

  *self = (EngineEnd){
    .cell = cell,
    .events = events,
    .meter = meter,
    .connection = connection,
    .number = number,
    .sessions = g_new0 (EngineSession, n_sessions),
    .in_flight = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free),
    .wake_at = FLOW_NEVER,
  };
  driver_init (&self->driver, jid, &events->clock, (Random){ cell->seed + number });
  settings = &self->driver.engine->context->settings;
  settings->session_limit = n_sessions;
  settings->window = cell->window;
  if (number > 0)
    self->driver.engine->acceptor.listen = IBB_LISTEN_ACCEPT;
  for (guint i = 0; i < n_sessions; i++)
    {
      EngineSession *session = &self->sessions[i];

      *session = (EngineSession){ .end = self, .number = i, .kind = cell_get_kind (cell, i) };
      reader_init (&session->reader, cell, number == 0 ? G_MAXUINT : i, events);
    }
}

void
engine_end_clear (EngineEnd *self)
{
  for (guint i = 0; i < cell_get_n_sessions (self->cell); i++)
    {
      g_clear_pointer (&self->sessions[i].session, ibb_session_unref);
      g_queue_clear_full (&self->sessions[i].begun, g_free);
    }
  g_free (self->sessions);
  g_hash_table_unref (self->in_flight);
  driver_clear (&self->driver);
}

static void
sample_cb (gpointer owner, gpointer item)
{
  EngineEnd *self = owner;
  gint64     window;

  if (!inside_get (self->driver.engine, NULL, "window", &window))
    return;
  meter_note_window (self->meter, window);
  events_add (self->events, self->events->now + METER_INTERVAL, sample_cb, self, NULL);
}

void
engine_end_start (EngineEnd *self)
{
  for (guint i = 0; i < cell_get_n_sessions (self->cell); i++)
    events_add (self->events, (gint64) (cell_get (&self->cell->start, i) * FLOW_SECOND), open_cb,
                &self->sessions[i], NULL);
  events_add (self->events, 0, sample_cb, self, NULL);
}

void
engine_end_note_chat (EngineEnd *self, Packet *question)
{
  append_spaces (self, question);
  ibb_engine_note_chat (self->driver.engine, *self->driver.clock);
}

void
engine_end_finish (EngineEnd *self)
{
  for (guint i = 0; i < cell_get_n_sessions (self->cell); i++)
    for (GList *l = self->sessions[i].begun.head; l != NULL; l = l->next)
      meter_note_latency (self->meter, METER_INTERACTIVE, *(gint64 *) l->data);
}
