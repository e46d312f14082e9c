/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The way back to the server after an XML stream broke: one attempt after another to resume the XML
 * stream (XEP-0198 §5), until the server resumes it, says that it is gone, or time is up; or to log
 * in again, until a login succeeds or fails for a reason that does not pass by itself. The pauses
 * between the attempts grow. A pause ends early when the network comes or the machine wakes, and an
 * attempt begins again when the network changes. On the worker.
 */

#pragma once

#include "base/thread.h"
#include "xmpp/base/account.h"
#include "xmpp/base/backoff.h"
#include "xmpp/login/negotiation.h"
#include "xmpp/status.h"

/* Bounds of the pauses between attempts to resume, in milliseconds. */
#define IBB_RECONNECTION_WAIT_MIN 500
#define IBB_RECONNECTION_WAIT_MAX 30000
/* Microseconds: a resumed XML stream that breaks sooner does not make the pauses short again. */
#define IBB_RECONNECTION_STREAM_MIN G_USEC_PER_SEC

/* The bounds of the pauses between new logins, and the duration after which they are short
 * again. */
#define IBB_RECONNECTION_LOGIN_WAIT_MIN 1000
#define IBB_RECONNECTION_LOGIN_WAIT_MAX 60000
#define IBB_RECONNECTION_LOGIN_STREAM_MIN (60 * G_USEC_PER_SEC)

typedef struct _IBBReconnection IBBReconnection;

/* One of the two is called, once; the owner may free the reconnection in it. is_in_vain: the
 * server did not accept the account or the password, which each new login would send again. */
typedef struct
{
  void (*done) (IBBReconnection *reconnection, IBBNegotiationResult *result, gpointer owner);
  void (*failed) (IBBReconnection *reconnection,
                  const GError    *error,
                  gboolean         is_in_vain,
                  gpointer         owner);
} IBBReconnectionHandler;

/* status is told of each attempt that fails. backoff outlives this, so that a server that lets a
 * client in and drops it at once is not asked without a pause. */
IBBReconnection *ibb_reconnection_new (IBBThread                    *thread,
                                       IBBAccount                   *account,
                                       IBBStatus                    *status,
                                       IBBBackoff                   *backoff,
                                       const IBBReconnectionHandler *handler,
                                       gpointer                      owner);
/* Begins to resume. cause: why the XML stream broke. since: 0, or, if the XML stream broke soon
 * after it was resumed, when it was resumed (in microseconds). The first attempt then waits, too,
 * counted from that time. */
void ibb_reconnection_resume (IBBReconnection     *self,
                              const IBBResumption *resumption,
                              const GError        *cause,
                              gint64               since);
/* Begins to log in. resource (nullable): of the lost XML stream; asked for unless the account names
 * one. accepted_certificate (nullable): of the server, by the application at the login. at_once:
 * the first attempt does not wait. */
void ibb_reconnection_log_in (IBBReconnection *self,
                              const char      *resource,
                              GTlsCertificate *accepted_certificate,
                              gboolean         at_once);
/* In done: microseconds since the attempt began. */
gint64 ibb_reconnection_get_duration (IBBReconnection *self);
/* Gives up; nothing more is called. */
void ibb_reconnection_free (IBBReconnection *self);

/* Whether a login that failed by this error would fail again until a person does something, or
 * would do harm. */
gboolean ibb_reconnection_is_in_vain (const GError *error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBReconnection, ibb_reconnection_free)
