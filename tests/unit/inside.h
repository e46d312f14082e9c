/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What no call of the engine tells or sets, for scripts: the window as it is after
 * a while on a long path, and the counts that bound memory. */

#pragma once

#include "core/engine.h"

/* Each: FALSE when nothing inside has that name. */
gboolean inside_get (IBBEngine *engine, const char *name, gint64 *value);
gboolean
inside_set (IBBEngine *engine, IBBSession *session, const char *name, gint64 value, gint64 now);
