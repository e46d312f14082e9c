/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/relogin.h"

#include "core/jid.h"
#include "ibb-error.h"
#include "ibb-intl-private.h"
#include "xmpp/alarm.h"
#include "xmpp/network-watch.h"

struct _IBBRelogin
{
  IBBThread               *thread;
  IBBAccount              *account;
  char                    *resource;             /* (nullable) */
  GTlsCertificate         *accepted_certificate; /* (owned) (nullable) */
  IBBBackoff              *backoff;
  const IBBReloginHandler *handler;
  gpointer                 owner;

  IBBNetworkWatch *watch;       /* (owned) */
  IBBAlarm        *alarm;       /* (owned) (nullable): until the next attempt */
  IBBNegotiation  *negotiation; /* (owned) (nullable): of this attempt */
};

gboolean
ibb_relogin_is_in_vain (const GError *error)
{
  if (error->domain == G_TLS_ERROR)
    return error->code == G_TLS_ERROR_BAD_CERTIFICATE || error->code == G_TLS_ERROR_UNAVAILABLE ||
           error->code == G_TLS_ERROR_CERTIFICATE_REQUIRED;
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

/* Attempts. */

/* Defined below: what fails is tried again. */
static void wait_for_next (IBBRelogin *self);

static void
attempt_failed (IBBRelogin *self, const GError *error)
{
  g_autoptr (GError) last = NULL;

  g_debug ("Attempt to log in again as %s: %s", ibb_account_get_jid (self->account),
           error->message);
  if (!ibb_relogin_is_in_vain (error))
    {
      wait_for_next (self);
      return;
    }

  last = g_error_new (error->domain, error->code, _ ("Cannot log in again: %s"), error->message);
  self->handler->failed (self, last, self->owner);
}

static void
done_cb (IBBNegotiation       *negotiation,
         IBBNegotiationResult *result,
         const GError         *error,
         gpointer              owner)
{
  IBBRelogin *self = owner;

  g_clear_pointer (&self->negotiation, ibb_negotiation_unref);
  if (result != NULL)
    self->handler->done (self, result, self->owner);
  else
    attempt_failed (self, error);
}

/* The application is not asked about a certificate: it may not be there to answer. Its next own
 * login asks it. */
static const IBBNegotiationHandler negotiation_handler = {
  .done = done_cb,
};

/* Peers know the address with this resource. */
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
start_attempt (IBBRelogin *self)
{
  const IBBResumption none = { .accepted_certificate = self->accepted_certificate };
  IBBAccountSettings  settings;

  g_clear_pointer (&self->alarm, ibb_alarm_free);
  ibb_account_get (self->account, &settings);
  add_resource (&settings, self->resource);
  self->negotiation =
      ibb_negotiation_new (self->thread, &settings, &none, &negotiation_handler, self);
}

/* Pauses. */

static void
alarm_cb (gboolean has_slept, gpointer owner)
{
  IBBRelogin *self = owner;

  /* The network may need a moment after the wake-up. */
  if (has_slept)
    ibb_backoff_reset (self->backoff);
  start_attempt (self);
}

static void
wait_for_next (IBBRelogin *self)
{
  self->alarm = ibb_alarm_new (ibb_thread_get_context (self->thread),
                               ibb_backoff_next (self->backoff), alarm_cb, self);
}

/* An attempt that is under way goes on; if it fails, the next one follows soon. */
static void
network_cb (gpointer owner)
{
  IBBRelogin *self = owner;

  if (ibb_backoff_hurry (self->backoff, ibb_alarm_get_time ()) && self->alarm != NULL)
    start_attempt (self);
}

IBBRelogin *
ibb_relogin_new (IBBThread               *thread,
                 IBBAccount              *account,
                 const char              *resource,
                 GTlsCertificate         *accepted_certificate,
                 IBBBackoff              *backoff,
                 const IBBReloginHandler *handler,
                 gpointer                 owner)
{
  IBBRelogin *self = g_new0 (IBBRelogin, 1);

  self->thread = thread;
  self->account = account;
  self->resource = g_strdup (resource);
  g_set_object (&self->accepted_certificate, accepted_certificate);
  self->backoff = backoff;
  self->handler = handler;
  self->owner = owner;
  self->watch = ibb_network_watch_new (thread, network_cb, self);
  wait_for_next (self);

  return self;
}

void
ibb_relogin_free (IBBRelogin *self)
{
  g_clear_pointer (&self->negotiation, ibb_negotiation_give_up);
  ibb_network_watch_free (self->watch);
  g_clear_pointer (&self->alarm, ibb_alarm_free);
  g_clear_object (&self->accepted_certificate);
  g_free (self->resource);
  g_free (self);
}
