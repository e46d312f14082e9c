/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The server of all ends, and how it limits what it reads from one connection. */

#pragma once

#include "cell.h"
#include "link.h"

typedef enum
{
  GATE_OPEN,
  GATE_RECORDS, /* as Prosody reads records of TLS (quirks.h) */
  GATE_BUCKET,  /* as Prosody's module "limits" */
  GATE_PAUSING, /* as ejabberd's shaper */
} GateKind;

typedef struct
{
  GateKind kind;
  double   rate;
  double   tokens; /* bytes that may be read at once: GATE_BUCKET */
  gint64   updated;
  gint64   closed_until;
  gsize    rest; /* bytes of a record that the read before has begun: GATE_RECORDS */
} Gate;

/* The server of all ends: one processor, which takes the stanzas of all
 * connections in the order in which they arrived. */

typedef struct _Server Server;

/* The server's end of a connection. */
typedef struct
{
  Server  *server;
  Stream   stream; /* to the end */
  Gate     gate;
  GQueue   waiting;   /* (element-type Packet): not all read */
  gsize    n_waiting; /* bytes */
  gsize    n_read;    /* bytes of the first of them */
  gboolean is_planned;
} ServerPort;

struct _Server
{
  Events     *events;
  double      stanza_cost;
  double      byte_cost;
  gint64      free_at; /* when the processor has done what arrived */
  guint       n_ports;
  ServerPort *ports;
};

void server_init (Server *self, const Cell *cell, Events *events, guint n_ports);
void server_clear (Server *self);
/* The streams' links is to be set by the caller. An EventsFunc, of a port and a packet: */
void server_arrived (gpointer port, gpointer packet);
