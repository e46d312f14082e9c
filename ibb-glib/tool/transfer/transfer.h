/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Files with a name and a size: to peers that take them, and from peers into a folder. */

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

/* In the main thread; the other calls are for the thread of the work. With --encrypt the key of the
 * user is needed, and may not be there. */
IBBFilesService *
tool_transfer_new_service (IBBConnection *connection, const ToolOptions *options, GError **error);

/* Sends the files and folders, one after the other; a folder as an archive with tar, and to a peer
 * that takes files only. peer has a resource; if the account has none of that name online, and any
 * resource may be asked, another one gets the files. is_for_stream: nothing was offered, since the
 * peer takes a stream at most. */
gboolean tool_transfer_send (ToolRun         *run,
                             IBBFilesService *service,
                             const char      *peer,
                             gboolean         is_any_resource,
                             char           **paths,
                             guint            n_paths,
                             gboolean         tar,
                             gboolean        *is_for_stream,
                             GError         **error);
gboolean tool_transfer_receive (ToolRun         *run,
                                IBBFilesService *service,
                                const char      *local_jid,
                                ToolIntake      *intake,
                                GError         **error);
