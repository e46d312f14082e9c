/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/session/secure.h"
#include "tool/session/session.h"
#include "tool/session/stream.h"
#include "tool/session/throttle.h"
#include "tool/session/wait.h"
#include "tool/words/jid.h"
#include "tool/words/notify.h"
#include "tool/words/output.h"
#include "tool/words/report.h"

#include <glib/gi18n.h>
#include <math.h>

/* A session that the command waits for, and everything that may end the wait. */
typedef struct
{
  const ToolOptions *options;
  const char        *local_jid; /* immutable */
  gulong             handler;   /* immutable until watch_cb */

  GMutex        lock;
  GCond         changed;
  IBBTransport *transport; /* protected by lock; (owned) */
  GError       *error;     /* protected by lock */
  gboolean      cancelled; /* protected by lock */
  gboolean      watching;  /* protected by lock; watch_cb is to come */
  ToolRefusals  refusals;  /* protected by lock */
} Waiter;

/* No new login follows, so sessions that are interrupted would wait in vain. In the main thread,
 * while another one may drop the service. */
static void
state_cb (IBBXmppClient *client, GParamSpec *pspec, GWeakRef *weak_service)
{
  g_autoptr (IBBService) service = g_weak_ref_get (weak_service);

  if (service != NULL &&
      ibb_xmpp_entity_get_state (IBB_XMPP_ENTITY (client)) == IBB_CONNECTION_STATE_OFFLINE)
    ibb_service_set_resume_sessions (service, FALSE);
}

static void
free_weak_ref (gpointer data, GClosure *closure)
{
  GWeakRef *self = data;

  g_weak_ref_clear (self);
  g_free (self);
}

static void
end_waits_when_offline (IBBService *service, IBBXmppClient *client)
{
  GWeakRef *weak_service = g_new (GWeakRef, 1);

  g_weak_ref_init (weak_service, service);
  g_signal_connect_data (client, "notify::state", G_CALLBACK (state_cb), weak_service,
                         free_weak_ref, 0);
}

void
tool_session_set_up (IBBService *service, const ToolOptions *options)
{
  IBBConnection *connection = ibb_service_get_connection (service);

  g_object_set (service, "window", (guint64) options->window, NULL);
  /* Round up: 0 would disable the timeout. */
  g_object_set (service, "peer-timeout", (guint) ceil (options->peer_timeout * 1000), NULL);
  /* The end of a session says that the command has stored what it read. */
  g_object_set (service, "confirm-close", TRUE, NULL);
  ibb_service_set_resume_sessions (service, options->resume_timeout > 0);
  g_object_set (service, "resume-timeout", (guint) ceil (options->resume_timeout * 1000), NULL);
  if (IBB_XMPP_IS_CLIENT (connection))
    end_waits_when_offline (service, IBB_XMPP_CLIENT (connection));
  if (options->timeout > 0)
    g_object_set (service, "open-timeout", (guint) MAX (options->timeout * 1000, 1), NULL);
  else if (options->timeout >= 0)
    g_object_set (service, "open-timeout", 0, NULL); /* never */
}

/* With accept the service is ready for tool_session_wait (). Nobody comes in before that is
 * called. */
IBBService *
tool_session_new_service (IBBConnection *connection, const ToolOptions *options, gboolean accept)
{
  IBBService *service = ibb_service_new (connection);

  tool_session_set_up (service, options);
  if (accept)
    {
      if (options->block_size > 0)
        g_object_set (service, "max-block-size", options->block_size, NULL);
      /* The command answers the peer's end itself, when all is stored. */
      g_object_set (service, "half-close", TRUE, NULL);
    }
  return service;
}

/* The only session of the command has begun. */
static void
begin (ToolRun *run, IBBService *service, IBBTransport *transport)
{
  IBBConnection *connection = ibb_service_get_connection (service);

  /* From now on a new login serves only to resume the session. */
  if (IBB_XMPP_IS_CLIENT (connection))
    ibb_xmpp_entity_set_auto_reconnect (IBB_XMPP_ENTITY (IBB_XMPP_CLIENT (connection)),
                                        tool_run_get_options (run)->resume_timeout > 0);
  tool_run_set_transport (run, transport);
  tool_report_opened (transport);
  tool_wait_watch (transport, connection);
  tool_throttle_watch (transport, connection);
}

/* Takes refusal. */
static GError *
explain_absence (IBBConnection *connection, const char *peer, GError *refusal)
{
  g_autofree char *text = NULL;

  if (g_error_matches (refusal, IBB_ERROR, IBB_ERROR_SERVICE_UNAVAILABLE) &&
      IBB_XMPP_IS_CLIENT (connection))
    text = tool_jid_explain_absence (IBB_XMPP_CLIENT (connection), peer);
  if (text == NULL)
    return refusal;
  g_error_free (refusal);
  return g_error_new_literal (IBB_ERROR, IBB_ERROR_SERVICE_UNAVAILABLE, text);
}

IBBTransport *
tool_session_open (ToolRun *run, IBBService *service, const char *peer, GError **error)
{
  g_autoptr (IBBSessionParams) params = tool_options_new_params (tool_run_get_options (run));
  g_autofree char             *phase = g_strdup_printf (_ ("waiting for “%s” to answer"), peer);
  IBBTransport                *transport;
  GError                      *refusal = NULL;

  /* The service has its own open-timeout. */
  tool_run_begin_wait (run, phase, 0);
  if (!tool_secure_check_peer (run, ibb_service_get_connection (service), peer, error))
    return NULL;
  transport =
      ibb_service_open_session (service, peer, params, tool_run_get_cancellable (run), &refusal);
  if (transport == NULL)
    {
      if (g_error_matches (refusal, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT))
        tool_run_set_bad_argument (run);
      g_propagate_error (error,
                         explain_absence (ibb_service_get_connection (service), peer, refusal));
      return NULL;
    }
  begin (run, service, transport);
  if (tool_secure_begin (run, transport, error))
    return transport;
  tool_session_give_up (transport, *error);
  g_object_unref (transport);
  return NULL;
}

gboolean
tool_session_is_from (const ToolOptions *options, const char *local_jid, const char *peer)
{
  g_autofree char *own = tool_jid_dup_bare (local_jid);

  if (options->from == NULL)
    return ibb_jid_is_from (peer, own);
  for (char **from = options->from; *from != NULL; from++)
    if (g_str_equal (*from, TOOL_FROM_ANYBODY) || ibb_jid_is_from (peer, *from))
      return TRUE;
  return FALSE;
}

/* Whether --from and --sid let the session in. */
gboolean
tool_session_is_welcome (const ToolOptions *options, const char *local_jid, IBBRequest *request)
{
  const char *sid = options->sid;

  return (sid == NULL || g_strcmp0 (sid, ibb_request_get_sid (request)) == 0) &&
         tool_session_is_from (options, local_jid, ibb_request_get_peer_jid (request));
}

/* Tells of a session that tool_session_is_welcome () kept out. */
void
tool_session_note_stranger (const ToolOptions *options,
                            const char        *local_jid,
                            IBBRequest        *request,
                            ToolRefusals      *refusals)
{
  const char      *peer = ibb_request_get_peer_jid (request);
  g_autofree char *bare = tool_jid_dup_bare (peer);

  if (tool_session_is_from (options, local_jid, peer))
    tool_refusals_note (refusals, _ ("Refused a session from “%s”: its name is not that of --sid"),
                        peer);
  else
    /* Translators: the first %s is an address, the second the same without its resource */
    tool_refusals_note (refusals, _ ("Refused a session from “%s”: --from %s would let it in"),
                        peer, bare);
}

/* That the command can be reached at the last of its addresses, and by whom if the user did not
 * say. */
void
tool_session_report_ready (const ToolOptions *options, const char *local_jid)
{
  g_autofree char *own = tool_jid_dup_bare (local_jid);

  tool_report_ready (local_jid);
  tool_notify_ready ();
  if (options->from == NULL)
    /* Translators: %s is such as user@host */
    tool_output_note (_ ("Waiting for other programs of %s only: --from lets others in"), own);
}

/* On the main thread. */
static gboolean
session_requested_cb (IBBService *service, IBBRequest *request, gpointer data)
{
  Waiter  *self = data;
  gboolean welcome = tool_session_is_welcome (self->options, self->local_jid, request);

  g_mutex_lock (&self->lock);
  if (welcome && self->transport == NULL && self->error == NULL && !self->cancelled)
    {
      /* NULL if the peer has given up in the meantime: another one may come. */
      self->transport = ibb_request_accept (request, NULL);
      g_cond_broadcast (&self->changed);
    }
  else
    {
      ibb_request_refuse (request, IBB_STANZA_CONDITION_NOT_ACCEPTABLE, NULL);
      if (!welcome)
        tool_session_note_stranger (self->options, self->local_jid, request, &self->refusals);
    }
  g_mutex_unlock (&self->lock);
  return TRUE;
}

/* This accept never gets a session, as a handler takes them. It ends when the connection does, and
 * its error says why. The handler is disconnected on the thread that calls it, so that it cannot
 * run any more when the wait ends. */
static void
watch_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  Waiter                  *self = data;
  g_autoptr (GError)       error = NULL;
  g_autoptr (IBBTransport) transport = NULL;

  transport = ibb_service_accept_finish (IBB_SERVICE (source), result, &error);
  g_signal_handler_disconnect (source, self->handler);
  g_mutex_lock (&self->lock);
  if (self->error == NULL)
    self->error = g_steal_pointer (&error);
  self->watching = FALSE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

static void
cancelled_cb (GCancellable *cancellable, gpointer data)
{
  Waiter *self = data;

  g_mutex_lock (&self->lock);
  self->cancelled = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

/* Reports that the command is ready, and waits for the first session that is welcome. Not on the
 * main thread, which has to dispatch the signals of the service. */
IBBTransport *
tool_session_wait (ToolRun *run, IBBService *service, const char *local_jid, GError **error)
{
  GCancellable            *cancellable = tool_run_get_cancellable (run);
  g_autoptr (GCancellable) watch = g_cancellable_new ();
  g_autofree char         *phase = NULL;
  Waiter self = { .options = tool_run_get_options (run), .local_jid = local_jid, .watching = TRUE };
  gulong cancelled;

  phase = g_strdup_printf (_ ("waiting for a session at “%s”"), local_jid);
  g_mutex_init (&self.lock);
  g_cond_init (&self.changed);

  tool_run_begin_phase (run, phase, 0);
  if (self.options->encrypt)
    ibb_connection_add_feature (ibb_service_get_connection (service), TOOL_SECURE_FEATURE);
  self.handler =
      g_signal_connect (service, "session-requested", G_CALLBACK (session_requested_cb), &self);
  ibb_service_accept_async (service, watch, watch_cb, &self);
  ibb_service_set_session_limit (service, 1);
  cancelled = g_cancellable_connect (cancellable, G_CALLBACK (cancelled_cb), &self, NULL);
  tool_session_report_ready (tool_run_get_options (run), local_jid);

  g_mutex_lock (&self.lock);
  while (self.transport == NULL && self.error == NULL && !self.cancelled)
    g_cond_wait (&self.changed, &self.lock);
  g_mutex_unlock (&self.lock);

  /* After this no callback comes any more. */
  g_cancellable_disconnect (cancellable, cancelled);
  ibb_service_set_session_limit (service, 0);
  g_cancellable_cancel (watch);
  g_mutex_lock (&self.lock);
  while (self.watching)
    g_cond_wait (&self.changed, &self.lock);
  tool_refusals_flush (&self.refusals);
  g_mutex_unlock (&self.lock);

  if (self.transport != NULL)
    {
      g_clear_error (&self.error);
      begin (run, service, self.transport);
      if (!tool_output_is_json ())
        {
          g_autofree char *peer = ibb_transport_dup_peer_jid (self.transport);

          tool_output_note (_ ("Session from “%s”"), peer);
        }
      if (!tool_secure_begin (run, self.transport, error))
        {
          tool_session_give_up (self.transport, *error);
          g_clear_object (&self.transport);
        }
    }
  else if (self.cancelled)
    {
      g_clear_error (&self.error);
      g_cancellable_set_error_if_cancelled (cancellable, error);
    }
  else
    g_propagate_error (error, g_steal_pointer (&self.error));
  g_mutex_clear (&self.lock);
  g_cond_clear (&self.changed);
  return self.transport;
}

/* Ends a session that has gone well so far. */
gboolean
tool_session_finish (IBBTransport *transport, GCancellable *cancellable, GError **error)
{
  GOutputStream *output = g_io_stream_get_output_stream (tool_secure_get_stream (transport));
  GError        *seen = NULL;
  /* In the clear the end is the close itself: an earlier one would not say that all is stored. */
  gboolean ended = IBB_IS_TRANSPORT (tool_secure_get_stream (transport)) ||
                   g_output_stream_is_closed (output) || ibb_transport_has_ended (transport) ||
                   tool_secure_end_output (transport, cancellable, &seen);

  /* The stream closes the session when it is dropped, and says nothing of a failure. */
  if (ended && g_io_stream_close (G_IO_STREAM (transport), cancellable, &seen))
    {
      tool_secure_forget_stream (transport);
      return TRUE;
    }
  tool_stream_set_error (error, transport, seen);
  return FALSE;
}

/* The peer learns no more than the kind of the error: the message may name files of this side. */
void
tool_session_abort (IBBTransport *transport, const GError *error)
{
  IBBStanzaCondition reason = IBB_STANZA_CONDITION_INTERNAL_SERVER_ERROR;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE))
    reason = IBB_STANZA_CONDITION_RESOURCE_CONSTRAINT;
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    reason = IBB_STANZA_CONDITION_RECIPIENT_UNAVAILABLE;
  ibb_transport_abort_with_reason (transport, reason, NULL);
}

/* Ends a session that has gone wrong by error, and that nothing uses any more. */
void
tool_session_give_up (IBBTransport *transport, const GError *error)
{
  tool_session_abort (transport, error);
  tool_secure_forget_stream (transport);
}
