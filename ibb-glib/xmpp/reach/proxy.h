/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The proxy that an attempt to connect goes through, for its error, and how long the proxy may
 * be silent.
 */

#pragma once

#include <gio/gio.h>

/* The proxy of one attempt. Zeroed: the attempt goes through none. */
typedef struct
{
  char    *uri; /* (nullable): without what logs in to it */
  gboolean is_reached;
  GSource *end; /* (owned) (nullable): of what the proxy sends */
} IBBProxy;

/* Learns which proxy it is from the events of GSocketClient. */
void ibb_proxy_note (IBBProxy *self, GSocketClientEvent event, GIOStream *connection);
/* The attempt has failed with cause, to reach the server of domain. NULL: not by a proxy. */
GError *ibb_proxy_new_error (const IBBProxy *self, const char *domain, const GError *cause);
/* The attempt has succeeded: what follows has times of its own. */
void ibb_proxy_release (GSocketConnection *connection);
void ibb_proxy_clear (IBBProxy *self);
