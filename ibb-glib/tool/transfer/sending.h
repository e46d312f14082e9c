/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Files and folders to a peer that takes them. */

#pragma once

#include "tool/account/run.h"

#include <ibb-glib/files/ibb-files.h>

/* Which files go, and to whom. */
typedef struct
{
  char   **paths; /* of files and folders, sent one after the other */
  guint    n_paths;
  char    *peer;            /* has a resource */
  gboolean is_any_resource; /* if no program of that name is online another one gets the files */
  gboolean tar;             /* folders are sent as archives to each peer */
  double   retry;           /* s; 0: a file has one attempt */
} ToolOutgoing;

/* In the thread of the work. A peer that takes files only gets a folder as an archive.
 * is_for_stream: nothing was offered, since the peer takes a stream at most. */
gboolean tool_sending_run (ToolRun            *run,
                           IBBFilesService    *service,
                           const ToolOutgoing *outgoing,
                           gboolean           *is_for_stream,
                           GError            **error);
