/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Values of the engine that no call tells or sets: the window that a long path has after a while,
 * and the counts that bound memory. */

#pragma once

#include "core/engine.h"

guint    inside_get_n_counted (IBBEngine *engine); /* sessions, as session-limit counts (D-08) */
guint    inside_get_n_timers (IBBEngine *engine);
guint    inside_get_n_pending (IBBEngine *engine); /* our stanzas that await a reply */
guint    inside_get_n_waiting (IBBEngine *engine); /* stanzas to take, blocks left out */
gsize    inside_get_unread (IBBEngine *engine);    /* bytes received and not read, all sessions */
gsize    inside_get_readable (IBBSession *session);
gsize    inside_get_in_flight (IBBSession *session);  /* bytes sent, without a reply */
gboolean inside_is_close_begun (IBBSession *session); /* close or abort was called */

/* By name, for scripts. FALSE when nothing inside has that name. session: (nullable) */
gboolean inside_get (IBBEngine *engine, IBBSession *session, const char *name, gint64 *value);
gboolean
inside_set (IBBEngine *engine, IBBSession *session, const char *name, gint64 value, gint64 now);
