/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "base/blocking-call.h"

#include "base/intl.h"

gboolean
ibb_blocking_call_begin (IBBBlockingCall *self,
                         GMainContext    *context,
                         const char      *instead,
                         GError         **error)
{
  if (context == NULL || g_main_context_is_owner (context))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK,
                   /* Translators: %s is the name of a function */
                   _ ("This call would block the connection’s own thread for ever: use %s ()"),
                   instead);
      return FALSE;
    }

  self->context = g_main_context_new ();
  self->result = NULL;
  g_main_context_push_thread_default (self->context);
  return TRUE;
}

void
ibb_blocking_call_cb (GObject *object, GAsyncResult *result, gpointer call)
{
  ((IBBBlockingCall *) call)->result = g_object_ref (result);
}

/* The context was pushed for the call only: a callback that runs from here, such as a handler of
 * trust-requested, finds the thread-default context of the caller. */
GAsyncResult *
ibb_blocking_call_wait (IBBBlockingCall *self)
{
  g_main_context_pop_thread_default (self->context);
  while (self->result == NULL)
    g_main_context_iteration (self->context, TRUE);
  return self->result;
}

void
ibb_blocking_call_clear (IBBBlockingCall *self)
{
  g_object_unref (self->result);
  g_main_context_unref (self->context);
}
