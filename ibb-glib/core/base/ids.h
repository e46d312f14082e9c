/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Random ids of stanzas and sessions, which nobody can guess.
 */

#pragma once

#include <glib.h>

/* Fills bytes with unguessable ones. The simulation gives a seeded one. */
typedef void (*IBBRandomFunc) (guint8 *bytes, gsize length, gpointer data);

typedef struct
{
  IBBRandomFunc random;
  gpointer      data;
} IBBIds;

char *ibb_ids_create (const IBBIds *self);     /* of a stanza: 64 bits (D-33) */
char *ibb_ids_create_sid (const IBBIds *self); /* 128 bits (N-04) */
