/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A login that the application has called for: the negotiation, its cancellation, and the
 * question whether the server's certificate is good. On the worker, but for the question.
 */

#pragma once

#include "runtime/thread.h"
#include "xmpp/login/negotiation.h"

G_BEGIN_DECLS

typedef struct _IBBLogin IBBLogin;

/* Once, on the worker; result is NULL on error. The owner may free the login. After it, the
 * task completes. client: the task's. */
typedef void (*IBBLoginDone) (IBBLogin             *login,
                              gpointer              client,
                              IBBNegotiationResult *result,
                              const GError         *error,
                              gpointer              owner);

/* task: (transfer full): holds the client, which emits the signal certificate_signal in the context
 * of the task: (GTlsCertificate, GTlsCertificateFlags) → whether to accept. settings are taken. */
IBBLogin *ibb_login_new (IBBThread          *thread,
                         GTask              *task,
                         guint               certificate_signal,
                         IBBAccountSettings *settings,
                         IBBLoginDone        done,
                         gpointer            owner);
void      ibb_login_free (IBBLogin *self);
/* Ends it with this error. */
void ibb_login_fail (IBBLogin *self, const GError *error);
/* (nullable) (transfer none): what the application has accepted. */
GTlsCertificate *ibb_login_get_accepted_certificate (IBBLogin *self);

G_END_DECLS
