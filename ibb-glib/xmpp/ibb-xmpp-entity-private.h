/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "xmpp/ibb-xmpp-entity.h"
#include "xmpp/ibb-xmpp-worker.h"
#include "xmpp/link.h"

struct _IBBXmppEntity
{
  GObject parent;

  IBBLink *link; /* (owned): the subclass makes it before constructed () of this class */

  /* until it is constructed */
  IBBXmppWorker *worker; /* (owned) (nullable) */
};

/* The thread of the worker, or one of its own: (transfer full). */
IBBThread *ibb_xmpp_entity_create_thread (IBBXmppEntity *self);
