/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The window and the rate that the path of a session allows, computed from the cell. */

#pragma once

#include "cell.h"

/* Bytes of payload a second, of all sessions together, as far as our client's own
 * connection and the server go. */
double path_get_rate (const Cell *cell);
/* The time that one block and its acknowledgement take where nothing else waits, with
 * the mean of the jitter, in seconds. */
double path_get_round_trip (const Cell *cell, guint session);
/* The window of the cell's model sender, in bytes. */
gsize path_get_window (const Cell *cell, guint session);
