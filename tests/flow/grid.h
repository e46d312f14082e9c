/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Many cells: combinations of networks and sessions, in groups. */

#pragma once

#include "cell.h"

typedef struct
{
  const char *group;
  char       *text; /* the group and the parameters */
  Cell        cell;
} GridCell;

/* The cells whose text has all the words of match (nullable), with so many seeds where there is
 * jitter. (transfer full) (element-type GridCell) */
GPtrArray *grid_create (const char *match, guint n_seeds);
