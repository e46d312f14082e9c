/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "ibb-output-stream.h"
#include "runtime/channel.h"

IBBOutputStream *ibb_output_stream_new (IBBChannel *channel);
