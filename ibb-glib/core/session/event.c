/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/session/event.h"

void
ibb_event_clear (IBBEvent *event)
{
  g_clear_pointer (&event->session, ibb_session_unref);
  ibb_failure_clear (&event->failure);
}

IBBEvent *
ibb_events_push (IBBEvents *self, IBBEventType type, IBBSession *session, gpointer expectation)
{
  IBBEvent *event = g_new0 (IBBEvent, 1);

  event->type = type;
  event->session = session != NULL ? ibb_session_ref (session) : NULL;
  event->expectation = expectation;
  g_queue_push_tail (&self->queue, event);
  return event;
}

gboolean
ibb_events_pop (IBBEvents *self, IBBEvent *event)
{
  g_autofree IBBEvent *first = g_queue_pop_head (&self->queue);

  if (first == NULL)
    return FALSE;

  *event = *first;
  return TRUE;
}
