/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "ibb-output-stream.h"
#include "runtime/channel.h"

G_BEGIN_DECLS

IBBOutputStream *ibb_output_stream_new (IBBChannel *channel);

G_END_DECLS
