/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The service as a list of its sessions. */

#include "config.h"

#include "ibb-service-private.h"
#include "ibb-transport-private.h"

static GType
get_item_type (GListModel *list)
{
  return IBB_TYPE_TRANSPORT;
}

static guint
get_n_items (GListModel *list)
{
  return IBB_SERVICE (list)->listed->len;
}

/* An item whose transport the application has dropped, which the handlers have not been told of
 * yet, is an ended transport: the same one at each call. */
static gpointer
get_item (GListModel *list, guint position)
{
  IBBService *self = IBB_SERVICE (list);
  IBBChannel *channel;
  GObject    *transport;

  if (position >= self->listed->len)
    return NULL;
  channel = g_ptr_array_index (self->listed, position);
  transport = ibb_channel_hold_owner (channel, NULL);
  if (transport != NULL)
    return transport;
  transport = g_hash_table_lookup (self->stand_ins, channel);
  if (transport == NULL)
    {
      transport = G_OBJECT (ibb_transport_new_ended (ibb_channel_ref (channel)));
      g_hash_table_insert (self->stand_ins, channel, transport);
    }
  return g_object_ref (transport);
}

void
ibb_service_list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = get_item_type;
  iface->get_n_items = get_n_items;
  iface->get_item = get_item;
}

/* Both have the same order, and what is new stands at the end. A handler may run a main loop, in
 * which other calls leave their changes to this one. */
static void
update_once (IBBService *self)
{
  g_autoptr (GPtrArray) present = ibb_channel_list_all (self->host);
  GPtrArray            *listed = self->listed;
  guint                 n = 0;

  while (n < listed->len)
    if (n < present->len && g_ptr_array_index (listed, n) == g_ptr_array_index (present, n))
      n++;
    else
      {
        g_hash_table_remove (self->stand_ins, g_ptr_array_index (listed, n));
        g_ptr_array_remove_index (listed, n);
        g_list_model_items_changed (G_LIST_MODEL (self), n, 1, 0);
      }
  if (n == present->len)
    return;
  for (guint i = n; i < present->len; i++)
    g_ptr_array_add (listed, ibb_channel_ref (g_ptr_array_index (present, i)));
  g_list_model_items_changed (G_LIST_MODEL (self), n, 0, present->len - n);
}

void
ibb_service_list_update (IBBService *self)
{
  g_autoptr (IBBService) kept = NULL;

  self->must_list = TRUE;
  if (self->is_listing)
    return;
  kept = g_object_ref (self);
  self->is_listing = TRUE;
  while (self->must_list)
    {
      self->must_list = FALSE;
      update_once (self);
    }
  self->is_listing = FALSE;
}

void
ibb_service_list_update_here (IBBService *self)
{
  if (g_main_context_is_owner (ibb_host_get_signal_context (self->host)))
    ibb_service_list_update (self);
}
