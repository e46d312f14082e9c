/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The blocking form of an asynchronous call: it completes in a context that only this thread
 * knows and runs, not in the caller's. The asynchronous call stands between begin and wait,
 * with ibb_blocking_call_cb () as its callback.
 */

#pragma once

#include <gio/gio.h>

typedef struct
{
  GMainContext *context;
  GAsyncResult *result;
} IBBBlockingCall;

/* FALSE with %G_IO_ERROR_WOULD_BLOCK set: this thread runs context, in which the call would have to
 * be completed; or context is NULL, which stands for that of the caller.
 * instead: the function to call in its place. */
gboolean ibb_blocking_call_begin (IBBBlockingCall *self,
                                  GMainContext    *context,
                                  const char      *instead,
                                  GError         **error);
void     ibb_blocking_call_cb (GObject *object, GAsyncResult *result, gpointer call);
/* The result, until it is cleared. */
GAsyncResult *ibb_blocking_call_wait (IBBBlockingCall *self);
void          ibb_blocking_call_clear (IBBBlockingCall *self);
