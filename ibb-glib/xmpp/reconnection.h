/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The way back to an XML stream that broke (XEP-0198 §5): one attempt after another until
 * the server resumes it, says that it is gone, or time is up. The next one is made at once when
 * the network comes or the machine wakes. On the worker.
 */

#pragma once

#include "runtime/thread.h"
#include "xmpp/account.h"
#include "xmpp/negotiation.h"

G_BEGIN_DECLS

typedef struct _IBBReconnection IBBReconnection;

/* One of the two is called, once; the owner may free the reconnection in it. */
typedef struct
{
  void (*resumed) (IBBReconnection *reconnection, IBBNegotiationResult *result, gpointer owner);
  void (*failed) (IBBReconnection *reconnection, const GError *error, gpointer owner);
} IBBReconnectionHandler;

/* Makes the first attempt. cause: why the stream broke. */
IBBReconnection *ibb_reconnection_new (IBBThread                    *thread,
                                       IBBAccount                   *account,
                                       const IBBResumption          *resumption,
                                       const GError                 *cause,
                                       const IBBReconnectionHandler *handler,
                                       gpointer                      owner);
/* Gives up; nothing more is called. */
void ibb_reconnection_free (IBBReconnection *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBReconnection, ibb_reconnection_free)

G_END_DECLS
