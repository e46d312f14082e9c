/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "xmpp/ibb-worker.h"
#include "xmpp/ibb-xmpp-connection.h"
#include "xmpp/link.h"

struct _IBBXmppConnection
{
  GObject parent;

  IBBLink *link; /* (owned): the subclass makes it before constructed () of this class */

  /* until it is constructed */
  IBBWorker *worker; /* (owned) (nullable) */
};

/* The thread of the worker, or one of its own: (transfer full). */
IBBThread *ibb_xmpp_connection_create_thread (IBBXmppConnection *self);
