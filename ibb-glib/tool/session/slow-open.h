/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* open(2) that can be cancelled: a named pipe waits for its other end. */

#pragma once

#include <gio/gio.h>

int tool_slow_open (const char *path, int flags, GCancellable *cancellable);
