/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A sample of the grid, beside figures that were stored before. */

#pragma once

#include "outcome.h"

/* Some cells of each group, evenly spaced: (transfer full) (element-type GridCell). cells lends
 * them and has to live longer. */
GPtrArray *sample_select (const GPtrArray *cells);
/* Writes the figures of the outcomes. FALSE, with a message: the file cannot be written. */
gboolean sample_record (const char *path, const Outcome *outcomes, const GPtrArray *cells);
/* Prints how each group has done beside the figures in a file. FALSE, with a message: a bound is
 * missed, or a cell has no figures there. */
gboolean sample_compare (const char *path, const Outcome *outcomes, const GPtrArray *cells);
