/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The hosts that SRV records name, to be connected to by the proxies of a resolver. GLib's
 * GNetworkService goes by those of the system only, whatever the GSocketClient was told.
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* records: see G_RESOLVER_RECORD_SRV. NULL: none of them can be used. */
GSocketConnectable *ibb_targets_new (GList *records, GProxyResolver *proxy_resolver);

G_END_DECLS
