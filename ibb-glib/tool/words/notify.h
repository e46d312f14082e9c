/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a service manager with Type=notify is told, by a datagram to NOTIFY_SOCKET (sd_notify). From
 * any thread. Nothing happens where there is no such variable. */

#pragma once

/* A socket that does not take the datagram is a warning. */
void tool_notify_ready (void);
void tool_notify_stopping (void);
