/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The function that libFuzzer calls with each input, and replay.c with each file. */

#pragma once

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);
