/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "ibb-input-stream.h"
#include "runtime/channel.h"

G_BEGIN_DECLS

IBBInputStream *ibb_input_stream_new (IBBChannel *channel);

G_END_DECLS
