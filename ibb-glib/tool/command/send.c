/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* ibb send: files, folders, or standard input, to one peer. */

#include "config.h"

#include "tool/account/login.h"
#include "tool/command/commands.h"
#include "tool/session/confirm.h"
#include "tool/session/session.h"
#include "tool/session/slow-open.h"
#include "tool/session/stream.h"
#include "tool/session/throttle.h"
#include "tool/transfer/sending.h"
#include "tool/transfer/work.h"
#include "tool/words/jid.h"
#include "tool/words/output.h"
#include "tool/words/report.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixinputstream.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PARAMETERS _ ("FILE|FOLDER|-… PEER")
#define SUMMARY _ ("Sends files and folders, or standard input, to a peer.")
#define DESCRIPTION                                                                                \
  _ ("PEER without a resource means PEER/ibb, and where that is not online the program "           \
     "of PEER that takes files best. A program that takes files learns their names "               \
     "and sizes; “Delivered” means that it has the whole file, “Sent” that it does "       \
     "not tell. Others get one stream: done means that the peer has acknowledged "                 \
     "every byte and the end. A folder arrives as a folder where PEER runs ibb as well, "          \
     "and as an archive elsewhere.")

typedef struct
{
  ToolOutgoing     outgoing;
  guint            n_missing; /* could not be opened, and were left out */
  char            *name;      /* of the source, for people */
  char            *label;
  const char      *path; /* to open once signals and --timeout are watched; NULL: fd is open */
  int              fd;
  gboolean         is_folder;
  gboolean         is_regular; /* a file whose size is known */
  guint64          total;      /* 0: not known */
  ToolLogin       *login;
  IBBService      *service;   /* (owned) (nullable) */
  IBBFilesService *transfers; /* (owned) (nullable): the choice is the peer's */
} Send;

static void
set_open_error (Send *self, GError **error)
{
  int failure = errno;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (failure),
               /* Translators: the first %s is a file, the second says why */
               _ ("Cannot open %s: %s"), self->name, g_strerror (failure));
}

/* Opened before all else: a mistyped name costs no login. Only a named pipe, which waits for its
 * writer, is opened later. */
static gboolean
open_source (Send *self, const char *path, GError **error)
{
  g_autofree char *shown = g_filename_display_name (path);
  struct stat      info;

  self->is_regular = self->is_folder = FALSE;
  if (g_str_equal (path, "-"))
    {
      self->fd = STDIN_FILENO;
      self->name = g_strdup (_ ("standard input"));
      self->label = g_strdup ("-");
    }
  else
    {
      self->name = g_strdup_printf ("“%s”", shown);
      self->label = g_filename_display_basename (path);
      if (stat (path, &info) == 0 && S_ISFIFO (info.st_mode) &&
          faccessat (AT_FDCWD, path, R_OK, AT_EACCESS) == 0)
        {
          self->path = path;
          return TRUE;
        }
      self->fd = open (path, O_RDONLY | O_CLOEXEC);
    }
  if (self->fd < 0 || fstat (self->fd, &info) != 0)
    {
      set_open_error (self, error);
      return FALSE;
    }
  self->is_folder = S_ISDIR (info.st_mode);
  self->is_regular = S_ISREG (info.st_mode);
  if (self->is_regular)
    self->total = (guint64) info.st_size;
  return TRUE;
}

static void
close_source (Send *self)
{
  if (self->fd > STDIN_FILENO)
    close (self->fd);
  self->fd = -1;
  g_clear_pointer (&self->name, g_free);
  g_clear_pointer (&self->label, g_free);
}

/* Of several files one that cannot be opened gets a line, and is left out. */
static void
leave_out (Send *self, guint i, const GError *error)
{
  g_autofree char *name = g_filename_display_basename (self->outgoing.paths[i]);

  tool_report_file_error (error, NULL, name);
  self->outgoing.n_paths--;
  self->n_missing++;
  for (; i < self->outgoing.n_paths; i++)
    self->outgoing.paths[i] = self->outgoing.paths[i + 1];
}

/* Each of several must be a file, or a folder. */
static gboolean
open_sources (Send *self, GError **error)
{
  gboolean are_several = self->outgoing.n_paths > 1;

  for (guint i = 0; i < self->outgoing.n_paths;)
    {
      g_autoptr (GError) reason = NULL;

      close_source (self);
      if (!open_source (self, self->outgoing.paths[i], &reason))
        {
          if (self->outgoing.n_paths == 1)
            {
              g_propagate_error (error, g_steal_pointer (&reason));
              return FALSE;
            }
          leave_out (self, i, reason);
          continue;
        }
      if (are_several && ((!self->is_regular && !self->is_folder) || self->fd == STDIN_FILENO))
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE,
                       _ ("Cannot send %s beside other files"), self->name);
          return FALSE;
        }
      i++;
    }
  /* The last one was left out: a stream would need the one that is there. */
  if (self->fd >= 0 || self->path != NULL)
    return TRUE;
  close_source (self);
  return open_source (self, self->outgoing.paths[0], error);
}

static gboolean
open_pipe (ToolRun *run, Send *self, GError **error)
{
  g_autofree char *phase = g_strdup_printf (_ ("opening %s"), self->name);

  tool_run_begin_phase (run, phase, 0);
  self->fd = tool_slow_open (self->path, O_RDONLY, tool_run_get_cancellable (run));
  if (self->fd >= 0)
    return TRUE;
  set_open_error (self, error);
  return FALSE;
}

static gboolean
send_bytes (ToolRun *run, Send *self, IBBTransport *transport, GError **error)
{
  GCancellable            *cancellable = tool_run_get_cancellable (run);
  g_autoptr (GInputStream) source = g_unix_input_stream_new (self->fd, FALSE);
  g_autofree char         *phase = g_strdup_printf (_ ("sending to “%s”"), self->outgoing.peer);
  g_autofree char         *sentence = g_strdup_printf (_ ("Sent to %s"), self->outgoing.peer);
  ToolDone                 done = { .sentence = sentence, .start = g_get_monotonic_time () };

  tool_run_begin_phase (run, phase, 0);
  tool_throttle_set_total (transport, self->total);
  tool_run_show_progress (run, self->label, TOOL_DIRECTION_SEND, self->total);
  if (!tool_stream_send (run, transport, source, self->name, &done.bytes, cancellable, cancellable,
                         error) ||
      !ibb_transport_shutdown_output (transport, cancellable, error) ||
      !tool_stream_expect_end (transport, cancellable, error) ||
      !tool_confirm (run, transport, FALSE, done.bytes > 0, error) ||
      !tool_session_finish (transport, cancellable, error))
    return FALSE;
  tool_run_end_progress (run);
  tool_report_done (&done);
  return TRUE;
}

/* What only a stream has; the others leave the choice to the peer. */
static gboolean
is_stream (const Send *self, const ToolOptions *options)
{
  return (!self->is_regular && !self->is_folder) || self->fd == STDIN_FILENO ||
         options->sid != NULL || options->window > 0 || options->block_size > 0 ||
         options->stanza_type != IBB_STANZA_TYPE_IQ;
}

static gboolean
send_stream (ToolRun *run, Send *self, GError **error)
{
  g_autoptr (IBBTransport) transport = NULL;

  if (self->outgoing.n_paths > 1)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                   _ ("Several files do not go as one stream: leave out %s"),
                   "--sid, --window, --block-size, --stanza-type message");
      return FALSE;
    }
  if (self->is_folder)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                   _ ("A folder does not go as a stream: use “tar c FOLDER | ibb send - %s”"),
                   self->outgoing.peer);
      return FALSE;
    }
  transport = tool_session_open (run, self->service, self->outgoing.peer, error);
  if (transport == NULL)
    return FALSE;
  if (send_bytes (run, self, transport, error))
    return TRUE;
  tool_session_give_up (transport, *error);
  return FALSE;
}

static gboolean
send_files (ToolRun *run, Send *self, GError **error)
{
  g_autoptr (GError) reason = NULL;
  gboolean           is_for_stream;

  if (tool_sending_run (run, self->transfers, &self->outgoing, &is_for_stream, &reason))
    return TRUE;
  /* Of a folder only the advice to send it as a stream. */
  if (self->is_folder && is_for_stream &&
      g_error_matches (reason, IBB_ERROR, IBB_ERROR_FEATURE_NOT_IMPLEMENTED))
    {
      send_stream (run, self, error);
      g_prefix_error (error, "%s. ", reason->message);
      return FALSE;
    }
  if (is_for_stream && self->outgoing.n_paths == 1 && !self->is_folder)
    return send_stream (run, self, error);
  g_propagate_error (error, g_steal_pointer (&reason));
  return FALSE;
}

static gboolean
send_run (ToolRun *run, gpointer data, GError **error)
{
  Send            *self = data;
  g_autofree char *local_jid = NULL;
  gboolean         sent;

  if (self->path != NULL && !open_pipe (run, self, error))
    return FALSE;
  self->service = tool_session_new_service (IBB_CONNECTION (tool_login_get_client (self->login)),
                                            tool_run_get_options (run), FALSE);
  local_jid = tool_login_begin (self->login, run, error);
  if (local_jid == NULL)
    return FALSE;
  if (self->transfers != NULL)
    sent = send_files (run, self, error);
  else
    sent = send_stream (run, self, error);
  tool_login_end (self->login, error);
  if (!sent || self->n_missing == 0)
    return sent;
  tool_run_set_file (run, NULL, NULL);
  g_set_error (
      error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
      ngettext ("%u file could not be opened", "%u files could not be opened", self->n_missing),
      self->n_missing);
  return FALSE;
}

/* Whether the arguments are PEER and FILE, in the wrong order. */
static gboolean
are_swapped (const char *file, const char *peer)
{
  return strchr (file, '@') != NULL && tool_jid_is_valid (file) &&
         !g_file_test (file, G_FILE_TEST_EXISTS) && g_file_test (peer, G_FILE_TEST_EXISTS);
}

int
tool_send (int argc, char **argv)
{
  g_auto (ToolOptions) options = { 0 };
  g_auto (ToolAccount) account = { NULL };
  g_autoptr (GError)   error = NULL;
  g_autofree char     *retry = NULL;
  g_autofree char     *problem = NULL;
  Send                 self = { .fd = -1 };
  int                  status = TOOL_EXIT_FAILED;
  const GOptionEntry   entries[] = {
      { "tar", 0, 0, G_OPTION_ARG_NONE, &self.outgoing.tar,
        N_ ("Send folders as archives, NAME.tar, to each peer"), NULL },
      { "retry", 0, 0, G_OPTION_ARG_STRING, &retry,
        N_ ("Offer files that do not arrive again, with pauses of so long altogether"),
        N_ ("SECONDS") },
      { NULL },
  };

  if (!tool_options_parse (&options,
                           TOOL_OPTIONS_ACCOUNT | TOOL_OPTIONS_PEER | TOOL_OPTIONS_ENCRYPT |
                               TOOL_OPTIONS_OPEN | TOOL_OPTIONS_SID | TOOL_OPTIONS_WINDOW |
                               TOOL_OPTIONS_TIMEOUT | TOOL_OPTIONS_QUIET | TOOL_OPTIONS_JSON,
                           entries, PARAMETERS, SUMMARY, DESCRIPTION, &argc, &argv))
    return TOOL_EXIT_USAGE;
  if (argc < 3)
    return tool_output_usage_error ("send", _ ("FILE and PEER are required"));
  problem = tool_options_parse_time ("--retry", retry, &self.outgoing.retry);
  if (problem != NULL)
    return tool_output_usage_error ("send", "%s", problem);

  if (argc == 3 && are_swapped (argv[1], argv[2]))
    return tool_output_usage_error ("send", _ ("FILE comes before PEER: ibb send %s %s"), argv[2],
                                    argv[1]);

  self.outgoing.paths = argv + 1;
  self.outgoing.n_paths = (guint) argc - 2;
  for (guint i = 0; self.outgoing.n_paths > 1 && i < self.outgoing.n_paths; i++)
    if (g_str_equal (self.outgoing.paths[i], "-"))
      return tool_output_usage_error ("send", _ ("Cannot send %s beside other files"),
                                      _ ("standard input"));
  self.outgoing.is_any_resource = strchr (argv[argc - 1], '/') == NULL;
  self.outgoing.peer = tool_options_parse_peer ("send", argv[argc - 1]);
  if (self.outgoing.peer == NULL)
    return TOOL_EXIT_USAGE;
  if (!open_sources (&self, &error))
    tool_report_error (error);
  else if (self.outgoing.retry > 0 && is_stream (&self, &options))
    status = tool_output_usage_error ("send", _ ("--retry is for files: a stream goes once"));
  else if (tool_account_prepare (&account, &options))
    {
      self.login = tool_login_new (&account, &options, options.jid);
      if (!is_stream (&self, &options))
        self.transfers = tool_work_new_service (IBB_CONNECTION (tool_login_get_client (self.login)),
                                                &options, &error);
      if (error == NULL)
        status = tool_run (&options, send_run, &self);
      else
        tool_report_error (error);
    }

  g_clear_object (&self.service);
  g_clear_object (&self.transfers);
  g_clear_pointer (&self.login, tool_login_free);
  close_source (&self);
  g_free (self.outgoing.peer);
  return status;
}
