/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The way back to an XML stream that broke (XEP-0198 §5): one attempt after another until
 * the server resumes it, says that it is gone, or time is up. The next one is made at once when
 * the network comes or the machine wakes. On the worker.
 */

#pragma once

#include "runtime/thread.h"
#include "xmpp/account.h"
#include "xmpp/backoff.h"
#include "xmpp/negotiation.h"

G_BEGIN_DECLS

/* Milliseconds: the bounds of the waits between attempts. */
#define IBB_RECONNECTION_WAIT_MIN 500
#define IBB_RECONNECTION_WAIT_MAX 30000
/* Milliseconds: a resumed stream that breaks before was resumed in vain. */
#define IBB_RECONNECTION_LASTS 1000

typedef struct _IBBReconnection IBBReconnection;

/* One of the two is called, once; the owner may free the reconnection in it. */
typedef struct
{
  void (*resumed) (IBBReconnection *reconnection, IBBNegotiationResult *result, gpointer owner);
  void (*failed) (IBBReconnection *reconnection, const GError *error, gpointer owner);
} IBBReconnectionHandler;

/* cause: why the stream broke. backoff: outlives this. since: when that stream was resumed, in
 * microseconds: the first attempt waits as well, from there on. 0: it was no resumed one. */
IBBReconnection *ibb_reconnection_new (IBBThread                    *thread,
                                       IBBAccount                   *account,
                                       const IBBResumption          *resumption,
                                       const GError                 *cause,
                                       IBBBackoff                   *backoff,
                                       gint64                        since,
                                       const IBBReconnectionHandler *handler,
                                       gpointer                      owner);
/* Gives up; nothing more is called. */
void ibb_reconnection_free (IBBReconnection *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBReconnection, ibb_reconnection_free)

G_END_DECLS
