/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/transfer/watched.h"

#include "tool/session/throttle.h"
#include "tool/session/wait.h"
#include "tool/words/event.h"
#include "tool/words/output.h"
#include "tool/words/progress.h"
#include "tool/words/report.h"
#include "tool/words/text.h"

#include <glib/gi18n.h>

struct _ToolWatched
{
  ToolRun          *run;
  IBBConnection    *connection; /* (owned) */
  IBBFilesTransfer *transfer;   /* (owned) */
  ToolProgress     *progress;   /* (owned) (nullable) */
  char             *name;       /* (owned): as it is shown */
  gint64            start;
  gpointer          data;
  GDestroyNotify    free_data;
};

static void
progress_cb (IBBFilesTransfer *transfer, GParamSpec *pspec, ToolWatched *self)
{
  if (self->progress != NULL)
    tool_progress_update (self->progress, ibb_files_transfer_get_bytes_moved (transfer),
                          ibb_files_transfer_get_rate (transfer));
  /* Of several transfers the one that moves counts for --timeout. */
  tool_run_set_transport (self->run, ibb_files_transfer_get_transport (transfer));
}

static void
transport_cb (IBBFilesTransfer *transfer, GParamSpec *pspec, ToolWatched *self)
{
  IBBTransport *transport = ibb_files_transfer_get_transport (transfer);

  if (transport == NULL)
    return;
  tool_run_set_transport (self->run, transport);
  tool_report_opened (transport);
  tool_wait_watch (transport, self->connection);
  if (ibb_files_transfer_get_direction (transfer) != IBB_FILES_DIRECTION_SEND)
    return;
  tool_throttle_set_total (
      transport, ibb_files_metadata_get_size (ibb_files_transfer_get_metadata (transfer)) -
                     ibb_files_transfer_get_bytes_resumed (transfer));
  tool_throttle_watch (transport, self->connection);
}

/* Whether a later transfer needs to bring only the rest: not of an archive, which has no date. */
static gboolean
goes_on (IBBFilesTransfer *transfer)
{
  IBBFilesMetadata *metadata = ibb_files_transfer_get_metadata (transfer);

  return ibb_files_metadata_get_is_folder (metadata) ||
         ibb_files_metadata_get_date (metadata) != NULL;
}

/* What the transfer waits for. */
static char *
dup_wait (ToolWatched *self)
{
  const char *peer = ibb_files_transfer_get_peer_jid (self->transfer);
  gboolean    sends = ibb_files_transfer_get_direction (self->transfer) == IBB_FILES_DIRECTION_SEND;

  switch (ibb_files_transfer_get_state (self->transfer))
    {
    case IBB_FILES_STATE_OFFERED:
      if (sends)
        return g_strdup_printf (_ ("waiting for “%s” to accept “%s”"), peer, self->name);
      G_GNUC_FALLTHROUGH;
    case IBB_FILES_STATE_ACCEPTED:
      return sends ? g_strdup_printf (_ ("waiting for “%s” to answer"), peer)
                   : g_strdup_printf (_ ("waiting for “%s” to begin with “%s”"), peer, self->name);
    case IBB_FILES_STATE_CHECKING:
      return sends ? g_strdup_printf (_ ("waiting for “%s” to check “%s”"), peer, self->name)
                   : g_strdup_printf (_ ("waiting for “%s” to end “%s”"), peer, self->name);
    case IBB_FILES_STATE_ACTIVE:
    case IBB_FILES_STATE_SENT:
    case IBB_FILES_STATE_DELIVERED:
    case IBB_FILES_STATE_FAILED:
    default:
      return NULL;
    }
}

static void
state_changed_cb (IBBFilesTransfer *transfer, GParamSpec *pspec, ToolWatched *self)
{
  g_autofree char *wait = dup_wait (self);
  g_autofree char *phase = NULL;

  if (wait != NULL)
    tool_run_begin_wait (self->run, wait, 0);
  else if (ibb_files_transfer_get_state (transfer) == IBB_FILES_STATE_ACTIVE)
    {
      phase =
          g_strdup_printf (ibb_files_transfer_get_direction (transfer) == IBB_FILES_DIRECTION_SEND
                               ? _ ("sending “%s” to “%s”")
                               : _ ("receiving “%s” from “%s”"),
                           self->name, ibb_files_transfer_get_peer_jid (transfer));
      if (goes_on (transfer))
        tool_run_begin_transfer (self->run, phase);
      else
        tool_run_begin_phase (self->run, phase, 0);
    }
}

static char *
dup_size (IBBFilesMetadata *metadata)
{
  guint            n = ibb_files_metadata_get_n_files (metadata);
  g_autofree char *size =
      g_format_size_full (ibb_files_metadata_get_size (metadata), G_FORMAT_SIZE_IEC_UNITS);

  if (!ibb_files_metadata_get_is_folder (metadata))
    return g_steal_pointer (&size);
  /* Translators: a folder: how many files, and the size of all */
  return g_strdup_printf (ngettext ("%u file, %s", "%u files, %s", n), n, size);
}

/* What of a folder is not sent. */
static void
report_left_out (ToolWatched *self)
{
  const char *const *names = ibb_files_transfer_get_left_out (self->transfer);
  guint              n_more = ibb_files_transfer_get_n_left_out (self->transfer);

  for (; names != NULL && *names != NULL; names++, n_more--)
    if (tool_output_is_json ())
      {
        g_autoptr (GString) event = tool_event_new ("left-out");

        tool_event_string (event, "peer", ibb_files_transfer_get_peer_jid (self->transfer));
        tool_event_string (event, "name", *names);
        tool_event_emit (event);
      }
    else
      {
        g_autofree char *shown = tool_text_make_printable (*names);

        tool_output_note (
            _ ("Left out “%s”: it has gone, or is a link, a device, a pipe, a socket, or a name "
               "that the receiver would change"),
            shown);
      }
  if (n_more > 0)
    tool_output_note (ngettext ("Left out %u more", "Left out %u more", n_more), n_more);
}

static void
report_begin (ToolWatched *self, const char *position)
{
  IBBFilesTransfer *transfer = self->transfer;
  IBBFilesMetadata *metadata = ibb_files_transfer_get_metadata (transfer);
  gboolean          is_jingle = ibb_files_transfer_get_way (transfer) == IBB_FILES_WAY_JINGLE;
  gboolean          sends = ibb_files_transfer_get_direction (transfer) == IBB_FILES_DIRECTION_SEND;
  g_autofree char  *all = dup_size (metadata);
  g_autofree char  *size =
      position != NULL ? g_strconcat (position, ", ", all, NULL) : g_strdup (all);

  if (tool_output_is_json ())
    {
      g_autoptr (GString) event = tool_event_new ("offered");

      tool_event_string (event, "peer", ibb_files_transfer_get_peer_jid (transfer));
      tool_event_string (event, "name", ibb_files_metadata_get_name (metadata));
      tool_event_int (event, "size", (gint64) ibb_files_metadata_get_size (metadata));
      if (ibb_files_metadata_get_is_folder (metadata))
        tool_event_int (event, "files", ibb_files_metadata_get_n_files (metadata));
      tool_event_string (event, "way", is_jingle ? "jingle" : "stream-initiation");
      tool_event_emit (event);
    }
  else if (tool_run_get_options (self->run)->encrypt)
    tool_output_note (sends
                          /* Translators: a file, its size, and a peer */
                          ? _ ("Offering “%s” (%s) to %s in private")
                          /* Translators: a file, its size, and a peer */
                          : _ ("Receiving “%s” (%s) from %s in private"),
                      self->name, size, ibb_files_transfer_get_peer_jid (transfer));
  else if (sends)
    /* Translators: a file, its size, a peer, and Jingle or stream initiation */
    tool_output_note (_ ("Offering “%s” (%s) to %s by %s"), self->name, size,
                      ibb_files_transfer_get_peer_jid (transfer),
                      is_jingle ? _ ("Jingle") : _ ("stream initiation"));
  else
    tool_output_note (_ ("Receiving “%s” (%s) from %s by %s"), self->name, size,
                      ibb_files_transfer_get_peer_jid (transfer),
                      is_jingle ? _ ("Jingle") : _ ("stream initiation"));
}

ToolWatched *
tool_watched_new (ToolRun          *run,
                  IBBConnection    *connection,
                  IBBFilesTransfer *transfer,
                  const char       *position,
                  gpointer          data,
                  GDestroyNotify    free_data)
{
  IBBFilesMetadata *metadata = ibb_files_transfer_get_metadata (transfer);
  ToolWatched      *self = g_new0 (ToolWatched, 1);

  self->run = run;
  self->connection = g_object_ref (connection);
  self->transfer = g_object_ref (transfer);
  self->data = data;
  self->free_data = free_data;
  self->name = tool_text_make_printable (ibb_files_metadata_get_name (metadata));
  self->start = g_get_monotonic_time ();
  if (tool_output_is_json () || tool_output_shows_status ())
    self->progress =
        tool_progress_new (self->name, position, ibb_files_transfer_get_peer_jid (transfer),
                           ibb_files_metadata_get_size (metadata));
  g_signal_connect (transfer, "notify::state", G_CALLBACK (state_changed_cb), self);
  g_signal_connect (transfer, "notify::progress", G_CALLBACK (progress_cb), self);
  g_signal_connect (transfer, "notify::transport", G_CALLBACK (transport_cb), self);
  report_begin (self, position);
  report_left_out (self);
  state_changed_cb (transfer, NULL, self);
  return self;
}

void
tool_watched_free (ToolWatched *self)
{
  IBBTransport *transport = ibb_files_transfer_get_transport (self->transfer);

  /* A peer that has the file may go before it answers the close of the session. */
  if (transport != NULL)
    tool_wait_unwatch (transport);
  g_signal_handlers_disconnect_by_data (self->transfer, self);
  g_clear_pointer (&self->progress, tool_progress_free);
  self->free_data (self->data);
  g_object_unref (self->transfer);
  g_object_unref (self->connection);
  g_free (self->name);
  g_free (self);
}

IBBFilesTransfer *
tool_watched_get_transfer (ToolWatched *self)
{
  return self->transfer;
}

gpointer
tool_watched_get_data (ToolWatched *self)
{
  return self->data;
}

GError *
tool_watched_explain (ToolWatched *self, const GError *error)
{
  /* A sender that says that it has failed may have another file next time. */
  gboolean sends = ibb_files_transfer_get_direction (self->transfer) == IBB_FILES_DIRECTION_SEND;
  gboolean has_stopped = g_error_matches (error, IBB_ERROR, IBB_ERROR_RECIPIENT_UNAVAILABLE) ||
                         g_error_matches (error, IBB_ERROR, IBB_ERROR_SERVICE_UNAVAILABLE) ||
                         g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED) ||
                         g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT) ||
                         (sends && g_error_matches (error, IBB_ERROR, IBB_ERROR_FAILED));

  if (has_stopped && goes_on (self->transfer) &&
      ibb_files_transfer_get_bytes_moved (self->transfer) > 0)
    return tool_report_add_remedy (error);
  return g_error_copy (error);
}

void
tool_watched_report_error (ToolWatched *self, const GError *error)
{
  g_autoptr (GError) explained = tool_watched_explain (self, error);

  tool_report_one_file_error (explained, ibb_files_transfer_get_peer_jid (self->transfer),
                              self->name);
}

void
tool_watched_report_end (ToolWatched *self)
{
  IBBFilesTransfer *transfer = self->transfer;
  IBBFilesMetadata *metadata = ibb_files_transfer_get_metadata (transfer);
  const char       *peer = ibb_files_transfer_get_peer_jid (transfer);
  GFile            *file = ibb_files_transfer_get_file (transfer);
  g_autofree char  *sentence = NULL;
  ToolDone          done = {
             .bytes = ibb_files_metadata_get_size (metadata),
             .start = self->start,
             .name = ibb_files_metadata_get_name (metadata),
             .peer = peer,
             .path = file != NULL ? g_file_peek_path (file) : NULL,
             .resumed = ibb_files_transfer_get_bytes_resumed (transfer),
             .is_delivered = ibb_files_transfer_get_state (transfer) == IBB_FILES_STATE_DELIVERED,
  };

  g_clear_pointer (&self->progress, tool_progress_free);
  if (file != NULL)
    {
      g_autofree char *shown = g_filename_display_basename (g_file_peek_path (file));

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
