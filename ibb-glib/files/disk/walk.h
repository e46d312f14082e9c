/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The way to folders below a root. Each is opened from the one above by a descriptor, and no link
 * is followed. The folder that was used last stays open. */

#pragma once

#include <glib.h>

typedef struct
{
  int   root;   /* or -1 */
  int   folder; /* the one that was used last, or -1 */
  char *path;   /* (owned) (nullable): of that one, in the root */
} IBBWalk;

/* Opens the folder with the name. is_known: the way to the last folder led through it. Returns -1
 * with errno. */
typedef int (*IBBWalkEnter) (gpointer data, int above, const char *name, gboolean is_known);

void ibb_walk_init (IBBWalk *self, int root);
/* Goes to the folder with the path in the root, "." for the root itself. enter (nullable):
 * otherwise the folders have to be there. Returns 0 or an errno. */
int  ibb_walk_to (IBBWalk *self, const char *path, IBBWalkEnter enter, gpointer data);
void ibb_walk_close (IBBWalk *self);
