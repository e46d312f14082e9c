/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the connection says to a service: it passes each event on to the host and the
 * inbox of the service. */

#pragma once

#include "runtime/inbox.h"

G_BEGIN_DECLS

/* A listener for ibb_host_start (). It keeps the memory of both. */
IBBConnectionListener *ibb_listener_new (IBBHost *host, IBBInbox *inbox);

G_END_DECLS
