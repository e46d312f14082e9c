/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How far a transfer is: a line that changes in place, or progress events. */

#pragma once

#include <glib.h>

typedef struct _ToolProgress ToolProgress;

ToolProgress      *
tool_progress_new (const char *label, const char *position, const char *peer, guint64 total);
void tool_progress_update (ToolProgress *self, guint64 bytes, guint64 rate);
void tool_progress_free (ToolProgress *self);
