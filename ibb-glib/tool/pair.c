/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "pair.h"

#include <glib/gi18n.h>

typedef struct
{
  IBBTransport *transport;
  GError       *error;
  gboolean      done;
} Expected;

static void
expected_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  Expected *self = data;

  self->transport = ibb_service_expect_session_finish (IBB_SERVICE (source), result, &self->error);
  self->done = TRUE;
}

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
  g_autoptr (GMainContext)     context = g_main_context_new ();
  g_autoptr (GCancellable)     stop = g_cancellable_new ();
  g_autofree char             *sid = g_uuid_string_random ();
  Expected                     expected = { NULL };

  ibb_session_params_set_sid (params, sid);
  tool_run_begin_phase (run, _ ("opening the session"), 0);
  g_main_context_push_thread_default (context);
  ibb_service_expect_session_async (far, near_jid, sid, NULL, stop, expected_cb, &expected);
  self->near = ibb_service_open_session (near, far_jid, params, cancellable, error);
  if (self->near == NULL)
    g_cancellable_cancel (stop);
  while (!expected.done)
    g_main_context_iteration (context, TRUE);
  g_main_context_pop_thread_default (context);

  self->far = expected.transport;
  if (self->near != NULL && self->far == NULL)
    g_propagate_error (error, g_steal_pointer (&expected.error));
  g_clear_error (&expected.error);
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
