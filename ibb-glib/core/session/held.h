/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A list of sessions with a reference to each, since the end of one may end another. */

#pragma once

#include "core/session/session.h"

typedef GList IBBHeldSessions;

/* sessions: (transfer full): the list, not its elements */
static inline IBBHeldSessions *
ibb_held_sessions_new (GList *sessions)
{
  for (GList *l = sessions; l != NULL; l = l->next)
    ibb_session_ref (l->data);
  return sessions;
}

static inline void
ibb_held_sessions_free (IBBHeldSessions *self)
{
  g_list_free_full (self, (GDestroyNotify) ibb_session_unref);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBHeldSessions, ibb_held_sessions_free)
