/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* JSON objects for scripts, one to a line of standard output. From any thread. */

#pragma once

#include <glib.h>

GString *tool_event_new (const char *event);
void     tool_event_string (GString *event, const char *name, const char *value);
void     tool_event_int (GString *event, const char *name, gint64 value);
void     tool_event_double (GString *event, const char *name, double value);
void     tool_event_emit (GString *event);
