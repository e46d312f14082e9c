/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A network that changes when a test says so: it takes the place of the process's
 * GNetworkMonitor. */

#pragma once

#include <gio/gio.h>

/* Call this before all else in main (). */
void fake_monitor_install (void);
/* Emits network-changed. In the thread of the default context. */
void fake_monitor_change (gboolean is_available);
/* Whether a handler waits for that. Any thread. */
gboolean fake_monitor_has_handlers (void);
