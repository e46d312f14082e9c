/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/relogin.h"

#include "core/base/jid.h"
#include "ibb-error.h"
#include "ibb-intl-private.h"
#include "xmpp/attempts.h"

struct _IBBRelogin
{
  IBBAccount              *account;
  IBBStatus               *status;
  char                    *resource;             /* (nullable) */
  GTlsCertificate         *accepted_certificate; /* (owned) (nullable) */
  IBBBackoff              *backoff;
  IBBAttempts             *attempts; /* (owned) */
  const IBBReloginHandler *handler;
  gpointer                 owner;
};

/* G_TLS_ERROR_CERTIFICATE_REQUIRED is not among these errors: GIO gives it for each connection that
 * ends during the handshake once the server has asked for a certificate, and this client was online
 * with the certificate that it has, or with none. */
gboolean
ibb_relogin_is_in_vain (const GError *error)
{
  if (error->domain == G_TLS_ERROR)
    return error->code == G_TLS_ERROR_UNAVAILABLE;
  if (error->domain != IBB_ERROR)
    return FALSE;

  switch (error->code)
    {
    case IBB_ERROR_AUTHENTICATION:
    case IBB_ERROR_CONFLICT:
    case IBB_ERROR_FORBIDDEN:
    case IBB_ERROR_ITEM_NOT_FOUND: /* the server does not serve the domain */
    case IBB_ERROR_JID_MALFORMED:
    case IBB_ERROR_NOT_ALLOWED:
    case IBB_ERROR_NOT_AUTHORIZED:
    case IBB_ERROR_POLICY_VIOLATION:
      return TRUE;
    default:
      return FALSE;
    }
}

static void
wait_for_next (IBBRelogin *self)
{
  ibb_attempts_wait (self->attempts, g_get_monotonic_time (), G_MAXINT64);
}

/* A server may believe that the lost connection of a component is still there. Then it refuses the
 * new one, and does not end the old one. */
static gboolean
is_predecessor (IBBRelogin *self, const GError *error)
{
  return ibb_account_is_component (self->account) &&
         g_error_matches (error, IBB_ERROR, IBB_ERROR_CONFLICT);
}

static void
attempt_failed (IBBRelogin *self, const GError *error)
{
  g_autoptr (GError) last = NULL;

  g_debug ("Attempt to log in again as %s: %s", ibb_account_get_jid (self->account),
           error->message);
  if (!ibb_relogin_is_in_vain (error) || is_predecessor (self, error))
    {
      /* The certificate may be that of a captive portal, as in reconnection.c, or stay until the
       * operator of the server does something. */
      if (g_error_matches (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE))
        ibb_backoff_exhaust (self->backoff);
      ibb_status_note_attempt (self->status, error);
      wait_for_next (self);
      return;
    }

  last = g_error_new (error->domain, error->code, _ ("Cannot log in again: %s"), error->message);
  self->handler->failed (self, last, self->owner);
}

static void
done_cb (IBBNegotiationResult *result, gboolean was_refused, const GError *error, gpointer owner)
{
  IBBRelogin *self = owner;

  if (result != NULL)
    self->handler->done (self, result, self->owner);
  else
    attempt_failed (self, error);
}

/* Peers know the address with this resource, so the new login asks for it. */
static void
add_resource (IBBAccountSettings *settings, const char *resource)
{
  g_autofree char *jid = NULL;

  if (resource == NULL || ibb_jid_get_resource (settings->jid) != NULL)
    return;
  jid = g_steal_pointer (&settings->jid);
  settings->jid = g_strconcat (jid, "/", resource, NULL);
}

static void
start_cb (gpointer owner)
{
  IBBRelogin         *self = owner;
  const IBBResumption none = { .accepted_certificate = self->accepted_certificate };
  IBBAccountSettings  settings;

  if (!ibb_account_get_for_login (self->account, &settings))
    return;
  add_resource (&settings, self->resource);
  ibb_attempts_negotiate (self->attempts, &settings, &none);
}

static const IBBAttemptsHandler attempts_handler = {
  .start = start_cb,
  .done = done_cb,
};

IBBRelogin *
ibb_relogin_new (IBBThread               *thread,
                 IBBAccount              *account,
                 IBBStatus               *status,
                 const char              *resource,
                 GTlsCertificate         *accepted_certificate,
                 IBBBackoff              *backoff,
                 gboolean                 at_once,
                 const IBBReloginHandler *handler,
                 gpointer                 owner)
{
  IBBRelogin *self = g_new0 (IBBRelogin, 1);

  self->account = account;
  self->status = status;
  self->resource = g_strdup (resource);
  g_set_object (&self->accepted_certificate, accepted_certificate);
  self->handler = handler;
  self->owner = owner;
  self->backoff = backoff;
  self->attempts = ibb_attempts_new (thread, backoff, &attempts_handler, self);
  if (at_once)
    start_cb (self);
  else
    wait_for_next (self);

  return self;
}

void
ibb_relogin_free (IBBRelogin *self)
{
  ibb_attempts_free (self->attempts);
  g_clear_object (&self->accepted_certificate);
  g_free (self->resource);
  g_free (self);
}
