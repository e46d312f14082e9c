/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "packet.h"

/* The length of usual stanzas, without the bytes of a block. */
#define BLOCK_SIZE 180
#define ACK_SIZE 120
#define OTHER_SIZE 220
#define SEGMENT_ACK_SIZE 52

static gsize
get_block_size (gsize length)
{
  return BLOCK_SIZE + IBB_BASE64_ENCODED_LENGTH (length);
}

Packet *
packet_new (PacketKind kind, gsize length, gint64 now)
{
  Packet *self = g_new0 (Packet, 1);

  self->kind = kind;
  self->created = now;
  self->length = length;
  self->to = PACKET_TO_SERVER;
  if (kind == PACKET_BLOCK)
    self->size = get_block_size (length);
  else
    self->size = kind == PACKET_ACK ? ACK_SIZE : OTHER_SIZE;
  if (kind == PACKET_SEGMENT_ACK)
    self->size = SEGMENT_ACK_SIZE;
  return self;
}

Packet *
packet_new_stanza (IBBStanza *stanza, gint64 now)
{
  Packet *self = packet_new (PACKET_STANZA, 0, now);

  self->stanza = stanza;
  if (stanza->payload == IBB_PAYLOAD_DATA)
    {
      self->length = g_bytes_get_size (stanza->bytes);
      self->size = get_block_size (self->length);
    }
  else if (stanza->payload == IBB_PAYLOAD_RESULT || stanza->payload == IBB_PAYLOAD_PING)
    self->size = ACK_SIZE;
  return self;
}

void
packet_free (Packet *self)
{
  g_clear_pointer (&self->stanza, ibb_stanza_record_unref);
  g_free (self);
}
