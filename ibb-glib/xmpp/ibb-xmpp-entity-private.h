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

/* The calls of the two classes. source_tag: the public function. instead: its name, for the error
 * of a blocking call on the thread of the connection. */
void     ibb_xmpp_entity_login_async (IBBXmppEntity      *self,
                                      gpointer            source_tag,
                                      GCancellable       *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer            user_data);
void     ibb_xmpp_entity_logout_async (IBBXmppEntity      *self,
                                       gpointer            source_tag,
                                       GCancellable       *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer            user_data);
gboolean ibb_xmpp_entity_finish (IBBXmppEntity *self,
                                 GAsyncResult  *result,
                                 gpointer       source_tag,
                                 GError       **error);
gboolean ibb_xmpp_entity_login (IBBXmppEntity *self,
                                GCancellable  *cancellable,
                                const char    *instead,
                                GError       **error);
gboolean ibb_xmpp_entity_logout (IBBXmppEntity *self,
                                 GCancellable  *cancellable,
                                 const char    *instead,
                                 GError       **error);
