/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/base/control.h"

#include <string.h>

/* The memory of an id beside its text: a link of the list, and what the allocator adds. */
#define ID_SIZE 64

/* Bounds of the stanzas that wait to be sent, in bytes (D-47). Strangers may provoke errors, and
 * peers may repeat blocks, faster than the answers can be sent. */
#define REPEATED_RESULTS_MAX (256 * 1024)
#define ERROR_REPLIES_MAX (512 * 1024) /* of error replies alone */
#define FLOOD (2 * 1024 * 1024)        /* nothing unexpected is accepted */

typedef struct
{
  GList      link;
  IBBStanza *stanza; /* (owned) (nullable): or the replies below */
  gsize      size;   /* of stanza */

  GQueue   ids;  /* (element-type utf8): owned */
  char    *to;   /* (owned) (nullable) */
  char    *from; /* (owned) (nullable) */
  gboolean refuse;
} Entry;

static void
push_entry (IBBControl *self, Entry *entry)
{
  entry->link.data = entry;
  g_queue_push_tail_link (&self->entries, &entry->link);
}

static void
free_entry (IBBControl *self, Entry *entry)
{
  g_queue_unlink (&self->entries, &entry->link);
  g_clear_pointer (&entry->stanza, ibb_stanza_record_unref);
  g_queue_clear_full (&entry->ids, g_free);
  g_free (entry->to);
  g_free (entry->from);
  g_free (entry);
}

static gsize
get_entry_size (const IBBStanza *stanza)
{
  return sizeof (Entry) + ibb_stanza_record_get_size (stanza);
}

void
ibb_control_push (IBBControl *self, IBBStanza *stanza)
{
  Entry *entry = g_new0 (Entry, 1);

  entry->stanza = stanza;
  entry->size = get_entry_size (stanza);
  push_entry (self, entry);
  self->length++;
  self->size += entry->size;
  if (stanza->payload == IBB_PAYLOAD_ERROR)
    self->errors += entry->size;
}

static void
count_replies (IBBControl *self, gsize size)
{
  self->replies += size;
  self->size += size;
}

void
ibb_control_push_replies (IBBControl *self, char *to, char *from, gboolean refuse, GQueue *ids)
{
  Entry *entry = g_new0 (Entry, 1);

  g_assert (!g_queue_is_empty (ids));
  entry->to = to;
  entry->from = from;
  entry->refuse = refuse;
  entry->ids = *ids;
  g_queue_init (ids);
  push_entry (self, entry);
  self->length += g_queue_get_length (&entry->ids);
  for (GList *l = entry->ids.head; l != NULL; l = l->next)
    count_replies (self, ID_SIZE + strlen (l->data));
}

static IBBStanza *
pop_stanza (IBBControl *self, Entry *entry)
{
  self->size -= entry->size;
  if (entry->stanza->payload == IBB_PAYLOAD_ERROR)
    self->errors -= entry->size;
  return g_steal_pointer (&entry->stanza);
}

static IBBStanza *
pop_reply (IBBControl *self, Entry *entry)
{
  g_autofree char *id = g_queue_pop_head (&entry->ids);
  IBBStanza       *reply;

  count_replies (self, -(ID_SIZE + strlen (id)));
  if (entry->refuse)
    {
      reply = ibb_stanza_record_new (IBB_STANZA_IQ, "error", IBB_PAYLOAD_ERROR, id, entry->to);
      reply->condition = IBB_CONDITION_ITEM_NOT_FOUND;
    }
  else
    reply = ibb_stanza_record_new (IBB_STANZA_IQ, "result", IBB_PAYLOAD_RESULT, id, entry->to);
  reply->from = g_strdup (entry->from);
  return reply;
}

IBBStanza *
ibb_control_pop (IBBControl *self)
{
  Entry     *entry = g_queue_peek_head (&self->entries);
  IBBStanza *stanza;

  if (entry == NULL)
    return NULL;

  self->length--;
  self->n_popped++;
  stanza = entry->stanza != NULL ? pop_stanza (self, entry) : pop_reply (self, entry);
  if (g_queue_is_empty (&entry->ids))
    free_entry (self, entry);
  return stanza;
}

void
ibb_control_clear (IBBControl *self)
{
  Entry *entry;

  while ((entry = g_queue_peek_head (&self->entries)) != NULL)
    free_entry (self, entry);
  *self = (IBBControl){ .entries = G_QUEUE_INIT };
}

gboolean
ibb_control_is_flooded (const IBBControl *self)
{
  return self->size >= FLOOD;
}

gboolean
ibb_control_has_stanza_to (const IBBControl *self, const char *jid)
{
  const GList *l = self->entries.head;

  while (l != NULL)
    {
      const Entry *entry = l->data;

      if (g_strcmp0 (entry->stanza != NULL ? entry->stanza->to : entry->to, jid) == 0)
        break;
      l = l->next;
    }
  return l != NULL;
}

void
ibb_control_reply_result (IBBControl *self, const IBBStanza *request)
{
  if (request->name == IBB_STANZA_IQ)
    ibb_control_push (self, ibb_stanza_record_new_result (request));
}

void
ibb_control_repeat_result (IBBControl *self, const IBBStanza *request)
{
  if (self->size < REPEATED_RESULTS_MAX)
    ibb_control_reply_result (self, request);
}

void
ibb_control_reply_error (IBBControl      *self,
                         const IBBStanza *request,
                         IBBCondition     condition,
                         IBBErrorType     type,
                         const char      *text)
{
  IBBStanza *reply = ibb_stanza_record_new_error (request, condition, type, text);

  if (self->errors + get_entry_size (reply) <= ERROR_REPLIES_MAX)
    ibb_control_push (self, reply);
  else
    ibb_stanza_record_unref (reply);
}

void
ibb_control_refuse_open (IBBControl      *self,
                         const IBBStanza *open,
                         IBBCondition     condition,
                         const char      *text)
{
  IBBErrorType type = ibb_condition_get_default_type (condition);

  if (condition == IBB_CONDITION_RESOURCE_CONSTRAINT)
    type = IBB_ERROR_TYPE_MODIFY;
  else if (condition == IBB_CONDITION_NOT_ACCEPTABLE)
    type = IBB_ERROR_TYPE_CANCEL;
  ibb_control_reply_error (self, open, condition, type, text);
}
