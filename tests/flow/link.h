/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Packets on their way: events in order of time, links, streams of TCP, and the connection of an
 * end to the server. */

#pragma once

#include "core/base/stanza.h"
#include "random.h"

/* Events to come, in order of time; those at the same time in the order in which they were
 * added. */

/* Times are nanoseconds: a stanza takes less than a microsecond on a fast link. */
#define FLOW_MICROSECOND G_GINT64_CONSTANT (1000)
#define FLOW_MILLISECOND (1000 * FLOW_MICROSECOND)
#define FLOW_SECOND (1000 * FLOW_MILLISECOND)
#define FLOW_NEVER G_MAXINT64

typedef void (*EventsFunc) (gpointer owner, gpointer item);

typedef struct
{
  GArray *heap;
  guint64 n_asked;
  gint64  now;
  gint64  clock; /* the same time as an engine's caller has it, in microseconds */
} Events;

void   events_init (Events *self);
void   events_clear (Events *self, GDestroyNotify free_item);
void   events_add (Events *self, gint64 time, EventsFunc func, gpointer owner, gpointer item);
gint64 events_from_clock (gint64 clock); /* an engine's time as a time of this clock */
/* Runs the events up to that time, included. */
void events_run (Events *self, gint64 end);

/* A stanza on its way, with the size of its text. */

typedef enum
{
  PACKET_STANZA,      /* of an engine */
  PACKET_CHAT,        /* the application's own, answered by the server */
  PACKET_BLOCK,       /* of a model end */
  PACKET_ACK,         /* of a model end */
  PACKET_SEGMENT,     /* of TCP, with parts of others */
  PACKET_SEGMENT_ACK, /* of TCP */
} PacketKind;

typedef struct
{
  PacketKind kind;
  gsize      size;
  gsize      spaces; /* bytes of size, after the stanza, up to the server */
  gint64     created;
  IBBStanza *stanza;       /* (owned) (nullable) */
  guint      from;         /* end, by number */
  guint      to;           /* end, by number, or PACKET_TO_SERVER */
  guint      session;      /* of a model end */
  gsize      length;       /* of a block: its bytes */
  guint64    position;     /* of its end, in the stream to an end */
  guint64    acknowledged; /* position in the stream to its sender: it has received so much */
} Packet;

#define PACKET_TO_SERVER G_MAXUINT

Packet *packet_new (PacketKind kind, gsize length, gint64 now);
Packet *packet_new_stanza (IBBStanza *stanza, gint64 now); /* stanza is (transfer full) */
void    packet_free (Packet *self);

/* One direction of a path: a queue without a limit, a rate, a delay and jitter. Packets arrive in
 * the order in which they leave. */

typedef struct
{
  Events *events;
  double  rate; /* bytes a second; 0: no limit */
  gint64  delay;
  gint64  jitter; /* at most so much more, uniformly */
  /* 0: each packet has a jitter of its own. Since none overtakes another, many at a time have
   * nearly the most. Else it goes from one value to the next in that time, whatever the load. */
  gint64     jitter_time;
  Random     random;
  EventsFunc arrived;
  gpointer   owner;
  gint64     trip;  /* of TCP, which begins slowly; 0: it does not */
  gsize      burst; /* bytes that may leave in a round trip */
  gsize      begun; /* of these, those that have left ... */
  gint64     round; /* ... since then */

  gint64 free_at; /* when all that was sent has left */
  gint64 last_arrival;
  gint64 jitter_period;    /* number of the one that the values are of */
  gint64 jitter_values[2]; /* at its beginning and end */
} Link;

/* item goes to arrived, at the other end. Returns when it begins to leave. */
gint64 link_send (Link *self, gsize size, gpointer item);
/* When fewer than so many bytes will wait to leave: now, or later. */
gint64 link_get_time_below (const Link *self, gsize size);

/* The bytes that the server writes to a connection, as TCP sends them. With Nagle's algorithm a
 * segment that is not full waits while something is unacknowledged, and the other end acknowledges
 * a single segment late, or with bytes of its own. Without it all bytes leave at once. */

typedef struct
{
  Events  *events;
  Link     link;
  gboolean has_nagle;
  gsize    mss;
  gint64   ack_delay;
  GQueue   packets; /* (element-type Packet): that have not all arrived */

  /* The server's side: positions. */
  guint64 written;
  guint64 sent;
  guint64 acknowledged;

  /* The other end's. */
  guint64    received;
  gsize      owed; /* bytes that are not acknowledged */
  gint64     ack_at;
  EventsFunc send_ack; /* owner: the link's */
} Stream;

/* The link and send_ack are to be set by the caller. */
void stream_init (Stream *self, Events *events, gboolean has_nagle, gsize mss, gint64 ack_delay);
void stream_clear (Stream *self);
void stream_write (Stream *self, Packet *packet); /* packet is (transfer full) */
void stream_acknowledged (Stream *self, guint64 position);

/* Takes a packet from the link, or a segment with the ends of packets. */
void    stream_arrived (Stream *self, Packet *packet); /* packet is (transfer full) */
Packet *stream_take (Stream *self);                    /* (transfer full) (nullable) */
/* The end sends something, which says how far it got. */
guint64 stream_get_acknowledgement (Stream *self);

/* An end's connection to the server: it takes packets from its source as long as
 * little waits before the link. */

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
