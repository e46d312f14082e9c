/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "ibb-transport.h"
#include "runtime/channel.h"

struct _IBBTransport
{
  GIOStream parent_instance;

  /* immutable after construction */
  IBBChannel    *channel; /* (owned) (nullable): a transport that a binding made has none */
  GInputStream  *input;   /* (owned) */
  GOutputStream *output;  /* (owned) */

  int shutting; /* atomic: a shutdown_output is in progress */
};

/* channel: (transfer full) (nullable). NULL for NULL. */
IBBTransport *ibb_transport_new_take (IBBChannel *channel);

/* For a session whose transport is gone: as that one after the end. channel: (transfer full). */
IBBTransport *ibb_transport_new_ended (IBBChannel *channel);

void ibb_transport_install_properties (GObjectClass *object_class);
void ibb_transport_notify_changes (GObject *object, IBBChannelNews news);

/* The halves. */
GInputStream  *ibb_input_stream_new (IBBChannel *channel);
GOutputStream *ibb_output_stream_new (IBBChannel *channel);
