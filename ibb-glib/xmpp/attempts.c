/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/attempts.h"

#include "xmpp/base/alarm.h"
#include "xmpp/base/network-watch.h"

struct _IBBAttempts
{
  IBBThread                *thread;
  IBBBackoff               *backoff;
  const IBBAttemptsHandler *handler;
  gpointer                  owner;

  IBBNetworkWatch *watch;       /* (owned) */
  IBBAlarm        *alarm;       /* (owned) (nullable): during a pause */
  IBBNegotiation  *negotiation; /* (owned) (nullable): during an attempt */
};

static void
start (IBBAttempts *self)
{
  g_clear_pointer (&self->alarm, ibb_alarm_free);
  g_clear_pointer (&self->negotiation, ibb_negotiation_give_up);
  self->handler->start (self->owner);
}

static void
alarm_cb (gboolean has_slept, gpointer owner)
{
  IBBAttempts *self = owner;

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
  IBBAttempts *self = owner;

  if (ibb_backoff_hurry (self->backoff, ibb_alarm_get_time ()))
    start (self);
}

void
ibb_attempts_wait (IBBAttempts *self, gint64 since, gint64 until)
{
  gint64 due = since + (gint64) ibb_backoff_next (self->backoff) * 1000;
  gint64 wait = MIN (due, until) - g_get_monotonic_time ();

  g_assert (self->alarm == NULL && self->negotiation == NULL);
  self->alarm = ibb_alarm_new (ibb_thread_get_context (self->thread),
                               (guint) (MAX (wait, 0) / 1000), alarm_cb, self);
}

static void
done_cb (IBBNegotiation       *negotiation,
         IBBNegotiationResult *result,
         const GError         *error,
         gpointer              owner)
{
  IBBAttempts *self = owner;

  g_clear_pointer (&self->negotiation, ibb_negotiation_unref);
  self->handler->done (result, ibb_negotiation_was_refused (negotiation), error, self->owner);
}

/* Nobody is asked about a certificate: the application may not be there to answer. The certificate
 * that was accepted at the login is known. */
static const IBBNegotiationHandler negotiation_handler = {
  .done = done_cb,
};

void
ibb_attempts_negotiate (IBBAttempts         *self,
                        IBBAccountSettings  *settings,
                        const IBBResumption *resumption)
{
  g_assert (self->alarm == NULL && self->negotiation == NULL);
  self->negotiation =
      ibb_negotiation_new (self->thread, settings, resumption, &negotiation_handler, self);
}

IBBAttempts *
ibb_attempts_new (IBBThread                *thread,
                  IBBBackoff               *backoff,
                  const IBBAttemptsHandler *handler,
                  gpointer                  owner)
{
  IBBAttempts *self = g_new0 (IBBAttempts, 1);

  self->thread = thread;
  self->backoff = backoff;
  self->handler = handler;
  self->owner = owner;
  self->watch = ibb_network_watch_new (thread, network_cb, self);

  return self;
}

void
ibb_attempts_free (IBBAttempts *self)
{
  g_clear_pointer (&self->negotiation, ibb_negotiation_give_up);
  ibb_network_watch_free (self->watch);
  g_clear_pointer (&self->alarm, ibb_alarm_free);
  g_free (self);
}
