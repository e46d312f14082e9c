/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/receive/acks.h"

#include <string.h>

/* What the record of a delayed acknowledgement takes beside its id: itself, a
 * link of the list, an entry of the table, and what the allocator adds. */
#define RECORD_SIZE 192

static void
delayed_ack_free (IBBDelayedAck *self)
{
  g_free (self->id);
  g_free (self);
}

void
ibb_acks_init (IBBAcks *self, const IBBParameters *parameters)
{
  self->parameters = parameters;
  self->memory_link.data = parameters->owner;
}

gboolean
ibb_acks_contain (const IBBAcks *self, guint64 digest)
{
  return self->digests != NULL && g_hash_table_contains (self->digests, &digest);
}

/* The id counts, too: ids are short, unless the peer means harm. */
gsize
ibb_acks_get_cost (const IBBStanza *stanza)
{
  gsize id_length = stanza->id != NULL ? strlen (stanza->id) : 0;

  return g_bytes_get_size (stanza->bytes) + (id_length > 64 ? id_length : 0);
}

static gsize
get_record_size (const IBBDelayedAck *ack)
{
  return RECORD_SIZE + strlen (ack->id);
}

void
ibb_acks_add (IBBAcks *self, const IBBStanza *stanza, guint64 end, gint64 now)
{
  IBBDelayedAck *ack = g_new0 (IBBDelayedAck, 1);

  ack->id = g_strdup (stanza->id);
  ack->end = end;
  ack->cost = ibb_acks_get_cost (stanza);
  ack->arrived = now;
  ack->link.data = ack;
  g_queue_push_tail_link (&self->blocks, &ack->link);
  self->bytes += ack->cost;
  ibb_acks_add_record (self, get_record_size (ack));
}

void
ibb_acks_note_digest (IBBAcks *self, guint64 digest)
{
  IBBDelayedAck *last = g_queue_peek_tail (&self->blocks);

  if (self->digests == NULL)
    self->digests = g_hash_table_new (g_int64_hash, g_int64_equal);
  last->digest = digest;
  g_hash_table_add (self->digests, &last->digest);
}

static IBBDelayedAck *
pop_first (IBBAcks *self)
{
  IBBDelayedAck *ack = g_queue_pop_head_link (&self->blocks)->data;

  self->bytes -= ack->cost;
  ibb_acks_remove_record (self, get_record_size (ack));
  if (self->digests != NULL)
    g_hash_table_remove (self->digests, &ack->digest);
  return ack;
}

void
ibb_acks_clear (IBBAcks *self)
{
  while (!g_queue_is_empty (&self->blocks))
    delayed_ack_free (pop_first (self));
  g_clear_pointer (&self->digests, g_hash_table_unref);
  ibb_acks_set_waiting (self, FALSE);
}

void
ibb_acks_send_first (IBBAcks *self, const IBBRoom *room)
{
  IBBDelayedAck *ack = pop_first (self);
  IBBStanza     *result = ibb_parameters_create_stanza (self->parameters, IBB_STANZA_IQ, "result",
                                                        IBB_PAYLOAD_RESULT, NULL);

  result->id = g_steal_pointer (&ack->id);
  self->sent_to = ack->end;
  if (room != NULL)
    {
      result->tells_room = TRUE;
      result->room = room->room;
      result->delay = room->delay;
    }
  ibb_control_push (&self->parameters->context->control, result);
  delayed_ack_free (ack);
}

static void
send_up_to (IBBAcks *self, guint64 end, gboolean refuse)
{
  GQueue         ids = G_QUEUE_INIT;
  IBBDelayedAck *ack;

  while ((ack = g_queue_peek_head (&self->blocks)) != NULL && ack->end <= end)
    {
      pop_first (self);
      if (refuse)
        self->has_refused = TRUE;
      else
        self->sent_to = ack->end;
      g_queue_push_tail (&ids, g_steal_pointer (&ack->id));
      delayed_ack_free (ack);
    }
  if (!g_queue_is_empty (&ids))
    ibb_control_push_replies (&self->parameters->context->control,
                              g_strdup (self->parameters->peer_jid),
                              ibb_parameters_dup_from (self->parameters), refuse, &ids);
}

void
ibb_acks_send_all (IBBAcks *self, guint64 end)
{
  send_up_to (self, end, FALSE);
  send_up_to (self, G_MAXUINT64, TRUE);
  ibb_acks_set_waiting (self, FALSE);
}

void
ibb_acks_restart (IBBAcks *self, gint64 now)
{
  for (GList *l = self->blocks.head; l != NULL; l = l->next)
    ((IBBDelayedAck *) l->data)->arrived = now;
}

void
ibb_acks_set_waiting (IBBAcks *self, gboolean is_waiting)
{
  IBBMemory *memory = &self->parameters->context->memory;

  if (is_waiting == self->is_waiting)
    return;

  self->is_waiting = is_waiting;
  if (is_waiting)
    g_queue_push_tail_link (&memory->waiting, &self->memory_link);
  else
    g_queue_unlink (&memory->waiting, &self->memory_link);
}
