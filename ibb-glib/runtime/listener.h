/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the connection says to a service: it passes each event on to the host and the
 * inbox of the service. */

#pragma once

#include "runtime/inbox.h"

/* A listener for ibb_host_start (). It keeps the memory of both. */
IBBConnectionListener *ibb_listener_new (IBBHost *host, IBBInbox *inbox);
