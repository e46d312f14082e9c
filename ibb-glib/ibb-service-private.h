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

  /* in the context of the signals */
  GPtrArray *listed; /* (owned) (element-type IBBChannel): as the list model tells it */
  /* (owned) (element-type IBBChannel IBBTransport): what is told of sessions whose own transport
   * the application has dropped */
  GHashTable *stand_ins;
  gboolean    is_listing;
  gboolean    must_list;
};

void ibb_service_install_properties (GObjectClass *class);

void ibb_service_list_model_init (GListModelInterface *iface);
/* Tells the handlers of the list model of what has changed. */
void ibb_service_list_update (IBBService *self);
/* The same at the end of a call that a session came from, in the context of the signals: elsewhere
 * the list must not change. */
void ibb_service_list_update_here (IBBService *self);
