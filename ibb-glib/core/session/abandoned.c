/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/session/abandoned.h"

#define ABANDONED_OPENS_MAX 1000
#define ABANDONED_OPEN_TIME (600 * G_USEC_PER_SEC)

struct _IBBAbandonedOpen
{
  IBBContext *context; /* (unowned) */
  IBBPending  pending;
  char       *peer; /* normalised */
  char       *peer_jid;
  char       *local_jid;
  char       *sid;
  gint64      until;
  GList       link;
};

static void
timeout (gpointer owner, gint64 now)
{
  IBBContext       *context = owner;
  IBBAbandonedOpen *oldest;

  while ((oldest = g_queue_peek_head (&context->abandoned)) != NULL && oldest->until <= now)
    ibb_abandoned_open_forget (oldest);
  if (oldest != NULL)
    ibb_timer_set (&context->abandoned_timer, &context->timers, oldest->until);
}

void
ibb_abandoned_add (IBBContext *context, const IBBParameters *parameters, char *id, gint64 now)
{
  IBBAbandonedOpen *open = g_new0 (IBBAbandonedOpen, 1);

  if (g_queue_get_length (&context->abandoned) >= ABANDONED_OPENS_MAX)
    ibb_abandoned_open_forget (g_queue_peek_head (&context->abandoned));

  open->context = context;
  open->peer = g_strdup (parameters->key.peer);
  open->peer_jid = g_strdup (parameters->peer_jid);
  open->local_jid = g_strdup (parameters->local_jid);
  open->sid = g_strdup (parameters->key.sid);
  open->until = now + ABANDONED_OPEN_TIME;
  open->link.data = open;
  ibb_pendings_add (context->pendings, &open->pending, IBB_PENDING_ABANDONED_OPEN, id, open->peer,
                    open);
  g_queue_push_tail_link (&context->abandoned, &open->link);
  if (context->abandoned_timer.func == NULL)
    ibb_timer_init (&context->abandoned_timer, timeout, context);
  if (context->abandoned_timer.due == IBB_NEVER)
    ibb_timer_set (&context->abandoned_timer, &context->timers, open->until);
}

static void
send_close (IBBAbandonedOpen *self)
{
  IBBContext      *context = self->context;
  g_autofree char *id = ibb_ids_create (&context->ids);
  IBBStanza       *close;

  close = ibb_stanza_record_new (IBB_STANZA_IQ, "set", IBB_PAYLOAD_CLOSE, id, self->peer_jid);
  if (g_strcmp0 (self->local_jid, context->local_jid) != 0)
    close->from = g_strdup (self->local_jid);
  close->sid = g_strdup (self->sid);
  close->unclean = TRUE;
  ibb_control_push (&context->control, close);
}

void
ibb_abandoned_close_all (IBBContext *context)
{
  for (GList *l = context->abandoned.head; l != NULL; l = l->next)
    send_close (l->data);
}

void
ibb_abandoned_forget_all (IBBContext *context)
{
  while (!g_queue_is_empty (&context->abandoned))
    ibb_abandoned_open_forget (g_queue_peek_head (&context->abandoned));
  ibb_timer_clear (&context->abandoned_timer);
}

void
ibb_abandoned_open_answered (IBBAbandonedOpen *self, const IBBStanza *answer)
{
  if (answer->payload != IBB_PAYLOAD_ERROR)
    send_close (self);
  ibb_abandoned_open_forget (self);
}

void
ibb_abandoned_open_forget (IBBAbandonedOpen *self)
{
  g_queue_unlink (&self->context->abandoned, &self->link);
  ibb_pendings_remove (self->context->pendings, &self->pending);
  g_free (self->peer);
  g_free (self->peer_jid);
  g_free (self->local_jid);
  g_free (self->sid);
  g_free (self);
}
