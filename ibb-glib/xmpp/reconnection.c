/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/reconnection.h"

#include "base/intl.h"
#include "core/base/jid.h"
#include "ibb-error.h"
#include "xmpp/base/alarm.h"
#include "xmpp/base/network-watch.h"
#include "xmpp/refusal.h"

struct _IBBReconnection
{
  IBBThread                    *thread;
  IBBAccount                   *account;
  IBBStatus                    *status;
  IBBBackoff                   *backoff;
  const IBBReconnectionHandler *handler;
  gpointer                      owner;

  IBBResumption resumption;
  GError       *cause; /* (owned) (nullable): NULL for a new login */
  gint64        until;
  char         *resource; /* (nullable): for a new login */

  gboolean         uses_location; /* in this attempt */
  gint64           started_at;    /* this attempt */
  IBBNetworkWatch *watch;         /* (owned) */
  IBBAlarm        *alarm;         /* (owned) (nullable): during a pause */
  IBBNegotiation  *negotiation;   /* (owned) (nullable): during an attempt */
};

/* Errors. */

/* G_TLS_ERROR_CERTIFICATE_REQUIRED is not among these errors: GIO gives it for each connection that
 * ends during the handshake once the server has asked for a certificate, and this client was online
 * with the certificate that it has, or with none. */
gboolean
ibb_reconnection_is_in_vain (const GError *error)
{
  return g_error_matches (error, G_TLS_ERROR, G_TLS_ERROR_UNAVAILABLE) ||
         g_error_matches (error, IBB_ERROR, IBB_ERROR_POLICY_VIOLATION) ||
         ibb_refusal_is_lasting (error);
}

/* A server may believe that the lost connection of a component is still there. Then it refuses the
 * new one, and does not end the old one. */
static gboolean
is_predecessor (IBBReconnection *self, const GError *error)
{
  return ibb_account_is_component (self->account) &&
         g_error_matches (error, IBB_ERROR, IBB_ERROR_CONFLICT);
}

static gboolean
is_final (IBBReconnection *self, gboolean is_refused, const GError *error)
{
  if (self->cause != NULL)
    return is_refused || self->until <= g_get_monotonic_time ();
  return ibb_reconnection_is_in_vain (error) && !is_predecessor (self, error);
}

static void
fail (IBBReconnection *self, const GError *error)
{
  g_autoptr (GError) last = NULL;

  if (self->cause != NULL)
    last = g_error_new (
        G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED,
        /* Translators: the first %s says why the connection broke, the second why it stays so */
        _ ("%s; it could not be resumed: %s"), self->cause->message, error->message);
  else
    last = g_error_new (error->domain, error->code, _ ("Cannot log in again: %s"), error->message);
  self->handler->failed (self, last, g_error_matches (error, IBB_ERROR, IBB_ERROR_AUTHENTICATION),
                         self->owner);
}

/* Attempts. */

static void start (IBBReconnection *self);

static void
alarm_cb (gboolean has_slept, gpointer owner)
{
  IBBReconnection *self = owner;

  /* After a wake-up the network may need a moment, so the waits begin at the shortest. */
  if (has_slept)
    ibb_backoff_reset (self->backoff);
  start (self);
}

/* An attempt that is under way begins again: over the former network it may meet nothing but
 * silence, and end after many seconds. */
static void
network_cb (gpointer owner)
{
  IBBReconnection *self = owner;

  if (ibb_backoff_hurry (self->backoff, ibb_alarm_get_time ()))
    start (self);
}

/* The last attempt is made when the time is over. */
static void
wait_since (IBBReconnection *self, gint64 since)
{
  gint64 due = since + (gint64) ibb_backoff_next (self->backoff) * 1000;
  gint64 wait = MIN (due, self->until) - g_get_monotonic_time ();

  g_assert (self->alarm == NULL && self->negotiation == NULL);
  self->alarm = ibb_alarm_new (ibb_thread_get_context (self->thread),
                               (guint) (MAX (wait, 0) / 1000), alarm_cb, self);
}

static void
done_cb (IBBNegotiationResult *result, const GError *error, gboolean is_refused, gpointer owner)
{
  IBBReconnection *self = owner;

  g_clear_pointer (&self->negotiation, ibb_negotiation_unref);
  if (result != NULL)
    {
      self->handler->done (self, result, self->owner);
      return;
    }

  g_debug ("Attempt to return as %s: %s", ibb_account_get_jid (self->account), error->message);
  if (is_final (self, is_refused, error))
    {
      fail (self, error);
      return;
    }

  /* An untrusted certificate does not end the attempts. It may be that of a captive portal, which
   * disappears after some minutes, or stay until the operator of the server does something. */
  if (self->cause == NULL && g_error_matches (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE))
    ibb_backoff_exhaust (self->backoff);
  ibb_status_note_attempt (self->status, error);
  wait_since (self, g_get_monotonic_time ());
}

/* Attempts ask no question about a certificate: nobody may be there to answer. The certificate that
 * was accepted at the login is known. */
static const IBBNegotiationHandler negotiation_handler = {
  .done = done_cb,
};

/* Every other attempt goes to the address that the server has named for it (XEP-0198 §5). The
 * server may be mistaken. */
static void
set_location (IBBReconnection *self, IBBAccountSettings *settings)
{
  self->uses_location = !self->uses_location;
  if (self->resumption.location != NULL && self->uses_location)
    ibb_account_settings_set_place (settings, self->resumption.location);
}

/* Peers know the address with this resource, so the new login asks for it. */
static void
add_resource (IBBReconnection *self, IBBAccountSettings *settings)
{
  g_autofree char *jid = NULL;

  if (self->resource == NULL || ibb_jid_get_resource (settings->jid) != NULL)
    return;
  jid = g_steal_pointer (&settings->jid);
  settings->jid = g_strconcat (jid, "/", self->resource, NULL);
}

static void
start (IBBReconnection *self)
{
  IBBAccountSettings settings;

  g_clear_pointer (&self->alarm, ibb_alarm_free);
  g_clear_pointer (&self->negotiation, ibb_negotiation_give_up);
  self->started_at = g_get_monotonic_time ();
  if (!ibb_account_get_for_login (self->account, &settings))
    return;

  set_location (self, &settings);
  add_resource (self, &settings);
  self->negotiation =
      ibb_negotiation_new (self->thread, &settings, &self->resumption, &negotiation_handler, self);
}

IBBReconnection *
ibb_reconnection_new (IBBThread                    *thread,
                      IBBAccount                   *account,
                      IBBStatus                    *status,
                      IBBBackoff                   *backoff,
                      const IBBReconnectionHandler *handler,
                      gpointer                      owner)
{
  IBBReconnection *self = g_new0 (IBBReconnection, 1);

  self->thread = thread;
  self->account = account;
  self->status = status;
  self->backoff = backoff;
  self->handler = handler;
  self->owner = owner;
  self->until = G_MAXINT64;
  self->watch = ibb_network_watch_new (thread, network_cb, self);
  return self;
}

/* The server's time begins when the server notices that the connection broke, which may be later
 * than here. The client does not give up before the server does. */
static gint64
get_end (guint seconds)
{
  gint64 granted = (gint64) seconds * G_USEC_PER_SEC;

  return g_get_monotonic_time () + granted + granted / 5;
}

void
ibb_reconnection_resume (IBBReconnection     *self,
                         const IBBResumption *resumption,
                         const GError        *cause,
                         gint64               since)
{
  ibb_resumption_copy (resumption, &self->resumption);
  self->until = get_end (resumption->seconds);
  self->cause = g_error_copy (cause);
  if (since > 0)
    wait_since (self, since);
  else
    start (self);
}

void
ibb_reconnection_log_in (IBBReconnection *self,
                         const char      *resource,
                         GTlsCertificate *accepted_certificate,
                         gboolean         at_once)
{
  self->resource = g_strdup (resource);
  g_set_object (&self->resumption.accepted_certificate, accepted_certificate);
  if (at_once)
    start (self);
  else
    wait_since (self, g_get_monotonic_time ());
}

gint64
ibb_reconnection_get_duration (IBBReconnection *self)
{
  return g_get_monotonic_time () - self->started_at;
}

void
ibb_reconnection_free (IBBReconnection *self)
{
  g_clear_pointer (&self->negotiation, ibb_negotiation_give_up);
  ibb_network_watch_free (self->watch);
  g_clear_pointer (&self->alarm, ibb_alarm_free);
  ibb_resumption_clear (&self->resumption);
  g_clear_error (&self->cause);
  g_free (self->resource);
  g_free (self);
}
