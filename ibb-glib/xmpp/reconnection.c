/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/reconnection.h"

#include "ibb-error.h"
#include "ibb-intl-private.h"
#include "xmpp/attempts.h"

#define DEFAULT_PORT 5222
#define DEFAULT_TLS_PORT 5223

struct _IBBReconnection
{
  IBBAccount                   *account;
  IBBStatus                    *status;
  IBBResumption                 resumption;
  gint64                        until;
  GError                       *cause; /* (owned) */
  const IBBReconnectionHandler *handler;
  gpointer                      owner;

  IBBAttempts *attempts;      /* (owned) */
  gboolean     uses_location; /* in this attempt */
  gint64       started_at;    /* this attempt */
};

/* The error says why the connection broke, and why it was not resumed. */
static void
fail (IBBReconnection *self, const GError *error)
{
  g_autoptr (GError) lost = g_error_new (
      G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED,
      /* Translators: the first %s says why the connection broke, the second why it stays so */
      _ ("%s; it could not be resumed: %s"), self->cause->message, error->message);

  self->handler->failed (self, lost, g_error_matches (error, IBB_ERROR, IBB_ERROR_AUTHENTICATION),
                         self->owner);
}

/* An untrusted certificate does not end the attempts: it may be that of a captive portal, which
 * disappears after some minutes. */
static void
attempt_failed (IBBReconnection *self, gboolean was_refused, const GError *error)
{
  gint64 now = g_get_monotonic_time ();

  g_debug ("Attempt to resume the connection of %s: %s", ibb_account_get_jid (self->account),
           error->message);
  if (was_refused || self->until <= now)
    {
      fail (self, error);
      return;
    }
  ibb_status_note_attempt (self->status, error);
  ibb_attempts_wait (self->attempts, now, self->until);
}

static void
done_cb (IBBNegotiationResult *result, gboolean was_refused, const GError *error, gpointer owner)
{
  IBBReconnection *self = owner;

  if (result != NULL)
    self->handler->resumed (self, result, self->owner);
  else
    attempt_failed (self, was_refused, error);
}

/* Every other attempt goes to the address that the server has named for it (XEP-0198 §5). The
 * server may be mistaken. */
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
start_cb (gpointer owner)
{
  IBBReconnection   *self = owner;
  IBBAccountSettings settings;

  self->started_at = g_get_monotonic_time ();
  if (!ibb_account_get_for_login (self->account, &settings))
    return;
  set_location (self, &settings);
  ibb_attempts_negotiate (self->attempts, &settings, &self->resumption);
}

static const IBBAttemptsHandler attempts_handler = {
  .start = start_cb,
  .done = done_cb,
};

/* The server's time begins when the server notices that the connection broke, which may be later
 * than here. The client does not give up before the server does. */
static gint64
get_end (guint seconds)
{
  gint64 granted = (gint64) seconds * G_USEC_PER_SEC;

  return g_get_monotonic_time () + granted + granted / 5;
}

IBBReconnection *
ibb_reconnection_new (IBBThread                    *thread,
                      IBBAccount                   *account,
                      IBBStatus                    *status,
                      const IBBResumption          *resumption,
                      const GError                 *cause,
                      IBBBackoff                   *backoff,
                      gint64                        since,
                      const IBBReconnectionHandler *handler,
                      gpointer                      owner)
{
  IBBReconnection *self = g_new0 (IBBReconnection, 1);

  self->account = account;
  self->status = status;
  ibb_resumption_copy (resumption, &self->resumption);
  self->until = get_end (resumption->seconds);
  self->cause = g_error_copy (cause);
  self->handler = handler;
  self->owner = owner;
  self->attempts = ibb_attempts_new (thread, backoff, &attempts_handler, self);
  /* Makes the last attempt when the time is over. */
  if (since > 0)
    ibb_attempts_wait (self->attempts, since, self->until);
  else
    start_cb (self);

  return self;
}

gint64
ibb_reconnection_get_duration (IBBReconnection *self)
{
  return g_get_monotonic_time () - self->started_at;
}

void
ibb_reconnection_free (IBBReconnection *self)
{
  ibb_attempts_free (self->attempts);
  ibb_resumption_clear (&self->resumption);
  g_error_free (self->cause);
  g_free (self);
}
