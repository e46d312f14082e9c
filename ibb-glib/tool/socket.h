/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The TCP connections that are joined with sessions. */

#pragma once

#include <gio/gio.h>

void tool_socket_prepare (GSocketConnection *connection);
void tool_socket_reset (GSocketConnection *connection);
