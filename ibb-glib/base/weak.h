/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A weak reference like GWeakRef, which calls no toggle reference with a lock held.
 *
 * Up to GLib 2.78, g_weak_ref_get () takes its reference with a lock that all weak references
 * share, and so calls the toggle reference of a language binding, which waits for the
 * interpreter's lock in PyGObject. The thread that has that lock may be dropping an object with
 * a GWeakRef, and then waits for the first lock: both threads stand still.
 *
 * Like a GWeakRef it gives no object out whose last reference is being dropped. In these versions,
 * g_object_unref () looks at the object once more after dispose (), when another thread that had
 * taken a reference there could have freed it.
 *
 * Unlike GWeakRef: an object is forgotten at the end of its dispose (), or where that calls
 * ibb_weak_forget (), and for good, even if it lives on. */

#pragma once

#include <glib-object.h>

typedef struct _IBBWeak IBBWeak;

/* One for each object, which all callers share. The caller has a reference to the object. */
IBBWeak *ibb_weak_new (gpointer object);
void     ibb_weak_unref (IBBWeak *self);

/* (transfer full) (nullable): NULL once the object is forgotten, or if self is NULL. Not with a
 * lock held: it may call a toggle reference, or drop the last reference. */
gpointer ibb_weak_get (IBBWeak *self);

/* Called first in a dispose () that other threads must not see. Otherwise the object is forgotten
 * at the end of GObject's dispose (). */
void ibb_weak_forget (gpointer object);
