/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The bytes that the server writes to a connection, as TCP sends them. With Nagle's algorithm a
 * segment that is not full waits while something is unacknowledged, and the other end acknowledges
 * a single segment late, or with bytes of its own. Without it all bytes leave at once. */

#pragma once

#include "link.h"
#include "packet.h"

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
