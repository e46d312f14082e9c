/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "base/weak.h"

struct _IBBWeak
{
  gatomicrefcount ref_count;
  GWeakRef        ref; /* NULL once the last reference is being dropped, or after a dispose () */

  GMutex lock;
  GCond  no_gets; /* n_gets has become 0 */
  /* protected by lock */
  gpointer object; /* (unowned) (nullable) */
  gpointer kept;   /* (owned) (nullable): object, for those that were about to get it */
  guint    n_gets; /* calls that are taking their reference */
};

/* The object has it under this key. */
static GQuark
get_key (void)
{
  return g_quark_from_static_string ("ibb-weak");
}

static gpointer
weak_ref (IBBWeak *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
ibb_weak_unref (IBBWeak *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_weak_ref_clear (&self->ref);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->no_gets);
  g_free (self);
}

static gpointer
dup_weak (gpointer data, gpointer user_data)
{
  return data != NULL ? weak_ref (data) : NULL;
}

/* If the last reference is being dropped, waits for the calls that were taking theirs: they give it
 * back at once, and none of them is in a toggle reference, which would be one more reference.
 * Otherwise, as in g_object_run_dispose (), the object is kept for them, and the last of them drops
 * it. */
static void
forget (IBBWeak *self)
{
  g_autoptr (GObject) kept = g_weak_ref_get (&self->ref);

  g_mutex_lock (&self->lock);
  if (self->object != NULL && self->n_gets > 0)
    self->kept = g_steal_pointer (&kept);
  self->object = NULL;
  while (self->n_gets > 0 && self->kept == NULL)
    g_cond_wait (&self->no_gets, &self->lock);
  g_mutex_unlock (&self->lock);
}

static void
disposed (gpointer data, GObject *object)
{
  forget (data);
  ibb_weak_unref (data);
}

IBBWeak *
ibb_weak_new (gpointer object)
{
  IBBWeak *self = g_object_dup_qdata (object, get_key (), dup_weak, NULL);

  while (self == NULL)
    {
      IBBWeak *weak = g_new0 (IBBWeak, 1);

      g_atomic_ref_count_init (&weak->ref_count);
      g_weak_ref_init (&weak->ref, object);
      g_mutex_init (&weak->lock);
      g_cond_init (&weak->no_gets);
      weak->object = object;
      /* Another thread may have been first. */
      if (g_object_replace_qdata (object, get_key (), NULL, weak, (GDestroyNotify) ibb_weak_unref,
                                  NULL))
        g_object_weak_ref (object, disposed, weak_ref (weak));
      else
        ibb_weak_unref (weak);
      self = g_object_dup_qdata (object, get_key (), dup_weak, NULL);
    }
  return self;
}

/* Returns whether the object is still there. If not, the last of the calls that were getting it
 * receives the reference that was kept for them, to drop it. */
static gboolean
end_get (IBBWeak *self, GObject **kept)
{
  gboolean stayed;

  g_mutex_lock (&self->lock);
  self->n_gets--;
  stayed = self->object != NULL;
  /* Nobody waits before the object is forgotten, and to signal is a system call. */
  if (!stayed && self->n_gets == 0)
    {
      *kept = g_steal_pointer (&self->kept);
      g_cond_broadcast (&self->no_gets);
    }
  g_mutex_unlock (&self->lock);
  return stayed;
}

gpointer
ibb_weak_get (IBBWeak *self)
{
  g_autoptr (GObject) kept = NULL;
  g_autoptr (GObject) object = NULL;
  gpointer            candidate;

  if (self == NULL)
    return NULL;

  g_mutex_lock (&self->lock);
  candidate = self->object;
  if (candidate != NULL)
    self->n_gets++;
  g_mutex_unlock (&self->lock);
  if (candidate == NULL)
    return NULL;

  /* The first reference may call a toggle reference, which must not have GLib's lock. The second
   * calls none, and is NULL if the first was too late. */
  g_object_ref (candidate);
  object = g_weak_ref_get (&self->ref);
  g_object_unref (candidate);
  return end_get (self, &kept) ? g_steal_pointer (&object) : NULL;
}

void
ibb_weak_forget (gpointer object)
{
  IBBWeak *self = g_object_dup_qdata (object, get_key (), dup_weak, NULL);

  if (self == NULL)
    return;

  forget (self);
  ibb_weak_unref (self);
}
