/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The server of all ends: one processor, which takes the stanzas of all
 * connections in the order in which they arrived. */

#pragma once

#include "cell.h"
#include "link.h"

/* How a server limits what it reads from one connection. */

typedef enum
{
  GATE_OPEN,
  GATE_PACED,   /* 8192 bytes a millisecond, where more than that wait */
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
} Gate;

/* is_own: of our client's connection. */
void gate_init (Gate *self, const Cell *cell, gboolean is_own);
/* How many of the bytes that wait are read now. queued: those that were read and are
 * not processed yet. */
gsize  gate_read (Gate *self, gsize waiting, gsize queued, gint64 now);
gint64 gate_get_due (const Gate *self); /* when to try again, if not all was read */

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
  gsize    n_queued;  /* bytes that were read and are not processed */
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
