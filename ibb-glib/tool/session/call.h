/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

/* Waits for an asynchronous call that is made between begin and join, in a context that no other
 * call has: not for the main thread, which serves the connection. */
typedef struct
{
  GMainContext *context; /* (owned) */
  GAsyncResult *result;  /* (owned) (nullable) */
} ToolCall;

void          tool_call_begin (ToolCall *self);
void          tool_call_cb (GObject *source, GAsyncResult *result, gpointer call);
GAsyncResult *tool_call_join (ToolCall *self); /* (transfer none) */
void          tool_call_clear (ToolCall *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ToolCall, tool_call_clear)
