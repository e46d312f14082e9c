/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Notices that what is sent passes slowly. Which server limits it, if not the reader is slow, “ibb
 * doctor” finds out. */

#pragma once

#include <ibb-glib/ibb-glib.h>

/* Bytes per second: a server that passes less limits its clients on purpose, or nearly so. */
#define TOOL_THROTTLE_RATE (100 * 1024)

/* Tells so once, at most, or, if that takes ten minutes and more, why (slow.h). Any thread; the
 * default main context is to run. */
void tool_throttle_watch (IBBTransport *transport, IBBConnection *connection);
/* How many bytes will be sent; until then nobody knows. Any thread, once. */
void tool_throttle_set_total (IBBTransport *transport, guint64 total);
