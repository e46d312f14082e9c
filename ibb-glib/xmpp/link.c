/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/link.h"

#include "base/call-task.h"
#include "base/intl.h"
#include "base/source.h"
#include "core/base/jid.h"
#include "ibb-error.h"
#include "xmpp/login/admission.h"
#include "xmpp/stream/stream-error.h"
#include "xmpp/stream/stream-namespaces.h"

#define ANNOUNCEMENT_DELAY 250 /* ms, in which further changes can join */

static void
token_replaced_cb (gpointer data)
{
  ibb_status_note_token (data);
}

static IBBLink *
create (IBBConnection *client, IBBThread *thread, IBBAddresses *addresses, IBBPresences *presences)
{
  IBBLink      *self = g_new0 (IBBLink, 1);
  GMainContext *context = ibb_thread_get_context (thread);

  self->client = ibb_weak_new (client);
  self->addresses = addresses;
  self->presences = presences;
  self->thread = thread;
  self->account = ibb_account_new ();
  self->outbox = ibb_outbox_new (context);
  self->status = ibb_status_new (client, self->outbox, presences);
  ibb_account_set_token_replaced (self->account, token_replaced_cb, self->status);
  self->acknowledger = ibb_acknowledger_new (context);
  self->management = ibb_stream_management_new (self->outbox, self->acknowledger);
  self->keepalive = ibb_keepalive_new (self->thread, self->outbox);
  self->reception = (IBBReception){ self->keepalive, self->status, self->outbox, self->addresses,
                                    self->presences };
  self->logouts = ibb_logouts_new (self->thread);
  self->login_backoff =
      ibb_backoff_new (IBB_RECONNECTION_LOGIN_WAIT_MIN, IBB_RECONNECTION_LOGIN_WAIT_MAX);
  self->resumption_backoff = ibb_backoff_new (IBB_RECONNECTION_WAIT_MIN, IBB_RECONNECTION_WAIT_MAX);

  return self;
}

IBBLink *
ibb_link_new (IBBConnection         *client,
              IBBThread             *thread,
              const IBBLoginSignals *login_signals,
              guint                  resource_signal)
{
  IBBLink *self = create (client, thread, NULL, ibb_presences_new (resource_signal));

  self->login_signals = *login_signals;
  return self;
}

IBBLink *
ibb_link_new_for_component (IBBConnection *component, IBBThread *thread, const char *domain)
{
  IBBLink *self = create (component, thread, ibb_addresses_new (), NULL);

  ibb_account_set_component (self->account);
  ibb_account_set_jid (self->account, domain);
  ibb_addresses_set_domain (self->addresses, domain);
  ibb_outbox_set_from (self->outbox, domain);
  return self;
}

static void
link_free (gpointer data)
{
  IBBLink *self = data;

  g_assert (self->login == NULL && self->reconnection == NULL && self->relogin == NULL);

  g_clear_object (&self->accepted_certificate);
  ibb_source_clear (&self->announcement);
  g_free (self->resource);
  ibb_backoff_free (self->resumption_backoff);
  ibb_backoff_free (self->login_backoff);
  ibb_logouts_free (self->logouts);
  ibb_keepalive_free (self->keepalive);
  ibb_stream_management_free (self->management);
  ibb_acknowledger_free (self->acknowledger);
  ibb_status_free (self->status);
  ibb_outbox_free (self->outbox);
  g_clear_pointer (&self->addresses, ibb_addresses_free);
  g_clear_pointer (&self->presences, ibb_presences_free);
  ibb_account_free (self->account);
  g_clear_pointer (&self->stream, ibb_xml_stream_unref);
  ibb_weak_unref (self->client);
  g_free (self);
}

/* Stream management. */

/* Tells the services which messages the server has. */
static void
confirm (IBBConnection *client, GQueue *awaited)
{
  IBBStanza *stanza;

  while ((stanza = g_queue_pop_head (awaited)) != NULL)
    {
      ibb_connection_confirmed (client, stanza);
      ibb_stanza_unref (stanza);
    }
}

static void
handle_management (IBBLink *self, IBBConnection *client, IBBXmlStream *stream, IBBElement *element)
{
  GQueue                  awaited = G_QUEUE_INIT;
  IBBStreamManagementNews news =
      ibb_stream_management_handle (self->management, stream, element, &awaited);
  gboolean is_acknowledged = news == IBB_STREAM_MANAGEMENT_ACKNOWLEDGED;

  if (is_acknowledged)
    ibb_keepalive_forget_silences (self->keepalive);
  confirm (client, &awaited);
  /* A server that has refused will not tell any more. */
  if (news == IBB_STREAM_MANAGEMENT_REFUSED ||
      (is_acknowledged && ibb_outbox_take_drained (self->outbox)))
    ibb_connection_drained (client);
}

/* The end of a login, and a new one. */

/* Defined below: the end of an XML stream may lead to another one. */
static void take_stream (IBBLink *self, IBBXmlStream *stream);
static void go_online (IBBLink *self, IBBConnection *client, IBBNegotiationResult *result);

/* For good: until the application calls for a login. */
static void
set_offline (IBBLink *self, const GError *error)
{
  g_clear_object (&self->accepted_certificate);
  ibb_status_set_lost (self->status, IBB_CONNECTION_STATE_OFFLINE, error);
}

static void
relogin_done_cb (IBBReconnection *relogin, IBBNegotiationResult *result, gpointer owner)
{
  IBBLink                  *self = owner;
  g_autoptr (IBBConnection) client = ibb_weak_get (self->client);

  g_clear_pointer (&self->relogin, ibb_reconnection_free);
  if (client != NULL)
    go_online (self, client, result);
  else
    take_stream (self, result->stream); /* to be closed in good order: leave_cb () comes next */
}

/* error (nullable): the disconnect error. */
static void
give_up_return (IBBLink *self, IBBConnection *client, const GError *error)
{
  g_autoptr (GError) lost = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED,
                                                 _ ("The client does not log in again"));

  g_clear_pointer (&self->relogin, ibb_reconnection_free);
  set_offline (self, error);
  ibb_connection_set_state_with_error (client, IBB_CONNECTION_STATE_OFFLINE,
                                       error != NULL ? error : lost);
}

static void
relogin_failed_cb (IBBReconnection *relogin,
                   const GError    *error,
                   gboolean         is_in_vain,
                   gpointer         owner)
{
  IBBLink                  *self = owner;
  g_autoptr (IBBConnection) client = ibb_weak_get (self->client);

  if (client != NULL)
    give_up_return (self, client, error);
}

static const IBBReconnectionHandler relogin_handler = {
  .done = relogin_done_cb,
  .failed = relogin_failed_cb,
};

/* After a conflict the client does not return: two clients with the same resource would disconnect
 * each other without end. But a conflict right after a resumption is with the former connection of
 * this client, which ejabberd may keep if it was at another node. */
static gboolean
may_return (IBBLink *self, const GError *error)
{
  return g_atomic_int_get (&self->auto_reconnect) && !self->is_logging_out &&
         (self->resumed_at != 0 || !g_error_matches (error, IBB_ERROR, IBB_ERROR_CONFLICT));
}

static gboolean
is_violation (const GError *error)
{
  return g_error_matches (error, IBB_ERROR, IBB_ERROR_POLICY_VIOLATION);
}

/* A server that does not hear a resumed XML stream may soon take all of it for one stanza that is
 * too long. A new login is all that it needs. */
static gboolean
is_unheard (IBBLink *self, const GError *error)
{
  return ibb_keepalive_is_in_vain (self->keepalive) ||
         (is_violation (error) &&
          (ibb_keepalive_is_unanswered (self->keepalive) || self->resumed_at != 0));
}

static void
start_return (IBBLink *self, IBBConnection *client, const GError *error)
{
  gboolean           at_once = is_unheard (self, error);
  g_autoptr (GError) lost =
      at_once ? g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, error->message)
              : g_error_copy (error);
  gboolean is_shorter;

  ibb_status_set_lost (self->status, IBB_CONNECTION_STATE_CONNECTING, error);
  is_shorter = ibb_connection_set_state_with_error (client, IBB_CONNECTION_STATE_CONNECTING, lost);

  /* A rule of the server was broken, and may be again, so the server is not asked again soon. */
  if (is_violation (lost) && !is_shorter)
    ibb_backoff_exhaust (self->login_backoff);
  self->relogin = ibb_reconnection_new (self->thread, self->account, self->status,
                                        self->login_backoff, &relogin_handler, self);
  ibb_reconnection_log_in (self->relogin, self->resource, self->accepted_certificate, at_once);
}

typedef enum
{
  END_LOST,
  END_REFUSED, /* a new login would fail as well */
  END_WANTED,  /* by the application, which gets no disconnect error */
} End;

static void
go_offline (IBBLink *self, IBBConnection *client, const GError *error, End end)
{
  gboolean was_logging_out = self->is_logging_out;
  gboolean returns = end == END_LOST && may_return (self, error);

  ibb_stream_management_reset (self->management);
  g_clear_pointer (&self->stream, ibb_xml_stream_unref);
  if (self->presences != NULL && ibb_presences_clear (self->presences))
    ibb_status_note_presences (self->status);
  self->is_available = FALSE;
  self->is_logging_out = FALSE;
  self->may_resume = FALSE;
  if (returns)
    {
      start_return (self, client, error);
      return;
    }
  set_offline (self, was_logging_out || end == END_WANTED ? NULL : error);

  if (!was_logging_out)
    ibb_connection_set_state_with_error (client, IBB_CONNECTION_STATE_OFFLINE, error);
  ibb_logouts_finish (self->logouts);
}

/* Suspension and resumption (XEP-0198 §5). */

static void
resumed_cb (IBBReconnection *reconnection, IBBNegotiationResult *result, gpointer owner)
{
  IBBLink                  *self = owner;
  g_autoptr (IBBConnection) client = ibb_weak_get (self->client);
  gint64                    duration = ibb_reconnection_get_duration (reconnection);
  GQueue                    awaited = G_QUEUE_INIT;

  g_clear_pointer (&self->reconnection, ibb_reconnection_free);
  if (client == NULL)
    return;

  take_stream (self, result->stream);
  self->resumed_at = self->stream_since;
  if (!ibb_stream_management_resume (self->management, result->stream, result->resumed_h, &awaited))
    return;

  ibb_status_set_state (self->status, IBB_CONNECTION_STATE_ONLINE, NULL);
  ibb_keepalive_start (self->keepalive, result->stream, ibb_account_get_jid (self->account), FALSE);
  ibb_keepalive_expect_answer (self->keepalive, duration,
                               g_atomic_int_get (&self->auto_reconnect) &&
                                   !ibb_connection_is_needed (client));
  confirm (client, &awaited);
  ibb_connection_set_state (client, IBB_CONNECTION_STATE_ONLINE);
}

static void
resumption_failed_cb (IBBReconnection *reconnection,
                      const GError    *error,
                      gboolean         is_in_vain,
                      gpointer         owner)
{
  IBBLink                  *self = owner;
  g_autoptr (IBBConnection) client = ibb_weak_get (self->client);

  g_clear_pointer (&self->reconnection, ibb_reconnection_free);
  ibb_keepalive_forget_silences (self->keepalive);
  if (client != NULL)
    go_offline (self, client, error, is_in_vain ? END_REFUSED : END_LOST);
}

static const IBBReconnectionHandler reconnection_handler = {
  .done = resumed_cb,
  .failed = resumption_failed_cb,
};

static gboolean
can_resume (IBBLink *self)
{
  return ibb_stream_management_can_resume (self->management) && !self->is_logging_out &&
         !ibb_keepalive_is_in_vain (self->keepalive) &&
         (self->may_resume || ibb_xml_stream_is_broken (self->stream));
}

static void
suspend (IBBLink *self, IBBConnection *client, const GError *error)
{
  IBBResumption resumption;

  ibb_stream_management_suspend (self->management);
  g_clear_pointer (&self->stream, ibb_xml_stream_unref);
  self->may_resume = FALSE;
  ibb_status_set_state (self->status, IBB_CONNECTION_STATE_SUSPENDED, error);
  ibb_connection_set_state (client, IBB_CONNECTION_STATE_SUSPENDED);

  ibb_stream_management_get_resumption (self->management, &resumption);
  g_set_object (&resumption.accepted_certificate, self->accepted_certificate);
  self->reconnection = ibb_reconnection_new (self->thread, self->account, self->status,
                                             self->resumption_backoff, &reconnection_handler, self);
  ibb_reconnection_resume (self->reconnection, &resumption, error, self->resumed_at);
  ibb_resumption_clear (&resumption);
}

/* The XML stream while the client is online. */

static void
closed_cb (IBBXmlStream *stream, const GError *error, gpointer owner)
{
  IBBLink                  *self = owner;
  g_autoptr (IBBConnection) client = ibb_weak_get (self->client);
  g_autoptr (GError)        logged_out = NULL;
  gint64                    duration;

  if (client == NULL)
    return;

  g_assert (self->stream == stream);
  ibb_keepalive_stop (self->keepalive);
  duration = g_get_monotonic_time () - self->stream_since;
  ibb_backoff_note_stream (self->login_backoff, duration, IBB_RECONNECTION_LOGIN_STREAM_MIN);
  if (ibb_backoff_note_stream (self->resumption_backoff, duration, IBB_RECONNECTION_STREAM_MIN))
    self->resumed_at = 0;
  /* Only a server that lets a client in and drops it at once is to be left alone. */
  if (ibb_connection_has_progress (client))
    {
      ibb_backoff_reset (self->login_backoff);
      ibb_backoff_reset (self->resumption_backoff);
    }
  if (error == NULL)
    logged_out = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, _ ("Logged out"));
  if (error != NULL && can_resume (self))
    suspend (self, client, error);
  else
    go_offline (self, client, error != NULL ? error : logged_out, END_LOST);
}

static void
element_cb (IBBXmlStream *stream, IBBParserEvent event, IBBElement *element, gpointer owner)
{
  IBBLink                  *self = owner;
  g_autoptr (IBBConnection) client = ibb_weak_get (self->client);
  g_autoptr (GError)        error = NULL;

  if (client == NULL || event != IBB_PARSER_ELEMENT)
    return;
  if (!ibb_element_is (element, "error", IBB_STREAM_NAMESPACE))
    {
      handle_management (self, client, stream, element);
      return;
    }

  self->may_resume = ibb_stream_error_is_of_connection (element);
  error = self->addresses != NULL
              ? ibb_admission_to_error (element, ibb_account_get_jid (self->account))
              : ibb_stream_error_to_error (element, ibb_account_get_jid (self->account));
  ibb_xml_stream_abort (stream, NULL, error);
}

static void
stanza_cb (IBBXmlStream *stream, IBBStanza *stanza, gpointer owner)
{
  IBBLink                  *self = owner;
  g_autoptr (IBBConnection) client = ibb_weak_get (self->client);
  g_autoptr (GError)        error = NULL;

  if (client == NULL)
    return;
  if (stanza != NULL && !ibb_reception_check (&self->reception, stanza, &error))
    {
      ibb_xml_stream_abort (stream, "improper-addressing", error);
      return;
    }
  if (stanza != NULL)
    ibb_reception_take (&self->reception, client, stanza);
  /* A stanza that was dropped counts, too, as it does at the server. */
  ibb_acknowledger_note_handled (self->acknowledger);
}

static void
begin_cb (IBBXmlStream *stream, gpointer owner)
{
  IBBLink                  *self = owner;
  g_autoptr (IBBConnection) client = ibb_weak_get (self->client);

  if (client != NULL)
    ibb_connection_begin_batch (client);
}

static void
end_cb (IBBXmlStream *stream, gpointer owner)
{
  IBBLink                  *self = owner;
  g_autoptr (IBBConnection) client = ibb_weak_get (self->client);

  if (client == NULL)
    return;
  ibb_acknowledger_answer (self->acknowledger);
  ibb_connection_end_batch (client);
}

static void
drained_cb (IBBXmlStream *stream, gpointer owner)
{
  IBBLink                  *self = owner;
  g_autoptr (IBBConnection) client = ibb_weak_get (self->client);

  if (client != NULL && ibb_outbox_refill (self->outbox))
    ibb_connection_drained (client);
}

static const IBBXmlStreamHandler online_handler = {
  .element = element_cb,
  .stanza = stanza_cb,
  .begin = begin_cb,
  .end = end_cb,
  .drained = drained_cb,
  .closed = closed_cb,
};

static void
take_stream (IBBLink *self, IBBXmlStream *stream)
{
  self->stream = ibb_xml_stream_ref (stream);
  self->stream_since = g_get_monotonic_time ();
  self->resumed_at = 0;
  ibb_xml_stream_set_owner (stream, &online_handler, self, NULL);
}

/* Presence. */

static gboolean
update_presence_cb (gpointer user_data)
{
  IBBLink                    *self = user_data;
  g_autoptr (IBBConnection)   client = ibb_weak_get (self->client);
  g_auto (IBBAccountSettings) settings = { NULL };
  g_autoptr (IBBStanza)       presence = NULL;

  ibb_source_clear (&self->announcement);
  /* A login sends presence by itself. */
  if (client == NULL || (self->stream == NULL && self->reconnection == NULL))
    return G_SOURCE_REMOVE;

  ibb_account_get (self->account, &settings);
  if (settings.send_presence)
    presence = ibb_reception_create_presence (&self->reception, client, settings.priority);
  else if (self->is_available)
    presence =
        ibb_stanza_record_new (IBB_STANZA_PRESENCE, "unavailable", IBB_PAYLOAD_OTHER, NULL, NULL);
  self->is_available = settings.send_presence;
  if (presence != NULL)
    ibb_outbox_send (self->outbox, presence);
  return G_SOURCE_REMOVE;
}

void
ibb_link_update_presence (IBBLink *self)
{
  ibb_thread_invoke (self->thread, update_presence_cb, self, NULL);
}

static gboolean
wait_for_changes_cb (gpointer user_data)
{
  IBBLink *self = user_data;

  if (self->announcement == NULL)
    self->announcement = ibb_source_attach (g_timeout_source_new (ANNOUNCEMENT_DELAY),
                                            ibb_thread_get_context (self->thread),
                                            "[ibb-glib] presence", update_presence_cb, self, NULL);
  return G_SOURCE_REMOVE;
}

void
ibb_link_announce (IBBLink *self)
{
  ibb_thread_invoke (self->thread, wait_for_changes_cb, self, NULL);
}

/* Login. */

static void
go_online (IBBLink *self, IBBConnection *client, IBBNegotiationResult *result)
{
  g_auto (IBBAccountSettings) settings = { NULL };
  g_autoptr (IBBStanza)       presence = NULL;
  IBBOutboxConfirmation       confirmation = IBB_OUTBOX_CONFIRMATION_NONE;

  ibb_account_get (self->account, &settings);
  if (result->management != NULL)
    confirmation = IBB_OUTBOX_CONFIRMATION_ASKED;
  else if (result->can_manage && settings.resumable)
    confirmation = IBB_OUTBOX_CONFIRMATION_ASK;
  ibb_source_clear (&self->announcement);
  self->is_available = settings.send_presence;
  if (self->is_available)
    presence = ibb_reception_create_presence (&self->reception, client, settings.priority);
  g_free (self->resource);
  self->resource = g_strdup (ibb_jid_get_resource (result->local_jid));
  ibb_backoff_reset (self->resumption_backoff);
  take_stream (self, result->stream);
  ibb_outbox_open (self->outbox, result->stream, confirmation, presence);
  if (result->management != NULL)
    handle_management (self, client, result->stream, result->management);
  ibb_status_set_online (self->status, result);
  ibb_keepalive_forget_silences (self->keepalive);
  ibb_keepalive_start (self->keepalive, result->stream, settings.jid, settings.is_component);
  ibb_connection_set_state (client, IBB_CONNECTION_STATE_ONLINE);
}

static void
login_done_cb (IBBLogin             *login,
               gpointer              client,
               IBBNegotiationResult *result,
               const GError         *error,
               gpointer              owner)
{
  IBBLink *self = owner;

  if (result != NULL)
    g_set_object (&self->accepted_certificate, ibb_login_get_accepted_certificate (login));
  g_clear_pointer (&self->login, ibb_login_free);
  if (result != NULL)
    go_online (self, IBB_CONNECTION (client), result);
  else
    ibb_status_login_failed (self->status);
}

static gboolean
login_cb (gpointer user_data)
{
  GTask             *task = user_data;
  IBBLink           *self = g_task_get_task_data (task);
  IBBAccountSettings settings = { NULL };

  ibb_backoff_reset (self->login_backoff);              /* a person knows better than the past */
  ibb_account_get_for_login (self->account, &settings); /* the task holds the client */
  self->login = ibb_login_new (self->thread, task, g_steal_pointer (&self->login_context),
                               &self->login_signals, &settings, login_done_cb, self);

  return G_SOURCE_REMOVE;
}

void
ibb_link_login (IBBLink *self, GTask *task, gboolean is_blocking)
{
  GError *error = ibb_status_begin_login (self->status, ibb_account_get_jid (self->account));

  if (error != NULL)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }

  self->login_context = is_blocking ? g_main_context_ref (g_task_get_context (task))
                                    : ibb_status_dup_context (self->status);
  g_task_set_task_data (task, self, NULL);
  ibb_thread_invoke (self->thread, login_cb, task, NULL);
}

/* Logout. */

static void
give_up_resumption (IBBLink *self, IBBConnection *client)
{
  g_autoptr (GError) error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED,
                                                  _ ("Logged out before it was resumed"));

  g_clear_pointer (&self->reconnection, ibb_reconnection_free);
  go_offline (self, client, error, END_WANTED);
}

static void
start_logout (IBBLink *self, IBBConnection *client)
{
  g_autoptr (GError) error =
      g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, _ ("Logged out"));

  ibb_connection_closing (client);
  self->is_logging_out = TRUE;
  ibb_status_begin_logout (self->status);
  ibb_outbox_close (self->outbox);
  ibb_keepalive_stop (self->keepalive);
  /* Before all else: sessions must not send stanzas that will not arrive. */
  ibb_connection_set_state_with_error (client, IBB_CONNECTION_STATE_OFFLINE, error);
  ibb_acknowledger_send_last (self->acknowledger);
  ibb_acknowledger_stop (self->acknowledger); /* nothing may follow the end of the XML stream */
  ibb_xml_stream_close (self->stream);
}

static gboolean
logout_cb (gpointer user_data)
{
  GTask         *task = user_data;
  IBBLink       *self = g_task_get_task_data (task);
  IBBConnection *client = IBB_CONNECTION (g_task_get_source_object (task));

  if (self->reconnection != NULL)
    give_up_resumption (self, client);
  else if (self->relogin != NULL)
    give_up_return (self, client, NULL);
  else if (self->login != NULL)
    ibb_login_end (self->login);

  if (self->stream == NULL)
    {
      ibb_call_task_return (task, NULL, self->thread);
      return G_SOURCE_REMOVE;
    }

  ibb_logouts_add (self->logouts, task);
  if (!self->is_logging_out)
    start_logout (self, client);

  return G_SOURCE_REMOVE;
}

void
ibb_link_logout (IBBLink *self, GTask *task)
{
  g_task_set_task_data (task, self, NULL);
  ibb_thread_invoke (self->thread, logout_cb, task, NULL);
}

/* Runs before leave_cb (), which is queued later. */
static gboolean
stop_returning_cb (gpointer user_data)
{
  IBBLink                  *self = user_data;
  g_autoptr (IBBConnection) client = ibb_weak_get (self->client);
  g_autoptr (GError)        error = NULL;

  if (client == NULL || self->relogin == NULL || g_atomic_int_get (&self->auto_reconnect))
    return G_SOURCE_REMOVE;

  error = ibb_status_dup_error (self->status);
  give_up_return (self, client, error);
  return G_SOURCE_REMOVE;
}

gboolean
ibb_link_set_auto_reconnect (IBBLink *self, gboolean auto_reconnect)
{
  auto_reconnect = !!auto_reconnect;
  if (!g_atomic_int_compare_and_exchange (&self->auto_reconnect, !auto_reconnect, auto_reconnect))
    return FALSE;

  if (!auto_reconnect)
    ibb_thread_invoke (self->thread, stop_returning_cb, self, NULL);
  return TRUE;
}

/* The end of a link, after its client. */

static void
left_cb (IBBXmlStream *stream, const GError *error, gpointer owner)
{
  IBBLink *self = owner;

  ibb_thread_quit (self->thread, self, link_free);
}

static const IBBXmlStreamHandler leaving_handler = {
  .closed = left_cb,
};

static gboolean
leave_cb (gpointer user_data)
{
  IBBLink *self = user_data;

  /* Their negotiation holds the thread. */
  g_clear_pointer (&self->reconnection, ibb_reconnection_free);
  g_clear_pointer (&self->relogin, ibb_reconnection_free);
  ibb_keepalive_stop (self->keepalive);
  ibb_stream_management_reset (self->management);
  if (self->stream == NULL || ibb_xml_stream_is_closed (self->stream))
    {
      ibb_thread_quit (self->thread, self, link_free);
      return G_SOURCE_REMOVE;
    }

  ibb_xml_stream_set_owner (self->stream, &leaving_handler, self, NULL);
  ibb_xml_stream_close (self->stream);
  return G_SOURCE_REMOVE;
}

void
ibb_link_leave (IBBLink *self)
{
  ibb_account_end (self->account);
  ibb_status_end (self->status);
  ibb_thread_invoke (self->thread, leave_cb, self, NULL);
}
