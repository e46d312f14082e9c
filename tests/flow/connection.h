/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* An end's connection to the server: it takes packets from its source as long as
 * little waits before the link. */

#pragma once

#include "stream.h"

typedef struct
{
  Packet *(*take) (gpointer source);                 /* (nullable) */
  void (*ready) (gpointer source);                   /* it may take again: call connection_pump */
  void (*sent) (gpointer source, Packet *packet);    /* it begins to leave */
  void (*receive) (gpointer source, Packet *packet); /* packet is (transfer full) */
} ConnectionSource;

typedef struct
{
  Events                 *events;
  guint                   number;
  Link                    link;   /* to the server */
  Stream                 *stream; /* from the server */
  gsize                   room;   /* bytes that wait before the link; 0: no limit */
  gint64                  pump_at;
  const ConnectionSource *source_class;
  gpointer                source;
} Connection;

/* The link and the stream are to be set by the caller. */
void connection_init (Connection             *self,
                      Events                 *events,
                      guint                   number,
                      gsize                   room,
                      const ConnectionSource *source_class,
                      gpointer                source);
/* Whether anything was taken. */
gboolean connection_pump (Connection *self);
/* At once, whatever waits. */
void connection_send (Connection *self, Packet *packet);
/* An EventsFunc, of a connection and a packet: */
void connection_arrived (gpointer connection, gpointer packet);
/* An EventsFunc, of a connection: TCP says how much it has received. */
void connection_acknowledge (gpointer connection, gpointer item);
