/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A stanza on its way, with the size of its text. */

#pragma once

#include "core/base/stanza.h"

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
