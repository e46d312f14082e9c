/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The places for sessions at a time, of which each takes threads, and descriptors, however long the
 * peer says nothing. The others wait without. Sessions with one name leave places to those with
 * others.
 */

#pragma once

#include <gio/gio.h>

#include "ibb-transport.h"

typedef struct
{
  GMutex lock;
  /* immutable after construction */
  guint max;
  guint max_per_name;
  /* protected by lock */
  guint       n_taken;
  GHashTable *taken;   /* (owned) (element-type utf8 guint): how many of a name */
  GQueue      waiting; /* (element-type Guest): the longest wait first */
} IBBPlaces;

void ibb_places_init (IBBPlaces *self, guint max, guint max_per_name);
void ibb_places_clear (IBBPlaces *self);

/* Whether a place is taken for data. Otherwise data waits, until ibb_places_leave () returns it, or
 * give_up (data) is called: once, in any thread, as transport has ended or limit was cancelled.
 * data holds name and self as long as it waits. */
gboolean ibb_places_take (IBBPlaces    *self,
                          const char   *name,
                          IBBTransport *transport,
                          GCancellable *limit,
                          void (*give_up) (gpointer data),
                          gpointer data);
/* Leaves a place that was taken for name. Returns the data for which a place is taken now, or
 * NULL. */
gpointer ibb_places_leave (IBBPlaces *self, const char *name);
