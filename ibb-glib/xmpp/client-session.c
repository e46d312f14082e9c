/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Coming and going: a client's login, its time online, its logout. All of it on
 * the worker but for the question about a certificate.
 */

#include "config.h"

#include "xmpp/client-private.h"

#include <glib/gi18n-lib.h>

#include "ibb-connection-private.h"
#include "xmpp/stream-error.h"

typedef struct
{
  GTask          *task;      /* (owned): holds the client */
  IBBCancelWatch *cancelled; /* (owned) (nullable) */
} Logout;

static void
logout_free (gpointer data)
{
  Logout *logout = data;

  g_clear_pointer (&logout->cancelled, ibb_cancel_watch_free);
  g_object_unref (logout->task);
  g_free (logout);
}

/* Online. */

void
ibb_client_went_offline (IBBClient *self, const GError *error)
{
  g_autoptr (GPtrArray) logouts = NULL;
  g_autoptr (IBBStream) stream = NULL;
  gboolean              lost;

  g_mutex_lock (&self->lock);
  lost = !self->logging_out;
  stream = g_steal_pointer (&self->stream);
  self->logging_out = FALSE;
  self->state = IBB_CLIENT_STATE_OFFLINE;
  self->stanza_limit = 0;
  g_clear_pointer (&self->local_jid, g_free);
  ibb_client_stop_acks_locked (self);
  ibb_client_queue_notify_locked (self, IBB_CLIENT_NOTIFY_STATE | IBB_CLIENT_NOTIFY_LOCAL_JID);
  g_mutex_unlock (&self->lock);

  ibb_client_clear_source (&self->keepalive);
  ibb_client_fail_queries (self, error);
  if (lost)
    ibb_connection_lost (IBB_CONNECTION (self), error);

  logouts = g_steal_pointer (&self->logouts);
  self->logouts = g_ptr_array_new_with_free_func (logout_free);
  for (guint i = 0; i < logouts->len; i++)
    g_task_return_boolean (((Logout *) g_ptr_array_index (logouts, i))->task, TRUE);
}

static void
closed_cb (IBBStream *stream, const GError *error, gpointer owner)
{
  g_autoptr (IBBClient) self = g_weak_ref_get (owner);
  g_autoptr (GError)    logged_out = NULL;

  if (self == NULL)
    return;

  g_assert (self->stream == stream);
  if (error != NULL && ibb_client_can_resume (self, stream))
    {
      ibb_client_suspend (self, error);
      return;
    }
  if (error == NULL)
    logged_out = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, _ ("Logged out"));
  ibb_client_went_offline (self, error != NULL ? error : logged_out);
}

/* After most errors the server has forgotten the stream, or would meet the same
 * one again; these two speak of the connection only. */
static gboolean
may_resume_after (IBBElement *error)
{
  const char *condition = ibb_element_get_condition (error, IBB_STREAM_ERROR_NAMESPACE);

  return g_strcmp0 (condition, "connection-timeout") == 0 || g_strcmp0 (condition, "reset") == 0;
}

static void
element_cb (IBBStream *stream, IBBParserEvent event, IBBElement *element, gpointer owner)
{
  g_autoptr (IBBClient) self = g_weak_ref_get (owner);
  g_autoptr (GError)    error = NULL;

  if (self == NULL || event != IBB_PARSER_ELEMENT)
    return;
  if (!ibb_element_is (element, "error", IBB_STREAM_NAMESPACE))
    {
      ibb_client_handle_management (self, stream, element);
      return;
    }

  self->may_resume = may_resume_after (element);
  error = ibb_stream_error_to_error (element, self->jid);
  ibb_stream_abort (stream, NULL, error);
}

static void
stanza_cb (IBBStream *stream, IBBStanza *stanza, gpointer owner)
{
  g_autoptr (IBBClient) self = g_weak_ref_get (owner);

  if (self == NULL)
    return;
  /* Counted even if it was dropped: the server counts it too. */
  if (stanza != NULL)
    ibb_client_handle_stanza (self, stanza);
  ibb_client_count_handled (self);
}

static void
begin_cb (IBBStream *stream, gpointer owner)
{
  g_autoptr (IBBClient) self = g_weak_ref_get (owner);

  if (self != NULL)
    ibb_connection_begin_batch (IBB_CONNECTION (self));
}

static void
end_cb (IBBStream *stream, gpointer owner)
{
  g_autoptr (IBBClient) self = g_weak_ref_get (owner);

  if (self == NULL)
    return;
  ibb_client_answer_request (self);
  ibb_connection_end_batch (IBB_CONNECTION (self));
}

static void
drained_cb (IBBStream *stream, gpointer owner)
{
  g_autoptr (IBBClient) self = g_weak_ref_get (owner);

  if (self != NULL)
    ibb_client_stream_drained (self);
}

static const IBBStreamHandler online_handler = {
  .element = element_cb,
  .stanza = stanza_cb,
  .begin = begin_cb,
  .end = end_cb,
  .drained = drained_cb,
  .closed = closed_cb,
};

static void keep_alive (IBBClient *self);

/* White space after so long without a write (RFC 6120 §4.6.1): networks forget
 * connections on which nothing happens. Or a question, where the server
 * understands it: then its silence tells something, too. */
static gboolean
keepalive_cb (gpointer user_data)
{
  g_autoptr (IBBClient) self = g_weak_ref_get (user_data);

  if (self == NULL || self->keepalive == NULL)
    return G_SOURCE_REMOVE;

  keep_alive (self);
  return G_SOURCE_REMOVE;
}

static void
keep_alive (IBBClient *self)
{
  gint64 idle = g_get_monotonic_time () - ibb_stream_get_last_write_time (self->stream);
  guint  interval, wait;

  ibb_client_clear_source (&self->keepalive);
  g_mutex_lock (&self->lock);
  interval = self->keepalive_interval;
  g_mutex_unlock (&self->lock);
  if (interval == 0)
    return;

  wait = interval;
  if (idle >= (gint64) interval * 1000)
    {
      if (!ibb_client_ask_for_life (self))
        ibb_stream_send_text (self->stream, " ");
    }
  else
    wait -= (guint) (idle / 1000);
  self->keepalive = ibb_client_attach (ibb_thread_get_context (self->thread),
                                       g_timeout_source_new (MAX (wait, 1)), keepalive_cb,
                                       ibb_client_weak_ref_new (self), ibb_client_weak_ref_free);
}

void
ibb_client_take_stream (IBBClient *self, IBBStream *stream)
{
  ibb_stream_set_owner (stream, &online_handler, ibb_client_weak_ref_new (self),
                        ibb_client_weak_ref_free);
  keep_alive (self);
}

static void
go_online (IBBClient *self, IBBLoginResult *result)
{
  g_autofree char      *text = NULL;
  g_autoptr (IBBStanza) presence = NULL;

  g_mutex_lock (&self->lock);
  self->stream = ibb_stream_ref (result->stream);
  if (result->can_manage && self->resumable)
    ibb_client_start_acks_locked (self);
  text = g_strdup_printf ("<presence><priority>%d</priority></presence>", self->priority);
  presence = ibb_stanza_new_from_xml (text, -1, NULL);
  ibb_client_send_locked (self, presence);
  self->stanza_limit = result->stanza_limit;
  self->local_jid = g_strdup (result->local_jid);
  self->state = IBB_CLIENT_STATE_ONLINE;
  ibb_client_queue_notify_locked (self, IBB_CLIENT_NOTIFY_STATE | IBB_CLIENT_NOTIFY_LOCAL_JID);
  g_mutex_unlock (&self->lock);

  ibb_client_take_stream (self, result->stream);
  ibb_connection_restored (IBB_CONNECTION (self));
}

/* Login. */

static void
end_login (IBBClient *self)
{
  g_clear_pointer (&self->login_cancelled, ibb_cancel_watch_free);
  ibb_client_clear_source (&self->question);
  g_clear_pointer (&self->negotiation, ibb_negotiation_unref);
}

static void
done_cb (IBBNegotiation *negotiation, IBBLoginResult *result, const GError *error, gpointer owner)
{
  IBBClient        *self = owner;
  g_autoptr (GTask) task = g_steal_pointer (&self->login_task);

  end_login (self);
  if (result != NULL)
    {
      go_online (self, result);
      g_task_return_boolean (task, TRUE);
      return;
    }

  g_mutex_lock (&self->lock);
  self->state = IBB_CLIENT_STATE_OFFLINE;
  ibb_client_queue_notify_locked (self, IBB_CLIENT_NOTIFY_STATE);
  g_mutex_unlock (&self->lock);
  g_task_return_error (task, g_error_copy (error));
}

typedef struct
{
  GTask               *task; /* (owned) */
  GTlsCertificate     *certificate;
  GTlsCertificateFlags errors;
  gboolean             accept;
} Question;

static void
question_free (gpointer data)
{
  Question *question = data;

  g_object_unref (question->task);
  g_object_unref (question->certificate);
  g_free (question);
}

static gboolean
answer_cb (gpointer user_data)
{
  Question  *question = user_data;
  IBBClient *self = g_task_get_source_object (question->task);

  /* The login may have ended while the user thought. */
  if (self->login_task != question->task)
    return G_SOURCE_REMOVE;

  if (question->accept)
    g_set_object (&self->accepted_certificate, question->certificate);
  ibb_negotiation_answer_certificate (self->negotiation, question->accept);

  return G_SOURCE_REMOVE;
}

/* In the context of whoever wants to log in. */
static gboolean
question_cb (gpointer user_data)
{
  Question  *question = user_data;
  Question  *answer = g_new0 (Question, 1);
  IBBClient *self = g_task_get_source_object (question->task);

  answer->task = g_object_ref (question->task);
  answer->certificate = g_object_ref (question->certificate);
  answer->accept = ibb_client_ask_certificate (self, question->certificate, question->errors);
  ibb_thread_invoke (self->thread, answer_cb, answer, question_free);

  return G_SOURCE_REMOVE;
}

static void
certificate_cb (IBBNegotiation      *negotiation,
                GTlsCertificate     *certificate,
                GTlsCertificateFlags errors,
                gpointer             owner)
{
  IBBClient *self = owner;
  Question  *question;

  if (!ibb_client_has_certificate_handler (self))
    {
      ibb_negotiation_answer_certificate (negotiation, FALSE);
      return;
    }

  question = g_new0 (Question, 1);
  question->task = g_object_ref (self->login_task);
  question->certificate = g_object_ref (certificate);
  question->errors = errors;
  self->question = ibb_client_attach (g_task_get_context (self->login_task), g_idle_source_new (),
                                      question_cb, question, question_free);
}

static const IBBNegotiationHandler negotiation_handler = {
  .certificate = certificate_cb,
  .done = done_cb,
};

static gboolean
login_cancelled_cb (gpointer user_data)
{
  IBBClient         *self = user_data;
  g_autoptr (GError) error =
      g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, _ ("The login was cancelled"));

  ibb_negotiation_fail (self->negotiation, error);
  return G_SOURCE_REMOVE;
}

static guint
get_timeout (IBBClient *self, const char *key, guint usual)
{
  guint timeout = GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (self), key));

  return timeout != 0 ? timeout : usual;
}

void
ibb_client_fill_account (IBBClient *self, IBBAccount *account)
{
  g_mutex_lock (&self->lock);
  account->jid = g_strdup (self->jid != NULL ? self->jid : "");
  account->password = g_strdup (self->password);
  account->host = g_strdup (self->host);
  account->port = self->port;
  account->tls_mode = self->tls_mode;
  g_set_object (&account->tls_database, self->tls_database);
  account->allow_plain_text = self->allow_plain_text;
  g_mutex_unlock (&self->lock);
  account->timeout = get_timeout (self, IBB_CLIENT_LOGIN_TIMEOUT_KEY, IBB_CLIENT_LOGIN_TIMEOUT);
  account->certificate_timeout =
      get_timeout (self, IBB_CLIENT_CERTIFICATE_TIMEOUT_KEY, IBB_CLIENT_CERTIFICATE_TIMEOUT);
}

static gboolean
login_cb (gpointer user_data)
{
  GTask     *task = user_data;
  IBBClient *self = g_task_get_source_object (task);
  IBBAccount account = { NULL };

  ibb_client_fill_account (self, &account);
  g_clear_object (&self->accepted_certificate);
  self->login_task = g_object_ref (task);
  self->negotiation =
      ibb_negotiation_new (self->thread, &account, &negotiation_handler, self, NULL);
  self->login_cancelled =
      ibb_cancel_watch_new (ibb_thread_get_context (self->thread), g_task_get_cancellable (task),
                            login_cancelled_cb, self);

  return G_SOURCE_REMOVE;
}

void
ibb_client_start_login (IBBClient *self, GTask *task)
{
  ibb_thread_invoke (self->thread, login_cb, task, g_object_unref);
}

/* Logout. */

static gboolean
logout_cancelled_cb (gpointer user_data)
{
  GTask     *task = user_data;
  IBBClient *self = g_task_get_source_object (task);

  g_object_ref (task);
  for (guint i = 0; i < self->logouts->len; i++)
    if (((Logout *) g_ptr_array_index (self->logouts, i))->task == task)
      {
        g_ptr_array_remove_index (self->logouts, i);
        g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED,
                                 _ ("The logout goes on without being waited for"));
        break;
      }
  g_object_unref (task);

  return G_SOURCE_REMOVE;
}

static void
add_logout (IBBClient *self, GTask *task)
{
  Logout *logout = g_new0 (Logout, 1);

  logout->task = g_object_ref (task);
  logout->cancelled =
      ibb_cancel_watch_new (ibb_thread_get_context (self->thread), g_task_get_cancellable (task),
                            logout_cancelled_cb, task);
  g_ptr_array_add (self->logouts, logout);
}

static gboolean
logout_cb (gpointer user_data)
{
  GTask     *task = user_data;
  IBBClient *self = g_task_get_source_object (task);
  gboolean   first;

  if (self->broken != NULL)
    {
      g_autoptr (GError) error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED,
                                                      _ ("Logged out before it was resumed"));

      ibb_client_give_up_resumption (self, error);
    }
  else if (self->negotiation != NULL)
    {
      g_autoptr (GError) error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED,
                                                      _ ("The login was ended by a logout"));

      ibb_negotiation_fail (self->negotiation, error);
    }
  if (self->stream == NULL)
    {
      g_task_return_boolean (task, TRUE);
      return G_SOURCE_REMOVE;
    }

  add_logout (self, task);
  g_mutex_lock (&self->lock);
  first = !self->logging_out;
  self->logging_out = TRUE;
  g_mutex_unlock (&self->lock);
  if (first)
    {
      g_autoptr (GError) error =
          g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, _ ("Logged out"));

      /* First of all, so that no session hands over more than will be sent. */
      ibb_connection_lost (IBB_CONNECTION (self), error);
      ibb_client_say_last_count (self);
      ibb_stream_close (self->stream);
    }

  return G_SOURCE_REMOVE;
}

void
ibb_client_start_logout (IBBClient *self, GTask *task)
{
  ibb_thread_invoke (self->thread, logout_cb, task, g_object_unref);
}

/* A stream whose client is gone. */

static void
orphan_closed_cb (IBBStream *stream, const GError *error, gpointer owner)
{
  ibb_thread_quit (owner);
  ibb_stream_unref (stream);
}

static const IBBStreamHandler orphan_handler = {
  .closed = orphan_closed_cb,
};

typedef struct
{
  IBBStream      *stream;      /* (nullable) */
  IBBNegotiation *negotiation; /* (nullable): of a resumption */
  IBBThread      *thread;
} Orphan;

static gboolean
orphan_cb (gpointer user_data)
{
  Orphan *orphan = user_data;

  if (orphan->negotiation != NULL)
    {
      g_autoptr (GError) error =
          g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, _ ("The client is gone"));

      ibb_negotiation_fail (orphan->negotiation, error);
      ibb_negotiation_unref (orphan->negotiation);
    }
  if (orphan->stream == NULL)
    ibb_thread_quit (orphan->thread);
  else if (ibb_stream_is_closed (orphan->stream))
    {
      orphan_closed_cb (orphan->stream, NULL, orphan->thread);
    }
  else
    {
      ibb_stream_set_owner (orphan->stream, &orphan_handler, orphan->thread, NULL);
      ibb_stream_close (orphan->stream);
    }
  return G_SOURCE_REMOVE;
}

void
ibb_client_init_session (IBBClient *self)
{
  self->logouts = g_ptr_array_new_with_free_func (logout_free);
}

void
ibb_client_leave_session (IBBClient *self)
{
  Orphan *orphan;

  g_assert (self->login_task == NULL && self->logouts->len == 0);

  g_ptr_array_unref (self->logouts);
  ibb_client_clear_source (&self->keepalive);
  ibb_client_clear_source (&self->resume_timer);
  ibb_client_stop_acks_locked (self);
  g_clear_error (&self->broken);
  g_clear_object (&self->accepted_certificate);

  orphan = g_new (Orphan, 1);
  orphan->stream = self->stream;
  orphan->negotiation = self->negotiation;
  orphan->thread = self->thread;
  ibb_thread_invoke (self->thread, orphan_cb, orphan, g_free);
}
