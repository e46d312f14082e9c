/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/transfer/receiving.h"

#include "tool/account/source.h"
#include "tool/session/descriptors.h"
#include "tool/session/secure.h"
#include "tool/session/session.h"
#include "tool/transfer/parts.h"
#include "tool/transfer/watched.h"
#include "tool/transfer/work.h"
#include "tool/words/jid.h"
#include "tool/words/refusals.h"
#include "tool/words/report.h"

#include <glib/gi18n.h>

/* Of a folder in an encrypted session: other files that come take fewer. */
#define DESCRIPTORS 5

typedef struct
{
  ToolWork    work;
  char       *local_jid; /* immutable; (owned) */
  ToolIntake *intake;    /* immutable */

  /* main thread only */
  GSource     *stop;            /* (owned) (nullable) */
  gulong       handler;         /* 0: none */
  gulong       private_handler; /* 0: none */
  gulong       failure_handler; /* 0: none */
  gulong       stream_handler;  /* 0: none */
  guint        n_received;
  GQueue       receiving;     /* (element-type ToolWatched) */
  guint        max_receiving; /* as many descriptors are there for */
  GError      *stopped;       /* (owned) (nullable): why those end, and no more begin */
  gboolean     has_cut;       /* one of those, so that the signal was no good end */
  ToolRefusals refusals;
} Receiving;

static void
clear (gpointer data)
{
  Receiving *self = data;

  g_free (self->local_jid);
  g_clear_error (&self->stopped);
  tool_work_clear (&self->work);
}

static void
receiving_unref (gpointer data)
{
  g_atomic_rc_box_release_full (data, clear);
}

static void
end (ToolWork *work)
{
  Receiving  *self = (Receiving *) work;
  IBBService *sessions = ibb_files_service_get_sessions (work->service);

  tool_source_clear (&self->stop);
  g_clear_signal_handler (&self->handler, work->service);
  g_clear_signal_handler (&self->private_handler, work->service);
  g_clear_signal_handler (&self->failure_handler, work->service);
  g_clear_signal_handler (&self->stream_handler, sessions);
  tool_refusals_flush (&self->refusals);
}

/* The wait for the next file, of which --timeout is a bound. */
static void
begin_wait (Receiving *self)
{
  g_autofree char *phase = g_strdup_printf (_ ("waiting for a file at “%s”"), self->local_jid);

  tool_run_begin_phase (self->work.run, phase, 0);
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
  ToolWatched       *watched = data;
  Receiving         *self = tool_watched_get_data (watched);
  g_autoptr (GError) error = NULL;
  gboolean           is_received;

  g_queue_remove (&self->receiving, watched);
  is_received = ibb_files_transfer_accept_file_finish (IBB_FILES_TRANSFER (object), result, &error);
  if (is_received)
    {
      self->n_received++;
      take_received (self->intake, IBB_FILES_TRANSFER (object));
      tool_watched_report_end (watched);
    }
  else if (self->stop != NULL && self->stopped == NULL)
    {
      tool_watched_report_error (watched, error);
      tool_parts_note_full (self->intake->folder, error);
    }
  else
    self->has_cut = TRUE;
  if (self->intake->count > 0 && self->n_received >= self->intake->count)
    tool_work_end (&self->work, NULL);
  else if (self->stopped != NULL && g_queue_is_empty (&self->receiving))
    {
      tool_run_set_signal_is_end (self->work.run, self->intake->count == 0 && !self->has_cut);
      tool_work_end (&self->work, g_steal_pointer (&self->stopped));
    }
  else if (self->stop != NULL && g_queue_is_empty (&self->receiving))
    begin_wait (self);
  tool_watched_free (watched);
}

static void
note_stranger (Receiving *self, const char *peer)
{
  g_autofree char *bare = tool_jid_dup_bare (peer);

  /* Translators: the first %s is an address, the second the same without its resource */
  tool_refusals_note (&self->refusals, _ ("Refused a file from “%s”: --from %s would let it in"),
                      peer, bare);
}

/* A stranger asks nobody to compare digits. */
static gboolean
private_offered_cb (IBBFilesService *service, const char *peer, Receiving *self)
{
  if (self->stopped == NULL &&
      tool_session_is_from (tool_run_get_options (self->work.run), self->local_jid, peer))
    return FALSE;
  if (self->stopped == NULL)
    note_stranger (self, peer);
  return TRUE;
}

static void
private_failed_cb (IBBFilesService *service, const char *peer, const GError *error, Receiving *self)
{
  g_autoptr (GError) reason = tool_secure_explain (tool_run_get_options (self->work.run), error);

  if (self->stopped == NULL)
    tool_report_file_error (reason, peer, NULL);
}

/* Files that have come, or may come beside the offered one. */
static guint
count_files (Receiving *self, IBBFilesTransfer *transfer)
{
  guint n = self->n_received;

  for (GList *l = self->receiving.head; l != NULL; l = l->next)
    n += !tool_quota_is_again (transfer, tool_watched_get_transfer (l->data));
  return n;
}

static gboolean
file_offered_cb (IBBFilesService *service, IBBFilesTransfer *transfer, Receiving *self)
{
  const char      *peer = ibb_files_transfer_get_peer_jid (transfer);
  g_autofree char *name =
      ibb_files_metadata_dup_safe_name (ibb_files_transfer_get_metadata (transfer));
  g_autofree char  *objection = NULL;
  g_autofree char  *path = NULL;
  g_autoptr (GFile) file = NULL;
  ToolWatched      *watched;

  if (self->stopped != NULL)
    return FALSE;
  if (!tool_session_is_from (tool_run_get_options (self->work.run), self->local_jid, peer))
    {
      note_stranger (self, peer);
      return FALSE;
    }
  if (self->intake->count > 0 && count_files (self, transfer) >= self->intake->count)
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
  objection = tool_quota_dup_objection (self->intake->quota, self->intake->folder, &self->receiving,
                                        transfer, &self->refusals);
  if (objection != NULL)
    {
      ibb_files_transfer_refuse (transfer, objection);
      return TRUE;
    }
  watched = tool_watched_new (self->work.run, tool_work_get_connection (&self->work), transfer,
                              NULL, g_atomic_rc_box_acquire (self), receiving_unref);
  path = g_build_filename (self->intake->folder, name, NULL);
  file = g_file_new_for_path (path);
  g_queue_push_tail (&self->receiving, watched);
  ibb_files_transfer_accept_file_async (transfer, file, IBB_FILES_EXISTING_NUMBER, NULL,
                                        received_cb, watched);
  return TRUE;
}

/* No session of the service is unexpected but a stream. */
static gboolean
session_requested_cb (IBBService *sessions, IBBRequest *request, Receiving *self)
{
  const char *peer = ibb_request_get_peer_jid (request);

  if (tool_session_is_from (tool_run_get_options (self->work.run), self->local_jid, peer))
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
      tool_session_note_stranger (tool_run_get_options (self->work.run), self->local_jid, request,
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
  Receiving *self = data;
  GList     *next;

  g_cancellable_set_error_if_cancelled (cancellable, &self->stopped);
  if (g_queue_is_empty (&self->receiving))
    {
      tool_work_end (&self->work, g_steal_pointer (&self->stopped));
      return G_SOURCE_REMOVE;
    }
  tool_run_set_signal_is_end (self->work.run, FALSE);
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
  Receiving  *self = data;
  IBBService *sessions = ibb_files_service_get_sessions (self->work.service);

  tool_work_begin (&self->work);
  begin_wait (self);
  self->stop =
      tool_source_attach (g_cancellable_source_new (tool_run_get_cancellable (self->work.run)),
                          NULL, "[ibb] stop", G_SOURCE_FUNC (stop_cb), self);
  self->handler =
      g_signal_connect (self->work.service, "file-offered", G_CALLBACK (file_offered_cb), self);
  self->private_handler = g_signal_connect (self->work.service, "private-offered",
                                            G_CALLBACK (private_offered_cb), self);
  self->failure_handler =
      g_signal_connect (self->work.service, "private-failed", G_CALLBACK (private_failed_cb), self);
  self->stream_handler =
      g_signal_connect (sessions, "session-requested", G_CALLBACK (session_requested_cb), self);
  ibb_service_set_session_limit (sessions, G_MAXUINT);
  tool_session_report_ready (tool_run_get_options (self->work.run), self->local_jid);
  return G_SOURCE_REMOVE;
}

gboolean
tool_receiving_run (ToolRun         *run,
                    IBBFilesService *service,
                    const char      *local_jid,
                    ToolIntake      *intake,
                    GError         **error)
{
  Receiving *self = g_atomic_rc_box_new0 (Receiving);
  gboolean   succeeded;

  tool_work_init (&self->work, run, service);
  self->work.end = end;
  self->local_jid = g_strdup (local_jid);
  self->intake = intake;
  self->max_receiving = tool_descriptors_count_sessions (DESCRIPTORS);
  tool_run_set_signal_is_end (run, intake->count == 0);
  succeeded = tool_work_run (&self->work, begin_receive, error);
  receiving_unref (self);
  return succeeded;
}
