/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tells why a file takes long. */

#pragma once

#include <ibb-glib/ibb-glib.h>

typedef struct
{
  guint64 rate;      /* bytes per second */
  guint64 left;      /* bytes */
  guint64 in_flight; /* bytes, at most */
} ToolSlow;

/* In a thread of its own: the servers are asked. */
void tool_slow_explain (IBBConnection *connection, IBBTransport *transport, const ToolSlow *slow);
