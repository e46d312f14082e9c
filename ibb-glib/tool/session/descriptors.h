/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The descriptors of a command that serves. GLib ends a process that has none left. */

#pragma once

#include <glib.h>

/* Raises the limit as far as the system allows: the usual one is for programs that use select ().
 */
void tool_descriptors_raise (void);
/* Gives a child the limit that this process was given: between fork () and exec (). */
void tool_descriptors_restore (void);

/* How many sessions there can be, each with so many descriptors, beside those that are open. At
 * least one. */
guint   tool_descriptors_count_sessions (guint each);
guint64 tool_descriptors_get_limit (void);
