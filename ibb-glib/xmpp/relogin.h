/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The way back to the server after an XML stream was lost that cannot be resumed: one login
 * after another, with pauses, until one succeeds or fails for a reason that does not pass by
 * itself. On the worker.
 */

#pragma once

#include "runtime/thread.h"
#include "xmpp/base/account.h"
#include "xmpp/base/backoff.h"
#include "xmpp/login/negotiation.h"
#include "xmpp/status.h"

G_BEGIN_DECLS

/* Milliseconds: the bounds of the waits. */
#define IBB_RELOGIN_WAIT_MIN 1000
#define IBB_RELOGIN_WAIT_MAX 60000
/* Microseconds: an XML stream that breaks sooner does not make the waits short again. */
#define IBB_RELOGIN_STREAM_MIN (60 * G_USEC_PER_SEC)

typedef struct _IBBRelogin IBBRelogin;

/* One of the two is called, once; the owner may free the relogin in it. */
typedef struct
{
  void (*done) (IBBRelogin *relogin, IBBNegotiationResult *result, gpointer owner);
  void (*failed) (IBBRelogin *relogin, const GError *error, gpointer owner);
} IBBReloginHandler;

/* at_once: it does not wait before the first attempt. status is told of each attempt that fails.
 * resource (nullable): of the lost XML stream; asked for unless the account names one.
 * accepted_certificate (nullable): of the server, by the application at the login. backoff outlives
 * the logins, so that a server that lets a client in and drops it at once is not asked without a
 * pause. */
IBBRelogin *ibb_relogin_new (IBBThread               *thread,
                             IBBAccount              *account,
                             IBBStatus               *status,
                             const char              *resource,
                             GTlsCertificate         *accepted_certificate,
                             IBBBackoff              *backoff,
                             gboolean                 at_once,
                             const IBBReloginHandler *handler,
                             gpointer                 owner);
/* Gives up; nothing more is called. */
void ibb_relogin_free (IBBRelogin *self);

/* Whether a login that failed by this error would fail again until a person does something, or
 * would do harm. */
gboolean ibb_relogin_is_in_vain (const GError *error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBRelogin, ibb_relogin_free)

G_END_DECLS
