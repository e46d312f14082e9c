/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Files with a name and a size: to peers that take them, and from peers into a folder. */

#pragma once

#include "run.h"

#include <ibb-glib/files/ibb-files.h>

G_BEGIN_DECLS

/* In the main thread; the other calls are for the thread of the work. */
IBBFilesService *tool_transfer_new_service (IBBConnection *connection, const ToolOptions *options);

/* Who of the peer takes files: peer itself, or, if it is not online and any resource may be asked,
 * the account. NULL: the peer takes a stream, or is not there. */
char    *tool_transfer_find (ToolRun         *run,
                             IBBFilesService *service,
                             const char      *peer,
                             gboolean         is_any_resource);
gboolean tool_transfer_send (
    ToolRun *run, IBBFilesService *service, const char *peer, const char *path, GError **error);
/* Until count files are there; 0: until a signal. */
gboolean tool_transfer_receive (ToolRun         *run,
                                IBBFilesService *service,
                                const char      *local_jid,
                                const char      *folder,
                                guint            count,
                                GError         **error);

G_END_DECLS
