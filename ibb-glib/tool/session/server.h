/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What can be asked of a server, beside sessions. Not on the main thread. */

#pragma once

#include <glib/gi18n.h>
#include <ibb-glib/ibb-glib.h>

#define TOOL_SERVER_CLIENTS_ADVICE                                                                 \
  _ ("The server limits clients, or the network to it is slow: its administrator can raise "       \
     "“limits” (Prosody) or “shaper” (ejabberd).")

/* (nullable) (transfer full): the name and the version of its software, if it tells that. */
char *
tool_server_dup_software (IBBConnection *connection, const char *domain, GCancellable *cancellable);
/* Returns the shortest of some round trips in µs, or -1. */
gint64 tool_server_measure_round_trip (IBBConnection *connection,
                                       const char    *domain,
                                       GCancellable  *cancellable,
                                       GError       **error);
