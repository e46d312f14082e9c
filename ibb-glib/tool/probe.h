/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whether a silent peer is still there. Who only receives is told by nobody that
 * its peer died, and who sends not before a block comes back.
 */

#pragma once

#include "run.h"

G_BEGIN_DECLS

typedef struct _ToolProbe ToolProbe;

/* Called in the context in which the probe was started. */
typedef struct
{
  /* What has come from and gone to the peer: while it changes nobody is asked. */
  guint64 (*count) (gpointer data);
  /* The peer does not answer any more. May come again. */
  void (*gone) (GError *error, gpointer data);
  GDestroyNotify destroy;
} ToolProbeFuncs;

ToolProbe *tool_probe_start (ToolRun *run, IBBClient *client, IBBTransport *transport);
ToolProbe *tool_probe_start_full (IBBClient            *client,
                                  const char           *peer,
                                  const ToolProbeFuncs *funcs,
                                  gpointer              data);
void       tool_probe_stop (ToolProbe *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ToolProbe, tool_probe_stop)

G_END_DECLS
