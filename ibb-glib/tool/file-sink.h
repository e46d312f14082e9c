/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A file that appears under its name when it is whole, or not at all. */

#pragma once

#include <gio/gio.h>

typedef struct _ToolFileSink ToolFileSink;

ToolFileSink  *tool_file_sink_new (const char *path, GError **error);
gboolean       tool_file_sink_open (ToolFileSink *self, GCancellable *cancellable, GError **error);
GOutputStream *tool_file_sink_get_stream (ToolFileSink *self);
const char    *tool_file_sink_get_name (ToolFileSink *self);
const char    *tool_file_sink_get_temporary (ToolFileSink *self);
gboolean       tool_file_sink_commit (ToolFileSink *self, GError **error);
void           tool_file_sink_free (ToolFileSink *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ToolFileSink, tool_file_sink_free)
