/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tells every so often what a session waits for. In the main thread. */

#pragma once

#include <ibb-glib/ibb-glib.h>

G_BEGIN_DECLS

void tool_wait_watch (IBBTransport *transport, IBBConnection *connection);

G_END_DECLS
