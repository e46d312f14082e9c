/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "ibb-input-stream.h"
#include "runtime/channel.h"

IBBInputStream *ibb_input_stream_new (IBBChannel *channel);
