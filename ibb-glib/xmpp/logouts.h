/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The calls that wait for a logout. On the worker. */

#pragma once

#include "base/thread.h"

typedef struct _IBBLogouts IBBLogouts;

IBBLogouts *ibb_logouts_new (IBBThread *thread);
void        ibb_logouts_free (IBBLogouts *self); /* none waits */
/* Takes the task. A cancellation ends the wait. */
void ibb_logouts_add (IBBLogouts *self, GTask *task);
/* The client is offline: each gets TRUE. */
void ibb_logouts_finish (IBBLogouts *self);
