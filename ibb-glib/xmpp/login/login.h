/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A login that the application has called for: the negotiation, its cancellation, and the
 * questions about the server's certificate and the password. On the worker, but for the questions.
 */

#pragma once

#include "base/thread.h"
#include "xmpp/login/negotiation.h"

typedef struct _IBBLogin IBBLogin;

/* Once, on the worker; result is NULL on error. The owner may free the login. After it, the
 * task completes. client: the task's. */
typedef void (*IBBLoginDone) (IBBLogin             *login,
                              gpointer              client,
                              IBBNegotiationResult *result,
                              const GError         *error,
                              gpointer              owner);

/* The signals of the client that ask the application: (IBBXmppQuestion) → whether another handler
 * is called. 0: nobody is asked. step: IBBXmppEntity::login-step. */
typedef struct
{
  guint trust;
  guint password;
  guint step;
} IBBLoginSignals;

/* task: (transfer full): holds the client, which emits the signals in context, (transfer full)
 * (nullable). settings are taken. */
IBBLogin *ibb_login_new (IBBThread             *thread,
                         GTask                 *task,
                         GMainContext          *context,
                         const IBBLoginSignals *signals,
                         IBBAccountSettings    *settings,
                         IBBLoginDone           done,
                         gpointer               owner);
void      ibb_login_free (IBBLogin *self);
/* Ends the login, at a logout. */
void ibb_login_end (IBBLogin *self);
/* (nullable) (transfer none): what the application has accepted. */
GTlsCertificate *ibb_login_get_accepted_certificate (IBBLogin *self);
