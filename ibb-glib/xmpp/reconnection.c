/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/reconnection.h"

#include "ibb-intl-private.h"
#include "xmpp/alarm.h"
#include "xmpp/network-watch.h"

#define DEFAULT_PORT 5222
#define DEFAULT_TLS_PORT 5223

struct _IBBReconnection
{
  IBBThread                    *thread;
  IBBAccount                   *account;
  IBBResumption                 resumption;
  gint64                        until;
  GError                       *cause; /* (owned) */
  const IBBReconnectionHandler *handler;
  gpointer                      owner;

  IBBBackoff      *backoff;
  gboolean         uses_location; /* in this attempt */
  IBBNegotiation  *negotiation;   /* (owned) (nullable): of this attempt */
  IBBAlarm        *alarm;         /* (owned) (nullable): until the next attempt */
  IBBNetworkWatch *watch;         /* (owned) */
};

static void start_attempt (IBBReconnection *self);

/* What the user is told is why the connection broke, and why it stays so. */
static void
fail (IBBReconnection *self, const GError *error)
{
  g_autoptr (GError) lost =
      g_error_new (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, _ ("%s; it could not be resumed: %s"),
                   self->cause->message, error->message);

  self->handler->failed (self, lost, self->owner);
}

static void
alarm_cb (gboolean has_slept, gpointer owner)
{
  IBBReconnection *self = owner;

  /* The network may need a moment after the wake-up. */
  if (has_slept)
    ibb_backoff_reset (self->backoff);
  start_attempt (self);
}

/* An attempt that is under way goes on; if it fails, the next one follows soon. */
static void
network_cb (gpointer owner)
{
  IBBReconnection *self = owner;

  if (ibb_backoff_hurry (self->backoff, ibb_alarm_get_time ()) && self->alarm != NULL)
    start_attempt (self);
}

/* From a time on, in microseconds. The last attempt is made when time is up. */
static void
wait_for_attempt (IBBReconnection *self, gint64 since)
{
  gint64 due = since + (gint64) ibb_backoff_next (self->backoff) * 1000;
  gint64 wait = MIN (due, self->until) - g_get_monotonic_time ();

  self->alarm = ibb_alarm_new (ibb_thread_get_context (self->thread),
                               (guint) (MAX (wait, 0) / 1000), alarm_cb, self);
}

static void
attempt_failed (IBBReconnection *self, gboolean was_refused, const GError *error)
{
  g_debug ("Attempt to resume the connection of %s: %s", ibb_account_get_jid (self->account),
           error->message);
  if (was_refused || self->until <= g_get_monotonic_time ())
    fail (self, error);
  else
    wait_for_attempt (self, g_get_monotonic_time ());
}

static void
done_cb (IBBNegotiation       *negotiation,
         IBBNegotiationResult *result,
         const GError         *error,
         gpointer              owner)
{
  IBBReconnection *self = owner;

  g_clear_pointer (&self->negotiation, ibb_negotiation_unref);
  if (result != NULL)
    self->handler->resumed (self, result, self->owner);
  else
    attempt_failed (self, ibb_negotiation_was_refused (negotiation), error);
}

/* The application, which may not be there to answer, is not asked about a certificate. The one
 * that was accepted at the login is known. */
static const IBBNegotiationHandler negotiation_handler = {
  .done = done_cb,
};

/* Where the server wishes to be met again (XEP-0198 §5), in every other attempt: it may be
 * mistaken. */
static void
set_location (IBBReconnection *self, IBBAccountSettings *settings)
{
  g_autoptr (GSocketConnectable) address = NULL;
  gboolean                       direct = settings->tls_mode == IBB_TLS_MODE_DIRECT;

  self->uses_location = !self->uses_location;
  if (self->resumption.location == NULL || !self->uses_location)
    return;

  address = g_network_address_parse (self->resumption.location,
                                     direct ? DEFAULT_TLS_PORT : DEFAULT_PORT, NULL);
  if (address == NULL)
    return;
  g_free (settings->host);
  settings->host = g_strdup (g_network_address_get_hostname (G_NETWORK_ADDRESS (address)));
  settings->port = g_network_address_get_port (G_NETWORK_ADDRESS (address));
}

static void
start_attempt (IBBReconnection *self)
{
  IBBAccountSettings settings;

  g_clear_pointer (&self->alarm, ibb_alarm_free);
  ibb_account_get (self->account, &settings);
  set_location (self, &settings);
  self->negotiation =
      ibb_negotiation_new (self->thread, &settings, &self->resumption, &negotiation_handler, self);
}

/* The server's time begins when it notices that the connection broke, which may be later
 * than here: the client does not give up before the server does. */
static gint64
get_end (guint seconds)
{
  gint64 granted = (gint64) seconds * G_USEC_PER_SEC;

  return g_get_monotonic_time () + granted + granted / 5;
}

IBBReconnection *
ibb_reconnection_new (IBBThread                    *thread,
                      IBBAccount                   *account,
                      const IBBResumption          *resumption,
                      const GError                 *cause,
                      IBBBackoff                   *backoff,
                      gint64                        since,
                      const IBBReconnectionHandler *handler,
                      gpointer                      owner)
{
  IBBReconnection *self = g_new0 (IBBReconnection, 1);

  self->thread = thread;
  self->account = account;
  ibb_resumption_copy (resumption, &self->resumption);
  self->until = get_end (resumption->seconds);
  self->cause = g_error_copy (cause);
  self->handler = handler;
  self->owner = owner;
  self->backoff = backoff;
  self->watch = ibb_network_watch_new (thread, network_cb, self);
  if (since > 0)
    wait_for_attempt (self, since);
  else
    start_attempt (self);

  return self;
}

void
ibb_reconnection_free (IBBReconnection *self)
{
  g_clear_pointer (&self->negotiation, ibb_negotiation_give_up);
  ibb_network_watch_free (self->watch);
  g_clear_pointer (&self->alarm, ibb_alarm_free);
  ibb_resumption_clear (&self->resumption);
  g_error_free (self->cause);
  g_free (self);
}
