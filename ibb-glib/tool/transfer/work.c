/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/transfer/work.h"

#include "tool/session/secure.h"
#include "tool/session/session.h"

IBBFilesService *
tool_work_new_service (IBBConnection *connection, const ToolOptions *options, GError **error)
{
  g_autoptr (IBBXmppIdentity) identity = NULL;
  IBBFilesService            *service;

  if (options->encrypt)
    {
      identity = tool_secure_new_identity (options, error);
      if (identity == NULL)
        return NULL;
    }
  service = ibb_files_service_new (connection);
  ibb_files_service_set_identity (service, (IBBIdentity *) identity);
  tool_session_set_up (ibb_files_service_get_sessions (service), options);
  return service;
}

void
tool_work_init (ToolWork *self, ToolRun *run, IBBFilesService *service)
{
  self->run = run;
  self->service = g_object_ref (service);
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
}

void
tool_work_clear (ToolWork *self)
{
  g_object_unref (self->service);
  g_clear_error (&self->error);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
}

IBBConnection *
tool_work_get_connection (ToolWork *self)
{
  return ibb_files_service_get_connection (self->service);
}

void
tool_work_end (ToolWork *self, GError *error)
{
  if (self->end != NULL)
    self->end (self);
  ibb_service_set_session_limit (ibb_files_service_get_sessions (self->service), 0);
  g_clear_signal_handler (&self->state_handler, tool_work_get_connection (self));
  g_mutex_lock (&self->lock);
  if (self->is_over)
    g_clear_error (&error);
  else
    self->error = error;
  self->is_over = TRUE;
  g_cond_signal (&self->changed);
  g_mutex_unlock (&self->lock);
}

/* No new login follows. */
static void
state_cb (IBBXmppEntity *connection, GParamSpec *pspec, ToolWork *self)
{
  if (ibb_xmpp_entity_get_state (connection) == IBB_CONNECTION_STATE_OFFLINE)
    tool_work_end (self, ibb_xmpp_entity_dup_disconnect_error (connection));
}

void
tool_work_begin (ToolWork *self)
{
  self->state_handler = g_signal_connect (tool_work_get_connection (self), "notify::state",
                                          G_CALLBACK (state_cb), self);
}

gboolean
tool_work_run (ToolWork *self, GSourceFunc begin, GError **error)
{
  gboolean succeeded;

  g_main_context_invoke (NULL, begin, self);
  g_mutex_lock (&self->lock);
  while (!self->is_over)
    g_cond_wait (&self->changed, &self->lock);
  g_mutex_unlock (&self->lock);
  succeeded = self->error == NULL;
  if (!succeeded)
    g_propagate_error (error, g_steal_pointer (&self->error));
  return succeeded;
}
