/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Values of the engine that no call tells or sets: the window that a long path has after a while,
 * and the counts that bound memory. */

#pragma once

#include "core/engine.h"

guint inside_get_n_timers (IBBEngine *engine);

/* By name, for scripts. FALSE when nothing inside has that name. session: (nullable) */
gboolean inside_get (IBBEngine *engine, IBBSession *session, const char *name, gint64 *value);
gboolean
inside_set (IBBEngine *engine, IBBSession *session, const char *name, gint64 value, gint64 now);
