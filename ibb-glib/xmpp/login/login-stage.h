/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The steps of a login: how long each may take, and what is said when it has taken longer. */

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

/* In milliseconds. */
guint ibb_login_stage_get_timeout (IBBLoginStage stage);
/* The error for a step of the server that has not ended after so many milliseconds:
 * G_IO_ERROR_TIMED_OUT. */
GError *ibb_login_stage_new_error (IBBLoginStage stage, const char *domain, guint milliseconds);
/* That for a connection that has ended in this step, for that cause. */
GError *
ibb_login_stage_new_closed_error (IBBLoginStage stage, const char *domain, const GError *cause);
