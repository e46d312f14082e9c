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

/* Another thread may have dropped the transport, which the handlers have not been told of. */
static gpointer
get_item (GListModel *list, guint position)
{
  GPtrArray  *listed = IBB_SERVICE (list)->listed;
  IBBChannel *channel;
  GObject    *transport;

  if (position >= listed->len)
    return NULL;
  channel = g_ptr_array_index (listed, position);
  transport = ibb_channel_hold_owner (channel, NULL);
  if (transport != NULL)
    return transport;
  return ibb_transport_new_ended (ibb_channel_ref (channel));
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
  self->must_list = TRUE;
  if (self->is_listing)
    return;
  self->is_listing = TRUE;
  while (self->must_list)
    {
      self->must_list = FALSE;
      update_once (self);
    }
  self->is_listing = FALSE;
}
