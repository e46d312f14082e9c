/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "transfer.h"

#include "archive.h"
#include "event.h"
#include "jid.h"
#include "output.h"
#include "progress.h"
#include "refusals.h"
#include "report.h"
#include "session.h"
#include "text.h"
#include "wait.h"

#include <glib/gi18n.h>

#define PRESENCE_TIME (2 * G_USEC_PER_SEC) /* until the presence of a contact has come */
#define NAMES_MAX 1000 /* how many names are tried for a file whose own is taken */

/* What the thread of the work waits for, while the main thread works. */
typedef struct
{
  ToolRun         *run;     /* immutable */
  IBBFilesService *service; /* immutable; (owned) */
  char            *text;    /* immutable; (owned): the peer, or the own address */
  char            *path;    /* immutable; (owned): the file, or the folder */
  guint            count;   /* immutable */

  /* immutable; (owned) (nullable): of a folder */
  GInputStream     *archive;
  IBBFilesMetadata *metadata;

  GMutex   lock;
  GCond    changed;
  GError  *error;      /* protected by lock; (owned) (nullable) */
  gboolean is_over;    /* protected by lock */
  gboolean is_offered; /* protected by lock */

  /* main thread only */
  GSource     *stop;           /* (owned) (nullable) */
  gulong       handler;        /* 0: none */
  gulong       stream_handler; /* 0: none */
  gulong       state_handler;  /* 0: none */
  guint        n_received;
  GQueue       receiving; /* (element-type Watched) */
  ToolRefusals refusals;
} Work;

/* One transfer that is watched. In the main thread. */
typedef struct
{
  Work             *work;
  IBBFilesTransfer *transfer; /* (owned) */
  ToolProgress     *progress; /* (owned) (nullable) */
  char             *name;     /* (owned): as it is shown */
  char             *file;     /* (owned) (nullable): where it goes */
  gint64            start;
} Watched;

IBBFilesService *
tool_transfer_new_service (IBBConnection *connection, const ToolOptions *options)
{
  IBBFilesService *service = ibb_files_service_new (connection);

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
  g_clear_object (&self->archive);
  g_clear_object (&self->metadata);
  g_clear_error (&self->error);
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

  if (self->stop != NULL)
    g_source_destroy (self->stop);
  g_clear_pointer (&self->stop, g_source_unref);
  g_clear_signal_handler (&self->handler, self->service);
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
state_cb (IBBXmppConnection *connection, GParamSpec *pspec, Work *self)
{
  if (ibb_xmpp_connection_get_state (connection) == IBB_CONNECTION_STATE_OFFLINE)
    end_work (self, ibb_xmpp_connection_dup_disconnect_error (connection));
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

/* Watching. */

static void
progress_cb (IBBFilesTransfer *transfer, GParamSpec *pspec, Watched *self)
{
  if (self->progress != NULL)
    tool_progress_update (self->progress, ibb_files_transfer_get_bytes_moved (transfer),
                          ibb_files_transfer_get_rate (transfer));
  /* Of several transfers the one that moves counts for --timeout. */
  tool_run_set_transport (self->work->run, ibb_files_transfer_get_transport (transfer));
}

static void
transport_cb (IBBFilesTransfer *transfer, GParamSpec *pspec, Watched *self)
{
  IBBTransport *transport = ibb_files_transfer_get_transport (transfer);

  if (transport == NULL)
    return;
  /* A receiver stays anyway; a sender logs in again to go on. */
  if (ibb_files_transfer_get_direction (transfer) == IBB_FILES_DIRECTION_SEND)
    ibb_xmpp_connection_set_auto_reconnect (
        IBB_XMPP_CONNECTION (ibb_files_service_get_connection (self->work->service)),
        tool_run_get_options (self->work->run)->resume_timeout > 0);
  tool_run_set_transport (self->work->run, transport);
  tool_report_opened (transport);
  tool_wait_watch (transport, ibb_files_service_get_connection (self->work->service));
}

static void
report_begin (Watched *self)
{
  IBBFilesTransfer *transfer = self->transfer;
  IBBFilesMetadata *metadata = ibb_files_transfer_get_metadata (transfer);
  gboolean          is_jingle = ibb_files_transfer_get_way (transfer) == IBB_FILES_WAY_JINGLE;
  g_autofree char  *size =
      g_format_size_full (ibb_files_metadata_get_size (metadata), G_FORMAT_SIZE_IEC_UNITS);

  if (tool_output_is_json ())
    {
      g_autoptr (GString) event = tool_event_new ("offered");

      tool_event_string (event, "peer", ibb_files_transfer_get_peer_jid (transfer));
      tool_event_string (event, "name", ibb_files_metadata_get_name (metadata));
      tool_event_int (event, "size", (gint64) ibb_files_metadata_get_size (metadata));
      tool_event_string (event, "way", is_jingle ? "jingle" : "stream-initiation");
      tool_event_emit (event);
    }
  else if (ibb_files_transfer_get_direction (transfer) == IBB_FILES_DIRECTION_SEND)
    /* Translators: a file, its size, a peer, and Jingle or stream initiation */
    tool_output_note (_ ("Offering “%s” (%s) to %s by %s"), self->name, size,
                      ibb_files_transfer_get_peer_jid (transfer),
                      is_jingle ? _ ("Jingle") : _ ("stream initiation"));
  else
    tool_output_note (_ ("Receiving “%s” (%s) from %s by %s"), self->name, size,
                      ibb_files_transfer_get_peer_jid (transfer),
                      is_jingle ? _ ("Jingle") : _ ("stream initiation"));
}

static Watched *
watch (Work *work, IBBFilesTransfer *transfer)
{
  IBBFilesMetadata *metadata = ibb_files_transfer_get_metadata (transfer);
  Watched          *self = g_new0 (Watched, 1);

  self->work = g_atomic_rc_box_acquire (work);
  self->transfer = g_object_ref (transfer);
  self->name = tool_text_make_printable (ibb_files_metadata_get_name (metadata));
  self->start = g_get_monotonic_time ();
  if (tool_output_is_json () || tool_output_shows_status ())
    self->progress = tool_progress_new (self->name, ibb_files_metadata_get_size (metadata));
  g_signal_connect (transfer, "notify::progress", G_CALLBACK (progress_cb), self);
  g_signal_connect (transfer, "notify::transport", G_CALLBACK (transport_cb), self);
  report_begin (self);
  return self;
}

static void
unwatch (Watched *self)
{
  IBBTransport *transport = ibb_files_transfer_get_transport (self->transfer);

  /* A peer that has the file may go before it answers the close of the session. */
  if (transport != NULL)
    tool_wait_unwatch (transport);
  g_signal_handlers_disconnect_by_data (self->transfer, self);
  g_clear_pointer (&self->progress, tool_progress_free);
  work_unref (self->work);
  g_object_unref (self->transfer);
  g_free (self->name);
  g_free (self->file);
  g_free (self);
}

static void
report_end (Watched *self)
{
  IBBFilesTransfer *transfer = self->transfer;
  IBBFilesMetadata *metadata = ibb_files_transfer_get_metadata (transfer);
  const char       *peer = ibb_files_transfer_get_peer_jid (transfer);
  g_autofree char  *sentence = NULL;
  ToolDone          done = {
             .bytes = ibb_files_metadata_get_size (metadata),
             .start = self->start,
             .name = ibb_files_metadata_get_name (metadata),
             .peer = peer,
             .path = self->file,
             .resumed = ibb_files_transfer_get_bytes_resumed (transfer),
             .is_delivered = ibb_files_transfer_get_state (transfer) == IBB_FILES_STATE_DELIVERED,
  };

  g_clear_pointer (&self->progress, tool_progress_free);
  if (self->file != NULL)
    {
      g_autofree char *shown = g_filename_display_basename (self->file);

      sentence = g_strdup_printf (_ ("Received “%s” from %s"), shown, peer);
    }
  else if (done.is_delivered)
    sentence = g_strdup_printf (_ ("Delivered “%s” to %s"), self->name, peer);
  else
    /* Translators: unlike “Delivered”: the peer's program does not say whether it has the file */
    sentence = g_strdup_printf (_ ("Sent “%s” to %s"), self->name, peer);
  done.sentence = sentence;
  tool_report_done (&done);
}

/* Sending. */

static void
sent_cb (GObject *object, GAsyncResult *result, gpointer data)
{
  Watched *self = data;
  Work    *work = self->work;
  GError  *error = NULL;

  if (ibb_files_transfer_wait_finish (self->transfer, result, &error))
    report_end (self);
  /* The wait was cancelled: a signal, or nothing moves any more. What the peer has is kept, which
   * it is not if the transfer is cancelled. */
  else if (ibb_files_transfer_get_state (self->transfer) < IBB_FILES_STATE_SENT &&
           ibb_files_transfer_get_transport (self->transfer) != NULL)
    tool_session_give_up (ibb_files_transfer_get_transport (self->transfer), error);
  else if (ibb_files_transfer_get_state (self->transfer) < IBB_FILES_STATE_SENT)
    ibb_files_transfer_cancel (self->transfer);
  end_work (work, error);
  unwatch (self);
}

static void
offered_cb (GObject *object, GAsyncResult *result, gpointer data)
{
  Work                        *self = data;
  GError                      *error = NULL;
  g_autoptr (IBBFilesTransfer) transfer =
      ibb_files_service_offer_file_finish (self->service, result, &error);
  g_autofree char *phase = NULL;

  if (transfer == NULL)
    {
      end_work (self, error);
      work_unref (self);
      return;
    }
  g_mutex_lock (&self->lock);
  self->is_offered = TRUE;
  g_mutex_unlock (&self->lock);
  phase = g_strdup_printf (_ ("sending to “%s”"), ibb_files_transfer_get_peer_jid (transfer));
  tool_run_begin_phase (self->run, phase, 0);
  ibb_files_transfer_wait_async (transfer, tool_run_get_cancellable (self->run), sent_cb,
                                 watch (self, transfer));
  work_unref (self);
}

static gboolean
begin_send (gpointer data)
{
  Work             *self = data;
  g_autoptr (GFile) file = g_file_new_for_path (self->path);

  begin_work (self);
  if (self->archive != NULL)
    ibb_files_service_offer_stream_async (self->service, self->text, self->archive, self->metadata,
                                          tool_run_get_cancellable (self->run), offered_cb,
                                          g_atomic_rc_box_acquire (self));
  else
    ibb_files_service_offer_file_async (self->service, self->text, file, NULL,
                                        tool_run_get_cancellable (self->run), offered_cb,
                                        g_atomic_rc_box_acquire (self));
  return G_SOURCE_REMOVE;
}

/* The presence of contacts comes only to a client that is shown online itself. */
static gboolean
has_resources (ToolRun *run, IBBClient *client, const char *account)
{
  gint64   end = g_get_monotonic_time () + PRESENCE_TIME;
  gboolean found = FALSE;

  ibb_client_set_send_presence (client, TRUE);
  while (!found && g_get_monotonic_time () < end &&
         !g_cancellable_is_cancelled (tool_run_get_cancellable (run)))
    {
      g_auto (GStrv) resources = ibb_client_dup_resources (client, account);

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

static gboolean
send_one (ToolRun         *run,
          IBBFilesService *service,
          const char      *peer,
          const char      *path,
          gboolean         tar,
          gboolean        *is_offered,
          GError         **error)
{
  g_autofree char *phase = g_strdup_printf (_ ("waiting for “%s” to answer"), peer);
  Work            *self = create_work (run, service, peer, path);
  gboolean         sent;

  if (tar && g_file_test (path, G_FILE_TEST_IS_DIR) && !prepare_archive (self, error))
    {
      *is_offered = FALSE;
      work_unref (self);
      return FALSE;
    }
  tool_run_begin_phase (run, phase, 0);
  sent = run_in_main (self, begin_send, error);
  g_mutex_lock (&self->lock);
  *is_offered = self->is_offered;
  g_mutex_unlock (&self->lock);
  work_unref (self);
  return sent;
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
  IBBConnection     *connection = ibb_files_service_get_connection (service);
  g_autofree char   *account = tool_jid_dup_bare (peer);
  const char        *to = peer;
  g_autoptr (GError) reason = NULL;
  gboolean           is_offered;
  gboolean           sent = send_one (run, service, to, paths[0], tar, &is_offered, &reason);

  if (!sent && !is_offered && is_any_resource &&
      g_error_matches (reason, IBB_ERROR, IBB_ERROR_SERVICE_UNAVAILABLE) &&
      has_resources (run, IBB_CLIENT (connection), account))
    {
      to = account;
      g_clear_error (&reason);
      sent = send_one (run, service, to, paths[0], tar, &is_offered, &reason);
    }
  *is_for_stream = !sent && !is_offered && to == peer && reason->domain == IBB_ERROR;
  for (guint i = 1; sent && i < n_paths; i++)
    sent = send_one (run, service, to, paths[i], tar, &is_offered, &reason);
  if (!sent)
    g_propagate_error (error, g_steal_pointer (&reason));
  return sent;
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
received_cb (GObject *object, GAsyncResult *result, gpointer data)
{
  Watched           *self = data;
  Work              *work = self->work;
  g_autoptr (GError) error = NULL;

  g_queue_remove (&work->receiving, self);
  if (ibb_files_transfer_accept_file_finish (self->transfer, result, &error))
    {
      work->n_received++;
      report_end (self);
    }
  else if (work->stop != NULL)
    tool_report_session_error (error, ibb_files_transfer_get_peer_jid (self->transfer), NULL);
  if (work->count > 0 && work->n_received >= work->count)
    end_work (work, NULL);
  else if (work->stop != NULL && g_queue_is_empty (&work->receiving))
    begin_wait (work);
  unwatch (self);
}

/* The name of the offer, or the next one that is free. */
static char *
choose_path (Work *self, IBBFilesTransfer *transfer)
{
  g_autofree char *name =
      ibb_files_metadata_dup_safe_name (ibb_files_transfer_get_metadata (transfer));
  const char      *dot = strrchr (name, '.');
  const char      *suffix = dot != NULL && dot != name ? dot : "";
  g_autofree char *stem = g_strndup (name, strlen (name) - strlen (suffix));
  g_autofree char *path = g_build_filename (self->path, name, NULL);

  for (guint i = 2; i < NAMES_MAX && g_file_test (path, G_FILE_TEST_EXISTS); i++)
    {
      g_autofree char *next = g_strdup_printf ("%s (%u)%s", stem, i, suffix);

      g_free (path);
      path = g_build_filename (self->path, next, NULL);
    }
  return g_steal_pointer (&path);
}

static gboolean
file_offered_cb (IBBFilesService *service, IBBFilesTransfer *transfer, Work *self)
{
  const char       *peer = ibb_files_transfer_get_peer_jid (transfer);
  g_autoptr (GFile) file = NULL;
  g_autofree char  *phase = NULL;
  Watched          *watched;

  if ((self->count > 0 && self->n_received + self->receiving.length >= self->count) ||
      !tool_session_is_from (tool_run_get_options (self->run), self->text, peer))
    {
      tool_refusals_note (&self->refusals, _ ("Refused a file from “%s”"), peer);
      return FALSE;
    }
  phase = g_strdup_printf (_ ("receiving from “%s”"), peer);
  tool_run_begin_phase (self->run, phase, 0);
  watched = watch (self, transfer);
  watched->file = choose_path (self, transfer);
  file = g_file_new_for_path (watched->file);
  g_queue_push_tail (&self->receiving, watched);
  ibb_files_transfer_accept_file_async (transfer, file, FALSE, NULL, received_cb, watched);
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

/* A signal, or the end of --timeout. What has arrived of a file stays, and a later offer goes on
 * with it. */
static gboolean
stop_cb (GCancellable *cancellable, gpointer data)
{
  Work   *self = data;
  GError *error = NULL;

  g_cancellable_set_error_if_cancelled (cancellable, &error);
  if (!g_queue_is_empty (&self->receiving))
    tool_run_set_signal_is_end (self->run, FALSE);
  for (GList *l = self->receiving.head; l != NULL; l = l->next)
    {
      Watched      *watched = l->data;
      IBBTransport *transport = ibb_files_transfer_get_transport (watched->transfer);

      /* The sender need not wait. */
      if (transport != NULL)
        tool_session_give_up (transport, error);
    }
  end_work (self, error);
  return G_SOURCE_REMOVE;
}

static gboolean
begin_receive (gpointer data)
{
  Work       *self = data;
  IBBService *sessions = ibb_files_service_get_sessions (self->service);

  begin_work (self);
  begin_wait (self);
  self->stop = g_cancellable_source_new (tool_run_get_cancellable (self->run));
  g_source_set_callback (self->stop, G_SOURCE_FUNC (stop_cb), self, NULL);
  g_source_attach (self->stop, NULL);
  self->handler =
      g_signal_connect (self->service, "file-offered", G_CALLBACK (file_offered_cb), self);
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
                       const char      *folder,
                       guint            count,
                       GError         **error)
{
  Work    *self = create_work (run, service, local_jid, folder);
  gboolean succeeded;

  self->count = count;
  tool_run_set_signal_is_end (run, count == 0);
  succeeded = run_in_main (self, begin_receive, error);
  work_unref (self);
  return succeeded;
}
