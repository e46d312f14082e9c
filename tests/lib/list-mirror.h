/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A list as the handlers of its model see it: the addresses of its items, to compare. */

#pragma once

#include <gio/gio.h>

static inline void
list_mirror_changed_cb (
    GListModel *model, guint position, guint n_removed, guint n_added, GPtrArray *mirror)
{
  if (n_removed > 0)
    g_ptr_array_remove_range (mirror, position, n_removed);
  for (guint i = position; i < position + n_added; i++)
    {
      g_autoptr (GObject) item = g_list_model_get_item (model, i);

      g_assert_true (G_TYPE_CHECK_INSTANCE_TYPE (item, g_list_model_get_item_type (model)));
      g_ptr_array_insert (mirror, (int) i, item);
    }
  g_assert_cmpuint (g_list_model_get_n_items (model), ==, mirror->len);
  g_assert_null (g_list_model_get_item (model, mirror->len));
}

static inline void
list_mirror_free (gpointer mirror, GClosure *closure)
{
  g_ptr_array_unref (mirror);
}

static inline GPtrArray *
list_mirror_new (gpointer model)
{
  GPtrArray *mirror = g_ptr_array_new ();

  g_signal_connect_data (model, "items-changed", G_CALLBACK (list_mirror_changed_cb),
                         g_ptr_array_ref (mirror), list_mirror_free, 0);
  return mirror;
}
