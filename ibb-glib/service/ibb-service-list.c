/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The service as a list of its sessions. */

#include "config.h"

#include "service/ibb-service-private.h"
#include "service/ibb-transport-private.h"

typedef struct
{
  IBBChannel *channel;  /* (owned) */
  GObject    *stand_in; /* (owned) (nullable): what is told of a session whose own transport the
                           application has dropped */
} Item;

static void
item_free (gpointer data)
{
  Item *self = data;

  ibb_channel_unref (self->channel);
  g_clear_object (&self->stand_in);
  g_free (self);
}

void
ibb_service_list_init (IBBService *self)
{
  self->items = g_sequence_new (item_free);
  self->places = g_hash_table_new (NULL, NULL);
}

void
ibb_service_list_clear (IBBService *self)
{
  g_hash_table_unref (self->places);
  g_sequence_free (self->items);
}

static GType
get_item_type (GListModel *list)
{
  return IBB_TYPE_TRANSPORT;
}

static guint
get_n_items (GListModel *list)
{
  return (guint) g_sequence_get_length (IBB_SERVICE (list)->items);
}

/* An item whose transport the application has dropped, which the handlers have not been told of
 * yet, is an ended transport: the same one at each call. */
static gpointer
get_item (GListModel *list, guint position)
{
  Item    *item;
  GObject *transport;

  if (position >= get_n_items (list))
    return NULL;
  item = g_sequence_get (g_sequence_get_iter_at_pos (IBB_SERVICE (list)->items, (int) position));
  transport = ibb_channel_hold_owner (item->channel, NULL);
  if (transport != NULL)
    return transport;
  if (item->stand_in == NULL)
    item->stand_in = G_OBJECT (ibb_transport_new_ended (ibb_channel_ref (item->channel)));
  return g_object_ref (item->stand_in);
}

void
ibb_service_list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = get_item_type;
  iface->get_n_items = get_n_items;
  iface->get_item = get_item;
}

/* channel: (transfer full) */
static void
add (IBBService *self, IBBChannel *channel)
{
  guint position = get_n_items (G_LIST_MODEL (self));
  Item *item = g_new0 (Item, 1);

  item->channel = channel;
  g_hash_table_insert (self->places, channel, g_sequence_append (self->items, item));
  g_list_model_items_changed (G_LIST_MODEL (self), position, 0, 1);
}

static void
remove_item (IBBService *self, IBBChannel *channel)
{
  GSequenceIter *place = g_hash_table_lookup (self->places, channel);
  int            position = g_sequence_iter_get_position (place);

  g_hash_table_remove (self->places, channel);
  g_sequence_remove (place);
  g_list_model_items_changed (G_LIST_MODEL (self), (guint) position, 1, 0);
}

/* A handler may run a main loop, in which other calls leave their changes to this one, and may drop
 * the service. */
void
ibb_service_list_update (IBBService *self)
{
  g_autoptr (IBBService) keep = g_object_ref (self);
  IBBChannel            *channel;
  gboolean               is_added;

  if (self->is_listing)
    return;
  self->is_listing = TRUE;
  while ((channel = ibb_channel_take_listing (self->host, &is_added)) != NULL)
    if (is_added)
      add (self, channel);
    else
      {
        remove_item (self, channel);
        ibb_channel_unref (channel);
      }
  self->is_listing = FALSE;
}

/* The thread that made the service may have no main loop, as in a script: it is the owner of its
 * context for a moment. */
void
ibb_service_list_update_here (IBBService *self)
{
  g_autoptr (GMainContext) context = g_main_context_ref (ibb_host_get_signal_context (self->host));

  if (!g_main_context_is_owner (context) && self->thread != g_thread_self ())
    return;
  if (!g_main_context_acquire (context))
    return;
  ibb_service_list_update (self);
  g_main_context_release (context);
}
