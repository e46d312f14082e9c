/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/session/pair.h"

#include "tool/session/call.h"

#include <glib/gi18n.h>

/* near opens a session to far, which expects it. Not on the main thread. */
gboolean
tool_pair_open (ToolPair   *self,
                ToolRun    *run,
                IBBService *near,
                const char *near_jid,
                IBBService *far,
                const char *far_jid,
                GError    **error)
{
  g_autoptr (IBBSessionParams) params = tool_options_new_params (tool_run_get_options (run));
  GCancellable                *cancellable = tool_run_get_cancellable (run);
  g_autoptr (GCancellable)     stop = g_cancellable_new ();
  g_autofree char             *sid = g_uuid_string_random ();
  g_auto (ToolCall)            call = { NULL };

  ibb_session_params_set_sid (params, sid);
  tool_run_begin_phase (run, _ ("opening the session"), 0);
  tool_call_begin (&call);
  ibb_service_expect_session_async (far, near_jid, sid, NULL, stop, tool_call_cb, &call);
  self->near = ibb_service_open_session (near, far_jid, params, cancellable, error);
  if (self->near == NULL)
    g_cancellable_cancel (stop);
  self->far = ibb_service_expect_session_finish (far, tool_call_join (&call),
                                                 self->near != NULL ? error : NULL);
  if (self->near == NULL || self->far == NULL)
    return FALSE;
  tool_run_set_transport (run, self->near);
  return TRUE;
}

void
tool_pair_clear (ToolPair *self)
{
  g_clear_object (&self->near);
  g_clear_object (&self->far);
}
