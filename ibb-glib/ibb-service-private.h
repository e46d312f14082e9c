/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "ibb-request.h"
#include "ibb-service.h"
#include "ibb-transport-private.h"
#include "ibb-worker-private.h"

G_BEGIN_DECLS

struct _IBBService
{
  GObject parent_instance;

  /* immutable after construction */
  IBBConnection *connection; /* (owned) */
  IBBWorker     *worker;     /* (owned): as a user */
};

/* Takes session over, and the use of worker that came with it. */
IBBRequest *ibb_request_new (IBBWorker *worker, IBBSession *session);

G_END_DECLS
