/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How large the files may be that peers send into a folder, and how full that may be. An offer says
 * the size, and the library takes not one byte more. In the main thread. */

#pragma once

#include "tool/words/refusals.h"

#include <ibb-glib/files/ibb-files.h>

typedef struct _ToolQuota ToolQuota;

/* max_size: bytes of one file or folder; max_total: of all that is in the folder, also
 * by others, and on the way. 0: any number. */
ToolQuota *tool_quota_new (guint64 max_size, guint64 max_total);
void       tool_quota_free (ToolQuota *self);

/* Of an option; text: (nullable): it was not given. */
gboolean tool_quota_parse_limit (const char *text, guint64 *limit);
/* receiving: (element-type ToolWatched): what is on the way. Returns NULL if the file is taken,
 * else what its sender is told. */
char *tool_quota_dup_objection (const ToolQuota  *self,
                                const char       *folder,
                                GQueue           *receiving,
                                IBBFilesTransfer *transfer,
                                ToolRefusals     *refusals);
/* Whether an offer is that of a transfer on the way once more, which it ends. */
gboolean tool_quota_is_again (IBBFilesTransfer *transfer, IBBFilesTransfer *other);
