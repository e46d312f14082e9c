/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Lines about refused sessions, few of them however many come. */

#pragma once

#include <glib.h>

/* All zero at first. */
typedef struct
{
  gint64 start;   /* of the interval, monotonic */
  guint  written; /* lines in it */
  guint  hidden;  /* refusals without a line */
} ToolRefusals;

void tool_refusals_note (ToolRefusals *self, const char *format, ...) G_GNUC_PRINTF (2, 3);
void tool_refusals_flush (ToolRefusals *self);
