/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The command of the user that runs for each received file. The shell gets its text as the user has
 * written it; what the peer has chosen is in the environment alone. In the main thread. */

#pragma once

#include <glib.h>

typedef struct _ToolHooks ToolHooks;

ToolHooks *tool_hooks_new (const char *command);
void       tool_hooks_free (ToolHooks *self);
/* So many files wait for the command that no more are taken. */
gboolean tool_hooks_is_full (ToolHooks *self);
/* Runs the command for the file, or later if it runs for several already. */
void tool_hooks_run (ToolHooks *self, const char *path, const char *peer, guint64 size);
/* Waits for those that run, and with is_stopped for a short time only. Returns whether all commands
 * of this run have succeeded. */
gboolean tool_hooks_finish (ToolHooks *self, gboolean is_stopped);
