/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The hosts of a server, one after the other, each by the proxies that a resolver names for it.
 * A GSocketClient gives its own resolver to a GNetworkAddress only: a GNetworkService goes by
 * that of the system.
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* hosts: (transfer full) (element-type GSrvTarget): in this order.
 * scheme: of the URI that the resolver is asked for.
 * proxy_resolver (nullable): that of the system. */
GSocketConnectable *
ibb_targets_new (GList *hosts, const char *scheme, GProxyResolver *proxy_resolver);

G_END_DECLS
