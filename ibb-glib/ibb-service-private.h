/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "ibb-service.h"
#include "runtime/inbox.h"

G_BEGIN_DECLS

/* The pointers never change. */
IBBHost  *ibb_service_get_host (IBBService *self);
IBBInbox *ibb_service_get_inbox (IBBService *self);

G_END_DECLS
