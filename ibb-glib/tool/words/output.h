/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The lines of the command: for people on standard error, else on standard output. From any
 * thread.
 */

#pragma once

#include <glib.h>

void     tool_output_init (gboolean quiet, gboolean json);
gboolean tool_output_is_json (void);
gboolean tool_output_shows_status (void);

/* In columns, 0: nobody knows, or it is no terminal. */
guint tool_output_get_width (int fd);

/* Around a question to the person at the terminal: one at a time. */
void     tool_output_begin_question (void);
void     tool_output_end_question (void);
gboolean tool_output_has_question (void);

void tool_output_write (const char *text);
void tool_output_print (const char *text);
void tool_output_check (void);

void tool_output_line (const char *prefix, const char *text);
void tool_output_note (const char *format, ...) G_GNUC_PRINTF (1, 2);
void tool_output_status (const char *text);
int  tool_output_usage_error (const char *command, const char *format, ...) G_GNUC_PRINTF (2, 3);
