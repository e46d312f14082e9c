/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "ibb-transport.h"
#include "runtime/channel.h"

G_BEGIN_DECLS

/* channel: (transfer full) (nullable). NULL for NULL. */
IBBTransport *ibb_transport_new_take (IBBChannel *channel);
/* (nullable): a transport that a binding made has none. */
IBBChannel *ibb_transport_get_channel (IBBTransport *self);

void ibb_transport_install_properties (GObjectClass *object_class);
void ibb_transport_notify_changes (GObject *object, IBBChannelNews news);

G_END_DECLS
