/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The end with which an engine is compared: its sessions have a fixed window, and know the path
 * from the start. It needs no opens, and loses nothing. */

#pragma once

#include "meter.h"

typedef struct _ModelEnd ModelEnd;

/* One end of a session. */
typedef struct
{
  ModelEnd *end;
  guint     number;
  CellKind  kind;
  gboolean  is_open; /* of our client */

  gsize  window; /* our client's: bytes */
  gsize  in_flight;
  gsize  to_send; /* of small writes, or of echoes */
  GQueue begun;   /* when each byte was written whose echo is awaited */

  Reader   reader; /* a peer's */
  gsize    unread;
  GQueue   unacknowledged; /* (element-type Packet): blocks that came, in order */
  gboolean is_read_planned;
} ModelSession;

struct _ModelEnd
{
  const Cell   *cell;
  Events       *events;
  Meter        *meter;
  Connection   *connection;
  guint         number; /* 0: our client */
  guint         n_sessions;
  ModelSession *sessions;
  guint         turn;    /* the session that sends next */
  GQueue        replies; /* (element-type Packet): leave first */
};

extern const ConnectionSource model_end_source; /* of a ModelEnd */

void model_end_init (ModelEnd   *self,
                     const Cell *cell,
                     Events     *events,
                     Meter      *meter,
                     Connection *connection,
                     guint       number);
void model_end_clear (ModelEnd *self);
void model_end_start (ModelEnd *self);
void model_end_finish (ModelEnd *self);
