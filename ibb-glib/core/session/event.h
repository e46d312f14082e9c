/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The events for the application, in order. */

#pragma once

#include <glib.h>

#include "core/base/failure.h"
#include "core/session/session.h"

typedef enum
{
  IBB_EVENT_NONE,
  /* The state of session has changed. Not reported for a close by the application, unless the
   * session ends with the close. */
  IBB_EVENT_CHANGED,
  IBB_EVENT_REQUESTED, /* session (full reference): a peer asks; state REQUESTED */
  IBB_EVENT_ACCEPTED,  /* session (full reference): an unexpected one was accepted at once */
  IBB_EVENT_EXPECTED,  /* session (full reference) meets expectation, which is gone now */
  IBB_EVENT_EXPECTATION_FAILED, /* expectation is gone: failure says why (LOST or STOPPED) */
} IBBEventType;

typedef struct
{
  IBBEventType type;
  IBBSession  *session;     /* (owned) (nullable) */
  gpointer     expectation; /* (nullable): the data given to ibb_engine_expect */
  IBBFailure   failure;
} IBBEvent;

#define IBB_EVENT_INIT                                                                             \
  {                                                                                                \
    IBB_EVENT_NONE, NULL, NULL, IBB_FAILURE_INIT                                                   \
  }

static inline void
ibb_event_clear (IBBEvent *event)
{
  g_clear_pointer (&event->session, ibb_session_unref);
  ibb_failure_clear (&event->failure);
}
