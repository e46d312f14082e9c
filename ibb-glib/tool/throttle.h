/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Notices that the server of the account, or the network to it, is what makes a session slow. */

#pragma once

#include <ibb-glib/ibb-glib.h>

G_BEGIN_DECLS

/* Bytes per second: a server that passes less limits its clients on purpose, or nearly so. */
#define TOOL_THROTTLE_RATE (100 * 1024)

/* Tells so once, at most. Any thread; the default main context is to run. */
void tool_throttle_watch (IBBTransport *transport, IBBConnection *connection);

G_END_DECLS
