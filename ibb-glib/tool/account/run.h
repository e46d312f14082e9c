/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One run of a command: its work goes on in a thread of its own, in blocking
 * calls, while the main thread watches signals, time and progress.
 */

#pragma once

#include "tool/account/options.h"

typedef struct _ToolRun ToolRun;

#define TOOL_RUN_UNLIMITED G_MAXUINT /* s */

typedef gboolean (*ToolRunFunc) (ToolRun *run, gpointer data, GError **error);

typedef enum
{
  TOOL_DIRECTION_SEND,    /* progress is what the peer acknowledged of the file */
  TOOL_DIRECTION_RECEIVE, /* progress is what was stored */
} ToolDirection;

int  tool_run (const ToolOptions *options, ToolRunFunc func, gpointer data);
void tool_run_exit_by_signal (int status);
/* Whether a signal or a timeout ends the command. Any thread. */
gboolean tool_run_is_stopping (void);

const ToolOptions *tool_run_get_options (ToolRun *self);
GCancellable      *tool_run_get_cancellable (ToolRun *self);
gulong             tool_run_connect (ToolRun *self, GCancellable *other);
void               tool_run_set_bad_argument (ToolRun *self);
void               tool_run_set_login_refused (ToolRun *self);
void               tool_run_set_signal_is_end (ToolRun *self, gboolean is_end);
void               tool_run_begin_phase (ToolRun *self, const char *phase, guint timeout);
void               tool_run_begin_transfer (ToolRun *self, const char *phase);
void               tool_run_begin_wait (ToolRun *self, const char *phase, guint timeout);
void               tool_run_set_file (ToolRun *self, const char *peer, const char *name);
void               tool_run_set_transport (ToolRun *self, IBBTransport *transport);
void
tool_run_show_progress (ToolRun *self, const char *label, ToolDirection direction, guint64 total);
void tool_run_set_moved (ToolRun *self, guint64 n_bytes, guint64 n_beside);
void tool_run_end_progress (ToolRun *self);
void tool_run_set_temporary (ToolRun *self, const char *path);
