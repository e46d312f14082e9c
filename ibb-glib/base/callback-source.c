/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "base/callback-source.h"

#include "base/weak.h"

typedef struct
{
  IBBWeak *object; /* (owned) */
  void (*callback) (gpointer object);
} ObjectCall;

typedef struct
{
  GSource source;
  int     requested; /* atomic */
} CallbackSource;

static gboolean
callback_source_prepare (GSource *source, int *timeout)
{
  *timeout = -1;
  return ibb_callback_source_is_requested (source);
}

static gboolean
callback_source_dispatch (GSource *source, GSourceFunc callback, gpointer data)
{
  g_source_set_ready_time (source, -1);
  ibb_callback_source_take (source);
  return callback (data);
}

static GSourceFuncs callback_source_funcs = {
  callback_source_prepare,
  ibb_callback_source_is_requested,
  callback_source_dispatch,
  NULL,
  NULL,
  NULL,
};

GSource *
ibb_callback_source_new (const char    *name,
                         GSourceFunc    callback,
                         gpointer       data,
                         GDestroyNotify data_free)
{
  GSource *source = g_source_new (&callback_source_funcs, sizeof (CallbackSource));

  g_source_set_static_name (source, name);
  g_source_set_callback (source, callback, data, data_free);
  return source;
}

void
ibb_callback_source_request (GSource *source)
{
  GMainContext *context = g_source_get_context (source);

  if (g_atomic_int_compare_and_exchange (&((CallbackSource *) source)->requested, 0, 1) &&
      context != NULL && !g_main_context_is_owner (context))
    g_main_context_wakeup (context);
}

gboolean
ibb_callback_source_take (GSource *source)
{
  return g_atomic_int_compare_and_exchange (&((CallbackSource *) source)->requested, 1, 0);
}

gboolean
ibb_callback_source_is_requested (GSource *source)
{
  return g_atomic_int_get (&((CallbackSource *) source)->requested);
}

static gboolean
object_call_cb (gpointer data)
{
  ObjectCall *call = data;
  gpointer    object = ibb_weak_get (call->object);

  if (object == NULL)
    return G_SOURCE_REMOVE;
  call->callback (object);
  g_object_unref (object);
  return G_SOURCE_CONTINUE;
}

static void
object_call_free (gpointer data)
{
  ObjectCall *call = data;

  ibb_weak_unref (call->object);
  g_free (call);
}

GSource *
ibb_callback_source_new_for_object (const char *name,
                                    gpointer    object,
                                    void (*callback) (gpointer object))
{
  ObjectCall *call = g_new0 (ObjectCall, 1);
  GSource    *source = ibb_callback_source_new (name, object_call_cb, call, object_call_free);

  call->object = ibb_weak_new (object);
  call->callback = callback;
  g_source_set_can_recurse (source, TRUE);
  return source;
}
