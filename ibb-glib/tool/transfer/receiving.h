/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Files from peers into a folder. */

#pragma once

#include "tool/account/run.h"
#include "tool/transfer/hooks.h"
#include "tool/transfer/quota.h"

#include <ibb-glib/files/ibb-files.h>

/* Which files a folder takes. */
typedef struct
{
  const char *folder;
  guint       count; /* end when so many are there; 0: at a signal */
  ToolQuota  *quota;
  ToolHooks  *hooks; /* (nullable) */
} ToolIntake;

/* In the thread of the work. */
gboolean tool_receiving_run (ToolRun         *run,
                             IBBFilesService *service,
                             const char      *local_jid,
                             ToolIntake      *intake,
                             GError         **error);
