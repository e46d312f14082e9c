/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/transfer/sending.h"

#include "tool/session/secure.h"
#include "tool/session/session.h"
#include "tool/transfer/archive.h"
#include "tool/transfer/watched.h"
#include "tool/transfer/work.h"
#include "tool/words/jid.h"
#include "tool/words/report.h"

#include <glib/gi18n.h>

#define PRESENCE_TIME (2 * G_USEC_PER_SEC) /* until the presence of a contact has come */
#define ANSWER_TIME 3      /* s for PEER/ibb, before other programs of PEER are looked for */
#define RETRY_INTERVAL 1   /* s between two attempts to offer a file again */
#define RETRY_PAUSE_MIN 2  /* s; with --retry, and each pause is twice the last one */
#define RETRY_PAUSE_MAX 60 /* s */

/* A file that is offered to a peer, again if the connection is lost. */
typedef struct
{
  ToolWork work;
  char    *peer;       /* immutable; (owned) */
  char    *path;       /* immutable; (owned) */
  char    *position;   /* immutable; (owned) (nullable): which of several files */
  gboolean has_other;  /* immutable: another program may be asked in place of this one */
  gboolean is_retried; /* immutable: with --retry */

  /* immutable; (owned) (nullable): of a folder */
  GInputStream     *archive;
  IBBFilesMetadata *metadata;

  gboolean is_offered; /* protected by the lock of the work */

  /* main thread only */
  GCancellable *asking;       /* (owned) (nullable): of an offer that has not left */
  GCancellable *outer;        /* (owned) (nullable): of the run, which cancels asking */
  gulong        interruption; /* of outer; 0: none */
  guint         impatience;   /* 0: none; source id */
  gint64        lost_at;      /* monotonic time when the connection was lost; 0: it was not */
} Offer;

static void
clear (gpointer data)
{
  Offer *self = data;

  g_free (self->peer);
  g_free (self->path);
  g_free (self->position);
  g_clear_object (&self->archive);
  g_clear_object (&self->metadata);
  g_cancellable_disconnect (self->outer, self->interruption);
  g_clear_object (&self->outer);
  g_clear_object (&self->asking);
  tool_work_clear (&self->work);
}

static void
offer_unref (gpointer data)
{
  g_atomic_rc_box_release_full (data, clear);
}

static gboolean begin_send (gpointer data);

/* Whether the file may be offered again, as long as a session would wait. */
static gboolean
may_wait (Offer *self)
{
  double limit = tool_run_get_options (self->work.run)->resume_timeout * G_USEC_PER_SEC;

  return (double) (g_get_monotonic_time () - self->lost_at) < limit;
}

static gboolean
retry_cb (gpointer data)
{
  Offer             *self = data;
  IBBConnection     *connection = tool_work_get_connection (&self->work);
  IBBConnectionState state = ibb_xmpp_entity_get_state (IBB_XMPP_ENTITY (connection));
  GError            *error = NULL;

  if (self->work.is_over)
    return G_SOURCE_REMOVE;
  if (g_cancellable_set_error_if_cancelled (tool_run_get_cancellable (self->work.run), &error))
    {
      tool_work_end (&self->work, error);
      return G_SOURCE_REMOVE;
    }
  if (state != IBB_CONNECTION_STATE_ONLINE && may_wait (self))
    return G_SOURCE_CONTINUE;
  if (state == IBB_CONNECTION_STATE_ONLINE)
    begin_send (self);
  else
    tool_work_end (&self->work,
                   g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED,
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
offer_again (Offer *self, const GError *error)
{
  if (self->work.is_over || !self->is_offered)
    return FALSE;
  if (is_loss (error) && self->lost_at == 0)
    self->lost_at = g_get_monotonic_time ();
  if (self->lost_at == 0 || !(is_loss (error) || is_absence (error)) || !may_wait (self))
    return FALSE;
  g_timeout_add_seconds_full (G_PRIORITY_DEFAULT, RETRY_INTERVAL, retry_cb,
                              g_atomic_rc_box_acquire (self), offer_unref);
  return TRUE;
}

static void
sent_cb (GObject *object, GAsyncResult *result, gpointer data)
{
  ToolWatched       *self = data;
  Offer             *offer = tool_watched_get_data (self);
  IBBFilesTransfer  *transfer = IBB_FILES_TRANSFER (object);
  IBBTransport      *transport = ibb_files_transfer_get_transport (transfer);
  g_autoptr (GError) reason = NULL;
  GError            *error = NULL;

  if (ibb_files_transfer_wait_finish (transfer, result, &reason))
    tool_watched_report_end (self);
  else if (transport == NULL && offer_again (offer, reason))
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
      g_autoptr (GError) explained =
          tool_secure_explain (tool_run_get_options (offer->work.run), reason);

      error = tool_watched_explain (self, explained);
    }
  tool_work_end (&offer->work, error);
  tool_watched_free (self);
}

static gboolean
impatience_cb (gpointer data)
{
  Offer *self = data;

  self->impatience = 0;
  g_cancellable_cancel (self->asking);
  return G_SOURCE_REMOVE;
}

static void
wait_for_end (Offer *self, IBBFilesTransfer *transfer)
{
  g_mutex_lock (&self->work.lock);
  self->is_offered = TRUE;
  g_mutex_unlock (&self->work.lock);
  self->lost_at = 0;
  tool_run_set_file (self->work.run, ibb_files_transfer_get_peer_jid (transfer),
                     ibb_files_metadata_get_name (ibb_files_transfer_get_metadata (transfer)));
  ibb_files_transfer_wait_async (
      transfer, tool_run_get_cancellable (self->work.run), sent_cb,
      tool_watched_new (self->work.run, tool_work_get_connection (&self->work), transfer,
                        self->position, g_atomic_rc_box_acquire (self), offer_unref));
}

static void
offered_cb (GObject *object, GAsyncResult *result, gpointer data)
{
  Offer                       *self = data;
  GError                      *error = NULL;
  g_autoptr (IBBFilesTransfer) transfer =
      self->archive != NULL
          ? ibb_files_service_offer_stream_finish (self->work.service, result, &error)
          : ibb_files_service_offer_file_finish (self->work.service, result, &error);

  g_clear_handle_id (&self->impatience, g_source_remove);
  /* By impatience_cb (), not by a signal. */
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) &&
      !g_cancellable_is_cancelled (self->outer))
    {
      g_clear_error (&error);
      error = g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, _ ("“%s” did not answer"), self->peer);
    }
  if (transfer != NULL)
    wait_for_end (self, transfer);
  else if (!offer_again (self, error))
    {
      g_autoptr (GError) reason = tool_jid_explain_answer (tool_work_get_connection (&self->work),
                                                           self->peer, g_steal_pointer (&error));

      tool_work_end (&self->work,
                     tool_secure_explain (tool_run_get_options (self->work.run), reason));
    }
  g_clear_error (&error);
  offer_unref (self);
}

static gboolean
begin_send (gpointer data)
{
  Offer            *self = data;
  g_autoptr (GFile) file = g_file_new_for_path (self->path);
  g_autofree char  *phase = g_strdup_printf (_ ("waiting for “%s” to answer"), self->peer);

  tool_run_begin_wait (self->work.run, phase, 0);
  if (self->work.state_handler == 0)
    tool_work_begin (&self->work);
  /* Before the offer leaves, which may be lost with the connection: a new login serves to offer the
   * file again, and then to resume the session. */
  ibb_xmpp_entity_set_auto_reconnect (IBB_XMPP_ENTITY (tool_work_get_connection (&self->work)),
                                      tool_run_get_options (self->work.run)->resume_timeout > 0 ||
                                          self->is_retried);
  if (self->asking == NULL)
    {
      self->asking = g_cancellable_new ();
      self->outer = g_object_ref (tool_run_get_cancellable (self->work.run));
      self->interruption = tool_run_connect (self->work.run, self->asking);
    }
  /* A folder is read before the peer is asked. */
  if (self->has_other && !self->is_offered && !g_file_test (self->path, G_FILE_TEST_IS_DIR))
    self->impatience = g_timeout_add_seconds (ANSWER_TIME, impatience_cb, self);
  if (self->archive != NULL)
    ibb_files_service_offer_stream_async (self->work.service, self->peer, self->archive,
                                          self->metadata, self->asking, offered_cb,
                                          g_atomic_rc_box_acquire (self));
  else
    ibb_files_service_offer_file_async (self->work.service, self->peer, file, NULL, self->asking,
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
prepare_archive (Offer *self, GError **error)
{
  g_autofree char *shown = g_filename_display_name (self->path);
  g_autofree char *phase = g_strdup_printf (_ ("reading the folder “%s”"), shown);
  g_autofree char *name = tool_archive_dup_name (self->path);
  guint64          size;

  tool_run_begin_phase (self->work.run, phase, 0);
  if (!tool_archive_measure (self->path, &size, tool_run_get_cancellable (self->work.run), error))
    return FALSE;
  self->metadata = ibb_files_metadata_new (name, size);
  self->archive = tool_archive_new (self->path, error);
  return self->archive != NULL;
}

/* What several files to one peer share. */
typedef struct
{
  ToolRun            *run;
  IBBFilesService    *service;
  const ToolOutgoing *outgoing;
  const char         *account;     /* of the peer, without a resource */
  const char         *to;          /* the peer, or account: where the files go */
  gboolean            is_known;    /* no other address is tried */
  gboolean            was_offered; /* at least one file */
  guint               number;      /* of the file, from 1 */
  double              left;        /* s: for all waits before another attempt */
} Sending;

static Offer *
new_offer (Sending *self, const char *path)
{
  Offer *offer = g_atomic_rc_box_new0 (Offer);

  tool_work_init (&offer->work, self->run, self->service);
  offer->peer = g_strdup (self->to);
  offer->path = g_strdup (path);
  if (self->outgoing->n_paths > 1)
    /* Translators: which of several files */
    offer->position = g_strdup_printf (_ ("%u of %u"), self->number, self->outgoing->n_paths);
  offer->is_retried = self->outgoing->retry > 0;
  return offer;
}

static gboolean
send_one (Sending    *self,
          const char *path,
          gboolean    tar,
          gboolean    has_other,
          gboolean   *is_offered,
          GError    **error)
{
  Offer             *offer = new_offer (self, path);
  g_autofree char   *name = g_filename_display_basename (path);
  gboolean           is_folder = g_file_test (path, G_FILE_TEST_IS_DIR);
  g_autoptr (GError) reason = NULL;
  gboolean           sent;

  offer->has_other = has_other;
  tool_run_set_file (self->run, self->to, name);
  if (tar && is_folder && !prepare_archive (offer, error))
    {
      *is_offered = FALSE;
      offer_unref (offer);
      return FALSE;
    }
  sent = tool_work_run (&offer->work, begin_send, &reason);
  g_mutex_lock (&offer->work.lock);
  *is_offered = offer->is_offered;
  g_mutex_unlock (&offer->work.lock);
  offer_unref (offer);
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
  gboolean sent = send_one (self, path, self->outgoing->tar, !self->is_known, &is_offered, &reason);
  gboolean is_mute = g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);

  /* A program may have been killed, and its server keeps its place. */
  if (!sent && !is_offered && !self->is_known && (is_mute || is_absence (reason)))
    {
      self->is_known = TRUE;
      if (has_resources (self->run, IBB_XMPP_CLIENT (connection), self->account))
        self->to = self->account;
      if (self->to == self->account || is_mute)
        {
          g_clear_error (&reason);
          sent = send_one (self, path, self->outgoing->tar, FALSE, &is_offered, &reason);
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
tool_sending_run (ToolRun            *run,
                  IBBFilesService    *service,
                  const ToolOutgoing *outgoing,
                  gboolean           *is_for_stream,
                  GError            **error)
{
  IBBConnection   *connection = ibb_files_service_get_connection (service);
  g_autofree char *account = tool_jid_dup_bare (outgoing->peer);
  Sending          self = {
             .run = run,
             .service = service,
             .outgoing = outgoing,
             .account = account,
             .to = outgoing->peer,
             .is_known = !outgoing->is_any_resource,
             .left = outgoing->retry,
  };
  guint n_failed = 0;

  *is_for_stream = FALSE;
  if (self.left > 0)
    ibb_xmpp_entity_set_auto_reconnect (IBB_XMPP_ENTITY (connection), TRUE);
  for (guint i = 0; i < outgoing->n_paths; i++)
    {
      g_autoptr (GError) reason = NULL;
      g_autofree char   *name = g_filename_display_basename (outgoing->paths[i]);
      gboolean           is_first;

      self.number = i + 1;
      if (send_with_retries (&self, outgoing->paths[i], &reason))
        continue;
      is_first = i == 0 && !self.was_offered;
      /* A stream, too, needs the program of which the server says that it is not there now. */
      *is_for_stream = is_first && self.to == outgoing->peer && reason->domain == IBB_ERROR &&
                       !g_error_matches (reason, IBB_ERROR, IBB_ERROR_RECIPIENT_UNAVAILABLE);
      /* A peer that is not there, or takes no files, takes none of the others either. */
      if (outgoing->n_paths == 1 || *is_for_stream ||
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
               n_failed, outgoing->n_paths);
  return FALSE;
}
