/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime/callback-source.h"

#include "runtime/weak.h"

typedef struct
{
  IBBWeak *object; /* (owned) */
  void (*callback) (gpointer object);
} ObjectCall;

static gboolean
callback_source_dispatch (GSource *source, GSourceFunc callback, gpointer data)
{
  g_source_set_ready_time (source, -1);
  return callback (data);
}

static GSourceFuncs callback_source_funcs = {
  NULL, NULL, callback_source_dispatch, NULL, NULL, NULL,
};

GSource *
ibb_callback_source_new (const char    *name,
                         GSourceFunc    callback,
                         gpointer       data,
                         GDestroyNotify data_free)
{
  GSource *source = g_source_new (&callback_source_funcs, sizeof (GSource));

  g_source_set_static_name (source, name);
  g_source_set_callback (source, callback, data, data_free);
  return source;
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
