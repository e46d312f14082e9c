/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The outcomes of the cells of a grid, and their reports. */

#pragma once

#include "grid.h"
#include "report.h"

typedef struct
{
  guint    number; /* of the cell */
  gboolean is_known;
  Report   engine;
  Report   fixed; /* the models, for comparison */
  Report   unlimited;
} Outcome;

/* Runs the cell, with_models: three times, with each model in the engine's place as well. */
Outcome outcome_run (const Cell *cell, guint number, gboolean with_models);
/* Bytes a second; where some readers are slow, those of the slowest session with a usual reader. */
double outcome_get_goodput (const Report *report, const Cell *cell);
/* The engine's goodput beside that of the model with a fixed window; where some readers
 * are slow, that of the others. */
double outcome_get_ratio (const Outcome *self, const Cell *cell);
/* Tables, the worst first, and of each group. by: "ratio", "chat" or "interactive". FALSE: there is
 * no such column. */
gboolean
outcome_print_all (const Outcome *outcomes, const GPtrArray *cells, const char *by, guint n_worst);
/* The outcomes as a JSON array. */
char *outcome_get_json (const Outcome *outcomes, const GPtrArray *cells);
