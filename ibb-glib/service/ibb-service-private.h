/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "ibb-service.h"
#include "runtime/host.h"
#include "runtime/inbox.h"

struct _IBBService
{
  GObject parent_instance;

  /* immutable after construction */
  GThread       *thread;     /* (owned): that has made the service */
  IBBConnection *connection; /* (owned) */
  IBBHost       *host;       /* (owned): as a user */
  IBBInbox      *inbox;      /* (owned) */

  /* in the context of the signals */
  GSequence  *items;  /* (owned): as the list model tells them */
  GHashTable *places; /* (owned) (element-type IBBChannel GSequenceIter): of the items */
  gboolean    is_listing;
};

void ibb_service_install_properties (GObjectClass *class);

void ibb_service_list_init (IBBService *self);
void ibb_service_list_clear (IBBService *self);
void ibb_service_list_model_init (GListModelInterface *iface);
/* Tells the handlers of the list model of what has changed. */
void ibb_service_list_update (IBBService *self);
/* The same at the end of a call that a session came from, in the context of the signals, or in the
 * thread of that context: elsewhere the list must not change. */
void ibb_service_list_update_here (IBBService *self);

typedef struct _IBBRequest IBBRequest;

/* Takes session over, and the use of host that came with it. */
IBBRequest *ibb_request_new (IBBService *service, IBBHost *host, IBBSession *session);
