/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The parts of files that did not arrive whole, in a folder: to see and to remove. */

#pragma once

#include <glib.h>

/* Prints them; removes: those that nobody uses are removed. days: only those to which nothing was
 * written for so long. Returns the exit status. */
int tool_parts_show (const char *folder, gboolean removes, guint days);
/* After an error: if the disk is full, says what can be removed. */
void tool_parts_note_full (const char *folder, const GError *error);
