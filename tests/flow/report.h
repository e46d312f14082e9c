/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The report about a cell. */

#pragma once

#include "cell.h"

typedef struct
{
  double goodput;      /* bytes a second, all sessions together */
  double late_goodput; /* over the last two thirds of the time */
  double slowest;      /* of the bulk sessions with usual readers, over the last two thirds */
  double jain;         /* of the same */
  gsize  max_in_flight;
  double chat[3]; /* ms: half of them, 99 of 100, all of them */
  double interactive[3];
} Report;

/* Runs the cell. json (nullable): what is known is appended, as an object; with_series: over
 * time as well. */
Report report_run (const Cell *cell, GString *json, gboolean with_series);
/* The report about the cell with these parameters, as a message of the test as well. */
Report report_of (const char *format, ...) G_GNUC_PRINTF (1, 2);
/* Runs the cell: the bytes that the reader of a session gets in each second.
 * (transfer full) (element-type double) */
GArray *report_run_seconds (const Cell *cell, guint session);
