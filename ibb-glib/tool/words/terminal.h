/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Questions to the person at the terminal: standard input and output may be the data. */

#pragma once

#include <gio/gio.h>

/* Far more than any password has. A file that is none is not read into memory. */
#define TOOL_LINE_MAX 4096

/* Reads up to the end of the line. Returns NULL with errno: at the end of input, or EBADMSG for a
 * line that is too long or has a NUL, so that the answer would be only a part of it. */
char *tool_terminal_read_line (int fd);

/* Shows question and waits for a line, which is shown while it is typed only if echo is TRUE. Any
 * thread: the terminal has one question at a time. A signal has its usual effect.
 * G_IO_ERROR_NOT_FOUND: there is no terminal, or the process is in its background, where a question
 * would stop it. cancellable (nullable) takes the question back. */
char *
tool_terminal_ask (const char *question, gboolean echo, GCancellable *cancellable, GError **error);
/* Whether the process has one. */
gboolean tool_terminal_exists (void);
/* Whether the answer to question, which names both answers, is “yes”. Also FALSE without a
 * terminal. */
gboolean tool_terminal_confirm (const char *question, GCancellable *cancellable);
