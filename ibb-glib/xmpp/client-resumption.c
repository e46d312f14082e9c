/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A client whose stream broke, on its way back to it (XEP-0198 §5): one login
 * after another until the server resumes it, says that it is gone, or time is
 * up. On the worker.
 */

#include "config.h"

#include "xmpp/client-private.h"

#include <glib/gi18n-lib.h>

#include "ibb-connection.h"

/* Milliseconds before the second attempt, doubled with each one, and at most. */
#define WAIT_MIN 500
#define WAIT_MAX 30000

#define DEFAULT_PORT 5222
#define DEFAULT_TLS_PORT 5223

static void attempt (IBBClient *self);

static void
end_attempts (IBBClient *self)
{
  ibb_client_clear_source (&self->resume_timer);
  g_clear_pointer (&self->negotiation, ibb_negotiation_unref);
  g_clear_error (&self->broken);
}

void
ibb_client_give_up_resumption (IBBClient *self, const GError *error)
{
  IBBNegotiation *negotiation = g_steal_pointer (&self->negotiation);

  end_attempts (self);
  if (negotiation != NULL)
    {
      ibb_negotiation_fail (negotiation, error); /* which we hear no more: it is not ours */
      ibb_negotiation_unref (negotiation);
    }
  ibb_client_went_offline (self, error);
}

/* What the user is told is why the connection broke, and why it stays so. */
static void
fail (IBBClient *self, const GError *error)
{
  g_autoptr (GError) lost =
      g_error_new (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, _ ("%s; it could not be resumed: %s"),
                   self->broken->message, error->message);

  ibb_client_give_up_resumption (self, lost);
}

static gboolean
attempt_cb (gpointer user_data)
{
  g_autoptr (IBBClient) self = g_weak_ref_get (user_data);

  if (self != NULL && self->resume_timer != NULL)
    {
      ibb_client_clear_source (&self->resume_timer);
      attempt (self);
    }
  return G_SOURCE_REMOVE;
}

/* After a server's restart all its clients come back, but not all at once. */
static guint
get_wait (IBBClient *self)
{
  guint wait = WAIT_MIN;

  for (guint i = 1; i < self->n_attempts && wait < WAIT_MAX; i++)
    wait *= 2;
  wait = MIN (wait, WAIT_MAX);
  return wait / 2 + (guint) g_random_int_range (0, (int) wait / 2 + 1);
}

static void
wait_for_attempt (IBBClient *self, guint milliseconds)
{
  self->resume_timer =
      ibb_client_attach (ibb_thread_get_context (self->thread), g_timeout_source_new (milliseconds),
                         attempt_cb, ibb_client_weak_ref_new (self), ibb_client_weak_ref_free);
}

static void
failed (IBBClient *self, IBBNegotiation *negotiation, const GError *error)
{
  guint  wait = get_wait (self);
  gint64 left = self->resume_until - g_get_monotonic_time ();

  g_debug ("Attempt %u to resume the connection of %s: %s", self->n_attempts, self->jid,
           error->message);
  if (ibb_negotiation_was_refused (negotiation) || left <= 0)
    {
      fail (self, error);
      return;
    }
  g_clear_pointer (&self->negotiation, ibb_negotiation_unref);
  /* The last attempt is made when time is up. */
  wait_for_attempt (self, (guint) MIN ((gint64) wait, left / 1000));
}

static void
resumed (IBBClient *self, IBBLoginResult *result)
{
  end_attempts (self);
  if (ibb_client_resume_acks (self, result->stream, result->resumed_h))
    ibb_connection_resumed (IBB_CONNECTION (self));
}

static void
done_cb (IBBNegotiation *negotiation, IBBLoginResult *result, const GError *error, gpointer owner)
{
  g_autoptr (IBBClient) self = g_weak_ref_get (owner);

  if (self == NULL || self->negotiation != negotiation)
    return;
  if (result == NULL)
    failed (self, negotiation, error);
  else
    resumed (self, result);
}

/* Nobody may be there to be asked. */
static void
certificate_cb (IBBNegotiation      *negotiation,
                GTlsCertificate     *certificate,
                GTlsCertificateFlags errors,
                gpointer             owner)
{
  g_autoptr (IBBClient) self = g_weak_ref_get (owner);
  gboolean              same;

  same = self != NULL && self->accepted_certificate != NULL &&
         g_tls_certificate_is_same (certificate, self->accepted_certificate);
  ibb_negotiation_answer_certificate (negotiation, same);
}

static const IBBNegotiationHandler handler = {
  .certificate = certificate_cb,
  .done = done_cb,
};

/* Where the server wishes to be met again (XEP-0198 §5), in every other attempt:
 * it may be mistaken. */
static void
set_location (IBBClient *self, IBBAccount *account)
{
  g_autoptr (GSocketConnectable) address = NULL;
  gboolean                       direct = account->tls_mode == IBB_TLS_MODE_DIRECT;

  if (self->resume_location == NULL || self->n_attempts % 2 == 0)
    return;

  address = g_network_address_parse (self->resume_location,
                                     direct ? DEFAULT_TLS_PORT : DEFAULT_PORT, NULL);
  if (address == NULL)
    return;
  g_free (account->host);
  account->host = g_strdup (g_network_address_get_hostname (G_NETWORK_ADDRESS (address)));
  account->port = g_network_address_get_port (G_NETWORK_ADDRESS (address));
}

static void
attempt (IBBClient *self)
{
  IBBAccount account = { NULL };

  self->n_attempts++;
  ibb_client_fill_account (self, &account);
  account.resume_id = g_strdup (self->resume_id);
  account.resume_h = self->n_handled;
  set_location (self, &account);
  self->negotiation = ibb_negotiation_new (
      self->thread, &account, &handler, ibb_client_weak_ref_new (self), ibb_client_weak_ref_free);
}

gboolean
ibb_client_can_resume (IBBClient *self, IBBStream *stream)
{
  return self->resume_id != NULL && !self->logging_out && self->n_vain < IBB_CLIENT_MAX_VAIN &&
         (self->may_resume || ibb_stream_is_broken (stream));
}

void
ibb_client_suspend (IBBClient *self, const GError *error)
{
  IBBStream *stream;

  g_mutex_lock (&self->lock);
  stream = g_steal_pointer (&self->stream);
  ibb_client_clear_source (&self->ack_timer);
  self->state = IBB_CLIENT_STATE_SUSPENDED;
  ibb_client_queue_notify_locked (self, IBB_CLIENT_NOTIFY_STATE);
  g_mutex_unlock (&self->lock);

  ibb_stream_unref (stream);
  ibb_client_clear_source (&self->keepalive);
  ibb_client_forget_request (self);
  self->may_resume = FALSE;
  self->broken = g_error_copy (error);
  self->n_attempts = 0;
  self->resume_until = g_get_monotonic_time () + self->resume_time * G_USEC_PER_SEC;
  ibb_connection_suspended (IBB_CONNECTION (self));
  attempt (self);
}
