/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The invariants of an engine between any two calls. */

#pragma once

#include "core/engine.h"

/* held: sessions that may have ended, each NULL or a reference of the caller's;
 * largest: the most that each setting ever was. */
void engine_check (IBBEngine *engine, IBBSession **held, guint n_held, const IBBSettings *largest);
/* When all that is due was done: no session that could send has been forgotten. */
void engine_check_ready (IBBEngine *engine, gint64 now);
/* Whether so many errors wait that requests go unanswered (D-47). */
gboolean engine_check_flooded (IBBEngine *engine);
/* The number that the session expects of its peer. */
guint16 engine_check_get_next_seq (IBBSession *session);
