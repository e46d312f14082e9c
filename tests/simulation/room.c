/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Readers tell their room (D-53), and senders keep to it (D-54). */

#include "config.h"

#include "world.h"

void
room_asked (World *self, Node *node, End *end, const IBBStanza *block)
{
  if (block->asks_room && (block->name != IBB_STANZA_IQ || !node->trusts[end->peer]))
    world_fail (self, "end %u asks for room where nobody can tell (D-54)", end->index);
  end->asked = end->asked || block->asks_room;
}

void
room_block_sent (World *self, End *end, guint64 behind)
{
  if (end->is_told && end->in_flight > 0 && behind > end->told_limit)
    world_fail (self,
                "end %u sends up to %" G_GUINT64_FORMAT
                ", the reader takes up to %" G_GUINT64_FORMAT " (D-54)",
                end->index, behind, end->told_limit);
}

void
room_block_answered (End *self, const Block *block, const IBBStanza *result)
{
  if (self->asked && result->tells_room)
    {
      self->is_told = TRUE;
      self->told_room = result->room;
    }
  self->told_limit = block->offset + block->length + self->told_room;
}

/* A result of node's that tells: the block was sent by somebody who had asked, and what was told
 * before is not taken back. */
void
room_told (World *self, Node *node, Node *to, const IBBStanza *result)
{
  guint64 id = hash_string (result->id);

  for (guint i = 0; i < self->ends->len; i++)
    {
      End *end = g_ptr_array_index (self->ends, i);

      if (end->node != to->index || end->peer != node->index)
        continue;
      for (guint j = end->first; j < end->blocks->len; j++)
        {
          const Block *block = &g_array_index (end->blocks, Block, j);
          guint64      limit = block->offset + block->length + result->room;

          if (block->id != id)
            continue;
          if (!end->asked)
            world_fail (self, "end %u is told what it has not asked (D-53)", end->index);
          if (limit < end->offered && result->room < G_MAXUINT32)
            world_fail (self, "end %u: an offer went back (D-53)", end->index);
          end->offered = limit;
          return;
        }
    }
}
