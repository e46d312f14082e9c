/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The hosts of a server, one after the other, each by the proxies that a resolver names for it.
 * A GSocketClient gives its own resolver to a GNetworkAddress only: a GNetworkService goes by
 * that of the system.
 */

#pragma once

#include <gio/gio.h>

/* Both lists (transfer full) (nullable) (element-type GSrvTarget), tried as one by the priorities
 * and weights of RFC 2782. Those of direct take TLS from the first byte (XEP-0368 §3).
 * scheme: of the URI that the resolver is asked for, but for those of direct.
 * proxy_resolver (nullable): that of the system. */
GSocketConnectable *
ibb_targets_new (GList *hosts, GList *direct, const char *scheme, GProxyResolver *proxy_resolver);
/* Whether the address, which came from such an object, is that of a host of direct. */
gboolean ibb_targets_is_direct (GSocketAddress *address);
