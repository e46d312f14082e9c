/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/receive/reorder.h"

static GList *
find (const IBBReorder *self, guint16 seq)
{
  for (GList *l = self->stanzas.head; l != NULL; l = l->next)
    {
      IBBStanza *stanza = l->data;

      if (stanza->payload == IBB_PAYLOAD_DATA && stanza->seq == seq)
        return l;
    }
  return NULL;
}

IBBStanza *
ibb_reorder_find (const IBBReorder *self, guint16 seq)
{
  GList *link = find (self, seq);

  return link != NULL ? link->data : NULL;
}

void
ibb_reorder_push (IBBReorder *self, IBBStanza *stanza, gint64 now)
{
  if (g_queue_is_empty (&self->stanzas))
    self->since = now;
  if (stanza->payload != IBB_PAYLOAD_DATA)
    g_queue_push_tail (&self->stanzas, ibb_stanza_record_ref (stanza));
  else
    g_queue_push_head (&self->stanzas, ibb_stanza_record_ref (stanza));
}

IBBStanza *
ibb_reorder_take (IBBReorder *self, guint16 seq)
{
  GList     *link = find (self, seq);
  IBBStanza *stanza;

  if (link == NULL)
    return NULL;
  stanza = link->data;
  g_queue_delete_link (&self->stanzas, link);
  return stanza;
}

gboolean
ibb_reorder_has_no_block (const IBBReorder *self)
{
  const IBBStanza *first = g_queue_peek_head ((GQueue *) &self->stanzas);

  return first == NULL || first->payload != IBB_PAYLOAD_DATA;
}

gint64
ibb_reorder_get_due (const IBBReorder *self)
{
  return g_queue_is_empty ((GQueue *) &self->stanzas) ? IBB_NEVER : self->since + IBB_REORDER_TIME;
}
