/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The smoothed rate of a counter of bytes. */

#pragma once

#include <glib.h>

typedef struct
{
  guint64 bytes;  /* at the last update */
  gint64  at;     /* of the last update */
  double  sum;    /* bytes per second, each second weighted by its age */
  double  weight; /* of these seconds; 1 in the long run */
} IBBRate;

/* Call this several times a second while bytes move. Returns bytes per second. */
guint64 ibb_rate_update (IBBRate *self, guint64 bytes, gint64 now);
