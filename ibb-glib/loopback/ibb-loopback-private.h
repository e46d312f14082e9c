/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What only the tests of the library ask of a loopback. */

#pragma once

#include "ibb-loopback.h"
#include "loopback/hub.h"

/* From now on; those before are forgotten. */
void ibb_loopback_set_faults (IBBLoopback *self, const IBBHubFaults *faults);
