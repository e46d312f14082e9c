/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A blocked thread, as the one that wakes it sees it. The two share it: the thread may have
 * gone on before the other one has finished waking it. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _IBBSleeper IBBSleeper;

IBBSleeper *ibb_sleeper_new (void);
IBBSleeper *ibb_sleeper_ref (IBBSleeper *self);
void        ibb_sleeper_unref (IBBSleeper *self);

void ibb_sleeper_wake (IBBSleeper *self);
/* Call this with the mutex, which it gives up meanwhile. deadline: G_MAXINT64 for none. */
void ibb_sleeper_sleep (IBBSleeper *self, GMutex *mutex, gint64 deadline);

G_END_DECLS
