/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "ibb-service.h"
#include "runtime/inbox.h"

struct _IBBService
{
  GObject parent_instance;

  /* immutable after construction */
  IBBConnection *connection; /* (owned) */
  IBBHost       *host;       /* (owned): as a user */
  IBBInbox      *inbox;      /* (owned) */
};

void ibb_service_install_properties (GObjectClass *class);
