/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime/names.h"

typedef struct
{
  IBBNames parent;

  gatomicrefcount ref_count;
  GMutex          lock;
  GHashTable     *keys; /* protected by lock: (element-type IBBSessionKey): of the sessions */
} Names;

static gboolean
names_take (IBBNames *names, const IBBSessionKey *key)
{
  Names   *self = (Names *) names;
  gboolean is_free;

  g_mutex_lock (&self->lock);
  is_free = !g_hash_table_contains (self->keys, key);
  if (is_free)
    g_hash_table_add (self->keys, (gpointer) key);
  g_mutex_unlock (&self->lock);
  return is_free;
}

static void
names_hand_over (IBBNames *names, const IBBSessionKey *from, const IBBSessionKey *to)
{
  Names *self = (Names *) names;

  g_mutex_lock (&self->lock);
  g_hash_table_remove (self->keys, from);
  if (to != NULL)
    g_hash_table_add (self->keys, (gpointer) to);
  g_mutex_unlock (&self->lock);
}

static IBBNames *
names_new (void)
{
  Names *self = g_new0 (Names, 1);

  self->parent = (IBBNames){ names_take, names_hand_over };
  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  self->keys = g_hash_table_new (ibb_parameters_hash, ibb_parameters_equal);
  return &self->parent;
}

static gpointer
names_ref (gpointer names, gpointer user_data)
{
  Names *self = names;

  if (self != NULL)
    g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
ibb_names_unref (IBBNames *names)
{
  Names *self = (Names *) names;

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_hash_table_unref (self->keys);
  g_mutex_clear (&self->lock);
  g_free (self);
}

IBBNames *
ibb_names_get (IBBConnection *connection)
{
  GQuark    quark = g_quark_from_static_string ("ibb-names");
  GObject  *object = G_OBJECT (connection);
  IBBNames *names = g_object_dup_qdata (object, quark, names_ref, NULL);

  if (names != NULL)
    return names;
  names = names_new ();
  if (g_object_replace_qdata (object, quark, NULL, names_ref (names, NULL),
                              (GDestroyNotify) ibb_names_unref, NULL))
    return names;
  ibb_names_unref (names); /* another thread was faster */
  ibb_names_unref (names);
  return g_object_dup_qdata (object, quark, names_ref, NULL);
}
