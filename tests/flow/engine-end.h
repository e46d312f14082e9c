/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* An engine and the application on top of it: our client, or a peer. */

#pragma once

#include "driver.h"
#include "meter.h"

typedef struct _EngineEnd EngineEnd;

/* One end of a session. */
typedef struct
{
  EngineEnd  *end;
  guint       number;
  CellKind    kind;
  IBBSession *session; /* (owned) (nullable) */
  Reader      reader;
  gboolean    is_read_planned;
  GQueue      begun; /* when each byte was written whose echo is awaited; of our client */
} EngineSession;

struct _EngineEnd
{
  Driver         driver;
  const Cell    *cell;
  Events        *events;
  Meter         *meter;
  Connection    *connection;
  guint          number; /* 0: our client */
  EngineSession *sessions;
  GHashTable    *in_flight; /* (element-type utf8 Block): of our client, by id */
  gint64         wake_at;
  gboolean       fills;  /* blocks fill what a server reads (quirks.h) ... */
  gsize          spaces; /* ... and other stanzas had so many spaces after them */
};

extern const ConnectionSource engine_end_source; /* of an EngineEnd */

void engine_end_init (EngineEnd  *self,
                      const Cell *cell,
                      Events     *events,
                      Meter      *meter,
                      Connection *connection,
                      guint       number);
void engine_end_clear (EngineEnd *self);
/* Opens the sessions when it is time. Of our client. */
void engine_end_start (EngineEnd *self);
/* The latencies so far of what is not answered yet. */
void engine_end_finish (EngineEnd *self);
/* A person writes something else on the connection: question leaves next. */
void engine_end_note_chat (EngineEnd *self, Packet *question);
