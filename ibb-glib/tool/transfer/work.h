/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Files with a name and a size: what both directions share. The thread of the work waits, while the
 * main thread sends or receives. */

#pragma once

#include "tool/account/run.h"

#include <ibb-glib/files/ibb-files.h>

typedef struct _ToolWork ToolWork;

/* The first member of one that sends or receives. */
struct _ToolWork
{
  ToolRun         *run;         /* immutable */
  IBBFilesService *service;     /* immutable; (owned) */
  void (*end) (ToolWork *self); /* immutable; (nullable): in the main thread, at each end */

  GMutex   lock;
  GCond    changed;
  GError  *error;         /* protected by lock; (owned) (nullable) */
  gboolean is_over;       /* protected by lock */
  gulong   state_handler; /* main thread only; 0: none */
};

/* In the main thread. With --encrypt the key of the user is needed, and may not be there. */
IBBFilesService *
tool_work_new_service (IBBConnection *connection, const ToolOptions *options, GError **error);

void tool_work_init (ToolWork *self, ToolRun *run, IBBFilesService *service);
void tool_work_clear (ToolWork *self);
/* Begins in the main thread, and waits for the end. */
gboolean tool_work_run (ToolWork *self, GSourceFunc begin, GError **error);

/* In the main thread. From begin on the work ends with the connection, if no new login follows. */
void           tool_work_begin (ToolWork *self);
IBBConnection *tool_work_get_connection (ToolWork *self);
/* error: (transfer full) (nullable). The first end counts: transfers that still run may outlive the
 * work. */
void tool_work_end (ToolWork *self, GError *error);
