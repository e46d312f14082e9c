/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The sockets that are joined with sessions: TCP, or files (“unix:PATH”). */

#pragma once

#include <gio/gio.h>
#include <sys/stat.h>

/* A socket file that this process made. */
typedef struct
{
  char       *path; /* (nullable): NULL for none */
  struct stat info;
} ToolSocketFile;

/* The path of “unix:PATH”, in text; NULL if text names something else. */
const char     *tool_socket_get_path (const char *text);
GSocketAddress *tool_socket_new_address (const char *path, GError **error);

/* Makes a socket file that only its owner can connect to. It replaces a socket file at which nobody
 * listens, and nothing else. */
GSocket *tool_socket_listen (const char *path, int backlog, ToolSocketFile *file, GError **error);
/* Removes the file, unless another one has its name now. */
void tool_socket_file_clear (ToolSocketFile *file);

void tool_socket_prepare (GSocketConnection *connection);
void tool_socket_reset (GSocketConnection *connection);
