/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The way back to an XML stream that broke (XEP-0198 §5): one attempt after another until
 * the server resumes it, says that it is gone, or time is up. On the worker.
 */

#pragma once

#include "runtime/thread.h"
#include "xmpp/base/account.h"
#include "xmpp/base/backoff.h"
#include "xmpp/login/negotiation.h"
#include "xmpp/status.h"

G_BEGIN_DECLS

/* Milliseconds: the bounds of the waits between attempts. */
#define IBB_RECONNECTION_WAIT_MIN 500
#define IBB_RECONNECTION_WAIT_MAX 30000
/* Microseconds: a resumed XML stream that breaks sooner does not make the waits short again. */
#define IBB_RECONNECTION_STREAM_MIN G_USEC_PER_SEC

typedef struct _IBBReconnection IBBReconnection;

/* One of the two is called, once; the owner may free the reconnection in it. is_in_vain: the
 * server did not accept the account or the password, which each new login would send again. */
typedef struct
{
  void (*resumed) (IBBReconnection *reconnection, IBBNegotiationResult *result, gpointer owner);
  void (*failed) (IBBReconnection *reconnection,
                  const GError    *error,
                  gboolean         is_in_vain,
                  gpointer         owner);
} IBBReconnectionHandler;

/* status is told of each attempt that fails. cause: why the XML stream broke. backoff: outlives
 * this. since: 0, or, if the XML stream broke soon after it was resumed, when it was resumed (in
 * microseconds). The first attempt then waits, too, counted from that time. */
IBBReconnection *ibb_reconnection_new (IBBThread                    *thread,
                                       IBBAccount                   *account,
                                       IBBStatus                    *status,
                                       const IBBResumption          *resumption,
                                       const GError                 *cause,
                                       IBBBackoff                   *backoff,
                                       gint64                        since,
                                       const IBBReconnectionHandler *handler,
                                       gpointer                      owner);
/* In resumed: microseconds since the attempt began. */
gint64 ibb_reconnection_get_duration (IBBReconnection *self);
/* Gives up; nothing more is called. */
void ibb_reconnection_free (IBBReconnection *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBReconnection, ibb_reconnection_free)

G_END_DECLS
