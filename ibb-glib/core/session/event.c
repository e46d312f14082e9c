/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/session/event.h"

void
ibb_event_clear (IBBEvent *event)
{
  g_clear_pointer (&event->session, ibb_session_unref);
  ibb_failure_clear (&event->failure);
}

void
ibb_event_push (GQueue        *events,
                IBBEventType   type,
                IBBSession    *session,
                gpointer       expectation,
                IBBFailureKind failure)
{
  IBBEvent *event = g_new0 (IBBEvent, 1);

  event->type = type;
  event->session = session != NULL ? ibb_session_ref (session) : NULL;
  event->expectation = expectation;
  event->failure.kind = failure;
  g_queue_push_tail (events, event);
}
