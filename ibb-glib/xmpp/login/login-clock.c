/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/login/login-clock.h"

#include <gio/gio.h>

#include "base/intl.h"
#include "base/source.h"

/* Milliseconds for a login, without the answer of the user. Each step has a shorter time. */
#define LOGIN_TIMEOUT 30000
/* Milliseconds. DNS may have to ask a second server, three times, and each address may stay silent.
 * A server that takes longer than ANSWER_TIMEOUT would count as dead once the client is online,
 * too: see keepalive.h. */
#define CONNECT_TIMEOUT 20000
#define ANSWER_TIMEOUT 15000
/* A person reads a dialogue, and finds somebody to ask. */
#define QUESTION_TIMEOUT 300000

static gboolean
is_question (IBBLoginStage stage)
{
  return stage == IBB_LOGIN_STAGE_CERTIFICATE || stage == IBB_LOGIN_STAGE_PASSWORD;
}

void
ibb_login_clock_start (IBBLoginClock *self)
{
  self->deadline = g_get_monotonic_time () + LOGIN_TIMEOUT * G_TIME_SPAN_MILLISECOND;
}

void
ibb_login_clock_enter (IBBLoginClock *self, IBBLoginStage stage)
{
  gint64 left = (self->deadline - g_get_monotonic_time ()) / G_TIME_SPAN_MILLISECOND;
  guint  own = stage == IBB_LOGIN_STAGE_CONNECT ? CONNECT_TIMEOUT : ANSWER_TIMEOUT;

  self->stage = stage;
  self->timeout = is_question (stage) ? QUESTION_TIMEOUT : (guint) CLAMP (left, 0, (gint64) own);
  ibb_source_clear (&self->timer);
  self->timer = ibb_source_attach (g_timeout_source_new (self->timeout), self->context,
                                   "[ibb-glib] login timeout", self->late, self->owner, NULL);
}

void
ibb_login_clock_stop (IBBLoginClock *self)
{
  self->stage = IBB_LOGIN_STAGE_DONE;
  ibb_source_clear (&self->timer);
}

static gboolean
may_be_for_direct_tls (const IBBLoginClock *self)
{
  return self->stage == IBB_LOGIN_STAGE_FEATURES && !self->speaks_xmpp;
}

#define NEW_ERROR(format)                                                                          \
  g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, format, domain, MAX (self->timeout / 1000, 1))

GError *
ibb_login_clock_new_late_error (const IBBLoginClock *self, const char *domain)
{
  if (may_be_for_direct_tls (self))
    return NEW_ERROR (_ ("The server of “%s” did not answer the opening of the XML stream within "
                         "%u s: the port may be for direct TLS"));
  switch (self->stage)
    {
    case IBB_LOGIN_STAGE_PASSWORD:
      return NEW_ERROR (_ ("The password for “%s” was not given within %u s"));
    case IBB_LOGIN_STAGE_CONNECT:
      return NEW_ERROR (_ ("The server of “%s” cannot be reached within %u s"));
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
ibb_login_clock_new_closed_error (const IBBLoginClock *self,
                                  const char          *domain,
                                  const GError        *cause)
{
  if (may_be_for_direct_tls (self))
    return g_error_new (
        cause->domain, cause->code,
        /* Translators: a domain, and a reason */
        _ ("The server of “%s” broke off the connection (%s): the port may be for direct TLS"),
        domain, cause->message);
  return g_error_new (cause->domain, cause->code, _ ("The login to “%s” broke off: %s"), domain,
                      cause->message);
}
