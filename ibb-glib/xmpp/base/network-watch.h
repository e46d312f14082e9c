/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tells when the network has changed and is there (GNetworkMonitor). On the worker.
 *
 * GLib's monitor works in the context in which it was first asked for, for as long as the
 * process lives. So it is asked for in the default one, and tells nothing where nobody runs
 * that.
 */

#pragma once

#include "base/thread.h"

typedef struct _IBBNetworkWatch IBBNetworkWatch;

/* Called for each change; the owner may free the watch in it. */
typedef void (*IBBNetworkWatchFunc) (gpointer owner);

IBBNetworkWatch *
ibb_network_watch_new (IBBThread *thread, IBBNetworkWatchFunc changed, gpointer owner);
/* From now on no callback is called. */
void ibb_network_watch_free (IBBNetworkWatch *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBNetworkWatch, ibb_network_watch_free)
