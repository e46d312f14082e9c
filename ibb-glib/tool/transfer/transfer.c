/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/transfer/transfer.h"

#include "tool/account/source.h"
#include "tool/session/descriptors.h"
#include "tool/session/secure.h"
#include "tool/session/session.h"
#include "tool/transfer/archive.h"
#include "tool/transfer/parts.h"
#include "tool/transfer/watched.h"
#include "tool/words/jid.h"
#include "tool/words/output.h"
#include "tool/words/refusals.h"
#include "tool/words/report.h"

#include <glib/gi18n.h>

#define PRESENCE_TIME (2 * G_USEC_PER_SEC) /* until the presence of a contact has come */
#define ANSWER_TIME 3      /* s for PEER/ibb, before other programs of PEER are looked for */
#define RETRY_INTERVAL 1   /* s between two attempts to offer a file again */
#define RETRY_PAUSE_MIN 2  /* s; with --retry, and each pause is twice the last one */
#define RETRY_PAUSE_MAX 60 /* s */
/* Of a folder in an encrypted session: other files that come take fewer. */
#define DESCRIPTORS 5

/* What the thread of the work waits for, while the main thread works. */
typedef struct
{
  ToolRun         *run;       /* immutable */
  IBBFilesService *service;   /* immutable; (owned) */
  char            *text;      /* immutable; (owned): the peer, or the own address */
  char            *path;      /* immutable; (owned): the file, or the folder */
  ToolIntake      *intake;    /* immutable; of the main thread; NULL: of a sender */
  char            *position;  /* immutable; (owned) (nullable): which of several files */
  gboolean         has_other; /* immutable: another program may be asked in place of this one */

  /* immutable; (owned) (nullable): of a folder */
  GInputStream     *archive;
  IBBFilesMetadata *metadata;

  GMutex   lock;
  GCond    changed;
  GError  *error;      /* protected by lock; (owned) (nullable) */
  gboolean is_over;    /* protected by lock */
  gboolean is_offered; /* protected by lock */

  /* main thread only */
  GSource      *stop;            /* (owned) (nullable) */
  GCancellable *asking;          /* (owned) (nullable): of an offer that has not left */
  GCancellable *outer;           /* (owned) (nullable): of the run, which cancels asking */
  gulong        interruption;    /* of outer; 0: none */
  guint         impatience;      /* 0: none; source id */
  gint64        lost_at;         /* monotonic time when the connection was lost; 0: it was not */
  gulong        handler;         /* 0: none */
  gulong        private_handler; /* 0: none */
  gulong        failure_handler; /* 0: none */
  gulong        stream_handler;  /* 0: none */
  gulong        state_handler;   /* 0: none */
  guint         n_received;
  GQueue        receiving;     /* (element-type ToolWatched) */
  guint         max_receiving; /* as many descriptors are there for */
  GError       *stopped;       /* (owned) (nullable): why those end, and no more begin */
  ToolRefusals  refusals;
} Work;

IBBFilesService *
tool_transfer_new_service (IBBConnection *connection, const ToolOptions *options, GError **error)
{
  g_autoptr (IBBXmppIdentity) identity = NULL;
  IBBFilesService            *service;

  if (options->encrypt)
    {
      identity = tool_secure_new_identity (options, error);
      if (identity == NULL)
        return NULL;
    }
  service = ibb_files_service_new (connection);
  ibb_files_service_set_identity (service, (IBBIdentity *) identity);
  tool_session_set_up (ibb_files_service_get_sessions (service), options);
  return service;
}

static Work *
create_work (ToolRun *run, IBBFilesService *service, const char *text, const char *path)
{
  Work *self = g_atomic_rc_box_new0 (Work);

  self->run = run;
  self->service = g_object_ref (service);
  self->text = g_strdup (text);
  self->path = g_strdup (path);
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  return self;
}

static void
clear_work (gpointer data)
{
  Work *self = data;

  g_object_unref (self->service);
  g_free (self->text);
  g_free (self->path);
  g_free (self->position);
  g_clear_object (&self->archive);
  g_clear_object (&self->metadata);
  g_cancellable_disconnect (self->outer, self->interruption);
  g_clear_object (&self->outer);
  g_clear_object (&self->asking);
  g_clear_error (&self->error);
  g_clear_error (&self->stopped);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
}

static void
work_unref (gpointer data)
{
  g_atomic_rc_box_release_full (data, clear_work);
}

/* In the main thread; error: (transfer full) (nullable). The first end counts: transfers that still
 * run may outlive the work. */
static void
end_work (Work *self, GError *error)
{
  IBBService *sessions = ibb_files_service_get_sessions (self->service);

  tool_source_clear (&self->stop);
  g_clear_signal_handler (&self->handler, self->service);
  g_clear_signal_handler (&self->private_handler, self->service);
  g_clear_signal_handler (&self->failure_handler, self->service);
  ibb_service_set_session_limit (sessions, 0);
  g_clear_signal_handler (&self->stream_handler, sessions);
  g_clear_signal_handler (&self->state_handler, ibb_files_service_get_connection (self->service));
  tool_refusals_flush (&self->refusals);
  g_mutex_lock (&self->lock);
  if (self->is_over)
    g_clear_error (&error);
  else
    self->error = error;
  self->is_over = TRUE;
  g_cond_signal (&self->changed);
  g_mutex_unlock (&self->lock);
}

/* No new login follows. */
static void
state_cb (IBBXmppEntity *connection, GParamSpec *pspec, Work *self)
{
  if (ibb_xmpp_entity_get_state (connection) == IBB_CONNECTION_STATE_OFFLINE)
    end_work (self, ibb_xmpp_entity_dup_disconnect_error (connection));
}

/* The main thread begins, and the work waits. */
static gboolean
run_in_main (Work *self, GSourceFunc begin, GError **error)
{
  gboolean succeeded;

  g_main_context_invoke (NULL, begin, self);
  g_mutex_lock (&self->lock);
  while (!self->is_over)
    g_cond_wait (&self->changed, &self->lock);
  g_mutex_unlock (&self->lock);
  succeeded = self->error == NULL;
  if (!succeeded)
    g_propagate_error (error, g_steal_pointer (&self->error));
  return succeeded;
}

static void
begin_work (Work *self)
{
  self->state_handler = g_signal_connect (ibb_files_service_get_connection (self->service),
                                          "notify::state", G_CALLBACK (state_cb), self);
}

static ToolWatched *
watch (Work *self, IBBFilesTransfer *transfer)
{
  return tool_watched_new (self->run, ibb_files_service_get_connection (self->service), transfer,
                           self->position, g_atomic_rc_box_acquire (self), work_unref);
}

/* Sending. */

static gboolean begin_send (gpointer data);

/* Whether the file may be offered again, as long as a session would wait. */
static gboolean
may_wait (Work *self)
{
  double limit = tool_run_get_options (self->run)->resume_timeout * G_USEC_PER_SEC;

  return (double) (g_get_monotonic_time () - self->lost_at) < limit;
}

static gboolean
retry_cb (gpointer data)
{
  Work              *self = data;
  IBBConnection     *connection = ibb_files_service_get_connection (self->service);
  IBBConnectionState state = ibb_xmpp_entity_get_state (IBB_XMPP_ENTITY (connection));
  GError            *error = NULL;

  if (self->is_over)
    return G_SOURCE_REMOVE;
  if (g_cancellable_set_error_if_cancelled (tool_run_get_cancellable (self->run), &error))
    {
      end_work (self, error);
      return G_SOURCE_REMOVE;
    }
  if (state != IBB_CONNECTION_STATE_ONLINE && may_wait (self))
    return G_SOURCE_CONTINUE;
  if (state == IBB_CONNECTION_STATE_ONLINE)
    begin_send (self);
  else
    end_work (self, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED,
                                         _ ("The connection to the server did not come back")));
  return G_SOURCE_REMOVE;
}

/* Nobody is there, for now: both ends may have lost their connections together. */
static gboolean
is_absence (const GError *error)
{
  return g_error_matches (error, IBB_ERROR, IBB_ERROR_SERVICE_UNAVAILABLE) ||
         g_error_matches (error, IBB_ERROR, IBB_ERROR_RECIPIENT_UNAVAILABLE) ||
         g_error_matches (error, IBB_ERROR, IBB_ERROR_REMOTE_SERVER_NOT_FOUND) ||
         g_error_matches (error, IBB_ERROR, IBB_ERROR_REMOTE_SERVER_TIMEOUT) ||
         g_error_matches (error, G_IO_ERROR, G_IO_ERROR_HOST_NOT_FOUND);
}

static gboolean
is_loss (const GError *error)
{
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED) ||
         g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED);
}

/* An offer ends with the connection. After the next login the file is offered again. */
static gboolean
offer_again (Work *self, const GError *error)
{
  if (self->is_over || !self->is_offered)
    return FALSE;
  if (is_loss (error) && self->lost_at == 0)
    self->lost_at = g_get_monotonic_time ();
  if (self->lost_at == 0 || !(is_loss (error) || is_absence (error)) || !may_wait (self))
    return FALSE;
  g_timeout_add_seconds_full (G_PRIORITY_DEFAULT, RETRY_INTERVAL, retry_cb,
                              g_atomic_rc_box_acquire (self), work_unref);
  return TRUE;
}

static void
sent_cb (GObject *object, GAsyncResult *result, gpointer data)
{
  ToolWatched       *self = data;
  Work              *work = tool_watched_get_data (self);
  IBBFilesTransfer  *transfer = IBB_FILES_TRANSFER (object);
  IBBTransport      *transport = ibb_files_transfer_get_transport (transfer);
  g_autoptr (GError) reason = NULL;
  GError            *error = NULL;

  if (ibb_files_transfer_wait_finish (transfer, result, &reason))
    tool_watched_report_end (self);
  else if (transport == NULL && offer_again (work, reason))
    {
      tool_watched_free (self);
      return;
    }
  /* The wait was cancelled: a signal, or nothing moves any more. What the peer has is kept, which
   * it is not if the transfer is cancelled. */
  else if (ibb_files_transfer_get_state (transfer) < IBB_FILES_STATE_SENT && transport != NULL)
    tool_session_give_up (transport, reason);
  else if (ibb_files_transfer_get_state (transfer) < IBB_FILES_STATE_SENT)
    ibb_files_transfer_cancel (transfer);
  if (reason != NULL)
    {
      g_autoptr (GError) explained = tool_secure_explain (tool_run_get_options (work->run), reason);

      error = tool_watched_explain (self, explained);
    }
  end_work (work, error);
  tool_watched_free (self);
}

static gboolean
impatience_cb (gpointer data)
{
  Work *self = data;

  self->impatience = 0;
  g_cancellable_cancel (self->asking);
  return G_SOURCE_REMOVE;
}

static void
wait_for_end (Work *self, IBBFilesTransfer *transfer)
{
  g_mutex_lock (&self->lock);
  self->is_offered = TRUE;
  g_mutex_unlock (&self->lock);
  self->lost_at = 0;
  tool_run_set_file (self->run, ibb_files_transfer_get_peer_jid (transfer),
                     ibb_files_metadata_get_name (ibb_files_transfer_get_metadata (transfer)));
  ibb_files_transfer_wait_async (transfer, tool_run_get_cancellable (self->run), sent_cb,
                                 watch (self, transfer));
}

static void
offered_cb (GObject *object, GAsyncResult *result, gpointer data)
{
  Work                        *self = data;
  GError                      *error = NULL;
  g_autoptr (IBBFilesTransfer) transfer =
      self->archive != NULL ? ibb_files_service_offer_stream_finish (self->service, result, &error)
                            : ibb_files_service_offer_file_finish (self->service, result, &error);

  g_clear_handle_id (&self->impatience, g_source_remove);
  /* By impatience_cb (), not by a signal. */
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) &&
      !g_cancellable_is_cancelled (self->outer))
    {
      g_clear_error (&error);
      error = g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, _ ("“%s” did not answer"), self->text);
    }
  if (transfer != NULL)
    wait_for_end (self, transfer);
  else if (!offer_again (self, error))
    {
      g_autoptr (GError) reason = tool_jid_explain_answer (
          ibb_files_service_get_connection (self->service), self->text, g_steal_pointer (&error));

      end_work (self, tool_secure_explain (tool_run_get_options (self->run), reason));
    }
  g_clear_error (&error);
  work_unref (self);
}

static gboolean
begin_send (gpointer data)
{
  Work             *self = data;
  g_autoptr (GFile) file = g_file_new_for_path (self->path);
  g_autofree char  *phase = g_strdup_printf (_ ("waiting for “%s” to answer"), self->text);

  tool_run_begin_wait (self->run, phase, 0);
  if (self->state_handler == 0)
    begin_work (self);
  /* Before the offer leaves, which may be lost with the connection: a new login serves to offer the
   * file again, and then to resume the session. */
  ibb_xmpp_entity_set_auto_reconnect (
      IBB_XMPP_ENTITY (ibb_files_service_get_connection (self->service)),
      tool_run_get_options (self->run)->resume_timeout > 0 ||
          tool_run_get_options (self->run)->retry > 0);
  if (self->asking == NULL)
    {
      self->asking = g_cancellable_new ();
      self->outer = g_object_ref (tool_run_get_cancellable (self->run));
      self->interruption = tool_run_connect (self->run, self->asking);
    }
  /* A folder is read before the peer is asked. */
  if (self->has_other && !self->is_offered && !g_file_test (self->path, G_FILE_TEST_IS_DIR))
    self->impatience = g_timeout_add_seconds (ANSWER_TIME, impatience_cb, self);
  if (self->archive != NULL)
    ibb_files_service_offer_stream_async (self->service, self->text, self->archive, self->metadata,
                                          self->asking, offered_cb, g_atomic_rc_box_acquire (self));
  else
    ibb_files_service_offer_file_async (self->service, self->text, file, NULL, self->asking,
                                        offered_cb, g_atomic_rc_box_acquire (self));
  return G_SOURCE_REMOVE;
}

/* The presence of contacts comes only to a client that is shown online itself. */
static gboolean
has_resources (ToolRun *run, IBBXmppClient *client, const char *account)
{
  gint64   end = g_get_monotonic_time () + PRESENCE_TIME;
  gboolean found = FALSE;

  ibb_xmpp_client_set_send_presence (client, TRUE);
  while (!found && g_get_monotonic_time () < end &&
         !g_cancellable_is_cancelled (tool_run_get_cancellable (run)))
    {
      g_auto (GStrv) resources = ibb_connection_dup_resources (IBB_CONNECTION (client), account);

      found = resources[0] != NULL;
      if (!found)
        g_usleep (PRESENCE_TIME / 20);
    }
  return found;
}

/* An offer says the size, so the folder is read once before it. */
static gboolean
prepare_archive (Work *self, GError **error)
{
  g_autofree char *shown = g_filename_display_name (self->path);
  g_autofree char *phase = g_strdup_printf (_ ("reading the folder “%s”"), shown);
  g_autofree char *name = tool_archive_dup_name (self->path);
  guint64          size;

  tool_run_begin_phase (self->run, phase, 0);
  if (!tool_archive_measure (self->path, &size, tool_run_get_cancellable (self->run), error))
    return FALSE;
  self->metadata = ibb_files_metadata_new (name, size);
  self->archive = tool_archive_new (self->path, error);
  return self->archive != NULL;
}

/* What several files to one peer share. */
typedef struct
{
  ToolRun         *run;
  IBBFilesService *service;
  const char      *account;  /* without a resource */
  const char      *to;       /* peer, or account: where the files go */
  gboolean         is_known; /* no other address is tried */
  gboolean         tar;
  gboolean         was_offered; /* at least one file */
  guint            number;      /* of the file, from 1 */
  guint            count;
  double           left; /* s: for all waits before another attempt */
} Sending;

static gboolean
send_one (Sending    *self,
          const char *path,
          gboolean    tar,
          gboolean    has_other,
          gboolean   *is_offered,
          GError    **error)
{
  Work              *work = create_work (self->run, self->service, self->to, path);
  g_autofree char   *name = g_filename_display_basename (path);
  gboolean           is_folder = g_file_test (path, G_FILE_TEST_IS_DIR);
  g_autoptr (GError) reason = NULL;
  gboolean           sent;

  work->has_other = has_other;
  if (self->count > 1)
    /* Translators: which of several files */
    work->position = g_strdup_printf (_ ("%u of %u"), self->number, self->count);
  tool_run_set_file (self->run, self->to, name);
  if (tar && is_folder && !prepare_archive (work, error))
    {
      *is_offered = FALSE;
      work_unref (work);
      return FALSE;
    }
  sent = run_in_main (work, begin_send, &reason);
  g_mutex_lock (&work->lock);
  *is_offered = work->is_offered;
  g_mutex_unlock (&work->lock);
  work_unref (work);
  /* A program that takes files, and no folders, gets an archive. */
  if (!sent && is_folder && !tar && !*is_offered &&
      g_error_matches (reason, IBB_ERROR, IBB_ERROR_FEATURE_NOT_IMPLEMENTED))
    return send_one (self, path, TRUE, has_other, is_offered, error);
  if (!sent)
    g_propagate_error (error, g_steal_pointer (&reason));
  return sent;
}

/* Sends to the address that takes files, which the first attempt finds. */
static gboolean
send_once (Sending *self, const char *path, GError **error)
{
  gboolean           is_offered;
  IBBConnection     *connection = ibb_files_service_get_connection (self->service);
  g_autoptr (GError) reason = NULL;
  gboolean           sent = send_one (self, path, self->tar, !self->is_known, &is_offered, &reason);
  gboolean           is_mute = g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);

  /* A program may have been killed, and its server keeps its place. */
  if (!sent && !is_offered && !self->is_known && (is_mute || is_absence (reason)))
    {
      self->is_known = TRUE;
      if (has_resources (self->run, IBB_XMPP_CLIENT (connection), self->account))
        self->to = self->account;
      if (self->to == self->account || is_mute)
        {
          g_clear_error (&reason);
          sent = send_one (self, path, self->tar, FALSE, &is_offered, &reason);
        }
    }
  self->is_known |= is_offered;
  self->was_offered |= is_offered;
  if (!sent)
    g_propagate_error (error, g_steal_pointer (&reason));
  return sent;
}

/* Whether a later attempt may succeed. Nobody has decided against the file, and it can be read. */
static gboolean
may_pass (Sending *self, const GError *error)
{
  IBBConnection *connection = ibb_files_service_get_connection (self->service);

  if (g_cancellable_is_cancelled (tool_run_get_cancellable (self->run)) ||
      ibb_xmpp_entity_get_state (IBB_XMPP_ENTITY (connection)) == IBB_CONNECTION_STATE_OFFLINE)
    return FALSE;
  return is_loss (error) || is_absence (error) ||
         g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT) ||
         g_error_matches (error, IBB_ERROR, IBB_ERROR_FAILED) ||
         g_error_matches (error, IBB_ERROR, IBB_ERROR_RESOURCE_CONSTRAINT);
}

static void
wait_for_retry (Sending *self, const char *name, guint seconds)
{
  GCancellable    *cancellable = tool_run_get_cancellable (self->run);
  g_autofree char *phase = g_strdup_printf (_ ("waiting before “%s” is offered again"), name);
  GPollFD          cancelled;

  tool_run_begin_phase (self->run, phase, TOOL_RUN_UNLIMITED);
  if (!g_cancellable_make_pollfd (cancellable, &cancelled))
    return;
  g_poll (&cancelled, 1, (int) seconds * 1000);
  g_cancellable_release_fd (cancellable);
}

/* With --retry in several attempts, of which the pauses count for all files together. */
static gboolean
send_with_retries (Sending *self, const char *path, GError **error)
{
  g_autofree char   *name = g_filename_display_basename (path);
  g_autoptr (GError) last = NULL;
  guint              pause = RETRY_PAUSE_MIN;

  while (TRUE)
    {
      g_autoptr (GError) reason = NULL;

      if (send_once (self, path, &reason))
        return TRUE;
      if (self->left <= 0 || !may_pass (self, reason))
        {
          g_propagate_error (error, g_steal_pointer (&reason));
          return FALSE;
        }
      if (last == NULL || !g_str_equal (last->message, reason->message))
        tool_report_retry (reason, self->to, name);
      wait_for_retry (self, name, pause);
      self->left -= pause;
      pause = MIN (pause * 2, RETRY_PAUSE_MAX);
      g_clear_error (&last);
      last = g_steal_pointer (&reason);
    }
}

gboolean
tool_transfer_send (ToolRun         *run,
                    IBBFilesService *service,
                    const char      *peer,
                    gboolean         is_any_resource,
                    char           **paths,
                    guint            n_paths,
                    gboolean         tar,
                    gboolean        *is_for_stream,
                    GError         **error)
{
  IBBConnection   *connection = ibb_files_service_get_connection (service);
  g_autofree char *account = tool_jid_dup_bare (peer);
  Sending          self = {
             .run = run,
             .service = service,
             .account = account,
             .to = peer,
             .is_known = !is_any_resource,
             .tar = tar,
             .count = n_paths,
             .left = tool_run_get_options (run)->retry,
  };
  guint n_failed = 0;

  *is_for_stream = FALSE;
  if (self.left > 0)
    ibb_xmpp_entity_set_auto_reconnect (IBB_XMPP_ENTITY (connection), TRUE);
  for (guint i = 0; i < n_paths; i++)
    {
      g_autoptr (GError) reason = NULL;
      g_autofree char   *name = g_filename_display_basename (paths[i]);
      gboolean           is_first;

      self.number = i + 1;
      if (send_with_retries (&self, paths[i], &reason))
        continue;
      is_first = i == 0 && !self.was_offered;
      *is_for_stream = is_first && self.to == peer && reason->domain == IBB_ERROR;
      /* A peer that is not there, or takes no files, takes none of the others either. */
      if (n_paths == 1 || *is_for_stream ||
          (is_first && (is_absence (reason) || is_loss (reason))) ||
          g_cancellable_is_cancelled (tool_run_get_cancellable (run)))
        {
          g_propagate_error (error, g_steal_pointer (&reason));
          return FALSE;
        }
      tool_report_one_file_error (reason, self.to, name);
      n_failed++;
    }
  if (n_failed == 0)
    return TRUE;
  tool_run_set_file (run, self.to, NULL);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
               ngettext ("%u of %u files was not sent", "%u of %u files were not sent", n_failed),
               n_failed, n_paths);
  return FALSE;
}

/* Receiving. */

/* The wait for the next file, of which --timeout is a bound. */
static void
begin_wait (Work *self)
{
  g_autofree char *phase = g_strdup_printf (_ ("waiting for a file at “%s”"), self->text);

  tool_run_begin_phase (self->run, phase, 0);
}

static void
take_received (ToolIntake *intake, IBBFilesTransfer *transfer)
{
  guint64 size = ibb_files_metadata_get_size (ibb_files_transfer_get_metadata (transfer));

  if (intake->hooks != NULL)
    tool_hooks_run (intake->hooks, g_file_peek_path (ibb_files_transfer_get_file (transfer)),
                    ibb_files_transfer_get_peer_jid (transfer), size);
}

static void
received_cb (GObject *object, GAsyncResult *result, gpointer data)
{
  ToolWatched       *self = data;
  Work              *work = tool_watched_get_data (self);
  g_autoptr (GError) error = NULL;
  gboolean           is_received;

  g_queue_remove (&work->receiving, self);
  is_received = ibb_files_transfer_accept_file_finish (IBB_FILES_TRANSFER (object), result, &error);
  if (is_received)
    {
      work->n_received++;
      take_received (work->intake, IBB_FILES_TRANSFER (object));
      tool_watched_report_end (self);
    }
  else if (work->stop != NULL && work->stopped == NULL)
    {
      tool_watched_report_error (self, error);
      tool_parts_note_full (work->path, error);
    }
  if (work->intake->count > 0 && work->n_received >= work->intake->count)
    end_work (work, NULL);
  else if (work->stopped != NULL && g_queue_is_empty (&work->receiving))
    end_work (work, g_steal_pointer (&work->stopped));
  else if (work->stop != NULL && g_queue_is_empty (&work->receiving))
    begin_wait (work);
  tool_watched_free (self);
}

static void
note_stranger (Work *self, const char *peer)
{
  g_autofree char *bare = tool_jid_dup_bare (peer);

  /* Translators: the first %s is an address, the second the same without its resource */
  tool_refusals_note (&self->refusals, _ ("Refused a file from “%s”: --from %s would let it in"),
                      peer, bare);
}

/* A stranger asks nobody to compare digits. */
static gboolean
private_offered_cb (IBBFilesService *service, const char *peer, Work *self)
{
  if (self->stopped == NULL &&
      tool_session_is_from (tool_run_get_options (self->run), self->text, peer))
    return FALSE;
  if (self->stopped == NULL)
    note_stranger (self, peer);
  return TRUE;
}

static void
private_failed_cb (IBBFilesService *service, const char *peer, const GError *error, Work *self)
{
  g_autoptr (GError) reason = tool_secure_explain (tool_run_get_options (self->run), error);

  if (self->stopped == NULL)
    tool_report_file_error (reason, peer, NULL);
}

static gboolean
file_offered_cb (IBBFilesService *service, IBBFilesTransfer *transfer, Work *self)
{
  const char      *peer = ibb_files_transfer_get_peer_jid (transfer);
  g_autofree char *name =
      ibb_files_metadata_dup_safe_name (ibb_files_transfer_get_metadata (transfer));
  g_autofree char  *objection = NULL;
  g_autofree char  *path = NULL;
  g_autoptr (GFile) file = NULL;
  g_autofree char  *phase = NULL;
  ToolWatched      *watched;

  if (self->stopped != NULL)
    return FALSE;
  if (!tool_session_is_from (tool_run_get_options (self->run), self->text, peer))
    {
      note_stranger (self, peer);
      return FALSE;
    }
  if (self->intake->count > 0 && self->n_received + self->receiving.length >= self->intake->count)
    {
      tool_refusals_note (&self->refusals, _ ("Refused a file from “%s”: --count allows no more"),
                          peer);
      ibb_files_transfer_refuse (transfer, "This end takes no more files");
      return TRUE;
    }
  if (self->receiving.length >= self->max_receiving)
    {
      tool_refusals_note (&self->refusals, _ ("Refused a file from “%s”: too many files are open"),
                          peer);
      ibb_files_transfer_refuse (transfer, "This end is busy with other files: try again later");
      return TRUE;
    }
  if (self->intake->hooks != NULL && tool_hooks_is_full (self->intake->hooks))
    {
      tool_refusals_note (&self->refusals,
                          _ ("Refused a file from “%s”: too many wait for --on-received"), peer);
      ibb_files_transfer_refuse (transfer, "This end is busy with other files: try again later");
      return TRUE;
    }
  objection = tool_quota_dup_objection (self->intake->quota, self->path, &self->receiving, transfer,
                                        &self->refusals);
  if (objection != NULL)
    {
      ibb_files_transfer_refuse (transfer, objection);
      return TRUE;
    }
  phase = g_strdup_printf (_ ("receiving “%s” from “%s”"), name, peer);
  tool_run_begin_phase (self->run, phase, 0);
  watched = watch (self, transfer);
  path = g_build_filename (self->path, name, NULL);
  file = g_file_new_for_path (path);
  g_queue_push_tail (&self->receiving, watched);
  ibb_files_transfer_accept_file_async (transfer, file, IBB_FILES_EXISTING_NUMBER, NULL,
                                        received_cb, watched);
  return TRUE;
}

/* No session of the service is unexpected but a stream. */
static gboolean
session_requested_cb (IBBService *sessions, IBBRequest *request, Work *self)
{
  const char *peer = ibb_request_get_peer_jid (request);

  if (tool_session_is_from (tool_run_get_options (self->run), self->text, peer))
    {
      ibb_request_refuse (request, IBB_STANZA_CONDITION_NOT_ACCEPTABLE,
                          "This end takes files with their names (receive --directory), and no "
                          "stream (receive --output)");
      tool_refusals_note (&self->refusals,
                          _ ("Refused a stream from “%s”: it has no name, so it needs --output in "
                             "place of --directory"),
                          peer);
    }
  else
    {
      ibb_request_refuse (request, IBB_STANZA_CONDITION_NOT_ACCEPTABLE, NULL);
      tool_session_note_stranger (tool_run_get_options (self->run), self->text, request,
                                  &self->refusals);
    }
  return TRUE;
}

/* The sender need not wait. What has arrived stays, so that a later offer goes on with it; a file
 * whose bytes are all here may still get its name. */
static void
stop_transfer (IBBFilesTransfer *transfer, const GError *error)
{
  IBBTransport *transport = ibb_files_transfer_get_transport (transfer);

  if (transport == NULL && ibb_files_transfer_get_bytes_resumed (transfer) == 0)
    ibb_files_transfer_cancel (transfer);
  else if (transport != NULL && ibb_files_transfer_get_state (transfer) < IBB_FILES_STATE_CHECKING)
    tool_session_give_up (transport, error);
}

/* A signal, or the end of --timeout. The work ends with the last transfer, when its sender has been
 * told. */
static gboolean
stop_cb (GCancellable *cancellable, gpointer data)
{
  Work  *self = data;
  GList *next;

  g_cancellable_set_error_if_cancelled (cancellable, &self->stopped);
  if (g_queue_is_empty (&self->receiving))
    {
      end_work (self, g_steal_pointer (&self->stopped));
      return G_SOURCE_REMOVE;
    }
  tool_run_set_signal_is_end (self->run, FALSE);
  for (GList *l = self->receiving.head; l != NULL; l = next)
    {
      next = l->next;
      stop_transfer (tool_watched_get_transfer (l->data), self->stopped);
    }
  return G_SOURCE_REMOVE;
}

static gboolean
begin_receive (gpointer data)
{
  Work       *self = data;
  IBBService *sessions = ibb_files_service_get_sessions (self->service);

  begin_work (self);
  begin_wait (self);
  self->stop = tool_source_attach (g_cancellable_source_new (tool_run_get_cancellable (self->run)),
                                   NULL, "[ibb] stop", G_SOURCE_FUNC (stop_cb), self);
  self->handler =
      g_signal_connect (self->service, "file-offered", G_CALLBACK (file_offered_cb), self);
  self->private_handler =
      g_signal_connect (self->service, "private-offered", G_CALLBACK (private_offered_cb), self);
  self->failure_handler =
      g_signal_connect (self->service, "private-failed", G_CALLBACK (private_failed_cb), self);
  self->stream_handler =
      g_signal_connect (sessions, "session-requested", G_CALLBACK (session_requested_cb), self);
  ibb_service_set_session_limit (sessions, G_MAXUINT);
  tool_session_report_ready (tool_run_get_options (self->run), self->text);
  return G_SOURCE_REMOVE;
}

gboolean
tool_transfer_receive (ToolRun         *run,
                       IBBFilesService *service,
                       const char      *local_jid,
                       ToolIntake      *intake,
                       GError         **error)
{
  Work    *self = create_work (run, service, local_jid, intake->folder);
  gboolean succeeded;

  self->intake = intake;
  self->max_receiving =
      tool_descriptors_count_sessions (tool_run_get_options (run)->encrypt, DESCRIPTORS);
  tool_run_set_signal_is_end (run, intake->count == 0);
  succeeded = run_in_main (self, begin_receive, error);
  work_unref (self);
  return succeeded;
}
