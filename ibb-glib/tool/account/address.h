/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Addresses of servers and proxies, as options name them. */

#pragma once

#include <gio/gio.h>

/* Parses HOST:PORT or [ADDRESS]:PORT, or HOST if usual is not 0. host: (transfer full). */
gboolean tool_address_parse (const char *text, guint16 usual, char **host, guint16 *port);
/* (transfer full) (nullable): the URI of a proxy that is named by its URI, or “none”. */
char *tool_address_parse_proxy (const char *text);
/* Whether text is the URL of a WebSocket, without a user and a password. */
gboolean tool_address_is_websocket (const char *text);
