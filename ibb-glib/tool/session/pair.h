/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One session with both ends in this process. */

#pragma once

#include "tool/account/run.h"

typedef struct
{
  IBBTransport *near; /* the end that opened */
  IBBTransport *far;  /* the end that accepted */
} ToolPair;

gboolean tool_pair_open (ToolPair   *self,
                         ToolRun    *run,
                         IBBService *near,
                         const char *near_jid,
                         IBBService *far,
                         const char *far_jid,
                         GError    **error);
void     tool_pair_clear (ToolPair *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ToolPair, tool_pair_clear)
