/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whether a silent peer is still there. Who only receives is told by nobody that
 * its peer died, and who sends not before a block comes back.
 */

#pragma once

#include "run.h"

G_BEGIN_DECLS

typedef struct _ToolProbe ToolProbe;

ToolProbe *tool_probe_start (ToolRun *run, IBBClient *client, IBBTransport *transport);
void       tool_probe_stop (ToolProbe *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ToolProbe, tool_probe_stop)

G_END_DECLS
