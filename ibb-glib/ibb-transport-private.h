/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "ibb-channel-private.h"
#include "ibb-input-stream.h"
#include "ibb-output-stream.h"
#include "ibb-transport.h"

G_BEGIN_DECLS

struct _IBBTransport
{
  GIOStream parent_instance;

  /* immutable after construction */
  IBBChannel      *channel; /* (owned) */
  IBBInputStream  *input;   /* (owned) */
  IBBOutputStream *output;  /* (owned) */
};

IBBTransport *ibb_transport_new (IBBChannel *channel);
/* The end of an operation of class ibb_operation_shutdown. */
void ibb_transport_shutdown_finished (IBBOperation *operation);

/* The same of class ibb_operation_writev. */
void ibb_output_stream_writev_finished (IBBOperation *operation);

IBBInputStream  *ibb_input_stream_new (IBBChannel *channel);
IBBOutputStream *ibb_output_stream_new (IBBChannel *channel);

G_END_DECLS
