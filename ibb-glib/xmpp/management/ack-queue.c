/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/management/ack-queue.h"

#include "core/base/stanza.h"

/* After so much an acknowledgement is requested: often enough to keep the queue small, seldom
 * enough to cost nothing. */
#define REQUEST_STANZAS 32
#define REQUEST_BYTES (128 * 1024)

typedef struct
{
  IBBStanza *stanza; /* (owned) */
  gsize      cost;
  gboolean   is_awaited;
} Entry;

struct _IBBAckQueue
{
  GQueue   entries;      /* (element-type Entry): oldest first */
  GList   *next;         /* (nullable): the first that was not sent on this XML stream */
  guint    n_sent;       /* how many stand before it */
  gsize    cost;         /* of all */
  guint32  acknowledged; /* h of the server */
  gboolean is_asked;
  guint    unasked; /* sent since the last request */
  gsize    unasked_cost;
  gboolean is_urgent; /* one of these is awaited */
};

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  ibb_stanza_unref (entry->stanza);
  g_free (entry);
}

IBBAckQueue *
ibb_ack_queue_new (guint32 h)
{
  IBBAckQueue *self = g_new0 (IBBAckQueue, 1);

  self->acknowledged = h;
  return self;
}

void
ibb_ack_queue_free (IBBAckQueue *self)
{
  g_queue_clear_full (&self->entries, entry_free);
  g_free (self);
}

void
ibb_ack_queue_push (IBBAckQueue *self, IBBStanza *stanza, gboolean is_awaited)
{
  Entry *entry = g_new (Entry, 1);

  entry->stanza = ibb_stanza_ref (stanza);
  entry->cost = sizeof *entry + sizeof (GList) + ibb_stanza_record_get_size (stanza);
  entry->is_awaited = is_awaited;
  g_queue_push_tail (&self->entries, entry);
  self->cost += entry->cost;
  if (self->next == NULL)
    self->next = self->entries.tail;
}

IBBStanza *
ibb_ack_queue_get_next (IBBAckQueue *self)
{
  return self->next != NULL ? ((Entry *) self->next->data)->stanza : NULL;
}

void
ibb_ack_queue_note_sent (IBBAckQueue *self)
{
  const Entry *entry = self->next->data;

  self->next = self->next->next;
  self->n_sent++;
  self->unasked++;
  self->unasked_cost += entry->cost;
  self->is_urgent |= entry->is_awaited;
}

static void
take_first (IBBAckQueue *self, GQueue *awaited)
{
  Entry *entry = g_queue_pop_head (&self->entries);

  self->cost -= entry->cost;
  if (entry->is_awaited)
    g_queue_push_tail (awaited, ibb_stanza_ref (entry->stanza));
  entry_free (entry);
}

gboolean
ibb_ack_queue_acknowledge (IBBAckQueue *self, guint32 h, GQueue *awaited)
{
  guint32 n = h - self->acknowledged; /* as the counters, modulo 2^32 */

  self->is_asked = FALSE;
  if (n > self->n_sent)
    return FALSE;

  self->acknowledged = h;
  self->n_sent -= n;
  for (; n > 0; n--)
    take_first (self, awaited);
  return TRUE;
}

void
ibb_ack_queue_restart (IBBAckQueue *self)
{
  self->next = self->entries.head;
  self->n_sent = 0;
  self->is_asked = FALSE;
  self->unasked = 0;
  self->unasked_cost = 0;
  self->is_urgent = FALSE;
}

void
ibb_ack_queue_give_up (IBBAckQueue *self, GQueue *awaited)
{
  while (!g_queue_is_empty (&self->entries))
    take_first (self, awaited);
  ibb_ack_queue_restart (self);
}

gboolean
ibb_ack_queue_wants_request (IBBAckQueue *self)
{
  return !self->is_asked && (self->is_urgent || self->unasked >= REQUEST_STANZAS ||
                             self->unasked_cost >= REQUEST_BYTES);
}

void
ibb_ack_queue_note_request (IBBAckQueue *self)
{
  self->is_asked = TRUE;
  self->unasked = 0;
  self->unasked_cost = 0;
  self->is_urgent = FALSE;
}

gboolean
ibb_ack_queue_is_asked (IBBAckQueue *self)
{
  return self->is_asked;
}

gboolean
ibb_ack_queue_is_empty (IBBAckQueue *self)
{
  return g_queue_is_empty (&self->entries);
}

gboolean
ibb_ack_queue_is_full (IBBAckQueue *self)
{
  return self->cost >= IBB_ACK_QUEUE_MAX;
}

gboolean
ibb_ack_queue_has_other (IBBAckQueue *self)
{
  for (GList *l = self->entries.head; l != NULL; l = l->next)
    if (((Entry *) l->data)->stanza->payload == IBB_PAYLOAD_OTHER)
      return TRUE;
  return FALSE;
}

guint32
ibb_ack_queue_get_sent (IBBAckQueue *self)
{
  return self->acknowledged + self->n_sent;
}

gboolean
ibb_ack_queue_parse_h (const char *text, guint32 *h)
{
  guint64 value;

  if (text == NULL || !g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT32, &value, NULL))
    return FALSE;

  *h = (guint32) value;
  return TRUE;
}
