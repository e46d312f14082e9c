/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One transfer of a file: its progress, what it waits for, and its end, for people and scripts. In
 * the main thread. */

#pragma once

#include "tool/account/run.h"

#include <ibb-glib/files/ibb-files.h>

typedef struct _ToolWatched ToolWatched;

/* Takes data. position (nullable): which of several files, such as “3 of 12”. */
ToolWatched      *tool_watched_new (ToolRun          *run,
                                    IBBConnection    *connection,
                                    IBBFilesTransfer *transfer,
                                    const char       *position,
                                    gpointer          data,
                                    GDestroyNotify    free_data);
void              tool_watched_free (ToolWatched *self);
IBBFilesTransfer *tool_watched_get_transfer (ToolWatched *self);
gpointer          tool_watched_get_data (ToolWatched *self);
/* (transfer full): the error of the transfer, with what is left of it. */
GError *tool_watched_explain (ToolWatched *self, const GError *error);
/* The transfer was good, or was not. */
void tool_watched_report_end (ToolWatched *self);
void tool_watched_report_error (ToolWatched *self, const GError *error);
