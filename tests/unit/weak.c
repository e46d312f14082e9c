/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "base/weak.h"

#include <gio/gio.h>

static void
test_get (void)
{
  g_autoptr (GObject) object = G_OBJECT (g_cancellable_new ());
  IBBWeak            *weak = ibb_weak_new (object);
  IBBWeak            *again = ibb_weak_new (object);
  g_autoptr (GObject) first = ibb_weak_get (weak);
  g_autoptr (GObject) second = ibb_weak_get (again);

  g_assert_true (first == object && second == object);
  g_clear_object (&first);
  g_clear_object (&second);
  g_assert_finalize_object (g_steal_pointer (&object));
  g_assert_null (ibb_weak_get (weak));
  g_assert_null (ibb_weak_get (again));
  g_assert_null (ibb_weak_get (NULL));
  ibb_weak_unref (weak);
  ibb_weak_unref (again);
}

/* A reference that goes before its object, and an object that has none. */
static void
test_forget (void)
{
  g_autoptr (GObject) object = G_OBJECT (g_cancellable_new ());
  IBBWeak            *weak;

  ibb_weak_forget (object);
  weak = ibb_weak_new (object);
  ibb_weak_forget (object);
  ibb_weak_forget (object);
  g_assert_null (ibb_weak_get (weak));
  ibb_weak_unref (weak);
  g_assert_finalize_object (g_steal_pointer (&object));
}

/* A binding's: the lock is its interpreter's. */
static GMutex   interpreter;
static int      n_waiting;
static gboolean is_locked;

static void
toggled (gpointer data, GObject *object, gboolean is_last)
{
  if (is_last || !is_locked)
    return;
  g_atomic_int_inc (&n_waiting);
  g_mutex_lock (&interpreter);
  g_mutex_unlock (&interpreter);
}

static gpointer
get (gpointer data)
{
  return ibb_weak_get (data);
}

static GThread *
start_get (IBBWeak *weak)
{
  GThread *thread;

  g_atomic_int_set (&n_waiting, 0);
  g_mutex_lock (&interpreter);
  is_locked = TRUE;
  thread = g_thread_new ("get", get, weak);
  while (g_atomic_int_get (&n_waiting) == 0)
    g_thread_yield ();
  return thread;
}

static gpointer
end_get (GThread *thread)
{
  g_mutex_unlock (&interpreter);
  return g_thread_join (thread);
}

/* The thread that holds the interpreter drops another object while a reference is being taken. */
static void
test_toggle_other (void)
{
  g_autoptr (GObject) object = G_OBJECT (g_cancellable_new ());
  g_autoptr (GObject) other = G_OBJECT (g_cancellable_new ());
  g_autoptr (GObject) taken = NULL;
  IBBWeak            *weak = ibb_weak_new (object);
  IBBWeak            *weak_other = ibb_weak_new (other);
  GThread            *thread;

  is_locked = FALSE;
  g_object_add_toggle_ref (object, toggled, NULL);
  g_object_unref (object);
  thread = start_get (weak);
  g_assert_finalize_object (g_steal_pointer (&other));
  g_assert_null (ibb_weak_get (weak_other));
  taken = end_get (thread);
  g_assert_true (taken == object);

  g_object_remove_toggle_ref (g_steal_pointer (&object), toggled, NULL);
  g_assert_finalize_object (g_steal_pointer (&taken));
  ibb_weak_unref (weak);
  ibb_weak_unref (weak_other);
}

static void
note_gone (gpointer data)
{
  *(gboolean *) data = TRUE;
}

/* The thread drops the same object. Once it is forgotten, the call returns NULL, and drops it. */
static void
test_toggle_same (void)
{
  for (gboolean forgets = FALSE; forgets <= TRUE; forgets++)
    {
      g_autoptr (GObject) taken = NULL;
      GObject            *object = G_OBJECT (g_cancellable_new ());
      gboolean            is_gone = FALSE;
      IBBWeak            *weak = ibb_weak_new (object);
      GThread            *thread;

      is_locked = FALSE;
      g_object_set_data_full (object, "gone", &is_gone, note_gone);
      g_object_add_toggle_ref (object, toggled, NULL);
      g_object_unref (object);
      thread = start_get (weak);
      if (forgets)
        ibb_weak_forget (object);
      g_object_remove_toggle_ref (object, toggled, NULL);
      g_assert_false (is_gone);
      taken = end_get (thread);
      g_assert_true (taken == (forgets ? NULL : object));
      g_assert_true (is_gone == forgets);

      g_clear_object (&taken);
      g_assert_true (is_gone);
      g_assert_null (ibb_weak_get (weak));
      ibb_weak_unref (weak);
    }
}

/* Gets itself in another thread while its last reference is being dropped. */
struct _TestDying
{
  GObject parent_instance;
};

G_DECLARE_FINAL_TYPE (TestDying, test_dying, TEST, DYING, GObject)
G_DEFINE_FINAL_TYPE (TestDying, test_dying, G_TYPE_OBJECT)

static IBBWeak *weak_dying;

static void
test_dying_dispose (GObject *object)
{
  g_assert_null (g_thread_join (g_thread_new ("get", get, weak_dying)));
  G_OBJECT_CLASS (test_dying_parent_class)->dispose (object);
}

static void
test_dying_class_init (TestDyingClass *class)
{
  G_OBJECT_CLASS (class)->dispose = test_dying_dispose;
}

static void
test_dying_init (TestDying *self)
{
}

/* A thread that got the object there could drop it before g_object_unref () has returned, and GLib
 * 2.74 then looks at freed memory. */
static void
test_last_reference (void)
{
  GObject *object = g_object_new (test_dying_get_type (), NULL);

  weak_dying = ibb_weak_new (object);
  g_assert_finalize_object (object);
  ibb_weak_unref (weak_dying);
}

static gpointer
get_and_drop (gpointer data)
{
  for (guint i = 0; i < 1000; i++)
    {
      g_autoptr (GObject) object = ibb_weak_get (data);

      if (object == NULL)
        break;
      g_assert_true (G_IS_CANCELLABLE (object));
    }
  return NULL;
}

/* Threads get the object while another thread drops the last reference. */
static void
test_threads (void)
{
  for (guint i = 0; i < 300; i++)
    {
      GObject *object = G_OBJECT (g_cancellable_new ());
      IBBWeak *weak = ibb_weak_new (object);
      GThread *threads[3];

      for (guint t = 0; t < G_N_ELEMENTS (threads); t++)
        threads[t] = g_thread_new ("get", get_and_drop, weak);
      g_object_unref (object);
      for (guint t = 0; t < G_N_ELEMENTS (threads); t++)
        g_thread_join (threads[t]);
      g_assert_null (ibb_weak_get (weak));
      ibb_weak_unref (weak);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/weak/get", test_get);
  g_test_add_func ("/weak/forget", test_forget);
  g_test_add_func ("/weak/toggle/other", test_toggle_other);
  g_test_add_func ("/weak/toggle/same", test_toggle_same);
  g_test_add_func ("/weak/last-reference", test_last_reference);
  g_test_add_func ("/weak/threads", test_threads);
  return g_test_run ();
}
