/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The steps of a login: how long each of them and the whole login may take, and the errors for
 * those that take longer. On the worker. */

#pragma once

#include <glib.h>

typedef enum
{
  IBB_LOGIN_STAGE_PASSWORD, /* the application's part */
  IBB_LOGIN_STAGE_CONNECT,
  IBB_LOGIN_STAGE_FEATURES, /* before TLS */
  IBB_LOGIN_STAGE_PROCEED,
  IBB_LOGIN_STAGE_HANDSHAKE,
  IBB_LOGIN_STAGE_CERTIFICATE,     /* the application's part */
  IBB_LOGIN_STAGE_SECURE_FEATURES, /* nothing more to encrypt */
  IBB_LOGIN_STAGE_SASL,
  IBB_LOGIN_STAGE_LAST_FEATURES,
  IBB_LOGIN_STAGE_BIND,
  IBB_LOGIN_STAGE_RESUME,    /* instead of a binding */
  IBB_LOGIN_STAGE_ADMISSION, /* of a component, instead of all but the connection */
  IBB_LOGIN_STAGE_DONE,
} IBBLoginStage;

typedef struct
{
  IBBLoginStage stage;
  gboolean speaks_xmpp;   /* the server did before TLS, now or earlier: its port is the right one */
  GMainContext *context;  /* (unowned) */
  GSourceFunc   late;     /* called with owner when the time of the stage is over */
  gpointer      owner;    /* calls ibb_login_clock_stop () before it is freed */
  gint64        deadline; /* of the whole login, in µs of the monotonic clock */
  guint         timeout;  /* of the stage, in milliseconds */
  GSource      *timer;    /* (owned) (nullable): for timeout */
} IBBLoginClock;

/* Gives the whole login its time once more. */
void ibb_login_clock_start (IBBLoginClock *self);
/* Begins a stage. The stage gets its own time, or the rest of the whole time if that is less. */
void ibb_login_clock_enter (IBBLoginClock *self, IBBLoginStage stage);
/* Ends the login. */
void ibb_login_clock_stop (IBBLoginClock *self);
/* The error for a step of the server of domain that has not ended in time: G_IO_ERROR_TIMED_OUT. */
GError *ibb_login_clock_new_late_error (const IBBLoginClock *self, const char *domain);
/* The error for a connection that cause has ended in this step. */
GError *ibb_login_clock_new_closed_error (const IBBLoginClock *self,
                                          const char          *domain,
                                          const GError        *cause);
