/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tells every so often what a session waits for. In the main thread. */

#pragma once

#include <ibb-glib/ibb-glib.h>

void tool_wait_watch (IBBTransport *transport, IBBConnection *connection);
/* The outcome is known: what the end of the session waits for concerns nobody any more. */
void tool_wait_unwatch (IBBTransport *transport);
