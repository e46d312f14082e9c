/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/session/abandoned.h"

#define ABANDONED_OPENS_MAX 1000
#define ABANDONED_OPEN_TIME (600 * G_USEC_PER_SEC)

struct _IBBAbandonedOpen
{
  IBBContext *context; /* (unowned) */
  IBBPending  pending;
  char       *peer;  /* normalised */
  IBBStanza  *close; /* for a peer that accepts the open */
  IBBTimer    timer; /* forgets the open */
  GList       link;
};

static void
timeout (gpointer owner, gint64 now)
{
  ibb_abandoned_open_forget (owner);
}

IBBStanza *
ibb_abandoned_create_close (const IBBParameters *parameters)
{
  g_autofree char *id = ibb_ids_create (&parameters->context->ids);
  IBBStanza       *close =
      ibb_parameters_create_stanza (parameters, IBB_STANZA_IQ, "set", IBB_PAYLOAD_CLOSE, id);

  close->unclean = TRUE;
  return close;
}

void
ibb_abandoned_add (IBBContext *context, const IBBParameters *parameters, char *id, gint64 now)
{
  IBBAbandonedOpen *open = g_new0 (IBBAbandonedOpen, 1);

  if (g_queue_get_length (&context->abandoned) >= ABANDONED_OPENS_MAX)
    ibb_abandoned_open_forget (g_queue_peek_head (&context->abandoned));

  open->context = context;
  open->peer = g_strdup (parameters->key.peer);
  open->close = ibb_abandoned_create_close (parameters);
  open->link.data = open;
  ibb_pendings_add (context->pendings, &open->pending, IBB_PENDING_ABANDONED_OPEN, id, open->peer,
                    open);
  g_queue_push_tail_link (&context->abandoned, &open->link);
  ibb_timer_init (&open->timer, timeout, open);
  ibb_timer_set (&open->timer, &context->timers, now + ABANDONED_OPEN_TIME);
}

void
ibb_abandoned_close_all (IBBContext *context)
{
  for (GList *l = context->abandoned.head; l != NULL; l = l->next)
    ibb_control_push (&context->control,
                      ibb_stanza_record_ref (((IBBAbandonedOpen *) l->data)->close));
}

void
ibb_abandoned_forget_all (IBBContext *context)
{
  while (!g_queue_is_empty (&context->abandoned))
    ibb_abandoned_open_forget (g_queue_peek_head (&context->abandoned));
}

void
ibb_abandoned_open_answered (IBBAbandonedOpen *self, const IBBStanza *answer)
{
  if (answer->payload != IBB_PAYLOAD_ERROR)
    ibb_control_push (&self->context->control, ibb_stanza_record_ref (self->close));
  ibb_abandoned_open_forget (self);
}

void
ibb_abandoned_open_forget (IBBAbandonedOpen *self)
{
  g_queue_unlink (&self->context->abandoned, &self->link);
  ibb_pendings_remove (self->context->pendings, &self->pending);
  ibb_timer_clear (&self->timer);
  g_free (self->peer);
  ibb_stanza_record_unref (self->close);
  g_free (self);
}
