/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A weak reference, as GWeakRef, that calls nobody with a lock.
 *
 * In GLib 2.74, g_weak_ref_get () takes its reference with a lock that all weak references
 * share, and so calls the toggle reference of a language binding. PyGObject's waits for
 * Python's interpreter lock. Who has that may be dropping an object that has a GWeakRef, and
 * be waiting for the first lock. */

#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

typedef struct _IBBWeak IBBWeak;

/* One for each object, which all callers share. The caller has a reference to the object. */
IBBWeak *ibb_weak_new (gpointer object);
void     ibb_weak_unref (IBBWeak *self);

/* (transfer full) (nullable): NULL once the object is being disposed of, or if self is NULL. */
gpointer ibb_weak_get (IBBWeak *self);

/* For the beginning of a dispose () that must not be seen from elsewhere; without, the end
 * of GObject's dispose () does the same. */
void ibb_weak_forget (gpointer object);

G_END_DECLS
