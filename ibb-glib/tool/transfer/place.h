/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What --output names: a file, which gets its name when it is whole, or what is written in place:
 * standard output, a pipe or a device. */

#pragma once

#include <gio/gio.h>

#include "tool/account/run.h"

typedef struct _ToolPlace ToolPlace;

ToolPlace  *tool_place_new (const char *path, GError **error);
gboolean    tool_place_open (ToolPlace *self, ToolRun *run, GError **error);
const char *tool_place_get_name (ToolPlace *self);
gboolean    tool_place_write (
       gpointer self, gconstpointer data, gsize length, GCancellable *cancellable, GError **error);
gboolean tool_place_commit (ToolPlace *self, GCancellable *cancellable, GError **error);
void     tool_place_free (ToolPlace *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ToolPlace, tool_place_free)
