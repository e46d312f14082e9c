/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How fast the server of an account passes a session on. */

#pragma once

#include "tool/account/run.h"

/* Sends for some seconds from one client of the account to the other. rate: bytes per second. Not
 * on the main thread. */
gboolean tool_probe_rate (
    ToolRun *run, IBBXmppClient *near, IBBXmppClient *far, guint64 *rate, GError **error);
