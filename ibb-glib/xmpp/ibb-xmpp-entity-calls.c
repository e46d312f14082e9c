/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The login and the logout of IBBXmppClient and IBBXmppComponent. */

#include "config.h"

#include "base/blocking-call.h"
#include "base/call-task.h"
#include "xmpp/ibb-xmpp-entity-private.h"

static void
start_login (IBBXmppEntity      *self,
             gpointer            source_tag,
             gboolean            is_blocking,
             GCancellable       *cancellable,
             GAsyncReadyCallback callback,
             gpointer            user_data)
{
  g_autoptr (GTask) task =
      ibb_call_task_new (self, source_tag, "[ibb-glib] login", cancellable, callback, user_data);

  if (!g_task_return_error_if_cancelled (task))
    ibb_link_login (self->link, g_steal_pointer (&task), is_blocking);
}

void
ibb_xmpp_entity_login_async (IBBXmppEntity      *self,
                             gpointer            source_tag,
                             GCancellable       *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer            user_data)
{
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  start_login (self, source_tag, FALSE, cancellable, callback, user_data);
}

void
ibb_xmpp_entity_logout_async (IBBXmppEntity      *self,
                              gpointer            source_tag,
                              GCancellable       *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer            user_data)
{
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  ibb_link_logout (self->link, ibb_call_task_new (self, source_tag, "[ibb-glib] logout",
                                                  cancellable, callback, user_data));
}

gboolean
ibb_xmpp_entity_finish (IBBXmppEntity *self,
                        GAsyncResult  *result,
                        gpointer       source_tag,
                        GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, source_tag), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static gboolean
begin (IBBXmppEntity   *self,
       IBBBlockingCall *wait,
       GCancellable    *cancellable,
       const char      *instead,
       GError         **error)
{
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);

  return ibb_blocking_call_begin (wait, ibb_thread_get_context (self->link->thread), instead,
                                  error);
}

static gboolean
end (IBBBlockingCall *wait, GError **error)
{
  gboolean done = g_task_propagate_boolean (G_TASK (ibb_blocking_call_wait (wait)), error);

  ibb_blocking_call_clear (wait);
  return done;
}

gboolean
ibb_xmpp_entity_login (IBBXmppEntity *self,
                       GCancellable  *cancellable,
                       const char    *instead,
                       GError       **error)
{
  IBBBlockingCall wait;

  if (!begin (self, &wait, cancellable, instead, error))
    return FALSE;
  start_login (self, ibb_xmpp_entity_login, TRUE, cancellable, ibb_blocking_call_cb, &wait);
  return end (&wait, error);
}

gboolean
ibb_xmpp_entity_logout (IBBXmppEntity *self,
                        GCancellable  *cancellable,
                        const char    *instead,
                        GError       **error)
{
  IBBBlockingCall wait;

  if (!begin (self, &wait, cancellable, instead, error))
    return FALSE;
  ibb_xmpp_entity_logout_async (self, ibb_xmpp_entity_logout, cancellable, ibb_blocking_call_cb,
                                &wait);
  return end (&wait, error);
}
