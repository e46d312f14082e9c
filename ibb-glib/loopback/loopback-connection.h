/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A connection of a loopback. */

#pragma once

#include "ibb-connection.h"
#include "loopback/hub.h"

#define IBB_TYPE_LOOPBACK_CONNECTION (ibb_loopback_connection_get_type ())
G_DECLARE_FINAL_TYPE (
    IBBLoopbackConnection, ibb_loopback_connection, IBB, LOOPBACK_CONNECTION, GObject)

IBBConnection *ibb_loopback_connection_new (IBBHub *hub, const char *jid); /* jid is valid */
