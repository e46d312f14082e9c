/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "ibb-request.h"
#include "ibb-service.h"
#include "runtime/host.h"

/* Takes session over, and the use of host that came with it. */
IBBRequest *ibb_request_new (IBBService *service, IBBHost *host, IBBSession *session);
