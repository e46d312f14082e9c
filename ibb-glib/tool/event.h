/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* JSON objects for scripts, one to a line of standard output. From any thread. */

#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

JsonBuilder *tool_event_new (const char *event);
void         tool_event_string (JsonBuilder *event, const char *name, const char *value);
void         tool_event_int (JsonBuilder *event, const char *name, gint64 value);
void         tool_event_double (JsonBuilder *event, const char *name, double value);
void         tool_event_emit (JsonBuilder *event);

G_END_DECLS
