/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/trust/places.h"

typedef struct
{
  gint        is_waiting; /* atomic: the thread that clears it decides what becomes of the guest */
  IBBPlaces  *places;
  const char *name;
  IBBTransport *transport; /* (owned) */
  GCancellable *limit;     /* (owned) */
  void (*give_up) (gpointer data);
  gpointer data;
  /* protected by the lock of places */
  gulong ended;
  gulong cancelled;
} Guest;

void
ibb_places_init (IBBPlaces *self, guint max, guint max_per_name)
{
  *self = (IBBPlaces){ .max = max,
                       .max_per_name = max_per_name,
                       .taken = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL),
                       .waiting = G_QUEUE_INIT };
  g_mutex_init (&self->lock);
}

void
ibb_places_clear (IBBPlaces *self)
{
  g_assert (self->n_taken == 0 && g_queue_is_empty (&self->waiting));

  g_hash_table_unref (self->taken);
  g_mutex_clear (&self->lock);
}

static void
guest_clear (gpointer data)
{
  Guest *guest = data;

  g_object_unref (guest->transport);
  g_object_unref (guest->limit);
}

static void
guest_unref (gpointer guest)
{
  g_atomic_rc_box_release_full (guest, guest_clear);
}

static void
unref_guest (gpointer guest, GClosure *closure)
{
  guest_unref (guest);
}

static gboolean
stops_waiting (Guest *guest)
{
  return g_atomic_int_compare_and_exchange (&guest->is_waiting, TRUE, FALSE);
}

static guint
count_taken_locked (IBBPlaces *self, const char *name)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (self->taken, name));
}

static gboolean
has_place_locked (IBBPlaces *self, const char *name)
{
  return self->n_taken < self->max && count_taken_locked (self, name) < self->max_per_name;
}

static void
change_taken_locked (IBBPlaces *self, const char *name, int change)
{
  guint n = count_taken_locked (self, name) + (guint) change;

  self->n_taken += (guint) change;
  if (n > 0)
    g_hash_table_insert (self->taken, g_strdup (name), GUINT_TO_POINTER (n));
  else
    g_hash_table_remove (self->taken, name);
}

/* The handlers are not waited for: one that is running finds that the guest waits no more. */
static void
remove_locked (IBBPlaces *self, Guest *guest)
{
  g_queue_remove (&self->waiting, guest);
  g_signal_handler_disconnect (guest->transport, guest->ended);
  g_signal_handler_disconnect (guest->limit, guest->cancelled);
}

static void
stop (Guest *guest)
{
  IBBPlaces *self = guest->places;

  if (!stops_waiting (guest))
    return;
  g_mutex_lock (&self->lock);
  remove_locked (self, guest);
  g_mutex_unlock (&self->lock);
  guest->give_up (guest->data);
  guest_unref (guest);
}

static void
ended_cb (IBBTransport *transport, GParamSpec *pspec, gpointer guest)
{
  stop (guest);
}

static void
cancelled_cb (GCancellable *limit, gpointer guest)
{
  stop (guest);
}

static void
add_locked (IBBPlaces *self, Guest *guest)
{
  guest->ended = g_signal_connect_data (guest->transport, "notify::ended", G_CALLBACK (ended_cb),
                                        g_atomic_rc_box_acquire (guest), unref_guest, 0);
  guest->cancelled = g_signal_connect_data (guest->limit, "cancelled", G_CALLBACK (cancelled_cb),
                                            g_atomic_rc_box_acquire (guest), unref_guest, 0);
  g_queue_push_tail (&self->waiting, guest);
}

gboolean
ibb_places_take (IBBPlaces    *self,
                 const char   *name,
                 IBBTransport *transport,
                 GCancellable *limit,
                 void (*give_up) (gpointer data),
                 gpointer data)
{
  Guest   *guest = NULL;
  gboolean is_taken;

  g_mutex_lock (&self->lock);
  is_taken = has_place_locked (self, name);
  if (is_taken)
    change_taken_locked (self, name, 1);
  else
    {
      guest = g_atomic_rc_box_new0 (Guest);
      *guest = (Guest){ .is_waiting = TRUE,
                        .places = self,
                        .name = name,
                        .transport = g_object_ref (transport),
                        .limit = g_object_ref (limit),
                        .give_up = give_up,
                        .data = data };
      add_locked (self, g_atomic_rc_box_acquire (guest));
    }
  g_mutex_unlock (&self->lock);
  if (is_taken)
    return TRUE;
  /* Both may have come before the handlers. */
  if (g_cancellable_is_cancelled (limit) || ibb_transport_has_ended (transport))
    stop (guest);
  guest_unref (guest);
  return FALSE;
}

/* The guest whose name has the fewest places; of several, the one that has waited longest. */
static Guest *
find_next_locked (IBBPlaces *self)
{
  Guest *next = NULL;
  guint  fewest = G_MAXUINT;

  for (GList *l = self->waiting.head; l != NULL; l = l->next)
    {
      Guest *guest = l->data;
      guint  n = count_taken_locked (self, guest->name);

      if (n < fewest && g_atomic_int_get (&guest->is_waiting))
        {
          next = guest;
          fewest = n;
        }
    }
  return next != NULL && has_place_locked (self, next->name) ? next : NULL;
}

gpointer
ibb_places_leave (IBBPlaces *self, const char *name)
{
  Guest   *guest;
  gpointer data = NULL;

  g_mutex_lock (&self->lock);
  change_taken_locked (self, name, -1);
  do
    guest = find_next_locked (self);
  while (guest != NULL && !stops_waiting (guest));
  if (guest != NULL)
    {
      change_taken_locked (self, guest->name, 1);
      remove_locked (self, guest);
      data = guest->data;
    }
  g_mutex_unlock (&self->lock);
  g_clear_pointer (&guest, guest_unref);
  return data;
}
