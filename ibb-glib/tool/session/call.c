/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/session/call.h"

void
tool_call_begin (ToolCall *self)
{
  *self = (ToolCall){ .context = g_main_context_new () };
  g_main_context_push_thread_default (self->context);
}

void
tool_call_cb (GObject *source, GAsyncResult *result, gpointer call)
{
  ((ToolCall *) call)->result = g_object_ref (result);
}

GAsyncResult *
tool_call_join (ToolCall *self)
{
  while (self->result == NULL)
    g_main_context_iteration (self->context, TRUE);
  g_main_context_pop_thread_default (self->context);
  return self->result;
}

void
tool_call_clear (ToolCall *self)
{
  g_clear_object (&self->result);
  g_clear_pointer (&self->context, g_main_context_unref);
}
