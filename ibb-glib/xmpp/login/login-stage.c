/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/login/login-stage.h"

#include <gio/gio.h>

#include "ibb-intl-private.h"

/* Milliseconds. DNS may have to ask a second server, three times, and each address may stay silent.
 * A server that takes longer than ANSWER_TIMEOUT would count as dead once the client is online,
 * too: see keepalive.h. */
#define CONNECT_TIMEOUT 20000
#define ANSWER_TIMEOUT 15000
/* A person reads a dialogue, and finds somebody to ask. */
#define QUESTION_TIMEOUT 300000

guint
ibb_login_stage_get_timeout (IBBLoginStage stage)
{
  if (stage == IBB_LOGIN_STAGE_CONNECT)
    return CONNECT_TIMEOUT;

  return stage == IBB_LOGIN_STAGE_CERTIFICATE || stage == IBB_LOGIN_STAGE_PASSWORD
             ? QUESTION_TIMEOUT
             : ANSWER_TIMEOUT;
}

#define NEW_ERROR(format)                                                                          \
  g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, format, domain, MAX (milliseconds / 1000, 1))

GError *
ibb_login_stage_new_error (IBBLoginStage stage, const char *domain, guint milliseconds)
{
  switch (stage)
    {
    case IBB_LOGIN_STAGE_PASSWORD:
      return NEW_ERROR (_ ("The password for “%s” was not given within %u s"));
    case IBB_LOGIN_STAGE_CONNECT:
      return NEW_ERROR (_ ("The server of “%s” cannot be reached within %u s"));
    case IBB_LOGIN_STAGE_FEATURES:
      return NEW_ERROR (_ ("The server of “%s” did not answer the opening of the XML stream within "
                           "%u s: the port may be for direct TLS"));
    case IBB_LOGIN_STAGE_PROCEED:
      return NEW_ERROR (_ ("The server of “%s” did not answer the request for TLS within %u s"));
    case IBB_LOGIN_STAGE_HANDSHAKE:
      return NEW_ERROR (_ ("The server of “%s” did not answer the TLS handshake within %u s"));
    case IBB_LOGIN_STAGE_SASL:
      return NEW_ERROR (_ ("The server of “%s” did not answer the authentication within %u s"));
    case IBB_LOGIN_STAGE_BIND:
      return NEW_ERROR (
          _ ("The server of “%s” did not answer the binding of a resource within %u s"));
    case IBB_LOGIN_STAGE_RESUME:
      return NEW_ERROR (
          _ ("The server of “%s” did not answer the resumption of the connection within %u s"));
    case IBB_LOGIN_STAGE_ADMISSION:
      return NEW_ERROR (
          _ ("The server of “%s” did not answer the login of the component within %u s"));
    default:
      return NEW_ERROR (
          _ ("The server of “%s” did not answer the opening of the XML stream within %u s"));
    }
}

GError *
ibb_login_stage_new_closed_error (IBBLoginStage stage, const char *domain, const GError *cause)
{
  if (stage == IBB_LOGIN_STAGE_FEATURES)
    return g_error_new (
        cause->domain, cause->code,
        /* Translators: a domain, and a reason */
        _ ("The server of “%s” broke off the connection (%s): the port may be for direct TLS"),
        domain, cause->message);
  return g_error_new (cause->domain, cause->code, _ ("The login to “%s” broke off: %s"), domain,
                      cause->message);
}
